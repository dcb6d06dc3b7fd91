"""Trades that no holder can lose by: their legs, priced at the quotes, net of fees, ranked."""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.chain.bounds.book import Book
from alvh.chain.schema import EXPIRY, RIGHT

MOST_LEGS: Final = 4
LEGS: Final = tuple((f"leg{i}", f"quantity{i}") for i in range(MOST_LEGS))
RIGHTS: Final = pl.Enum([*RIGHT.categories, "F"])
LEG_NAMES: Final = ("right", "strike", "expiration", "quantity", "price")
SCHEMA: Final = {
    "kind": pl.String(),
    **{
        name: dtype
        for leg, quantity in LEGS
        for name, dtype in ((leg, pl.UInt32()), (quantity, pl.Float64()))
    },
    "forwards": pl.Float64(),
    "forward": pl.Float64(),
    "forward_fee": pl.Float64(),
    "value": pl.Float64(),
}
"""A trade: quotes by index and how many are bought, forwards likewise, and the least that it is worth."""

PRICED: Final = ("bid", "ask", "mid", "bid_size", "ask_size")
FIGURES: Final = ("edge", "mid_edge", "fees", "net", "dollars", "size")

NOISE: Final = 1e-6  # US dollars; sums of prices are rounded

Floats = NDArray[np.float64]


def trades(
    frame: pl.DataFrame,
    kind: str,
    *legs: tuple[str, float | pl.Expr],
    value: pl.Expr | float = 0.0,
    **forward: pl.Expr,
) -> pl.DataFrame:
    """Return the trades of one kind.

    `legs` are columns of quote indices, with how many are bought, or sold below 0; `value` is the least that
    they are worth today, points. A row that lacks one of its quotes is no trade.
    """
    columns = {
        "kind": pl.lit(kind),
        "value": value if isinstance(value, pl.Expr) else pl.lit(value),
        **forward,
    }
    for (leg, quantity), (quote, bought) in zip(LEGS, legs, strict=False):
        columns[leg] = pl.col(quote)
        columns[quantity] = bought if isinstance(bought, pl.Expr) else pl.lit(bought)
    told = pl.all_horizontal(pl.col(quote).is_not_null() for quote, _ in legs)
    lacking = {name: pl.lit(None) for name in SCHEMA if name not in columns}
    return frame.filter(told).select(
        (columns | lacking)[name].cast(dtype).alias(name) for name, dtype in SCHEMA.items()
    )


def ranked(found: pl.DataFrame, book: Book, min_edge: float) -> pl.DataFrame:
    """Return the trades that earn more than `min_edge` US dollars a unit, best first."""
    priced = found.with_columns(**_figures(found, book)).filter(pl.col("dollars") > min_edge + NOISE)
    same = ["kind", "forwards", *(name for pair in LEGS for name in pair)]
    priced = priced.unique(same, keep="first", maintain_order=True)
    return _table(priced.sort("dollars", descending=True, maintain_order=True), book)


def _figures(found: pl.DataFrame, book: Book) -> dict[str, pl.Series]:
    """Return points, units and dollars of each trade, missing where nobody quotes the side a leg needs."""
    quoted = {name: book.quotes[name].cast(pl.Float64).to_numpy() for name in PRICED}
    expiry = book.quotes["expiry"].to_numpy()
    fee, multiplier = (book.expiries[name].to_numpy()[expiry] for name in ("fee", "multiplier"))
    first = found[LEGS[0][0]].to_numpy()
    edge = found["value"].to_numpy().copy()
    mid_edge, fees, size = edge.copy(), _of_forwards(found), np.full(len(edge), np.inf)
    for leg, quantity in LEGS:
        at = np.flatnonzero((found[quantity].fill_null(0.0) != 0.0).to_numpy())
        quote, bought = found[leg].gather(at).to_numpy(), found[quantity].gather(at).to_numpy()
        buys = bought > 0.0
        edge[at] -= bought * np.where(buys, quoted["ask"][quote], quoted["bid"][quote])
        mid_edge[at] -= bought * quoted["mid"][quote]
        fees[at] += np.abs(bought) * fee[quote]
        there = np.where(buys, quoted["ask_size"][quote], quoted["bid_size"][quote])
        size[at] = np.minimum(size[at], there / np.abs(bought))
    dollars = (edge - fees) * multiplier[first]
    told = dict(zip(FIGURES, (edge, mid_edge, fees, edge - fees, dollars, np.floor(size)), strict=True))
    return {name: pl.Series(values).fill_nan(None) for name, values in told.items()}


def _of_forwards(found: pl.DataFrame) -> Floats:
    fees = pl.col("forwards").abs() * pl.col("forward_fee")
    return found.select(fees.fill_null(0.0)).to_series().to_numpy().copy()


def _table(priced: pl.DataFrame, book: Book) -> pl.DataFrame:
    """Return trades with their keys and legs."""
    rows = priced.with_row_index("trade")
    first = book.quotes["expiry"].gather(rows[LEGS[0][0]])
    rows = rows.hstack(book.expiries.select(EXPIRY)[first])
    legs = (
        _legs(rows, book)
        .group_by("trade", maintain_order=True)
        .agg(pl.col("strike").drop_nulls().alias("strikes"), pl.struct(*LEG_NAMES).alias("legs"))
    )
    return rows.join(legs, on="trade", how="left", maintain_order="left").select(
        "kind",
        *EXPIRY,
        "strikes",
        *FIGURES[:-1],
        size=pl.col("size").cast(pl.Int64),
        total=pl.col("dollars") * pl.col("size"),
        legs="legs",
    )


def _legs(rows: pl.DataFrame, book: Book) -> pl.DataFrame:
    """Return one row for each leg of each trade, in order; a forward is the last."""
    quotes = book.quotes.join(
        book.expiries.select("expiry", "expiration"), on="expiry", how="left", maintain_order="left"
    ).select("quote", pl.col("right").cast(RIGHTS), "strike", "expiration", "bid", "ask")
    price = pl.when(pl.col("quantity") > 0.0).then("ask").otherwise("bid").alias("price")
    options = pl.concat(
        rows.select("trade", quote=leg, quantity=quantity).filter(pl.col("quantity").fill_null(0.0) != 0.0)
        for leg, quantity in LEGS
    ).join(quotes, on="quote", how="left", maintain_order="left")
    forwards = rows.filter(pl.col("forwards").is_not_null()).select(
        "trade",
        pl.lit("F", RIGHTS).alias("right"),
        pl.lit(None, pl.Float64).alias("strike"),
        "expiration",
        quantity="forwards",
        price="forward",
    )
    told = [options.select("trade", *LEG_NAMES[:-1], price), forwards]
    return pl.concat(told).sort("trade", maintain_order=True)
