"""A loop compiled by numba, handed the same forward and discount columns as alvh."""

from functools import partial
from math import erfc, exp, log, sqrt

import numpy as np
from numba import njit

from benches.pricing.inputs import Columns, Floats
from benches.pricing.peers import Peer
from benches.pricing.peers.numba_spot import INVERSE_ROOT_2, INVERSE_ROOT_2PI


@njit(error_model="numpy")
def price(  # noqa: PLR0917 -- numba compiles positional arguments
    sign: Floats, F: Floats, K: Floats, T: Floats, v: Floats, D: Floats
) -> Floats:
    """Black-76."""
    out = np.empty(len(K))
    for i in range(len(K)):
        w, s = float(sign[i]), v[i] * sqrt(T[i])
        d1 = log(F[i] / K[i]) / s + 0.5 * s
        asset = F[i] * erfc(-w * d1 * INVERSE_ROOT_2)
        cash = K[i] * erfc(-w * (d1 - s) * INVERSE_ROOT_2)
        out[i] = 0.5 * D[i] * w * (asset - cash)
    return out


@njit(error_model="numpy")
def greeks(  # noqa: PLR0917 -- numba compiles positional arguments
    sign: Floats, F: Floats, K: Floats, T: Floats, v: Floats, D: Floats
) -> Floats:
    """Delta, gamma, vega, theta, rho with respect to the forward and the discount rate."""
    out = np.empty((5, len(K)))
    for i in range(len(K)):
        w, root = float(sign[i]), sqrt(T[i])
        s = v[i] * root
        d1 = log(F[i] / K[i]) / s + 0.5 * s
        delta = 0.5 * D[i] * w * erfc(-w * d1 * INVERSE_ROOT_2)
        value = F[i] * delta - 0.5 * D[i] * w * K[i] * erfc(-w * (d1 - s) * INVERSE_ROOT_2)
        density = D[i] * INVERSE_ROOT_2PI * exp(-0.5 * d1 * d1)
        vega = F[i] * density * root
        out[0, i] = delta
        out[1, i] = density / (F[i] * s)
        out[2, i] = vega
        out[3, i] = -log(D[i]) / T[i] * value - vega * v[i] / (2 * T[i])
        out[4, i] = -T[i] * value
    return out


def peer() -> Peer:
    """Price and greeks."""

    def terms(c: Columns) -> tuple[object, ...]:
        return c.sign, c.forward, c.strike, c.years, c.vol, c.discount

    tasks = {"price": lambda c: partial(price, *terms(c)), "greeks5": lambda c: partial(greeks, *terms(c))}
    return Peer(("numba", "numpy"), "forward", tasks)
