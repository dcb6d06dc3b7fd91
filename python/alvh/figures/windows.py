"""What arms earn around announcements and in regimes of the market, paired with a base (R20, R92)."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.errors import AlvhError
from alvh.figures.by_session import Series, earned, same_paths
from alvh.figures.columns import SESSIONS_PER_YEAR, check_horizon, nullable
from alvh.statistics import mean_interval, ratio_interval

__all__ = [
    "FALL_EDGES",
    "VIX_EDGES",
    "WINDOW",
    "Mask",
    "around",
    "check_window",
    "largest_fall",
    "regimes",
    "windows",
]

WINDOW = 2
"""Sessions before and after an announcement that count as its window. Ours."""

VIX_EDGES = (15.0, 20.0, 25.0, 28.0, 35.0)
"""R40: volatility bands, by VIX at the close before; an edge belongs to the band above."""

FALL_EDGES = (0.05, 0.10, 0.20)
"""Falls of SPX from its highest close of the path so far, at the close before. Ours."""

Mask = NDArray[np.bool_]

_SCHEMA = {
    "arm": pl.String,
    "by": pl.String,
    "when": pl.String,
    "figure": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "sessions": pl.Float64,
}


def around(starts: Iterable[int], sessions: int, days: Iterable[int], window: int = WINDOW) -> Mask:
    """Return which sessions of each path lie within `window` sessions of a day: shape (paths, sessions).

    Parameters
    ----------
    starts : iterable of int
        Session of the calendar at which each path begins.
    sessions : int
        Sessions after it.
    days : iterable of int
        Sessions of the calendar with an announcement.
    window : int
        Sessions on either side, 0 for the day alone.

    Examples
    --------
    >>> around([10], 5, [13], window=1)
    array([[False,  True,  True,  True, False]])
    """
    check_window(window)
    near = {day + off for day in days for off in range(-window, window + 1)}
    return np.array([[start + tick in near for tick in range(1, sessions + 1)] for start in starts])


def check_window(window: int) -> None:
    """Refuse a window that is no number of sessions."""
    if isinstance(window, bool) or not isinstance(window, int) or window < 0:
        raise AlvhError(
            f"window = {window!r}: a whole number of sessions on either side, 0 for the day alone"
        )


def regimes(series: Series) -> dict[tuple[str, str], Mask]:
    """Return the sessions of each regime of VIX and of SPX's fall, by what the close before showed.

    Examples
    --------
    >>> series = {"spot": np.array([[100.0, 88.0, 99.0]]), "vix": np.array([[14.0, 31.0, 20.0]])}
    >>> [by_and_when for by_and_when, mask in regimes(series).items() if mask[0, 1]]
    [('vix', '28 to 35'), ('fall', '10% to 20%')]
    """
    spot, vix = series["spot"], series["vix"]
    fall = 1.0 - spot / np.maximum.accumulate(spot, axis=1)
    told: dict[tuple[str, str], Mask] = {}
    for by, values, edges, words in (
        ("vix", vix, VIX_EDGES, "{:g}"),
        ("fall", fall, FALL_EDGES, "{:.0%}"),
    ):
        state = np.searchsorted(edges, values[:, :-1], side="right")
        at = [words.format(edge) for edge in edges]
        names = [f"below {at[0]}", *(f"{low} to {high}" for low, high in pairwise(at)), f"from {at[-1]}"]
        told |= {(by, name): state == index for index, name in enumerate(names)}
    return told


def windows(
    by_arm: Mapping[str, Series], capital: float, masks: Mapping[tuple[str, str], Mask], *, base: str
) -> pl.DataFrame:
    """Return what each arm earned on some sessions, how far it fell over them, and less what the base did.

    Parameters
    ----------
    by_arm : mapping of str to Series
        Arm to its series on the same paths.
    capital : float
        C of every arm, dollars.
    masks : mapping
        What sessions are told apart by, and when, to those sessions: shape (paths, sessions).
    base : str
        The arm that the others are paired with.

    Returns
    -------
    DataFrame
        `arm`, `by`, `when`, `figure`, `estimate`, `low`, `high` (95%, over paths), `sessions` of 252 in which
        it was so. "return": P&L above bills per 252 such sessions, of capital; "drawdown": mean over paths of
        the largest fall of what was earned on these sessions alone, put end to end, of capital;
        "return_less_base" and "drawdown_less_base": path by path. No rows where no path had such a session.

    Examples
    --------
    >>> nav = np.array([[100.0, 101.0, 99.0]])
    >>> series = {"nav": nav, "deposited": 0 * nav, "bills": nav / nav, "spot": nav}
    >>> masks = {("announcements", "inside"): np.array([[False, True]])}
    >>> table = windows({"plain": series}, 100.0, masks, base="plain")
    >>> table.select("figure", pl.col("estimate").round(9)).rows()
    [('return', -5.04), ('drawdown', 0.02)]
    """
    if base not in by_arm:
        raise AlvhError(f"base = {base!r}: the arms are {', '.join(by_arm)}")
    shape = by_arm[base]["nav"].shape
    check_horizon(capital, shape[1] - 1)
    same_paths(by_arm)
    pnl = {arm: earned(series, capital) for arm, series in by_arm.items()}
    rows: list[tuple[object, ...]] = []
    for (by, when), mask in masks.items():
        if mask.shape != pnl[base].shape:
            raise AlvhError(f"masks: {by}, {when} has the shape {mask.shape}, the sessions {pnl[base].shape}")
        within = mask.sum(axis=1)
        if not within.any():
            continue
        share = SESSIONS_PER_YEAR * float(mask.mean())
        sums = {arm: (y * mask).sum(axis=1) * SESSIONS_PER_YEAR for arm, y in pnl.items()}
        falls = {arm: largest_fall(y * mask) for arm, y in pnl.items()}
        for arm in by_arm:
            told = {
                "return": ratio_interval(sums[arm], within),
                "drawdown": mean_interval(falls[arm]),
            }
            if arm != base:
                told["return_less_base"] = ratio_interval(sums[arm] - sums[base], within)
                told["drawdown_less_base"] = mean_interval(falls[arm] - falls[base])
            rows += [(arm, by, when, figure, *nullable(told[figure]), share) for figure in told]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def largest_fall(pnl: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest fall of the running sum of each row from its highest value, which begins at 0."""
    run = np.concatenate([np.zeros((len(pnl), 1)), np.cumsum(pnl, axis=1)], axis=1)
    fall: NDArray[np.float64] = (np.maximum.accumulate(run, axis=1) - run).max(axis=1)
    return fall
