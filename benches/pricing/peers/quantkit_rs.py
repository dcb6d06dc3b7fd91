"""quantkit-rs: one right per call."""

from typing import Any

import quantkit

from benches.pricing.inputs import SPOT, Columns
from benches.pricing.peers import Call, Peer, by_right
from benches.pricing.reference import FIVE

INVALID_IS_NAN = {"errors": "nan"}


def price(c: Columns) -> Call:
    """Twice, once per right."""

    def one(call: bool, strike: Any, vol: Any, years: Any) -> Any:
        return quantkit.bs_price_batch(SPOT, strike, c.rate, vol, years, call, c.dividend, **INVALID_IS_NAN)

    return lambda: by_right(c, one, c.strike, c.vol, c.years)


def greeks(c: Columns) -> Call:
    """Twice, once per right."""

    def one(call: bool, strike: Any, vol: Any, years: Any) -> Any:
        out = quantkit.bs_greeks_batch(SPOT, strike, c.rate, vol, years, call, c.dividend, **INVALID_IS_NAN)
        return [out[name] for name in FIVE]

    return lambda: by_right(c, one, c.strike, c.vol, c.years, outputs=len(FIVE))


def implied_vol(c: Columns) -> Call:
    """Twice, once per right."""

    def one(call: bool, value: Any, strike: Any, years: Any) -> Any:
        return quantkit.implied_vol_batch(
            value, SPOT, strike, c.rate, years, call, c.dividend, **INVALID_IS_NAN
        )

    return lambda: by_right(c, one, c.price, c.strike, c.years)


def peer() -> Peer:
    """Price, greeks and implied volatility."""
    quantkit.set_num_threads(1)
    tasks = {"price": price, "greeks5": greeks, "implied_vol": implied_vol}
    return Peer(("quantkit-rs",), "spot", tasks)
