"""The tables of condors of a day and of stops on a page (R2, R7, R14)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from alvh.figures import ONE_DAY, STOPS
from alvh.figures.columns import arms
from alvh.report.page.model import Cell, Table
from alvh.report.page.tables import estimate

if TYPE_CHECKING:
    from alvh.comparison import Comparison

__all__ = ["tables_of"]


def tables_of(result: Comparison) -> Iterator[Table]:
    """Yield the tables that a comparison has: of condors of a day, and of stops where sessions have bars."""
    if result.near:
        yield one_day_table(result.labelled(result.one_day()))
    if result.task.spec.get("bars"):
        yield stops_table(result.labelled(result.stops()))


def one_day_table(found: pl.DataFrame) -> Table:
    """Return what a condor earns, costs and may cost, by the vol of one session."""
    rows = []
    for arm in arms(found):
        for times in found["short_end"].unique().sort():
            mine = found.filter(arm=arm, short_end=times).iter_rows(named=True)
            rows.append((Cell(arm), Cell(f"{times:g}"), *map(estimate, mine)))
    note = "; ".join(f"{_words(name)}: {meaning}" for name, (_, meaning) in ONE_DAY.items())
    note = f"On {found['paths'][0]:,} of the paths, dollars a condor; {note}."
    title = "Condors that expire within a week, with the vol of a day a tenth lower and higher"
    return Table(title, ("arm", "vol of a day", *map(_words, ONE_DAY)), tuple(rows), note)


def stops_table(found: pl.DataFrame) -> Table:
    """Return what stops did: whipsaws, regret, time value given up, excursions."""
    rows = []
    for arm in arms(found):
        mine = {row["figure"]: row for row in found.filter(arm=arm).iter_rows(named=True)}
        rows.append((Cell(arm), *(estimate(mine[name]) if name in mine else Cell("-") for name in STOPS)))
    note = "; ".join(f"{_words(name)}: {meaning}" for name, (_, meaning) in STOPS.items()) + "."
    return Table("Stops", ("arm", *map(_words, STOPS)), tuple(rows), note)


def _words(name: str) -> str:
    return name.replace("_", " ")
