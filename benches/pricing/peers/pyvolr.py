"""pyvolr: Rust behind NumPy arrays; rights as +1 and -1, and as an array of strings for comparison."""

from typing import Any

from pyvolr import bs

from benches.pricing.inputs import SPOT, Columns
from benches.pricing.peers import Call, Peer
from benches.pricing.reference import FIVE


def terms(c: Columns, right: Any) -> tuple[Any, ...]:
    """Return the arguments in the order of the library."""
    return right, SPOT, c.strike, c.years, c.rate, c.vol, c.dividend


def greeks(c: Columns) -> Call:
    """All that it has."""

    def call() -> list[Any]:
        out = bs.greeks(*terms(c, c.sign))
        return [out[name] for name in FIVE]

    return call


def implied_vol(c: Columns) -> Call:
    """Rows without a solution are NaN."""

    def call() -> Any:
        return bs.implied_vol(c.price, c.sign, SPOT, c.strike, c.years, c.rate, c.dividend, on_error="ignore")

    return call


def peer() -> Peer:
    """Price, greeks and implied volatility."""
    return Peer(
        ("pyvolr",),
        "spot",
        {
            "price": lambda c: lambda: bs.price(*terms(c, c.sign)),
            "price_flags": lambda c: lambda: bs.price(*terms(c, c.lower_flag)),
            "greeks5": greeks,
            "implied_vol": implied_vol,
        },
    )
