"""The eSSVI template of docs/market.md in NumPy, a line a formula: from the day's indices to volatilities.

It has the terms that were tried beside those of the core, at 0 where the core has none.
"""

from dataclasses import asdict, dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from alvh import market

MONTH_SESSIONS, SESSION_YEAR, MONTH_YEARS = 21.0, 252.0, 30.0 / 365.0
QUARTER = 63.0
REFERENCE_VARIANCE = 0.0025
REFERENCE_VIX = 18.0
SHORTEST_SHAPE = 0.25
BUTTERFLY_MARGIN = 0.999
SWAP_SD = 0.03  # of ln VIX3M around the curve, as the replay's filter has it
STEPS = 14
STEEPEST_FALL = 0.35
MEASURED = np.array([3.0, 4.25, 6.0, 8.5, 12.0, 17.0, 24.0, 34.0, 48.0, 68.0, 96.0, 136.0])

Floats = NDArray[np.float64]
CURVE, DYNAMICS = market.Curve(), market.Dynamics()
KQ, KP = np.array(CURVE.reversion), np.array(DYNAMICS.reversion)


def covariance() -> Floats:
    """Return the factors' instantaneous covariances, a year."""
    a, b, c = CURVE.correlation
    return np.outer(CURVE.vol, CURVE.vol) * np.array([[1, a, b], [a, 1, c], [b, c, 1]])


def mean_decay(y: Floats) -> Floats:
    return -np.expm1(-y) / y


def swap_line(sessions: Floats) -> tuple[Floats, Floats]:
    """Return level + c and the loadings of ln(K − floor)."""
    months = np.asarray(sessions, dtype=float) / MONTH_SESSIONS
    slope = np.where(months > 1, CURVE.slope_long, CURVE.slope_short)
    loading = mean_decay(np.multiply.outer(months, KQ * MONTH_YEARS)) / mean_decay(KQ * MONTH_YEARS)
    return CURVE.level + slope * np.log(months), loading


def factors(vix: float, vix3m: float | None) -> Floats:
    """Return the likeliest factors given the day's VIX, exactly, and VIX3M up to its error."""
    x = np.array(DYNAMICS.mean)
    P = covariance() / np.add.outer(KP, KP)
    seen = [(QUARTER, vix3m, SWAP_SD)] if vix3m is not None else []
    for sessions, index, sd in (*seen, (MONTH_SESSIONS, vix, 0.0)):
        level, loading = swap_line(np.array(sessions))
        over = index - CURVE.floor
        variance = (sd * index / over) ** 2
        gain = P @ loading / (loading @ P @ loading + variance)
        x = x + gain * (np.log(over) - level - loading @ x)
        P = P - np.outer(gain, loading @ P)
    return x


def swap_vol(x: Floats, sessions: Floats) -> Floats:
    """Return the variance-swap volatility K of each row's factors and tenor, points."""
    level, loading = swap_line(sessions)
    moved = ((loading - 1) * x).sum(axis=-1)
    return CURVE.floor + np.exp(level + x.sum(axis=-1) + slope_kept(x) * moved)


def slope_kept(x: Floats) -> Floats:
    """Return the share of its slope that the curve keeps, so that it falls no more steeply than allowed."""
    y = np.multiply.outer(MEASURED / MONTH_SESSIONS, KQ * MONTH_YEARS)
    fall = (mean_decay(y) - np.exp(-y)) / mean_decay(KQ * MONTH_YEARS)
    steepest = np.maximum((x @ fall.T).max(axis=-1), np.finfo(float).tiny)
    return np.minimum(1.0, STEEPEST_FALL / steepest)


def swap_ratio(r: Floats, z: Floats, u: Floats) -> Floats:
    """Return the variance swap of a slice over its θ."""
    return (
        1
        + z**2 * (0.2480 + 0.4091 * r**2)
        - 0.1495 * r * z * u
        + z**4 * (0.1592 * r**2 - 0.0007)
        + 1.1043 * z**2 * r * u
        + 0.7298 * r * z * u**2
        - 0.3224 * z**3 * r**2
    )


