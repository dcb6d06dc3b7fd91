"""Whipsaw: layers that a signal opened and closed again at a loss, or closed and opened again (R37)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.errors import AlvhError
from alvh.figures.columns import SESSIONS_PER_YEAR, check_horizon, nullable
from alvh.statistics import mean_interval, ratio_interval

__all__ = ["WHIPSAW", "WHIPSAW_SESSIONS", "flips", "whipsaw"]

WHIPSAW_SESSIONS: Final = 10
"""Sessions within which a signal that turns back has whipsawed: two weeks, ours."""

WHIPSAW: Final = {
    "opened": ("times a year", "tranches opened by rule or calendar, without rolls"),
    "flipped": ("times a year", "of these, closed by rule at a loss within the sessions of a whipsaw"),
    "flipped_share": ("share", "of those opened early enough to be known"),
    "reversed": (
        "times a year",
        "tranches opened within so many sessions after a rule closed one of the layer",
    ),
    "flip_cost": ("a year", "P&L of what flipped, of capital"),
}
"""Figure to its unit and meaning."""

_SCHEMA: dict[str, Any] = {
    "layer": pl.String,
    "figure": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
}


def flips(tranches: pl.DataFrame, within: int = WHIPSAW_SESSIONS) -> pl.DataFrame:
    """Return the tranches that a rule closed at a loss at most `within` sessions after their opening.

    What a roll opened is left out: its signal is older.

    Parameters
    ----------
    tranches : DataFrame
        What `alvh.figures.tranches_of` says.
    within : int
        Sessions.
    """
    return tranches.filter(
        ~pl.col("rolled"),
        pl.col("how") == "rule",
        pl.col("pnl") < 0.0,
        pl.col("ended") - pl.col("opened") <= within,
    )


def whipsaw(
    tranches: pl.DataFrame,
    layers: Sequence[str],
    *,
    paths: int,
    sessions: int,
    capital: float,
    within: int = WHIPSAW_SESSIONS,
) -> pl.DataFrame:
    """Return how often each layer was whipsawed by its signals (R37).

    Parameters
    ----------
    tranches : DataFrame
        What `alvh.figures.tranches_of` says of one book.
    layers : sequence of str
        Names of its layers, in order.
    paths, sessions : int
        How many paths of how many sessions they are.
    capital : float
        C, dollars.
    within : int
        Sessions of a whipsaw, at least 1.

    Returns
    -------
    DataFrame
        `layer`, `figure`, `estimate`, `low`, `high` (95%, over paths), `unit`: see `WHIPSAW`.

    Raises
    ------
    AlvhError
        Fewer than one session, or a horizon or capital by which nothing can be divided.

    Examples
    --------
    >>> one = {"path": 0, "layer": 0, "slot": 0, "opened": 3, "ended": 7, "lots": 1.0, "pnl": -90.0}
    >>> frame = pl.DataFrame([one | {"rolled": False, "how": "rule"}])
    >>> table = whipsaw(frame, ["curve"], paths=1, sessions=252, capital=1e6)
    >>> dict(table.select("figure", "estimate").iter_rows())["flipped"]
    1.0
    """
    check_horizon(capital, sessions)
    if isinstance(within, bool) or not isinstance(within, int) or within < 1:
        raise AlvhError(f"within = {within!r}: sessions of a whipsaw, a whole number from 1")
    a_year = SESSIONS_PER_YEAR / sessions
    rows: list[tuple[object, ...]] = []
    for index, layer in enumerate(layers):
        mine = tranches.filter(pl.col("layer") == index)
        opened = mine.filter(~pl.col("rolled"))
        # The last ones of a path may yet flip: they say nothing of the share.
        known = opened.filter(pl.col("opened") <= sessions - within)
        flipped = flips(mine, within)
        early = flipped.filter(pl.col("opened") <= sessions - within)
        told = {
            "opened": mean_interval(_counts(opened, paths) * a_year),
            "flipped": mean_interval(_counts(flipped, paths) * a_year),
            "flipped_share": ratio_interval(_counts(early, paths), _counts(known, paths)),
            "reversed": mean_interval(_counts(_reversed(mine, within), paths) * a_year),
            "flip_cost": mean_interval(_counts(flipped, paths, "pnl") * (a_year / capital)),
        }
        rows += [(layer, name, *nullable(value), WHIPSAW[name][0]) for name, value in told.items()]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _counts(tranches: pl.DataFrame, paths: int, weigh: str | None = None) -> NDArray[np.float64]:
    weights = None if weigh is None else tranches[weigh].to_numpy()
    at = tranches["path"].cast(pl.Int64).to_numpy()
    return np.bincount(at, weights=weights, minlength=paths).astype(np.float64)


def _reversed(tranches: pl.DataFrame, within: int) -> pl.DataFrame:
    """Return what was opened again soon after a rule closed a tranche of the same layer and path."""
    closed = tranches.filter(pl.col("how") == "rule").select("path", end="ended").sort("end")
    opened = tranches.filter(~pl.col("rolled")).sort("opened")
    after = opened.join_asof(closed, left_on="opened", right_on="end", by="path", check_sortedness=False)
    return after.filter(pl.col("opened") - pl.col("end") <= within)
