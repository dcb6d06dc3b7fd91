"""Replicated indices for the terminal and as data: what they earned, how they agree with recorded ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl
from rich.console import Console
from rich.text import Text

from alvh.figures.words import percent
from alvh.replication import Agreement, agreement, misses
from alvh.report.wrapping import plain_table

__all__ = ["as_data", "print_replication"]

MONTHS_PER_YEAR: Final = 12
Levels = Mapping[str, pl.DataFrame]


def print_replication(console: Console, levels: Levels, recorded: Levels | None) -> None:
    """Print a row an index, then the aims that are missed, with the reasons."""
    agreements = _agreements(levels, recorded)
    table = plain_table(
        "Strategy indices from closes alone",
        "a year: compounded return; vol: of monthly ones, a year; gap: replicated less recorded, a year",
    )
    table.add_column("index")
    for header in ("months", "a year", "vol", "correlation", "beta", "gap"):
        table.add_column(header, justify="right", no_wrap=True)
    for name, frame in levels.items():
        yearly, vol = _earned(frame)
        found = agreements.get(name)
        against = ("-", "-", "-")
        if found is not None:
            against = (f"{found.correlation:.3f}", f"{found.beta:.2f}", f"{100 * found.gap:+.2f}%")
        table.add_row(name, f"{len(frame) - 1}", percent(yearly), percent(vol), *against)
    console.print(table)
    for name, found in agreements.items():
        for sentence in misses(name, found):
            console.print(Text(f"{name}: {sentence}."))


def as_data(levels: Levels, recorded: Levels | None) -> dict[str, Any]:
    """Return levels, agreements and missed aims by index, ready for JSON."""
    agreements = _agreements(levels, recorded)
    return {
        name: {
            "levels": frame,
            "agreement": agreements[name]._asdict() if name in agreements else None,
            "misses": misses(name, agreements[name]) if name in agreements else [],
        }
        for name, frame in levels.items()
    }


def _agreements(levels: Levels, recorded: Levels | None) -> dict[str, Agreement]:
    return {name: agreement(levels[name], frame) for name, frame in (recorded or {}).items()}


def _earned(frame: pl.DataFrame) -> tuple[float, float]:
    """Return the compounded return and the volatility, a year."""
    level, change = frame["level"], frame["change"].drop_nulls()
    years = len(change) / MONTHS_PER_YEAR
    vol = float(change.to_numpy().std()) * MONTHS_PER_YEAR**0.5
    return float((level[-1] / level[0]) ** (1.0 / years) - 1.0), vol
