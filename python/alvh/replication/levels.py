"""Recorded levels of strategy indices: read from a file, what is none refused by row and column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from alvh.errors import HistoryError
from alvh.history.checks import check_order, read_days, read_numbers
from alvh.history.columns import DATE, Column, find_names
from alvh.history.source import HistorySource, open_source

__all__ = ["recorded_levels"]

_LEVEL: Final = (1e-6, 1e9, "index points", "correct the value, or leave the cell empty")


def recorded_levels(source: HistorySource, names: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Return the levels of those of the indices that a file has.

    Parameters
    ----------
    source : str, path or polars.DataFrame
        ``date``, ascending, and a column of levels per index, in any case; an empty cell or a NaN
        is no level.
    names : sequence of str
        Of the indices.

    Returns
    -------
    dict of str to polars.DataFrame
        ``date`` and ``level``, without the rows that have no level.

    Raises
    ------
    HistoryError
        There is no date or none of the indices, a date is none, twice or before the one above it, or a
        level is no positive number.

    Examples
    --------
    >>> frame = pl.DataFrame({"date": ["2024-01-31", "2024-02-29"], "PUT": [100.0, 101.0]})
    >>> recorded_levels(frame, ["put", "bxm"])["put"]["level"].to_list()
    [100.0, 101.0]
    """
    opened = open_source(source)
    found = find_names(opened, {}, (DATE, *names))
    if DATE not in found or len(found) == 1:
        raise HistoryError(
            f"{opened.name}: has the columns {', '.join(opened.columns)}: date and one of {', '.join(names)} "
            "are needed",
            source=opened.name,
        )
    days = read_days(opened, found[DATE])
    check_order(opened, found[DATE], days)
    return {
        name: pl.DataFrame(
            [days, read_numbers(opened, found[name], Column(name, *_LEVEL)).alias("level")]
        ).drop_nulls()
        for name in names
        if name in found
    }
