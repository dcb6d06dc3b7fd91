"""The figures of hedges for the terminal, readable from 80 columns."""

from collections.abc import Iterator
from typing import Any

import polars as pl
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from alvh.figures import protection_words
from alvh.figures.words import amount, span
from alvh.report.wrapping import ArmColumns, plain_table

__all__ = ["hedge_tables"]

_WORDS = {"coverage": "coverage", "cost": "cost", "limit": "bound most often"}


def hedge_tables(protection: pl.DataFrame, layers: pl.DataFrame) -> Iterator[RenderableType]:
    """Yield the verdicts and figures of every hedge, and what each layer earned; nothing without a hedge.

    Parameters
    ----------
    protection : DataFrame
        What `alvh.figures.protection` returns.
    layers : DataFrame
        What `alvh.figures.layer_pnl` returns.
    """
    if protection.is_empty():
        return
    words = {row["arm"]: row for row in protection_words(protection).iter_rows(named=True)}
    cells: dict[str, list[str]] = {}
    for rows in protection.partition_by("arm", maintain_order=True):
        arm = rows["arm"][0]
        verdicts = [words[arm][name] or "-" for name in _WORDS]
        cells[arm] = [*verdicts, *(_estimate(row, row["unit"]) for row in rows.iter_rows(named=True))]
    figures = protection.filter(arm=protection["arm"][0])["figure"]
    yield ArmColumns("The hedges: what they cost, covered and did", [*_WORDS.values(), *figures], cells)
    yield _layers(layers)


def _estimate(row: dict[str, Any], unit: str, prefix: str = "") -> str:
    """Write an estimate above its interval, where there is one."""
    interval = span(row[f"{prefix}low"], row[f"{prefix}high"], unit)
    told = amount(row[prefix.rstrip("_") or "estimate"], unit)
    return f"{told}\n{interval}" if interval else told


def _layers(layers: pl.DataFrame) -> Table:
    shown = plain_table("Mean P&L a year by layer, without interest")
    for header in ("arm", "layer"):
        shown.add_column(header, overflow="fold")
    for header in ("dollars", "of capital"):
        shown.add_column(header, justify="right")
    for rows in layers.partition_by("arm", maintain_order=True):
        for index, row in enumerate(rows.iter_rows(named=True)):
            cells = _estimate(row, "dollars", "dollars_"), _estimate(row, "a year")
            shown.add_row(Text("" if index else row["arm"]), Text(row["layer"]), *cells)
    return shown
