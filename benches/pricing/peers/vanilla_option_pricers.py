"""vanilla-option-pricers: scalar functions compiled by numba, called in a loop that the user compiles."""

from functools import partial

import numpy as np
from numba import njit
from vanilla_option_pricers import compute_bsm_vanilla_price, infer_bsm_implied_vol

from benches.pricing.inputs import Columns, Floats
from benches.pricing.peers import Peer


@njit
def price(  # noqa: PLR0917 -- numba compiles positional arguments
    F: Floats, K: Floats, T: Floats, v: Floats, sign: Floats, D: Floats
) -> Floats:
    """Each row by the library."""
    out = np.empty(len(K))
    for i in range(len(K)):
        out[i] = compute_bsm_vanilla_price(F[i], K[i], T[i], v[i], "C" if sign[i] > 0 else "P", D[i])
    return out


@njit
def implied_vol(  # noqa: PLR0917 -- numba compiles positional arguments
    F: Floats, K: Floats, T: Floats, value: Floats, sign: Floats, D: Floats
) -> Floats:
    """Each row by the library."""
    out = np.empty(len(K))
    for i in range(len(K)):
        out[i] = infer_bsm_implied_vol(F[i], T[i], K[i], value[i], D[i], "C" if sign[i] > 0 else "P")
    return out


def peer() -> Peer:
    """Price and implied volatility."""

    def terms(c: Columns, third: Floats) -> tuple[Floats, ...]:
        return c.forward, c.strike, c.years, third, c.sign, c.discount

    return Peer(
        ("vanilla-option-pricers", "numba"),
        "forward",
        {
            "price": lambda c: partial(price, *terms(c, c.vol)),
            "implied_vol": lambda c: partial(implied_vol, *terms(c, c.price)),
        },
    )
