"""The quotes that can be traded, in order, and the terms of their expiries."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from alvh.chain.bounds.products import Fees, of_roots
from alvh.chain.enriching import FIT_FOR_A_FORWARD
from alvh.chain.expiries import MID, TWO_SIDED, expiries, forwards_of, indexed
from alvh.chain.parity import DAYS_A_YEAR, RATE
from alvh.chain.schema import EXPIRY

LIVE: Final = (*FIT_FOR_A_FORWARD, "zero_bid")
"""Statuses of quotes that can be traded; of one without a bid the ask can. Crossed ones are a kind apart."""

SERIES: Final = ("expiry", "right")
"""What has one price at each strike."""

SIZES: Final = ("bid_size", "ask_size")


@dataclass(frozen=True)
class Book:
    """The tradable quotes of a chain.

    Parameters
    ----------
    quotes : DataFrame
        Live and crossed quotes by expiry, right and strike: `quote`, its index; `expiry`, an index into
        `expiries`; `bid`, missing where there is none; `mid`, missing where a side is; sizes; `crossed`;
        `forward` and `discount` of its expiry.
    expiries : DataFrame
        Keys and terms of each expiry, `forward` and `discount`, missing where the chain tells none.
    """

    quotes: pl.DataFrame
    expiries: pl.DataFrame

    @cached_property
    def live(self) -> pl.DataFrame:
        """Return the quotes that are not crossed."""
        return self.quotes.filter(~pl.col("crossed"))

    @cached_property
    def european(self) -> pl.DataFrame:
        """Return the live quotes with forward and discount that nobody can exercise early."""
        known = pl.all_horizontal(pl.col("forward", "discount").is_not_null())
        return self.live.filter(known & ~pl.col("american"))

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """Return call and put of each strike: their indices, and the synthetic forward, discounted.

        `sold` is what selling the call and buying the put brings, with D K; `bought` what the reverse costs.
        """
        quotes = self.european
        calls, puts = (quotes.filter(pl.col("right") == right) for right in "CP")
        return (
            calls.join(puts, on=["expiry", "strike"], suffix="_put", maintain_order="left")
            .rename({"quote": "call", "quote_put": "put"})
            .with_columns(
                sold=pl.col("bid") - pl.col("ask_put") + pl.col("discount") * pl.col("strike"),
                bought=pl.col("ask") - pl.col("bid_put") + pl.col("discount") * pl.col("strike"),
            )
        )


def opened(quotes: pl.DataFrame, fees: Fees, rate: float | None) -> Book:
    """Return the book of a chain; without `rate`, expiries that tell no discount have no forward either."""
    table = expiries(quotes)
    rows = quotes.with_columns(indexed(quotes, table))
    told = rows.filter(TWO_SIDED & pl.col("status").is_in(FIT_FOR_A_FORWARD))
    table = forwards_of(told, table, RATE if rate is None else rate).with_row_index("expiry")
    if rate is not None:
        assumed = (-rate * pl.col("days") / DAYS_A_YEAR).exp()
        table = table.with_columns(pl.coalesce("discount", assumed))
    else:
        known = pl.when(pl.col("fit") == "parity")
        table = table.with_columns(
            known.then("forward").alias("forward"), known.then("discount").alias("discount")
        )
    crossed = pl.col("status") == "crossed"
    live = rows.filter(pl.col("status").is_in(LIVE) | crossed)
    products = of_roots(live["root"].unique(maintain_order=True), fees)
    terms = pl.DataFrame(
        [
            (root, each.multiplier, each.fee / each.multiplier, each.american, each.of_vix)
            for root, each in products.items()
        ],
        schema={
            "root": pl.String,
            "multiplier": pl.Float64,
            "fee": pl.Float64,
            "american": pl.Boolean,
            "of_vix": pl.Boolean,
        },
        orient="row",
    )
    table = table.select("expiry", *EXPIRY, "forward", "discount").join(
        terms, on="root", how="left", nulls_equal=True, maintain_order="left"
    )
    sizes = [name if name in rows.columns else pl.lit(None, pl.Int64).alias(name) for name in SIZES]
    traded = (
        live.select(
            "expiry",
            "right",
            "strike",
            "ask",
            pl.when(pl.col("bid") > 0.0).then("bid"),
            *sizes,
            crossed=crossed,
        )
        .sort(*SERIES, "strike")
        .with_row_index("quote")
        .with_columns(mid=MID)
        .join(
            table.select("expiry", "forward", "discount", "american"),
            on="expiry",
            how="left",
            maintain_order="left",
        )
    )
    return Book(traded, table)
