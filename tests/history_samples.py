"""A small good history for the tests of `alvh.history`, and ways to spoil it."""

from datetime import date

import polars as pl
import pytest

from alvh import schedule
from alvh.errors import HistoryError
from alvh.history import read_history

RATES = {"rate": 0.05, "dividend_yield": 0.014}
DAYS = schedule.sessions(date(2024, 3, 1), date(2024, 4, 30))
LOST_EXPIRY = date(2024, 3, 15)


def frame(days=DAYS):
    n = range(len(days))
    return pl.DataFrame(
        {"date": days, "spx": [5100.0 + 3.0 * i for i in n], "vix": [14.0 + 0.1 * (i % 7) for i in n]},
        schema_overrides={"date": pl.Date},
    )


def with_cell(row, column, value):
    """The frame as text, one cell replaced; `row` counts from 1."""
    text = frame().with_columns(pl.all().cast(pl.String))
    return text.with_columns(
        pl.when(pl.int_range(pl.len()) == row - 1)
        .then(pl.lit(value, dtype=pl.String))
        .otherwise(pl.col(column))
        .alias(column)
    )


def refusal(source, **options):
    with pytest.raises(HistoryError) as caught:
        read_history(source, **{**RATES, **options})
    return caught.value
