"""The page of a snapshot of a chain: quality, expiries, smiles, and the bounds it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import polars as pl

from alvh.figures.words import percent
from alvh.report.chain import CAPTION, HEADER, arbitrage_said, expiry_rows, snapshot_said, title
from alvh.report.page.model import Block, Cell, Figure, Key, Panel, Section, Table
from alvh.report.page.smiles import COLOURS, drawn_quotes, smile_chart
from alvh.report.page.template import Answer, rendered

if TYPE_CHECKING:
    from alvh.chain.overview import Overview

__all__ = ["composed"]

MOST_TRADES: Final = 50
LEGEND: Final = (
    Key("puts, bid to ask", COLOURS["P"]),
    Key("calls, bid to ask", COLOURS["C"]),
    Key("fitted", "var(--ink)"),
)
SMILES: Final = (
    "Volatility in percent over strike. Drawn are the quotes out of the money that were fitted, up to six "
    "deviations from the forward, evenly thinned where there are many; point at one to read it."
)


def composed(told: Overview) -> str:
    """Return the page."""
    answer = Answer("chain", snapshot_said(told), [_quality_said(told.quality), *arbitrage_said(told)])
    return rendered(title(told), [answer], list(_sections(told)))


def _sections(told: Overview) -> Iterator[Section]:
    yield Section("quality", "Quality of the quotes", "Every row counts once.", (_quality(told.quality),))
    yield Section("expiries", "Expiries", CAPTION.capitalize() + ".", (_expiries(told),))
    figures = tuple(_smiles(told))
    if figures:
        yield Section("smiles", "Smiles", SMILES, figures)
    if told.arbitrage is not None and not told.arbitrage.is_empty():
        yield Section("arbitrage", "Bounds that are broken", _cut(told.arbitrage), (_trades(told.arbitrage),))


def _quality_said(counted: pl.DataFrame) -> str:
    sound = counted.filter(status="ok").row(0, named=True)
    return f"{percent(sound['share'])} of the quotes are two-sided with nothing wrong."


def _quality(counted: pl.DataFrame) -> Table:
    found = counted.filter(pl.col("rows") > 0).iter_rows(named=True)
    rows = tuple(
        (Cell(row["status"]), Cell(f"{row['rows']:,}"), Cell(percent(row["share"])), Cell(row["meaning"]))
        for row in found
    )
    return Table("Quotes by status", ("status", "rows", "share", "meaning"), rows, words=frozenset({0, 3}))


def _expiries(told: Overview) -> Table:
    rows = tuple(tuple(map(Cell, cells)) for cells in expiry_rows(told.expiries))
    return Table("Expiries", HEADER, rows, words=frozenset({0, 1, 4}))


def _smiles(told: Overview) -> Iterator[Block]:
    """Yield a figure for each root with the smiles of its expiries."""
    drawn = drawn_quotes(told.surface)
    expiries = told.expiries.filter(status="ok").sort("expiration")
    for root in told.roots:
        panels, rows = [], []
        for expiry in expiries.filter(root=root).iter_rows(named=True):
            quotes = drawn.filter(root=root, expiration=expiry["expiration"])
            if quotes.height < 2:
                continue
            days = f"{expiry['days']} {'day' if expiry['days'] == 1 else 'days'}"
            vol = f"{100 * expiry['atm_vol']:.1f}% at the money"
            panels.append(
                Panel(
                    smile_chart(quotes, told.surface),
                    f"{root} {expiry['expiration']}: {vol}, {expiry['quotes']} quotes fitted",
                    f"{expiry['expiration']}, {days}",
                )
            )
            rows.append(_fit(expiry))
        if panels:
            header = ("expiry", "quotes", "median error", "inside", "least g", "calendar", "repaired")
            data = Table(f"Fit of {root}", header, tuple(rows), words=frozenset({0, 6}))
            yield Figure(f"smiles-{root.lower()}", root, "", tuple(panels), data, LEGEND, grid=True)


def _fit(expiry: dict[str, object]) -> tuple[Cell, ...]:
    forms = {
        "expiration": "{}",
        "quotes": "{}",
        "error_median": "{:.3f}",
        "inside": "{:.0%}",
        "durrleman": "{:.3f}",
        "calendar": "{:.2g}",
        "repaired": "{}",
    }
    return tuple(
        Cell("-" if expiry[name] is None else form.format(expiry[name])) for name, form in forms.items()
    )


def _cut(found: pl.DataFrame) -> str:
    shown = f"The first {MOST_TRADES} of {found.height:,}" if found.height > MOST_TRADES else "All of them"
    return f"{shown}, by dollars a unit net of spreads and fees. Edge and fees in points."


def _trades(found: pl.DataFrame) -> Table:
    header = ("kind", "root", "expiry", "legs", "edge", "at the mids", "fees", "dollars", "size")
    rows = tuple(
        (
            Cell(row["kind"]),
            Cell(row["root"] or "?"),
            Cell(str(row["expiration"])),
            Cell(", ".join(map(_leg, row["legs"]))),
            Cell(f"{row['edge']:.2f}"),
            Cell("-" if row["mid_edge"] is None else f"{row['mid_edge']:.2f}"),
            Cell(f"{row['fees']:.3f}"),
            Cell(f"{row['dollars']:,.2f}"),
            Cell("-" if row["size"] is None else f"{row['size']:,}"),
        )
        for row in found.head(MOST_TRADES).iter_rows(named=True)
    )
    return Table("Ranked", header, rows, words=frozenset({0, 1, 2, 3}))


def _leg(leg: dict[str, object]) -> str:
    strike = "forward" if leg["strike"] is None else f"{leg['strike']:g} {leg['right']}"
    return f"{leg['quantity']:+.4g} {strike} at {leg['price']:.2f}"
