"""The tables of condors of a day and of stops in the terminal (R2, R7, R14)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl
from rich.console import RenderableType
from rich.text import Text

from alvh.figures import ONE_DAY, STOPS
from alvh.figures.words import amount, span
from alvh.report.wrapping import ArmColumns

if TYPE_CHECKING:
    from alvh.comparison import Comparison

__all__ = ["inside_tables"]


def inside_tables(result: Comparison) -> Iterator[RenderableType]:
    """Yield what a condor of a day earns and costs, and what stops did where sessions have bars."""
    if result.near:
        yield from _one_day(result.labelled(result.one_day()))
    if result.task.spec.get("bars"):
        yield from _stops(result.labelled(result.stops()))


def _one_day(found: pl.DataFrame) -> Iterator[RenderableType]:
    """Yield what a condor earns, costs and may cost, each at every vol of a session (R2)."""
    times = found["short_end"].unique().sort().to_list()
    labels = {(name, each): f"{_words(name)}, vol × {each:g}" for name in ONE_DAY for each in times}
    cells = {
        arm: [_two_lines(rows[label]) for label in labels]
        for arm, rows in _by_arm(found, ("figure", "short_end"))
    }
    title = "Condors that expire within a week, by the vol of one session; dollars a condor"
    yield ArmColumns(title, list(labels.values()), cells)
    yield Text(f"On {found['paths'][0]:,} of the paths. {_meanings(ONE_DAY)}", style="dim")


def _stops(found: pl.DataFrame) -> Iterator[RenderableType]:
    """Yield whipsaws, regret, value given up and excursions (R14, R7)."""
    cells = {
        arm: [_two_lines(rows[name,]) if (name,) in rows else "-" for name in STOPS]
        for arm, rows in _by_arm(found, ("figure",))
    }
    yield ArmColumns("Stops", [_words(name) for name in STOPS], cells)
    yield Text(_meanings(STOPS), style="dim")


def _by_arm(
    found: pl.DataFrame, keys: tuple[str, ...]
) -> Iterator[tuple[str, dict[tuple[Any, ...], dict[str, Any]]]]:
    for mine in found.partition_by("arm", maintain_order=True):
        yield mine["arm"][0], {tuple(row[key] for key in keys): row for row in mine.iter_rows(named=True)}


def _words(name: str) -> str:
    return name.replace("_", " ")


def _meanings(figures: dict[str, tuple[str, str]]) -> str:
    return "; ".join(f"{_words(name)}: {meaning}" for name, (_, meaning) in figures.items()) + "."


def _two_lines(row: dict[str, Any]) -> str:
    """Write an estimate above its interval."""
    interval = span(row["low"], row["high"], row["unit"])
    return amount(row["estimate"], row["unit"]) + (f"\n{interval}" if interval else "")
