"""Lots of a hedge layer of the twin: targets, caps, and the limit that binds (R22, R24, R42, R43, R61)."""

from dataclasses import dataclass
from math import floor, inf, isnan, log, nan
from typing import Any

from twin_book import Book
from twin_layer import Layer, Tranche
from twin_size import LOT_TOLERANCE

BUDGET_DAYS = 365
SESSIONS_PER_DAY = 21 / 30
THREATENED_CHALLENGE, THREATENED_LOSS = 0.3, 1.0
BOUNDS = ("target", "budget", "funds", "cap")  # the earlier wins a tie


@dataclass
class Sized:
    """How many lots, and what limited them; None where the target is met already."""

    lots: float
    bound: str | None
    expected_cost: float  # dollars per lot
    unrounded: float  # lots within all limits, before they are made whole


class Offer:
    """A package on offer to a hedge layer; dollars per lot."""

    def __init__(self, book: Book, layer: Layer, tranche: Tranche, slip: float) -> None:
        self.book, self.layer, self.terms, self.tranche = book, layer, layer.terms, tranche
        self.slip = slip * self.terms.dpp
        self.against: tuple[Tranche, float] | None = None  # what may be sold against it, and its slip
        self.premium = -tranche.credit * self.terms.dpp
        self.cost = max(0.0, self.premium + self.terms.fees)
        self.margin = book.margin(self.terms, tranche) * self.terms.dpp

    def share(self) -> float:
        """f: the share of the target wanted now."""
        size = self.terms.spec["size"]
        return size["value"] * size.get("multiplier", 1.0) * self.layer.main.factor * self.layer.share()

    def expected_cost(self) -> float:
        """Decay to the day of the roll, slips and fees (R61)."""
        book, terms, t = self.book, self.terms, self.tranche
        if terms.contract.share:
            factor = book.market.funds.rolled(terms.product.share, book.tick)
            decay = t.value * (1 - factor ** terms.spec["days"]["target"])
            return max(0.0, decay) * terms.dpp + self.slip + terms.fees
        roll = terms.spec.get("roll_below") or 0
        days = min(roll, book.market.days(book.tick, t.expiry))
        n = min(roll * SESSIONS_PER_DAY, book.market.sessions(terms.product, book.tick, t.expiry))
        later = terms.value(t.strikes, book.market.later(terms.product, book.tick, t.expiry, n, days))
        return max(0.0, t.value - later) * terms.dpp + (2 if roll else 1) * (self.slip + terms.fees)

    def target(self) -> float:
        """Lots wanted; may be below 0 where more is held than wanted."""
        book, f, size = self.book, self.share(), self.terms.spec["size"]
        core = book.held(hedge=False)
        if size["target"] == "core_vega":
            per_lot, wanted = self.vega(), -book.exposure(hedge=False)
            enough = per_lot > 0 and per_lot >= self.least_kept()
            return (f * wanted - book.exposure(hedge=True)) / per_lot if wanted > 0 and enough else 0.0
        if size["target"] == "threatened_delta":
            wanted = f * threatened(book, size) * 0.01 * book.state.spot
            return over(wanted, self.gain(log(0.99))) - self.held()
        if size["target"] in {"core_notional", "core_max_loss"}:
            notional = f * sum(t.risk * t.lots * layer.terms.dpp for layer, t in core)
            value = self.tranche.value * self.terms.dpp
            held = self.held()
            paid = self.layer.paid()
            return over(notional, value) - held if self.terms.future else over(notional - paid, self.premium)
        if size["target"] == "core_index_notional":
            return f * sum(t.lots * layer.terms.dpp for layer, t in core) / self.terms.dpp - self.held()
        if size["target"] == "premium_share":
            return over(f * book.nav(), self.premium)
        return f * self.layer.main.terms.dpp / self.terms.dpp - self.layer.lots()

    def lots(self) -> int:
        """Whole lots that would be bought."""
        return floor(min(max(0.0, self.target()), *self.caps().values()) + LOT_TOLERANCE)

    def theta_per_vega(self) -> float:
        """What a calendar day takes from a unit over what a VIX point gives it, if it gives anything."""
        book, terms, t = self.book, self.terms, self.tranche
        days = max(book.market.days(book.tick, t.expiry) - 1, 0)
        n = max(book.market.sessions(terms.product, book.tick, t.expiry) - SESSIONS_PER_DAY, 0.0)
        later = terms.value(t.strikes, book.market.later(terms.product, book.tick, t.expiry, n, days))
        sens = book.sensitivity(terms, t)
        return (t.value - later) / sens if sens > 0 else nan

    def caps(self) -> dict[str, float]:
        """Most lots by each kind of limit."""
        most = {"budget": inf, "funds": inf, "cap": inf}
        ledger = self.book.ledger(self.layer)
        free = self.book.free(ledger) - self.book.stress(ledger)
        at_risk = self.terms.contract.stress(self.tranche.value) * self.terms.dpp
        most["funds"] = cap(free, self.cost + self.margin + at_risk)
        if self.book.moves is not None:
            held = [self.book.lot(l.terms, t).times(t.lots) for l, t in self.book.held(ledger=ledger)]
            funds = self.book.available(ledger) - self.book.stress(ledger)
            lot, cost = self.book.lot(self.terms, self.tranche), self.slip + self.terms.fees + at_risk
            most["funds"] = self.book.moves.room(held, lot, cost, funds, joint=self.book.joint)
        for each in self.terms.spec["size"].get("caps", []):
            kind = "budget" if "budget" in each["kind"] else "cap"
            most[kind] = min(most[kind], self.cap(each))
        return most

    def cap(self, spec: dict[str, Any]) -> float:
        book = self.book
        if "budget" in spec["kind"]:
            own = spec["kind"] == "layer_budget"
            if not own:
                return cap(budget_left(book, book.budget_factor), self.expected_cost())
            spent = recent_cost(book, {each.index for each in self.layer.family()})
            return cap(spec["per_year"] * book.budget_factor * book.nav() - spent, self.expected_cost())
        if spec["kind"] == "premium":
            return cap(spec["share"] * book.nav() - self.layer.paid(), self.premium)
        left = sum((t.risk + t.value) * t.lots * layer.terms.dpp for layer, t in book.held(hedge=False))
        gain = self.gain(spec["ln_move"])
        return max(0.0, left / gain - self.held()) if gain > 0 else inf

    def held(self) -> float:
        """Lots of what is on offer that come to what the layer holds."""
        return self.layer.lots_today(self.book.market, self.book.tick)

    def vega(self) -> float:
        """Dollars per VIX point and lot, less what is sold against it takes."""
        own = self.book.sensitivity(self.terms, self.tranche) * self.terms.dpp
        if self.against is None or self.layer.short is None:
            return own
        short, share = self.layer.short.terms, self.terms.spec["short"]["share"]
        return own + share * self.book.sensitivity(short, self.against[0]) * short.dpp

    def least_kept(self) -> float:
        """Dollars per VIX point and lot that what is sold against it leaves at least."""
        if self.against is None or self.layer.short is None:
            return 0.0
        own = self.book.sensitivity(self.terms, self.tranche) * self.terms.dpp
        return self.terms.spec["short"].get("least_kept", 0.0) * own

    def gain(self, ln_move: float) -> float:
        """What a lot gains in dollars when SPX moves and the factors follow."""
        there = self.book.market.shock.spot_move(self.book.state, ln_move)
        return (self.book.value_in(self.terms, self.tranche, there) - self.tranche.value) * self.terms.dpp

    def size(self, figures: dict[str, Any]) -> Sized:
        """Lots to buy; notes the coverage wanted and affordable (R61)."""
        target, most = self.target(), self.caps()
        limits = {"target": max(0.0, target)} | most
        least = min(limits.values())
        wanted = -self.book.exposure(hedge=False)
        if self.terms.spec["size"]["target"] == "core_vega" and wanted > 0:
            bought = 0.0 if isnan(self.vega()) else least * self.vega()
            figures["decided"].append(wanted)
            figures["wanted"].append(self.share() * wanted)
            figures["affordable"].append(self.book.exposure(hedge=True) + bought)
        cost = self.expected_cost()
        if target < LOT_TOLERANCE:
            return Sized(0.0, None, cost, least)
        lots = floor(least + LOT_TOLERANCE)
        rounded = least >= LOT_TOLERANCE and lots == 0
        bound = "rounding" if rounded else next(name for name in BOUNDS if limits[name] == least)
        return Sized(lots, bound, cost, least)


