"""A history as the rules of an index read it: closes, openings, carry, and option prices of the template."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alvh.contracts import contract
from alvh.history import History
from alvh.schedule import sessions

if TYPE_CHECKING:
    from alvh.market import L3F, Quotes
    from alvh.specification import Costs

__all__ = ["Recorded"]

Floats = NDArray[np.float64]
Product = Literal["SPX", "VIX"]

AHEAD: Final = timedelta(days=60)
DAYS_PER_YEAR: Final = 365
MORNING: Final = 0.55  # of a session's variance is left out by an option that settles at its opening


@dataclass(frozen=True, eq=False)
class Recorded:
    """A daily history with the market model that prices options on it.

    Parameters
    ----------
    history : History
        Its closes; rate and dividend yield of each session.
    model : L3F
        Its surface and its curve. The state of a day with a VIX3M is that of `alvh.market.filter`; of another
        it follows from that day's VIX alone.
    costs : Costs
        What orders pay of the half-spreads.
    """

    history: History
    model: L3F
    costs: Costs

    @cached_property
    def dates(self) -> list[date]:
        """Sessions, ascending."""
        return self.history.data.dates

    @cached_property
    def spot(self) -> Floats:
        """SPX at closes."""
        return self._column("spx")

    @cached_property
    def vix(self) -> Floats:
        """VIX at closes."""
        return self._column("vix")

    @cached_property
    def bills(self) -> Floats:
        """What 1 in bills has become, from the first session on."""
        return self._grown("rate")

    @cached_property
    def dividends(self) -> Floats:
        """What 1 unit of the index has become by reinvested dividends, from the first session on."""
        return self._grown("dividend_yield")

    def session_of(self, expiry: date) -> int | None:
        """Return the session of an expiry; where the history lacks that day, the next it has."""
        if expiry > self.dates[-1]:
            return None
        return bisect_left(self.dates, expiry)

    def opening(self, session: int, product: Product) -> float:
        """Return the opening: the recorded one, else a point on the line between the closes.

        Where the index repeats the close before, as files of early years do, no opening is recorded.
        """
        values = self.spot if product == "SPX" else self.vix
        before, close = values[session - 1 : session + 1]
        if product == "SPX" and "open" in self.history.data.frame.columns:
            opened = self.history.data.frame["open"][session]
            if opened is not None and opened != before:
                return float(opened)
        share = self.model.dynamics.overnight_share
        return float(np.exp((1.0 - share) * np.log(before) + share * np.log(close)))

    def quotes(
        self, session: int, expiry: date, strike: ArrayLike, right: ArrayLike, *, product: Product = "SPX"
    ) -> Quotes:
        """Quote options at a close."""
        market, factors = self._market(session), self._factors(session)
        days = (expiry - self.dates[session]).days
        if product == "VIX":
            return market.vix_quotes(strike, days, right, factors=factors)
        return market.quotes(strike, self.tenor(session, expiry), right, days=days, factors=factors)

    def future(self, session: int, expiry: date) -> float:
        """Return the VIX future of an expiry at a close."""
        days = (expiry - self.dates[session]).days
        return float(self._market(session).futures(days, factors=self._factors(session)))

    def tenor(self, session: int, expiry: date) -> float:
        """Return the sessions of variance to an expiry that settles at its opening."""
        return self._numbers[expiry] - self._numbers[self.dates[session]] - MORNING

    def half_spread(self, session: int, price: ArrayLike, product: Product) -> Floats:
        """Return half of the quoted width at a close, index points, see `alvh.Costs`."""
        costs = self.costs
        row = contract(product)
        widened = (max(self.vix[session], costs.vix_knee) / costs.vix_knee) ** costs.vix_power
        least = [max(row.tick(p) / 2, _floor(row.half_spread.floors, p)) for p in np.atleast_1d(price)]
        scaled = row.half_spread.scale * np.atleast_1d(price) ** row.half_spread.power
        spread: Floats = costs.half_spread_factor * np.maximum(least, scaled) * widened
        return spread

    @cached_property
    def _numbers(self) -> dict[date, int]:
        """Number of each exchange session from the first one to past any expiry that is opened."""
        later = self.dates[-1] + AHEAD
        return {day: number for number, day in enumerate(sessions(self.dates[0], later))}

    def _market(self, session: int) -> L3F:
        row: dict[str, Any] = self.history.data.frame.row(session, named=True)
        start = {"vix": row["vix"], "spot": row["spx"]}
        return self.model.model_copy(update=start | {name: row[name] for name in ("rate", "dividend_yield")})

    def _factors(self, session: int) -> tuple[float, float, float] | None:
        """Return the factors of a day with a VIX3M."""
        if self._states is None or self.history.data.frame["vix3m"][session] is None:
            return None
        x0, x1, x2 = self._states[session].tolist()
        return x0, x1, x2

    @cached_property
    def _states(self) -> Floats | None:
        """The filtered factors of each session; None if there is no VIX3M."""
        from alvh.market import filter as filtered

        if "vix3m" not in self.history.data.frame.columns:
            return None
        found = filtered(self.history, curve=self.model.curve, dynamics=self.model.dynamics)
        states: Floats = found.select("x0", "x1", "x2").to_numpy()
        return states

    def _column(self, name: str) -> Floats:
        values: Floats = self.history.data.frame[name].to_numpy()
        return values

    def _grown(self, name: str) -> Floats:
        days = np.diff(np.array(self.dates, dtype="datetime64[D]")).astype(float)
        grown = np.cumsum(self._column(name)[:-1] * days / DAYS_PER_YEAR)
        account: Floats = np.exp(np.concatenate([[0.0], grown]))
        return account


def _floor(floors: Any, price: float) -> float:
    return max((least for start, least in floors if price >= start), default=0.0)