@dataclass(frozen=True)
class Template:
    """Parameters of the smile, named as `alvh.market.Smile` names them, and the terms tried beside."""

    skew_level: float
    skew_slope: float
    curvature_level: float
    curvature_tenor: float
    curvature_variance: float
    short_dip: float
    short_dip_sessions: float
    index_scale: float
    skew_bounds: tuple[float, float] = (0.15, 0.85)
    low_vix: float = 14.0
    low_vix_lag: float = 0.0
    skew_tenor: float = 0.0  # slope of |ρ| in ln(n/21)
    skew_term: float = 0.0  # slope of |ρ| in ln(VIX3M/VIX)
    curvature_bend: float = 0.0  # of ln ζ in ln(n/21)²
    curvature_term: float = 0.0  # slope of ln ζ in ln(VIX3M/VIX)
    scale_vix: float = 0.0  # slope of ln κ in ln(VIX/18)
    scale_tenor: float = 0.0  # slope of ln κ in ln(n/21)
    scale_term: float = 0.0  # slope of ln κ in ln(VIX3M/VIX)

    @classmethod
    def default(cls) -> "Template":
        """Return that of the core."""
        known = {field.name for field in fields(cls)}
        return cls(**{k: v for k, v in market.Smile().model_dump().items() if k in known})

    def changed(self, names: tuple[str, ...], values: Floats) -> "Template":
        return replace(self, **dict(zip(names, map(float, values), strict=True)))

    def values(self, names: tuple[str, ...]) -> Floats:
        return np.array([asdict(self)[name] for name in names])

    def slices(
        self,
        day: "Days",
        level: Floats | float = 0.0,
        skew: Floats | float = 0.0,
        curvature: Floats | float = 0.0,
    ) -> tuple[Floats, Floats, Floats]:
        """Return θ, ρ and ζ of every row; level in ln K, skew in |ρ| and curvature in ln ζ are added."""
        n, tenor = day.sessions, day.tenor
        dip = 1 - self.short_dip * np.exp(-(n - 1) / self.short_dip_sessions)
        m, s = day.m, day.term
        ln_scale = (
            np.log(self.index_scale) + self.scale_vix * m + self.scale_tenor * tenor + self.scale_term * s
        )
        vix = REFERENCE_VIX * np.exp(m)
        low = 1 - self.low_vix_lag * np.maximum(1 - vix / self.low_vix, 0.0)
        target = (day.swap * dip * low / 100) ** 2 * n / SESSION_YEAR * np.exp(2 * (level - ln_scale))
        free = self.skew_level + self.skew_tenor * tenor + self.skew_term * s + skew
        bend = self.curvature_level + self.curvature_term * s + curvature
        bend = bend + tenor * (self.curvature_tenor + self.curvature_bend * tenor)
        theta = target / 1.3
        for _ in range(STEPS):
            r, z = self._shape(theta, free, bend)
            theta = target / swap_ratio(r, z, np.sqrt(theta))
        r, z = self._shape(theta, free, bend)
        return theta, -r, z

    def _shape(self, theta: Floats, skew: Floats, bend: Floats) -> tuple[Floats, Floats]:
        t = np.log(theta / REFERENCE_VARIANCE)
        r = np.clip(skew + self.skew_slope * t, *self.skew_bounds)
        z = np.exp(bend + self.curvature_variance * t)
        return r, np.minimum(z, 2 * BUTTERFLY_MARGIN / np.sqrt(1 + r))

    def vols(self, day: "Days", k: Floats, **state: Floats | float) -> Floats:
        """Return volatilities at log-moneyness `k`, rows of `day` by columns."""
        theta, rho, zeta = (each[:, None] for each in self.slices(day, **state))
        return np.sqrt(total_variance(k, theta, rho, zeta) / (day.sessions[:, None] / SESSION_YEAR))


def total_variance(k: Floats, theta: Floats, rho: Floats, zeta: Floats) -> Floats:
    a = zeta * k / np.sqrt(theta)
    return theta / 2 * (1 + rho * a + np.sqrt((a + rho) ** 2 + 1 - rho**2))


@dataclass(frozen=True)
class Days:
    """What a template is told of each expiry: tenor, swap vol of the curve, and the day's indices."""

    sessions: Floats
    tenor: Floats  # ln(n/21)
    swap: Floats  # points
    m: Floats  # ln(VIX/18)
    term: Floats  # ln(K of 63 sessions / VIX)

    @classmethod
    def of(cls, sessions: Floats, vix: Floats, vix3m: Floats) -> "Days":
        """Return them for rows of tenor, VIX and VIX3M; NaN stands for a VIX3M that is not known."""
        pairs, row = np.unique(np.column_stack([vix, vix3m]), axis=0, return_inverse=True)
        x = np.array([factors(v, None if np.isnan(q) else q) for v, q in pairs])[row.ravel()]
        quarter = swap_vol(x, np.full(len(x), QUARTER))
        return cls(
            sessions=np.asarray(sessions, dtype=float),
            tenor=np.log(np.maximum(sessions, SHORTEST_SHAPE) / MONTH_SESSIONS),
            swap=swap_vol(x, sessions),
            m=np.log(vix / REFERENCE_VIX),
            term=np.log(quarter / vix),
        )

    def where(self, keep: NDArray[np.bool_]) -> "Days":
        return Days(**{field.name: getattr(self, field.name)[keep] for field in fields(self)})
