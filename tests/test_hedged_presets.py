"""Hedged presets end to end: what they buy, when, how much, and what a practitioner expects that to cost."""

import polars as pl
import pytest

import alvh as av
from alvh import specification
from alvh.market import L3F

HEDGED = [name for name in av.presets() if len(av.preset(name).layers) > 1 and not av.preset(name).equal_cost]
CAPITAL = 1_000_000
TRACED = 10
"""Paths whose events are looked at: tracing one costs as much as running 256."""


@pytest.fixture(scope="module")
def paths() -> pl.DataFrame:
    """S = 5000, VIX 16, $1M, a year at the methodology's size."""
    arms = [av.preset(name) for name in ("plain", *HEDGED)]
    result = av.compare(
        arms, L3F(vix=16), paths=1024, sessions=252, capital=CAPITAL, seed=7, shares=[0.10], signals="absent"
    )
    return result.paths().lazy().collect()


@pytest.fixture(scope="module")
def crisis() -> dict[str, pl.DataFrame]:
    """What happened on some paths that begin at VIX 40, with the market on which it was decided."""
    arms = [av.preset(name) for name in ("plain", "alvh_0", "always_on", "vxth_overlay")]
    result = av.compare(arms, L3F(vix=40), paths=TRACED, sessions=100, capital=CAPITAL, seed=7, shares=[0.10])
    found = {}
    for arm in arms[1:]:
        told = []
        for path in range(TRACED):
            trace = result.trace(path, arm=arm.name)
            market = trace.ledger.select(tick=pl.col("tick") + 1, vix="vix", decided_nav="nav")
            told.append(trace.events.join(market, on="tick", how="left").with_columns(path=pl.lit(path)))
        found[arm.name] = pl.concat(told).with_columns(
            left=(pl.col("expiry") - pl.col("date")).dt.total_days()
        )
    return found


def mean(paths: pl.DataFrame, arm: str, column: str) -> float:
    return float(paths.filter(arm=arm)[column].fill_nan(None).mean())


@pytest.mark.parametrize("arm", HEDGED)
def test_the_ledger_explains_itself(paths: pl.DataFrame, arm: str) -> None:
    """R75: NAV from cash and marks is capital, interest, core and hedge, to the last cent."""
    rows = paths.filter(arm=arm)
    assert rows["identity_error"].max() < 1e-9
    told = rows.select(
        error=(pl.col("nav") - CAPITAL - pl.col("core_pnl") - pl.col("hedge_pnl") - pl.col("interest")).abs(),
        layers=(
            pl.sum_horizontal(f"layer_pnl_{i}" for i in range(10)) - pl.col("core_pnl") - pl.col("hedge_pnl")
        ).abs(),
    )
    assert told["error"].max() < 1e-3
    assert told["layers"].max() < 1e-3


def test_half_of_the_vega_costs_about_seven_percent_a_year(paths: pl.DataFrame) -> None:
    """R22 and R61 pull apart: on paper 50% by 45-day 30-delta calls costs about 7% of NAV a year."""
    assert -0.09 * CAPITAL < mean(paths, "always_on", "hedge_pnl") < -0.05 * CAPITAL
    assert mean(paths, "always_on_futures", "hedge_pnl") > 0.5 * mean(paths, "always_on", "hedge_pnl")


def test_about_five_calls_for_a_condor() -> None:
    """Some 93 VIX calls for 20 condors at 50% coverage, S = 5000, VIX 16.

    At the strike whose hedge ratio in the model is .30, further out than Black's delta, it would be 135.
    """
    core = av.IronCondor(days=45, every="flat", short_delta=0.16, width_points=50)
    calls = av.Layer("calls", buy=av.vix_call(delta=0.30, every="flat"), size=av.offset("core.vega", 0.50))
    arm = av.Arm("half", core, layers=[calls])
    result = av.compare(
        [av.Arm("plain", core), arm],
        L3F(vix=16),
        paths=32,
        sessions=10,
        capital=CAPITAL,
        seed=5,
        shares=[0.10],
    )
    opened = [
        result.trace(path, arm="half").events.filter(pl.col("event") == "open") for path in range(TRACED)
    ]
    bought = [
        {row["layer"]: row["lots"] for row in rows.sort("tick").unique("layer", keep="first").to_dicts()}
        for rows in opened
    ]
    ratios = [lots["calls"] / lots["core"] for lots in bought if "calls" in lots]
    assert len(ratios) > TRACED / 2
    assert 4.0 < sum(ratios) / len(ratios) < 5.5


