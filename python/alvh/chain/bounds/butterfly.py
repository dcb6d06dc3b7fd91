"""Butterflies: an option is worth no more than the two around it, weighted by their distances."""

import polars as pl

from alvh.chain.bounds.book import SERIES, Book
from alvh.chain.bounds.hull import corners, enclosed
from alvh.chain.bounds.trades import trades


def butterfly(book: Book) -> pl.DataFrame:
    """Return trades that sell an option and buy its cheapest wings, equidistant or not.

    Where the option is itself a corner of the hull, its wings are the listed neighbours.
    """
    names = ("quote", "strike")
    beside = book.live.with_columns(
        *(pl.col(name).shift(1).over(SERIES).alias(f"{name}_below") for name in names),
        *(pl.col(name).shift(-1).over(SERIES).alias(f"{name}_above") for name in names),
    )
    found = enclosed(beside, corners(book.live))
    own = pl.col("lower") == pl.col("quote")
    around = (pl.col("strike_above") - pl.col("strike")) / (pl.col("strike_above") - pl.col("strike_below"))
    found = found.with_columns(
        lower=pl.when(own).then("quote_below").otherwise("lower"),
        upper=pl.when(own).then("quote_above").otherwise("upper"),
        share=pl.when(own).then(around).otherwise("share"),
    )
    return trades(
        found, "butterfly", ("quote", -1.0), ("lower", pl.col("share")), ("upper", 1.0 - pl.col("share"))
    )
