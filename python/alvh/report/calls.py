"""Margin calls for the terminal, where an arm says what they lead to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl
from rich.console import RenderableType

from alvh.figures.words import amount, span
from alvh.report.wrapping import ArmColumns

if TYPE_CHECKING:
    from alvh.comparison import Comparison

__all__ = ["call_tables"]


def call_tables(result: Comparison) -> Iterator[RenderableType]:
    """Yield the calls of every arm, and what force cost; nothing where no arm says what calls lead to."""
    if not result.answering:
        return
    yield _columns("Margin calls, what they led to, and liquidity", result.labelled(result.margin_calls()))
    cost = result.forced_cost()
    if not cost.is_empty():
        yield _columns("Closing by force against holding, on the same paths", result.labelled(cost))


def _columns(title: str, table: pl.DataFrame) -> ArmColumns:
    cells = {
        rows["arm"][0]: [_estimate(row) for row in rows.iter_rows(named=True)]
        for rows in table.partition_by("arm", maintain_order=True)
    }
    return ArmColumns(title, table["figure"].unique(maintain_order=True).to_list(), cells)


def _estimate(row: dict[str, Any]) -> str:
    """Write an estimate above its interval, where there is one."""
    interval = span(row["low"], row["high"], row["unit"])
    told = amount(row["estimate"], row["unit"])
    return f"{told}\n{interval}" if interval else told
