"""The engine a second time: one path, one book, plain Python, as docs/engine.md defines it.

Read it beside that page: `Book.session` lists the steps of a tick in the page's order, one method each. It
shares no code with the engine and favours the obvious over the fast.
"""

from dataclasses import dataclass, replace
from math import ceil, exp, expm1, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin_calendar import Calendar
from twin_layer import Early, Layer, Terms, Tranche
from twin_rules import Value, evaluate
from twin_surface import CALENDAR_YEAR, Quotes, State, Surface, quotes

TOLERANCE = 1e-6  # dollars, in refusals, calls and liquidations
LOT_TOLERANCE = 1e-9
BUCKETS = ("time", "spot", "level", "smile", "settlement", "fills", "fees", "interest")
COUNTS = (
    "refused",
    "calls",
    "forced",
    "opened",
    "lost",
    "skipped",
    "closed_early",
    "recovered",
    "unresolved",
)
SUMS = ("max_lots", "first_requirement", "regret_rule", "regret_forced")
TICKS = ("refused_tick", "call_tick", "forced_tick", "ruin_tick", "negative_tick")


@dataclass
class Twin:
    """What one book did on one path; arrays over the ticks 0 to T, dollars."""

    cash: NDArray[np.float64]
    nav: NDArray[np.float64]
    requirement: NDArray[np.float64]
    call: NDArray[np.bool_]
    buckets: dict[str, NDArray[np.float64]]
    summary: dict[str, float]


def run(spec: dict[str, Any], book: int, state: dict[str, NDArray[np.float64]], start: int) -> Twin:
    """Run one book of a plan from session `start` on a given path.

    `state` holds ln_s, x0, x1, x2, r and q over the ticks 0 to T.
    """
    return Book(spec, book, state, start).run()


