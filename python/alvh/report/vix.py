"""The index of a chain for the terminal: the value, its two terms, and the strip in brief."""

from math import sqrt

from rich.console import Console
from rich.table import Table
from rich.text import Text

from alvh.figures.words import percent
from alvh.report import terminal
from alvh.report.wrapping import plain_table
from alvh.vix import VixIndex
from alvh.vix.strip import EXCLUDED
from alvh.vix.terms import MINUTES_PER_DAY

__all__ = ["print_vix"]

MEANING = "out: no bid / no ask / beyond two of those in a row; at both, K0, put and call are averaged"


def print_vix(console: Console, index: VixIndex) -> None:
    """Print the value, then what it was made of."""
    console.print(Text(f"Volatility index {index.value:.2f}", style="bold"))
    console.print()
    console.print(_terms(index))
    console.print()
    console.print(_sides(index))
    console.print()
    console.print(terminal.disclaimer())


def _terms(index: VixIndex) -> Table:
    caption = "volatility: of the term alone, in points; rate: annual, given or implied by put–call parity"
    table = plain_table("The two terms", caption)
    table.add_column("term")
    table.add_column("expiry", no_wrap=True)
    for header in ("days", "rate", "forward", "K0", "volatility"):
        table.add_column(header, justify="right", no_wrap=True)
    for name, term in (("near", index.near), ("next", index.next)):
        expiry = " ".join(str(each) for each in (term.root, term.expiration) if each is not None)
        numbers = (
            f"{term.minutes / MINUTES_PER_DAY:.2f}",
            percent(term.rate),
            f"{term.forward:.2f}",
            f"{term.k0:g}",
        )
        volatility = f"{100 * sqrt(term.variance):.2f}" if term.variance >= 0 else "-"
        table.add_row(name, expiry or "-", *numbers, volatility)
    return table


def _sides(index: VixIndex) -> Table:
    table = plain_table("The strip", f"share: of the term's sum; {MEANING}")
    table.add_column("term")
    table.add_column("option")
    for header in ("strikes", "from", "to", "share", "out"):
        table.add_column(header, justify="right", no_wrap=True)
    for row in index.sides().iter_rows(named=True):
        out = " / ".join(str(row[reason]) for reason in EXCLUDED)
        ends = (f"{row['lowest']:g}", f"{row['highest']:g}")
        table.add_row(row["term"], row["option"], str(row["strikes"]), *ends, percent(row["share"]), out)
    return table
