"""NumPy with SciPy's normal distribution, as a user writes it from spot, rate and dividend yield."""

import numpy as np
from scipy.special import ndtr

from benches.pricing.inputs import SPOT, Columns, Floats
from benches.pricing.peers import Peer

INVERSE_ROOT_2PI = 0.3989422804014327
MOST_ITERATIONS = 40


def price(c: Columns) -> Floats:
    """Black-Scholes-Merton."""
    _, d1, d2 = _moneyness(c)
    asset, cash = SPOT * np.exp(-c.dividend * c.years), c.strike * np.exp(-c.rate * c.years)
    return c.sign * (asset * ndtr(c.sign * d1) - cash * ndtr(c.sign * d2))


def greeks(c: Columns) -> list[Floats]:
    """Delta, gamma, vega, theta, rho."""
    sd, d1, d2 = _moneyness(c)
    asset, cash = np.exp(-c.dividend * c.years), c.strike * np.exp(-c.rate * c.years)
    density = INVERSE_ROOT_2PI * np.exp(-0.5 * d1 * d1)
    first, second = c.sign * asset * ndtr(c.sign * d1), c.sign * cash * ndtr(c.sign * d2)
    vega = SPOT * asset * density * np.sqrt(c.years)
    decay = -vega * c.vol / (2 * c.years)
    theta = decay - c.rate * second + c.dividend * SPOT * first
    return [first, asset * density / (SPOT * sd), vega, theta, c.years * second]


def implied_vol(c: Columns) -> Floats:
    """Newton's method for all rows at once, kept inside a bracket."""
    value, root = c.price / c.discount, np.sqrt(c.years)
    x = np.log(c.forward / c.strike)
    low, high = np.full(len(c), 1e-6), np.full(len(c), 10.0)
    vol = np.clip(np.sqrt(2 * np.abs(x)) / root, 0.05, 5.0)
    for _ in range(MOST_ITERATIONS):
        sd = vol * root
        d1 = x / sd + 0.5 * sd
        model = c.sign * (c.forward * ndtr(c.sign * d1) - c.strike * ndtr(c.sign * (d1 - sd)))
        vega = c.forward * root * INVERSE_ROOT_2PI * np.exp(-0.5 * d1 * d1)
        high, low = np.where(model > value, vol, high), np.where(model > value, low, vol)
        step = vol - (model - value) / vega
        step = np.where((step > low) & (step < high), step, 0.5 * (low + high))
        if np.max(np.abs(step - vol)) < 1e-12:
            return step
        vol = step
    return vol


def peer() -> Peer:
    """Price, greeks and implied volatility."""
    return Peer(
        ("numpy", "scipy"),
        "spot",
        {
            "price": lambda c: lambda: price(c),
            "greeks5": lambda c: lambda: greeks(c),
            "implied_vol": lambda c: lambda: implied_vol(c),
        },
    )


def _moneyness(c: Columns) -> tuple[Floats, Floats, Floats]:
    sd = c.vol * np.sqrt(c.years)
    d1 = (np.log(SPOT / c.strike) + (c.rate - c.dividend) * c.years) / sd + 0.5 * sd
    return sd, d1, d1 - sd
