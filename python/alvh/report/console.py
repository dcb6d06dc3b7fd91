"""Whole reports for the terminal, composed of the tables of `alvh.report.terminal`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl
from rich.console import Console
from rich.text import Text

from alvh.figures.words import amount, share_of_nav, span
from alvh.report import terminal
from alvh.report.wrapping import plain_table

if TYPE_CHECKING:
    from alvh.claims import Claim
    from alvh.comparison import Comparison, Trace

__all__ = ["print_audit", "print_comparison", "print_trace"]

CLOSE_ONLY = (
    "close-only on daily data: seen at a close, filled at the next; not ranked against the others (R13)"
)


def print_comparison(console: Console, result: Comparison) -> None:
    """Print the answer first, then the tables it rests on, then what they cannot say (R91, R90)."""
    console.print(terminal.headline_panel(result.headline()))
    console.print(Text(_what_was_run(result), style="dim"))
    if result.replayed:
        console.print(terminal.history_tables(result.history()))
        console.print(terminal.ladder_table(result.ladder()))
    else:
        console.print(terminal.ladder_table(result.ladder()))
        console.print(terminal.capacity_table(result.capacity()))
        console.print(terminal.against_table(result.against()))
    console.print(terminal.summary_table(result.summary()))
    console.print(terminal.attribution_table(result.attribution()))
    notes = [*result.limits]
    if close_only := result.task.facts["close_only"]:
        notes.append(f"{', '.join(close_only)}: {CLOSE_ONLY}.")
    if notes:
        console.print(terminal.limits_list(notes))
    console.print(terminal.disclaimer())


def _what_was_run(result: Comparison) -> str:
    facts, manifest = result.task.facts, result.manifest
    market = facts["source"] or facts["market"].upper()
    return (
        f"{market}: {result.task.paths:,} paths of {result.sessions} sessions, "
        f"capital ${result.capital:,.0f}, seed {manifest['seed']}, plan {manifest['plan'][:12]}, "
        f"SIMD {manifest['simd']}. "
        f"Tables below the ladder are at a margin share of {share_of_nav(result.shares[0])}."
    )


def print_trace(console: Console, told: Trace) -> None:
    """Print what happened to one book on one path, event by event."""
    table = plain_table("Events")
    for header in ("date", "event", "reason", "lots", "price", "P&L", "expiry", "strikes"):
        table.add_column(
            header, justify="right" if header in {"lots", "price", "P&L"} else "left", overflow="fold"
        )
    for row in told.events.iter_rows(named=True):
        table.add_row(
            str(row["date"]),
            row["event"],
            Text(row["reason"]),
            f"{row['lots']:g}" if row["lots"] else "",
            "" if row["price"] is None or row["price"] != row["price"] else f"{row['price']:.2f}",
            "" if row["pnl"] is None or row["pnl"] != row["pnl"] else f"{row['pnl']:,.0f}",
            str(row["expiry"] or ""),
            " ".join(f"{strike:g}" for strike in row["strikes"]),
        )
    console.print(table)
    last = told.ledger.row(-1, named=True)
    console.print(
        f"{last['date']}: NAV {last['nav']:,.0f}, cash {last['cash']:,.0f}, "
        f"requirement {last['requirement']:,.0f}"
    )
    console.print(terminal.disclaimer())


def print_audit(console: Console, table: pl.DataFrame, claims: Sequence[Claim]) -> None:
    """Print every claim with what was measured, or what is missing to measure it."""
    measured = plain_table("Claims measured", "reading: where the 95% interval lies against the claim")
    for header in ("id", "claim and variant", "claimed", "measured", "n", "reading", "verdict"):
        measured.add_column(
            header, justify="right" if header in {"measured", "n"} else "left", overflow="fold"
        )
    previous = None
    for row in table.filter(pl.col("verdict") != "not yet computable").iter_rows(named=True):
        unit = row["unit"]
        figure = (
            "-"
            if row["measured"] is None
            else f"{amount(row['measured'], unit)}\n{span(row['low'], row['high'], unit)}"
        )
        words = row["variant"] if row["claim"] == previous else f"{row['claim']}\n{row['variant']}"
        previous = row["claim"]
        measured.add_row(
            row["id"],
            Text(words),
            row["claimed"],
            Text(figure),
            f"{row['n']:,}",
            row["reading"],
            row["verdict"],
        )
    console.print(measured)
    missing = plain_table("Not yet computable")
    for header in ("id", "claim", "needs"):
        missing.add_column(header, overflow="fold")
    for claim in claims:
        if claim.needs:
            missing.add_row(claim.id, Text(claim.text), claim.needs)
    console.print(missing)
    console.print(terminal.disclaimer())
