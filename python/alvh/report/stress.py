"""The stress set for the terminal, readable from 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from alvh.figures.words import amount, percent, share_of_nav, span
from alvh.report import terminal
from alvh.report.wrapping import ArmColumns, plain_table

if TYPE_CHECKING:
    from alvh.stress_set import StressReport

__all__ = ["print_stress"]

MOST_DATES = 6
COVERED = "covered: sessions in which the hedge offset at least 40% of the core's dollars per VIX point (R22)"


def print_stress(console: Console, told: StressReport) -> None:
    """Print what each scenario did, then what hedges cost and pay, then what that cannot say."""
    makers = {
        "outcomes": _outcomes,
        "hedge_failures": _failures,
        "break_even": _break_even,
        "vx_roll": _roll,
        "falls": _falls,
    }
    for name, table in told.tables.items():
        console.print(makers[name](table))
        console.print()
    console.print(terminal.limits_list(told.limits))
    console.print()
    console.print(terminal.disclaimer())


def _outcomes(table: pl.DataFrame) -> RenderableType:
    title = "P&L from the eve of a stress to its end; of the whole run: drawdown, peak requirement, calls"
    arms = table.partition_by("arm", maintain_order=True)
    cells = {arm["arm"][0]: [_outcome(row) for row in arm.iter_rows(named=True)] for arm in arms}
    shown = ArmColumns(title, arms[0]["scenario"].to_list(), cells)
    return Group(shown, Text(COVERED)) if table["coverage_met"].is_not_null().any() else shown


def _outcome(row: dict[str, Any]) -> str:
    lines = [amount(row["pnl"], "dollars")]
    if row["hedge_opened"]:
        lines.append(f"core {amount(row['core_pnl'], 'dollars')}")
        lines.append(f"hedge {amount(row['hedge_pnl'], 'dollars')}")
    lines.append(f"down {percent(row['max_drawdown'])}")
    lines.append(f"peak {amount(row['peak_requirement'], 'dollars')}")
    if row["calls"]:
        lines.append(f"{row['calls']:g} calls")
    if row["coverage_met"] is not None:
        lines.append(f"covered {percent(row['coverage_met'])}")
    return "\n".join([*lines, "in distress"] if row["distress"] else lines)


def _failures(table: pl.DataFrame) -> Table:
    shown = plain_table("When a core tranche settles at its maximum loss, how often did the hedge lose too?")
    shown.add_column("arm", overflow="fold")
    for header in ("P", "tranches", "paths"):
        shown.add_column(header, justify="right")
    for row in table.iter_rows(named=True):
        chance = f"{amount(row['estimate'], 'probability')}\n{span(row['low'], row['high'], 'probability')}"
        shown.add_row(Text(row["arm"]), Text(chance), f"{row['max_losses']:,}", f"{row['paths']:,}")
    return shown


def _break_even(table: pl.DataFrame) -> Table:
    caption = "break-even: crashes a year, beyond the simulation's own, above which the hedge earns"
    shown = plain_table("What the hedge costs a year, and what it pays in crash_day, dollars", caption)
    shown.add_column("arm", overflow="fold")
    for header in ("yearly cost", "pay-off", "of core\nloss", "per dollar\nof cost", "break-even\na year"):
        shown.add_column(header, justify="right", no_wrap=True)
    for row in table.iter_rows(named=True):
        cost = f"{amount(row['yearly_cost'], 'dollars')}\n{span(row['low'], row['high'], 'dollars')}"
        frequency = row["crashes_a_year"]
        shown.add_row(
            Text(row["arm"]),
            cost,
            amount(row["payoff"], "dollars"),
            amount(row["payoff_share"], "share"),
            amount(row["payoff_per_cost"], "multiple"),
            "-" if frequency is None else f"{frequency:.3g}",
        )
    return shown


def _roll(table: pl.DataFrame) -> Table:
    caption = "roll-down: on an unchanged curve; realised: with what VIX did; below 0 the holder pays"
    shown = plain_table("What a bought VIX future earns a month, simulated", caption)
    for header in ("days", "future", "roll-down", "realised"):
        shown.add_column(header, justify="right")
    for row in table.iter_rows(named=True):
        cells = (
            f"{percent(row[name])}\n{span(row[f'{name}_low'], row[f'{name}_high'], 'share')}"
            for name in ("roll_down", "realised")
        )
        shown.add_row(str(row["days"]), f"{row['future']:.2f}", *cells)
    return shown


def _falls(table: pl.DataFrame) -> Table:
    shown = plain_table("Sessions in which SPX fell by so much or more, in the history given")
    for header in ("fall", "days", "years", "a year"):
        shown.add_column(header, justify="right")
    shown.add_column("latest")
    for row in table.iter_rows(named=True):
        latest = ", ".join(map(str, row["dates"][-MOST_DATES:]))
        shown.add_row(
            share_of_nav(row["fall"]), str(row["days"]), f"{row['years']:.1f}", f"{row['a_year']:.2g}", latest
        )
    return shown
