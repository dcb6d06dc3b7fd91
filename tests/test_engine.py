"""The engine as a whole: determinism, the identity, fair prices, and figures that a practitioner expects."""

import json
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

import alvh as av
import engine_spec
from alvh import _core
from alvh.comparison import compare
from alvh.errors import AlvhError, SpecError
from alvh.market import GBM, L3F, History
from alvh.specification import Costs

FREE = Costs(order_share=0, liquidation_share=0, commission=0)


def plan(spec: dict[str, Any]) -> _core.Plan:
    return _core.Plan(json.dumps(spec))


def columns(spec: dict[str, Any], paths: int = 512, **options: Any) -> dict[str, np.ndarray]:
    """Figures as paths x books."""
    compiled = plan(spec)
    return {
        name: values.reshape(paths, len(compiled.books))
        for name, values in compiled.run(0, paths, **options).items()
    }


def bits(figures: dict[str, np.ndarray]) -> bytes:
    return b"".join(np.ascontiguousarray(values).tobytes() for values in figures.values())


# --- determinism


def looking_back() -> list[av.Arm]:
    """Arms whose rules have windows over market, book and position, of different lengths."""
    return [
        av.Arm("book", av.IronCondor(exit="(nav_share > 0.97).for_sessions(20)")),
        av.Arm("mixed", av.IronCondor(enter="(vix > 5).for_sessions(20) and nav_share > 0")),
        av.Arm("momentum", av.IronCondor(enter="rsi_14 > 45", exit="(profit > 0).for_sessions(5)")),
        av.Arm("long", av.IronCondor(enter="(vix > 0).for_sessions(250)", exit="(vix > 18).for_sessions(4)")),
        av.Arm(
            "hysteresis", av.IronCondor(enter="latch(vix > 17, vix < 15)", exit="latch(loss > 2, vix < 12)")
        ),
    ]


def test_threads_and_cuts_do_not_change_a_bit() -> None:
    arms = [*engine_spec.arms(), *looking_back()]
    compiled = plan(engine_spec.spec(arms, L3F(vix=16), sessions=42, shares=(0.1, 0.7)))
    whole = compiled.run(0, 700, threads=1)
    for threads in (2, 3):
        assert bits(compiled.run(0, 700, threads=threads)) == bits(whole)
    cuts = [
        compiled.run(first, count, threads=2) for first, count in ((0, 1), (1, 299), (300, 256), (556, 144))
    ]
    joined = {name: np.concatenate([cut[name] for cut in cuts]) for name in whole}
    assert bits(joined) == bits(whole)


def test_a_book_does_not_know_its_neighbours() -> None:
    """An arm's figures do not depend on which other arms run beside it, nor on their order."""
    arms = [*engine_spec.arms(), *looking_back()]
    together = columns(engine_spec.spec(arms, L3F(vix=20), sessions=63, shares=(0.5,)), 64)
    for index, arm in enumerate(arms):
        alone = columns(engine_spec.spec([arm], L3F(vix=20), sessions=63, shares=(0.5,)), 64)
        for name, values in alone.items():
            np.testing.assert_array_equal(
                values[:, 0], together[name][:, index], err_msg=f"{arm.name}: {name}"
            )


def test_seeds_and_paths_differ() -> None:
    one = columns(engine_spec.spec(engine_spec.arms()[:1], L3F(vix=16), seed=1), 64)
    two = columns(engine_spec.spec(engine_spec.arms()[:1], L3F(vix=16), seed=2), 64)
    assert len(np.unique(one["nav"])) == 64
    assert not np.isin(one["nav"], two["nav"]).any()


def test_trace_is_the_path_that_was_run() -> None:
    spec = engine_spec.spec([*engine_spec.arms(), *looking_back()], L3F(vix=16), shares=(0.35,))
    compiled = plan(spec)
    figures = columns(spec, 300)
    for path in (0, 257, 299):
        for book in (0, 1, 4, 7, 8, 9, 10, 11):
            traced = compiled.trace(path, book)
            assert traced["ledger"]["nav"][-1] == figures["nav"][path, book]
            kinds = [event["event"] for event in traced["events"]]
            assert kinds.count("open") == figures["opened"][path, book]
            assert kinds.count("refuse") == figures["refused"][path, book]


# --- accounting


