"""Margin calls of the twin: when one stands, when it is due, what is done about it (R12, R17, R63)."""

from math import ceil

from twin_book import HYPOTHETICAL_OFFSET, TOLERANCE, counted
from twin_diagonal import uncovered
from twin_layer import Layer, Tranche
from twin_trade import Trader


class Calls:
    """The calls of one book."""

    def __init__(self, trader: Trader) -> None:
        self.trader, self.book, self.record = trader, trader.book, trader.record
        self.terms = self.book.calls
        self.stranded = False  # a ledger is empty and still short, and that is ruin
        self.closed: list[bool] = []  # forced closings of this round, True for hedges

    def find(self) -> None:
        """At the marks: which calls stand now."""
        for name, ledger in self.book.ledgers.items():
            short = self.book.short_of_cash(name) and not self.book.ruined
            if ledger.calling and not short:
                self.record.count("cured", not (self.book.ruined or ledger.acted))
            if short:
                self.stand(name)
            ledger.calling = short

    def stand(self, name: str) -> None:
        ledger, now = self.book.ledgers[name], self.book.tick
        if ledger.calling:
            return
        self.record.count("repeat_calls", bool(ledger.opened))
        others = [each.opened for other, each in self.book.ledgers.items() if other != name and each.opened]
        self.record.count("cascades", any(now - opened[-1] <= self.terms["contagion"] for opened in others))
        self.record.first("call_tick")
        ledger.opened.append(now)
        ledger.calling, ledger.acted = True, False

    def meet_due(self) -> None:
        """With the fills: calls that stood at the marks of the last tick, once their deadline is over."""
        for name, ledger in self.book.ledgers.items():
            if ledger.calling and self.book.tick - ledger.opened[-1] >= self.terms["deadline"]:
                self.meet(name)
        self.end_round()

    def at_once(self) -> None:
        """After the fills: a house that gives no time."""
        for name in self.book.ledgers:
            if self.terms["deadline"] == 0 and not self.book.ruined and self.book.short_of_cash(name):
                self.stand(name)
                self.meet(name)
        self.end_round()

    def end_round(self) -> None:
        self.record.forced(self.closed)
        self.closed = []

    def meet(self, name: str) -> None:
        book, policy = self.book, self.terms["policy"]
        if policy == "hold":
            return
        if policy == "add_cash":
            self.deposit(name)
        while book.short_of_cash(name):
            # What is sold against calls goes with them.
            held = [(layer, t) for layer, t in book.held(ledger=name) if not layer.covered]
            if not held:
                self.stranded = self.stranded or self.terms["ruin_on_debt"]
                return
            layer, t = min(held, key=lambda item: self.rank(*item))  # the first of equals
            lots = self.fewest(layer, t, -book.free(name) - TOLERANCE) if policy == "reduce" else t.lots
            self.trader.close(layer, t, self.forced_share(), by_rule=False, lots=lots)
            self.record.count("forced")
            self.record.first("forced_tick")
            book.ledgers[name].acted = True
            self.closed.append(layer.terms.hedge)

    def rank(self, layer: Layer, t: Tranche) -> float:
        """What goes first has the least."""
        return t.expiry if self.terms["order"] == "nearest_expiry" else -self.relief(layer, t, t.lots)

    def fewest(self, layer: Layer, t: Tranche, short: float) -> float:
        """The fewest lots whose closing frees so much, counted up from one; all where none do."""
        if self.book.moves is None and layer.short is None:
            frees = self.relief(layer, t, 1)
            return min(t.lots, max(1, ceil(short / frees))) if frees > 0 else t.lots
        return next((n for n in range(1, int(t.lots)) if self.relief(layer, t, n) >= short), t.lots)

    def relief(self, layer: Layer, t: Tranche, lots: float) -> float:
        """Free funds that closing so many lots brings, with what is sold against them."""
        book, legs = self.book, [(layer, t, lots)]
        if more := uncovered(layer, t.slot, t.lots - lots):
            legs.append((layer.short, layer.short.held[t.slot], more))
        freed = 0.0
        if book.moves is not None:
            closed = {id(each): some for _, each, some in legs}
            left = [
                book.lot(other.terms, held).times(held.lots - closed.get(id(held), 0))
                for other, held in book.held(ledger=book.ledger(layer))
            ]
            freed = book.requirement(book.ledger(layer)) - book.moves.required(left, joint=book.joint)
        for each, held, some in legs:
            received, dollars, fees, _ = self.trader.price(each, held, some, self.forced_share())
            if book.moves is not None:
                freed += (received - each.terms.worth(held.value)) * dollars - fees
                continue
            hypothetical = book.joint and each.terms.hedge
            taken = HYPOTHETICAL_OFFSET * counted(each, held.value) if hypothetical else 0.0
            freed += (held.risk + book.margin(each.terms, held) + received - taken) * dollars - fees
        return freed

    def deposit(self, name: str) -> None:
        book = self.book
        left = self.terms["outside"] * book.capital - book.deposited
        dollars = min(-book.free(name), left)
        if dollars > TOLERANCE:
            book.ledgers[name].cash += dollars
            book.ledgers[name].deposited += dollars
            book.deposited += dollars
            book.deposited_bills += dollars
            book.ledgers[name].acted = True

    def forced_share(self) -> float:
        """Share of the summed half-spreads that a forced closing pays."""
        reached = [factor for vix, factor in self.terms["half_spreads"] if vix <= self.book.vix()]
        return self.book.spec["costs"]["liquidation_share"] * (reached[-1] if reached else 1.0)
