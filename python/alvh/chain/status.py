"""What is wrong with each quote: one word a row, the first that applies; see `schema.STATUSES`."""

from typing import Final

import polars as pl

from alvh.chain.expiries import MID, TWO_SIDED, expiries, forwards_of, indexed
from alvh.chain.parity import RATE
from alvh.chain.schema import STATUS

OPENING: Final = "09:30"
CLOSING: Final = "16:00"  # as text below "close", too
OF_CONTRACT: Final = ("root", "expiration", "settlement", "strike", "right")


def classified(quotes: pl.DataFrame) -> pl.DataFrame:
    """Return quotes with `status`; a `problem` says which are unparsable."""
    table = expiries(quotes)
    rows = quotes.with_columns(indexed(quotes, table))
    rows = rows.with_columns(_first(_by_itself()), _stale(rows)).with_columns(
        status=pl.when((pl.col("status") == "ok") & pl.col("_stale"))
        .then(pl.lit("stale", STATUS))
        .otherwise("status")
    )
    fit = rows.select("expiry", "strike", "right", "bid", "ask", "status").with_row_index("_row")
    fit = fit.filter(pl.col("status").is_in(["ok", "stale"]))
    table = forwards_of(fit.filter(pl.col("status") == "ok"), table, RATE)
    wrong = _among_others(fit, table)
    status = rows["status"].scatter(wrong["_row"], wrong["status"]) if wrong.height else rows["status"]
    return quotes.with_columns(status)


def _by_itself() -> dict[str, pl.Expr]:
    """Conditions that need no other expiry's rows, in the order of `STATUSES`."""
    settled = pl.col("settlement") == "AM"
    over = (pl.col("quote_time") >= CLOSING) | (settled & (pl.col("quote_time") >= OPENING))
    last_day = pl.col("expiration") == pl.col("quote_date")
    asked = pl.col("ask").fill_null(0.0) > 0.0
    return {
        "unparsable": pl.col("problem").is_not_null(),
        "duplicate": ~pl.struct("expiry", "strike", "right").is_first_distinct(),
        "expired": (pl.col("expiration") < pl.col("quote_date")) | (last_day & over),
        "no_ask": ~asked,
        "crossed": pl.col("bid") > pl.col("ask"),
        "zero_bid": ~(pl.col("bid").fill_null(0.0) > 0.0),
    }


def _first(conditions: dict[str, pl.Expr]) -> pl.Expr:
    status = pl.lit("ok", STATUS)
    for name, condition in reversed(conditions.items()):
        status = pl.when(condition).then(pl.lit(name, STATUS)).otherwise(status)
    return status.alias("status")


def _stale(rows: pl.DataFrame) -> pl.Series:
    """Mask quotes in the money that did not move since the snapshot before although the underlying did.

    Only in the money does every move of the underlying move the value; elsewhere an old quote is not known.
    """
    if rows.select("quote_date", "quote_time").n_unique() == 1:
        return pl.Series("_stale", [False]).new_from_index(0, rows.height)
    moment = ["quote_date", "quote_time"]
    names = ["bid", "ask", "underlying_price"]
    ordered = (
        rows.with_row_index("_row")
        .filter(pl.col("problem").is_null() & TWO_SIDED)
        .sort(*moment, maintain_order=True)
    )
    before = [pl.col(name).shift(1).over(OF_CONTRACT).alias(f"_{name}") for name in names]
    price, old = pl.col("underlying_price"), pl.col("_underlying_price")
    sign = pl.when(pl.col("right") == "C").then(1.0).otherwise(-1.0)
    inside = (sign * (pl.min_horizontal(sign * price, sign * old) * sign - pl.col("strike"))) > 0.0
    same = (pl.col("bid") == pl.col("_bid")) & (pl.col("ask") == pl.col("_ask"))
    moved = (price - old).abs() > pl.col("ask") - pl.col("bid")
    found = ordered.with_columns(before).filter(same & moved & inside)["_row"]
    mask = pl.Series("_stale", [False]).new_from_index(0, rows.height)
    return mask.scatter(found, values=True) if len(found) else mask


def _among_others(fit: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Return `_row` and `status` of the rows that the forward or the next strikes contradict."""
    told = table.select("forward", "discount", "parity_error").with_row_index("expiry")
    sign = pl.when(pl.col("right") == "C").then(1.0).otherwise(-1.0)
    intrinsic = pl.col("discount") * (sign * (pl.col("forward") - pl.col("strike")))
    below = (pl.col("ask") < intrinsic - pl.col("parity_error")).fill_null(value=False)
    series = ("expiry", "right")
    ordered = fit.join(told, on="expiry", how="left", maintain_order="left").sort(*series, "strike")

    def neighbour(column: str, step: int) -> pl.Expr:
        same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(step) for name in series)
        return pl.when(same).then(pl.col(column).shift(step))

    call = pl.col("right") == "C"
    dear = pl.when(call).then(neighbour("ask", 1)).otherwise(neighbour("ask", -1)) < MID
    cheap = pl.when(call).then(neighbour("bid", -1)).otherwise(neighbour("bid", 1)) > MID
    wrong = (dear.fill_null(value=False) | cheap.fill_null(value=False)).alias("_wrong")
    return (
        ordered.with_columns(wrong, below.alias("_below"))
        .filter((pl.col("status") == "ok") & (pl.col("_wrong") | pl.col("_below")))
        .select(
            "_row",
            status=pl.when("_below")
            .then(pl.lit("below_intrinsic", STATUS))
            .otherwise(pl.lit("not_monotone", STATUS)),
        )
    )
