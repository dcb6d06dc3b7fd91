"""A loop compiled by numba, as a user writes it from spot, rate and dividend yield."""

from functools import partial
from math import erfc, exp, log, sqrt

import numpy as np
from numba import njit

from benches.pricing.inputs import SPOT, Columns, Floats
from benches.pricing.peers import Peer

INVERSE_ROOT_2 = 0.7071067811865476
INVERSE_ROOT_2PI = 0.3989422804014327


@njit(error_model="numpy")
def price(  # noqa: PLR0917 -- numba compiles positional arguments
    sign: Floats, S: float, K: Floats, T: Floats, v: Floats, r: float, q: float
) -> Floats:
    """Black-Scholes-Merton."""
    out = np.empty(len(K))
    for i in range(len(K)):
        w, s = float(sign[i]), v[i] * sqrt(T[i])
        d1 = (log(S / K[i]) + (r - q) * T[i]) / s + 0.5 * s
        asset = S * exp(-q * T[i]) * erfc(-w * d1 * INVERSE_ROOT_2)
        cash = K[i] * exp(-r * T[i]) * erfc(-w * (d1 - s) * INVERSE_ROOT_2)
        out[i] = 0.5 * w * (asset - cash)
    return out


@njit(error_model="numpy")
def greeks(  # noqa: PLR0917 -- numba compiles positional arguments
    sign: Floats, S: float, K: Floats, T: Floats, v: Floats, r: float, q: float
) -> Floats:
    """Delta, gamma, vega, theta, rho."""
    out = np.empty((5, len(K)))
    for i in range(len(K)):
        w, root = float(sign[i]), sqrt(T[i])
        s = v[i] * root
        d1 = (log(S / K[i]) + (r - q) * T[i]) / s + 0.5 * s
        asset, cash = exp(-q * T[i]), K[i] * exp(-r * T[i])
        first = 0.5 * w * asset * erfc(-w * d1 * INVERSE_ROOT_2)
        second = 0.5 * w * cash * erfc(-w * (d1 - s) * INVERSE_ROOT_2)
        density = INVERSE_ROOT_2PI * exp(-0.5 * d1 * d1)
        vega = S * asset * density * root
        out[0, i] = first
        out[1, i] = asset * density / (S * s)
        out[2, i] = vega
        out[3, i] = -vega * v[i] / (2 * T[i]) - r * second + q * S * first
        out[4, i] = T[i] * second
    return out


def peer() -> Peer:
    """Price and greeks."""

    def terms(c: Columns) -> tuple[object, ...]:
        return c.sign, SPOT, c.strike, c.years, c.vol, c.rate, c.dividend

    tasks = {"price": lambda c: partial(price, *terms(c)), "greeks5": lambda c: partial(greeks, *terms(c))}
    return Peer(("numba", "numpy"), "spot", tasks)
