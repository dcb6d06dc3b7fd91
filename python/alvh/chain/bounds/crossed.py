"""Crossed quotes: a bid above an ask is free money by itself, or a quote that is not what it was."""

import polars as pl

from alvh.chain.bounds.book import Book
from alvh.chain.bounds.trades import trades


def crossed(book: Book) -> pl.DataFrame:
    """Return trades that buy a contract at its ask and sell it at its bid."""
    return trades(
        book.quotes.filter("crossed").with_columns(again="quote"), "crossed", ("quote", 1.0), ("again", -1.0)
    )
