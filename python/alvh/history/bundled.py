"""The daily SPX and VIX that the package `arch` ships, 2014 to 2018: a demonstration without a file."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl

from alvh.errors import HistoryError
from alvh.history.data import HistoryData, read_history

if TYPE_CHECKING:
    import pandas as pd

SOURCE: Final = "arch.data sp500 and vix"
# Constants for 2014-01-03 to 2018-12-31, from memory of public figures, rounded: the three-month bill
# averaged about 0.7% (0.03% in 2014, 2.0% in 2018), the index yielded about 2.0%. Override where it matters.
RATE: Final = 0.007
DIVIDEND_YIELD: Final = 0.020
NOTE: Final = (
    "The rate and dividend yield of the bundled history are rounded averages of 2014 to 2018, from memory of "
    "public figures; the bill rate rose from about 0% to 2.4% meanwhile."
)


def load() -> pl.DataFrame:
    """Return ``date spx open high low vix`` for the sessions that both of arch's files cover.

    Raises
    ------
    HistoryError
        The package `arch` is not installed.
    """
    try:
        from arch.data import sp500, vix
    except ImportError:
        raise HistoryError(
            "the bundled history comes with the package arch, which is not installed. "
            "Mend: pip install 'alvh[history]'"
        ) from None
    index = _frame(sp500.load(), {"Close": "spx", "Open": "open", "High": "high", "Low": "low"})
    volatility = _frame(vix.load(), {"vix": "vix"})  # has empty rows on holidays, which the join leaves out
    covered = pl.col("date").is_between(volatility["date"].min(), volatility["date"].max())
    return index.filter(covered).join(volatility, on="date", how="left", maintain_order="left")


def read(rate: float | None = None, dividend_yield: float | None = None) -> HistoryData:
    """Return the checked history, with the rounded averages of rate and dividend yield unless given."""
    data = read_history(
        load(),
        rate=RATE if rate is None else rate,
        dividend_yield=DIVIDEND_YIELD if dividend_yield is None else dividend_yield,
    )
    return replace(data, source=SOURCE)


def _frame(table: "pd.DataFrame", columns: dict[str, str]) -> pl.DataFrame:
    dates = pl.Series("date", table.index.to_numpy().astype("datetime64[ms]")).cast(pl.Date)
    return pl.DataFrame(
        [dates, *(pl.Series(name, table[column].to_numpy()) for column, name in columns.items())]
    )
