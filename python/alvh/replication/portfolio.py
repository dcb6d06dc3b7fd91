"""What a strategy index holds from one roll to the next, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from alvh.replication.recorded import Product, Recorded

__all__ = ["Legs", "Portfolio"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Legs:
    """Options of one expiry.

    Parameters
    ----------
    product : {"SPX", "VIX"}
        Their underlying.
    expiry : datetime.date
        Session at whose opening they settle.
    strike, sign, number : array
        Strike in points, +1 for calls and -1 for puts, how many are held (below 0: sold).
    """

    product: Product
    expiry: date
    strike: Floats
    sign: Floats
    number: Floats

    def worth(self, market: Recorded, session: int) -> float:
        """Return the value at a close, at mid prices."""
        quotes = market.quotes(session, self.expiry, self.strike, self.sign, product=self.product)
        return float(self.number @ quotes.price)

    def payoff(self, underlying: float) -> float:
        """Return the value at settlement."""
        return float(self.number @ np.maximum(self.sign * (underlying - self.strike), 0.0))


@dataclass(frozen=True, eq=False)
class Portfolio:
    """Bills, units of the index with dividends reinvested, and options, as of the close of a roll.

    Parameters
    ----------
    opened : int
        Session of the roll.
    bills : float
        Dollars in bills then.
    units : float
        Units of SPX then.
    legs : Legs or None
        Options; None where the rule holds none.
    """

    opened: int
    bills: float
    units: float
    legs: Legs | None

    def worth(self, market: Recorded, session: int) -> float:
        """Return the value at a close before the options settle."""
        held = 0.0 if self.legs is None else self.legs.worth(market, session)
        return self._without_options(market, session) + held

    def settled(self, market: Recorded, session: int) -> float:
        """Return the value at the close of the session at whose opening the options settle."""
        paid = 0.0
        if self.legs is not None:
            paid = self.legs.payoff(market.opening(session, self.legs.product))
        return self._without_options(market, session) + paid

    def _without_options(self, market: Recorded, session: int) -> float:
        bills = self.bills * market.bills[session] / market.bills[self.opened]
        dividends = market.dividends[session] / market.dividends[self.opened]
        return float(bills + self.units * market.spot[session] * dividends)
