"""Shares of funds of VIX futures of the twin: one path, one share after the other (docs/etp.md)."""

from dataclasses import dataclass
from math import expm1
from typing import TYPE_CHECKING, Any

from twin_surface import CALENDAR_YEAR, State

if TYPE_CHECKING:
    from twin_market import Market


@dataclass(frozen=True)
class Share:
    """What a share is worth, dollars."""

    future: float

    def at_level_of(self, later: "Share") -> "Share":
        """The level of volatility is all that it knows."""
        return later


class Funds:
    """Every share at every close of a path."""

    def __init__(self, spec: dict[str, Any], market: "Market") -> None:
        self.market, self.roll = market, spec["roll"]
        self.funds = {name: row["fund"] for name, row in spec["contracts"].items() if row.get("fund")}
        ticks = len(market.closes)
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

    def at(self, name: str, tick: int, state: State) -> Share:
        """A share at the close of a tick, with the factors of a state."""
        change = self.basket(tick, tick, state) / self.basket(tick, tick, self.market.closes[tick]) - 1
        return Share(self.close[name][tick] * max(0.0, 1 + self.funds[name]["leverage"] * change))

    def steps(self, name: str, tick: int) -> dict[str, Share]:
        """Over the night before a tick: by the clock, then by the level."""
        aged, now = Share(self.aged[name][tick]), Share(self.close[name][tick])
        return {"time": aged, "spot": aged, "level": now, "smile": now}

    def rolled(self, name: str, tick: int) -> float:
        """What a day at an unmoved curve makes of a share, as a factor."""
        now = self.market.closes[tick]
        change = self.basket(tick, tick, now, later=1.0) / self.basket(tick, tick, now) - 1
        return max(0.0, 1 + self.funds[name]["leverage"] * change)
