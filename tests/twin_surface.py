"""The market surface of the twin: from the state of one session to forwards, smiles and option prices.

Scalar Python, formula by formula: the eSSVI smile of the `l3f` and `replay` markets, the flat one of `gbm`.
Tenors are n exchange sessions (variance) and d calendar days (discounting).
"""

from dataclasses import dataclass, replace
from math import exp, log, sqrt
from typing import Any

from scipy.optimize import brentq
from scipy.special import ndtr  # the distribution function of scipy.stats.norm, without its argument checks

CALENDAR_YEAR, SESSION_YEAR = 365.0, 252.0
MONTH_DAYS, MONTH_SESSIONS = 30.0, 21.0

# VIX = floor + exp(level + x0 + x1 + x2); the rest shapes the variance-swap curve.
CURVE = {
    "floor": 6.0,
    "level": 2.635,
    "reversion": (17.5, 3.13, 0.086),
    "slope_short": 0.023,
    "slope_long": 0.0765,
}
# |rho| and zeta of a slice as functions of tenor and variance; the dip of the shortest variance swaps.
SMILE = {
    "skew_level": 0.543,
    "skew_slope": 0.079,
    "skew_bounds": (0.15, 0.85),
    "curvature_level": -0.1055,
    "curvature_tenor": 0.2249,
    "curvature_variance": -0.1114,
    "short_dip": 0.0436,
    "short_dip_sessions": 7.6,
    "index_scale": 1.0287,
    "low_vix": 14.0,
    "low_vix_lag": 0.231,
}
STEEPEST_FALL = 0.35  # of ln(K - floor) per unit of ln(tenor)
MEASURED = (
    3.0,
    4.25,
    6.0,
    8.5,
    12.0,
    17.0,
    24.0,
    34.0,
    48.0,
    68.0,
    96.0,
    136.0,
)  # sessions, where it is measured
REFERENCE_VARIANCE = 0.0025
SHORTEST_SHAPE = 0.25  # sessions
BUTTERFLY_MARGIN = 0.999
FIXED_POINT_STEPS = 200
KEPT_SMILES = 1000
WIDEST_LOG_MONEYNESS = 40.0  # of a delta strike, in units of the at-the-money deviation


@dataclass(frozen=True)
class State:
    """The market at one tick: spot, VIX factors, continuously compounded carry, the surface's own state."""

    spot: float
    x: tuple[float, float, float]
    rate: float
    dividend_yield: float
    surface: tuple[float, float, float] = (0.0, 0.0, 0.0)  # level, skew, curvature of the day


@dataclass(frozen=True)
class Smile:
    """Total variance at the money, skew and scaled curvature of one expiry."""

    theta: float
    rho: float
    zeta: float


@dataclass(frozen=True)
class Quotes:
    """Everything that prices the options of one expiry."""

    forward: float
    discount: float
    smile: Smile

    def price(self, sign: float, strike: float) -> float:
        """Discounted price of a call (+1) or put (-1), index points."""
        return price(self, sign, strike)

    def delta_strike(self, sign: float, delta: float) -> float:
        """Strike, off the grid, whose undiscounted forward delta is +-delta."""
        return delta_strike(self, sign, delta)

    def delta(self, sign: float, strike: float) -> float:
        """Undiscounted forward delta at the strike's own vol."""
        sd = total_sd(self.smile, log(strike / self.forward))
        return sign * float(ndtr(sign * (log(self.forward / strike) / sd + sd / 2)))

    def at_spot(self, factor: float) -> "Quotes":
        """These quotes with the spot multiplied; the smile stays, in moneyness."""
        return replace(self, forward=self.forward * factor)

    def at_level_of(self, later: "Quotes") -> "Quotes":
        """These quotes with the level of variance of later ones; skew and curvature stay."""
        return replace(self, smile=replace(self.smile, theta=later.smile.theta))


def quotes(state: State, smile: Smile, days: float) -> Quotes:
    """Quotes of the expiry in so many calendar days."""
    years = days / CALENDAR_YEAR
    forward = state.spot * exp((state.rate - state.dividend_yield) * years)
    return Quotes(forward, exp(-state.rate * years), smile)


def total_sd(smile: Smile, k: float) -> float:
    """Square root of the total variance at log-moneyness k (Gatheral and Jacquier 2014)."""
    theta, rho, zeta = smile.theta, smile.rho, smile.zeta
    z = k / sqrt(theta)
    return sqrt(theta / 2 * (1 + rho * zeta * z + sqrt((zeta * z + rho) ** 2 + 1 - rho**2)))


def price(q: Quotes, sign: float, strike: float) -> float:
    """Discounted price of a call (+1) or put (-1), index points; intrinsic where no variance is left."""
    if q.smile.theta == 0.0:
        return q.discount * max(sign * (q.forward - strike), 0.0)
    sd = total_sd(q.smile, log(strike / q.forward))
    d1 = log(q.forward / strike) / sd + sd / 2
    undiscounted = sign * (q.forward * ndtr(sign * d1) - strike * ndtr(sign * (d1 - sd)))
    return q.discount * max(float(undiscounted), 0.0)  # rounding may leave a far wing just below zero


def delta_strike(q: Quotes, sign: float, delta: float) -> float:
    """Strike, off the grid, whose undiscounted forward delta at its own vol is +-delta."""

    def excess(k: float) -> float:
        sd = total_sd(q.smile, k)
        return float(ndtr(sign * (-k / sd + sd / 2))) - delta

    reach = WIDEST_LOG_MONEYNESS * sqrt(q.smile.theta)
    return q.forward * exp(brentq(excess, -reach, reach, xtol=1e-14))


