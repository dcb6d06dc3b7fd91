"""Boxes: synthetic forwards of two strikes against each other, worth the distance of the strikes."""

import polars as pl

from alvh.chain.bounds.book import Book
from alvh.chain.bounds.trades import trades

LEGS = ("call", "put", "strike")


def box(book: Book) -> pl.DataFrame:
    """Return trades that buy one synthetic forward and sell another, each against the best of the others.

    Bought at K1 and sold at K2 the legs are worth D (K2 - K1), above 0 or below.
    """
    pairs = book.pairs
    cheapest, dearest = pl.col("bought").arg_min(), pl.col("sold").arg_max()
    best = pairs.with_columns(
        *(pl.col(name).get(cheapest).over("expiry").alias(f"{name}_cheapest") for name in LEGS),
        *(pl.col(name).get(dearest).over("expiry").alias(f"{name}_dearest") for name in LEGS),
    )
    found = pl.concat(
        [
            best.select(
                *(
                    pl.col(name if side == "dearest" else f"{name}_cheapest").alias(f"{name}_bought")
                    for name in LEGS
                ),
                *(
                    pl.col(name if side == "cheapest" else f"{name}_dearest").alias(f"{name}_sold")
                    for name in LEGS
                ),
                "discount",
            )
            for side in ("dearest", "cheapest")
        ]
    )
    return trades(
        found.filter(pl.col("strike_bought") != pl.col("strike_sold")),
        "box",
        ("call_bought", 1.0),
        ("put_bought", -1.0),
        ("call_sold", -1.0),
        ("put_sold", 1.0),
        value=pl.col("discount") * (pl.col("strike_sold") - pl.col("strike_bought")),
    )
