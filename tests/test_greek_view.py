"""The greek view: its terms are the twin's, its revaluation the buckets', its residual what is left (R6)."""

import json
from datetime import date

import numpy as np
import polars as pl
import pytest

import alvh as av
import engine_spec
from agreement import path_of, recorded
from alvh import _core
from alvh.errors import AlvhError
from alvh.figures.greek_view import GREEK_TERMS, SIDES, greek_view
from alvh.market import GBM, L3F, History
from twin_greeks import Greeks

PATHS = 2


def spec_of(name: str, market: av.market.L3F | GBM | History, sessions: int = 42, **more) -> dict:
    return engine_spec.spec([av.preset(name)], market, sessions=sessions, shares=(0.35,), **more)


def replay() -> History:
    path = L3F(vix=18).simulate(1, 119, seed=5)
    dates = av.schedule.sessions(date(2018, 1, 2), date(2018, 12, 31))[:120]
    frame = pl.DataFrame({"date": dates, "spx": path["spot"][0], "vix": path["vix"][0]})
    return History(frame, rate=0.01, dividend_yield=0.02)


@pytest.mark.parametrize(
    ("name", "market"),
    [("plain", L3F(vix=18)), ("always_on", L3F(vix=26)), ("spx_put_overlay", L3F(vix=22)), ("plain", GBM())],
    ids=["plain", "vix calls", "spx puts", "flat"],
)
def test_every_term_is_the_twins(name, market):
    spec = spec_of(name, market)
    plan = _core.Plan(json.dumps(spec))
    ours = plan.greeks(0, PATHS, 0)
    assert set(ours) == {f"{side}_{term}" for side in SIDES for term in ("revalued", *GREEK_TERMS)}
    for path in range(PATHS):
        ledger = plan.trace(path, 0)["ledger"]
        run = Greeks(spec, 0, path_of(spec, path, ledger), spec["schedule"]["origin"], None)
        run.run()
        theirs = run.columns()
        assert theirs["core_revalued"].any()
        for term, column in ours.items():
            expected = theirs.get(term, np.zeros(spec["sessions"] + 1))
            # Both differ from the derivative by the square of their steps.
            assert column[path] == pytest.approx(expected, abs=0.5, rel=2e-3), term


def test_terms_of_a_replay_are_the_twins():
    spec = spec_of("always_on_futures", replay(), sessions=42, every=30)
    plan = _core.Plan(json.dumps(spec))
    ours, start = plan.greeks(0, 1, 0), spec["starts"][0]
    ledger = plan.trace(0, 0)["ledger"]
    run = Greeks(spec, 0, path_of(spec, 0, ledger), start, recorded(spec, start))
    run.run()
    for term, expected in run.columns().items():
        assert ours[term][0] == pytest.approx(expected, abs=0.5, rel=2e-3), term


def test_what_is_revalued_is_what_the_buckets_say():
    spec = spec_of("alvh_0", L3F(vix=26))
    plan = _core.Plan(json.dumps(spec))
    ours = plan.greeks(0, 8, 0)
    figures = plan.run(0, 8)
    said = sum(figures[name] for name in ("time", "spot", "level", "smile"))
    assert (ours["core_revalued"] + ours["hedge_revalued"]).sum(axis=1) == pytest.approx(said, abs=1e-6)


def test_being_followed_changes_no_bit_and_threads_none_either():
    spec = spec_of("alvh_0", L3F(vix=26))
    plan = _core.Plan(json.dumps(spec))
    before, one, two = plan.run(0, 300), plan.greeks(0, 300, 0, threads=1), plan.greeks(0, 300, 0, threads=2)
    assert all(np.array_equal(one[name], two[name]) for name in one)
    after = plan.run(0, 300)
    assert all(np.array_equal(before[name], after[name], equal_nan=True) for name in before)


def test_the_residual_is_small_and_said():
    """A day of a condor is a Taylor expansion but for about a fourteenth of what moves it."""
    result = av.compare(
        [av.preset("plain")], L3F(vix=16), paths=64, sessions=126, shares=[0.1], surface_band=0
    )
    table = result.greek_view()
    assert table["arm"].unique().to_list() == ["plain"]
    assert table["term"].to_list() == [*GREEK_TERMS, "residual", "revalued"]
    share = dict(table.select("term", "share").iter_rows())
    assert share["revalued"] == 1.0
    assert 0.02 < share["residual"] < 0.12
    dollars = dict(table.select("term", "dollars").iter_rows())
    assert dollars["theta"] > 0 > dollars["gamma"]
    assert sum(dollars[term] for term in (*GREEK_TERMS, "residual")) == pytest.approx(dollars["revalued"])
    assert (dollars["rate"], dollars["dividend"]) == (0.0, 0.0)


def test_bars_and_missing_columns_are_refused():
    bars = av.compare(
        [av.preset("stop_1x")], L3F(), paths=4, sessions=21, shares=[0.1], bars=2, surface_band=0
    )
    with pytest.raises(AlvhError, match="greeks: a plan with bars trades between closes"):
        bars.greek_view()
    with pytest.raises(AlvhError, match="ticks lacks core_delta"):
        greek_view({"core_revalued": np.zeros((1, 2))}, 1e6)
    with pytest.raises(AlvhError, match="greek_view: arm = 'x' at share"):
        bars.greek_view("x")
