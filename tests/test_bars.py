"""Bars inside sessions through Python; what they are made of is held by rust/core/tests/bars.rs."""

from datetime import date

import numpy as np
import polars as pl
import pytest

import recorded_market
from alvh import market
from alvh.draws import Importance
from alvh.errors import AlvhError
from alvh.history import History

INNOVATIONS = tuple((z / 4 - 1, 0.3 - z / 9, 0.1, -0.2) for z in range(30))
MODELS = {
    "l3f": market.L3F(vix=20),
    "pdv4": market.PDV4(),
    "fhs": market.FHS(innovations=INNOVATIONS),
    "bates": market.Bates(),
    "gbm": market.GBM(),
}
DAYS = {
    "date": [date(2018, 2, 1), date(2018, 2, 2), date(2018, 2, 5), date(2018, 2, 6)],
    "spx": [2800.0, 2760.0, 2650.0, 2695.0],
    "vix": [13.5, 17.0, 37.0, 30.0],
    "open": [2802.0, 2795.0, None, 2615.0],
    "high": [2810.0, 2796.0, 2763.0, 2701.0],
    "low": [2790.0, 2759.996, 2638.0, 2593.0],
}


def replay(days=DAYS):
    return History(pl.DataFrame(days), rate=0.015, dividend_yield=0.019)


