"""alvh itself, and the ways to hand it rights and arrays to write into."""

from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import polars as pl

from alvh import pricing
from benches.pricing.inputs import Columns
from benches.pricing.peers import Call, Peer, Task
from benches.pricing.reference import FIVE


def price(c: Columns, right: object = None) -> Call:
    """From columns, rights as int8 unless given."""
    right = c.sign if right is None else right
    return partial(pricing.price, c.forward, c.strike, c.years, c.vol, right, discount=c.discount)


def implied_vol(c: Columns) -> Call:
    """From columns."""
    terms = (c.price, c.forward, c.strike, c.years, c.sign)
    return partial(pricing.implied_vol, *terms, discount=c.discount)


def greeks(*which: str, out: bool = False) -> Task:
    """Fields of `Greeks`, all if none is named, in new arrays or in those of a call before."""

    def task(c: Columns) -> Call:
        call = partial(
            *(pricing.greeks, c.forward, c.strike, c.years, c.vol, c.sign),
            discount=c.discount,
            which=which or None,
        )
        return partial(call, out=call()) if out else call

    return task


def five(c: Columns) -> Call:
    """Ask for the first five greeks; the others are not computed."""
    call = greeks(*FIVE)(c)
    return lambda: call()[1 : 1 + len(FIVE)]


def flags_in_polars(c: Columns) -> Call:
    """Let Polars turn a column of "C" and "P" into signs first."""
    frame = pl.DataFrame({"right": c.flag})
    sign = pl.when(pl.col("right") == "C").then(pl.lit(1, pl.Int8)).otherwise(pl.lit(-1, pl.Int8))
    terms = (c.forward, c.strike, c.years, c.vol)
    return lambda: pricing.price(
        *terms, frame.select(sign.alias("sign"))["sign"].to_numpy(), discount=c.discount
    )


def scalar_price(_: Columns) -> Call:
    """One option told in Python's floats."""
    return partial(pricing.price, 5000.0, 4800.0, 0.1, 0.2, "P")


def scalar_implied_vol(_: Columns) -> Call:
    """One option told in Python's floats."""
    value = pricing.price(5000.0, 4800.0, 0.1, 0.2, "P")
    return partial(pricing.implied_vol, value, 5000.0, 4800.0, 0.1, "P")


def expressions() -> dict[str, Task]:
    """Return the same over Polars columns, where this version has them."""
    if find_spec("alvh.expr") is None:
        return {}
    from alvh import expr

    names = ("forward", "strike", "years", "vol", "sign", "flag", "price", "discount")

    def over(expression: pl.Expr) -> Task:
        def task(c: Columns) -> Call:
            frame = pl.DataFrame({name: getattr(c, name) for name in names})

            def call() -> Any:
                return frame.select(out=expression)["out"].to_numpy()

            return call

        return task

    terms = ("forward", "strike", "years")
    return {
        "price_expr": over(expr.price(*terms, "vol", "sign", discount="discount")),
        "price_flags_expr": over(expr.price(*terms, "vol", "flag", discount="discount")),
        "implied_vol_expr": over(expr.implied_vol("price", *terms, "sign", discount="discount")),
    }


def peer() -> Peer:
    """Everything."""
    return Peer(
        ("alvh",),
        "forward",
        {
            "price": price,
            "price_float_signs": lambda c: price(c, c.sign.astype(np.float64)),
            "price_flags": lambda c: price(c, c.flag),
            "price_polars_flags": flags_in_polars,
            "greeks5": five,
            "greeks14": greeks(),
            "greeks14_out": greeks(out=True),
            "delta_vega": greeks("delta", "vega"),
            "delta_vega_out": greeks("delta", "vega", out=True),
            "implied_vol": implied_vol,
            "scalar_price": scalar_price,
            "scalar_implied_vol": scalar_implied_vol,
            **expressions(),
        },
    )
