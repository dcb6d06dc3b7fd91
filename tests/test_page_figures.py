"""The figures behind the page: fans, peaks and protection, against plain Python."""

import math

import numpy as np
import polars as pl
import pytest

from alvh import figures
from alvh.errors import AlvhError
from alvh.figures.fans import POINTS, QUANTILES, fan
from alvh.figures.peaks import peaks
from alvh.figures.protection import LIMITS_OF_SIZE, PROTECTION, protection
from synthetic_paths import CAPITAL, RISKINESS, SESSIONS, synthetic_paths

SHARE = 0.35
PATHS = synthetic_paths()
HEDGED, DOUBLED = "plain", "martingale_replace"  # any two of the synthetic arms


def smallest_with(values, q):
    """The smallest value with at least a share q of the values at or below it."""
    return next(x for x in sorted(values) if sum(y <= x for y in values) >= q * len(values))


def series(paths=37, sessions=150, seed=4):
    rng = np.random.default_rng(seed)
    nav = 100.0 + np.cumsum(rng.standard_normal((paths, sessions + 1)), axis=1)
    return {"nav": nav, "requirement": 10.0 + rng.random(nav.shape), "hedge": rng.standard_normal(nav.shape)}


def test_a_fan_is_its_definition():
    made = series()
    table = fan(made, 100.0)
    shown = table["session"].unique().sort().to_list()
    assert shown[0] == 0
    assert shown[-1] == 150
    assert len(shown) <= POINTS + 1
    values = {
        "nav": made["nav"] / 100,
        "usage": made["requirement"] / made["nav"],
        "hedge": made["hedge"] / 100,
    }
    for row in table.iter_rows(named=True):
        sample = values[row["measure"]][:, row["session"]].tolist()
        for name, q in QUANTILES.items():
            assert row[name] == pytest.approx(smallest_with(sample, q), rel=1e-15)


@pytest.mark.parametrize("sessions", [1, 2, 63, 64, 65, 252, 2000])
def test_a_fan_has_its_first_and_last_session_and_few_others(sessions):
    made = {name: np.ones((2, sessions + 1)) for name in ("nav", "requirement", "hedge")}
    shown = fan(made, 1.0).filter(measure="nav")["session"].to_list()
    assert shown == sorted(set(shown))
    assert (shown[0], shown[-1]) == (0, sessions)
    assert len(shown) <= POINTS + 2


def test_usage_of_a_book_without_nav_is_infinite_and_without_requirement_nothing():
    nav = np.array([[100.0, 0.0, -5.0, -5.0]])
    requirement = np.array([[50.0, 10.0, 10.0, 0.0]])
    table = fan({"nav": nav, "requirement": requirement, "hedge": 0 * nav}, 100.0)
    assert table.filter(measure="usage")["q50"].to_list() == [0.5, math.inf, math.inf, 0.0]
    assert table["measure"].unique(maintain_order=True).to_list() == ["nav", "usage"]


@pytest.mark.parametrize("capital", [0.0, -1.0, math.inf, math.nan])
def test_a_fan_of_no_capital_is_refused(capital):
    with pytest.raises(AlvhError, match="dollars above 0"):
        fan(series(2, 3), capital)


def test_peaks_agree_with_the_summary_and_leave_out_what_was_never_priced():
    table, summary = peaks(PATHS, SHARE), figures.summary(PATHS, CAPITAL, SESSIONS, SHARE)
    for row in table.iter_rows(named=True):
        book = PATHS.filter(pl.col("first_requirement") > 0, arm=row["arm"], share=SHARE)
        multiples = (book["peak_requirement"] / book["first_requirement"]).to_list()
        assert row["n"] == len(multiples) < PATHS.filter(arm=row["arm"], share=SHARE).height
        assert [row[name] for name in QUANTILES] == [smallest_with(multiples, q) for q in QUANTILES.values()]
        found = {each["figure"]: each["estimate"] for each in summary.filter(arm=row["arm"]).to_dicts()}
        assert (row["q50"], row["q95"]) == (found["peak_multiple_median"], found["peak_multiple_95"])
        assert row["largest"] == found["peak_multiple_max"]


def test_peaks_of_an_arm_that_never_priced_a_lot_do_not_exist():
    none = PATHS.with_columns(first_requirement=pl.lit(0.0))
    row = peaks(none, SHARE).row(0, named=True)
    assert (row["n"], row["q50"], row["largest"]) == (0, None, None)


def hedged():
    """The synthetic paths with the columns of hedges: two arms have one."""
    rng = np.random.default_rng(8)
    n = PATHS.height
    with_hedge = PATHS["arm"].is_in([HEDGED, DOUBLED]).to_numpy()
    columns = {name: rng.standard_normal(n) * 1e4 * with_hedge for name in ("hedge_pnl", "hedge_trading")}
    columns |= {name: rng.random(n) * 2e4 * with_hedge for name in ("expected_cost", "premium_paid")}
    columns |= {
        f"bound_{limit}": rng.integers(0, 9, n) * with_hedge.astype(float) for limit in LIMITS_OF_SIZE
    }
    for name in PROTECTION:
        if name not in columns:
            columns[name] = np.where(with_hedge & (rng.random(n) < 0.9), rng.random(n), math.nan)
    return PATHS.with_columns(pl.Series(name, values) for name, values in columns.items())


def test_protection_is_its_definition():
    """R22, R61: means a year, medians of coverage, shares of decisions, and no arm without a hedge."""
    frame = hedged()
    table = protection(frame, CAPITAL, SESSIONS, SHARE)
    assert set(table["arm"]) == {HEDGED, DOUBLED} < set(RISKINESS)
    for row in table.iter_rows(named=True):
        book = frame.filter(arm=row["arm"], share=SHARE)
        values = [x for x in book[row["figure"]].to_list() if not math.isnan(x)]
        if row["figure"].startswith("bound_"):
            decisions = sum(book[f"bound_{limit}"].sum() for limit in LIMITS_OF_SIZE)
            wanted = sum(values) / decisions
        elif row["unit"] == "a year":
            wanted = sum(values) / len(values) / CAPITAL * 252 / SESSIONS
        elif row["figure"] in {"coverage_wanted", "coverage_affordable", "coverage_achieved"}:
            wanted = smallest_with(values, 0.5)
        else:
            wanted = sum(values) / len(values)
        assert row["estimate"] == pytest.approx(wanted, rel=1e-12)
        assert row["low"] <= row["estimate"] <= row["high"]
    assert table.filter(pl.col("figure").str.starts_with("bound_"), arm=HEDGED)[
        "estimate"
    ].sum() == pytest.approx(1)


def test_protection_names_the_columns_that_it_lacks():
    with pytest.raises(AlvhError, match="paths lacks expected_cost"):
        protection(PATHS, CAPITAL, SESSIONS, SHARE)
