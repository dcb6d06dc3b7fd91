"""A layer of the twin: its terms, the value, risk and costs of its package, and what it holds."""

from dataclasses import dataclass, field
from functools import partial
from math import exp, log, pi, sqrt
from typing import Any

from twin_calendar import Calendar
from twin_contract import Contract
from twin_market import AnyQuotes, Market, Product
from twin_rules import Value
from twin_surface import SESSION_YEAR, Quotes, total_sd

FLAT_SLOTS = 4
SIGN = {"C": 1.0, "P": -1.0}


class Terms:
    """The terms of a layer: its spec, with what follows from contract, costs and calendar."""

    def __init__(self, spec: dict[str, Any], plan: dict[str, Any], calendar: Calendar) -> None:
        self.spec, self.costs = spec, plan["costs"]
        self.contract = Contract(plan["contracts"][spec["product"]], plan["costs"])
        self.product, self.dpp = self.contract.product, self.contract.dpp
        self.future = self.contract.future
        self.outright = self.future or self.contract.share  # one is bought, without legs
        self.hedge = spec.get("role", "core") == "hedge"
        self.legs = [(SIGN[leg["right"]], leg["ratio"]) for leg in spec["legs"]]
        contracts = 1 if self.outright else sum(abs(ratio) for _, ratio in self.legs)
        self.fees = contracts * self.contract.fee  # dollars per lot and trade
        self.order_share = self.costs["order_share" if len(self.legs) > 1 else "single_share"]
        self.flat = spec["every"] == "flat"
        self.decides = calendar.decisions(spec["every"])
        self.after = {"after": spec.get("after"), "morning": self.product.morning}
        slots = partial(calendar.slots, self.decides, spec["product"], spec["days"])
        if self.flat:
            self.tranches = 1
        elif self.contract.share:  # nothing ever settles
            self.tranches = sum(self.decides[: calendar.tradable])
        else:
            self.tranches = slots(**self.after)
        parts = len(spec.get("tranches") or [])
        self.slots = max(FLAT_SLOTS, parts + 1) if self.flat else self.tranches

    def value(self, strikes: list[float], quotes: AnyQuotes) -> float:
        """V: points of the underlying per unit, seen by the holder."""
        if self.outright:
            return quotes.future
        return sum(r * quotes.price(s, k) for (s, r), k in zip(self.legs, strikes, strict=True))

    def worth(self, value: float) -> float:
        """What NAV counts of V: a future's gains are paid out every session."""
        return 0.0 if self.future else value

    def payoff(self, strikes: list[float], settle: float) -> float:
        """V at the expiry."""
        if self.future:
            return settle
        return sum(r * max(s * (settle - k), 0.0) for (s, r), k in zip(self.legs, strikes, strict=True))

    def risk(self, strikes: list[float]) -> float:
        """Worst payoff at expiry without premium, as a positive number of points; bought: none."""
        return 0.0 if self.outright else max(-self.payoff(strikes, kink) for kink in [0.0, *strikes])

    def wingless(self, strikes: list[float]) -> bool:
        """Is a side sold whose farthest bought strike is not beyond its farthest sold one?"""
        if all(ratio > 0 for _, ratio in self.legs):
            return False
        for side in (-1.0, 1.0):
            legs = [(r, k) for (s, r), k in zip(self.legs, strikes, strict=True) if s == side]
            sold, bought = ([side * k for r, k in legs if (r < 0) is short] for short in (True, False))
            if sold and bought and max(bought) <= max(sold):
                return True
        return self.risk(strikes) <= 0

    def slip(self, strikes: list[float], quotes: AnyQuotes, vix: float, share: float) -> float:
        """What a fill costs against the mid: the share of the summed half-spreads, points per unit."""
        if self.outright:
            merged = getattr(quotes, "merged", 1.0)  # quoted are the shares of today
            return share * self.contract.half_spread(quotes.future * merged, vix) / merged
        return share * sum(
            abs(ratio) * self.contract.half_spread(quotes.price(sign, strike), vix)
            for (sign, ratio), strike in zip(self.legs, strikes, strict=True)
        )

    def deltas(self, strikes: list[float], quotes: Quotes) -> dict[float, tuple[float, float]]:
        """Per right, the forward delta of its legs and that of its sold legs alone (C4)."""
        found = {-1.0: (0.0, 0.0), 1.0: (0.0, 0.0)}
        for (sign, ratio), strike in zip(self.legs, strikes, strict=True):
            net, short = found[sign]
            delta = ratio * quotes.delta(sign, strike)
            found[sign] = (net + delta, short + min(ratio, 0) * quotes.delta(sign, strike))
        return found

    def greeks(self, strikes: list[float], quotes: Quotes, spot: float, n: float) -> tuple[float, float]:
        """Gamma by the spot, and the time decay a year, of one unit with n sessions left."""
        gamma = theta = 0.0
        years = n / SESSION_YEAR
        rate = -log(quotes.discount) / years
        for (sign, ratio), strike in zip(self.legs, strikes, strict=True):
            k = log(strike / quotes.forward)
            sd = total_sd(quotes.smile, k)
            density = quotes.discount * exp(-((-k / sd + sd / 2) ** 2) / 2) / sqrt(2 * pi)
            gamma += ratio * density / quotes.forward / sd * (quotes.forward / spot) ** 2
            decay = density * quotes.forward * sd / (2 * years)
            theta += ratio * (rate * quotes.price(sign, strike) - decay)
        return gamma, theta

    def delta(self, strikes: list[float], quotes: Quotes, spot: float) -> float:
        """By the spot, of one unit."""
        legs = zip(self.legs, strikes, strict=True)
        forward = sum(ratio * quotes.delta(sign, strike) for (sign, ratio), strike in legs)
        return forward * quotes.discount * quotes.forward / spot

    def challenge(self, strikes: list[float], credit: float, entry_spot: float, spot: float) -> float | None:
        """R49: the share of the way to the break-even on the side to which the spot moved.

        Missing for what is bought, and where nothing is sold on that side.
        """
        if credit <= 0 or not any(ratio < 0 for _, ratio in self.legs):
            return None
        if spot == entry_spot:
            return 0.0
        side = 1.0 if spot > entry_spot else -1.0
        pairs = zip(self.legs, strikes, strict=True)
        short = next((strike for (sign, ratio), strike in pairs if sign == side and ratio < 0), None)
        way = abs(short + side * credit - entry_spot) if short is not None else 0.0
        return abs(spot - entry_spot) / way if way else None


