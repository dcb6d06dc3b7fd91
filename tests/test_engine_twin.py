"""The engine against its NumPy twin: every ledger figure, tick by tick, to 1e-9 of the capital."""

import json
from datetime import date

import numpy as np
import polars as pl
import pytest

import alvh as av
import engine_spec
from agreement import agree
from alvh import _core
from alvh.market import GBM, L3F, History
from alvh.specification import Costs, Market


def test_plain_on_many_paths() -> None:
    spec = engine_spec.spec([engine_spec.arms()[0]], L3F(vix=16), sessions=30)
    for path in range(200):
        agree(spec, path, 0)


@pytest.mark.slow
def test_plain_through_a_year() -> None:
    spec = engine_spec.spec([engine_spec.arms()[0]], L3F(vix=16), sessions=252, seed=3)
    for path in range(100):
        agree(spec, path, 0)


@pytest.mark.parametrize("every", ["day", "week", "month", "flat"])
def test_every_arm_and_cadence(every: str) -> None:
    arms = engine_spec.arms(every, days=14, width_points=50)
    spec = engine_spec.spec(arms, L3F(vix=22), sessions=60, shares=(0.35,))
    for path in range(2):
        for book in range(len(arms)):
            agree(spec, path, book)


def test_every_kind_of_distress() -> None:
    """Every kind of distress, on paths that the engine says are in it.

    A defined-risk book that was allowed to open holds cash for its worst payoff, so only fees, slips and
    negative interest can bring a call: here they are far beyond any real ones, and margin is used to the last
    dollar.
    """
    arms = engine_spec.arms("week", days=21, width_points=25)
    market, costs = L3F(vix=18, rate=-0.5, erp=0.5), Costs(commission=20)
    spec = engine_spec.spec(arms, market, sessions=126, shares=(1.2,), ruin_share=0.05, costs=costs)
    figures = _core.Plan(json.dumps(spec)).run(0, 512)
    for kind in ("refused", "calls", "forced", "ruin_tick", "negative_tick", "regret_forced", "recovered"):
        hits = np.flatnonzero(figures[kind] != 0)
        assert len(hits) > 10, kind
        for row in hits[:: len(hits) // 3][:3]:
            path, book = divmod(int(row), len(arms))
            agree(spec, path, book)


def test_expected_move_and_rules() -> None:
    core = av.IronCondor(
        days=(20, 40),
        expected_move=1.0,
        width_points=40,
        enter="vix < 30 and not spot > 1e6",
        exit="profit >= 0.5 * credit or days_to_expiry <= 5 or breakeven_challenge > 0.9",
    )
    spec = engine_spec.spec([av.Arm("managed", core)], L3F(vix=18), sessions=126, shares=(0.5,))
    for path in range(10):
        assert agree(spec, path, 0).summary["closed_early"] > 0


def test_small_contracts_and_constant_volatility() -> None:
    arms = [av.Arm("xsp", av.IronCondor(days=30, width=0.02, product="XSP"))]
    for path in range(5):
        agree(engine_spec.spec(arms, GBM(vol=0.2), shares=(0.35,)), path, 0)


def recorded(rows: int) -> Market:
    """A history with the habits of one: drawn from the simulated market, on real dates."""
    paths = L3F(vix=14).simulate(1, rows - 1, seed=5)
    dates = av.schedule.sessions(date(2016, 1, 4), date(2019, 12, 31))[:rows]
    frame = pl.DataFrame({"date": dates, "spx": paths["spot"][0], "vix": paths["vix"][0]})
    return History(frame, rate=0.01, dividend_yield=0.02)


def test_rolling_starts_of_a_history() -> None:
    arms = engine_spec.arms()
    spec = engine_spec.spec(arms, recorded(300), sessions=63, every=17)
    for path in (0, 3, len(spec["starts"]) - 1):
        for book in range(len(arms)):
            agree(spec, path, book)
