"""VIX options against the VX future of the same expiry, which is what they are options on."""

from typing import Final

import polars as pl
from polars.exceptions import PolarsError

from alvh.chain.bounds.book import Book
from alvh.chain.bounds.products import Fees, future
from alvh.chain.bounds.trades import trades
from alvh.chain.schema import SCHEMA, SNAPSHOT
from alvh.errors import ChainError, nearest_names

PRODUCT: Final = "VX"
PRICES: Final = ("bid", "ask", "price")


def quoted(futures: pl.DataFrame) -> pl.DataFrame:
    """Return futures by `expiration`, also day and time if told, with `future_bid` and `future_ask`."""
    names = futures.columns
    sides = ("bid", "ask") if {"bid", "ask"} <= set(names) else ("price", "price")
    needed = ("expiration", *dict.fromkeys(sides))
    for name in needed:
        if name not in names:
            raise ChainError(
                f"futures: no column {name!r}: {nearest_names(name, names)}. Allowed: expiration, "
                "and price or bid and ask; quote_date and quote_time if there are several. Mend: rename one",
                source="futures",
                column=name,
            )
    keys = [name for name in (*SNAPSHOT, "expiration") if name in names]
    try:
        table = futures.select(
            *(pl.col(name).cast(SCHEMA[name]) for name in keys),
            **{
                f"future_{to}": pl.col(name).cast(pl.Float64)
                for to, name in zip(("bid", "ask"), sides, strict=True)
            },
        )
    except PolarsError as error:
        raise ChainError(f"futures: {error}. Mend: cast it", source="futures") from None
    if table.select(keys).is_duplicated().any():
        twice = table.filter(table.select(keys).is_duplicated()).row(0, named=True)
        raise ChainError(
            f"futures: two prices of {twice['expiration']}. Allowed: one for each of {', '.join(keys)}. "
            "Mend: leave one, or give quote_date and quote_time",
            source="futures",
            column="expiration",
            value=twice["expiration"],
        )
    priced = (pl.col("future_bid") > 0.0) & (pl.col("future_ask") >= pl.col("future_bid"))
    return table.filter(priced)


def future_pairs(book: Book, futures: pl.DataFrame, fees: Fees) -> pl.DataFrame:
    """Return the pairs of VIX options whose expiry has a future, with its quotes and its fee a unit."""
    table = quoted(futures)
    if not book.expiries["of_vix"].any():
        raise ChainError(
            "futures: the chain has no VIX options that they could be compared with. Mend: leave futures out",
            source="futures",
            column="root",
        )
    keys = [name for name in table.columns if not name.startswith("future_")]
    expiries = book.expiries.filter("of_vix").select("expiry", *keys).join(table, on=keys)
    # one future hedges as many options as their multipliers say, so its fee is shared by them
    terms = future(PRODUCT, fees)
    fee = terms.fee / terms.multiplier
    return book.pairs.join(expiries.drop(keys), on="expiry", maintain_order="left").with_columns(
        forward_fee=pl.lit(fee)
    )


def future_conversion(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return trades that sell the call and buy put and future, D of it, for its gains are paid every day."""
    return _against(pairs, "future_conversion", sign=1.0, price="future_ask")


def future_reversal(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return trades that buy the call, sell the put and sell the future."""
    return _against(pairs, "future_reversal", sign=-1.0, price="future_bid")


def _against(pairs: pl.DataFrame, kind: str, *, sign: float, price: str) -> pl.DataFrame:
    return trades(
        pairs,
        kind,
        ("call", -sign),
        ("put", sign),
        value=sign * pl.col("discount") * (pl.col("strike") - pl.col(price)),
        forwards=sign * pl.col("discount"),
        forward=pl.col(price),
        forward_fee=pl.col("forward_fee"),
    )
