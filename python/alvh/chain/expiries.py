"""The expiries of a chain: their clock, and their forwards from the quotes that are fit for it."""

from typing import Final

import polars as pl

from alvh.chain import parity
from alvh.chain.clock import clocked
from alvh.chain.schema import EXPIRY

MID: Final = (pl.col("bid") + pl.col("ask")) / 2.0
TWO_SIDED: Final = (pl.col("bid") > 0.0) & (pl.col("ask") >= pl.col("bid"))


def expiries(quotes: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each expiry of each snapshot, with `years` and `days`, in order of appearance."""
    return clocked(quotes.select(EXPIRY).unique(maintain_order=True))


def indexed(quotes: pl.DataFrame, table: pl.DataFrame) -> pl.Series:
    """Return the index of each quote's expiry in the table of expiries."""
    keys = table.select(EXPIRY).with_row_index("expiry")
    return quotes.select(EXPIRY).join(keys, on=EXPIRY, how="left", nulls_equal=True, maintain_order="left")[
        "expiry"
    ]


def forwards_of(quotes: pl.DataFrame, table: pl.DataFrame, rate: float) -> pl.DataFrame:
    """Return the table with forward and discount from quotes with `expiry`, `strike`, `right`, `bid`, `ask`.

    Parameters
    ----------
    quotes : DataFrame
        All two-sided; one row for each contract.
    table : DataFrame
        Of `expiries`.
    rate : float
        For expiries whose pairs tell no discount.
    """
    told = quotes.select("expiry", "strike", "right", mid=MID, half=(pl.col("ask") - pl.col("bid")) / 2.0)
    calls, puts = (told.filter(pl.col("right") == right).drop("right") for right in "CP")
    pairs = calls.join(puts, on=["expiry", "strike"], suffix="_put").select(
        "expiry",
        "strike",
        difference=pl.col("mid") - pl.col("mid_put"),
        half_spread=pl.col("half") + pl.col("half_put"),
    )
    return parity.fitted(pairs, table, rate)
