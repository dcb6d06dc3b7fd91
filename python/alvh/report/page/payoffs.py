"""The page of the best condors of many files: a table, and what each pays at expiry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import altair as alt

from alvh.report.page.model import Cell, Figure, Key, Panel, Section, Table
from alvh.report.page.spec import data, panel_spec
from alvh.report.page.template import Answer, rendered
from alvh.report.scores import CAPTION, condor_cells, condor_header, files_said, ranked_by, strikes

if TYPE_CHECKING:
    from alvh.scoring import FileScores

__all__ = ["composed"]

MOST_ROWS: Final = 50
MOST_DRAWN: Final = 12
HEIGHT: Final = 110
PROFIT: Final = "var(--arm-1)"
LEGEND: Final = (Key("P&L at expiry", PROFIT), Key("forward", "var(--muted)"))
DRAWN: Final = (
    "P&L of one condor at its expiry, points, over the price of the underlying then; costs are not in it."
)


def composed(found: FileScores) -> str:
    """Return the page."""
    title = f"Best condors by {ranked_by(found)}"
    of = "1 file" if found.files.height == 1 else f"{found.files.height:,} files"
    answer = Answer("score", f"{found.frame.height:,} condors kept of {of}", files_said(found))
    return rendered(title, [answer], list(_sections(found)))


def _sections(found: FileScores) -> Iterator[Section]:
    best = list(found.frame.head(MOST_ROWS).iter_rows(named=True))
    shown = f"The first {MOST_ROWS} of {found.frame.height}. " if found.frame.height > MOST_ROWS else ""
    header = condor_header(found)
    rows = tuple((*map(Cell, condor_cells(row, header)), Cell(row["file"])) for row in best)
    table = Table("Ranked", (*header, "file"), rows, words=frozenset({1, 2, 4, len(header)}))
    note = shown + CAPTION[0].upper() + CAPTION[1:] + "."
    yield Section("best", "Best condors", note, (table,))
    if best:
        yield Section("payoffs", "What they pay", DRAWN, (_figure(best[:MOST_DRAWN]),))
    if found.unreadable.height:
        named = tuple((Cell(file), Cell(reason)) for file, reason in found.unreadable.iter_rows())
        failed = Table("Not scored", ("file", "reason"), named, words=frozenset({0, 1}))
        yield Section("unreadable", "Files that could not be scored", "", (failed,))


def _figure(best: list[dict[str, Any]]) -> Figure:
    panels = tuple(
        Panel(
            _payoff(row),
            f"{row['root']} {row['expiration']} {strikes(row)}: at most {row['credit']:.2f} points, at least "
            f"{-row['max_loss']:.2f}, break-evens {_break_evens(row)}",
            f"{row['rank']}: {row['root']} {row['expiration']}, {row['days']} days",
        )
        for row in best
    )
    header = ("", "strikes", "most", "least", "break-evens")
    numbers = tuple(
        (
            Cell(str(row["rank"])),
            Cell(strikes(row)),
            Cell(f"{row['credit']:.2f}"),
            Cell(f"{-row['max_loss']:.2f}"),
            Cell(_break_evens(row)),
        )
        for row in best
    )
    table = Table("P&L at expiry", header, numbers, words=frozenset({0, 1, 4}))
    return Figure("payoffs", "", "", panels, table, LEGEND, grid=True)


def _break_evens(row: dict[str, Any]) -> str:
    ends = (row["break_even_low"], row["break_even_high"])  # a wing no wider than the credit has none
    return " and ".join("none" if end is None else f"{end:.2f}" for end in ends)


def _payoff(row: dict[str, Any]) -> dict[str, Any]:
    """Return the chart of one condor; between its corners the P&L is a straight line."""
    credit = row["credit"]
    low, high = credit - row["put_width"], credit - row["call_width"]
    margin = max(row["put_width"], row["call_width"]) / 2.0
    corners = [
        (row["put_long"] - margin, low),
        (row["put_long"], low),
        (row["put_short"], credit),
        (row["call_short"], credit),
        (row["call_long"], high),
        (row["call_long"] + margin, high),
    ]
    points = [{"price": round(price, 2), "pnl": round(pnl, 2)} for price, pnl in corners]
    x = alt.X("price:Q", title=None, scale=alt.Scale(zero=False, nice=False), axis=alt.Axis(tickCount=4))
    y = alt.Y("pnl:Q", title=None, axis=alt.Axis(tickCount=3))
    tips = [alt.Tooltip("price:Q", title="price"), alt.Tooltip("pnl:Q", title="P&L, points")]
    line = alt.Chart(data(points)).mark_line(stroke=PROFIT, strokeWidth=1.6, aria=False).encode(x=x, y=y)
    dots = (
        alt.Chart(data(points[1:-1]))
        .mark_point(filled=True, size=28, color=PROFIT)
        .encode(x=x, y=y, tooltip=tips)
    )
    zero = alt.Chart(data([{"pnl": 0.0}])).mark_rule(stroke="var(--rule)", aria=False).encode(y=y)
    forward = (
        alt.Chart(data([{"price": round(row["forward"], 2)}]))
        .mark_rule(stroke="var(--muted)", strokeDash=[3, 3], aria=False)
        .encode(x=x)
    )
    return panel_spec(zero, forward, line, dots, height=HEIGHT)