def test_identity_holds_on_every_path_and_book() -> None:
    figures = columns(engine_spec.spec(engine_spec.arms(), L3F(vix=25), sessions=252, shares=(0.1, 0.7)), 512)
    assert figures["identity_error"].max() < 1e-12
    buckets = sum(
        figures[name]
        for name in ("time", "spot", "level", "smile", "settlement", "fills", "fees", "interest")
    )
    np.testing.assert_allclose(figures["nav"] - 1e6, buckets, rtol=0, atol=1e-3)


@pytest.mark.parametrize("vol", [0.12, 0.25])
def test_under_gbm_a_fairly_priced_condor_earns_nothing(vol: float) -> None:
    """Without risk premium, spread and fee the discounted P&L is a martingale: a z-test."""
    arms = [
        engine_spec.arms("week")[0],
        engine_spec.arms("week", days=21, width_points=100)[0].replace(name="wide"),
    ]
    spec = engine_spec.spec(arms, GBM(vol=vol, erp=0), sessions=126, shares=(0.35,), costs=FREE)
    figures = columns(spec, 20_000)
    gain = figures["nav"] - 1e6 * figures["bills"]
    z = gain.mean(axis=0) / (gain.std(axis=0) / np.sqrt(len(gain)))
    assert np.abs(z).max() < 4, z


def test_costs_are_what_they_are_said_to_be() -> None:
    """At a rate of zero the same three lots with and without a commission differ by it, to the cent."""
    arm = [av.Arm("three", av.IronCondor(size=av.Size(target="lots", value=3)))]
    free = columns(engine_spec.spec(arm, GBM(vol=0.16, rate=0), costs=FREE), 32)
    paid = columns(engine_spec.spec(arm, GBM(vol=0.16, rate=0), costs=Costs(order_share=0)), 32)
    commission = 4 * 3 * 0.5 * paid["opened"]
    assert (commission > 0).all()
    np.testing.assert_allclose(free["nav"] - paid["nav"], commission, atol=1e-6)
    np.testing.assert_allclose(free["fees"] - paid["fees"], commission, atol=1e-6)


# --- what a defined-risk book can and cannot do


@pytest.mark.parametrize("vix", [12, 16, 35])
def test_no_strategy_margin_call_at_ten_percent(vix: float) -> None:
    """A call there would mean that NAV was compared with gross width (DESIGN, Definitions)."""
    spec = engine_spec.spec([engine_spec.arms()[0]], L3F(vix=vix), sessions=252, shares=(0.10,))
    figures = columns(spec, 4096)
    assert figures["calls"].max() == 0
    assert figures["forced"].max() == 0
    assert figures["peak_requirement"].max() > 0


def test_requirements_stay_within_the_margin_share() -> None:
    """R4: the sum of requirements is at most the share of NAV at each opening."""
    for share in (0.10, 0.70):
        compiled = plan(engine_spec.spec([engine_spec.arms()[0]], L3F(vix=16), sessions=126, shares=(share,)))
        for path in range(8):
            trace = compiled.trace(path, 0)
            opened = {event["tick"] for event in trace["events"] if event["event"] == "open"}
            assert opened
            for tick in opened:
                assert trace["ledger"]["requirement"][tick] <= share * trace["ledger"]["nav"][tick] * 1.02 + 1


def test_trades_are_atomic_dated_and_decided_the_session_before() -> None:
    compiled = plan(engine_spec.spec(engine_spec.arms(), L3F(vix=16), sessions=252, shares=(0.1,)))
    told = compiled.trace(3, 4)
    ledger, events = told["ledger"], told["events"]
    dates = [date.fromordinal(date(1970, 1, 1).toordinal() + int(day)) for day in ledger["day"]]
    for event in events:
        if event["event"] == "open":
            # Decided on the first session of an ISO week, filled on the next session.
            before, two_before = dates[event["tick"] - 1], dates[event["tick"] - 2]
            assert before.isocalendar()[:2] != two_before.isocalendar()[:2]
            put_wing_short, put_wing, call_short, call_wing = event["strikes"]
            assert put_wing < put_wing_short < call_short < call_wing
            assert all(strike % 5 == 0 for strike in event["strikes"])
            days = event["expiry_day"] - int(ledger["day"][event["tick"]])
            assert 38 <= days <= 52
        if event["event"] == "settle":
            assert event["expiry_day"] == int(ledger["day"][event["tick"]])


# --- figures that a practitioner would expect (end of the requirements page)


