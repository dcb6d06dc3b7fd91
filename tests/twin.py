"""The engine a second time: one path, one book, plain Python, as docs/engine.md defines it.

Read it beside that page: `Run.session` lists the steps of a tick in the page's order. It shares no code with
the engine and favours the obvious over the fast. `twin_book` knows what a book is at a moment, `twin_decide`
what it decides, `twin_trade` how that is filled, `twin_record` what is kept of it.
"""

from dataclasses import dataclass
from math import expm1
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin_book import BUCKETS, TOLERANCE, Book
from twin_calls import Calls
from twin_decide import Decisions
from twin_diagonal import write_again
from twin_market import Basis
from twin_record import Record
from twin_review import due
from twin_roll import weigh
from twin_surface import CALENDAR_YEAR
from twin_trade import Trader


@dataclass
class Twin:
    """What one book did on one path; arrays over the ticks 0 to T, dollars."""

    cash: NDArray[np.float64]
    nav: NDArray[np.float64]
    requirement: NDArray[np.float64]
    call: NDArray[np.bool_]
    buckets: dict[str, NDArray[np.float64]]
    columns: dict[str, NDArray[np.float64]]
    summary: dict[str, float]
    decisions: Decisions
    variances: list[tuple[float, ...]]
    others: list[tuple[int, int]]
    sized: list[tuple[float, ...]]


def run(
    spec: dict[str, Any],
    book: int,
    state: dict[str, NDArray[np.float64]],
    start: int,
    basis: Basis | None = None,
) -> Twin:
    """Run one book of a plan from session `start` on a given path.

    `state` holds ln_s, x0, x1, x2, r and q over the ticks 0 to T; of the opening of each tick open_ln_s,
    open_x0, open_x1 and open_x2 (the close if absent); special quotations and draws of the placebo. `basis`
    gives the recorded over the modelled VIX future at a tick, by the session on which it settles.
    """
    return Run(spec, book, state, start, basis).run()


