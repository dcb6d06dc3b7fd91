"""Rows of the audit about losses, calls, time and rolls, recomputed (R6, R12, R83, C22)."""

import numpy as np
import pytest

import alvh as av
from alvh.claims import losses, table
from alvh.claims.decay import decay_rows
from alvh.claims.losses import CALLED_MARGIN, call_rows, called_arms, loss_rows
from alvh.figures.by_session import earned
from alvh.market import L3F
from alvh.statistics import ratio_interval

FEW = {"paths": 48, "surface_band": 0, "seed": 7}


@pytest.fixture(scope="module")
def hedged():
    return av.compare([av.preset("plain"), av.preset("alvh_0")], L3F(vix=20), shares=[0.10], **FEW)


@pytest.fixture(scope="module")
def called():
    terms = {"shares": [0.70], "sessions": 126, "margin": CALLED_MARGIN}
    return av.compare(called_arms(), L3F(vix=24), **terms, **FEW)


def test_losses_are_those_of_sharp_moves_and_of_vix_that_rises(hedged):
    (row,) = loss_rows(hedged, 0.10)
    series = hedged.series(["plain"])["plain"]
    y = earned(series, 1e6)
    of = {"sharp": 0.0, "vix": 0.0, "either": 0.0, "all": 0.0}
    for path in range(48):
        for t in range(252):
            lost = max(-y[path, t], 0.0)
            move = abs(np.log(series["spot"][path, t + 1] / series["spot"][path, t]))
            sharp = move >= 1.5 * series["vix"][path, t] / 100 / np.sqrt(252)
            rose = series["vix"][path, t + 1] / series["vix"][path, t] >= 1.1
            for name, counts in (("sharp", sharp), ("vix", rose), ("either", sharp or rose), ("all", True)):
                of[name] += lost * counts
    assert row.claim is table.LOSSES
    assert row.estimate.value == pytest.approx(of["either"] / of["all"])
    assert f"implied: {of['sharp'] / of['all']:.0%} in " in row.note
    assert f"10% or more: {of['vix'] / of['all']:.0%} in " in row.note
    assert row.estimate.value < of["sharp"] / of["all"] + of["vix"] / of["all"]


def test_momentum_lasts_three_closes_on_one_side():
    low, high, none = (30.0, -1.0), (70.0, 1.0), (50.0, 1.0)
    told = [low, low, low, high, high, low, none, high, high, high, high, (70.0, -1.0)]
    rsi, over = (np.array([column]) for column in zip(*told, strict=True))
    ticks = {"rsi_14": rsi, "macd": over, "macd_signal": np.zeros_like(over)}
    lasted = losses._persistent(ticks)[0]
    assert np.flatnonzero(lasted).tolist() == [2, 9, 10]
    rsi[0, 1] = np.nan  # unknown is no momentum
    assert np.flatnonzero(losses._persistent(ticks)[0]).tolist() == [9, 10]


def test_a_difference_of_rates_has_the_interval_of_both():
    """Where the two rates are independent their variances add."""
    rng = np.random.default_rng(5)
    momentum = np.zeros((4_000, 40), dtype=bool)
    momentum[:2_000] = True  # of other paths than those without
    opened = (rng.random(momentum.shape) < np.where(momentum, 0.03, 0.01)).astype(float)
    found = losses._difference(opened, momentum)
    parts = [
        ratio_interval((opened * where).sum(axis=1), where.sum(axis=1).astype(float))
        for where in (momentum, ~momentum)
    ]
    assert found.value == pytest.approx(parts[0].value - parts[1].value)
    wide = np.hypot(*(part.high - part.value for part in parts))
    assert found.high - found.value == pytest.approx(wide, rel=1e-3)
    assert found.low > 0


def test_calls_are_counted_by_what_was_known_before_them(called):
    rows = {row.variant.split(":")[0]: row for row in call_rows(called)}
    assert list(rows) == ["plain", "martingale"]
    for arm, row in rows.items():
        log = called.calls(arm)
        calls = log.select("path", "tick").unique().height
        assert f" of {calls} calls then" in row.note
        assert calls > 10
    ticks = called.call_ticks("martingale")
    lasted = losses._persistent(ticks)
    at = called.calls("martingale").select("path", "tick").unique().rows()
    then = sum(bool(lasted[path, tick - 1]) for path, tick in at)
    assert f"{then} of {len(at)} calls then" in rows["martingale"].note
    during = lasted[:, :-1].sum()
    rate = then / during - (len(at) - then) / (lasted[:, :-1].size - during)
    assert rows["martingale"].estimate.value == pytest.approx(rate)


def test_time_is_paid_for_and_rolls_are_told_by_layer(hedged):
    theta, *rolled = decay_rows(hedged)
    view = hedged.greek_view("alvh_0").filter(side="hedge", term="theta").row(0, named=True)
    assert theta.claim is table.TEMPORAL
    assert theta.estimate.value == pytest.approx(view["dollars"] / 1e6)
    assert theta.n == 48
    assert theta.estimate.high < 0  # C22: what is bought pays for time
    told = hedged.rolls("alvh_0").filter(figure="harvested")
    assert [row.variant.split(", ")[1].split(":")[0] for row in rolled] == told["layer"].to_list()
    for row, value in zip(rolled, told["estimate"], strict=True):
        assert row.claim is table.HARVEST
        assert row.estimate is None or row.estimate.value == value


def test_a_hedge_that_holds_nothing_has_no_theta():
    layer = av.Layer("calls", buy=av.vix_call(), size=av.offset("core.vega", 0.5), enter="vix > 200")
    idle = av.preset("plain").replace(name="alvh_0", layers=[layer])
    result = av.compare([idle], L3F(vix=16), paths=4, sessions=21, shares=[0.10], surface_band=0)
    (row,) = decay_rows(result)
    assert row.estimate is None
    assert row.note == "the hedge held nothing"