@pytest.fixture(scope="module")
def practitioner() -> av.Comparison:
    """S = 5000, VIX 16, $1M, 45-day 16-delta 50-wide condors, all of the size in one tranche, a year."""
    core = av.IronCondor(days=45, every="flat", short_delta=0.16, width_points=50)
    plain = av.Arm("plain", core)
    arms = [
        plain,
        plain.doubling(max_doublings=40),
        plain.doubling(mode="add", max_doublings=40, name="add"),
        plain.doubling(mode="recoup", max_doublings=3, name="recoup"),
    ]
    return compare(arms, L3F(vix=16), paths=2048, seed=5, shares=[0.10])


def figure(result: av.Comparison, arm: str, name: str) -> float:
    rows = result.summary().filter(pl.col("arm") == arm, pl.col("figure") == name)
    return float(rows["estimate"].item())


def test_twenty_condors(practitioner: av.Comparison) -> None:
    first = practitioner.trace(0).events.filter(pl.col("event") == "open").row(0, named=True)
    assert first["lots"] == 20
    put_wing_short, put_wing, call_short, call_wing = first["strikes"]
    assert put_wing_short - put_wing == call_wing - call_short == 50


def test_credit_of_the_forty_five_day_condor() -> None:
    """Real chains: 10.5 to 13.2 at mid for 50 wide at 16 delta, POP 71 to 75% (VIX 13-23)."""
    core = av.IronCondor(days=45, every="week", short_delta=0.16, width_points=50)
    for vix in (14, 18, 22):
        spec = engine_spec.spec([av.Arm("plain", core)], L3F(vix=vix), sessions=5, costs=FREE)
        credit = [plan(spec).trace(path, 0)["events"][0]["price"] for path in range(64)]
        assert 10.5 * 0.9 < np.median(credit) < 13.2 * 1.1, vix


def test_plain_has_no_call_and_a_drawdown_of_about_ten_and_thirty_percent(
    practitioner: av.Comparison,
) -> None:
    assert figure(practitioner, "plain", "p_call") == 0
    assert 0.05 < figure(practitioner, "plain", "drawdown_median") < 0.20
    assert 0.20 < figure(practitioner, "plain", "drawdown_99") < 0.45


def test_doubling_dies_of_refused_orders_and_realised_loss(practitioner: av.Comparison) -> None:
    """About 90% is expected of the 99% drawdown.

    Where the margin is used up by whole doublings the next order is refused and the book stands still at
    1 + 2 + 4 losses of 7.6% each, some 55%; modes whose steps fit the money left lose nearly all of it.
    """
    drawdown = {arm: figure(practitioner, arm, "drawdown_99") for arm in ("martingale", "add", "recoup")}
    assert 0.45 < drawdown["martingale"] < 0.70
    assert drawdown["add"] > 0.75
    assert drawdown["recoup"] > 0.85
    for arm in drawdown:
        assert figure(practitioner, arm, "p_refused") > 0.02
        assert figure(practitioner, arm, "p_call") == 0


# --- nothing sees the future


def recorded(rows: int) -> pl.DataFrame:
    paths = L3F(vix=14).simulate(1, 399, seed=9)
    dates = av.schedule.sessions(date(2016, 1, 4), date(2019, 12, 31))[:400]
    return pl.DataFrame({"date": dates, "spx": paths["spot"][0], "vix": paths["vix"][0]}).head(rows)


def test_cutting_the_future_never_changes_the_past() -> None:
    arms = [
        *engine_spec.arms(),
        av.Arm(
            "gated",
            av.IronCondor(enter="(vix < 40).for_sessions(3) and rsi_14 < 80", exit="realised_vol_21 > 0.3"),
        ),
    ]
    rates = {"rate": 0.01, "dividend_yield": 0.02}
    whole = compare(arms, History(recorded(400), **rates), sessions=63, shares=[0.35]).paths().collect()
    cut = compare(arms, History(recorded(250), **rates), sessions=63, shares=[0.35]).paths().collect()
    assert 0 < cut.height < whole.height
    assert whole.head(cut.height).equals(cut)


def test_ledgers_before_a_cut_are_equal_to_the_last_bit() -> None:
    market = {"rate": 0.01, "dividend_yield": 0.02}
    long = plan(engine_spec.spec(engine_spec.arms(), History(recorded(400), **market), sessions=252))
    short = plan(engine_spec.spec(engine_spec.arms(), History(recorded(400), **market), sessions=100))
    for book in range(7):
        a, b = long.trace(11, book)["ledger"], short.trace(11, book)["ledger"]
        for name in ("cash", "nav", "requirement", "spot", "vix"):
            np.testing.assert_array_equal(a[name][:101], b[name])


