"""On the page: what arms do session by session, deal by deal and at their openings, as tables (R85, R71)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from alvh.figures import (
    BETA,
    DEPENDENCE,
    DISCIPLINE,
    DRY_POWDER,
    ENTRIES,
    ONE_HISTORY,
    PINS,
    RETURNS,
    WHIPSAW,
)
from alvh.figures.words import amount
from alvh.report.page.model import Block, Cell, Table
from alvh.report.page.tables import by_arm, estimate

if TYPE_CHECKING:
    from alvh.comparison import Comparison

__all__ = ["blocks", "long_table"]

_BY_ARM: Final = {
    "discipline": ("Discipline: what a promoter does and a steward does not", DISCIPLINE),
    "beta": ("Beta, downside beta and the price of cutting it", BETA),
    "dependence": ("Sessions as they came, and the same in any order", DEPENDENCE),
}
"""Tables with one estimate per arm and figure: title, and what the figures mean."""

_LONG: Final = {
    "entries": ("Openings of the core", ENTRIES, "Mean, with the 5% and 95% quantiles of openings below it."),
    "returns": ("Returns of the ledgers", RETURNS, ""),
    "windows": ("Around announcements, and in regimes", {}, "A year and of capital; sessions: of 252."),
    "spikes": ("Volatility spikes in a row, survived without force", {}, ""),
    "cycles": (
        "Sortino ratios through the cycles of SPX",
        {},
        "Above bills; index: 100 where a part did as the whole. Turns are a fall of a fifth.",
    ),
    "whipsaw": ("Whipsaws: opened by a signal, closed again at a loss", WHIPSAW, ""),
    "pin_risk": ("Pin risk: SPX settling within 10 points of a short strike", PINS, ""),
    "dry_powder": (
        "Dry powder: what hedges could still spend",
        DRY_POWDER,
        "Start: session 0; fall: SPX 5% or more below its highest close; spikes of VIX as above.",
    ),
    "bootstrap": (
        "Figures of the history, with intervals by blocks of sessions",
        ONE_HISTORY,
        "Starts that do not overlap, end to end; low and high iid: sessions drawn one by one.",
    ),
}
"""The others: title, meanings, note."""

_UNITS: Final = {"windows": "a year", "spikes": "probability", "cycles": "ratio"}
"""Of tables without a column for it."""

_ASIDE = ("unit", "estimate", "mean", "low", "high")


def blocks(result: Comparison) -> Iterator[Block]:
    """Yield a table for each of `Comparison.session_tables` that says something."""
    for name, table in result.session_tables().items():
        if table.is_empty():
            continue
        shown = result.labelled(table)
        if name in _BY_ARM:
            title, told = _BY_ARM[name]
            yield by_arm(title, shown, "figure", {figure: meaning for figure, (_, meaning) in told.items()})
        else:
            yield long_table(name, shown)


def long_table(name: str, table: pl.DataFrame) -> Table:
    """Return a table row by row: what is of, the estimate above its interval, and what else a row counts.

    Parameters
    ----------
    name : str
        One of `Comparison.session_tables`.
    table : DataFrame
        With arms as reports name them.
    """
    title, meanings, note = _LONG[name]
    words = [key for key, kind in table.schema.items() if kind == pl.String and key not in _ASIDE]
    counts = [key for key in table.columns if key not in (*words, *_ASIDE)]
    value = "mean" if "mean" in table.columns else "estimate"
    rows = tuple(
        (
            *(_word(key, row, meanings) for key in words),
            estimate({**row, "estimate": row[value]}, row.get("unit") or _UNITS[name]),
            *(Cell(_counted(name, key, row)) for key in counts),
        )
        for row in table.iter_rows(named=True)
    )
    header = (*words, value, *(key.replace("_", " ") for key in counts))
    return Table(title, header, rows, note, words=frozenset(range(len(words))))


def _word(key: str, row: Mapping[str, Any], meanings: Mapping[str, tuple[str, str]]) -> Cell:
    text = row[key] or "-"
    return Cell(text, meanings[text][1]) if key == "figure" and text in meanings else Cell(text)


def _counted(name: str, key: str, row: Mapping[str, Any]) -> str:
    shares = {"share", "low_iid", "high_iid", "median"}
    unit = "share" if name == "cycles" else row.get("unit") or "count"
    return amount(row[key], unit if key in shares else "count")
