"""What a book earned session by session, and what the market did then."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from alvh.errors import AlvhError

__all__ = ["Series", "earned", "moves", "same_paths", "with_bills"]

Series = Mapping[str, NDArray[np.float64]]
"""Rows of paths, columns of the ticks 0 to T, as ``_core.Plan.series`` gives them."""


def earned(series: Series, capital: float) -> NDArray[np.float64]:
    """Return the P&L of each session above bills, of capital: shape (paths, sessions).

    Formula: Δ(NAV − D) / C − Δ bills, bills the growth of 1, D the cash from outside with its interest at
    bills (`with_bills`). Of capital and not of NAV, so that it adds up to `return_on_nav` of a year, and
    exists for a lost account.

    Examples
    --------
    >>> series = {"nav": [[100.0, 103.0]], "deposited": [[0.0, 0.0]], "bills": [[1.0, 1.01]]}
    >>> earned({name: np.array(column) for name, column in series.items()}, 100.0).round(12)
    array([[0.02]])
    """
    bills = series["bills"]
    own = (series["nav"] - with_bills(series["deposited"], bills)) / capital
    return np.diff(own, axis=1) - np.diff(bills, axis=1)


def with_bills(deposited: NDArray[np.float64], bills: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what cash put in so far would be worth in bills: shape (paths, ticks).

    Formula: bills_t Σ over s ≤ t of Δ deposited_s / bills_s, what is taken out negative.

    Examples
    --------
    >>> with_bills(np.array([[0.0, 100.0, 100.0]]), np.array([[1.0, 1.0, 1.01]]))
    array([[  0., 100., 101.]])
    """
    added = np.diff(deposited, axis=1, prepend=0.0)
    worth: NDArray[np.float64] = bills * np.cumsum(added / bills, axis=1)
    return worth


def moves(series: Series) -> NDArray[np.float64]:
    """Return the simple price return of SPX of each session above bills, without dividends."""
    spot, bills = series["spot"], series["bills"]
    return spot[:, 1:] / spot[:, :-1] - bills[:, 1:] / bills[:, :-1]


def same_paths(by_arm: Mapping[str, Series]) -> None:
    """Refuse arms that did not run on the same market paths: their differences could not be paired."""
    first, *others = by_arm.items()
    for arm, series in others:
        if not np.array_equal(series["spot"], first[1]["spot"]):
            raise AlvhError(
                f"arms {first[0]!r} and {arm!r} did not run on the same paths: give the same ones"
            )