@dataclass
class Tranche:
    """A package held in lots; points of the underlying per unit."""

    slot: int
    expiry: int
    strikes: list[float]
    lots: float
    risk: float
    credit: float
    entry_tick: int
    entry_spot: float
    value: float
    entry_sd: float = 0.0  # S0 times the root of theta at the entry
    deltas: dict[float, tuple[float, float]] = field(default_factory=dict)
    bought: float = 0.0  # lots at the entry
    received: float = 0.0  # dollars since the opening: variation and partial sales, net of fees
    hedge_pnl: float = 0.0  # of the book, at the end of the entry tick
    rungs: int = 0  # of the monetisation reached so far
    trim: float = 0.0  # lots beyond the band at the last review
    exit_due: bool = False
    roll_due: bool = False
    pressed: bool = False  # the cash press has reached it …
    pressing: bool = False  # … at the last close
    memory: dict[int, list[Value]] = field(default_factory=dict)
    gammas: list[float] = field(default_factory=list)  # |gamma| at the closes so far
    entry_theta: float = 0.0
    exposed_at: int = -1
    exposure: dict[str, Value] = field(default_factory=dict)  # at that tick


@dataclass
class Early:
    """Lots of a tranche closed early, followed to its expiry; `cash` in all at the closing, points."""

    tranche: Tranche
    lots: float
    cash: float
    by_rule: bool


