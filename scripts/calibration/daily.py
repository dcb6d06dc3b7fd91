"""What no function of VIX and VIX3M explains: the level, skew and curvature of each day.

Each day's smiles are fitted by the template with three numbers added: to ln K, to |ρ| and to ln ζ, the same
at every tenor. Their spread over days is the size of the random factor, their change from day to day its
persistence.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import least_squares

from alvh import schedule
from calibration.fitting import days, errors, weights
from calibration.quotes import MINUTES, Smiles
from calibration.template import Days, Floats, Template

TENORS = (5, 95)  # calendar days that tell a day's state
LEAST_POINTS = 5  # of one expiry: two strikes near the money tell no skew
LEAST_PAIRS = 8
STATES = ("level", "skew", "curvature")
PRIOR = np.array([0.15, 0.25, 0.5])  # sds so wide that they only settle what a day cannot tell
POINT_SD = 0.3  # vol points by which a day's points miss the day's own template
LAGS = ((1, 4), (10, 24))  # sessions between days that are quoted one after the other


def states(template: Template, smiles: Smiles) -> pl.DataFrame:
    """Return the state of each day, what is left of its error, and the day's indices."""
    tenor, source = smiles.column("days"), smiles.column("source")
    smiles = smiles.where((tenor >= TENORS[0]) & (tenor <= TENORS[1]) & (source != MINUTES))
    told, root, day = days(smiles), weights(smiles), smiles.column("quote_date")
    rows = []
    for each in np.unique(day):
        here = day == each
        part = smiles.where(here)
        if np.isfinite(part.vol).sum(axis=1).max() < LEAST_POINTS:
            continue
        state, left = _state(template, told.where(here), part, root[here])
        first = part.expiries.row(0, named=True)
        rows.append(
            {name: first[name] for name in ("quote_date", "source", "episode", "vix", "vix3m")}
            | dict(zip(STATES, map(float, state), strict=True))
            | {"left": left}
        )
    return pl.DataFrame(rows).sort("quote_date")


def _state(template: Template, told: Days, day: Smiles, root: Floats) -> tuple[Floats, float]:
    """Return level, skew and curvature of one day, and the median absolute error that they leave."""
    known = np.isfinite(day.vol)
    root = root / np.sqrt(np.mean(root[known] ** 2)) / POINT_SD
    one_sided = not known[:, day.deltas > 0][:, 1:].any()  # skew and curvature cannot be told apart
    prior = PRIOR * (1, 1, 1e-4 if one_sided else 1)

    def error(state: Floats) -> Floats:
        return errors(template, told, day, **dict(zip(STATES, state, strict=True)))

    def misses(state: Floats) -> Floats:
        return np.append(np.where(known, error(state) * root, 0.0).ravel(), state / prior)

    found = least_squares(misses, np.zeros(3), loss="soft_l1").x
    return found, float(np.nanmedian(np.abs(error(found))))


@dataclass(frozen=True)
class Summary:
    """Of a state: its law over days, and the share of it that is kept."""

    mean: float
    sd: float
    within: float  # root mean square around each episode's mean, for one degree of freedom less each
    change: float  # root mean square change from a session to the next
    kept: tuple[tuple[float, int], ...]  # correlation and pairs, by `LAGS`


def summary(states: pl.DataFrame, name: str) -> Summary:
    """Return what a random factor needs to know of a state."""
    value, session = states[name].to_numpy(), sessions_of(states["quote_date"])
    episode = states["episode"].to_numpy()
    groups = [value[episode == each] for each in np.unique(episode)]
    free = sum(len(g) - 1 for g in groups)
    within = np.sqrt(sum(((g - g.mean()) ** 2).sum() for g in groups) / free)
    gap, first, second = np.diff(session), value[:-1] - value.mean(), value[1:] - value.mean()
    next_day = gap == 1
    kept = []
    for low, high in LAGS:
        pairs = (gap >= low) & (gap <= high)
        n = int(pairs.sum())
        kept.append((float(np.corrcoef(first[pairs], second[pairs])[0, 1]) if n > 2 else np.nan, n))
    change = float(np.sqrt(np.mean((first - second)[next_day] ** 2)))
    return Summary(float(value.mean()), float(value.std(ddof=1)), float(within), change, tuple(kept))


def correlations(states: pl.DataFrame) -> Floats:
    """Return correlations of level, skew, curvature and ln VIX over days."""
    return np.corrcoef(states.select(*STATES, pl.col("vix").log()).to_numpy().T)


def sessions_of(days: pl.Series) -> NDArray[np.int64]:
    """Return consecutive numbers of sessions."""
    return np.array([schedule.ordinal(day) for day in days])
