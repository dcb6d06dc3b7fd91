"""Cutting the future of a history file never changes the past."""

from datetime import date

import numpy as np
import polars as pl
import pytest

import alvh as av
from alvh import schedule
from alvh.market import History

SESSIONS, EVERY, KEPT = 42, 9, 330
DAYS = schedule.sessions(date(2022, 1, 3), date(2023, 12, 29))
RATES = {"rate": 0.05, "dividend_yield": 0.015}
ARMS = [
    av.preset("plain"),
    av.preset("stop_1x"),
    av.preset("martingale_add"),
    av.Arm("timed", av.IronCondor(days=30, every="day", enter="rsi_14 < 60", exit="realised_vol_21 > 0.25")),
]
SHARES = [0.10, 0.70]


def walk() -> pl.DataFrame:
    """Two made-up years with a crash in it, so that stops, doublings and refusals happen."""
    steps = np.random.default_rng(5).normal(0.0002, 0.009, len(DAYS))
    steps[200:206] -= 0.025
    vix = 15 + 300 * np.convolve(np.abs(steps), np.full(10, 0.1))[: len(DAYS)]
    return pl.DataFrame({"date": DAYS, "spx": 4000 * np.exp(np.cumsum(steps)), "vix": vix})


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("histories")
    walk().write_csv(folder / "whole.csv")
    walk().head(KEPT).write_csv(folder / "cut.csv")
    return [
        av.compare(
            ARMS,
            History(folder / name, **RATES),
            sessions=SESSIONS,
            shares=SHARES,
            every=EVERY,
            capital=500_000,
        )
        for name in ("whole.csv", "cut.csv")
    ]


def test_something_happens(runs):
    frame = runs[1].paths().collect()
    assert frame["max_drawdown"].max() > 0.2
    assert frame["lost"].max() > 0
    assert frame["closed_early"].max() > 0
    assert frame["max_lots"].max() > frame["max_lots"].min()


def test_figures_of_the_past_are_equal_bit_for_bit(runs):
    whole, cut = (run.paths().collect() for run in runs)
    assert whole["path"].n_unique() > cut["path"].n_unique() > 5
    past = whole.filter(pl.col("path") < cut["path"].n_unique())
    assert past.columns == cut.columns
    for name in cut.columns:
        if cut.schema[name] == pl.Float64:
            assert past[name].to_numpy().tobytes() == cut[name].to_numpy().tobytes(), name
        else:
            assert past[name].equals(cut[name]), name


@pytest.mark.parametrize("arm", [arm.name for arm in ARMS])
def test_ledgers_of_the_past_are_equal_bit_for_bit(runs, arm):
    last = runs[1].task.paths - 1
    for path in (0, last // 2, last):
        for share in SHARES:
            whole, cut = (run.trace(path, arm, share) for run in runs)
            for name in cut.ledger.columns:
                assert whole.ledger[name].to_list() == cut.ledger[name].to_list(), name
            assert str(whole.events.to_dicts()) == str(cut.events.to_dicts())  # NaN equals NaN in print
