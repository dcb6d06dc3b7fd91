"""`alvh margin`: what a book of positions ties up, and why."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from alvh.errors import BookError

DAY: Final = ["%Y-%m-%d"]


def margin(  # noqa: PLR0917 -- one parameter per option
    file: Annotated[Path, typer.Argument(help="CSV or Parquet with the positions, see docs/margin.md.")],
    spot: Annotated[
        list[str], typer.Option(help="Price of an underlying, repeatable: SPX=5000.", metavar="NAME=X")
    ],
    as_of: Annotated[
        datetime | None,
        typer.Option(help="Day of valuation; today unless given.", formats=DAY, metavar="DAY"),
    ] = None,
    rules: Annotated[
        str, typer.Option(help="Rule book: exchange, ibkr, tastytrade.", metavar="NAME")
    ] = "exchange",
    grid: Annotated[
        str, typer.Option(help="Portfolio grid: exchange, house_calm, house_wild.", metavar="NAME")
    ] = "exchange",
    rate: Annotated[float, typer.Option(help="Interest rate, a year.", metavar="X")] = 0.0,
    dividend_yield: Annotated[float, typer.Option(help="Dividend yield, a year.", metavar="X")] = 0.0,
    future: Annotated[
        list[str] | None,
        typer.Option(help="Price of the VIX future of a day, repeatable: 2025-03-18=17.5.", metavar="DAY=X"),
    ] = None,
    product_class: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            help="Class of another product, repeatable: equity, broad_index, narrow_index, volatility.",
            metavar="NAME=CLASS",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the tables as JSON instead of text.")
    ] = False,
) -> None:
    """Compute what a book of positions ties up, and why.

    Strategy-based requirement with its pairing, portfolio margin with its worst scenario, break-evens.
    """
    from rich.console import Console

    from alvh import margin as rules_of
    from alvh.margin.files import left_out
    from alvh.report.margin import as_data, print_margin
    from alvh.report.plain_json import to_json

    book = rules_of.read_book(file)
    day = date.today() if as_of is None else as_of.date()  # noqa: DTZ011 -- the user's own day
    prices = {name: _number("--spot", name, text) for name, text in _pairs("--spot", spot)}
    futures = {
        _day("--future", name): _number("--future", name, text) for name, text in _pairs("--future", future)
    }
    classes = dict(_pairs("--class", product_class)) or None
    terms: dict[str, Any] = {"spot": prices, "as_of": day, "product_class": classes}
    try:
        strategy = rules_of.strategy_based(book, rules=rules, **terms)
        portfolio = rules_of.portfolio(
            book, rules=grid, rate=rate, dividend_yield=dividend_yield, futures=futures, **terms
        )
        edges = _break_evens(book, day, classes)
    except BookError as error:
        if error.row is None:
            raise
        place = f"row {error.row}" if file.suffix != ".csv" else f"line {error.row + 1}"
        message = str(error).replace(f"row {error.row}", f"{file}, {place}", 1)
        raise BookError(
            message, source=str(file), row=error.row, line=error.row + 1, column=error.column
        ) from None
    unread = left_out(file)
    if as_json:
        print(to_json(as_data(strategy, portfolio, edges, unread)))
    else:
        print_margin(Console(), strategy, portfolio, edges, unread)


def _break_evens(book: Any, day: date, classes: dict[str, str] | None) -> list[float] | None:
    """Return the break-evens at the book's prices; none for several underlyings or expiries."""
    from alvh import margin as rules_of

    try:
        return rules_of.break_evens(book, as_of=day, product_class=classes)
    except BookError as error:
        if error.column == "book":
            return None
        raise


def _pairs(option: str, given: list[str] | None) -> list[tuple[str, str]]:
    pairs = []
    for each in given or []:
        name, equals, text = each.partition("=")
        if not (name and equals and text):
            raise BookError(f"{option} {each}: NAME=VALUE", column=option, value=each)
        pairs.append((name, text))
    return pairs


def _number(option: str, name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BookError(f"{option} {name}={text}: a plain number", column=option, value=text) from None


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BookError(f"{option} {text}: a date, YYYY-MM-DD", column=option, value=text) from None
