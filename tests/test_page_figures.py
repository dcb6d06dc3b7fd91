"""The figures behind the page: fans and peaks, against plain Python."""

import math

import numpy as np
import polars as pl
import pytest

from alvh import figures
from alvh.errors import AlvhError
from alvh.figures.fans import POINTS, QUANTILES, fan
from alvh.figures.peaks import peaks
from synthetic_paths import CAPITAL, SESSIONS, synthetic_paths

SHARE = 0.35
PATHS = synthetic_paths()


def smallest_with(values, q):
    """The smallest value with at least a share q of the values at or below it."""
    return next(x for x in sorted(values) if sum(y <= x for y in values) >= q * len(values))


def series(paths=37, sessions=150, seed=4):
    rng = np.random.default_rng(seed)
    nav = 100.0 + np.cumsum(rng.standard_normal((paths, sessions + 1)), axis=1)
    drawn = {"requirement": 10.0 + rng.random(nav.shape), "hedge": rng.standard_normal(nav.shape)}
    return {"nav": nav, **drawn, "committed": rng.random(nav.shape), "deposited": rng.random(nav.shape)}


def test_a_fan_is_its_definition():
    made = series()
    table = fan(made, 100.0)
    shown = table["session"].unique().sort().to_list()
    assert shown[0] == 0
    assert shown[-1] == 150
    assert len(shown) <= POINTS + 1
    values = {
        "nav": (made["nav"] - made["deposited"]) / 100,
        "usage": made["requirement"] / made["nav"],
        "hedge": made["hedge"] / 100,
        "committed": made["committed"] / 100,
    }
    for row in table.iter_rows(named=True):
        sample = values[row["measure"]][:, row["session"]].tolist()
        for name, q in QUANTILES.items():
            assert row[name] == pytest.approx(smallest_with(sample, q), rel=1e-15)


@pytest.mark.parametrize("sessions", [1, 2, POINTS - 1, POINTS, POINTS + 1, 252, 2000])
def test_a_fan_has_its_first_and_last_session_and_few_others(sessions):
    made = {
        name: np.ones((2, sessions + 1)) for name in ("nav", "requirement", "hedge", "committed", "deposited")
    }
    shown = fan(made, 1.0).filter(measure="nav")["session"].to_list()
    assert shown == sorted(set(shown))
    assert (shown[0], shown[-1]) == (0, sessions)
    assert len(shown) <= POINTS + 2


def test_usage_of_a_book_without_nav_is_infinite_and_without_requirement_nothing():
    nav = np.array([[100.0, 0.0, -5.0, -5.0]])
    requirement = np.array([[50.0, 10.0, 10.0, 0.0]])
    others = dict.fromkeys(("hedge", "committed", "deposited"), 0 * nav)
    table = fan({"nav": nav, "requirement": requirement, **others}, 100.0)
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
