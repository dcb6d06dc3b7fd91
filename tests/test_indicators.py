"""Indicators against NumPy twins and published worked tables."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh import _core
from alvh import rules as r
from twin_indicators import INDICATORS, rsi

MACD = Path(__file__).parent / "golden" / "macd_investexcel.csv"
GOLDEN = Path(__file__).parent / "golden" / "rsi14_stockcharts.csv"


OF_VIX = {"vix_percentile_252", "volatility_band"}
FRIDAYS = 5


def compute(name, spot, week_ends=None):
    """The indicator on the series, which is the VIX where the indicator reads that."""
    series = np.asarray(spot, dtype=float)
    level = np.full_like(series, 20.0)
    ends = np.zeros(len(series), bool) if week_ends is None else week_ends
    return _core.indicator(name, *((level, series) if name in OF_VIX else (series, level)), ends)


levels = st.integers(0, 2**32 - 1).map(
    lambda seed: np.exp(3 + 0.4 * np.random.default_rng(seed).standard_normal(280)).round(1)
)
paths = st.integers(0, 2**32 - 1).map(
    lambda seed: 4000 * np.exp(np.cumsum(0.01 * np.random.default_rng(seed).standard_normal(280)))
)


weeks = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).random(280) < 0.25)


@pytest.mark.parametrize("name", INDICATORS)
@settings(max_examples=20, deadline=None)
@given(paths, levels, weeks, paths)
def test_twin(name, spot, vix, week_ends, broad):
    found = _core.indicator(name, spot, vix, week_ends, broad)
    wanted = INDICATORS[name](spot, vix, week_ends, broad)
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-9)
    assert np.isfinite(found).any()


def test_published_macd():
    rows = list(csv.DictReader(MACD.read_text().splitlines()))
    close = np.array([float(row["close"]) for row in rows])
    for name, column in (("macd", "macd"), ("macd_signal", "signal")):
        published = [float(row[column] or "nan") for row in rows]  # ten digits
        np.testing.assert_allclose(compute(name, close), published, rtol=0, atol=5.1e-9)
        assert np.isfinite(published).sum() == {"macd": 41, "signal": 33}[column]


def test_weeks_stand_until_the_next_is_over():
    spot = 4000 * np.exp(np.cumsum(0.01 * np.random.default_rng(3).standard_normal(300)))
    ends = np.arange(300) % FRIDAYS == FRIDAYS - 1
    weekly = compute("rsi_14_weekly", spot, ends)
    np.testing.assert_array_equal(weekly[ends], compute("rsi_14", spot[ends]))
    monday = np.flatnonzero(ends)[:-1] + 1
    np.testing.assert_array_equal(weekly[monday], weekly[ends][:-1])


def test_resistance_is_the_high_of_sixty_sessions():
    spot = np.concatenate([[200.0], np.full(60, 100.0)])
    distance = compute("distance_to_resistance", spot)
    assert np.isnan(distance[:59]).all()
    assert distance[59:].tolist() == [0.5, 0.0]


def test_bands_begin_at_their_level():
    """R40: below 15, 15 to 20, 20 to 25, 25 to 28, 28 to 35, above 35."""
    vix = [14.99, 15, 19.99, 20, 25, 28, 35, 35.01, np.nan]
    np.testing.assert_array_equal(compute("volatility_band", vix), [0, 1, 1, 2, 3, 4, 4, 5, np.nan])


def test_the_named_percentile_is_the_operator():
    vix = np.exp(3 + 0.4 * np.random.default_rng(5).standard_normal(300))
    spec = {"text": "", "tree": r.signal("vix").percentile(252).tree.json()}
    operator = _core.evaluate_number(json.dumps(spec), "market", {"vix": vix})
    np.testing.assert_array_equal(compute("vix_percentile_252", vix), operator)


def test_the_macd_starts_anew_after_a_missing_spot():
    spot = 100 + np.arange(120) % 7.0
    holed = spot.copy()
    holed[40] = np.nan
    assert np.isnan(compute("macd", holed)[40:66]).all()
    np.testing.assert_array_equal(compute("macd", holed)[41:], compute("macd", spot[41:]))
    np.testing.assert_array_equal(compute("macd_signal", holed)[41:], compute("macd_signal", spot[41:]))


@pytest.mark.parametrize("name", ["macd", "macd_signal"])
def test_the_macd_is_settled_after_its_warm_up(name):
    warm_up = {row.name: row.warm_up for row in r.names()}[name]
    spot = 4000 * np.exp(np.cumsum(0.01 * np.random.default_rng(2).standard_normal(600)))
    late = compute(name, spot[300:])[warm_up:]
    assert np.abs(late - compute(name, spot)[300 + warm_up :]).max() < 0.004 * np.ptp(spot)


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
    index, vol, drawdown = (compute(name, holed) for name in ("rsi_14", "realised_vol_21", "drawdown"))
    assert np.isnan(index[30:45]).all()
    np.testing.assert_allclose(index[45:], rsi(spot[31:])[14:], rtol=1e-12)
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


def test_a_beta_is_the_slope_on_the_broader_index():
    """C7: twice its returns is a beta of 2, itself of 1; against what stands still there is none."""
    broad = 4000 * np.exp(np.cumsum(0.01 * np.random.default_rng(4).standard_normal(200)))
    level, never = np.full(200, 20.0), np.zeros(200, bool)

    def beta(spot, broad):
        return _core.indicator("market_beta", spot, level, never, broad)

    for multiple in (1, 2):
        found = beta(10 * broad**multiple, broad)
        assert np.isnan(found[:60]).all()
        np.testing.assert_allclose(found[60:], multiple, rtol=1e-12)
    assert np.isnan(beta(broad, np.full(200, 7.0))).all()
    assert np.isnan(beta(broad, 7.0 * 1.0001 ** np.arange(200))).all()
    assert np.isnan(_core.indicator("market_beta", broad, level, never)).all()


@pytest.mark.parametrize("hole", [np.nan, np.inf, 0.0])
def test_a_missing_close_of_either_index_leaves_the_beta_with_its_returns(hole):
    rng = np.random.default_rng(6)
    broad, spot = 4000 * np.exp(np.cumsum(0.01 * rng.standard_normal((2, 200)), axis=1))
    level, never = np.full(200, 20.0), np.zeros(200, bool)
    whole = _core.indicator("market_beta", spot, level, never, broad)
    for holed in (spot.copy(), broad.copy()):
        first = np.array_equal(holed, spot)
        holed[80] = hole
        pair = (holed, level, never, broad) if first else (spot, level, never, holed)
        found = _core.indicator("market_beta", *pair)
        assert np.flatnonzero(np.isnan(found[60:])).tolist() == list(range(20, 81))
        np.testing.assert_array_equal(found[141:], whole[141:])
    cut = _core.indicator("market_beta", spot[:130], level[:130], never[:130], broad[:130])
    np.testing.assert_array_equal(cut, whole[:130])


def test_unknown_indicators_and_lengths_are_refused():
    with pytest.raises(
        _core.AlvhError, match="the indicators are rsi_14, realised_vol_21, drawdown, return_1, macd"
    ):
        compute("vortex", [1.0])
    with pytest.raises(_core.AlvhError, match="vix: 2 sessions"):
        _core.indicator("drawdown", np.ones(3), np.ones(2), np.zeros(3, bool))
    with pytest.raises(_core.AlvhError, match="week_ends: 2 sessions"):
        _core.indicator("drawdown", np.ones(3), np.ones(3), np.zeros(2, bool))
    with pytest.raises(_core.AlvhError, match="broad: 2 sessions"):
        _core.indicator("drawdown", np.ones(3), np.ones(3), np.zeros(3, bool), np.ones(2))


def test_every_indicator_has_a_twin():
    with pytest.raises(_core.AlvhError) as refusal:
        compute("", [1.0])
    registered = str(refusal.value).split("the indicators are ")[1]
    assert set(INDICATORS) == set(registered.split(", "))
