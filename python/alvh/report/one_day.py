"""The tables of condors of a day and of stops in the terminal (R2, R7, R14)."""

from __future__ import annotations

from typing import Any

import polars as pl
from rich.table import Table
from rich.text import Text

from alvh.figures import ONE_DAY, STOPS
from alvh.figures.words import amount, span
from alvh.report.wrapping import plain_table

__all__ = ["one_day_table", "stops_table"]


def one_day_table(found: pl.DataFrame) -> Table:
    """Return what a condor earns, costs and may cost, by the short end of the surface (R2).

    Parameters
    ----------
    found : DataFrame
        What `alvh.figures.one_day` returns.
    """
    caption = (
        f"on {found['paths'][0]:,} of the paths; per condor, in dollars; vol of one session times .9 to 1.1"
    )
    table = plain_table("Condors that expire within a week", caption)
    table.add_column("arm", overflow="fold")
    table.add_column("vol of a session", justify="right")
    for name in ONE_DAY:
        table.add_column(name.replace("_", " "), justify="right")
    for arm in found["arm"].unique(maintain_order=True):
        for short_end in found["short_end"].unique().sort():
            rows = found.filter(arm=arm, short_end=short_end).iter_rows(named=True)
            cells = (Text(_two_lines(row)) for row in rows)
            table.add_row(Text(arm), f"{short_end:g}", *cells)
    return table


def stops_table(found: pl.DataFrame) -> Table:
    """Return what stops did: whipsaws, regret, value given up, excursions (R14, R7).

    Parameters
    ----------
    found : DataFrame
        What `alvh.figures.stops` returns.
    """
    table = plain_table("Stops", "; ".join(f"{name}: {meaning}" for name, (_, meaning) in STOPS.items()))
    table.add_column("arm", overflow="fold")
    for name in STOPS:
        table.add_column(name.replace("_", " "), justify="right")
    for arm in found["arm"].unique(maintain_order=True):
        rows = {row["figure"]: row for row in found.filter(arm=arm).iter_rows(named=True)}
        cells = (Text(_two_lines(rows[name]) if name in rows else "-") for name in STOPS)
        table.add_row(Text(arm), *cells)
    return table


def _two_lines(row: dict[str, Any]) -> str:
    """Write an estimate above its interval."""
    interval = span(row["low"], row["high"], row["unit"])
    return amount(row["estimate"], row["unit"]) + (f"\n{interval}" if interval else "")
