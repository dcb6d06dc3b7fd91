"""Margin of a book for the terminal and as data."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from alvh.margin import PortfolioRequirement, Requirement
from alvh.report import terminal
from alvh.report.wrapping import plain_table

__all__ = ["as_data", "print_margin"]


def as_data(
    strategy: Requirement,
    portfolio: PortfolioRequirement,
    break_evens: list[float] | None,
    left_out: list[str],
) -> dict[str, Any]:
    """Return what is printed, as JSON-able data and frames."""
    names = ("initial", "maintenance", "premium", "risk", "stock", "futures", "credit")
    return {
        "strategy_based": {name: getattr(strategy, name) for name in names}
        | {"buying_power_effect": strategy.initial - strategy.credit, "pairing": strategy.pairing},
        "portfolio": {
            "initial": portfolio.initial,
            "worst": portfolio.worst,
            "scenarios": portfolio.scenarios,
            "positions": portfolio.positions,
        },
        "break_evens": break_evens,
        "left_out": left_out,
    }


def print_margin(
    console: Console,
    strategy: Requirement,
    portfolio: PortfolioRequirement,
    break_evens: list[float] | None,
    left_out: list[str],
) -> None:
    """Print both requirements, then what explains them, and the columns that were not read."""
    console.print(Text(f"Strategy-based requirement {_dollars(strategy.initial)}", style="bold"))
    console.print(Text(f"Portfolio margin {_dollars(portfolio.initial)}", style="bold"))
    console.print()
    console.print(_parts(strategy))
    console.print()
    console.print(_pairing(strategy))
    console.print()
    console.print(_worst(portfolio))
    console.print()
    if break_evens:
        console.print(f"Breaks even at {', '.join(f'{edge:,.2f}' for edge in break_evens)}, at these prices.")
        console.print()
    if left_out:
        console.print(Text(f"Columns that were not read: {', '.join(left_out)}."))
        console.print()
    console.print(terminal.disclaimer())


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}"


def _parts(strategy: Requirement) -> Table:
    table = plain_table(
        "What it ties up", "US dollars; buying-power effect: initial less what shorts bring in"
    )
    table.add_column("part")
    table.add_column("dollars", justify="right", no_wrap=True)
    rows = {
        "longs, paid in full": strategy.premium,
        "risk of shorts": strategy.risk,
        "stock": strategy.stock,
        "futures": strategy.futures,
        "initial": strategy.initial,
        "maintenance": strategy.maintenance,
        "shorts bring in": strategy.credit,
        "buying-power effect": strategy.initial - strategy.credit,
    }
    for name, amount in rows.items():
        if amount or name in {"initial", "maintenance", "buying-power effect"}:
            table.add_row(name, _dollars(amount))
    return table


def _pairing(strategy: Requirement) -> Table:
    caption = "worst at: settlement at which the group loses most; payoff of the leg there"
    table = plain_table("Why: the pairing that needs least", caption)
    for header in ("group", "leg"):
        table.add_column(header)
    for header in ("contracts", "requirement", "worst at", "payoff"):
        table.add_column(header, justify="right", no_wrap=True)
    last = None
    for row in strategy.pairing.iter_rows(named=True):
        new, last = row["group"] != last, row["group"]
        strike = "" if row["strike"] is None else f"{row['strike']:g}{row['right']} "
        leg = f"{row['product']} {strike}{row['expiration'] or ''}".strip()
        table.add_row(
            row["treatment"] if new else "",
            leg,
            f"{row['quantity']:g}",
            "" if row["requirement"] is None or not new else _dollars(row["requirement"]),
            "" if row["settle"] is None or not new else f"{row['settle']:g}",
            "" if row["payoff"] is None else _dollars(row["payoff"]),
        )
    return table


def _worst(portfolio: PortfolioRequirement) -> Table:
    caption = "the greater of loss and minimum counts; every option at the volatility its price implies"
    table = plain_table("Portfolio margin: the worst of ten moves", caption)
    table.add_column("group")
    for header in ("move", "loss", "minimum"):
        table.add_column(header, justify="right", no_wrap=True)
    for row in portfolio.worst.iter_rows(named=True):
        table.add_row(row["group"], f"{row['move']:+.1%}", _dollars(row["loss"]), _dollars(row["minimum"]))
    return table
