"""The stress set: made markets, what they do to arms, and what a hedge costs and pays."""

import io
import json
import math
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from rich.console import Console

import alvh as av
from alvh import figures, rules, statistics
from alvh.errors import AlvhError, SpecError
from alvh.market import GBM, L3F, Dynamics, Scenario, scenario, scenarios
from alvh.playbook import Playbook
from alvh.report.stress import print_stress
from alvh.scenario import REALISED_SHARE
from alvh.stress_set import StressReport, stress_report, vx_roll
from run_samples import command, refused

PLAIN = av.preset("plain")


# Scenarios


def test_shipped_scenarios_are_what_they_say():
    """The anchors: 2020-03-16 (-12.0%, 82.7), 2018-02-05 (-4.1%, 37.3), and what the others promise."""
    paths = {name: scenario(name).spec() for name in scenarios()}
    for name, path in paths.items():
        market = scenario(name)
        assert market.about.endswith(".")
        assert market.source
        assert market.quiet == 60
        assert len(path["spot"]) == market.sessions + 1
        assert path["spot"][60] == market.spot
    falls = {name: path["spot"][61] / path["spot"][60] - 1 for name, path in paths.items()}
    assert (falls["crash_day"], paths["crash_day"]["vix"][61]) == (pytest.approx(-0.12), 82.7)
    assert (falls["february_2018"], paths["february_2018"]["vix"][61]) == (pytest.approx(-0.041), 37.3)
    assert paths["crash_day_low_vix"]["spot"] == paths["crash_day"]["spot"]
    assert max(paths["slow_grind"]["vix"]) < 25
    assert paths["slow_grind"]["spot"][90] / 5000 == pytest.approx(0.92)
    assert set(paths["vol_spike"]["spot"][60:]) == {5000.0}
    assert max(paths["vol_spike"]["vix"]) == 35
    assert min(paths["bear_2022"]["vix"]) >= 20 - 1e-12
    assert max(paths["bear_2022"]["vix"]) < 35
    assert paths["bear_2022"]["spot"][-1] / 5000 == pytest.approx(0.80)
    assert min(paths["v_recovery"]["spot"][60:]) / 5000 == pytest.approx(0.85)
    assert paths["v_recovery"]["spot"][105] == pytest.approx(5000)


def test_the_quiet_stretch_reads_as_a_quiet_market():
    path = scenario("slow_grind").spec(warm_up=200)
    quiet = pl.DataFrame({"spot": path["spot"][:261], "vix": path["vix"][:261]})
    assert quiet["vix"].unique().to_list() == [14]
    moves = quiet["spot"].log().diff().drop_nulls()
    assert math.sqrt(252 * float((moves**2).mean())) == pytest.approx(REALISED_SHARE * 0.14)
    rsi = av._core.indicator(
        "rsi_14", quiet["spot"].to_numpy(), quiet["vix"].to_numpy(), np.zeros(quiet.height, bool)
    )
    assert np.all(np.abs(rsi[100:] - 50) < 5)


def test_its_constants_are_those_of_the_default_market():
    """`alvh.market` loads the scenarios, so that they cannot read these from it."""
    made, market = scenario("crash_day"), L3F()
    assert (made.spot, made.rate, made.dividend_yield) == (market.spot, market.rate, market.dividend_yield)
    assert Dynamics().realised_share == REALISED_SHARE


@given(st.lists(st.tuples(st.floats(0.5, 2), st.floats(8, 90)), min_size=1, max_size=5), st.integers(1, 9))
def test_a_path_goes_through_its_points_and_nowhere_beyond(levels, gap):
    points = [(0, 1.0, 15.0), *((gap * (k + 1), *level) for k, level in enumerate(levels))]
    path = Scenario(name="any", points=points, quiet=3).spec()
    for session, multiple, vix in points:
        assert path["spot"][3 + session] == 5000 * multiple
        assert path["vix"][3 + session] == vix
    for (s0, m0, v0), (s1, m1, v1) in pairwise(points):
        inside = slice(3 + s0, 4 + s1)
        assert all(min(m0, m1) <= s / 5000 * (1 + 1e-12) for s in path["spot"][inside])
        assert all(s / 5000 <= max(m0, m1) * (1 + 1e-12) for s in path["spot"][inside])
        assert all(min(v0, v1) <= v * (1 + 1e-12) <= max(v0, v1) * (1 + 2e-12) for v in path["vix"][inside])


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([(0, 1, 15)], "points"),
        ([(1, 1, 15), (2, 1, 15)], "the eve comes first"),
        ([(0, 2, 15), (2, 1, 15)], "the eve comes first"),
        ([(0, 1, 15), (2, 1, 15), (2, 1, 15)], "must ascend"),
        ([(0, 1, 15), (2, 0, 15)], "above 0"),
    ],
)
def test_malformed_scenarios_are_refused(points, message):
    with pytest.raises(SpecError, match=message):
        Scenario(name="wrong", points=points)


