"""Claims of the hedge on made frames: what is measured, where it lies, and what is said when it cannot be."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from alvh.claims import hedges, ledgers, peaks, rivals, table
from alvh.claims.claim import ABOVE_0, BELOW_0, Claim, Measured, Range
from alvh.statistics import Estimate

CAPITAL, SESSIONS, SHARE = 1e6, 252, 0.7
N = 400
LEVEL = np.linspace(-1.0, 1.0, N)  # symmetric: mean and median 0
SOLVED = {"status": "solved", "drag": 0.02, "target": 0.02, "words": "equal cost: 2.00% a year, alvh_0 2.00%"}


def book(arm: str = "alvh_0", **columns: Any) -> pl.DataFrame:
    """A year of a hedge that works, path by path, but for what is given."""
    ordinary = {
        "peak_requirement": 1.7e5,
        "first_requirement": 1e5,
        "coverage_wanted": 0.5,
        "coverage_affordable": 0.5 + 0.05 * LEVEL,
        "coverage_achieved": 0.5 + 0.05 * LEVEL,
        "coverage_met": 0.9,
        "bound_target": 3.0,
        "bound_budget": 1.0,
        "bound_funds": 0.0,
        "bound_cap": 0.0,
        "bound_rounding": 0.0,
        "hedge_pnl": -1.5e4 + 1e3 * LEVEL,
        "expected_cost": 1.4e4 + 1e3 * LEVEL,
        "premium_paid": 2e4,
        "hedge_correlation": -0.3 + 0.1 * LEVEL,
        "r44_checked": 2.0,
        "r44_held": 2.0,
        "stress_cash": 5e3,
        "stress_core_pnl": -2e4 + 1e3 * LEVEL,
    }
    given = {
        name: np.broadcast_to(np.asarray(value, float), N) for name, value in {**ordinary, **columns}.items()
    }
    return pl.DataFrame({"path": np.arange(N), "arm": arm, **given})


def of_all_arms(**columns: Any) -> pl.DataFrame:
    arms = (hedges.ALVH, hedges.UNCHANGED, hedges.ALWAYS_ON, hedges.IN_BUDGET)
    return pl.concat([book(arm, **columns) for arm in arms])


def measured(claim: Claim, paths: pl.DataFrame, *, sessions: int = SESSIONS) -> list[dict[str, Any]]:
    doubled = {"3 doublings": book("3 doublings", peak_requirement=5e5 + 2e5 * LEVEL)}
    rows = hedges.hedge_rows(paths, doubled, CAPITAL, sessions)
    return [each.row() for each in rows if each.claim is claim]


# Where an interval lies


def test_no_difference_is_neither_above_nor_below_0():
    none = Estimate(0.0, 0.0, 0.0)
    assert ABOVE_0.reading(none) == BELOW_0.reading(none) == "outside"
    assert ABOVE_0.reading(Estimate(0.2, 0.0, 0.4)) == "straddles"
    assert BELOW_0.reading(Estimate(-0.2, -0.4, -1e-9)) == "inside"


def test_what_has_no_interval_is_not_shown():
    row = Measured(table.COST, "one path", ABOVE_0, "a year", 1, "", Estimate(3.0, np.nan, np.nan)).row()
    assert (row["measured"], row["reading"], row["why"]) == (None, "-", "")


# R15


def test_peaks_are_a_multiple_of_the_first_requirement():
    paths = book(first_requirement=np.where(np.arange(N) < 100, 0.0, 1e5))
    row = peaks.peak(table.PEAK_OF_ALVH, paths, Range(1.5, 2.0, "1.5 to 2.0"), "made").row()
    assert (row["measured"], row["n"], row["reading"]) == (1.7, 300, "inside")
    assert row["why"] == "100% of paths lie inside, the largest is 1.7"


def test_less_variability_is_paired_path_by_path():
    steady = book(peak_requirement=2e5 + 1e4 * LEVEL)
    wild = book(peak_requirement=1.5e5 + 5e4 * LEVEL)
    rows = [
        peaks.variability(table.PEAK_OF_ALVH, *each, "").row() for each in ((steady, wild), (wild, steady))
    ]
    assert rows[0]["measured"] == pytest.approx((0.1 - 0.5) * np.abs(LEVEL).mean())
    assert [row["reading"] for row in rows] == ["inside", "outside"]


def test_peaks_that_never_were_are_no_estimate():
    idle = book(first_requirement=0.0)
    row = peaks.variability(table.PEAK_OF_ALVH, idle, book(), "").row()
    assert (row["measured"], row["n"], row["why"]) == (None, 0, "no path opened a tranche in both")


# R22


def test_coverage_below_forty_percent_is_said_not_to_meet_r22():
    covered = [*np.full(N - 20, 0.2), *np.full(20, np.nan)]
    rows = measured(table.COVERAGE, of_all_arms(coverage_achieved=covered))
    assert [row["variant"] for row in rows] == [
        "always_on in 1.5% a year: affordable",
        "always_on in 1.5% a year: achieved",
        "always_on: achieved",
        "alvh_0: achieved",
    ]
    assert [row["reading"] for row in rows] == ["inside", "outside", "outside", "outside"]
    assert [row["n"] for row in rows] == [N, N - 20, N - 20, N - 20]
    assert [row["why"].startswith("R22 not met: ") for row in rows] == [False, True, True, True]
    assert "wanted 50%, at least 40% on 90% of sessions" in rows[0]["why"]
    assert rows[0]["why"].endswith("the limit that bound: target 75%, budget 25%")


def test_coverage_is_a_median_because_the_core_may_have_next_to_no_exposure():
    rows = measured(table.COVERAGE, of_all_arms(coverage_achieved=[*np.full(N - 5, 0.5), *np.full(5, 1e6)]))
    assert rows[-1]["measured"] == 0.5


def test_no_core_to_cover_is_no_estimate():
    row = measured(table.COVERAGE, of_all_arms(coverage_achieved=np.nan))[-1]
    assert (row["measured"], row["n"], row["reading"]) == (None, 0, "-")


# R61


@pytest.mark.parametrize(("sessions", "scale", "reading"), [(252, 1, "inside"), (126, 2, "outside")])
def test_cost_is_a_year_and_of_capital(sessions, scale, reading):
    realised, expected = measured(table.COST, of_all_arms(), sessions=sessions)[:2]
    assert (realised["variant"], expected["variant"]) == ("alvh_0: realised", "alvh_0: expected")
    assert realised["measured"] == pytest.approx(0.015 * scale)
    assert expected["measured"] == pytest.approx(0.014 * scale)
    assert {realised["reading"], expected["reading"]} == {reading}
    assert f"premium outlay {0.02 * scale:.2%} a year" in realised["why"]


def test_a_hedge_that_earns_costs_less_than_nothing():
    assert measured(table.COST, of_all_arms(hedge_pnl=5e3 + LEVEL))[0]["measured"] < 0


# R39, R44, R66


@pytest.mark.parametrize(("centre", "reading"), [(-0.3, "inside"), (0.0, "straddles"), (0.3, "outside")])
def test_inverse_means_below_0(centre, reading):
    daily = centre + 0.1 * LEVEL
    daily[-1] = np.nan  # a path without a hedge has no correlation
    row = measured(table.INVERSE, of_all_arms(hedge_correlation=daily))[0]
    assert (row["n"], row["reading"]) == (N - 1, reading)


def test_entries_of_the_second_engine_go_together_by_path():
    (every,) = measured(table.SECOND_ENGINE, of_all_arms())
    assert (every["measured"], every["n"], every["reading"]) == (1.0, 2 * N, "inside")
    (few,) = measured(table.SECOND_ENGINE, of_all_arms(r44_held=np.where(np.arange(N) < 8, 0.0, 2.0)))
    assert few["measured"] == pytest.approx(0.98)
    assert few["reading"] != "inside"
    (none,) = measured(table.SECOND_ENGINE, of_all_arms(r44_checked=0.0, r44_held=0.0))
    assert (none["measured"], none["reading"]) == (None, "-")


def test_cash_counts_where_the_core_lost_while_it_was_pressed():
    paid = np.arange(N) < 100
    lost = np.where(np.arange(N) < 150, -1e4, 1e4)
    rows = measured(table.CASH, of_all_arms(stress_cash=np.where(paid, 3e3, 0.0), stress_core_pnl=lost))
    chance, part = rows[:2]
    assert (chance["n"], chance["measured"], chance["reading"]) == (150, pytest.approx(2 / 3), "inside")
    assert part["measured"] == pytest.approx(0.3 * 2 / 3)
    assert part["reading"] == "inside"


def test_a_core_that_never_lost_needs_no_cash():
    for row in measured(table.CASH, of_all_arms(stress_core_pnl=0.0)):
        assert (row["measured"], row["n"], row["reading"]) == (None, 0, "-")


# R62, R63


def ledger_books(one: dict[str, Any], two: dict[str, Any]) -> list[dict[str, Any]]:
    quiet = {"peak_requirement": 1e5, "calls": 0.0, "sleeve_calls": 0.0, "contagion": 0.0}
    both = pl.concat([book(ledgers.COMMINGLED, **(quiet | one)), book(hedges.ALVH, **(quiet | two))]).sample(
        fraction=1.0, shuffle=True, seed=3
    )  # no order of rows may matter
    return [each.row() for each in ledgers.ledger_rows(both, CAPITAL, SHARE)]


def test_one_ledger_that_does_the_same_shows_nothing():
    peak, call, spread = ledger_books({}, {})
    assert (peak["measured"], peak["reading"]) == (0.0, "outside")
    assert (call["reading"], spread["reading"]) == ("straddles", "straddles")
    assert "0 and 0 of 400 paths: nothing to avoid" in spread["why"]


def test_one_ledger_is_paired_with_two():
    path = np.arange(N)
    one = {"peak_requirement": 1.2e5 + LEVEL, "calls": path < 60.0, "contagion": path < 80.0}
    two = {"calls": path < 10.0, "sleeve_calls": path < 7.0, "contagion": path < 20.0}
    peak, call, spread = ledger_books(one, two)
    assert peak["measured"] == pytest.approx(0.02)
    assert call["measured"] == pytest.approx(50 / N)
    assert spread["measured"] == pytest.approx(-60 / N)
    assert {row["reading"] for row in (peak, call, spread)} == {"inside"}
    assert max(call["p_value"], spread["p_value"]) < 1e-12
    assert "20 and 80 of 400 paths, the second ledger met a call on 7 paths" in spread["why"]


# R19 and the placebo


def compared(worse: float, **cost: Any) -> list[dict[str, Any]]:
    """Rivals that are in distress and fall more often and deeper by `worse` than the hedge."""
    path = np.arange(N)

    def arm(name: str, distressed: float, fall: float) -> pl.DataFrame:
        ticks = {f"{kind}_tick": 0.0 for kind in ("refused", "forced", "ruin", "negative")}
        ticks["call_tick"] = np.where(path < distressed, 5.0, 0.0)
        run = {
            "nav": 1e6 + LEVEL,
            "bills": 1.0,
            "deposited_bills": 0.0,
            "max_drawdown": fall,
            "opened": 9.0,
            "share": SHARE,
        }
        return book(name, **ticks, **run).with_columns(start=pl.col("path"))

    others = (*rivals.RIVALS, rivals.PLACEBO)
    paths = pl.concat(
        [
            arm(rivals.PLAIN, 80, 0.2 + 0.01 * LEVEL),
            arm(hedges.ALVH, 100, 0.2 - 0.01 * LEVEL),
            *(arm(name, 100 * (1 + worse), 0.2 * (1 + worse) + 0.01 * LEVEL) for name in others),
        ]
    )
    costs = pl.DataFrame([{"arm": name, **SOLVED, **cost} for name in others])
    return [each.row() for each in rivals.rival_rows(paths, costs, CAPITAL, SESSIONS, SHARE)]


CHEAPER = {"status": "unattainable", "drag": 0.0, "target": 0.02}
DEARER = {"status": "nearest", "drag": 0.03, "target": 0.02}


@pytest.mark.parametrize(
    ("worse", "cost", "reading"),
    [
        (0.5, {}, "inside"),
        (-0.5, {}, "outside"),
        (0.0, {}, "straddles"),
        (0.5, CHEAPER, "-"),  # it costs less: of course it is worse
        (-0.5, CHEAPER, "outside"),
        (0.5, DEARER, "inside"),
        (-0.5, DEARER, "-"),
    ],
)
def test_a_rival_is_read_where_its_cost_does_not_explain_it(worse, cost, reading):
    rows = compared(worse, **cost)
    read = [row["reading"] for row in rows if not row["variant"].endswith("mean return")]
    assert len(read) == 2 * (len(rivals.RIVALS) + 1)
    assert set(read) == {reading}


def test_the_return_of_a_rival_is_its_cost_and_no_claim():
    rows = [row for row in compared(0.5) if row["variant"].endswith("mean return")]
    assert {(row["claimed"], row["reading"]) for row in rows} == {("the cost itself", "-")}


def test_rivals_are_adjusted_for_their_number_and_the_placebo_stands_alone():
    rows = [row for row in compared(0.5) if row["p_value"] is not None]
    by_claim = {claim: [row["p_value"] for row in rows if row["id"] == claim] for claim in ("R19", "C17")}
    assert [len(each) for each in by_claim.values()] == [len(rivals.RIVALS), 1]
    assert by_claim["R19"][0] == pytest.approx(len(rivals.RIVALS) * by_claim["C17"][0])


def test_what_could_not_be_matched_is_said_with_what_there_was_to_avoid():
    words = "not equal: costs 0% a year, not the 2.00% of alvh_0: out of reach with lots between 0 and 1"
    why = compared(0.5, **CHEAPER, words=words)[0]["why"]
    assert why.startswith(words)
    assert "In distress: fewer_lots_equal_mean 37.5%, alvh_0 25.0%, plain 20.0%" in why


# The arms


def test_the_arms_are_what_they_are_called():
    alvh, unchanged, always_on, in_budget = hedges.hedged_arms()
    assert unchanged.core.size.base == "start"
    assert unchanged.layers[1:] == alvh.layers[1:]
    assert in_budget.ledgers.sleeve.budget_per_year == hedges.BUDGET
    assert [layer.size.caps for layer in in_budget.layers[1:]] == [("sleeve.budget",)]
    assert [layer.size.caps for layer in always_on.layers[1:]] == [()]


def test_every_rival_matches_the_cost_of_the_hedge():
    plain, alvh, *others = rivals.rival_arms()
    assert (plain.name, alvh.name) == ("plain", "alvh_0")
    assert [arm.name for arm in others] == [*rivals.RIVALS, rivals.PLACEBO]
    assert {arm.equal_cost.to for arm in others} == {"alvh_0"}
