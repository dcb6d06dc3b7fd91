"""Whole reports for the terminal, composed of the tables of `alvh.report.terminal`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from alvh.claims.voting import readings_in_words
from alvh.figures.words import amount, number_of, share_of_nav, span
from alvh.report import terminal
from alvh.report.calls import call_tables
from alvh.report.episode import episode_told
from alvh.report.hedges import hedge_tables
from alvh.report.one_day import inside_tables
from alvh.report.wrapping import plain_table

if TYPE_CHECKING:
    from alvh.claims import Claim
    from alvh.comparison import Comparison, Trace
    from alvh.episode import Episode

__all__ = ["print_audit", "print_comparison", "print_episodes", "print_trace"]


def print_comparison(console: Console, result: Comparison) -> None:
    """Print the answer first, then the tables it rests on, then what they cannot say (R91, R90)."""
    console.print(terminal.headline_panel(result.headline()))
    console.print(Text(_what_was_run(result), style="dim"))
    console.print()
    band = result.surface_band()
    if not band.is_empty():
        console.print(terminal.surface_band_table(result.labelled(band)))
        console.print()
    for table in (*inside_tables(result), *_tables(result)):
        console.print(table)
        console.print()
    named = result.labelled
    # These two end with a blank line of their own.
    console.print(terminal.summary_table(named(result.summary())))
    console.print(terminal.attribution_table(named(result.attribution())))
    if result.limits:
        console.print(terminal.limits_list(result.limits))
        console.print()
    console.print(terminal.disclaimer())


def _tables(result: Comparison) -> Iterator[RenderableType]:
    """Yield what the answer rests on: counts of a history, or probabilities and differences of a sample."""
    named = result.labelled
    if result.replayed:
        told = result.history()
        yield terminal.history_tables(told._replace(counts=named(told.counts), episodes=named(told.episodes)))
        yield terminal.ladder_table(named(result.ladder()))
        yield from _at_the_bar(result)
        yield from _rivals(result)
        yield from hedge_tables(named(result.protection()), named(result.layer_pnl()))
        yield from call_tables(result)
        yield from map(episode_told, result.told.values())
        if result.quoted:
            yield terminal.prices_table(named(result.prices()))
        return
    yield terminal.ladder_table(named(result.ladder()))
    yield terminal.capacity_table(named(result.capacity()))
    yield from _at_the_bar(result)
    if len(result.arms) > 1:
        yield terminal.against_table(named(result.against()))
    yield from _rivals(result)
    yield from hedge_tables(named(result.protection()), named(result.layer_pnl()))
    yield from call_tables(result)
    yield _premium_table(named(result.premium()))


def _at_the_bar(result: Comparison) -> Iterator[RenderableType]:
    """Yield the calls at the worst bar where one was asked for."""
    if result.task.spec.get("worst_bar"):
        yield terminal.bar_calls_table(result.labelled(result.bar_calls()))


def _rivals(result: Comparison) -> Iterator[RenderableType]:
    """Yield the table of equal cost where there are rivals."""
    rivals = result.labelled(result.equal_cost())
    if not rivals.is_empty():
        yield terminal.equal_cost_table(rivals, result.label(result.arms[0]), result.pilot)


def _premium_table(premium: pl.DataFrame) -> Table:
    """Return the mean return of each arm at several equity risk premia: the premium is an assumption."""
    table = plain_table("Return on NAV a year in excess of bills, by equity risk premium")
    table.add_column("arm", overflow="fold")
    premia = premium["erp"].unique(maintain_order=True).to_list()
    for erp in premia:
        table.add_column(share_of_nav(erp), justify="right")
    for arm in premium["arm"].unique(maintain_order=True):
        rows = premium.filter(arm=arm, figure="return_on_nav").rows(named=True)
        table.add_row(Text(arm), *(Text(_estimate(row, row["estimate"])) for row in rows))
    return table


def _estimate(row: dict[str, Any], value: float | None) -> str:
    """Write an estimate above its interval; a dash where there is none."""
    if value is None:
        return "-"
    return f"{amount(value, row['unit'])}\n{span(row['low'], row['high'], row['unit'])}"


def _what_was_run(result: Comparison) -> str:
    facts, manifest = result.task.facts, result.manifest
    market = facts["source"] or facts["market"].upper()
    return (
        f"{market}: {number_of(result.task.paths, 'path')} of {number_of(result.sessions, 'session')}, "
        f"capital ${result.capital:,.0f}, seed {manifest['seed']}, plan {manifest['plan'][:12]}, "
        f"SIMD {manifest['simd']}. "
        f"Tables below the ladder are at a margin share of {share_of_nav(result.shares[0])}."
    )


def print_trace(console: Console, told: Trace) -> None:
    """Print what happened to one book on one path, event by event."""
    table = plain_table("Events")
    layered = told.events["layer"].n_unique() > 1
    reason = "layer: reason" if layered else "reason"
    for header in ("date", "event", reason, "lots", "price", "P&L", "expiry", "strikes"):
        table.add_column(
            header,
            justify="right" if header in {"lots", "price", "P&L"} else "left",
            overflow="fold",
            no_wrap=header in {"date", "expiry"},
        )
    for row in told.events.iter_rows(named=True):
        table.add_row(
            str(row["date"]),
            row["event"],
            Text(f"{row['layer']}: {row['reason']}" if layered and row["layer"] else row["reason"]),
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


def print_episodes(console: Console, told: Iterable[Episode]) -> None:
    """Print episodes of a history day by day."""
    for episode in told:
        console.print(episode_told(episode))
        console.print()
    console.print(terminal.disclaimer())


def print_audit(console: Console, table: pl.DataFrame, claims: Sequence[Claim]) -> None:
    """Print every claim with what was measured, or what is missing to measure it."""
    measured = table.filter(pl.col("verdict") != "not yet computable")
    for rows in measured.partition_by("id", "claim", maintain_order=True):
        console.print(_claim_table(rows))
        for note in _notes(rows):
            console.print(Text(note, style="dim"))
        console.print()
    missing = plain_table("Not yet computable")
    for header in ("id", "claim", "needs"):
        missing.add_column(header, overflow="fold")
    for claim in claims:
        if claim.needs:
            missing.add_row(claim.id, Text(claim.text), claim.needs)
    console.print(missing)
    console.print(terminal.disclaimer())


def _notes(rows: pl.DataFrame) -> Iterator[str]:
    """Yield what must stand beside the figures, once each, and the p-values of paired tests."""
    told = rows.with_columns(note=pl.col("why").str.split("; ").list.first())
    for row in told.unique("note", keep="first", maintain_order=True).iter_rows(named=True):
        tested = "" if row["p_value"] is None else f", p = {row['p_value']:.2g}"
        yield f"{row['variant']}: {row['note']}{tested}"


def _claim_table(rows: pl.DataFrame) -> Table:
    first = rows.row(0, named=True)
    title = escape(f"{first['id']}: {first['claim']}")
    table = plain_table(title, "reading: where the 95% interval lies against the claim, by voting market")
    for header in ("variant", "claimed", "measured", "n", "reading", "verdict"):
        table.add_column(header, justify="right" if header in {"measured", "n"} else "left", overflow="fold")
    for row in rows.iter_rows(named=True):
        figure = Text(_estimate(row, row["measured"]))
        table.add_row(
            Text(row["variant"]),
            f"{row['claimed']}\n{row['unit']}",
            figure,
            f"{row['n']:,}",
            Text(readings_in_words(row["readings"])),
            row["verdict"],
        )
    return table
