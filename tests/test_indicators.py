"""Indicators against NumPy twins and the published example."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh import _core
from alvh import rules as r

GOLDEN = Path(__file__).parent / "golden" / "rsi14_stockcharts.csv"


def compute(name, spot):
    spot = np.asarray(spot, dtype=float)
    return _core.indicator(name, spot, np.full_like(spot, 20.0))


def rsi_twin(spot, n=14):
    out = np.full(len(spot), np.nan)
    change = np.diff(spot)
    gain, loss = change[:n].clip(0).mean(), -change[:n].clip(None, 0).mean()
    for i in range(n, len(spot)):
        if i > n:
            gain = (gain * (n - 1) + max(change[i - 1], 0)) / n
            loss = (loss * (n - 1) + max(-change[i - 1], 0)) / n
        out[i] = 100 - 100 / (1 + gain / loss)
    return out


def realised_vol_twin(spot, n=21):
    returns = np.diff(np.log(spot))
    windows = np.lib.stride_tricks.sliding_window_view(returns, n)
    return np.concatenate([np.full(n, np.nan), np.sqrt(252 * (windows**2).mean(axis=1))])


def drawdown_twin(spot):
    return 1 - spot / np.maximum.accumulate(spot)


TWINS = {"rsi_14": rsi_twin, "realised_vol_21": realised_vol_twin, "drawdown": drawdown_twin}
paths = st.integers(0, 2**32 - 1).map(
    lambda seed: 4000 * np.exp(np.cumsum(0.01 * np.random.default_rng(seed).standard_normal(80)))
)


@pytest.mark.parametrize("name", TWINS)
@settings(max_examples=30, deadline=None)
@given(paths)
def test_twin(name, spot):
    np.testing.assert_allclose(compute(name, spot), TWINS[name](spot), rtol=1e-11, atol=1e-13)


def test_published_rsi():
    rows = list(csv.DictReader(GOLDEN.read_text().splitlines()))
    ours = compute("rsi_14", [float(row["close"]) for row in rows])
    for row, value in zip(rows, ours, strict=True):
        if row["rsi_published_2dp"]:
            assert value == pytest.approx(float(row["rsi_published_2dp"]), abs=0.00501)
            assert value == pytest.approx(float(row["rsi_talib_4dp"]), abs=0.0000501)
        else:
            assert np.isnan(value)


def test_only_rises_and_no_move():
    rises = compute("rsi_14", np.arange(1, 31))
    assert np.isnan(rises[:14]).all()
    assert (rises[14:] == 100).all()
    assert np.isnan(compute("rsi_14", np.full(30, 5.0))).all()
    assert (compute("realised_vol_21", np.full(30, 5.0))[21:] == 0).all()


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_a_missing_spot_passes(hole):
    spot = 100 + np.arange(80) % 7.0
    holed = spot.copy()
    holed[30] = hole
    rsi, vol, drawdown = (compute(name, holed) for name in ("rsi_14", "realised_vol_21", "drawdown"))
    assert np.isnan(rsi[30:45]).all()
    np.testing.assert_allclose(rsi[45:], rsi_twin(spot[31:])[14:], rtol=1e-12)
    assert np.flatnonzero(np.isnan(vol[21:])).tolist() == list(range(9, 31))
    assert np.flatnonzero(np.isnan(drawdown)).tolist() == [30]


def test_realised_vol_forgets_exactly():
    spot = 4000 * np.exp(np.cumsum(0.01 * np.random.default_rng(1).standard_normal(200)))
    assert (compute("realised_vol_21", spot)[100:] == compute("realised_vol_21", spot[50:])[50:]).all()


def test_rsi_is_settled_after_its_warm_up():
    warm_up = {row.name: row.warm_up for row in r.names()}["rsi_14"]
    spot = 4000 * np.exp(np.cumsum(0.01 * np.random.default_rng(2).standard_normal(600)))
    late = compute("rsi_14", spot[300:])[warm_up:]
    assert np.abs(late - compute("rsi_14", spot)[300 + warm_up :]).max() < 0.1


def test_unknown_indicators_and_lengths_are_refused():
    with pytest.raises(_core.AlvhError, match="the indicators are rsi_14, realised_vol_21, drawdown"):
        compute("macd", [1.0])
    with pytest.raises(_core.AlvhError, match="vix: 2 sessions"):
        _core.indicator("drawdown", np.ones(3), np.ones(2))


def test_every_indicator_has_a_twin():
    with pytest.raises(_core.AlvhError) as refusal:
        compute("", [1.0])
    registered = str(refusal.value).split("the indicators are ")[1]
    assert set(TWINS) == set(registered.split(", "))