def test_a_budget_buys_about_a_tenth_of_the_vega() -> None:
    """R61: 1.5% a year is a cap on expected cost, whatever the target."""
    plain = av.preset("plain")
    calls = av.Layer(
        "calls", buy=av.vix_call(), roll_below=14, size=av.offset("core.vega", 0.50).capped("sleeve.budget")
    )
    hedged = plain.replace(name="hedged", layers=[calls], sleeve=av.Sleeve(share=0.10, per_year=0.015))
    result = av.compare(
        [plain, hedged], L3F(vix=16), paths=512, sessions=240, capital=CAPITAL, seed=7, shares=[0.10]
    )
    rows = result.paths().lazy().filter(arm="hedged").collect()
    assert rows["bound_budget"].sum() > rows["bound_target"].sum() / 10
    assert 0.010 * CAPITAL < rows["expected_cost"].mean() < 0.0165 * CAPITAL  # NAV grows
    assert rows["coverage_wanted"].mean() == pytest.approx(0.5)
    assert 0.05 < rows["coverage_achieved"].mean() < 0.35


def test_the_second_engine_buys_in_a_crisis_and_within_its_caps(
    crisis: dict[str, pl.DataFrame], paths: pl.DataFrame
) -> None:
    """R41, R43, R44, R46."""
    bought = crisis["alvh_0"].filter(layer="second_engine", event="open")
    assert bought.height >= TRACED
    assert bought["vix"].min() >= 25  # rolled ones too
    assert bought["left"].is_between(60, 120).all()
    premium = bought["lots"] * -bought["price"] * 10  # XSP: 10 dollars per index point
    assert (premium / bought["decided_nav"]).max() <= 0.15 + 1e-9
    for arm in ("alvh_0", "spx_put_overlay"):
        assert mean(paths, arm, "r44_checked") > 0
        assert mean(paths, arm, "r44_held") == mean(paths, arm, "r44_checked")


@pytest.mark.parametrize(("layer", "below"), [("second_engine", 30), ("futures", 60), ("base_calls", 14)])
def test_hedges_are_rolled(crisis: dict[str, pl.DataFrame], layer: str, below: int) -> None:
    """R24, R35, R58: between the close that sees it and the fill lies one session."""
    closed = crisis["alvh_0"].filter(layer=layer, event="close")
    rolled = closed.filter(reason="roll")["left"]
    assert rolled.len() > 0
    assert rolled.is_between(below - 5, below - 1).all()
    assert closed["left"].min() >= below - 5


def test_gains_are_sold_in_thirds(crisis: dict[str, pl.DataFrame]) -> None:
    """R36: a third of the lots at twice the cost, another third at four times, both where it jumps there."""
    key = ["path", "slot", "expiry"]
    calls = crisis["always_on"].filter(layer="calls")
    sold = calls.filter(event="monetise")
    at_entry = calls.filter(event="open").sort("tick").unique(key, keep="last").select(*key, entry="lots")
    parts = sold.group_by(key).agg(pl.col("lots").sum()).join(at_entry, on=key)
    assert parts.height > 3
    assert (parts["lots"] <= parts["entry"] * 2 / 3 + 1e-9).all()


def test_the_tail_hedge_overlay_buys_within_its_band(
    crisis: dict[str, pl.DataFrame], paths: pl.DataFrame
) -> None:
    calls = crisis["vxth_overlay"].filter(layer="calls")
    bought = calls.filter(event="open")
    share = bought["lots"] * -bought["price"] * 100 / bought["decided_nav"]
    assert share.len() > TRACED
    assert share.max() <= 0.0105
    assert calls.filter(event="close").height == 0  # held to settlement
    assert 0.06 * CAPITAL < mean(paths, "vxth_overlay", "premium_paid") < 0.13 * CAPITAL


def test_the_put_overlay_spends_a_budget(paths: pl.DataFrame) -> None:
    assert 0.012 * CAPITAL < mean(paths, "spx_put_overlay", "premium_paid") < 0.0155 * CAPITAL


def test_ledgers_do_not_matter_where_nothing_binds(paths: pl.DataFrame) -> None:
    """R62: at the methodology's size separate and commingled trade alike."""
    separate, one = (paths.filter(arm=arm) for arm in ("alvh_0", "alvh_0_commingled"))
    alike = (separate["hedge_opened"] == one["hedge_opened"]).mean()
    assert alike > 0.98
    assert separate["sleeve_nav"].is_finite().all()
    assert not one["sleeve_nav"].is_finite().any()


def test_the_placebo_trades_as_often(paths: pl.DataFrame) -> None:
    """R19: else its difference from alvh_0 would be one of exposure."""
    for column in ("hedge_opened", "rolled", "r44_checked"):
        alvh, placebo = (mean(paths, arm, column) for arm in ("alvh_0", "random_timing"))
        assert 0.7 < placebo / alvh < 1.4, column


def test_every_preset_compiles_at_every_share() -> None:
    arms = [av.preset(name) for name in ("plain", *HEDGED)]
    spec = specification.specification(
        arms, L3F(), sessions=21, capital=CAPITAL, seed=1, shares=specification.SHARES, signals="absent"
    )
    assert {"SPXW", "XSP", "VIX", "VXM"} <= set(spec["contracts"])
    assert len(spec["books"]) == len(arms) * len(specification.SHARES)
