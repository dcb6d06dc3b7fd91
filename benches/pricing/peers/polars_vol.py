"""polars-vol: expressions over a Polars frame; without dividends, so handed the spot less dividends."""

from typing import Any

import numpy as np
import polars as pl
import polars_vol

from benches.pricing.inputs import SPOT, Columns, Floats
from benches.pricing.peers import Call, Peer

TERMS = ("strike", "spot", "vol", "years", "rate", "call")


def frame(c: Columns) -> pl.DataFrame:
    """Return the terms as columns."""
    spot, rate = SPOT * np.exp(-c.dividend * c.years), np.full(len(c), c.rate)
    return pl.DataFrame(
        {
            "strike": c.strike,
            "spot": spot,
            "vol": c.vol,
            "years": c.years,
            "rate": rate,
            "call": c.call,
            "price": c.price,
        }
    )


def price(c: Columns) -> Call:
    """One expression."""
    rows = frame(c)

    def call() -> Any:
        return rows.select(out=polars_vol.black_scholes(*TERMS))["out"].to_numpy()

    return call


def greeks(c: Columns) -> Call:
    """Delta and gamma with respect to the spot before dividends; theta has another meaning here."""
    rows, paid = frame(c), np.exp(-c.dividend * c.years)

    def call() -> list[Floats | None]:
        out = rows.select(out=polars_vol.black_scholes_with_greeks(*TERMS)).unnest("out")
        delta, gamma, vega, rho = (out[name].to_numpy() for name in ("delta", "gamma", "vega", "rho"))
        return [delta * paid, gamma * paid * paid, vega, None, rho]

    return call


def implied_vol(c: Columns) -> Call:
    """One expression."""
    rows = frame(c)
    terms = ("price", "strike", "spot", "years", "rate", "call")

    def call() -> Any:
        return rows.select(out=polars_vol.implied_vol(*terms))["out"].to_numpy()

    return call


def peer() -> Peer:
    """Price, greeks and implied volatility."""
    tasks = {"price": price, "greeks5": greeks, "implied_vol": implied_vol}
    return Peer(("polars-vol", "polars"), "spot", tasks)
