"""Margin calls on the page: what they led to, what force cost, and in which states they opened (R12, R17)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from alvh.figures import MARGIN_CALLS
from alvh.figures.columns import arms
from alvh.figures.words import amount, percent, share_of_nav
from alvh.report.page.model import Block, Cell, Table
from alvh.report.page.tables import by_arm, estimate

if TYPE_CHECKING:
    from alvh.comparison import Comparison

__all__ = [
    "bar_calls_table",
    "blocks",
    "forced_cost_table",
    "margin_calls_table",
    "rates_table",
    "sizing_table",
]

_FORCED = {
    "cost": "a year and of capital: what holding would have earned more",
    "cost_when_forced": "the same over the horizon, on the paths with a forced closing",
    "held_better": "of these paths, how many ended higher where nothing was closed",
}


def blocks(result: Comparison, size: str) -> Iterator[Block]:
    """Yield the tables of margin calls; of closes only where one opened, or an arm says what calls lead to.

    Parameters
    ----------
    result : Comparison
        Simulated or replayed.
    size : str
        The margin share of the figures, in words.
    """
    named = result.labelled
    bar = result.bar_calls()
    if not bar.is_empty():
        yield bar_calls_table(named(bar))
    calls = result.margin_calls()
    called = calls.filter(pl.col("estimate") > 0, figure="calls")["arm"].to_list()
    if called or result.answering:
        yield margin_calls_table(named(calls), f"Margin calls, what they led to, and liquidity, {size}")
    cost = result.forced_cost()
    if not cost.is_empty():
        yield forced_cost_table(named(cost), f"Closing by force against holding on the same paths, {size}")
    if called:
        yield rates_table(
            named(result.call_rates(called)), f"Margin calls by the state of the session, {size}"
        )


def bar_calls_table(calls: pl.DataFrame) -> Table:
    """Return P(call at the worst bar of a session): arms down, margin shares across."""
    shares = calls["share"].unique().sort().to_list()
    found = {(row["arm"], row["share"]): row for row in calls.iter_rows(named=True)}
    rows = tuple(
        (Cell(arm), *(estimate(found[arm, share], "probability") for share in shares)) for arm in arms(calls)
    )
    note = "Short there and not at the close; nothing is closed for it, and it is no distress."
    title = "P(call at the worst bar of a session), by margin share"
    return Table(title, ("arm", *map(share_of_nav, shares)), rows, note)


def margin_calls_table(calls: pl.DataFrame, title: str) -> Table:
    """Return how often calls opened, what they led to, and how liquid the ledgers were."""
    return by_arm(title, calls, "figure", {name: meaning for name, (_, meaning) in MARGIN_CALLS.items()})


def forced_cost_table(cost: pl.DataFrame, title: str) -> Table:
    """Return what closing by force cost against holding."""
    return by_arm(title, cost, "figure", _FORCED, "Above 0 holding was better.")


def rates_table(rates: pl.DataFrame, title: str) -> Table:
    """Return the calls a session in every state in which one opened."""
    rows = tuple(
        (
            Cell(row["arm"]),
            Cell(row["indicator"].replace("_", " ")),
            Cell(row["state"]),
            Cell(f"{row['sessions']:,}"),
            Cell(f"{row['calls']:,}"),
            estimate(row, "share"),
        )
        for row in rates.filter(pl.col("calls") > 0).iter_rows(named=True)
    )
    header = ("arm", "indicator", "state", "sessions", "calls", "calls a session")
    note = "States without a call are left out."
    return Table(title, header, rows, note, words=frozenset({0, 1, 2}))


def sizing_table(sizing: pl.DataFrame) -> Table:
    """Return how large each arm may be by its worst drawdown, and by P(distress) (R65)."""
    rows = tuple(
        (
            Cell(row["arm"]),
            Cell(row["by"]),
            Cell(percent(row["limit"])),
            Cell(row["words"]),
            Cell(amount(row["n"], "count")),
        )
        for row in sizing.iter_rows(named=True)
    )
    header = ("arm", "by", "limit", "largest margin share", "paths")
    note = "The worst of more paths is worse: the size by it falls as the sample grows."
    title = "Two sizes: by the worst drawdown, and by P(distress)"
    return Table(title, header, rows, note, words=frozenset({0, 1}))
