"""The parameters that are searched over, as an unbounded vector."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alvh.errors import SpecError
from alvh.market import L3F, Dynamics

Floats = NDArray[np.float64]

NAMES = (
    "reversion 0",
    "reversion 1",
    "reversion 2",
    "mean 0",
    "mean 1",
    "mean 2",
    "realised_share",
    "wild_probability",
    "wild_variance",
    "wild_shift 0",
    "wild_shift 1",
    "wild_shift 2",
    "wild_shift 3",
)
FREE = tuple(name for name in NAMES if name not in {"reversion 0", "mean 0", "mean 2"})
"""What closes tell: with the others free, too, a fit to closes turns the VIX curve upside down."""
SLOWEST = 0.02  # a year: the least that a speed of mean reversion may be


def vector(dynamics: Dynamics) -> Floats:
    """Return what is searched over: speeds, share, probability and excess variance as logarithms."""
    logarithms = [math.log(k - SLOWEST) for k in dynamics.reversion]
    logarithms_too = [math.log(dynamics.realised_share), math.log(dynamics.wild_probability)]
    excess = math.log(dynamics.wild_variance - 1.0)
    return np.array([*logarithms, *dynamics.mean, *logarithms_too, excess, *dynamics.wild_shift])


def market(x: Floats) -> L3F | None:
    """Return the market of a vector, the curve being the default one; None where it is none."""
    k, m, gamma = x[:3], x[3:6], x[9:]
    try:
        return L3F(
            dynamics=Dynamics(
                reversion=tuple((SLOWEST + np.exp(k)).tolist()),
                mean=tuple(m.tolist()),
                realised_share=math.exp(x[6]),
                wild_probability=math.exp(x[7]),
                wild_variance=1.0 + math.exp(x[8]),
                wild_shift=tuple(gamma.tolist()),
            )
        )
    except (SpecError, OverflowError):
        return None
