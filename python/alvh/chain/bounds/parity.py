"""Put–call parity: each pair against the forward of its expiry, what R80 calls conversion and reversal."""

import polars as pl

from alvh.chain.bounds.book import Book, opened
from alvh.chain.bounds.trades import trades
from alvh.chain.enriching import prepared
from alvh.chain.parity import RATE
from alvh.chain.schema import EXPIRY

CARRIED = pl.col("discount") * (pl.col("forward") - pl.col("strike"))
"""D (F - K): what call less put is worth."""


def conversion(book: Book) -> pl.DataFrame:
    """Return trades that sell the call, buy the put and buy the forward: K at expiry, whatever happens."""
    return trades(
        book.pairs,
        "conversion",
        ("call", -1.0),
        ("put", 1.0),
        value=-CARRIED,
        forwards=pl.lit(1.0),
        forward=pl.col("forward"),
    )


def reversal(book: Book) -> pl.DataFrame:
    """Return trades that buy the call, sell the put and sell the forward."""
    return trades(
        book.pairs,
        "reversal",
        ("call", 1.0),
        ("put", -1.0),
        value=CARRIED,
        forwards=pl.lit(-1.0),
        forward=pl.col("forward"),
    )


def residuals(quotes: pl.DataFrame, *, rate: float = RATE) -> pl.DataFrame:
    """Measure what each pair of call and put misses put–call parity by, before and after its spreads (R80).

    Parameters
    ----------
    quotes : DataFrame
        From `read`.
    rate : float, default 0.04
        As in `forwards`.

    Returns
    -------
    DataFrame
        One row for each strike with both quotes: `quote_date`, `quote_time`, `root`, `expiration`,
        `settlement`, `strike`, `forward`, `discount`; `residual`, C - P - D (F - K) at the mids, points;
        `low` and `high`, the same where the pair is sold and where it is bought; `net`, how far 0 lies
        outside of them: above 0 a conversion earns it, below 0 a reversal; 0 if the spreads eat it.

    Raises
    ------
    ChainError
        The frame is no chain, or `rate` is out of range.

    Examples
    --------
    >>> from alvh import chain
    >>> told = chain.residuals(chain.synthetic(longest=30))
    >>> told.filter(root="SPX", strike=5000).select(pl.col("residual", "low", "high").round(2), "net").row(0)
    (0.03, -0.97, 1.03, 0.0)
    """
    book = opened(prepared(quotes, rate, None), 0.0, rate)
    return (
        book.pairs.join(
            book.expiries.select("expiry", *EXPIRY), on="expiry", how="left", maintain_order="left"
        )
        .select(
            *EXPIRY,
            "strike",
            "forward",
            "discount",
            residual=pl.col("mid") - pl.col("mid_put") - CARRIED,
            low=pl.col("bid") - pl.col("ask_put") - CARRIED,
            high=pl.col("ask") - pl.col("bid_put") - CARRIED,
        )
        .with_columns(
            net=pl.col("low").clip(0.0).fill_null(0.0) + pl.col("high").clip(None, 0.0).fill_null(0.0)
        )
    )