class Book:
    """One ledger on one path."""

    def __init__(self, spec: dict[str, Any], book: int, state: dict[str, Any], start: int) -> None:
        self.spec, self.start, self.capital = spec, start, spec["capital"]
        self.calendar, self.surface = Calendar(spec["schedule"]), Surface(spec["market"])
        columns = [state[name].tolist() for name in ("ln_s", "x0", "x1", "x2", "r", "q")]
        self.states = [
            State(exp(s), (x0, x1, x2), r, q) for s, x0, x1, x2, r, q in zip(*columns, strict=True)
        ]
        self.layers = [Layer(Terms(layer, spec, self.calendar)) for layer in spec["books"][book]["layers"]]
        self.tick, self.state = 0, self.states[0]
        self.cash, self.bills, self.calling, self.ruined = self.capital, 1.0, False, False
        self.bucket = dict.fromkeys(BUCKETS, 0.0)
        self.summary: dict[str, float] = dict.fromkeys((*COUNTS, *TICKS), 0) | dict.fromkeys(SUMS, 0.0)
        self.history: list[dict[str, float]] = []

    def run(self) -> Twin:
        self.decide()
        self.record()
        for tick in range(1, self.spec["sessions"] + 1):
            self.session(tick)
        return self.result()

    def session(self, tick: int) -> None:
        self.tick, self.state = tick, self.states[tick]
        self.revalue()
        self.accrue()
        self.settle()
        self.fill_exits()
        self.close_ruined()
        self.liquidate()
        for layer in self.layers:
            self.open(layer)
        self.call()
        self.ruin()
        if tick < self.spec["sessions"]:
            self.decide()
        self.record()

    # --- the state of the book

    def now(self) -> int:
        """Session of the schedule."""
        return self.start + self.tick

    def vix(self) -> float:
        return self.surface.vix(self.state.x)

    def quotes(self, expiry: int) -> Quotes:
        smile = self.surface.smile(self.state.x, self.calendar.sessions(self.now(), expiry))
        return quotes(self.state, smile, self.calendar.days(self.now(), expiry))

    def held(self) -> list[tuple[Layer, Tranche]]:
        """Everything alive, by layer and slot."""
        return [(layer, layer.held[slot]) for layer in self.layers for slot in sorted(layer.held)]

    def nav(self) -> float:
        return self.cash + sum(t.value * t.lots * layer.terms.dpp for layer, t in self.held())

    def requirement(self) -> float:
        """Sum of risk, dollars."""
        return sum(t.risk * t.lots * layer.terms.dpp for layer, t in self.held())

    def short_of_cash(self) -> bool:
        return self.cash < self.requirement() - TOLERANCE

    def first(self, name: str) -> None:
        """Notes the tick as the first of its kind, unless there was one."""
        self.summary[name] = self.summary[name] or self.tick

    # --- the steps of a tick

    def revalue(self) -> None:
        before = self.states[self.tick - 1]
        for layer, tranche in self.held():
            n = self.calendar.sessions(self.now(), tranche.expiry)
            days = self.calendar.days(self.now(), tranche.expiry)
            old, new = self.surface.smile(before.x, n), self.surface.smile(self.state.x, n)
            stages = {  # clock, rate and dividend yield are today's in all of them
                "time": quotes(replace(self.state, spot=before.spot), old, days),
                "spot": quotes(self.state, old, days),
                "level": quotes(self.state, replace(old, theta=new.theta), days),
                "smile": quotes(self.state, new, days),
            }
            for bucket, stage in stages.items():
                value = layer.terms.value(tranche.strikes, stage)
                self.bucket[bucket] += (value - tranche.value) * tranche.lots * layer.terms.dpp
                tranche.value = value

    def accrue(self) -> None:
        rate = self.states[self.tick - 1].rate
        growth = expm1(rate * self.calendar.days(self.now() - 1, self.now()) / CALENDAR_YEAR)
        self.bucket["interest"] += self.cash * growth
        self.cash += self.cash * growth
        self.bills *= 1 + growth

    def settle(self) -> None:
        for layer, tranche in self.held():
            if tranche.expiry == self.now():
                value = layer.terms.payoff(tranche.strikes, self.state.spot)
                dollars = tranche.lots * layer.terms.dpp
                self.bucket["settlement"] += (value - tranche.value) * dollars
                self.cash += value * dollars
                self.end(layer, tranche, (tranche.credit + value) * dollars - tranche.lots * layer.terms.fees)
        for layer in self.layers:
            due = [slot for slot, early in layer.early.items() if early.tranche.expiry == self.now()]
            for slot in due:
                self.resolve(layer, layer.early.pop(slot))

    def resolve(self, layer: Layer, early: Early) -> None:
        """What holding to the expiry would have brought over the early closing (R14, R17)."""
        settlement = layer.terms.payoff(early.tranche.strikes, self.state.spot)
        regret = (settlement - early.cash) * early.tranche.lots * layer.terms.dpp
        self.summary["regret_rule" if early.by_rule else "regret_forced"] += regret
        self.summary["recovered"] += early.by_rule and regret > 0

    def fill_exits(self) -> None:
        for layer, tranche in self.held():
            if tranche.exit_due:
                self.close(layer, tranche, self.spec["costs"]["order_share"], by_rule=True)

    def close_ruined(self) -> None:
        if self.ruined:
            for layer, tranche in self.held():
                self.close(layer, tranche, self.spec["costs"]["liquidation_share"], by_rule=False)

    def liquidate(self) -> None:
        if not self.calling:
            return
        for layer, tranche in sorted(
            self.held(), key=lambda item: item[1].expiry
        ):  # stable: layer, then slot
            if not self.short_of_cash():
                break
            self.close(layer, tranche, self.spec["costs"]["liquidation_share"], by_rule=False)
            self.summary["forced"] += 1
            self.first("forced_tick")

    def close(self, layer: Layer, tranche: Tranche, share: float, *, by_rule: bool) -> None:
        terms = layer.terms
        slip = terms.slip(tranche.strikes, self.quotes(tranche.expiry), self.vix(), share)
        received = tranche.value - slip
        dollars, fees = tranche.lots * terms.dpp, tranche.lots * terms.fees
        self.pay(received * dollars, slip * dollars, fees)
        self.end(layer, tranche, (tranche.credit + received) * dollars - 2 * fees)
        layer.early[tranche.slot] = Early(tranche, received, by_rule)
        self.summary["closed_early"] += 1

    def pay(self, cash: float, slip: float, fees: float) -> None:
        self.cash += cash - fees
        self.bucket["fills"] -= slip
        self.bucket["fees"] -= fees

    def end(self, layer: Layer, tranche: Tranche, profit: float) -> None:
        """The tranche is gone: its chain learns the realised profit, net of fees (R10)."""
        chain = layer.chain(tranche.slot)
        chain.losses = chain.losses + 1 if profit < 0 else 0
        chain.deficit = max(0.0, chain.deficit - profit)
        self.summary["lost"] += profit < 0
        del layer.held[tranche.slot]

    def open(self, layer: Layer) -> None:
        slot, layer.pending = layer.pending, None
        if slot is None:
            return
        terms = layer.terms
        found = self.package(layer, slot)
        if found is None:
            self.summary["skipped"] += 1
            return
        # The slot's package is a new one now: what became of an early closing in it stays unknown.
        self.summary["unresolved"] += layer.early.pop(slot, None) is not None
        tranche, slip = found
        risk, earns = tranche.risk * terms.dpp, tranche.credit * terms.dpp - terms.fees
        base = self.base_lots(layer, risk)
        tranche.lots = self.progress(layer, slot, base, risk, earns)
        if tranche.lots <= 0:
            self.summary["skipped"] += 1
        elif self.cash + tranche.lots * earns < self.requirement() + tranche.lots * risk - TOLERANCE:
            self.summary["refused"] += 1
            self.first("refused_tick")
        else:
            dollars = tranche.lots * terms.dpp
            self.pay(tranche.credit * dollars, slip * dollars, tranche.lots * terms.fees)
            layer.held[slot] = tranche
            self.summary["opened"] += 1
            self.summary["max_lots"] = max(self.summary["max_lots"], tranche.lots)
            if layer.first_lots is None:
                layer.first_lots = base
                self.summary["first_requirement"] += base * terms.tranches * risk

    def package(self, layer: Layer, slot: int) -> tuple[Tranche, float] | None:
        """The package on offer, in no lots yet, and its slip; None if there is none worth selling."""
        terms = layer.terms
        expiry = self.calendar.expiry(terms.spec["product"], terms.spec["days"], self.now())
        if expiry is None:
            return None
        on_offer = self.quotes(expiry)
        strikes = terms.strikes(on_offer, self.state, self.calendar.days(self.now(), expiry))
        if strikes is None:
            return None
        value = terms.value(strikes, on_offer)
        slip = terms.slip(strikes, on_offer, self.vix(), self.spec["costs"]["order_share"])
        credit = -value - slip
        if value < 0 and credit <= 0:
            return None
        risk, spot = terms.risk(strikes), self.state.spot
        return Tranche(slot, expiry, strikes, 0.0, risk, credit, self.tick, spot, value), slip

    def base_lots(self, layer: Layer, risk: float) -> float:
        """Lots before any progression; `risk` in dollars per lot."""
        size = layer.terms.spec["size"]
        once = size.get("base", "entry") == "start"
        if once and layer.first_lots is not None:
            return layer.first_lots
        multiplier = size.get("multiplier", 1.0)
        if size["target"] == "lots":
            return whole_lots(size["value"] * multiplier, 1.0)
        most = size["value"] * self.nav()
        room = most / layer.terms.tranches
        if not once:
            own = sum(t.risk * t.lots for t in layer.held.values()) * layer.terms.dpp
            room = min(room, most - own)
        return max(0, whole_lots(room * multiplier, risk))

    def progress(self, layer: Layer, slot: int, base: float, risk: float, earns: float) -> float:
        """Lots after the progression and its caps (R10)."""
        rule, chain = layer.terms.spec.get("progression"), layer.chain(slot)
        if rule is None:
            return base
        doublings = min(chain.losses, rule["max_doublings"])
        lots = base * 2**doublings
        if rule["mode"] == "add":
            lots = base * (2 ** (doublings + 1) - 1)
        if rule["mode"] == "recoup":
            # Without a gain to come, no number of lots recoups.
            more = ceil(chain.deficit / earns - LOT_TOLERANCE) if earns > 0 else 0
            lots = min(base + more, base * 2 ** rule["max_doublings"])
        if rule.get("max_lots") is not None:
            lots = min(lots, rule["max_lots"])
        if rule.get("max_margin_share") is not None:
            room = rule["max_margin_share"] * self.nav() - self.requirement()
            lots = min(lots, whole_lots(room, risk))
        return lots

    def call(self) -> None:
        stood, self.calling = self.calling, self.short_of_cash() and not self.ruined
        if self.calling and not stood:
            self.summary["calls"] += 1
            self.first("call_tick")

    def ruin(self) -> None:
        if self.nav() <= self.spec["ruin_share"] * self.capital:
            self.ruined, self.calling = True, False
            self.first("ruin_tick")

    def decide(self) -> None:
        market: dict[str, Value] = {
            "spot": self.state.spot,
            "vix": self.vix(),
            "rate": self.state.rate,
            "dividend_yield": self.state.dividend_yield,
            "session": float(self.tick),
        }
        book: dict[str, Value] = {
            "nav": self.nav(),
            "nav_share": self.nav() / self.capital,
            "margin_share": self.requirement() / self.nav() if self.nav() else None,
        }
        for layer in self.layers:
            terms = layer.terms
            rule = terms.spec.get("exit")
            for tranche in layer.held.values():
                if rule:
                    names = market | book | self.position(terms, tranche)
                    tranche.exit_due = evaluate(rule["tree"], names, tranche.memory) is True
            rule = terms.spec.get("enter")
            wanted = evaluate(rule["tree"], market, layer.memory) is True if rule else True
            due = terms.decides[self.now()] or (terms.flat and not layer.held)
            opens = due and wanted and not self.ruined
            if opens:
                busy = {*layer.held, *layer.early}
                free = [slot for slot in range(terms.slots) if slot not in busy] if terms.flat else []
                layer.pending = free[0] if free else layer.decided % terms.slots
            layer.decided += opens if terms.flat else due  # the calendar counts decisions not to open as well

    def position(self, terms: Terms, tranche: Tranche) -> dict[str, Value]:
        """The names that an exit rule sees beside those of market and book."""
        mark, spot = -tranche.value, self.state.spot
        return {
            "credit": tranche.credit,
            "mark": mark,
            "profit": tranche.credit - mark,
            "loss": mark - tranche.credit,
            "days_to_expiry": float(self.calendar.days(self.now(), tranche.expiry)),
            "sessions_to_expiry": float(self.calendar.sessions(self.now(), tranche.expiry)),
            "sessions_held": float(self.tick - tranche.entry_tick),
            "entry_spot": tranche.entry_spot,
            "breakeven_challenge": terms.challenge(tranche.strikes, tranche.credit, tranche.entry_spot, spot),
        }

    def record(self) -> None:
        if self.nav() < 0:
            self.first("negative_tick")
        ledger = {
            "cash": self.cash,
            "nav": self.nav(),
            "requirement": self.requirement(),
            "call": self.calling,
        }
        self.history.append(ledger | self.bucket)

    def result(self) -> Twin:
        column = {name: np.array([row[name] for row in self.history]) for name in self.history[0]}
        buckets = {name: column[name] for name in BUCKETS}
        nav, requirement = column["nav"], column["requirement"]
        peak = np.maximum.accumulate(np.maximum(nav, self.capital))
        error = np.abs(nav - self.capital - sum(buckets.values())) / self.capital
        self.summary["unresolved"] += sum(len(layer.early) for layer in self.layers)
        self.summary |= self.bucket | {
            "nav": float(nav[-1]),
            "bills": self.bills,
            "max_drawdown": float(((peak - nav) / peak).max()),
            "peak_requirement": float(requirement.max()),
            "identity_error": float(error.max()),
        }
        return Twin(column["cash"], nav, requirement, column["call"], buckets, self.summary)


def whole_lots(dollars: float, unit: float) -> float:
    """How many lots of `unit` dollars of risk fit; without limit where a lot risks nothing."""
    return floor(dollars / unit + LOT_TOLERANCE) if unit > 0 else float("inf")
