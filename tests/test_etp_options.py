"""Options on shares of funds of VIX futures as a hedge: engine and twin agree, prices are American ones."""

import json
from dataclasses import asdict
from datetime import date
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

import alvh as av
import engine_spec
import hedge_random
import recorded_market
from agreement import agree, exercised
from alvh import _core, etp, margin, pricing
from alvh.contracts import contract
from alvh.market import GBM, L3F, History
from alvh.specification import WorstBar
from hedge_plan import FORTNIGHT, MONTH, WEEK, commingled, core, hedge, separate, spec, vix_call
from recorded_market import needs_data
from test_etp_engine import rolled, shares
from twin_funds import Funds
from twin_plan import leg, rule
from twin_surface import State
from twin_vix import VixCurve

SATURDAY = 6  # ISO weekday of old monthly expiries
CORE = core(0.4, FORTNIGHT)
PORTFOLIO = {"portfolio": margin.grid("exchange").spec()}
CALL = [leg("C", 1, by="delta", value=0.4)]
PUT = [leg("P", 1, by="delta", value=0.6)]
SPREAD = [
    leg("C", 1, by="delta", value=0.5),
    leg("C", -1, by="offset", **{"from": 0}, width={"points": 6}),
]


def options(
    product: str = "VXX", legs: Any = CALL, days: dict[str, int] = FORTNIGHT, **more: Any
) -> dict[str, Any]:
    return hedge(product, legs, days, **more)


