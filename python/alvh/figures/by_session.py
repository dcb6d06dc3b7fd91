"""What a book earned session by session, and what the market did then."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from alvh.errors import AlvhError

__all__ = ["Series", "earned", "moves", "same_paths"]

Series = Mapping[str, NDArray[np.float64]]
"""Rows of paths, columns of the ticks 0 to T, as ``_core.Plan.series`` gives them."""


def earned(series: Series, capital: float) -> NDArray[np.float64]:
    """Return the P&L of each session above bills, of capital: shape (paths, sessions).

    Formula: (Δ(NAV − cash from outside)) / C − Δ bills, bills the growth of 1. Of capital and not of NAV, so
    that it adds up to `return_on_nav` of a year, and exists for a lost account.

    Examples
    --------
    >>> series = {"nav": [[100.0, 103.0]], "deposited": [[0.0, 0.0]], "bills": [[1.0, 1.01]]}
    >>> earned({name: np.array(column) for name, column in series.items()}, 100.0).round(12)
    array([[0.02]])
    """
    own = (series["nav"] - series["deposited"]) / capital
    return np.diff(own, axis=1) - np.diff(series["bills"], axis=1)


def moves(series: Series) -> NDArray[np.float64]:
    """Return the simple return of SPX of each session above bills, without dividends: (paths, sessions)."""
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
