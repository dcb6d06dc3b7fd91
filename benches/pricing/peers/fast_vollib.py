"""fast-vollib: the functions of py_vollib over arrays, vega and rho per 1%, theta per day."""

from typing import Any

import fast_vollib as library

from benches.pricing.inputs import SPOT, Columns
from benches.pricing.peers import Call, Peer
from benches.pricing.reference import FIVE

MODEL = "black_scholes_merton"


def greeks(c: Columns) -> Call:
    """All that it has."""

    def call() -> list[Any]:
        out = library.get_all_greeks(
            *(c.lower_flag, SPOT, c.strike, c.years, c.rate, c.vol, c.dividend), model=MODEL, return_as="dict"
        )
        return [out[name] for name in FIVE]

    return call


def price(c: Columns) -> Call:
    """From an array of flags."""
    terms = (c.lower_flag, SPOT, c.strike, c.years, c.rate, c.vol, c.dividend)
    return lambda: library.fast_black_scholes_merton(*terms, return_as="numpy")


def implied_vol(c: Columns) -> Call:
    """From an array of flags."""
    terms = (c.price, SPOT, c.strike, c.years, c.rate, c.lower_flag)
    return lambda: library.fast_implied_volatility(
        *terms, q=c.dividend, model=MODEL, return_as="numpy", on_error="ignore"
    )


def peer() -> Peer:
    """Price, greeks and implied volatility."""
    tasks = {"price": price, "greeks5": greeks, "implied_vol": implied_vol}
    return Peer(("fast-vollib",), "spot", tasks, units=(1.0, 1.0, 100.0, 365.0, 100.0))