CASES: dict[str, tuple[list[Any], Any, dict[str, Any], str]] = {
    "calls on vega, settled": ([CORE, options()], separate(0.2), {}, "hedge_opened coverage_wanted"),
    "on the leveraged fund, in one ledger": (
        [CORE, options("UVXY", days=WEEK, every="week")],
        commingled(0.2),
        {},
        "hedge_opened premium_paid",
    ),
    "rolled within a budget": (
        [
            CORE,
            options("UVXY", days=MONTH, roll_below=10, value=2.0, size={"caps": [{"kind": "budget"}]}),
        ],
        separate(0.3, per_year=0.01),
        {},
        "rolled bound_budget expected_cost",
    ),
    "rolls that may cost no more": (
        [CORE, options(days=MONTH, roll_below=15, roll_limits={"extrinsic_per_day": 1.0})],
        separate(0.3),
        {},
        "rolls_kept",
    ),
    "call spreads": ([CORE, options(legs=SPREAD)], separate(0.2), {}, "hedge_opened coverage_wanted"),
    "puts, exercised early in value": (
        [CORE, options(legs=PUT, target="lots", value=40, every="week")],
        separate(0.3),
        {"market": L3F(vix=35, erp=0.0, rate=0.08)},
        "hedge_opened",
    ),
    "a longer tenor where it loses less": (
        [
            CORE,
            options(
                every="week",
                target="lots",
                value=20,
                others=[
                    {
                        "product": "VXX",
                        "days": MONTH,
                        "prefer": {"by": "theta_per_vega", "when": rule("gt", "vix", 20.0)},
                    }
                ],
            ),
        ],
        separate(0.3),
        {},
        "hedge_opened",
    ),
    "partial sales, beside the shares and VIX calls": (
        [
            CORE,
            options(target="premium_share", value=0.05, monetise=[{"at": 1.05, "sell": 0.5}]),
            shares(value=0.1),
            vix_call(value=0.1),
        ],
        separate(0.4),
        {},
        "monetised layer_pnl_1 layer_pnl_2 layer_pnl_3",
    ),
    "what is threatened, capped by the gain in a crash": (
        [
            CORE,
            options(
                target="threatened_delta",
                value=9.0,
                size={"caps": [{"kind": "crash_gain", "ln_move": -0.1}]},
            ),
        ],
        separate(0.3),
        {},
        "hedge_opened",
    ),
    "under portfolio margin, leveraged, with a worst bar": (
        [CORE, options("UVXY", legs=SPREAD, value=1.0)],
        separate(0.2),
        {"margin": PORTFOLIO, "worst_bar": WorstBar().model_dump()},
        "hedge_opened",
    ),
    "with holidays and a negative rate": (
        [CORE, options(every="week")],
        separate(0.2),
        {"holidays": (9, 19), "market": L3F(vix=26, erp=0.0, rate=-0.3)},
        "hedge_opened",
    ),
    "a market whose VIX stands still": (
        [CORE, options(target="lots", value=50)],
        separate(0.2),
        {"market": GBM(vol=0.2)},
        "hedge_opened",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_rule(name: str) -> None:
    layers, ledgers, more, figures = CASES[name]
    plan = rolled(spec((layers, ledgers), **more))
    compiled, found = exercised(plan, figures.split())
    for path, book in found:
        agree(plan, path, book, compiled)


@pytest.mark.parametrize("seed", range(60, 66))
def test_random_books(seed: int) -> None:
    maker = hedge_random.Maker(seed)
    plan = rolled(maker.plan())
    target = maker.pick(("core_vega", "lots", "premium_share"))
    value = {"core_vega": 0.5, "lots": 40, "premium_share": 0.03}[target]
    more = maker.maybe(0.5, exit=maker.pick(hedge_random.BOOK_RULES)) | {"name": "on shares"}
    book = plan["books"][0]
    ledger = "sleeve" if book["ledgers"] else "core"
    legs = maker.pick((CALL, SPREAD, PUT))
    product, every = maker.pick(("VXX", "UVXY")), maker.pick(("flat", "week"))
    book["layers"].append(
        options(product, legs, target=target, value=value, every=every, ledger=ledger, **more)
    )
    agree(plan, 0, 0)


ARM = av.preset("plain").replace(
    name="calls on shares",
    layers=[
        av.Layer(
            name="vxx calls",
            buy=av.etp_call(days=(10, 30), every="week"),
            size=av.Size(target="lots", value=30),
        )
    ],
    sleeve=av.Sleeve(share=0.2),
)


def test_they_settle_to_what_the_share_is_worth() -> None:
    """A call held to its end pays what `etp.simulate` says that the share is worth above its strike."""
    document = engine_spec.spec([ARM], L3F(vix=18), sessions=60, seed=5)
    plan = _core.Plan(json.dumps(document))
    value = etp.simulate(L3F(vix=18), 8, 60, seed=5, price=20.0).value
    paid, worthless = 0, 0
    for path in range(8):
        events = [each for each in plan.trace(path, 0)["events"] if each["layer"] == 1]
        opened = {each["slot"]: each for each in events if each["event"] == "open"}
        assert opened
        for event in events:
            if event["event"] != "settle":
                continue
            payoff = max(value[path, event["tick"]] - event["strikes"][0], 0.0)
            assert event["cash"] == pytest.approx(30 * 100 * payoff, abs=1e-6)
            paid, worthless = paid + (payoff > 0), worthless + (payoff == 0)
    assert paid
    assert worthless


def test_a_call_is_priced_by_the_american_formula_at_its_own_volatility() -> None:
    """What a layer pays for a call lies above its European price's bounds and is one of Black's formula."""
    document = engine_spec.spec([ARM], L3F(vix=18), sessions=10, seed=5)
    opened = [
        each
        for each in _core.Plan(json.dumps(document)).trace(0, 0)["events"]
        if each["event"] == "open" and each["layer"] == 1
    ]
    value = etp.simulate(L3F(vix=18), 1, 10, seed=5, price=20.0).value[0]
    for each in opened:
        share, strike, price = value[each["tick"]], each["strikes"][0], each["leg_prices"][0]
        assert 2 * strike == round(2 * strike)  # listed by half dollars
        assert share < strike < 2 * share
        assert 0 < price < share
        days = each["expiry_day"] - document["schedule"]["days"][each["tick"]]
        assert (each["expiry_day"] + 3) % 7 in {3, 4}, "a Friday, or the Thursday before a holiday"
        vol = pricing.implied_vol_american(price, share, strike, days / 365, "C", rate=0.03, dividend=0.0089)
        assert 0.4 < vol < 1.2, vol


def test_the_longer_the_dearer_and_the_leveraged_dearer_still() -> None:
    """At the money, on one market: a tenth of the price a month, half as much again with leverage."""
    prices = []
    for product, days in (("VXX", 14), ("VXX", 42), ("UVXY", 42)):
        buy = av.etp_call(product=product, days=days, delta=0.55)
        layer = av.Layer(name="c", buy=buy, size=av.Size(target="lots", value=1))
        arm = av.preset("plain").replace(name="a", layers=[layer], sleeve=av.Sleeve(share=0.2))
        trace = _core.Plan(json.dumps(engine_spec.spec([arm], L3F(vix=18), sessions=3, seed=2))).trace(0, 0)
        opened = next(each for each in trace["events"] if each["event"] == "open" and each["layer"] == 1)
        prices.append(opened["leg_prices"][0])
    assert all(a < b for a, b in pairwise(prices))


def test_they_change_nothing_for_other_arms() -> None:
    alone = av.compare([av.preset("plain")], L3F(), paths=300, sessions=60, shares=[0.1], seed=3)
    beside = av.compare([av.preset("plain"), ARM], L3F(), paths=300, sessions=60, shares=[0.1], seed=3)
    found = beside.paths().filter(arm="plain").collect()
    assert found["nav"].to_list() == alone.paths().collect()["nav"].to_list()


def test_every_dollar_is_in_a_bucket() -> None:
    found = av.compare([ARM], L3F(), paths=128, sessions=60, shares=[0.1], seed=3)
    assert found.paths().collect()["identity_error"].max() < 1e-9


def test_bars_inside_sessions_change_nothing_for_them() -> None:
    few = {"paths": 32, "sessions": 30, "shares": [0.1], "seed": 3, "surface_band": 0}
    closes, bars = (
        av.compare([ARM], L3F(vix=22), bars=each, **few).paths().sort("path").collect() for each in (None, 13)
    )
    assert closes["hedge_opened"].sum() > 0
    assert bars["hedge_pnl"].to_list() == closes["hedge_pnl"].to_list()


def test_hindsight_bounds_them() -> None:
    found = av.compare([ARM], L3F(vix=24), paths=64, sessions=40, shares=[0.1], seed=3, surface_band=0)
    told = dict(found.foresight(ARM.name).select("figure", "estimate").iter_rows())
    assert told["bound"] >= told["attained"] > 0
    assert told["bound"] >= told["arm"]


def test_an_arm_is_written_and_read_back() -> None:
    assert av.Arm.from_toml(ARM.to_toml()) == ARM
    assert 'product = "VXX"' in ARM.to_toml()


@pytest.mark.parametrize(
    ("buy", "words"),
    [
        ({"kind": "put_spread", "product": "VXX", "delta": 0.6, "spread_delta": 0.3}, "puts on the index"),
        ({"kind": "call", "product": ["VXX", "VIX"], "delta": 0.3}, "differ in size only"),
        ({"kind": "call", "product": ["VXX", "UVXY"], "delta": 0.3}, "differ in size only"),
        ({"kind": "share", "product": "VXX", "every": "flat"}, "VXX is an option"),
    ],
)
def test_layers_that_make_no_sense(buy: dict[str, Any], words: str) -> None:
    table = {"name": "etp", "size": {"target": "lots", "value": 1}, "buy": buy}
    with pytest.raises((av.AlvhError, ValueError), match=words):
        av.Layer.model_validate(table)


def test_plans_that_make_no_sense() -> None:
    layer = options(target="lots", value=1, ledger="core")
    plan = rolled(spec([CORE, layer]))
    with pytest.raises(av.AlvhError, match="roll: what the index holds"):
        _core.Plan(json.dumps(plan | {"roll": None}))
    row = plan["contracts"]["VXX"]
    short = plan["contracts"]["VXX shares"]["fund"] | {"leverage": -1.0}
    for change, words in (
        ({"VXX": row | {"on": "VX"}}, "leverage above 0"),
        ({"VXX": row | {"on": "nothing"}}, "leverage above 0"),
        ({"VXX": row | {"settlement": "AM"}}, "delivered at their close"),
        ({"VX": plan["contracts"]["VX"] | {"on": "VXX shares"}}, "of options on shares"),
        ({"VXX shares": plan["contracts"]["VXX shares"] | {"fund": short}}, "leverage above 0"),
    ):
        with pytest.raises(av.AlvhError, match=words):
            _core.Plan(json.dumps(plan | {"contracts": plan["contracts"] | change}))
    sold = layer | {"role": "core"}
    puts = [leg("P", 1, by="delta", value=0.6), leg("P", -1, by="offset", **{"from": 0}, width={"points": 3})]
    for wrong in (sold, options(legs=puts, target="lots", value=1, ledger="core")):
        with pytest.raises(av.AlvhError, match="sells no put"):
            _core.Plan(json.dumps(rolled(spec([CORE, wrong]))))
    moved = [leg("C", 1, by="expected_move", multiple=1.0, drift="forward", erp=0.0)]
    with pytest.raises(av.AlvhError, match="not for options on volatility"):
        _core.Plan(json.dumps(rolled(spec([CORE, options(legs=moved, target="lots", value=1)]))))


def test_a_history_without_futures_is_refused_with_the_mend() -> None:
    with pytest.raises(av.AlvhError, match=r"no VIX futures\. Mend: give it recorded settlements"):
        av.compare([ARM], History.bundled(), every=50, sessions=60)


def test_rows_deliver_what_has_a_row() -> None:
    for product in ("VXX", "UVXY"):
        row = contract(product)
        assert row.on is not None
        assert contract(row.on).fund is not None
        assert row.multiplier == contract(row.on).multiplier


def quoted_calls() -> pl.DataFrame:
    """Calls of VXX, the first half of December 2016: terms, mid, half-spread."""
    chain = pl.read_parquet(recorded_market.folder() / "chains" / "vxx_201612_first_half.parquet")
    ends = pl.col("expiration")
    friday = pl.when(ends.dt.weekday() == SATURDAY).then(ends.dt.offset_by("-1d")).otherwise(ends)
    return chain.filter(pl.col("right").str.to_uppercase().str.starts_with("C"), pl.col("bid") > 0).select(
        "strike",
        day="quote_date",
        share="underlying_price",
        mid=(pl.col("ask") + pl.col("bid")) / 2,
        half=(pl.col("ask") - pl.col("bid")) / 2,
        days=(friday - pl.col("quote_date")).dt.total_days(),
        moneyness=(pl.col("strike") / pl.col("underlying_price")).log(),
    )


@needs_data
@pytest.mark.data
def test_beside_a_quoted_chain() -> None:
    """The table of docs/etp.md, by the twin's formula on the factors of the record."""
    history = recorded_market.history(date(2015, 9, 1), date(2017, 1, 31))
    plan = engine_spec.spec([av.preset("plain")], history, sessions=20, every=1)
    began = history.data.dates.index(date(2016, 11, 30))
    ledger = _core.Plan(json.dumps(plan)).trace(plan["starts"].index(began), 0)["ledger"]
    funds = object.__new__(Funds)
    funds.market = SimpleNamespace(curve=VixCurve(plan["market"]))
    funds.funds = {"VXX shares": asdict(contract("VXX shares"))["fund"]}
    chain = quoted_calls().filter(pl.col("days").is_between(11, 107), pl.col("mid") > 0.025)
    days = chain["day"].unique().sort().to_list()
    rolls = {row["date"]: row for row in etp.roll(days).iter_rows(named=True)}
    prices = []
    for row in chain.iter_rows(named=True):
        tick, roll = history.data.dates.index(row["day"]) - began, rolls[row["day"]]
        first, second = ((roll[each] - row["day"]).days for each in ("first", "second"))
        held = roll["weight"] * first + (1 - roll["weight"]) * second
        factors = tuple(ledger[f"x{i}"][tick] for i in range(3))
        state = State(ledger["index"][tick], factors, 0.005, 0.02)
        quotes = funds.priced("VXX shares", row["share"], held, state, row["days"])
        prices.append(quotes.price(1.0, row["strike"]))
    years = (
        chain["days"].to_numpy() / 365
    )  # a call is held until its end, so that Black's formula has its volatility
    forward, discount = chain["share"].to_numpy() * np.exp((0.005 - 0.0089) * years), np.exp(-0.005 * years)
    quoted, ours = (
        pricing.implied_vol(each, forward, chain["strike"], years, "C", discount=discount)
        for each in (chain["mid"], np.array(prices))
    )
    found = chain.select("days", "moneyness").with_columns(
        quoted=pl.Series(quoted).fill_nan(None), ours=pl.Series(ours).fill_nan(None)
    )
    found = found.drop_nulls()
    table = {
        (11, 21): ((0.60, 0.53), (0.84, 0.71), (1.02, 0.85), (1.24, 0.92)),
        (22, 35): ((0.62, 0.58), (0.80, 0.77), (0.96, 0.90), (1.07, 1.01)),
        (36, 50): ((0.65, 0.62), (0.81, 0.79), (0.94, 0.93), (1.04, 1.04)),
        (92, 107): ((0.71, 0.67), (0.79, 0.80), (0.87, 0.91), (0.92, 0.99)),
    }
    for (least, most), cells in table.items():
        for at, cell in zip((0.0, 0.2, 0.4, 0.6), cells, strict=True):
            near = found.filter(
                pl.col("days").is_between(least, most), pl.col("moneyness").is_between(at - 0.1, at + 0.1)
            )
            assert len(near) > 10
            assert near.select("quoted", "ours").mean().row(0) == pytest.approx(cell, abs=0.03), (least, at)


@needs_data
@pytest.mark.data
def test_half_spreads_are_those_of_the_chain() -> None:
    chain = quoted_calls().filter(pl.col("days").is_between(7, 70))
    spread = contract("VXX").half_spread
    for least, most in pairwise((0.05, 0.1, 0.2, 0.35, 0.5, 1, 2, 3, 5, 10)):
        near = chain.filter(pl.col("mid").is_between(least, most, closed="right"))
        ours = max(spread.floors[0][1], spread.scale * near["mid"].median() ** spread.power)
        assert ours == pytest.approx(near["half"].median(), rel=0.3), least
