"""Shares of funds of VIX futures of the twin, and options on them: one path, share by share (docs/etp.md).

Early exercise is that of `alvh.pricing.price_american`, which has golden numbers of its own.
"""

from dataclasses import dataclass, replace
from math import exp, expm1, log, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import brentq

from alvh.pricing import price_american
from twin_surface import CALENDAR_YEAR, State
from twin_vix import REFERENCE_VIX, VixQuotes, black

if TYPE_CHECKING:
    from twin_market import Market


@dataclass(frozen=True)
class Share:
    """What a share, or several, are worth, dollars, and how many of them are one by now."""

    future: float
    merged: float = 1.0

    def at_level_of(self, later: "Share") -> "Share":
        """The level of volatility is all that it knows."""
        return later


@dataclass(frozen=True)
class ShareQuotes(VixQuotes):
    """What prices the options of one expiry on a share that is worth so much."""

    share: float

    def price(self, sign: float, strike: float) -> float:
        """Price of an American call (+1) or put (-1), dollars."""
        held = self.held(sign, strike)
        if sign > 0:
            return max(held, self.share - strike)
        rate = -log(self.discount)
        yielded = rate - log(self.forward / self.share)
        of = {"spot": self.share, "strike": strike, "years": 1.0, "vol": self.implied(strike), "right": "P"}
        return float(price_american(**of, rate=rate, dividend=yielded))

    def implied(self, strike: float) -> float:
        """Deviation that Black's formula needs; 0 where none gives the price."""
        sign = 1.0 if strike >= self.forward else -1.0
        value = self.held(sign, strike) / self.discount
        if value <= 0.0:
            return 0.0
        return float(
            brentq(lambda s: black(sign, self.forward, strike, s) - value, 1e-4, 20.0, xtol=1e-15, rtol=1e-14)
        )

    def at_level_of(self, later: "VixQuotes") -> "ShareQuotes":
        """These quotes with share and forward of later ones; the floor is at most theirs."""
        assert isinstance(later, ShareQuotes)
        floor = min(self.floor, later.floor)
        return replace(self, forward=later.forward, floor=floor, share=later.share)


