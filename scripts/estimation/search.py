"""Least squares over the moments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from alvh.market import L3F
from estimation import parameters
from estimation.moments import Moments

Floats = NDArray[np.float64]

STEP = 0.02  # of a parameter, for differences: wide, as counts of sessions move in steps
LOSS = 2.0  # deviations beyond which a fact pulls by its distance, not by the square
PRIOR = 0.5  # weight of a step of 1 away from the default, in deviations: keeps what no fact tells


def fit(moments: Moments, free: tuple[str, ...], *, evaluations: int) -> L3F:
    """Return the market that lies nearest, the parameters that are not free being the default ones.

    Parameters
    ----------
    moments : Moments
        What is to be met.
    free : tuple of str
        Of `parameters.NAMES`.
    evaluations : int
        Steps of the search; each costs one simulation per free parameter.
    """
    start = parameters.vector(L3F().dynamics)
    chosen = [parameters.NAMES.index(name) for name in free]

    def placed(y: Floats) -> Floats:
        x = start.copy()
        x[chosen] += y - 1.0
        return x

    def residuals(y: Floats) -> Floats:
        return np.concatenate([moments.deviations(parameters.market(placed(y))), PRIOR * (y - 1.0)])

    found = least_squares(
        residuals,
        np.ones(len(chosen)),  # 1 is the default: scipy takes steps relative to the value
        diff_step=STEP,
        x_scale=0.1,
        loss="soft_l1",
        f_scale=LOSS,
        max_nfev=evaluations,
    )
    market = parameters.market(placed(found.x))
    return L3F() if market is None else market
