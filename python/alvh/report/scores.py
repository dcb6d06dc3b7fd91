"""The best condors of many files for the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alvh.figures.words import percent
from alvh.report import terminal
from alvh.report.wrapping import plain_table

if TYPE_CHECKING:
    from alvh.scoring import FileScores

__all__ = ["HEADER", "condor_cells", "condor_header", "files_said", "print_scores", "ranked_by", "strikes"]

MOST_ROWS = 10
HEADER = ("", "day", "root", "days", "strikes", "credit", "risk", "profit")
CAPTION = (
    "credit: after the package fill; risk: wider wing less credit; both in points; profit: its probability "
    "under the chain's own density"
)
SHOWN = {"credit", "max_loss", "p_profit"}
"""Figures that have a column whatever the ranking is."""


def print_scores(console: Console, found: FileScores, out: Path | None) -> None:
    """Print how much was looked at, and the first of the best."""
    for sentence in files_said(found):
        console.print(Text(sentence))
    console.print()
    if found.frame.height:
        console.print(_best(found))
        console.print()
    if out is not None:
        console.print(Text(f"Results: {found.frame.height} condors in {out}, what is done in {out}.parts"))
    console.print(terminal.disclaimer())


def files_said(found: FileScores) -> list[str]:
    """Return what became of the files, in sentences."""
    count = dict(found.files["became"].value_counts().iter_rows())
    scored = found.files.height - count.get("unreadable", 0)
    files = "file" if scored == 1 else "files"
    said = [f"{found.candidates:,} condors of {scored:,} {files}, best by {ranked_by(found)}."]
    if none := count.get("no_condors", 0):
        said.append(f"{none:,} of the files {'has' if none == 1 else 'have'} no condor within the limits.")
    if unreadable := count.get("unreadable", 0):
        said.append(f"{unreadable:,} more could not be scored.")
    return said


def ranked_by(found: FileScores) -> str:
    """Return what the condors are ranked by, in words."""
    rank, order = found.job.rank_by, "" if found.job.descending else ", the smallest first"
    return f"{rank if isinstance(rank, str) else 'the given expression'}{order}"


def strikes(row: dict[str, Any]) -> str:
    """Return the four strikes, ascending: puts, then calls."""
    puts, calls = ("put_long", "put_short"), ("call_short", "call_long")
    return " ".join("/".join(f"{row[leg]:g}" for leg in legs) for legs in (puts, calls))


def condor_header(found: FileScores) -> tuple[str, ...]:
    """Return `HEADER`, and the figure that condors are ranked by where that does not have it."""
    rank = found.job.rank_by
    return (*HEADER, rank) if isinstance(rank, str) and rank not in SHOWN else HEADER


def condor_cells(row: dict[str, Any], header: tuple[str, ...] = HEADER) -> tuple[str, ...]:
    """Return the cells of a condor under its header."""
    return (
        str(row["rank"]),
        str(row["quote_date"]),
        row["root"] or "?",
        str(row["days"]),
        strikes(row),
        f"{row['credit']:.2f}",
        f"{row['max_loss']:.2f}",
        "-" if row["p_profit"] is None else percent(row["p_profit"]),
        *("-" if row[name] is None else f"{row[name]:.4g}" for name in header[len(HEADER) :]),
    )


def _best(found: FileScores) -> Table:
    frame: pl.DataFrame = found.frame
    more = f"; the first {MOST_ROWS} of {frame.height}" if frame.height > MOST_ROWS else ""
    table = plain_table(f"Best condors by {ranked_by(found)}", CAPTION + more)
    header = condor_header(found)
    for name in header:
        words = name in {"day", "root", "strikes"}
        table.add_column(
            name.replace("_", " "),
            justify="left" if words else "right",
            no_wrap=name in HEADER and name != "strikes",
        )
    for row in frame.head(MOST_ROWS).iter_rows(named=True):
        table.add_row(*condor_cells(row, header))
    return table