class Funds:
    """Every share at every close of a path."""

    def __init__(self, spec: dict[str, Any], market: "Market") -> None:
        self.market, self.roll = market, spec["roll"]
        self.funds = {name: row["fund"] for name, row in spec["contracts"].items() if row.get("fund")}
        ticks = len(market.closes)
        self.merged = {name: [1.0] for name in self.funds}  # shares of session 0 that one is, by tick
        self.close = {name: [fund["price"]] for name, fund in self.funds.items()}
        self.aged = {name: [fund["price"]] for name, fund in self.funds.items()}
        for tick in range(1, ticks):
            before, now = market.closes[tick - 1], market.closes[tick]
            nights = market.days(tick - 1, market.session(tick))
            cash = expm1(before.rate * nights / CALENDAR_YEAR)
            held = self.basket(tick - 1, tick - 1, before)
            by_clock = self.basket(tick - 1, tick, before, basis_of=tick - 1) / held - 1
            by_both = self.basket(tick - 1, tick, now) / held - 1
            for name, fund in self.funds.items():
                price, fee = self.close[name][-1], fund["fee"] * nights / CALENDAR_YEAR
                for path, change in ((self.aged, by_clock), (self.close, by_both)):
                    grown = max(0.0, 1 + fund["leverage"] * change + cash)
                    path[name].append(price * grown * (1 - fee))
                split, one = fund.get("reverse_split"), self.merged[name][-1]
                cheap = split is not None and 0 < price * one < split["below"]
                self.merged[name].append(one * split["ratio"] if cheap else one)

    def basket(
        self, since: int, tick: int, state: State, *, basis_of: int | None = None, later: float = 0.0
    ) -> float:
        """What is held from the close of one tick on, priced at another."""
        market, session = self.market, self.market.session(since)
        weight = self.roll["weight"][session]
        total = 0.0
        for share, contract in ((weight, self.roll["first"]), (1 - weight, self.roll["second"])):
            expiry = contract[session]
            basis = market.basis(tick if basis_of is None else basis_of, expiry)
            days = max(0.0, market.days(tick, expiry) - later)
            total += share * basis * market.curve.future(state.x, days)[0]
        return total

    def at(self, name: str, tick: int, state: State, since: int) -> Share:
        """What was a share at one tick, at the close of another, with the factors of a state."""
        change = self.basket(tick, tick, state) / self.basket(tick, tick, self.market.closes[tick]) - 1
        worth = self.close[name][tick] * max(0.0, 1 + self.funds[name]["leverage"] * change)
        one = self.merged[name][since]
        return Share(one * worth, self.merged[name][tick] / one)

    def steps(self, name: str, tick: int, since: int) -> dict[str, Share]:
        """Over the night before a tick: by the clock, then by the level; of what was a share at `since`."""
        one = self.merged[name][since]
        aged, now = Share(one * self.aged[name][tick]), Share(one * self.close[name][tick])
        return {"time": aged, "spot": aged, "level": now, "smile": now}

    def rolled(self, name: str, tick: int) -> float:
        """What a day at an unmoved curve makes of a share, as a factor."""
        now = self.market.closes[tick]
        change = self.basket(tick, tick, now, later=1.0) / self.basket(tick, tick, now) - 1
        return max(0.0, 1 + self.funds[name]["leverage"] * change)

    def option(
        self, name: str, tick: int, state: State, days: float, since: int, *, times: float = 1.0
    ) -> ShareQuotes:
        """Options of so many days on what was a share at one tick, at the close of another, in a state."""
        price = self.at(name, tick, state, since).future * times
        return self.priced(name, price, self.held(tick, tick), state, days)

    def option_steps(
        self, name: str, tick: int, state: State, days: float, since: int
    ) -> dict[str, ShareQuotes]:
        """Over the night before a tick, of which `state` has the clock alone."""
        worth = self.merged[name][since] * self.aged[name][tick]
        aged = self.priced(name, worth, self.held(tick - 1, tick), state, days)
        now = self.option(name, tick, self.market.closes[tick], days, since)
        return {"time": aged, "spot": aged, "level": aged.at_level_of(now), "smile": now}

    def held(self, since: int, tick: int) -> float:
        """Mean calendar days to the settlement of what is held from one close on, seen at another."""
        session = self.market.session(since)
        first, second = (self.market.days(tick, self.roll[each][session]) for each in ("first", "second"))
        weight = self.roll["weight"][session]
        return float(weight * first + (1 - weight) * second)

    def priced(self, name: str, price: float, held: float, state: State, days: float) -> ShareQuotes:
        """Quotes of options of so many days on a share of this price."""
        curve, years, fund = self.market.curve, days / CALENDAR_YEAR, self.funds[name]
        forward = price * exp((state.rate - fund["fee"]) * years)
        discount = exp(-state.rate * years)
        if curve.flat is not None:
            return ShareQuotes(forward, 0.0, 0.0, discount, 1.0, price)
        future, _ = curve.future(state.x, held)
        shape, leverage = curve.shape, fund["leverage"]
        raised = shape["floor"] + shape["floor_front"] * exp(-shape["floor_decay"] * years)
        lowest = min(raised, shape["floor_share"] * future)
        kept = max(0.0, 1 - leverage * (1 - lowest / future))
        m = log(curve.future(state.x, 0)[0] / REFERENCE_VIX)
        nu = exp(shape["level"] + shape["slope"] * m + shape["curvature"] * m**2)
        nu *= 1 - shape["front"] * exp(-shape["front_decay"] * years)
        k = np.array(curve.curve["reversion"])
        rate = float((curve.covariance * np.exp(-np.add.outer(k, k) * held / CALENDAR_YEAR)).sum())
        moved = (future - curve.curve["floor"]) / future
        deviation = leverage * nu * sqrt(rate * years) * moved / (1 - kept)
        return ShareQuotes(forward, kept * forward, deviation, discount, 1.0, price)
