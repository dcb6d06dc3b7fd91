"""The figures made of sessions, deals and tranches, in the terminal: a line a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from alvh.figures.words import amount, span

__all__ = ["session_lines"]

_UNITS = {
    "spikes": "probability",
    "windows": "a year",
    "greek_view": "dollars",
    "openings": "dollars",
    "cycles": "ratio",
}
"""Of tables without a column for it."""

_VALUES = {"openings": "pnl", "greek_view": "dollars", "entries": "mean"}
"""What is estimated, where it is not `estimate`."""

_TOLD = ("estimate", "low", "high", "unit", "pnl", "dollars", "mean")

_ASIDE = ("unit", "status")


def session_lines(name: str, table: pl.DataFrame) -> Iterator[str]:
    r"""Yield a table as lines: what it is of, the figure, its interval, and whatever else the row says.

    Examples
    --------
    >>> row = {"arm": "plain", "figure": "beta", "estimate": -0.15, "low": -0.2, "high": -0.1}
    >>> row |= {"unit": "per 1"}
    >>> print(*session_lines("beta", pl.DataFrame([row])), sep="\n")
    beta
      plain, beta: -0.15 (-0.20 to -0.10)
    """
    yield name
    if table.is_empty():
        yield "  nothing to tell"
    for row in table.iter_rows(named=True):
        named = (value for key, value in row.items() if isinstance(value, str) and key not in _ASIDE)
        of = ", ".join(named)
        yield f"  {of}: {_told(name, row)}"


def _told(name: str, row: dict[str, Any]) -> str:
    unit = row.get("unit") or _UNITS.get(name, "count")
    interval = span(row["low"], row["high"], unit)
    # Of openings the row tells quantiles, elsewhere what is estimated and how well.
    words = f" (5% to 95% of them: {interval})" if name == "entries" else f" ({interval})"
    told = amount(row[_VALUES.get(name, "estimate")], unit) + (words if interval else "")
    more = [
        f"{key.replace('_', ' ')} {amount(value, 'count')}"
        for key, value in row.items()
        if isinstance(value, int | float) and key not in _TOLD
    ]
    return "; ".join([told, *more, *filter(None, [row.get("status")])])
