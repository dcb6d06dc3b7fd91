"""Prices by simulation against closed forms, over a grid, with z-scores."""

import numpy as np
import pytest

from alvh import market

TENORS = (5, 21, 63, 252)  # sessions
DEVIATIONS = (-2.0, -1.0, 0.0, 1.0, 2.0)
PATHS = 20_000


@pytest.mark.parametrize("vol", [0.08, 0.25, 0.7])
def test_gbm_options_by_simulation_are_worth_their_closed_form(vol):
    """Puts and calls at 5 strikes and 4 tenors: no z-score beyond 4, and together as wide as normal ones."""
    model = market.GBM(vol=vol, spot=100.0, rate=0.03, dividend_yield=0.01, erp=0.0)
    spot = model.simulate(PATHS, max(TENORS), seed=11)["spot"]
    scores = []
    for sessions in TENORS:
        years = sessions / 252
        forward = 100.0 * np.exp((0.03 - 0.01) * years)
        strikes = forward * np.exp(vol * years**0.5 * np.array(DEVIATIONS))
        for sign in (1.0, -1.0):
            payoff = np.exp(-0.03 * years) * np.maximum(sign * (spot[:, sessions, None] - strikes), 0.0)
            price = model.quotes(strikes, sessions, sign, days=365 * years).price
            scores.append((payoff.mean(axis=0) - price) / (payoff.std(axis=0) / PATHS**0.5))
    z = np.array(scores)
    assert np.abs(z).max() < 4
    assert 0.4 < np.sqrt((z**2).mean()) < 1.8  # strikes and tenors of one set of paths are correlated
