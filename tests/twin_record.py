"""What the twin records per path and book."""

from collections.abc import Sequence
from math import inf, nan
from typing import Any

import numpy as np

from twin_book import BUCKETS, Book
from twin_hedge import budget_left
from twin_layer import Early
from twin_liquidity import liquidity

COUNTS = (
    "refused",
    "bar_calls",
    "forced",
    "opened",
    "lost",
    "skipped",
    "closed_early",
    "recovered",
    "increased",
    "over_covered",
    "unresolved",
    "closed_forced",
    "unresolved_forced",
    "cured",
    "repeat_calls",
    "cascades",
    "sessions_warned",
    "sessions_blocked",
    "warned",
    "blocked",
    "bound_target",
    "bound_budget",
    "bound_funds",
    "bound_cap",
    "bound_rounding",
    "contagion",
    "max_losses",
    "max_losses_hedge_lost",
    "r44_checked",
    "r44_held",
    "r44_refused",
    "hedge_opened",
    "rolled",
    "monetised",
    "rolls_kept",
    "pressed",
)
SUMS = (
    "max_lots",
    "first_requirement",
    "regret_rule",
    "regret_forced",
    "premium_paid",
    "transferred",
    "stress_cash",
    "stress_core_pnl",
)
TICKS = ("bar_call_tick", "refused_tick", "call_tick", "forced_tick", "ruin_tick", "negative_tick")
MET, ENOUGH = 0.40, 0.60  # coverage from which R22 is met, and beyond which it is above its band
STRESSED = 0.6  # core_challenge from which a tick is one of stress (R66)
LAYERS = 10