@dataclass
class Chain:
    """What the next size of a chain must know of its past."""

    losses: int = 0
    deficit: float = 0.0


def short_terms(spec: dict[str, Any]) -> dict[str, Any]:
    """The short leg as a layer by itself, which decides nothing."""
    nothing = dict.fromkeys(("enter", "exit", "roll_below", "press", "roll_limits", "after", "short"))
    lists = {name: [] for name in ("monetise", "tranches", "others", "permits", "overrides")}
    legs = [{"right": "C", "ratio": -1, "strike": spec["short"]["strike"]}]
    return spec | nothing | lists | {"legs": legs, "days": spec["short"]["days"], "every": "flat"}


class Layer:
    """A layer and what it holds, by slot."""

    def __init__(self, terms: Terms, index: int) -> None:
        self.terms, self.index = terms, index
        self.chains = [Chain() for _ in range(terms.tranches)]
        self.held: dict[int, Tranche] = {}
        self.main, self.others = self, list["Layer"]()  # packages that may be bought in its place (R32, R42)
        self.prefer: dict[str, Any] = {}
        self.short: Layer | None = None  # what is sold against what it holds …
        self.covered = False  # … as this one is, slot by slot
        self.orders: set[int] = set()  # slots against which another call is to be sold
        self.may = True  # something be sold, by the rule of the short leg at the last close
        self.shifts: list[bool] = []  # what the rules of longer tenors said at the last close
        self.early: dict[int, list[Early]] = {}  # by slot: lots closed by rule, and by force
        self.decided = 0
        self.pending: int | None = None  # slot of the opening decided a tick ago
        self.wanted = self.permitted = self.rolls = self.press = False  # by the rules at the last close
        self.parts: list[bool] = []  # by the same, rules of the further tranches
        self.bought: set[int] = set()  # parts of the target, since the layer was flat (R28) …
        self.roll_ordered = False  # a pending opening replaces what is rolled
        self.adding: set[int] = set()  # … and with the pending opening
        self.rolled: tuple[float, float] | None = None  # variances that the pending roll trades (R83)
        self.factor = 1.0  # of the target, by the same
        self.first_lots: float | None = None  # base lots of the first opening
        self.memory: dict[int, list[Value]] = {}

    def chain(self, slot: int) -> Chain:
        return self.chains[0 if self.terms.flat else slot]

    def premium(self) -> float:
        """What was paid for the options held, dollars."""
        if self.terms.future:
            return 0.0
        return sum(max(0.0, -t.credit) * t.lots for t in self.held.values()) * self.terms.dpp

    def share(self) -> float:
        """Of the target, what the parts have together that are held after the pending opening."""
        tranches = self.terms.spec.get("tranches") or []
        return sum(tranches[part]["share"] for part in sorted(self.main.adding)) if tranches else 1.0

    def family(self) -> list["Layer"]:
        """The layer of the specification and its other packages."""
        return [self.main, *self.main.others]

    def tranches_held(self) -> list[Tranche]:
        return [t for layer in self.family() for t in layer.held.values()]

    def lots_today(self, market: Market, tick: int) -> float:
        """Of all packages, by dollars a point and by shares of today."""

        def share(product: Product, since: int) -> float:
            return market.shares(product, since) / market.shares(product, tick)

        held = ((layer.terms, t) for layer in self.family() for t in layer.held.values())
        dollars = sum(t.lots * terms.dpp * share(terms.product, t.entry_tick) for terms, t in held)
        return dollars / self.terms.dpp

    def lots(self) -> float:
        """Of all packages as they were bought, by dollars a point."""
        dollars = sum(t.lots * layer.terms.dpp for layer in self.family() for t in layer.held.values())
        return dollars / self.terms.dpp

    def paid(self) -> float:
        """What was paid for the options of all packages, dollars."""
        return sum(layer.premium() for layer in self.family())