def test_unknown_scenarios_are_refused_with_the_nearest_name():
    with pytest.raises(SpecError, match="did you mean 'crash_day'"):
        scenario("crash_dya")
    with pytest.raises(SpecError, match=r"sessions = 500: scenario 'crash_day' has 123"):
        av.compare([PLAIN], scenario("crash_day"), sessions=500, shares=[0.1])


# Stress


def test_a_playbook_is_as_good_as_its_arms():
    few = {"scenarios": ["crash_day"], "share": 0.35}
    assert_frame_equal(av.stress(Playbook("desk", [PLAIN]), **few), av.stress([PLAIN], **few))


def test_positions_are_on_when_the_stress_begins():
    traced = av.compare([PLAIN], scenario("crash_day"), sessions=123, shares=[0.1]).trace(0)
    eve = traced.ledger.row(60, named=True)
    assert eve["index"] == pytest.approx(5000)
    assert eve["requirement"] == 70_000  # seven tranches of two condors, 50 points wide
    assert traced.ledger["vix"][61] == pytest.approx(82.7)


def test_a_rule_that_looks_back_finds_its_sessions():
    calm = PLAIN.replace(name="calm", enter="latch(vix > 30, vix < 25) or rsi_14 < 70")
    assert calm.layers[0].warm_up == 252
    table = av.stress([PLAIN, calm], scenarios=["slow_grind"])
    assert table["pnl"][0] == table["pnl"][1]  # the rule is true throughout: warm-up changes nothing
    gate = PLAIN.replace(name="gate", enter="latch(vix > 30, vix < 25)")
    closed = av.compare([gate], scenario("slow_grind"), sessions=112, shares=[0.1]).paths().collect()
    assert closed["opened"].to_list() == [0]


def test_pnl_from_the_eve_is_that_of_the_ledger():
    arms = [PLAIN, av.preset("stop_2x")]
    table = av.stress(arms, scenarios=["crash_day"], share=0.35)
    run = av.compare(arms, scenario("crash_day"), sessions=123, shares=[0.35])
    for arm in ("plain", "stop_2x"):
        ledger = run.trace(0, arm).ledger.with_columns(earned=pl.col("nav") - pl.col("interest"))
        change = ledger["earned"][-1] - ledger["earned"][60]
        assert table.filter(arm=arm)["pnl"].item() == pytest.approx(change, abs=1e-6)


def test_twice_the_capital_is_twice_the_loss_and_a_crash_costs_at_most_the_wings():
    small, large = (av.stress([PLAIN], scenarios=["crash_day"], capital=x, share=0.4) for x in (5e7, 1e8))
    assert large["pnl"].item() == pytest.approx(2 * small["pnl"].item(), rel=0.01)
    assert 0.4 > large["max_drawdown"].item() > 0.1


def test_a_standing_hedge_pays_in_a_crash_and_not_in_a_grind():
    hedged = av.preset("always_on")
    table = av.stress([PLAIN, hedged], scenarios=["crash_day", "crash_day_low_vix", "slow_grind"], share=0.35)
    pnl = dict(table.filter(arm=hedged.name).select("scenario", "hedge_pnl").iter_rows())
    assert pnl["crash_day"] > pnl["crash_day_low_vix"] > 0 > pnl["slow_grind"]
    np.testing.assert_allclose(table["pnl"], table["core_pnl"] + table["hedge_pnl"], rtol=0, atol=1e-6)
    assert set(table.filter(arm="plain")["hedge_pnl"]) == {0.0}


def test_neighbours_do_not_change_a_stress():
    arms = [
        PLAIN,
        av.preset("martingale_add"),
        PLAIN.replace(name="slow", enter="(vix < 90).for_sessions(300)"),
    ]
    together = av.stress(arms, scenarios=["v_recovery"])
    alone = pl.concat([av.stress([arm], scenarios=["v_recovery"]) for arm in arms])
    assert together.equals(alone)


def test_a_comparison_on_a_scenario_claims_no_probability():
    result = av.compare([PLAIN], scenario("february_2018"), sessions=102, shares=[0.1])
    assert result.replayed
    assert result.ladder()["high"].null_count() == result.ladder().height
    assert "A scenario is one made path" in result.limits[0]


