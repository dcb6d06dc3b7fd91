"""The functions of py_vollib over arrays, which two libraries offer: vega and rho per 1%, theta per day."""

from collections.abc import Callable
from typing import Any

from benches.pricing.inputs import SPOT, Columns
from benches.pricing.peers import Call, Peer
from benches.pricing.reference import FIVE

MODEL = "black_scholes_merton"

Function = Callable[..., Any]


def arrays(name: str, *, prices: Function, greeks: Function, vols: Function) -> Peer:
    """Price, greeks and implied volatility of one of them, from arrays of flags."""

    def contract(c: Columns) -> tuple[Any, ...]:
        return c.lower_flag, SPOT, c.strike, c.years, c.rate, c.vol, c.dividend

    def price(c: Columns) -> Call:
        terms = contract(c)
        return lambda: prices(*terms, return_as="numpy")

    def five(c: Columns) -> Call:
        def call() -> list[Any]:
            out = greeks(*contract(c), model=MODEL, return_as="dict")
            return [out[name] for name in FIVE]

        return call

    def implied_vol(c: Columns) -> Call:
        terms = (c.price, SPOT, c.strike, c.years, c.rate, c.lower_flag)
        return lambda: vols(*terms, q=c.dividend, model=MODEL, return_as="numpy", on_error="ignore")

    tasks = {"price": price, "greeks5": five, "implied_vol": implied_vol}
    return Peer((name,), "spot", tasks, units=(1.0, 1.0, 100.0, 365.0, 100.0))
