"""A validation for the terminal: facts by group, then what is missed and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alvh.report.wrapping import plain_table

if TYPE_CHECKING:
    from alvh.validation import Validation

__all__ = ["print_validation"]

CAPTION: Final = (
    "value: all paths pooled for shares, quantiles and spells, else their median; 5%–95%: single paths; "
    "? known miss, ! miss, - not known of this history"
)
SIGNS: Final = {"inside": "", "known miss": "?", "miss": "!", "not known": "-"}


def print_validation(console: Console, validation: Validation) -> None:
    """Print what was simulated, the facts by group, the misses with their reasons, and the verdict."""
    size = f"{validation.paths} paths of {validation.years} years, seed {validation.seed}"
    console.print(Text(f"{validation.model} against history: {size}", style="bold"))
    for (group,), rows in validation.table().group_by("group", maintain_order=True):
        console.print()
        console.print(_facts(str(group), rows))
    console.print(Text(CAPTION, style="dim"))
    console.print()
    for sentence in sentences(validation):
        console.print(Text(sentence))


def sentences(validation: Validation) -> list[str]:
    """Return the verdict and every miss with its reason."""
    facts, known, misses = validation.table(), validation.known(), validation.misses()
    unknown = validation.unknown()
    inside = facts.height - known.height - misses.height - unknown.height
    counts = f"{inside} of {facts.height} facts are as in history, {known.height} are known misses"
    told = [f"{counts}, {misses.height} are misses."]
    if unknown.height:
        told.append(f"Not known of this history: {', '.join(unknown['fact'])}.")
    for reason, rows in known.group_by("reason", maintain_order=True):
        told.append(f"Known miss ({', '.join(rows['fact'])}): {reason[0]}")
    told += [f"Miss ({row['fact']}): {row['reason']}." for row in misses.iter_rows(named=True)]
    return told


def _facts(group: str, rows: pl.DataFrame) -> Table:
    table = plain_table(group)
    table.add_column("fact", overflow="fold")
    for header in ("value", "5%–95%", "history", "accepted", ""):
        table.add_column(header, justify="right", no_wrap=True)
    for row in rows.iter_rows(named=True):
        table.add_row(*_cells(row))
    return table


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["about"],
        _number(row["value"]),
        f"{_number(row['low'])} – {_number(row['high'])}",
        _number(row["history"]),
        f"{_number(row['accepted_low'])} – {_number(row['accepted_high'])}",
        SIGNS[row["verdict"]],
    )


def _number(value: float | None) -> str:
    """Return three significant digits without an exponent."""
    if value is None:
        return "not known"
    return "-" if value != value else f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"  # noqa: PLR0124
