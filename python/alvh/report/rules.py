"""Checked rules for the terminal."""

import polars as pl
from rich.console import Console

from alvh.report.wrapping import plain_table

__all__ = ["print_checks"]


def print_checks(console: Console, checks: pl.DataFrame) -> None:
    """Print a row per rule, then what is wrong with those that do not compile."""
    wrong = checks.filter(pl.col("problem").is_not_null())
    table = plain_table(f"{checks.height} rules, {wrong.height} with a mistake")
    columns = ["where", "scope", "names", "outside", "warm_up"]
    columns += [name for name in ("first_session", "missing", "gaps") if name in checks.columns]
    for name in columns:
        table.add_column(name.replace("_", " "), justify="right" if name == "warm_up" else "left")
    for row in checks.filter(pl.col("problem").is_null()).iter_rows(named=True):
        table.add_row(*(_cell(row[name]) for name in columns))
    console.print(table)
    for where, problem in wrong.select("where", "problem").iter_rows():
        console.print(f"{where}: {problem}", markup=False, highlight=False)


def _cell(value: object) -> str:
    if isinstance(value, list):
        told = (f"{each['name']} {each['sessions']:,}" if isinstance(each, dict) else each for each in value)
        return ", ".join(told) or "-"
    return "-" if value is None else str(value)
