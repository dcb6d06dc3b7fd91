"""`alvh chain FILE`: what a snapshot of an option chain says, as text, JSON or a page."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from alvh.options import Rate, Settlement


def chain(  # noqa: PLR0917 -- one parameter per option
    file: Annotated[
        Path, typer.Argument(help="Quotes of a chain: CSV, Parquet, or a folder of Parquet files.")
    ],
    layout: Annotated[
        str,
        typer.Option(help="Layout of the file, such as cboe; by its header unless given.", metavar="NAME"),
    ] = "auto",
    day: Annotated[
        datetime | None,
        typer.Option(
            "--date", help="Which quote_date; the last unless given.", formats=["%Y-%m-%d"], metavar="DAY"
        ),
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Which quote_time; the last unless given.", metavar="HH:MM")
    ] = None,
    settlement: Settlement = None,
    rate: Rate = None,
    fees: Annotated[
        float | None,
        typer.Option(help="Dollars per contract and trade; by product unless given.", metavar="X"),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Write a self-contained HTML page as well; `alvh[report]` draws it.", metavar="FILE"
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the tables as JSON instead of text.")
    ] = False,
) -> None:
    """Tell quality, volatilities and arbitrage of an option chain.

    One snapshot, the last of the file unless another is named; --report draws its smiles.
    """
    from alvh.chain.overview import overview
    from alvh.report.chain import print_chain
    from alvh.report.plain_json import to_json

    if report is not None:
        from alvh.report.page import check, write_chain_page

        check(report)
    told = overview(
        file,
        layout=layout,
        day=None if day is None else day.date(),
        time=time,
        settlement=settlement,
        rate=rate,
        fees=fees,
    )
    if report is not None:
        write_chain_page(report, told)
    if as_json:
        tables = {"quality": told.quality, "expiries": told.expiries, "arbitrage": told.arbitrage}
        print(to_json({"quote_date": told.day, "quote_time": told.time, **tables}))
    else:
        print_chain(Console(), told)
