"""The parts of the twin alone: surface, strikes, calendar, rules."""

from math import log, sqrt

import numpy as np
import pytest
from scipy.stats import norm

from twin_calendar import Calendar
from twin_layer import Terms
from twin_plan import CONTRACT, COSTS, NEXT_WEEK, SPOT, condor, leg, schedule
from twin_rules import evaluate
from twin_strikes import strikes
from twin_surface import Smile, State, Surface, delta_strike, quotes, total_sd

FACTORS = (0.08, -0.02, 0.02)  # VIX 21.1


def test_the_smile_of_vix_20_has_its_published_levels():
    """At-the-money vols over 1, 5, 21, 63 and 126 sessions, factors at their likeliest for the VIX."""
    s, k_p = np.array([1.03, 0.83, 0.33]), np.array([20, 2.5, 0.6])
    rho = np.array([[1, 0.19, 0.43], [0.19, 1, 0.04], [0.43, 0.04, 1]])
    stationary = np.outer(s, s) * rho / np.add.outer(k_p, k_p)
    m = np.array([-0.03, -0.24, 0.10])
    x = m + stationary.sum(axis=1) / stationary.sum() * (log(20 - 6) - 2.635 - m.sum())
    surface = Surface({"model": "l3f"})
    assert surface.vix(x) == pytest.approx(20, rel=1e-14)
    state = State(SPOT, tuple(x), 0.04, 0.01)
    vols = [100 * sqrt(surface.smile(state, n).theta * 252 / n) for n in (1, 5, 21, 63, 126)]
    assert vols == pytest.approx([16.5, 16.8, 17.1, 17.8, 18.2], abs=0.15)


def test_a_delta_strike_has_its_delta():
    state = State(SPOT, FACTORS, 0.04, 0.01)
    smile = Surface({"model": "replay"}).smile(state, 30)
    on_offer = quotes(state, smile, 43)
    for sign in (-1.0, 1.0):
        k = log(delta_strike(on_offer, sign, 0.10) / on_offer.forward)
        sd = total_sd(smile, k)
        assert norm.cdf(sign * (-k / sd + sd / 2)) == pytest.approx(0.10, rel=1e-12)


def terms(legs, **contract):
    plan = {"contracts": {"SPXW": CONTRACT | contract}, "costs": COSTS}
    return Terms(condor(1, NEXT_WEEK) | {"legs": legs}, plan, Calendar(schedule(20)))


def test_expected_moves_are_rounded_away_from_their_centre():
    on_offer = quotes(State(5002.0, FACTORS, 0.0, 0.0), Smile(0.0004, 0.0, 0.0), 7)  # a move of 2%
    legs = [
        leg(right, -1, by="expected_move", multiple=1.0, drift="forward", erp=0.05) for right in ("P", "C")
    ] + [leg("P", 1, by="offset", **{"from": 0}, width={"fraction": 0.01})]
    spx, state = terms(legs), State(5002.0, FACTORS, 0.0, 0.0)
    assert strikes(spx, on_offer, state, 7) == [4900, 5105, 4850]  # 4901.96 and 5102.04; 50.02 apart
    legs[0] = leg("P", -1, by="expected_move", multiple=1.0, drift="capm", erp=0.365)  # 0.7% in 7 days
    assert strikes(terms(legs), on_offer, state, 7)[0] == 4935  # below 5037.1 - 100.04 = 4937.1
    xsp = terms(legs[1:2], index_fraction=0.1, strike_steps=[(0.0, 1.0)])
    assert (xsp.contract.grid(5000.0), xsp.dpp, strikes(xsp, on_offer, state, 7)) == (10, 10, [5110])


def test_puts_and_calls_that_cross_are_no_package():
    legs = [leg("P", -1, by="delta", value=0.7), leg("C", -1, by="delta", value=0.7)]
    state = State(SPOT, FACTORS, 0.0, 0.0)
    assert strikes(terms(legs), quotes(state, Smile(0.0004, 0.0, 0.0), 7), state, 7) is None


def test_spreads_of_a_small_product_are_a_tenth_of_its_own_prices():
    state = State(SPOT, FACTORS, 0.0, 0.0)
    on_offer = quotes(state, Smile(0.0, 0.0, 0.0), 0)
    xsp = terms([leg("P", -1, by="delta", value=0.5)], index_fraction=0.1, strike_steps=[(0.0, 1.0)])
    # A put 20 points in the money: 2 in the product's own points; VIX 40 widens by 2^1.25.
    expected = 0.5 * 0.071 * 2**0.43 * 2**1.25 / 0.1
    assert xsp.slip([SPOT + 20], on_offer, 40.0, 0.5) == pytest.approx(expected, rel=1e-14)


def test_challenge_is_measured_to_the_break_even_of_the_side_the_spot_went_to():
    core = terms(condor(1, NEXT_WEEK)["legs"])
    package, credit = [4900.0, 4850.0, 5100.0, 5150.0], 5.0
    assert core.challenge(package, credit, SPOT, 4937.0) == pytest.approx(63 / 105)
    assert core.challenge(package, credit, SPOT, 5021.0) == pytest.approx(21 / 105)
    assert core.challenge(package, credit, SPOT, SPOT) == 0
    assert terms([leg("P", 1, by="delta", value=0.7)]).challenge([5100.0], -120.0, SPOT, 4900.0) is None


def test_slots_are_free_when_their_turn_comes_and_no_fewer_would_do():
    calendar = Calendar(schedule(200))
    window = {"low": 38, "high": 52, "target": 45}
    weekly = calendar.decisions("week")
    slots = calendar.slots(weekly, "SPXW", window)
    decisions = [i for i in range(201) if weekly[i]]
    assert decisions == list(range(0, 201, 5))

    def free(count):
        pairs = zip(decisions, decisions[count:], strict=False)
        return all(calendar.expiry("SPXW", window, i + 1) <= now for i, now in pairs)

    assert free(slots)
    assert not free(slots - 1)


def test_rules_are_three_valued():
    vix, missing = {"op": "gt", "args": [{"name": "vix"}, {"const": 28.0}]}, {"name": "challenge"}
    unknown = {"op": "gt", "args": [missing, {"const": 0.6}]}
    held = {"op": "for_sessions", "args": [vix], "n": 2}
    names = {"vix": 30.0, "challenge": None}
    assert evaluate({"op": "and", "args": [vix, unknown]}, names, {}) is None
    assert evaluate({"op": "or", "args": [unknown, vix]}, names, {}) is True
    assert evaluate({"op": "and", "args": [unknown, vix]}, names | {"vix": 20.0}, {}) is False
    assert evaluate({"op": "known", "args": [unknown]}, names, {}) is False
    memory = {}
    seen = [evaluate(held, {"vix": v}, memory) for v in (30.0, 30.0, 20.0, 30.0, 30.0)]
    assert seen == [None, True, False, False, True]
    low = {"op": "lt", "args": [{"name": "vix"}, {"const": 25.0}]}
    latch, memory = {"op": "latch", "args": [vix, low]}, {}
    seen = [evaluate(latch, {"vix": v}, memory) for v in (26.0, 30.0, 26.0, None, 20.0, 26.0)]
    assert seen == [False, True, True, True, False, False]
