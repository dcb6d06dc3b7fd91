"""The bound on the fall of the variance-swap curve, by a second hand; the core's states: tests/reached.rs."""

import numpy as np
import pytest

import calendar_bound
from alvh.market import L3F
from estimation.forms import FORMS
from twin_surface import MEASURED, STEEPEST_FALL, State, Surface


def test_no_mix_of_factors_has_a_negative_calendar():
    states = calendar_bound.mixed(np.random.default_rng(4), states=1_000)
    assert len(calendar_bound.negative(states, STEEPEST_FALL)) == 0
    assert len(calendar_bound.negative(states, np.inf)) > 300


def test_the_second_hand_has_the_twins_slices():
    assert calendar_bound.MEASURED == MEASURED
    surface = Surface(L3F().spec())
    for state in calendar_bound.mixed(np.random.default_rng(5), states=40):
        x, day = state[:3], state[3:]
        kept = np.minimum(1, STEEPEST_FALL / np.maximum(calendar_bound.steepest(x[None]), 1e-300))
        for sessions in (1.0, 21.0, 100.0):
            target = calendar_bound.swap_variance(x[None], kept, sessions) * np.exp(2 * day[0])
            found = np.array(calendar_bound.smile(target, day[None], sessions))[:, 0]
            smile = surface.smile(State(5000.0, tuple(x), 0.04, 0.013, tuple(day)), sessions)
            assert found == pytest.approx([smile.theta, smile.rho, smile.zeta], rel=1e-9)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_form_of_wild_sessions_has_variance_one(form):
    w = form.variances(np.random.default_rng(6), 5_000)
    assert w.mean() == pytest.approx(1.0, abs=0.005)
    assert (w > 0).all()
    wild = w > 2
    share = 0.04 + form.wildest
    assert wild.mean() == pytest.approx(share, abs=0.002)
    if form.again is not None and form.wildest == 0:
        assert wild[1:][wild[:-1]].mean() == pytest.approx(form.again, abs=0.015)
