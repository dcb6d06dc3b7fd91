"""VIX futures and options of the twin: the factor curve, and a displaced lognormal around the future.

Tenors are calendar days; points of VIX. The constant market has one future for all and no volatility of it.
"""

from dataclasses import dataclass, replace
from math import exp, log, sqrt
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from twin_surface import CALENDAR_YEAR, CURVE, State

VOL = (1.03, 0.83, 0.33)  # of the factors, a year
CORRELATION = (0.19, 0.43, 0.04)  # of the factors (0,1), (0,2), (1,2)
VIX_SMILE = {
    "floor": 6.0,
    "floor_front": 6.37,
    "floor_decay": 1.64,
    "floor_share": 0.82,
    "level": 0.344,
    "slope": 0.011,
    "curvature": 0.1755,
    "front": 0.434,
    "front_decay": 12.45,
}
REFERENCE_VIX = 18.0
BRACKET = (-2.0, 3.0)  # of ln(strike / future)
LEAST_VALUE = 1e-13  # points: no implied vol below


@dataclass(frozen=True)
class VixQuotes:
    """What prices VIX futures and options of one expiry; all but `basis` as the model says."""

    forward: float
    floor: float
    deviation: float
    discount: float
    basis: float

    @property
    def future(self) -> float:
        """The VIX future, points."""
        return self.basis * self.forward

    def price(self, sign: float, strike: float) -> float:
        """Discounted price of a call (+1) or put (-1), points."""
        return self.held(sign, strike)

    def held(self, sign: float, strike: float) -> float:
        """The same of an option that is held to its expiry."""
        above, k = self.basis * (self.forward - self.floor), strike - self.basis * self.floor
        if self.deviation == 0.0 or k <= 0.0 or above <= 0.0:
            return self.discount * max(sign * (self.future - strike), 0.0)
        d1 = log(above / k) / self.deviation + self.deviation / 2
        undiscounted = sign * (above * ndtr(sign * d1) - k * ndtr(sign * (d1 - self.deviation)))
        return self.discount * max(float(undiscounted), 0.0)

    def delta_strike(self, sign: float, delta: float) -> float:
        """Strike, off the grid, whose delta on the future, at its own implied vol, is +-delta."""
        d1 = sign * float(ndtri(delta))
        if self.deviation == 0.0:
            return self.future

        def excess(u: float) -> float:
            strike = self.future * exp(u)
            otm = 1.0 if u > 0 else -1.0
            value = self.held(otm, strike) / self.discount
            if value < LEAST_VALUE:
                return -otm
            s = brentq(lambda s: black(otm, self.future, strike, s) - value, 1e-6, 50.0, xtol=1e-14)
            return float(ndtr(-u / s + s / 2) - ndtr(d1))

        return self.future * exp(brentq(excess, *BRACKET, xtol=1e-12))

    def at_level_of(self, later: "VixQuotes") -> "VixQuotes":
        """These quotes with the forward and the basis of later ones; floor and deviation stay.

        No floor is above that of the later quotes, so that the forward stays above it.
        """
        return replace(self, forward=later.forward, basis=later.basis, floor=min(self.floor, later.floor))


def black(sign: float, forward: float, strike: float, sd: float) -> float:
    """Undiscounted price."""
    d1 = log(forward / strike) / sd + sd / 2
    return sign * float(forward * ndtr(sign * d1) - strike * ndtr(sign * (d1 - sd)))


class VixCurve:
    """VIX futures and their options as functions of the state, for the market of a spec."""

    def __init__(self, market: dict[str, Any]) -> None:
        self.flat = 100.0 * market.get("vol", 0.16) if market["model"] == "gbm" else None
        self.curve: dict[str, Any] = CURVE | market.get("curve", {})
        self.shape: dict[str, Any] = VIX_SMILE | market.get("vix_smile", {})
        self.covariance = factor_covariance(self.curve)

    def future(self, x: tuple[float, ...], days: float) -> tuple[float, float]:
        """F and the variance v of its logarithm until it settles."""
        if self.flat is not None:
            return self.flat, 0.0
        c, years = self.curve, days / CALENDAR_YEAR
        k = np.array(c["reversion"])
        pairs = np.add.outer(k, k)
        v = float((self.covariance * (1 - np.exp(-pairs * years)) / pairs).sum())
        return c["floor"] + exp(c["level"] + v / 2 + float(np.exp(-k * years) @ np.array(x))), v

    def quotes(self, state: State, days: float, basis: float) -> VixQuotes:
        """Quotes of the expiry in so many calendar days."""
        discount = exp(-state.rate * days / CALENDAR_YEAR)
        forward, v = self.future(state.x, days)
        if self.flat is not None:
            return VixQuotes(forward, 0.0, 0.0, discount, basis)
        s = self.shape
        raised = s["floor"] + s["floor_front"] * exp(-s["floor_decay"] * days / CALENDAR_YEAR)
        floor = min(raised, s["floor_share"] * forward)
        m = log(self.future(state.x, 0)[0] / REFERENCE_VIX)
        nu = exp(s["level"] + s["slope"] * m + s["curvature"] * m**2)
        nu *= 1 - s["front"] * exp(-s["front_decay"] * days / CALENDAR_YEAR)
        deviation = nu * sqrt(v) * (forward - self.curve["floor"]) / (forward - floor)
        return VixQuotes(forward, floor, deviation, discount, basis)


def factor_covariance(curve: dict[str, Any]) -> np.ndarray:
    """Covariance of the factors' shocks, a year."""
    a, b, c = curve.get("correlation", CORRELATION)
    vol = np.array(curve.get("vol", VOL))
    return np.outer(vol, vol) * np.array([[1, a, b], [a, 1, c], [b, c, 1]])
