"""What a book of the twin is at a moment: ledgers, layers, what they hold, and what follows from that."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import nan
from statistics import fmean
from typing import Any

from twin_layer import Layer, Terms, Tranche, short_terms
from twin_margin import Held, Moves
from twin_market import Basis, Market
from twin_rules import Value
from twin_surface import SESSION_YEAR, State

HYPOTHETICAL_OFFSET = 0.9  # of the marks of bought hedges, under strategy-based margin
YEAR = 252  # sessions over which the return on margin is measured
TOLERANCE = 1e-6  # dollars, in refusals, calls and liquidations
CALLS = {
    "deadline": 1,
    "policy": "liquidate",
    "order": "nearest_expiry",
    "outside": 0.0,
    "half_spreads": [],
    "contagion": 10,
    "ruin_on_debt": False,
}
CORE_GREEKS = (
    *("core_delta", "core_gamma", "core_vega", "core_theta"),
    *("core_gamma_percentile", "core_theta_acceleration", "core_extrinsic_share"),
)
BUCKETS = ("time", "spot", "level", "smile", "settlement", "fills", "fees", "interest")


@dataclass
class Ledger:
    """Cash, whether a call stands on it, and the ticks on which calls opened."""

    cash: float
    calling: bool = False
    at_bar: bool = False
    opened: list[int] = field(default_factory=list)
    acted: bool = False  # on the call that stands
    deposited: float = 0.0  # from outside


class Book:
    """One book on one path, at one tick."""

    def __init__(
        self, spec: dict[str, Any], book: int, state: dict[str, Any], start: int, basis: Basis | None
    ) -> None:
        self.spec, self.capital = spec, spec["capital"]
        self.market = Market(spec, state, start, basis)
        described = spec["books"][book]
        self.sleeve: dict[str, Any] = described.get("ledgers") or {"mode": "commingled", "sleeve_share": 0.0}
        self.separate = self.sleeve["mode"] == "separate"
        self.ledgers = {"core": Ledger(self.capital)}
        if self.separate:
            share = self.sleeve["sleeve_share"]
            self.ledgers = {
                "core": Ledger(self.capital * (1 - share)),
                "sleeve": Ledger(self.capital * share),
            }
        self.layers = [
            Layer(Terms(layer, spec, self.market.calendar), index)
            for index, layer in enumerate(described["layers"])
        ]
        self.tick, self.ruined, self.bills = 0, False, 1.0
        self.shown = list(self.layers)  # those of the specification; behind them other packages of theirs
        for layer in self.shown:
            for other in layer.terms.spec.get("others") or []:
                own = {"enter": None, "permits": [], "overrides": [], "others": []}
                terms = layer.terms.spec | own | {"product": other["product"], "days": other["days"]}
                found = Layer(Terms(terms, spec, self.market.calendar), len(self.layers))
                found.main, found.prefer = layer, other["prefer"]
                layer.others.append(found)
                self.layers.append(found)
        for layer in self.shown:
            if layer.terms.spec.get("short"):
                terms = short_terms(layer.terms.spec)
                found = Layer(Terms(terms, spec, self.market.calendar), len(self.layers))
                found.main, found.covered = layer, True
                layer.short = found
                self.layers.append(found)
        self.profit = [dict.fromkeys(BUCKETS[:-1], 0.0) for _ in self.layers]  # by layer and bucket
        self.interest = 0.0
        rule = spec.get("margin", "strategy")
        self.moves = None if rule == "strategy" else Moves(rule["portfolio"])
        self.joint = self.sleeve["mode"] == "offset"
        self.moved: dict[tuple[int, int], tuple[Tranche, Held]] = {}  # one lot, by package and tick
        self.deposited = self.deposited_bills = 0.0  # from outside; grown in bills
        self.liquidity: dict[str, float] | None = described.get("liquidity")
        self.reads_greeks = any(f"'{name}'" in str(described) for name in CORE_GREEKS)
        self.calls: dict[str, Any] = CALLS | described.get("calls", {})
        self.committed: list[tuple[int, float, int]] = []  # tick, dollars of expected cost (R61), layer
        self.budget_factor = 1.0
        self.past: list[tuple[float, float]] = []  # by tick: P&L so far, and the requirement

    # --- now

    @property
    def state(self) -> State:
        return self.market.closes[self.tick]

    def vix(self) -> float:
        return self.market.vix(self.state)

    def ledger(self, layer: Layer) -> str:
        """The ledger that a layer uses."""
        return layer.terms.spec.get("ledger", "core") if self.separate else "core"

    def held(self, *, hedge: bool | None = None, ledger: str | None = None) -> list[tuple[Layer, Tranche]]:
        """What is alive, by layer and slot; of one role or one ledger."""
        return [
            (layer, layer.held[slot])
            for layer in self.layers
            if hedge in {None, layer.terms.hedge} and ledger in {None, self.ledger(layer)}
            for slot in sorted(layer.held)
        ]

    # --- dollars

    def nav(self, ledger: str | None = None) -> float:
        cash = sum(each.cash for name, each in self.ledgers.items() if ledger in {None, name})
        worth = (
            layer.terms.worth(t.value) * t.lots * layer.terms.dpp for layer, t in self.held(ledger=ledger)
        )
        return cash + sum(worth)

    def requirement(self, ledger: str | None = None) -> float:
        """Risk of packages and margin of futures, or what portfolio margin asks of each ledger."""
        if self.moves is None:
            return sum(
                (t.risk + self.margin(layer.terms, t)) * t.lots * layer.terms.dpp
                for layer, t in self.held(ledger=ledger)
            )
        names = self.ledgers if ledger is None else [ledger]
        return sum(self.required(self.held(ledger=name)) for name in names)

    def required(self, held: list[tuple[Layer, Tranche]]) -> float:
        """Portfolio margin of some packages by themselves."""
        lots = [self.lot(layer.terms, t).times(t.lots) for layer, t in held]
        return self.moves.required(lots, joint=self.joint)

    def lot(self, terms: Terms, tranche: Tranche) -> Held:
        """One lot in every move."""
        key = (id(tranche), self.tick)
        if key not in self.moved:
            # The package is kept, too: another one must not come by its id.
            self.moved[key] = tranche, self.moves.lot(terms, tranche, self.market, self.tick)
        return self.moved[key][1]

    def available(self, ledger: str) -> float:
        """What counts against the requirement: cash, under portfolio margin equity."""
        if self.moves is not None:
            return self.nav(ledger)
        bought = self.held(hedge=True, ledger=ledger) if self.joint else []
        worth = (counted(layer, t.value) * t.lots * layer.terms.dpp for layer, t in bought)
        return self.ledgers[ledger].cash + HYPOTHETICAL_OFFSET * sum(worth)

    def free_at_bar(self, ledger: str, bar: dict[str, float]) -> float:
        """Free funds if the market were at a bar of the session: futures have paid until then."""
        market, close = self.market, self.state
        there = market.shock.vix_factor(close, bar["vix"]) if market.shock else close
        there = replace(there, spot=close.spot * (1 + bar["spot"]))
        funds, risk, lots = self.ledgers[ledger].cash, 0.0, []
        for layer, t in self.held(ledger=ledger):
            terms, dollars = layer.terms, t.lots * layer.terms.dpp
            value = self.value_in(terms, t, there)
            if terms.future:
                funds += (value - t.value) * dollars
            elif self.moves is not None:
                funds += value * dollars
            elif self.joint and terms.hedge:
                funds += HYPOTHETICAL_OFFSET * counted(layer, value) * dollars
            days = market.days(self.tick, t.expiry)
            risk += (t.risk + terms.contract.margin(value, days, market.vix(there))) * dollars
            if self.moves is not None:
                lots.append(self.moves.lot(terms, t, market, self.tick, there).times(t.lots))
        return funds - (risk if self.moves is None else self.moves.required(lots, joint=self.joint))

    def unit(self, terms: Terms, tranche: Tranche) -> float:
        """Requirement of one lot by itself, dollars."""
        if self.moves is None:
            return tranche.risk * terms.dpp
        return self.moves.required([self.lot(terms, tranche)], joint=self.joint)

    def own(self, layer: Layer) -> float:
        """Requirement of a layer by itself, dollars."""
        if self.moves is None:
            return sum(t.risk * t.lots for t in layer.held.values()) * layer.terms.dpp
        return self.required([item for item in self.held() if item[0] is layer])

    def free_with(self, layer: Layer, tranche: Tranche, lots: float, brings: float) -> float:
        """Free funds after an opening of so many lots, each of which brings so much."""
        name = self.ledger(layer)
        if self.moves is None:
            return self.free(name) + lots * (brings - self.unit(layer.terms, tranche))
        held = [self.lot(l.terms, t).times(t.lots) for l, t in self.held(ledger=name)]
        after = self.moves.required([*held, self.lot(layer.terms, tranche).times(lots)], joint=self.joint)
        return self.available(name) + lots * brings - after

    def margin(self, terms: Terms, tranche: Tranche) -> float:
        """Margin of a future, points."""
        days = self.market.days(self.tick, tranche.expiry)
        return terms.contract.margin(tranche.value, days, self.vix())

    def free(self, ledger: str) -> float:
        return self.available(ledger) - self.requirement(ledger)

    def stress(self, ledger: str) -> float:
        """What the futures of a ledger may lose in a day (R64)."""
        held = self.held(ledger=ledger)
        return sum(layer.terms.contract.stress(t.value) * t.lots * layer.terms.dpp for layer, t in held)

    def short_of_cash(self, ledger: str) -> bool:
        return self.free(ledger) < -TOLERANCE

    def premium(self) -> float:
        return sum(layer.premium() for layer in self.layers)

    def bucket(self, name: str) -> float:
        return self.interest if name == "interest" else sum(profit[name] for profit in self.profit)

    def pnl(self, *, hedge: bool) -> float:
        """Every bucket but interest, of the layers of a role."""
        profits = zip(self.layers, self.profit, strict=True)
        return sum(sum(profit.values()) for layer, profit in profits if layer.terms.hedge == hedge)

    # --- exposures

    def value_in(self, terms: Terms, tranche: Tranche, state: State) -> float:
        """V of a package if the market were now in another state."""
        since = tranche.entry_tick
        quotes = self.market.at(terms.product, self.tick, tranche.expiry, state, since)
        return terms.value(tranche.strikes, quotes)

    def sensitivity(self, terms: Terms, tranche: Tranche) -> float:
        """Points of the package per VIX point under the common shock (R22); missing without a shock."""
        if self.market.shock is None:
            return nan
        return self.value_in(terms, tranche, self.market.shock.vix_point(self.state)) - tranche.value

    def exposure(self, *, hedge: bool) -> float:
        """Dollars per VIX point of a role."""
        found = self.held(hedge=hedge)
        return sum(self.sensitivity(layer.terms, t) * t.lots * layer.terms.dpp for layer, t in found)

    # --- what rules see

    def return_on_margin(self) -> Value:
        """What the layers earned in a year over their mean requirement (R69); asked once a tick."""
        self.past.append((self.pnl(hedge=False) + self.pnl(hedge=True), self.requirement()))
        if len(self.past) <= YEAR:
            return None
        mean = fmean(required for _, required in self.past[-YEAR:])
        return (self.past[-1][0] - self.past[-1 - YEAR][0]) / mean if mean > 0 else None

    def challenges(self) -> Iterator[float]:
        for layer, t in self.held(hedge=False):
            found = layer.terms.challenge(t.strikes, t.credit, t.entry_spot, self.state.spot)
            if found is not None:
                yield found

    def core_challenge(self) -> float | None:
        return max(self.challenges(), default=None)

    def names(self) -> dict[str, Value]:
        """Names of market and book."""
        market, state, nav = self.market, self.state, self.nav()
        core = [t for _, t in self.held(hedge=False)]
        losses = [(-t.value - t.credit) / t.credit for t in core if t.credit > 0]
        moves = [abs(state.spot - t.entry_spot) / t.entry_sd for t in core if t.entry_sd]
        return {
            "spot": state.spot,
            "vix": self.vix(),
            "vix_forward": market.curve.future(state.x, 30)[0],
            **self.term_structure(),
            "rate": state.rate,
            "dividend_yield": state.dividend_yield,
            "session": float(self.tick),
            "chance": market.chance[self.tick],
            "nav": nav,
            "nav_share": nav / self.capital,
            "margin_share": self.requirement() / nav if nav else None,
            "core_challenge": self.core_challenge(),
            "breakeven_challenge": self.core_challenge(),
            "core_loss_multiple": max(losses, default=None),
            "core_sd_move": max(moves, default=None),
            **(self.core_greeks() if self.reads_greeks else {}),
            "return_on_margin": self.return_on_margin(),
            "sleeve_nav_share": self.nav("sleeve") / self.capital if self.separate else None,
            **dict.fromkeys((self.spec.get("signals") or {}).get("absent", [])),
        } | {name: float(column[self.tick]) for name, column in market.indicators.items()}

    def term_structure(self) -> dict[str, Value]:
        """Listed futures of VIX and the variance curve, where a rule can read them (R37)."""
        market, state, vix = self.market, self.state, self.vix()
        names: dict[str, Value] = {"vix_contango": market.curve.future(state.x, 30)[0] / vix - 1}
        flat = market.surface.flat_vol is not None
        names["vix_term"] = 1.0 if flat else market.surface.swap_vol(state.x, 93 / 30 * 21) / vix
        now, events = market.session(self.tick), market.calendar.events
        names["weekday"] = market.calendar.weekday(now)
        names |= {f"days_to_{event}": market.calendar.days_to(event, now) for event in events}
        if "VX" not in market.calendar.listed:
            return names
        first, second = market.calendar.front("VX", now)[:2]

        def price(expiry: int) -> float:
            days = market.calendar.days(now, expiry)
            return market.basis(self.tick, expiry) * market.curve.future(state.x, days)[0]

        days = market.calendar.days(now, first)
        names["vx_m1_m2"] = price(second) / price(first)
        names["roll_yield"] = (vix / price(first) - 1) * 365 / days
        return names

    def core_greeks(self) -> dict[str, Value]:
        """Dollars of the whole core, and the extremes of its tranches."""
        held = self.held(hedge=False)
        names: dict[str, Value] = dict.fromkeys(("core_delta", "core_gamma", "core_theta"), 0.0)
        flags = []
        for layer, t in held:
            terms, spot, dollars = layer.terms, self.state.spot, t.lots * layer.terms.dpp
            quotes = self.market.at(terms.product, self.tick, t.expiry)
            n = self.market.sessions(terms.product, self.tick, t.expiry)
            gamma, theta = terms.greeks(t.strikes, quotes, spot, n)
            names["core_delta"] += terms.delta(t.strikes, quotes, spot) * dollars
            names["core_gamma"] += gamma * dollars
            names["core_theta"] += theta / SESSION_YEAR * dollars
            flags.append(self.exposed(terms, t))
        sens = self.exposure(hedge=False)
        names["core_vega"] = None if self.market.shock is None else sens
        for name, of in (
            ("core_gamma_percentile", max),
            ("core_theta_acceleration", max),
            ("core_extrinsic_share", min),
        ):
            found = [flag[name.removeprefix("core_")] for flag in flags]
            names[name] = of((each for each in found if each is not None), default=None)
        return names

    def exposed(self, terms: Terms, tranche: Tranche) -> dict[str, Value]:
        """Move, greeks and time value of a tranche at this close."""
        if tranche.exposed_at != self.tick:
            tranche.exposed_at, tranche.exposure = self.tick, self._exposed(terms, tranche)
        return tranche.exposure

    def _exposed(self, terms: Terms, tranche: Tranche) -> dict[str, Value]:
        """What `exposed` gives; it remembers gammas, so once a close."""
        names = ("sd_move", "gamma_percentile", "theta_acceleration", "extrinsic_share", "extrinsic_per_day")
        if terms.product.vix or terms.future:
            return dict.fromkeys(names)
        market, spot, expiry = self.market, self.state.spot, tranche.expiry
        n = market.sessions(terms.product, self.tick, expiry)
        gamma, theta = terms.greeks(tranche.strikes, market.at(terms.product, self.tick, expiry), spot, n)
        gamma = abs(gamma)
        if not tranche.gammas:
            tranche.entry_theta = theta
        before = tranche.gammas
        percentile = 100 * sum(old < gamma for old in before) / len(before) if before else None
        tranche.gammas = [*before, gamma]
        extrinsic = terms.payoff(tranche.strikes, spot) - tranche.value
        values = (
            abs(spot - tranche.entry_spot) / tranche.entry_sd,
            percentile,
            theta / tranche.entry_theta,
            extrinsic / tranche.credit,
            extrinsic / market.days(self.tick, expiry),
        )
        return dict(zip(names, values, strict=True))

    def position(self, terms: Terms, tranche: Tranche) -> dict[str, Value]:
        """Names of a tranche."""
        mark, expiry = -tranche.value, tranche.expiry
        calendar, now = self.market.calendar, self.market.session(self.tick)
        return self.exposed(terms, tranche) | {
            "credit": tranche.credit,
            "mark": mark,
            "profit": tranche.credit - mark,
            "loss": mark - tranche.credit,
            "days_to_expiry": float(calendar.days(now, expiry)),
            "sessions_to_expiry": float(calendar.sessions(now, expiry)),
            "sessions_held": float(self.tick - tranche.entry_tick),
            "entry_spot": tranche.entry_spot,
            "breakeven_challenge": terms.challenge(
                tranche.strikes, tranche.credit, tranche.entry_spot, self.state.spot
            ),
        }


def counted(layer: Layer, value: float) -> float:
    """Of a bought option its worth, of what is sold against it what that takes from it."""
    worth = layer.terms.worth(value)
    return worth if layer.covered else max(worth, 0.0)