# Figures of hedges, on synthetic frames


def recorded(**columns):
    """A row per arm as the engine records it, zeros unless given."""
    ticks = ("refused_tick", "call_tick", "forced_tick", "ruin_tick", "negative_tick")
    zeros = (*ticks, *figures.stress._CHANGES[1:], *figures.stress._LEVELS)
    return pl.DataFrame({"arm": ["alvh"], **{name: [0.0] for name in zeros}} | columns)


def test_outcomes_are_changes_since_the_eve():
    whole = recorded(core_pnl=[-80.0], hedge_pnl=[30.0], coverage_met=[0.9], call_tick=[300.0], calls=[1.0])
    eve = recorded(core_pnl=[5.0], hedge_pnl=[-8.0], coverage_met=[0.2])
    row = figures.outcomes(whole, eve).row(0, named=True)
    assert (row["pnl"], row["core_pnl"], row["hedge_pnl"], row["coverage_met"]) == (-47, -85, 38, 0.9)
    assert (row["calls"], row["distress"]) == (1, True)


def test_hedge_failures_count_tranches_and_trust_paths():
    """R39: three tranches of one path that fail together are one observation, not three."""
    frame = pl.DataFrame(
        {
            "path": [0, 1, 2, 0, 1, 2],
            "start": 0,
            "arm": ["a", "a", "a", "b", "b", "b"],
            "share": 0.1,
            "max_losses": [3.0, 5.0, 0.0, 0.0, 0.0, 0.0],
            "max_losses_hedge_lost": [3.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            "hedge_opened": 2.0,
        }
    )
    a, b = figures.hedge_failures(frame, 0.1).iter_rows(named=True)
    assert (a["estimate"], a["max_losses"], a["paths"]) == (0.5, 8, 2)
    independent = statistics.proportion(4, 8)
    assert a["high"] - a["low"] > independent.high - independent.low
    assert (b["estimate"], b["low"], b["max_losses"], b["paths"]) == (None, None, 0, 0)
    assert figures.hedge_failures(frame.with_columns(hedge_opened=0.0), 0.1).is_empty()


def test_what_does_not_exist_is_null():
    missing = {"coverage_achieved": [math.nan], "coverage_met": [math.nan]}
    row = figures.outcomes(recorded(**missing), recorded()).row(0, named=True)
    assert (row["coverage_achieved"], row["coverage_met"]) == (None, None)


def test_the_report_tells_core_and_hedge_apart():
    whole = recorded(
        core_pnl=[-80_000.0], hedge_pnl=[30_000.0], hedge_opened=[2.0], coverage_met=[0.43], calls=[2.0]
    )
    outcome = figures.outcomes(whole, recorded()).select(pl.lit("crash_day").alias("scenario"), pl.all())
    failures = pl.DataFrame(
        {"arm": ["alvh"], "estimate": [0.2], "low": [0.1], "high": [0.3], "max_losses": [9], "paths": [4]}
    )
    even = pl.DataFrame(
        {"arm": ["alvh"], "yearly_cost": [9e3], "low": [8e3], "high": [1e4], "payoff": [3e4]}
        | {"payoff_share": [0.375], "payoff_per_cost": [10 / 3], "crashes_a_year": [0.3]}
    )
    console = Console(width=80, record=True, file=io.StringIO())
    tables = {"outcomes": outcome, "hedge_failures": failures, "break_even": even}
    print_stress(console, StressReport(tables, ("one limit",)))
    text = console.export_text()
    for words in (
        "-50,000",
        "core -80,000",
        "hedge 30,000",
        "2 calls",
        "covered 43.0%",
        "(R22)",
        "20.0%",
        "37.5%",
        "3.33x",
        "0.3",
    ):
        assert words in text


def test_break_even_by_hand():
    frame = pl.DataFrame(
        {
            "path": [0, 1, 0, 1, 0, 1],
            "start": 0,
            "arm": ["free", "free", "pays", "pays", "none", "none"],
            "share": 0.1,
            "hedge_pnl": [10.0, 30.0, -3_000.0, -5_000.0, 0.0, 0.0],
        }
    )
    crash = pl.DataFrame(
        {
            "arm": ["free", "pays", "none"],
            "hedge_pnl": [5.0, 16_000.0, 0.0],
            "core_pnl": [-9.0, -64_000.0, -1.0],
        }
    )
    table = figures.break_even(frame, crash, 1e6, 126, 0.1)
    assert table["arm"].to_list() == ["free", "pays"]
    free, pays = table.iter_rows(named=True)
    assert (free["yearly_cost"], free["payoff_per_cost"], free["crashes_a_year"]) == (-40, None, None)
    assert (pays["yearly_cost"], pays["payoff_share"]) == (8_000, 0.25)
    assert (pays["payoff_per_cost"], pays["crashes_a_year"]) == (2, 0.5)
    with pytest.raises(AlvhError, match="crash lacks the arm 'pays'"):
        figures.break_even(frame, crash.filter(arm="free"), 1e6, 126, 0.1)


def test_falls_are_counted_with_their_dates():
    days = av.schedule.sessions(date(2025, 1, 2), date(2025, 1, 10))[:6]
    closes = pl.DataFrame({"date": days, "spx": [100.0, 95.0, 95.0, 90.0, 99.0, 96.0]})
    table = figures.fall_frequency(closes, [0.03, 0.05, 0.2])
    assert table["days"].to_list() == [3, 2, 0]
    assert table["dates"].to_list() == [[days[1], days[3], days[5]], [days[1], days[3]], []]
    assert table["a_year"][0] == pytest.approx(3 / (5 / 252))
    for wrong in ([4.0], [-0.04]):
        with pytest.raises(AlvhError, match=r"such as 0\.04"):
            figures.fall_frequency(closes, wrong)


# The roll


def test_the_roll_by_hand():
    near = np.array([[10.0, *[11.0] * 20, 12.0], [20.0] * 22])
    far = np.array([[16.0, *[11.0] * 20, 15.0], [25.0] * 22])
    (row,) = figures.roll_costs({30: far, 0: near}).iter_rows(named=True)
    first = (10 / 16 - 1 + 12 / 15 - 1) / 22
    assert row["roll_down"] == pytest.approx((first + -0.2) / 2)
    assert row["realised"] == pytest.approx((12 / 16 - 1 + -0.2) / 2)
    with pytest.raises(AlvhError, match="more than 21 sessions"):
        figures.roll_costs({30: far[:, :21], 0: near[:, :21]})


def test_a_flat_curve_rolls_for_nothing_and_contango_costs():
    flat = vx_roll(GBM(vol=0.2), paths=8, sessions=30)
    assert np.allclose(flat.select("roll_down", "realised"), 0, atol=1e-12)
    table = vx_roll(L3F(vix=14), paths=256, sessions=63)
    assert table["days"].to_list() == [30, 60, 90, 120, 150, 180]
    down = table["roll_down"].to_numpy()
    assert np.all(down < 0)
    assert np.all(np.diff(down) > 0)  # the front of the curve is steepest (R37)


# The command


def test_a_report_without_hedges_has_no_hedge_tables():
    told = stress_report([PLAIN], scenarios=["vol_spike"], paths=64)
    assert set(told.tables) == {"outcomes", "vx_roll"}


def test_the_command_prints_and_writes_its_tables(tmp_path):
    options = ("--arm=plain", "--arm=stop_1x", "--scenario=crash_day", "--scenario=v_recovery", "--paths=64")
    ran = command("stress", *options, f"--out={tmp_path / 'tables'}")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert max(map(len, ran.stdout.splitlines())) <= 80
    for words in (
        "crash_day",
        "stop_1x",
        "What a bought VIX future earns a month",
        "one made path",
        "Educational",
    ):
        assert words in ran.stdout
    stored = pl.read_parquet(tmp_path / "tables" / "outcomes.parquet")
    told = json.loads(command("stress", *options, "--json").stdout)
    assert told["outcomes"][0]["pnl"] == stored["pnl"][0]
    assert len(told["outcomes"]) == 4


def test_the_command_refuses_what_it_cannot_do():
    assert "did you mean 'crash_day'" in refused("stress", "--scenario=crash_dya", "--paths=64")
    assert "not both" in refused("stress", "--bundled", "--history=x.csv")
    assert "about a history" in refused("stress", "--rate=0.02")


def test_a_latch_opens_in_the_crash_and_not_in_the_grind():
    """C3: a ladder on VIX sees a crash and misses a grind; that is what the stress set is for."""
    rule = rules.latch(rules.signal("vix") > 30, rules.signal("vix") < 25).to_polars()
    armed = {
        name: pl.DataFrame({"vix": scenario(name).spec()["vix"]}).select(rule.alias("armed"))["armed"].sum()
        for name in ("crash_day", "slow_grind")
    }
    assert armed["crash_day"] > 21
    assert armed["slow_grind"] == 0