class Record:
    """Figures as they come, and the ledger tick by tick."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.summary: dict[str, float] = dict.fromkeys((*COUNTS, *TICKS), 0) | dict.fromkeys(SUMS, 0.0)
        self.history: list[dict[str, float]] = []
        # Dollars per VIX point: at decisions the core's, wanted, affordable; then the core's, held.
        self.vega: dict[str, list[float]] = {
            name: [] for name in ("decided", "wanted", "affordable", "core", "hedge")
        }
        self.lowest = inf  # liquidity ratio
        self.others: list[tuple[int, int]] = []  # tick and layer of orders left to another package
        self.variances: list[tuple[float, ...]] = []  # tick, layer, sold and forward of each roll (R83)
        self.sized: list[tuple[float, ...]] = []  # tick, layer, lots, lots before rounding (R42)
        self.weighed = 1.0  # how many times the budget counted at the fill of this tick
        self.flow = 0.0  # hedge cash of this tick
        self.hedge_before = 0.0  # hedge P&L after the night
        self.last_forced: dict[bool, int | None] = {False: None, True: None}

    def count(self, name: str, by: float = 1) -> None:
        self.summary[name] += by

    def first(self, name: str) -> None:
        """Notes the tick as the first of its kind, unless there was one."""
        self.summary[name] = self.summary[name] or self.book.tick

    def forced(self, roles: Sequence[bool]) -> None:
        """Forced closings of this tick, True for hedges: do they follow those of the other role (R63)?"""
        for role in (False, True):
            if role in roles:
                other = self.last_forced[not role]
                within = self.book.calls["contagion"]
                self.count("contagion", other is not None and self.book.tick - other <= within)
                self.last_forced[role] = self.book.tick

    def unresolved(self, early: Early) -> None:
        """An early closing of which it stays unknown what holding would have brought."""
        self.count("unresolved")
        self.count("unresolved_forced", not early.by_rule)

    def tick(self) -> None:
        """The end of a tick."""
        book = self.book
        core, hedge = book.pnl(hedge=False), book.pnl(hedge=True)
        if book.tick:
            challenge = book.core_challenge()
            if challenge is not None and challenge > STRESSED:
                self.count("stress_cash", self.flow)
                self.count("stress_core_pnl", core - self.history[-1]["core_pnl"])
            wanted = -book.exposure(hedge=False)
            if wanted > 1e-6:
                self.vega["core"].append(wanted)
                self.vega["hedge"].append(book.exposure(hedge=True))
        for _, tranche in book.held(hedge=False):
            if tranche.entry_tick == book.tick:
                tranche.hedge_pnl = hedge
        if book.liquidity and book.tick:
            ratios = [liquidity(book, name) for name in book.ledgers]
            lowest = min((each for each in ratios if each is not None), default=inf)
            self.count("sessions_warned", lowest < book.liquidity["warn"])
            self.count("sessions_blocked", lowest < book.liquidity["block"])
            self.lowest = min(self.lowest, lowest)
        nav, requirement = book.nav(), book.requirement()
        if nav - book.deposited < 0:
            self.first("negative_tick")
        self.history.append(
            {
                "cash": sum(ledger.cash for ledger in book.ledgers.values()),
                "nav": nav,
                "requirement": requirement,
                "call": any(ledger.calling for ledger in book.ledgers.values()),
                "deposited": book.deposited,
                "held": requirement + book.premium(),
                "core_pnl": core,
                "hedge_pnl": hedge,
                "available": sum(map(book.available, book.ledgers)),
                "sleeve_available": book.available("sleeve") if "sleeve" in book.ledgers else 0.0,
                "budget_left": budget_left(book, self.weighed),
            }
            | {f"cash_{name}": ledger.cash for name, ledger in book.ledgers.items()}
            | {name: book.bucket(name) for name in BUCKETS}
        )

        self.weighed = book.budget_factor

    def columns(self) -> dict[str, np.ndarray]:
        return {name: np.array([row[name] for row in self.history]) for name in self.history[0]}

    def finish(self) -> dict[str, float]:
        """All figures; what does not exist is missing."""
        book, column = self.book, self.columns()
        nav, capital = column["nav"], book.capital
        hedges = [layer for layer in book.layers if layer.terms.hedge]
        own = nav - column["deposited"]
        peak = np.maximum.accumulate(np.maximum(own, capital))
        error = np.abs(own - capital - sum(column[name] for name in BUCKETS)) / capital
        vega = self.vega
        met = [h >= MET * d for d, h in zip(vega["core"], vega["hedge"], strict=True)]
        profits = [0.0] * len(book.shown)
        for layer, profit in zip(book.layers, book.profit, strict=True):
            profits[layer.main.index] += sum(profit.values())
        trading = [book.profit[layer.index] for layer in hedges]
        for early in (each for layer in book.layers for slot in layer.early.values() for each in slot):
            self.unresolved(early)
        figures: dict[str, Any] = {
            "nav": nav[-1],
            "bills": book.bills,
            "max_drawdown": ((peak - own) / peak).max(),
            "peak_requirement": column["held"].max(),
            "identity_error": error.max(),
            "calls": sum(len(ledger.opened) for ledger in book.ledgers.values()),
            "liquidity_low": nan if self.lowest == inf else self.lowest,
            "deposited": book.deposited,
            "deposited_bills": book.deposited_bills,
            "core_pnl": book.pnl(hedge=False),
            "hedge_pnl": book.pnl(hedge=True),
            "hedge_trading": sum(profit["fills"] + profit["fees"] for profit in trading),
            "hedge_fees": sum(profit["fees"] for profit in trading),
            "expected_cost": sum(cost for _, cost, _ in book.committed),
            "coverage_wanted": ratio(vega["wanted"], vega["decided"]),
            "coverage_affordable": ratio(vega["affordable"], vega["decided"]),
            "coverage_achieved": ratio(vega["hedge"], vega["core"]) if hedges else nan,
            "over_covered": sum(h > ENOUGH * d for d, h in zip(vega["core"], vega["hedge"], strict=True)),
            "coverage_met": ratio(met, [1.0] * len(met)) if hedges else nan,
            "sleeve_nav": (book.nav("sleeve") - book.ledgers["sleeve"].deposited if book.separate else nan),
            "sleeve_calls": len(book.ledgers["sleeve"].opened) if book.separate else 0,
            "hedge_correlation": correlation(column["core_pnl"], column["hedge_pnl"]),
        }
        figures |= {f"layer_pnl_{i}": profits[i] if i < len(profits) else nan for i in range(LAYERS)}
        figures |= {name: book.bucket(name) for name in BUCKETS}
        if not book.spec.get("worst_bar"):
            figures |= {"bar_calls": nan, "bar_call_tick": nan}
        return self.summary | {name: float(value) for name, value in figures.items()}


def ratio(part: Sequence[float], whole: Sequence[float]) -> float:
    return sum(part) / sum(whole) if whole else nan


def correlation(core: np.ndarray, hedge: np.ndarray) -> float:
    """Correlation of the changes per tick (R39); missing where one of them does not change."""
    a, b = np.diff(core), np.diff(hedge)
    return float(np.corrcoef(a, b)[0, 1]) if len(a) and np.ptp(a) and np.ptp(b) else nan
