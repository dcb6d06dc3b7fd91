"""lbriv: one scalar forward and right per call, so options are told in units of their forward."""

from typing import Any

import numpy as np
from lbriv import black76_undiscounted, vectorized_implied_vol_strikes

from benches.pricing.inputs import Columns
from benches.pricing.peers import Call, Peer, by_right


def price(c: Columns) -> Call:
    """Twice, once per right."""
    moneyness, sd, unit = c.strike / c.forward, c.vol * np.sqrt(c.years), c.forward * c.discount

    def one(call: bool, *columns: Any) -> Any:
        return black76_undiscounted(1.0, *columns, 1 if call else -1)

    return lambda: by_right(c, one, moneyness, sd) * unit


def implied_vol(c: Columns) -> Call:
    """Twice, once per right."""
    moneyness, value, root = c.strike / c.forward, c.price / (c.forward * c.discount), np.sqrt(c.years)

    def one(call: bool, value: Any, moneyness: Any) -> Any:
        return vectorized_implied_vol_strikes(value, 1.0, moneyness, 1 if call else -1)

    return lambda: by_right(c, one, value, moneyness) / root


def peer() -> Peer:
    """Price and implied volatility."""
    return Peer(("lbriv",), "forward", {"price": price, "implied_vol": implied_vol})
