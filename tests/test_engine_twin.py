"""The engine against its NumPy twin: every ledger figure, tick by tick, to 1e-9 of the capital."""

import json
from datetime import date

import numpy as np
import polars as pl
import pytest

import alvh as av
import engine_spec
from agreement import agree
from alvh import _core, playbook
from alvh.market import GBM, L3F, History
from alvh.schedule.expiries import vix_expiration
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


def drawn(rows: int) -> pl.DataFrame:
    """A history with the habits of one: drawn from the simulated market, on real dates."""
    paths = L3F(vix=14).simulate(1, rows - 1, seed=5)
    dates = av.schedule.sessions(date(2016, 1, 4), date(2019, 12, 31))[:rows]
    return pl.DataFrame({"date": dates, "spx": paths["spot"][0], "vix": paths["vix"][0]})


def recorded(rows: int) -> Market:
    return History(drawn(rows), rate=0.01, dividend_yield=0.02)


def recorded_futures(rows: int) -> Market:
    """The same with openings, and with VIX futures on most days of their last 200."""
    draw, frame = np.random.default_rng(1), drawn(rows)
    marks = [
        (day, expiry, round(vix * float(np.exp(0.1 * draw.standard_normal())), 2))
        for expiry in (vix_expiration(2016 + i // 12, i % 12 + 1) for i in range(24))
        for day, _, vix in frame.iter_rows()
        if day <= expiry and (expiry - day).days < 200 and draw.random() < 0.7
    ]
    opened = frame.with_columns(open=pl.col("spx") * np.exp(0.004 * draw.standard_normal(rows)))
    vx = pl.DataFrame(marks, schema=["date", "expiry", "settle"], orient="row")
    return History(opened, rate=0.01, dividend_yield=0.02, vx=vx)


def test_rolling_starts_of_a_history() -> None:
    arms = engine_spec.arms()
    spec = engine_spec.spec(arms, recorded(300), sessions=63, every=17)
    for path in (0, 3, len(spec["starts"]) - 1):
        for book in range(len(arms)):
            agree(spec, path, book)


def hedged() -> list[av.Arm]:
    """The shipped arms with a hedge; rivals at equal cost are these at other sizes."""
    arms = [playbook.preset(name) for name in playbook.presets() if not name.endswith("_equal_cost")]
    return [arm for arm in arms if any(layer.role == "hedge" for layer in arm.layers)]


@pytest.mark.parametrize("name", [arm.name for arm in hedged()])
def test_shipped_hedges(name: str) -> None:
    """Rules with indicators, latches and windows see the same past of the market."""
    arms, absent = [playbook.preset(name)], {"signals": "absent"}
    spec = engine_spec.spec(arms, L3F(vix=26), sessions=63, shares=(0.35,), **absent)
    for path in range(3):
        agree(spec, path, 0)


def test_recorded_openings_and_futures() -> None:
    """Openings and bases of a replay, held to the morning of the settlement as well."""
    arms = [playbook.preset(name) for name in ("always_on", "always_on_futures", "spx_put_overlay")]
    spec = engine_spec.spec(arms, recorded_futures(220), sessions=63, every=17, shares=(0.35,))
    for held in (False, True):
        for book in range(len(arms)):
            for path in (0, len(spec["starts"]) - 1):
                assert agree(spec, path, book).summary["hedge_opened"], held
        for layer in (
            layer for book in spec["books"] for layer in book["layers"] if layer["role"] == "hedge"
        ):
            layer |= {"roll_below": None, "days": {"low": 10, "high": 45, "target": 30}, "every": "week"}
