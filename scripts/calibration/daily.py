"""What no function of VIX and VIX3M explains: the level, skew and curvature of each day.

Each day's smiles are fitted by the template with three numbers added: to ln K, to |ρ| and to ln ζ, the same
at every tenor. Their spread over days is the size of the random factor, their change from day to day its
persistence.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import curve_fit, least_squares

from calibration.fitting import days, errors, weights
from calibration.quotes import MINUTES, Smiles
from calibration.template import Floats, Template

TENORS = (5, 95)  # calendar days that tell a day's state
LEAST_POINTS = 5  # of one expiry: two strikes near the money tell no skew
STATES = ("level", "skew", "curvature")
PRIOR = np.array([0.15, 0.25, 0.5])  # sds so wide that they only settle what a day cannot tell
POINT_SD = 0.3  # vol points by which a day's points miss the day's own template
LAGS = np.array([1, 2, 3, 5, 8, 13, 21, 42, 84, 168, 336])  # sessions


def states(template: Template, smiles: Smiles) -> pl.DataFrame:
    """Return the state of each day, what is left of its error, and the day's indices."""
    tenor = smiles.column("days")
    smiles = smiles.where((tenor >= TENORS[0]) & (tenor <= TENORS[1]) & (smiles.column("source") != MINUTES))
    told, root = days(smiles), weights(smiles)
    root = root / np.sqrt(np.mean(root[root > 0] ** 2))
    day = smiles.column("quote_date")
    rows = []
    for each in np.unique(day):
        here = day == each
        part, part_told = smiles.where(here), told.where(here)
        known = np.isfinite(part.vol)
        if known.sum(axis=1).max() < LEAST_POINTS:
            continue
        one_sided = not known[:, part.deltas > 0][:, 1:].any()  # skew and curvature cannot be told apart
        prior = PRIOR * (1, 1, 1e-4 if one_sided else 1)
        part_root = root[here] / np.sqrt(np.mean(root[here][known] ** 2))

        def misses(values: Floats, *, free: bool = False) -> Floats:
            state = dict(zip(STATES, values, strict=True))
            error = errors(template, part_told, part, **state)
            if free:
                return error
            weighted = np.where(known, error * part_root, 0.0).ravel() / POINT_SD
            return np.append(weighted, values / prior)

        found = least_squares(misses, np.zeros(3), loss="soft_l1").x
        first = part.expiries.row(0, named=True)
        rows.append(
            {name: first[name] for name in ("quote_date", "source", "episode", "vix", "vix3m")}
            | dict(zip(STATES, map(float, found), strict=True))
            | {"left": float(np.nanmedian(np.abs(misses(found, free=True))))}
        )
    return pl.DataFrame(rows).sort("quote_date")


@dataclass(frozen=True)
class Persistence:
    """Of a state: sd, half-life in sessions, and the sd of what is new every day."""

    sd: float
    half_life: float
    noise: float


def variogram(session: NDArray[np.int64], value: Floats, lags: Floats = LAGS) -> Floats:
    """Return lag, root mean square half-difference and pairs, for pairs of days nearest to each lag."""
    apart = np.abs(np.subtract.outer(session, session))
    half = np.subtract.outer(value, value) ** 2 / 2
    edges = np.concatenate([[0.5], np.sqrt(lags[1:] * lags[:-1]), [lags[-1] * 1.5]])
    rows = []
    for i, _ in enumerate(lags):
        inside = (apart > edges[i]) & (apart <= edges[i + 1])
        if inside.sum() >= 8:
            rows.append((apart[inside].mean(), half[inside].mean(), inside.sum() / 2))
    return np.array(rows)


def persistence(gram: Floats) -> Persistence:
    """Return the law s²(1 − e^{−h ln 2/H}) + noise² that fits a variogram, pairs counting by their root."""
    lag, half, pairs = gram.T

    def law(h: Floats, ln_s2: float, ln_H: float, ln_n2: float) -> Floats:
        return np.exp(ln_s2) * -np.expm1(-h * np.log(2) / np.exp(ln_H)) + np.exp(ln_n2)

    start = (np.log(half.max()), np.log(15.0), np.log(half.max() / 20))
    found, _ = curve_fit(law, lag, half, p0=start, sigma=half / pairs**0.25, maxfev=20_000)
    s2, H, n2 = np.exp(found)
    return Persistence(float(np.sqrt(s2)), float(H), float(np.sqrt(n2)))


def sessions_of(days: pl.Series) -> NDArray[np.int64]:
    """Return consecutive numbers of sessions."""
    from alvh import schedule

    return np.array([schedule.ordinal(day) for day in days])
