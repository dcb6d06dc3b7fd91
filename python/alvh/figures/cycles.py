"""Risk-adjusted returns through the cycles of the index: Sortino net of cash and inflation, indexed (R73)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from alvh.errors import AlvhError
from alvh.figures.by_session import Series, earned
from alvh.figures.columns import SESSIONS_PER_YEAR, check_horizon, nullable
from alvh.figures.returns import ROUNDING
from alvh.statistics import Estimate, ratio_interval

__all__ = ["FALL", "cycles", "turns"]

FALL: Final = 0.20
"""A fall of SPX by so much from its highest close ends a rise: a bear market, as it is commonly counted."""

_SCHEMA: dict[str, Any] = {
    "arm": pl.String,
    "part": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "index": pl.Float64,
    "share": pl.Float64,
    "paths": pl.Int64,
}

Mask = NDArray[np.bool_]


def turns(closes: ArrayLike, fall: float = FALL) -> list[tuple[int, Literal["peak", "trough"]]]:
    """Return the peaks and troughs of one path, by tick, as Lunde and Timmermann (2004) date them.

    A highest close is a peak once closes lie `fall` below it, a lowest close after it a trough once they have
    risen by what undoes such a fall, fall / (1 − fall). Neither is known before.

    Parameters
    ----------
    closes : array_like, shape (sessions + 1,)
        From tick 0, above 0.
    fall : float
        Between 0 and 1, both excluded.

    Raises
    ------
    AlvhError
        Closes that are none, or a fall out of its range.

    Examples
    --------
    >>> turns([100, 120, 95, 90, 100, 113, 130])
    [(1, 'peak'), (3, 'trough')]
    """
    values = np.asarray(closes, dtype=np.float64)
    if values.ndim != 1 or not (values > 0.0).all():
        raise AlvhError("closes: of one path, points above 0")
    if not 0.0 < fall < 1.0:
        raise AlvhError(f"fall = {fall}: a share between 0 and 1, such as {FALL}")
    found: list[tuple[int, Literal["peak", "trough"]]] = []
    extreme, rising = 0, True
    for tick, now in enumerate(values.tolist()):
        if rising:
            if now > values[extreme]:
                extreme = tick
            elif now <= values[extreme] * (1.0 - fall):
                found.append((extreme, "peak"))
                extreme, rising = tick, False
        elif now < values[extreme]:
            extreme = tick
        elif now >= values[extreme] / (1.0 - fall):
            found.append((extreme, "trough"))
            extreme, rising = tick, True
    return found


def cycles(
    by_arm: Mapping[str, Series],
    capital: float,
    *,
    inflation: float = 0.0,
    fall: float = FALL,
    sampled: bool = True,
) -> pl.DataFrame:
    """Return the Sortino ratio of each arm through the cycles of SPX, as an index around 100 (R73).

    A cycle runs from trough to trough, the first from tick 0 and the last to T; rises and falls are its parts
    before and after a peak.

    Formula: with e the P&L of a session above bills, less inflation, of capital, and d = √mean(min(e, 0)²)
    over all sessions of the arm, the ratio of a part is √252 · mean of e over its sessions / d: of the whole
    it is the Sortino ratio S over all paths together, and the whole is the mean of its parts by their
    sessions. The index is 100 (1 + (ratio − S) / |S|): 100 where a part did as the whole, and 100 on average.

    Parameters
    ----------
    by_arm : mapping of str to Series
        Arm to its series.
    capital : float
        C of every arm, dollars.
    inflation : float
        A year, taken off returns.
    fall : float
        As in `turns`.
    sampled : bool
        Whether paths are a sample; starts of a history overlap, and their interval says nothing.

    Returns
    -------
    DataFrame
        `arm`, `part` ("whole", "rise", "fall", "cycle 1", …), `estimate`, `low`, `high` (95%, over paths; d
        is taken as known), `index`, `share` of the sessions, `paths` that have the part. No index of an
        arm whose S has an interval around 0 in a sample, all of it where nothing was lost.

    Examples
    --------
    >>> spot = np.array([[100.0, 110.0, 120.0, 95.0, 90.0, 115.0, 120.0]])
    >>> pnl = np.array([[2.0, 2.0, -3.0, -1.0, 2.0, 1.0]])
    >>> nav = 100.0 + np.concatenate([np.zeros((1, 1)), pnl.cumsum(axis=1)], axis=1)
    >>> series = {"nav": nav, "deposited": 0 * nav, "bills": 0 * nav + 1.0, "spot": spot}
    >>> table = cycles({"plain": series}, 100.0)
    >>> table.select("part", pl.col("estimate").round(2)).rows()[:3]
    [('whole', 6.15), ('rise', 21.52), ('fall', -24.59)]
    """
    first = next(iter(by_arm.values()))
    sessions = first["spot"].shape[1] - 1
    check_horizon(capital, sessions)
    rows: list[tuple[object, ...]] = []
    parts = _parts(first["spot"], fall)
    for arm, series in by_arm.items():
        net = earned(series, capital) - inflation / SESSIONS_PER_YEAR
        deviation = math.sqrt(float((np.minimum(net, 0.0) ** 2).mean()))
        if deviation <= ROUNDING:
            nothing = (None, None, None, None)
            rows += [(arm, part, *nothing, mask.mean(), _paths(mask)) for part, mask in parts.items()]
            continue
        told = {part: _ratio(net, mask, deviation) for part, mask in parts.items()}
        whole = told["whole"]
        apart = whole.low > 0.0 or whole.high < 0.0
        shown = apart if sampled else abs(whole.value) > ROUNDING
        for part, found in told.items():
            index = 100.0 * (1.0 + (found.value - whole.value) / abs(whole.value)) if shown else None
            mask = parts[part]
            rows.append((arm, part, *nullable(found), index, float(mask.mean()), _paths(mask)))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _ratio(net: NDArray[np.float64], mask: Mask, deviation: float) -> Estimate:
    scale = math.sqrt(SESSIONS_PER_YEAR) / deviation
    return ratio_interval((net * mask).sum(axis=1) * scale, mask.sum(axis=1))


def _paths(mask: Mask) -> int:
    return int(mask.any(axis=1).sum())


def _parts(spot: NDArray[np.float64], fall: float) -> dict[str, Mask]:
    """Return the sessions of the whole, of rises and falls, and of each cycle that some path has."""
    paths, sessions = spot.shape[0], spot.shape[1] - 1
    rising = np.ones((paths, sessions), dtype=bool)
    number = np.zeros((paths, sessions), dtype=np.int64)
    for path in range(paths):
        # Session t ends at tick t + 1: what is behind a turn begins with the session after its close.
        for tick, kind in turns(spot[path], fall):
            rising[path, tick:] = kind == "trough"
            number[path, tick:] += kind == "trough"
    told = {"whole": np.ones((paths, sessions), dtype=bool), "rise": rising, "fall": ~rising}
    told |= {f"cycle {k + 1}": number == k for k in range(int(number.max()) + 1)}
    return {part: mask for part, mask in told.items() if mask.any()}
