"""What a book of the twin decides at a close: exits, rolls, partial sales, transfers, openings."""

from typing import Any

import twin_diagonal
from twin_book import Book
from twin_layer import Layer, Tranche
from twin_review import review
from twin_rules import Value, evaluate
from twin_size import times

Names = dict[str, Value]


class Decisions:
    """What stands decided for the next tick, beside what layers and tranches note themselves."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.rules: list[dict[str, Any]] = book.sleeve.get("transfers") or [] if book.separate else []
        self.memory: list[dict[int, list[Value]]] = [{} for _ in self.rules]
        self.of_budget: dict[int, list[Value]] = {}
        self.transfers: list[dict[str, Any]] = []
        self.seen: list[Names] = []  # by tick
        self.seen_of: dict[tuple[int, int, int], Names] = {}  # by tick, layer and slot

    def warm_up(self) -> None:
        """Let windows and latches of rules on the book see the sessions before the first, without a book."""
        for names in self.book.market.before:
            for layer in self.book.shown:
                self.wishes(layer, names)
                self.further(layer, names)
                self.shift(layer, names)
                twin_diagonal.allow(layer, names)
            for rule, memory in zip(self.rules, self.memory, strict=True):
                evaluate(rule["when"]["tree"], names, memory)
            self.budget(names)

    def budget(self, names: Names) -> None:
        """How many times budgets count (R67)."""
        self.book.budget_factor = times(self.book.sleeve.get("budget_weight"), names, self.of_budget)

    def decide(self) -> None:
        names = self.book.names()
        self.seen.append(names)
        self.budget(names)
        for layer in self.book.shown:
            layer.wanted, layer.factor, *permits = self.wishes(layer, names)
            layer.press, *layer.parts = self.further(layer, names)
            layer.shifts = self.shift(layer, names)
            twin_diagonal.allow(layer, names)
            layer.permitted, layer.rolls = (self.by_hand(layer, each) for each in permits)
        for layer in self.book.layers:
            for slot in sorted(layer.held):
                self.exit(layer, layer.held[slot], names)
        self.transfers = [
            rule
            for rule, memory in zip(self.rules, self.memory, strict=True)
            if evaluate(rule["when"]["tree"], names, memory) is True and not self.book.ruined
        ]
        for layer in self.book.shown:
            self.opening(layer)
            twin_diagonal.order(self.book, layer)
            review(self.book, layer)

    def exit(self, layer: Layer, t: Tranche, names: Names) -> None:
        book, terms = self.book, layer.terms
        if rule := terms.spec.get("exit"):
            seen = names | book.position(terms, t)
            self.seen_of[book.tick, layer.index, t.slot] = seen
            t.exit_due = evaluate(rule["tree"], seen, t.memory) is True
        below = terms.spec.get("roll_below")
        near = below is not None and book.market.days(book.tick, t.expiry) < below
        t.roll_due = near and not t.exit_due and not book.ruined and layer.main.rolls
        rungs = terms.spec.get("monetise") or []
        t.rungs = max(t.rungs, sum(t.value >= rung["at"] * -t.credit for rung in rungs))
        press = terms.spec.get("press")
        gained = press is not None and t.value >= press["at"] * -t.credit
        t.pressing = gained and layer.main.press and not t.pressed
        t.pressed = t.pressed or t.pressing

    @staticmethod
    def wishes(layer: Layer, names: Names) -> tuple[bool, float, bool, bool]:
        """Is an opening wanted, how many times does it count, do its permits hold, and those of a roll?"""
        rule, size = layer.terms.spec.get("enter"), layer.terms.spec["size"]
        wanted = rule is None or evaluate(rule["tree"], names, layer.memory) is True
        smaller = [*([size["reduced"]] if size.get("reduced") else []), *size.get("reductions", [])]
        told = [evaluate(each["when"]["tree"], names, layer.memory) is True for each in smaller]
        factor = min([each["to"] for each, true in zip(smaller, told, strict=True) if true], default=1.0)
        permits = layer.terms.spec.get("permits", [])
        said = [evaluate(each["when"]["tree"], names, layer.memory) is True for each in permits]
        opens = all(yes or each.get("rolls_only") for yes, each in zip(said, permits, strict=True))
        return wanted, factor * times(size.get("weight"), names, layer.memory), opens, all(said)

    @staticmethod
    def further(layer: Layer, names: Names) -> list[bool]:
        """What the rule of the cash press says, and what those of the tranches but the first say."""
        press, tranches = layer.terms.spec.get("press"), layer.terms.spec.get("tranches") or []
        rules = [press["when"] if press else None, *(each["when"] for each in tranches[1:])]
        return [rule is not None and evaluate(rule["tree"], names, layer.memory) is True for rule in rules]

    @staticmethod
    def shift(layer: Layer, names: Names) -> list[bool]:
        """Per other package: may it be bought, by the rule that asks for another tenor?"""
        rules = [other["prefer"].get("when") for other in layer.terms.spec.get("others") or []]
        return [rule is None or evaluate(rule["tree"], names, layer.memory) is True for rule in rules]

    def part(self, layer: Layer) -> int | None:
        """Name the further tranche that a layer with something wants."""
        held = layer.tranches_held()
        if not held:
            layer.bought = set()
        layer.adding = layer.bought or {0}
        if not held or self.book.ruined or any(t.exit_due for t in held):
            return None
        wanted = (i for i, true in enumerate(layer.parts, start=1) if true and i not in layer.bought)
        return next(wanted, None)

    def by_hand(self, layer: Layer, permitted: bool) -> bool:
        """What a person decided for this session, whatever the permits say."""
        now = self.book.market.session(self.book.tick)
        decided = [each["allow"] for each in layer.terms.spec.get("overrides", []) if each["session"] == now]
        return decided[-1] if decided else permitted

    def opening(self, layer: Layer) -> None:
        terms, ruined = layer.terms, self.book.ruined
        held = layer.tranches_held()
        rolls = terms.flat and any(t.roll_due for t in held)
        due = terms.decides[self.book.market.session(self.book.tick)] or (terms.flat and not held)
        further = self.part(layer)
        layer.adding = layer.adding | ({further} if further is not None and layer.permitted else set())
        layer.roll_ordered = rolls
        opens = rolls or (due and layer.wanted and layer.permitted and not ruined)
        opens = opens or (further is not None and layer.permitted)
        for each, may in zip(layer.family(), [True, *layer.shifts], strict=True):
            if opens and may:
                each.pending = free_slot(each) if terms.flat else each.decided % each.terms.slots
            each.decided += (
                (opens and may) if terms.flat else due
            )  # the calendar counts decisions not to open


def free_slot(layer: Layer) -> int:
    """Slot of the next package of a flat layer: the lowest that is followed no more, else by turns."""
    busy = {*layer.held, *layer.early}
    free = [slot for slot in range(layer.terms.slots) if slot not in busy]
    return free[0] if free else layer.decided % layer.terms.slots
