"""Portfolio margin of the twin: ten moves, each option at its own volatility (docs/engine.md, margin)."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, log
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from twin_layer import Terms, Tranche
from twin_market import Market
from twin_surface import Quotes, State, total_sd
from twin_vix import VixQuotes

STEPS = np.array([-1.0, -0.8, -0.6, -0.4, -0.2, 0.2, 0.4, 0.6, 0.8, 1.0])
CLASSES = ("index", "volatility")
LARGEST_DEVIATION = 20.0


@dataclass
class Held:
    """What is held of one package: dollars lost in each move, and the minimum of its contracts."""

    kind: str
    losses: np.ndarray
    minimum: float

    def times(self, lots: float) -> "Held":
        return Held(self.kind, lots * self.losses, lots * self.minimum)


class Moves:
    """The grid of a plan, at any VIX."""

    def __init__(self, rule: dict[str, Any]) -> None:
        self.rule = rule

    def of(self, kind: str, vix: float) -> np.ndarray:
        """The ten moves of a class, shares."""
        low, high = self.rule["vix"]
        wild = min(1.0, max(0.0, (vix - low) / (high - low)))
        calm, other = np.array(self.rule["calm"][kind]), np.array(self.rule["wild"][kind])
        down, up = (1 - wild) * calm + wild * other
        return np.where(STEPS < 0, -STEPS * down, STEPS * up)

    def lot(self, terms: Terms, t: Tranche, market: Market, tick: int, state: State | None = None) -> Held:
        """One lot of a package at the close of a tick, or in another state then."""
        state = state or market.closes[tick]
        kind = "volatility" if terms.product.vix else "index"
        moves = self.of(kind, market.vix(state))
        quotes = market.at(terms.product, tick, t.expiry, state, t.entry_tick)
        fund = terms.contract.row.get("fund") or {"leverage": 1.0}
        if terms.outright:
            return Held(kind, -fund["leverage"] * quotes.future * moves * terms.dpp, 0.0)
        losses, minimum = np.zeros(len(moves)), 0.0
        multiplier = terms.contract.row["multiplier"]
        if terms.product.on is not None and market.funds is not None:
            moves = market.funds.funds[terms.product.on]["leverage"] * moves
        for (sign, ratio), strike in zip(terms.legs, t.strikes, strict=True):
            price = quotes.price(sign, strike)
            forward, discount, deviation = priced_off(quotes, sign, strike)
            there = np.array([discount * black(sign, forward * (1 + m), strike, deviation) for m in moves])
            losses += ratio * (price - there) * terms.dpp
            each = self.rule["minimum"] * multiplier / 100
            minimum += abs(ratio) * (min(each, price * terms.dpp) if ratio > 0 else each)
        return Held(kind, losses, minimum)

    def required(self, held: Iterable[Held], *, joint: bool) -> float:
        """The worst loss of each class, at least its minimum; joint: of both, gains at their share (R62)."""
        together = {kind: Held(kind, np.zeros(len(STEPS)), 0.0) for kind in CLASSES}
        for each in held:
            sums = together[each.kind]
            together[each.kind] = Held(each.kind, sums.losses + each.losses, sums.minimum + each.minimum)
        index, volatility = (together[kind] for kind in CLASSES)
        if not joint:
            return sum(max(0.0, float(each.losses.max()), each.minimum) for each in together.values())
        share = self.rule["offset"]
        counted = [np.where(x < 0, share * x, x) for x in (index.losses, volatility.losses[::-1])]
        return max(0.0, float(sum(counted).max()), index.minimum + volatility.minimum)

    def room(self, held: list[Held], lot: Held, cost: float, funds: float, *, joint: bool) -> float:
        """Most lots, real, that funds bear: each costs, and adds to the requirement; found by bisection."""

        def left(lots: float) -> float:
            return funds - lots * cost - self.required([*held, lot.times(lots)], joint=joint)

        if left(0.0) < 0.0:
            return 0.0
        most = 1.0
        while left(most) > 0.0:
            most *= 2
            if most > 1e12:
                return inf
        return float(brentq(left, 0.0, most, xtol=1e-13, rtol=1e-14))


def priced_off(quotes: Quotes | VixQuotes, sign: float, strike: float) -> tuple[float, float, float]:
    """Forward, discount and the deviation that Black's formula needs for the price."""
    if isinstance(quotes, VixQuotes):
        forward, out = quotes.future, 1.0 if strike >= quotes.future else -1.0
        price = quotes.held(out, strike) / quotes.discount
        return forward, quotes.discount, implied(out, forward, strike, price)
    deviation = total_sd(quotes.smile, log(strike / quotes.forward)) if quotes.smile.theta else 0.0
    return quotes.forward, quotes.discount, deviation


def implied(sign: float, forward: float, strike: float, price: float) -> float:
    """Deviation at which an option out of the money has this price; 0 for a worthless one."""
    if price <= 0.0:
        return 0.0
    return float(
        brentq(
            lambda s: black(sign, forward, strike, s) - price, 1e-4, LARGEST_DEVIATION, xtol=1e-15, rtol=1e-14
        )
    )


def black(sign: float, forward: float, strike: float, deviation: float) -> float:
    """Undiscounted price by Black's formula."""
    if deviation == 0.0:
        return max(sign * (forward - strike), 0.0)
    d1 = log(forward / strike) / deviation + deviation / 2
    return float(sign * (forward * ndtr(sign * d1) - strike * ndtr(sign * (d1 - deviation))))
