"""The rules of strategy indices: what each opens at a roll, by the exchange's published methodology.

Everything is traded at the close of the roll day and held to settlement. An order pays the share of its
half-spreads that `alvh.Costs` sets for one and for several legs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh.contracts import contract
from alvh.replication.portfolio import Legs, Portfolio
from alvh.replication.recorded import Product, Recorded

__all__ = ["RULES", "Rule"]

Floats = NDArray[np.float64]
Open = Callable[[Recorded, int, date, float], Portfolio]

SESSIONS_PER_YEAR: Final = 252
SHORT_DELTA: Final = 0.20
LONG_DELTA: Final = 0.05
COLLATERAL: Final = 10.0  # bills over the largest loss
CALL_DELTA: Final = 0.30  # of VIX calls
CALL_WEIGHTS: Final = ((15.0, 0.0), (30.0, 0.01), (50.0, 0.005))
"""Share of value that buys VIX calls, by the most that the VIX future is; nothing above."""
LOWEST, HIGHEST = 0.40, 1.60  # strikes over spot that are looked at for a delta


class Rule(NamedTuple):
    """How an index rolls and what it opens."""

    rolls: Product
    """Whose monthly expiries are its roll days."""
    open: Open
    """(market, session, next expiry, value) to portfolio."""
    about: str


def _put(market: Recorded, session: int, expiry: date, value: float) -> Portfolio:
    """Sell at-the-money puts; bills are what their strikes cost at expiry."""
    strike = _listed(market.spot[session], np.floor)
    quotes = market.quotes(session, expiry, strike, "P")
    bid = float(quotes.price) - _slip(market, session, [float(quotes.price)], "SPX")
    sold = value / (strike * float(quotes.discount) - bid)
    legs = Legs("SPX", expiry, np.array([strike]), np.array([-1.0]), np.array([-sold]))
    return Portfolio(session, value + sold * bid, 0.0, legs)


def _bxm(market: Recorded, session: int, expiry: date, value: float) -> Portfolio:
    """Hold the index and sell a call at or above it per unit; what it earns buys more of both."""
    strike = _listed(market.spot[session], np.ceil)
    price = float(market.quotes(session, expiry, strike, "C").price)
    bid = price - _slip(market, session, [price], "SPX")
    units = value / (market.spot[session] - bid)
    legs = Legs("SPX", expiry, np.array([strike]), np.array([1.0]), np.array([-units]))
    return Portfolio(session, 0.0, units, legs)


def _cndr(market: Recorded, session: int, expiry: date, value: float) -> Portfolio:
    """Sell a 20-delta strangle inside a 5-delta one; bills are ten times what can be lost."""
    strikes, sign = [], np.array([-1.0, -1.0, 1.0, 1.0])
    for right in (-1.0, 1.0):
        strikes += [_by_delta(market, session, expiry, right, delta) for delta in (SHORT_DELTA, LONG_DELTA)]
    ratio = np.array([-1.0, 1.0, -1.0, 1.0])
    price = market.quotes(session, expiry, strikes, sign).price
    credit = -float(ratio @ price) - _slip(market, session, price, "SPX")
    widest = max(strikes[0] - strikes[1], strikes[3] - strikes[2])
    condors = value / (COLLATERAL * (widest - credit))
    legs = Legs("SPX", expiry, np.array(strikes), sign, condors * ratio)
    return Portfolio(session, value + condors * credit, 0.0, legs)


def _vxth(market: Recorded, session: int, expiry: date, value: float) -> Portfolio:
    """Hold the index and, while VIX is neither low nor very high, some 30-delta VIX calls."""
    future = market.future(session, expiry)
    weight = next((share for most, share in CALL_WEIGHTS if future <= most), 0.0)
    units = (1.0 - weight) * value / market.spot[session]
    if weight == 0.0:
        return Portfolio(session, 0.0, units, None)
    strikes = np.arange(np.ceil(future), 3.0 * future)
    price = market.quotes(session, expiry, strikes, "C", product="VIX").price
    delta = -np.gradient(price, strikes)  # by the strike: the chance of an exercise
    chosen = int(np.abs(delta - CALL_DELTA).argmin())
    ask = float(price[chosen]) + _slip(market, session, price[chosen : chosen + 1], "VIX")
    number = np.array([weight * value / ask])
    legs = Legs("VIX", expiry, strikes[chosen : chosen + 1], np.array([1.0]), number)
    return Portfolio(session, 0.0, units, legs)


def _slip(market: Recorded, session: int, price: list[float] | Floats, product: Product) -> float:
    """Return what an order pays to the spread, one contract a leg."""
    share = market.costs.single_share if len(price) == 1 else market.costs.order_share
    return share * float(market.half_spread(session, price, product).sum())


def _listed(price: float, rounded: Callable[[float], float]) -> float:
    step = contract("SPX").strike_step(price)
    return float(step * rounded(price / step))


def _by_delta(market: Recorded, session: int, expiry: date, right: float, delta: float) -> float:
    """Return the listed strike whose delta is nearest, by its d1."""
    spot = market.spot[session]
    step = contract("SPX").strike_step(spot)
    strikes = step * np.arange(np.ceil(LOWEST * spot / step), HIGHEST * spot / step)
    quotes = market.quotes(session, expiry, strikes, right)
    sd = quotes.implied_vol * np.sqrt(market.tenor(session, expiry) / SESSIONS_PER_YEAR)
    d1 = np.log(quotes.forward / strikes) / sd + sd / 2
    return float(strikes[np.abs(right * d1 - NormalDist().inv_cdf(delta)).argmin()])


RULES: Final[dict[str, Rule]] = {
    "put": Rule("SPX", _put, "at-the-money puts sold against bills"),
    "bxm": Rule("SPX", _bxm, "the index with at-the-money calls sold"),
    "cndr": Rule("SPX", _cndr, "a 20-delta strangle sold inside a 5-delta one, bills ten times the loss"),
    "vxth": Rule("VIX", _vxth, "the index with 30-delta VIX calls bought"),
}
"""Indices by name."""