# --- warm-up


def test_rules_over_the_past_see_the_past_from_the_first_session() -> None:
    gated = av.Arm("gated", av.IronCondor(every="day", enter="known(rsi_14) and known(realised_vol_21)"))
    spec = engine_spec.spec([gated], L3F(vix=16), sessions=5)
    compiled = plan(spec)
    assert compiled.warm_up >= 21
    assert [event["tick"] for event in compiled.trace(0, 0)["events"]] == [1, 2, 3, 4, 5]


def test_a_book_beside_a_market_window_does_not_switch_off_its_warm_up() -> None:
    spec = engine_spec.spec(looking_back()[:2], L3F(vix=16), sessions=5)
    assert [event["tick"] for event in plan(spec).trace(0, 1)["events"]] == [3]


def test_a_skip_names_no_package() -> None:
    arm = av.Arm("narrow", av.IronCondor(every="day", days=(44, 45)))
    events = plan(engine_spec.spec([arm], L3F(), sessions=60)).trace(0, 0)["events"]
    skips = [event for event in events if event["reason"] == "no expiry"]
    assert skips
    assert all(event["strikes"] == [] and event["expiry_day"] == 0 for event in skips)


def test_two_layers_each_keep_their_own_share() -> None:
    """R4: a layer's requirements sum to its share, whatever other layers hold."""
    spread = {"days": 45, "width": 0.01}
    puts = av.IronCondor(**spread).model_copy(update={"name": "puts"})  # type: ignore[arg-type]
    both = av.Arm("both", layers=[av.IronCondor(**spread), puts])  # type: ignore[arg-type]
    spec = engine_spec.spec([both, engine_spec.arms()[0]], GBM(vol=0.16), sessions=60, shares=(0.2,))
    for book in spec["books"][:1]:
        for layer in book["layers"]:
            layer["size"]["value"] = 0.2
    figures = columns(spec, 64)
    np.testing.assert_allclose(
        figures["peak_requirement"][:, 0], 2 * figures["peak_requirement"][:, 1], rtol=0.15
    )
    assert figures["skipped"][:, 0].max() == 0


def test_a_gate_on_missing_data_stays_closed() -> None:
    never = av.Arm("never", av.IronCondor(enter="vix / 0 > 1 or vix < 0"))
    figures = columns(engine_spec.spec([never], L3F(vix=16)), 16)
    assert figures["opened"].max() == 0


# --- mistakes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 2}, "schema = 2"),
        ({"capital": -1.0}, "capital = -1"),
        ({"sessions": 0}, "sessions = 0"),
        ({"sessions": 10_000}, "tradable sessions"),
        ({"ruin_share": 1.5}, "ruin_share = 1.5"),
        ({"books": []}, "books"),
        ({"starts": [3]}, "simulated market has none"),
        ({"surprise": 1}, "surprise"),
        ({"margin": "portfolios"}, "portfolios"),
    ],
)
def test_a_bad_specification_is_named(change: dict[str, Any], words: str) -> None:
    spec = engine_spec.spec(engine_spec.arms()[:1], L3F()) | change
    with pytest.raises(AlvhError, match=words):
        plan(spec)


def test_naked_shorts_are_refused() -> None:
    """C13: without the long wings the loss is not defined."""
    spec = engine_spec.spec(engine_spec.arms()[:1], L3F())
    layer = spec["books"][0]["layers"][0]
    layer["legs"] = [leg for leg in layer["legs"] if leg["ratio"] < 0]
    with pytest.raises(AlvhError, match="C13"):
        plan(spec)


def test_bad_comparisons_are_named() -> None:
    plain = engine_spec.arms()[0]
    for arguments, words in (
        ({"arms": [plain, plain]}, "two arms are called plain"),
        ({"arms": []}, "at least one"),
        ({"shares": [0.0]}, "shares"),
        ({"paths": 0}, "paths = 0"),
    ):
        with pytest.raises(SpecError, match=words):
            compare(**({"arms": [plain], "market": L3F(), "sessions": 5} | arguments))  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="known arms are plain"):
        compare([plain], L3F(), paths=1, sessions=5).trace(0, "nobody")
