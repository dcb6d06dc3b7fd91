"""Successive volatility spikes, and how many of them a book survives without forced liquidation (R74)."""

from collections.abc import Mapping
from itertools import count

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from alvh.errors import AlvhError
from alvh.statistics import proportion

__all__ = ["CALM_SESSIONS", "GIVEN_BACK", "RISE", "SPIKE_VIX", "spikes", "spikes_of"]

RISE = 1.5
"""A spike begins where VIX closes at this multiple of its lowest close of the sessions before …"""

CALM_SESSIONS = 21
"""… so many of them: a month …"""

SPIKE_VIX = 20.0
"""… and at this level or above: from 10 to 15 is no spike. All four numbers are ours."""

GIVEN_BACK = 0.5
"""It is over where VIX closes with this share of the rise given back; until then none begins."""

_SCHEMA = {
    "arm": pl.String,
    "spikes": pl.Int64,
    "paths": pl.Int64,
    "survived": pl.Int64,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}


def spikes_of(vix: ArrayLike) -> list[tuple[int, int | None]]:
    """Return the spikes of one path: first tick of each, and the tick on which it was over, or None.

    Parameters
    ----------
    vix : array_like, shape (sessions + 1,)
        Closes, points, from tick 0.

    Examples
    --------
    >>> spikes_of([14, 15, 22, 30, 21, 15, 15, 24])
    [(2, 4), (7, None)]
    """
    closes = np.asarray(vix, dtype=np.float64)
    if closes.ndim != 1 or not (closes > 0.0).all():
        raise AlvhError("vix: closes of one path, points above 0")
    found: list[tuple[int, int | None]] = []
    low = peak = 0.0
    open_since: int | None = None
    calm_from = 0
    for tick, now in enumerate(closes.tolist()):
        if open_since is not None:
            peak = max(peak, now)
            if now <= peak - GIVEN_BACK * (peak - low):
                found.append((open_since, tick))
                open_since, calm_from = None, tick
            continue
        before = closes[max(calm_from, tick - CALM_SESSIONS) : tick]
        if len(before) and now >= max(SPIKE_VIX, RISE * float(before.min())):
            open_since, low, peak = tick, float(before.min()), now
    return found if open_since is None else [*found, (open_since, None)]


def spikes(vix: NDArray[np.float64], forced: Mapping[str, ArrayLike]) -> pl.DataFrame:
    """Return, per arm and number of spikes, how many of the paths with as many survived them all.

    Parameters
    ----------
    vix : ndarray, shape (paths, sessions + 1)
        Closes, points.
    forced : mapping of str to array_like, shape (paths,)
        Arm to the first tick of a forced liquidation or of ruin, 0 where there was none.

    Returns
    -------
    DataFrame
        `arm`; `spikes`: k; `paths` with k spikes or more that were over; of these `survived`: no forced
        liquidation up to the end of the k-th; and that share with its interval. A spike that is not over at T
        does not count. No rows where no path has a spike.

    Examples
    --------
    >>> vix = np.array([[14.0, 24.0, 15.0, 15.0], [14.0, 24.0, 15.0, 15.0]])
    >>> spikes(vix, {"plain": [0, 2]}).select("spikes", "paths", "survived").rows()
    [(1, 2, 1)]
    """
    ends = [[end for _, end in spikes_of(path) if end is not None] for path in vix]
    rows: list[tuple[object, ...]] = []
    for arm, ticks in forced.items():
        first = np.asarray(ticks, dtype=np.float64)
        if first.shape != (len(ends),):
            raise AlvhError(
                f"forced: {len(first)} ticks of arm {arm!r} for {len(ends)} paths: give one a path"
            )
        for k in count(1):
            with_k = [(each[k - 1], tick) for each, tick in zip(ends, first, strict=True) if len(each) >= k]
            if not with_k:
                break
            survived = sum(tick == 0 or tick > end for end, tick in with_k)
            rows.append((arm, k, len(with_k), survived, *proportion(survived, len(with_k))))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
