"""Vertical spreads: worth at least nothing, at most the discounted distance of their strikes."""

import polars as pl

from alvh.chain.bounds.book import SERIES, Book
from alvh.chain.bounds.trades import trades

FARTHER = pl.when(pl.col("right") == "C").then(1.0).otherwise(-1.0) * pl.col("strike")
"""Ascends out of the money: along it calls and puts fall, by no more than it grows, discounted."""


def vertical(book: Book) -> pl.DataFrame:
    """Return vertical spreads that cost less than nothing, or bring more than they can lose.

    Each quote is bought against the best to sell, and sold against the best to buy. Whoever may exercise
    early may get the whole distance at once, without discount.
    """
    discount = pl.when("american").then(1.0).otherwise("discount")
    quotes = (
        book.live.with_columns(farther=FARTHER)
        .sort(*SERIES, "farther")
        .with_columns(width=discount * pl.col("farther"))
    )
    bid, ask, width = pl.col("bid"), pl.col("ask"), pl.col("width")
    pairs = quotes.select(
        "quote",
        "farther",
        "width",
        near_to_buy=_best(-ask, later=False),
        far_to_sell=_best(bid, later=True),
        near_to_sell=_best(bid + width, later=False),
        far_to_buy=_best(-ask - width, later=True),
    )
    worthless = [("near_to_buy", "quote"), ("quote", "far_to_sell")]
    capped = [("far_to_buy", "quote"), ("quote", "near_to_sell")]
    at_least_0 = [trades(pairs, "vertical", (bought, 1.0), (sold, -1.0)) for bought, sold in worthless]
    widths = quotes.select("quote", "width")
    at_most_width = [
        trades(
            pairs.join(widths, left_on=other, right_on="quote", suffix="_other", maintain_order="left"),
            "vertical",
            (bought, 1.0),
            (sold, -1.0),
            # the spread sold can be worth no more than what lies between its strikes
            value=-(pl.col("width") - pl.col("width_other")).abs(),
        )
        for (bought, sold), other in zip(capped, ("far_to_buy", "near_to_sell"), strict=True)
    ]
    return pl.concat(at_least_0 + at_most_width)


def _best(value: pl.Expr, *, later: bool) -> pl.Expr:
    """Return the quote of the series with the largest value before this one, or after it."""
    best = pl.when(value == value.cum_max(reverse=later)).then("quote")
    return (best.backward_fill().shift(-1) if later else best.forward_fill().shift(1)).over(SERIES)