def threatened(book: Book, size: dict[str, Any]) -> float:
    """Sum of |delta| at the entry of what is threatened in the core: dollars per point of SPX (C4)."""
    total, spot = 0.0, book.state.spot
    for layer, t in book.held(hedge=False):
        terms = layer.terms
        challenge = terms.challenge(t.strikes, t.credit, t.entry_spot, spot)
        lost = -t.value - t.credit > THREATENED_LOSS * t.credit
        if lost or (challenge is not None and challenge > THREATENED_CHALLENGE):
            net, short = t.deltas[-1.0 if spot < t.entry_spot else 1.0]
            total += abs(short if size.get("gross_short_leg") else net) * t.lots * terms.dpp
    return total


def budget_left(book: Book, factor: float) -> float:
    """What the yearly budget leaves where it counts so many times (R61); missing without one."""
    year = book.sleeve.get("budget_per_year") if book.sleeve else None
    return nan if year is None else year * factor * book.nav() - recent_cost(book, None)


def recent_cost(book: Book, layers: set[int] | None) -> float:
    """Expected cost committed within a year by all layers or these, dollars (R34, R61)."""
    day, market = book.market.calendar.day, book.market
    today = day[market.session(book.tick)]
    return sum(
        cost
        for tick, cost, by in book.committed
        if (layers is None or by in layers) and today - day[market.session(tick)] < BUDGET_DAYS
    )


def cap(room: float, unit: float) -> float:
    """Lots that fit; no limit where a lot takes nothing."""
    return max(0.0, room / unit) if unit > 0 else inf


def over(wanted: float, unit: float) -> float:
    """Lots that bring what is wanted; none where a lot brings nothing."""
    return wanted / unit if unit > 0 else 0.0
