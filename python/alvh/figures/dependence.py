"""What sessions owe to those before them: losses that cluster, and what i.i.d. sessions would say (R18)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.figures.by_session import Series, earned
from alvh.figures.columns import ESTIMATES, SESSIONS_PER_YEAR, check_horizon, nullable
from alvh.figures.returns import ROUNDING
from alvh.figures.windows import largest_fall
from alvh.statistics import block_interval, mean_interval

__all__ = ["BLOCK", "DEPENDENCE", "MONTH", "ONE_HISTORY", "SHUFFLES", "dependence", "one_history"]

MONTH: Final = 21
"""Sessions of a month."""

BLOCK: Final = 21
"""Sessions of a block: a month, over which half of a rise of VIX is gone. Ours."""

SHUFFLES: Final = 16
"""Orders of the sessions of a path over which the control is a mean."""

DEPENDENCE: Final = {
    "clustering": ("correlation", "of the size of a session's P&L with that of the session before"),
    "worst_month": ("share", "lowest P&L of 21 sessions in a row, of capital, mean over paths"),
    "worst_month_iid": ("share", "the same of the same sessions in any order"),
    "worst_month_less_iid": ("share", "the first less the second, path by path: below 0 losses cluster"),
    "drawdown": ("share", "largest fall of the P&L above bills, of capital, mean over paths"),
    "drawdown_iid": ("share", "the same of the same sessions in any order"),
    "drawdown_less_iid": ("share", "the first less the second, path by path: above 0 losses cluster"),
}
"""Figure to its unit and meaning."""

ONE_HISTORY: Final = {
    "return": ("a year", "P&L above bills, of capital, arithmetic"),
    "deviation": ("a year", "standard deviation of the P&L of a session, times √252"),
    "worst_month": ("share", "lowest P&L of 21 sessions in a row, of capital"),
    "drawdown": ("share", "largest fall of the P&L above bills, of capital"),
}
"""Figure of one history to its unit and meaning."""

_ONE_HISTORY = {
    **{name: kind for name, kind in ESTIMATES.items() if name != "unit"},
    "low_iid": pl.Float64,
    "high_iid": pl.Float64,
    "unit": pl.String,
    "sessions": pl.Int64,
}


def dependence(
    by_arm: Mapping[str, Series], capital: float, *, seed: int = 0, shuffles: int = SHUFFLES
) -> pl.DataFrame:
    """Return how much worse sessions are in the order in which they came than in any order (R18).

    The control has the same sessions of the same path, so that it differs in nothing but their order: what
    it lacks is what independent trades would have spared.

    Parameters
    ----------
    by_arm : mapping of str to Series
        Arm to its series.
    capital : float
        C of every arm, dollars.
    seed : int
        Of the orders.
    shuffles : int
        How many orders of each path.

    Returns
    -------
    DataFrame
        `arm`, `figure`, `estimate`, `low`, `high` (95%, over paths), `unit`: see `DEPENDENCE`. A path whose
        P&L never changes has no clustering, and is left out of it.

    Examples
    --------
    >>> steps = np.array([[1.0, 1.0, -1.0, -1.0] * 16])
    >>> nav = 100.0 + np.concatenate([np.zeros((1, 1)), steps.cumsum(axis=1)], axis=1)
    >>> series = {"nav": nav, "deposited": 0 * nav, "bills": 0 * nav + 1.0}
    >>> table = dependence({"plain": series}, 100.0)
    >>> table.filter(figure="drawdown")["estimate"].round(9).item()
    0.02
    """
    rows: list[tuple[object, ...]] = []
    for arm, series in by_arm.items():
        y = earned(series, capital)
        check_horizon(capital, y.shape[1])
        rng = np.random.default_rng(seed)
        orders = [rng.permuted(y, axis=1) for _ in range(shuffles)]
        told = {"clustering": _clustering(y)}
        for name, measure in (("worst_month", worst_month), ("drawdown", largest_fall)):
            here = measure(y)
            control = np.mean([measure(order) for order in orders], axis=0)
            told |= {name: here, f"{name}_iid": control, f"{name}_less_iid": here - control}
        rows += [
            (arm, name, *nullable(mean_interval(told[name])), unit) for name, (unit, _) in DEPENDENCE.items()
        ]
    return pl.DataFrame(rows, schema=ESTIMATES, orient="row")


def one_history(
    by_arm: Mapping[str, NDArray[np.float64]], *, block: int = BLOCK, draws: int = 999, seed: int = 0
) -> pl.DataFrame:
    """Return the figures of one history with intervals of a block bootstrap, and of an i.i.d. one (R18).

    Parameters
    ----------
    by_arm : mapping of str to ndarray, shape (sessions,)
        Arm to its P&L above bills of consecutive sessions, of capital.
    block, draws, seed
        As in `alvh.statistics.block_rows`.

    Returns
    -------
    DataFrame
        `arm`, `figure`, `estimate`, `low`, `high` (95%, blocks), `low_iid`, `high_iid` (sessions drawn one by
        one, as if they were independent), `unit`, `sessions`. Blocks are put end to end in any order: a fall
        longer than a block is broken up, so that the bounds of `drawdown` lie too low.

    Examples
    --------
    >>> y = np.random.default_rng(1).normal(0.0001, 0.002, 504)
    >>> one_history({"plain": y}, draws=99).select("figure", "sessions").row(0)
    ('return', 504)
    """
    measures: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
        "return": lambda rows: rows.mean(axis=1) * SESSIONS_PER_YEAR,
        "deviation": lambda rows: rows.std(axis=1) * np.sqrt(SESSIONS_PER_YEAR),
        "worst_month": worst_month,
        "drawdown": largest_fall,
    }
    rows: list[tuple[object, ...]] = []
    for arm, y in by_arm.items():
        for name, (unit, _) in ONE_HISTORY.items():
            blocks, iid = (
                block_interval(y, measures[name], block=each, draws=draws, seed=seed) for each in (block, 1)
            )
            rows.append((arm, name, *blocks, iid.low, iid.high, unit, len(y)))
    return pl.DataFrame(rows, schema=_ONE_HISTORY, orient="row")


def worst_month(pnl: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lowest sum of `MONTH` sessions in a row of each row, or of all where there are fewer."""
    run = np.concatenate([np.zeros((len(pnl), 1)), np.cumsum(pnl, axis=1)], axis=1)
    wide = min(MONTH, pnl.shape[1])
    worst: NDArray[np.float64] = (run[:, wide:] - run[:, :-wide]).min(axis=1)
    return worst


def _clustering(pnl: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the autocorrelation of |P&L| over one session, of the paths that have one."""
    size = np.abs(pnl)
    now, before = size[:, 1:], size[:, :-1]
    now, before = (each - each.mean(axis=1, keepdims=True) for each in (now, before))
    scale = np.sqrt((now**2).sum(axis=1) * (before**2).sum(axis=1))
    moves = scale > ROUNDING**2 * pnl.shape[1]
    clustered: NDArray[np.float64] = (now * before).sum(axis=1)[moves] / scale[moves]
    return clustered
