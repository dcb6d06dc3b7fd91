"""A snapshot of a chain for the terminal: quality, expiries, and what breaks a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alvh.figures.words import percent
from alvh.report import terminal
from alvh.report.wrapping import plain_table

if TYPE_CHECKING:
    from alvh.chain.overview import Overview

__all__ = ["arbitrage_said", "expiry_rows", "print_chain", "title"]

HEADER = ("root", "expiry", "days", "forward", "fit", "ATM vol", "skew", "error", "inside")
CAPTION = (
    "skew: 25-delta put less 25-delta call; error: median of the fitted slice; all in percent; inside: share "
    "of fitted prices within bid and ask"
)


def print_chain(console: Console, told: Overview) -> None:
    """Print what the snapshot is, how good its quotes are, its expiries, and the bounds it breaks."""
    console.print(Text(title(told), style="bold"))
    console.print(Text(snapshot_said(told), style="dim"))
    console.print()
    console.print(_quality(told.quality))
    console.print()
    console.print(_expiries(told.expiries))
    console.print()
    for sentence in arbitrage_said(told):
        console.print(Text(sentence))
    console.print()
    console.print(terminal.disclaimer())


def title(told: Overview) -> str:
    """Return what and when."""
    return f"{', '.join(told.roots)} options, {told.day} {told.time}"


def snapshot_said(told: Overview) -> str:
    """Return which of the snapshots of the source this is."""
    rows = told.surface.quotes.height
    of = "the only snapshot" if told.snapshots == 1 else f"one of {told.snapshots} snapshots"
    return f"{rows:,} quotes, {of} of the source"


def arbitrage_said(told: Overview) -> list[str]:
    """Return the bounds that are broken, net of spreads and fees, in sentences."""
    found = told.arbitrage
    if found is None:
        return [f"Arbitrage: not looked for: nobody says the fees of {told.without_fees}; --fees does."]
    if found.is_empty():
        return ["Arbitrage: none net of spreads and fees."]
    counts = found.group_by("kind", maintain_order=True).len()
    kinds = ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in counts.iter_rows())
    best = found.row(0, named=True)
    strikes = "/".join(f"{strike:g}" for strike in dict.fromkeys(best["strikes"]))
    bounds = "1 bound is" if found.height == 1 else f"{found.height:,} bounds are"
    what = f"{best['kind'].replace('_', ' ')}, {best['root'] or '?'} {best['expiration']} {strikes}"
    return [
        f"Arbitrage: {bounds} broken net of spreads and fees: {kinds}.",
        f"The best earns ${best['dollars']:,.0f} a unit: {what}.",
    ]


def expiry_rows(expiries: pl.DataFrame) -> list[tuple[str, ...]]:
    """Return the cells of each expiry under `HEADER`; a dash where there is nothing to tell."""
    return [_cells(row) for row in expiries.sort("expiration", "root").iter_rows(named=True)]


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    fitted = row["status"] == "ok"
    return (
        row["root"] or "?",
        str(row["expiration"]),
        _written(row["days"], "d"),
        _written(row["forward"], ".2f"),
        row["fit"] if fitted else row["status"].replace("_", " "),
        _written(100.0 * row["atm_vol"] if row["atm_vol"] is not None else None, ".2f"),
        _written(row["skew"], "+.2f"),
        _written(row["error_median"], ".2f"),
        "-" if row["inside"] is None else f"{row['inside']:.0%}",
    )


def _written(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _quality(counted: pl.DataFrame) -> Table:
    table = plain_table("Quality of the quotes")
    table.add_column("status")
    for header in ("rows", "share"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("meaning", overflow="fold")
    for row in counted.filter(pl.col("rows") > 0).iter_rows(named=True):
        table.add_row(row["status"], f"{row['rows']:,}", percent(row["share"]), row["meaning"])
    return table


def _expiries(expiries: pl.DataFrame) -> Table:
    table = plain_table("Expiries", CAPTION)
    for header in HEADER:
        words = header in {"root", "expiry", "fit"}
        table.add_column(header, justify="left" if words else "right", no_wrap=header != "fit")
    for cells in expiry_rows(expiries):
        table.add_row(*cells)
    return table
