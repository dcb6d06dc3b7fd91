"""Calendar spreads: at one strike over forward, more time is worth no less."""

import polars as pl

from alvh.chain.bounds.book import Book
from alvh.chain.bounds.hull import corners, enclosed
from alvh.chain.bounds.trades import trades
from alvh.chain.schema import SNAPSHOT

ONE_UNDERLYING = (*SNAPSHOT, "root", "settlement")
"""Its expiries follow each other; those that settle in the morning and at the close are kept apart."""


def calendar(book: Book) -> pl.DataFrame:
    """Return trades that sell an option and buy the next expiry at the same strike over forward.

    F2 / F1 is taken to be known until then (rates and dividends are, as a share of the index). Then K F2 / F1
    of the next expiry, (F1 / F2) (D1 / D2) of it, is worth no less when the first expires; it is bought
    as the two listed strikes around it. Not so for options on futures, which have one underlying an expiry.
    """
    known = (
        pl.all_horizontal(pl.col("forward", "discount").is_not_null())
        & ~pl.col("american")
        & ~pl.col("of_vix")
    )
    terms = ("expiry", "forward", "discount")
    following = (
        book.expiries.filter(known)
        .sort(*ONE_UNDERLYING, "expiration")
        .select(
            pl.col("expiry").alias("near"),
            *(pl.col(name).shift(-1).over(ONE_UNDERLYING).alias(f"{name}_far") for name in terms),
        )
        .drop_nulls()
    )
    sold = book.european.join(following, left_on="expiry", right_on="near")
    ratio = pl.col("forward_far") / pl.col("forward")
    wanted = sold.with_columns(
        expiry=pl.col("expiry_far"),
        strike=pl.col("strike") * ratio,
        many=pl.col("discount") / pl.col("discount_far") / ratio,
    )
    found = enclosed(wanted, corners(book.european))
    share = pl.col("share")
    return trades(
        found,
        "calendar",
        ("quote", -1.0),
        ("lower", pl.col("many") * share),
        ("upper", pl.col("many") * (1.0 - share)),
    )