class Run:
    """The steps of every tick."""

    def __init__(
        self, spec: dict[str, Any], book: int, state: dict[str, Any], start: int, basis: Basis | None
    ) -> None:
        self.spec = spec
        self.book = Book(spec, book, state, start, basis)
        self.decisions, self.record = Decisions(self.book), Record(self.book)
        self.trader = Trader(self.book, self.record)
        self.calls = Calls(self.trader)

    def run(self) -> Twin:
        self.decisions.warm_up()
        self.decisions.decide()
        self.record.tick()
        for tick in range(1, self.spec["sessions"] + 1):
            self.session(tick)
        summary, column = self.record.finish(), self.record.columns()
        buckets = {name: column[name] for name in BUCKETS}
        return Twin(
            column["cash"],
            column["nav"],
            column["requirement"],
            column["call"],
            buckets,
            column,
            summary,
            self.decisions,
            self.record.variances,
            self.record.others,
            self.record.sized,
        )

    def session(self, tick: int) -> None:
        self.book.tick, self.record.flow = tick, 0.0
        moves = self.revalue()
        self.accrue()
        self.vary(moves)
        self.settle()
        weigh(self.trader)
        self.transfer()
        self.exits_and_rolls()
        self.monetise()
        self.resize()
        self.close_ruined()
        self.calls.meet_due()
        self.drop_lone_parts()
        for layer in self.book.shown:
            write_again(self.trader, layer)
            self.trader.settle_on(layer)
            for each in layer.family():
                self.trader.open(each)
            layer.rolled = None
        self.calls.at_once()
        self.calls.find()
        self.call_at_bar()
        self.ruin()
        if tick < self.spec["sessions"]:
            self.decisions.decide()
        self.record.tick()

    def revalue(self) -> list[float]:
        """Revalue what is alive, bucket by bucket; returns the dollars that each package moved by."""
        book, moves = self.book, []
        for layer, t in book.held():
            before, dollars = t.value, t.lots * layer.terms.dpp
            for bucket, quotes in book.market.steps(
                layer.terms.product, book.tick, t.expiry, t.entry_tick
            ).items():
                value = layer.terms.value(t.strikes, quotes)
                book.profit[layer.index][bucket] += (value - t.value) * dollars
                t.value = value
            moves.append((t.value - before) * dollars)
        self.record.hedge_before = book.pnl(hedge=True)
        return moves

    def accrue(self) -> None:
        book, market = self.book, self.book.market
        rate = market.closes[book.tick - 1].rate
        days = market.days(book.tick - 1, market.session(book.tick))
        growth = expm1(rate * days / CALENDAR_YEAR)
        for ledger in book.ledgers.values():
            book.interest += ledger.cash * growth
            ledger.cash += ledger.cash * growth
        book.bills *= 1 + growth
        book.deposited_bills *= 1 + growth

    def vary(self, moves: list[float]) -> None:
        """The gains of futures are paid out."""
        for (layer, t), dollars in zip(self.book.held(), moves, strict=True):
            if layer.terms.future:
                self.trader.pay(layer, dollars)
                t.received += dollars

    def settle(self) -> None:
        now = self.book.market.session(self.book.tick)
        for layer, t in self.book.held():
            if t.expiry == now:
                self.trader.settle(layer, t)
        for layer in self.book.layers:
            due = [slot for slot, found in layer.early.items() if found[0].tranche.expiry == now]
            for early in (each for slot in due for each in layer.early.pop(slot)):
                self.trader.resolve(layer, early)

    def transfer(self) -> None:
        book = self.book
        for rule in self.decisions.transfers:
            dollars = rule["share"] * max(0.0, book.free(rule["from"]))
            book.ledgers[rule["from"]].cash -= dollars
            book.ledgers[rule["to"]].cash += dollars
            self.record.count("transferred", dollars)

    def exits_and_rolls(self) -> None:
        for layer, t in self.book.held():
            if t.exit_due or t.roll_due:
                self.trader.close(layer, t, layer.terms.order_share, by_rule=True)
                self.record.count("rolled", t.roll_due)

    def drop_lone_parts(self) -> None:
        """A further part is not bought where what it was to be added to is gone, but for a roll."""
        for layer in self.book.shown:
            gone = layer.bought and layer.adding != layer.bought and not layer.tranches_held()
            if gone and not layer.roll_ordered:
                for each in layer.family():
                    each.pending = None

    def monetise(self) -> None:
        for layer, t in self.book.held(hedge=True):
            if (lots := due(layer, t)) > 0:
                self.record.count("monetised")
                self.record.count("pressed", t.pressing)
                self.trader.sell_part(layer, t, lots)

    def resize(self) -> None:
        """What is beyond its band is sold, as if it had never been bought (R82)."""
        for layer, t in self.book.held(hedge=True):
            if (lots := min(t.trim, t.lots)) > 0:
                t.bought -= lots
                self.trader.sell_part(layer, t, lots)

    def close_ruined(self) -> None:
        if self.book.ruined:
            for layer, t in self.book.held():
                if not layer.covered:  # it goes with what covers it
                    self.trader.close(layer, t, self.calls.forced_share(), by_rule=False)

    def call_at_bar(self) -> None:
        """Calls that stand at the worst bar and not at the close."""
        bar = self.spec.get("worst_bar")
        for name, ledger in self.book.ledgers.items() if bar else ():
            calm = self.book.ruined or ledger.calling
            stood, ledger.at_bar = ledger.at_bar, not calm and self.book.free_at_bar(name, bar) < -TOLERANCE
            if ledger.at_bar and not stood:
                self.record.count("bar_calls")
                self.record.first("bar_call_tick")

    def ruin(self) -> None:
        own = self.book.nav() - self.book.deposited
        if own <= self.spec["ruin_share"] * self.book.capital or self.calls.stranded:
            self.book.ruined = True
            self.record.first("ruin_tick")
            for ledger in self.book.ledgers.values():
                ledger.calling = False