@pytest.mark.parametrize("name", MODELS)
def test_closes_are_those_of_simulate(name):
    model = MODELS[name]
    closes = model.simulate(300, 4, seed=5)
    for bars in (1, 13, 65):
        found = model.bars(300, 4, bars=bars, seed=5)
        assert found.spot.shape == found.vix.shape == (300, 4, bars + 1)
        np.testing.assert_array_equal(found.spot[..., -1], closes["spot"][:, 1:])
        np.testing.assert_array_equal(found.vix[..., -1], closes["vix"][:, 1:])
        assert found.extreme is found.weight is None
        assert not found.recorded.any()
        assert found.minutes.tolist() == list(range(0, 391, 390 // bars))


def test_importance_draws_have_the_weights_of_their_closes():
    model = market.L3F()
    drawn = model.simulate(300, 5, seed=1, draws=Importance(shift=2.0))
    found = model.bars(300, 5, seed=1, draws=Importance(shift=2.0))
    np.testing.assert_array_equal(found.weight, drawn["weight"])
    np.testing.assert_array_equal(found.spot[..., -1], drawn["spot"][:, 1:])


def test_vix_and_spx_move_against_each_other_inside_the_day():
    """As they do from close to close: the correlation of quiet sessions, in every bar."""
    quiet = market.Dynamics(wild_probability=0.0, wild_variance=1.0)
    model = market.L3F(vix=20, dynamics=quiet)
    found, closes = model.bars(8000, 1), model.simulate(8000, 1)
    spot, vix = (np.diff(np.log(each[:, 0]), axis=1) for each in (found.spot, found.vix - 6))
    inside = [np.corrcoef(spot[:, bar], vix[:, bar])[0, 1] for bar in range(13)]
    moved = np.log(closes["spot"][:, 1] / closes["spot"][:, 0]), np.log(closes["vix"][:, 1] - 6)
    daily = np.corrcoef(*moved)[0, 1]
    assert daily < -0.7
    np.testing.assert_allclose(inside, daily, atol=4.5 * (1 - daily**2) / np.sqrt(8000))


def test_a_steeper_profile_moves_variance_to_the_opening():
    model = market.GBM()
    flat = model.bars(4000, 1, profile=market.Profile(open=0, close=0))
    steep = model.bars(4000, 1, profile=market.Profile(open=10, close=0, decay=20))
    first, steeper = (np.log(each.spot[:, 0, 1] / each.spot[:, 0, 0]).var() for each in (flat, steep))
    share = (30 + 200 * (1 - np.exp(-1.5))) / (390 + 200 * (1 - np.exp(-19.5))) / (30 / 390)
    assert steeper / first == pytest.approx(share, rel=4.5 * np.sqrt(4 / 4000))


def test_recorded_days_reproduce_their_four_prices():
    found = replay().bars(200, 3, seed=2)
    assert found.recorded.tolist() == [True, False, True]
    for session, row in ((0, 1), (2, 3)):
        spot, extreme = found.spot[:, session], found.extreme[:, session]
        highest = max(DAYS["high"][row], DAYS["open"][row])
        np.testing.assert_allclose(spot.max(axis=1), highest, rtol=1e-14)
        np.testing.assert_allclose(spot.min(axis=1), DAYS["low"][row], rtol=1e-14)
        np.testing.assert_allclose(spot[:, 0], DAYS["open"][row], rtol=1e-14)
        np.testing.assert_allclose(spot[:, -1], DAYS["spx"][row], rtol=1e-14)
        assert (extreme.sum(axis=1) == 2).all()
        for pick in (np.argmax, np.argmin):
            at = pick(spot, axis=1)
            assert extreme[np.arange(200), at].all()
    assert not found.extreme[:, 1].any()
    assert found.spot[:, 1, 0].std() > 1.0  # no opening recorded: drawn
    np.testing.assert_allclose(found.vix[..., -1], [DAYS["vix"][1:]] * 200, rtol=1e-12)


def test_a_close_a_cent_below_its_low_is_its_low():
    days = DAYS | {"low": [2790.0, 2760.005, 2638.0, 2593.0]}
    found = replay(days).bars(20, 1)
    np.testing.assert_allclose(found.spot.min(axis=2), 2760.0, rtol=1e-14)
    assert found.extreme[:, 0, -1].all()


def test_days_without_a_range_are_bridged():
    without = {name: column for name, column in DAYS.items() if name != "low"}
    flat = DAYS | dict.fromkeys(("open", "high", "low"), DAYS["spx"])
    for days in (without, flat):
        assert not replay(days).bars(5, 3).recorded.any()


def test_mistakes_are_named():
    drawn, replayed = market.GBM(), replay()
    for call, words in (
        (lambda: drawn.bars(10, 1, bars=391), "bars = 391: must lie between 1 and 390, the minutes of a day"),
        (lambda: drawn.bars(0, 1), "paths = 0: must be at least 1"),
        (lambda: drawn.bars(10, 1, profile=market.Profile(decay=0)), "profile.decay = 0: must lie between"),
        (lambda: replayed.bars(10, 3, bars=2), "bars = 2: a day with a recorded high and low needs at least"),
        (lambda: replayed.bars(10, 4), "sessions = 4: from row 0 on there are 3 sessions"),
        (lambda: replayed.bars(10, 3, start=-1), "start = -1: must be a whole number"),
        (lambda: replayed.bars(10, 1.5), "sessions = 1.5: must be a whole number"),
        (lambda: drawn.bars(10, 1, bars=1.5), "bars = 1.5: must be a whole number"),
        (lambda: replayed.bars(10, 3, start=1), "sessions = 3: from row 1 on there are 2 sessions"),
    ):
        with pytest.raises(AlvhError, match=words):
            call()


@recorded_market.needs_data
def test_every_recorded_day_of_three_years_is_reproduced():
    first, last = date(2010, 1, 4), date(2012, 12, 31)
    prices = pl.read_parquet(recorded_market.folder() / "indices" / "spx_daily.parquet")
    closes = recorded_market.closes(first, last).drop("vix3m", "vix6m")
    days = closes.join(prices.select("date", "open", "high", "low"), on="date")
    past = History(days, rate=0.02, dividend_yield=0.02, gaps="report")
    sessions = len(past.data) - 1
    found = past.bars(2, sessions, seed=3)
    frame = past.data.frame[1:]
    assert found.recorded.mean() > 0.99
    known = found.recorded
    for spot in found.spot:
        for price, column in (
            (spot.max(axis=1), np.maximum.reduce([frame[c].to_numpy() for c in ("high", "open", "spx")])),
            (spot.min(axis=1), np.minimum.reduce([frame[c].to_numpy() for c in ("low", "open", "spx")])),
            (spot[:, 0], frame["open"].to_numpy()),
            (spot[:, -1], frame["spx"].to_numpy()),
        ):
            np.testing.assert_allclose(price[known], column[known], rtol=1e-13)
    assert (found.vix > 6).all()
    assert np.isfinite(found.vix).all()