class Surface:
    """VIX and smiles as functions of the state, for the market of a spec."""

    def __init__(self, market: dict[str, Any]) -> None:
        self.flat_vol = market.get("vol", 0.16) if market["model"] == "gbm" else None
        self.curve: dict[str, Any] = CURVE | market.get("curve", {})
        self.shape: dict[str, Any] = SMILE | market.get("smile", {})
        self.shift = market.get("surface_shift", 0.0) / 100
        self.kept: dict[tuple[tuple[float, ...], tuple[float, ...], float], Smile] = {}

    def vix(self, x: tuple[float, ...]) -> float:
        """VIX, points."""
        if self.flat_vol is not None:
            return 100.0 * self.flat_vol
        return self.curve["floor"] + exp(self.curve["level"] + sum(x))

    def smile(self, state: State, n: float) -> Smile:
        """Smile of the expiry in n sessions; the last ones are kept, because many packages ask for them."""
        key = (state.x, state.surface, n)
        if key not in self.kept:
            if len(self.kept) == KEPT_SMILES:
                self.kept.clear()
            self.kept[key] = self.shifted(self.solved(state, n), n)
        return self.kept[key]

    def shifted(self, smile: Smile, n: float) -> Smile:
        """The smile with its at-the-money vol moved by the shift, to half of itself at least."""
        sd = sqrt(smile.theta)
        return replace(smile, theta=max(sd + self.shift * sqrt(n / SESSION_YEAR), sd / 2) ** 2)

    def solved(self, state: State, n: float) -> Smile:
        """Smile of the expiry in n sessions, by fixed point."""
        if n == 0:
            return Smile(0.0, 0.0, 0.0)
        if self.flat_vol is not None:
            return Smile(self.flat_vol**2 * n / SESSION_YEAR, 0.0, 0.0)
        level, skew, curvature = state.surface
        target = self.index_variance(state.x, n) * exp(2 * level)
        theta = target
        for _ in range(FIXED_POINT_STEPS):
            rho, zeta = self.skew_and_curvature(theta, n, skew, curvature)
            previous, theta = theta, target / swap_ratio(abs(rho), zeta, sqrt(theta))
            if theta == previous:
                break
        return Smile(theta, *self.skew_and_curvature(theta, n, skew, curvature))

    def index_variance(self, x: tuple[float, ...], n: float) -> float:
        """What theta times R must be: the variance of the swap over n sessions, less the index scale."""
        s = self.shape
        dip = 1 - s["short_dip"] * exp(-(n - 1) / s["short_dip_sessions"])
        low = 1 - s["low_vix_lag"] * max(1 - self.vix(x) / s["low_vix"], 0.0)
        return (self.swap_vol(x, n) * dip * low / 100) ** 2 * n / SESSION_YEAR / s["index_scale"] ** 2

    def swap_vol(self, x: tuple[float, ...], n: float) -> float:
        """Variance-swap vol K of n sessions, points; 21 sessions are 30 days."""
        c, months = self.curve, n / MONTH_SESSIONS
        month = MONTH_DAYS / CALENDAR_YEAR

        def weight(k: float) -> float:
            return averaged(k * months * month) / averaged(k * month)

        slope = c["slope_long"] if months > 1 else c["slope_short"]
        moved = sum((weight(k) - 1) * xi for k, xi in zip(c["reversion"], x, strict=True))
        kept = self.slope_kept(x)
        return c["floor"] + (self.vix(x) - c["floor"]) * exp(slope * log(months) + kept * moved)

    def slope_kept(self, x: tuple[float, ...]) -> float:
        """Share of its slope that the curve keeps, so that it falls no more steeply than is allowed."""
        speeds, month = self.curve["reversion"], MONTH_DAYS / CALENDAR_YEAR

        def fall(k: float, n: float) -> float:
            decay = k * month * n / MONTH_SESSIONS
            return (averaged(decay) - exp(-decay)) / averaged(k * month)

        steepest = max(sum(fall(k, n) * xi for k, xi in zip(speeds, x, strict=True)) for n in MEASURED)
        return min(1.0, STEEPEST_FALL / steepest) if steepest > 0 else 1.0

    def skew_and_curvature(self, theta: float, n: float, more: float, bend: float) -> tuple[float, float]:
        """Rho and zeta of a slice with this theta, on a day with so much more skew and curvature."""
        s = self.shape
        tenor, t = log(max(n, SHORTEST_SHAPE) / MONTH_SESSIONS), log(theta / REFERENCE_VARIANCE)
        low, high = s["skew_bounds"]
        skew = min(max(s["skew_level"] + more + s["skew_slope"] * t, low), high)
        free = exp(bend + s["curvature_level"] + s["curvature_tenor"] * tenor + s["curvature_variance"] * t)
        return -skew, min(free, BUTTERFLY_MARGIN * sqrt(4 / (1 + skew)))


def averaged(decay: float) -> float:
    """Mean of exp(-u) for u from 0 to `decay`."""
    return (1 - exp(-decay)) / decay


def swap_ratio(r: float, zeta: float, u: float) -> float:
    """Variance swap of a slice over its theta, fitted; r = |rho|, u = sqrt(theta)."""
    return (
        1
        + 0.2480 * zeta**2
        + 0.4091 * zeta**2 * r**2
        - 0.1495 * r * zeta * u
        - 0.0007 * zeta**4
        + 0.1592 * zeta**4 * r**2
        + 1.1043 * zeta**2 * r * u
        + 0.7298 * r * zeta * u**2
        - 0.3224 * zeta**3 * r**2
    )
