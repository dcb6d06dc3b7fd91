"""A decision: what speaks for each action, what the playbook orders, why, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

import polars as pl

from alvh.report import DISCLAIMER
from alvh.report.plain_json import to_json
from alvh.rules.on_path import PathExplanation

__all__ = ["CHANGES", "SIGNALS", "Decision", "LayerRule"]

SIGNALS: Final = pl.Schema(
    {"signal": pl.String(), "value": pl.Float64(), "released": pl.Date(), "days": pl.Int64()}
)
"""Signals from outside that the rules name, at the close: `value`, null is unknown; when what was known last
was released, stale or not, and how many calendar days ago; null where it never was, or the frame came
aligned."""

CHANGES: Final = pl.Schema(
    {
        "layer": pl.String(),
        "rule": pl.String(),
        "opened": pl.Date(),
        "now": pl.Boolean(),
        "then": pl.Boolean(),
        "atoms": pl.String(),
        "change": pl.Float64(),
    }
)
"""What would turn a rule: `now` and `then`, null is unknown; the `atoms` that turn, its size.

`opened` is the day of the tranche that an exit rule closes."""


class LayerRule(NamedTuple):
    """A rule of a layer at the close of the decision."""

    layer: str
    opened: date | None
    """Of the tranche that it closes; None where it opens."""
    told: PathExplanation

    @property
    def name(self) -> str:
        """Which rule it is, in words."""
        if self.opened is not None:
            return f"{self.told.rule} of the tranche of {self.opened}"
        permit = self.told.permit
        return self.told.rule if permit is None else f"{self.told.rule} {permit.name}{permit}"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a playbook decides for a book at one close; ``str`` says it in words.

    Attributes
    ----------
    day : datetime.date
        The close at which it is decided; orders are filled at the next one.
    arm : str
        The playbook.
    market : dict
        `spx` and `vix`, points.
    ledger : dict
        `nav`, `cash`, `sleeve`, `requirement`, `available`, dollars; `call`: does a margin call stand?
        `ruined`: is its NAV, now or before, so low that everything is closed and nothing opened?
    actions : polars.DataFrame
        `action` and `score`, 0 to 1, the best first (R86); null where nothing of an action is known.
    terms : polars.DataFrame
        Every term of every action: `weight`, `value`, `contribution`; null is unknown.
    orders : polars.DataFrame
        What the playbook orders, a row per leg: see `alvh.advice.orders.ORDERS`. Strikes and prices are
        estimates: the next close with SPX, VIX and rates where they are.
    skips : polars.DataFrame
        What it does not, and why: `layer`, `event`, `reason`.
    positions : polars.DataFrame
        What is held: marks in product points a unit, days left, break-even challenge, what is ordered.
    break_evens : polars.DataFrame
        Where SPX must settle for each tranche of the core, before and after the orders (R8): see
        `alvh.advice.break_evens.BREAK_EVENS`.
    rules : tuple of LayerRule
        The value of every node of every rule.
    notes : tuple of str
        What is unknown, estimated or limited, in sentences.
    signals : polars.DataFrame
        Signals from outside that the rules name, with the day of their release: see `SIGNALS`. Empty in a
        log of decisions.
    """

    day: date
    arm: str
    market: dict[str, float]
    ledger: dict[str, Any]
    actions: pl.DataFrame
    terms: pl.DataFrame
    orders: pl.DataFrame
    skips: pl.DataFrame
    positions: pl.DataFrame
    break_evens: pl.DataFrame
    rules: tuple[LayerRule, ...]
    notes: tuple[str, ...]
    signals: pl.DataFrame = field(default_factory=SIGNALS.to_frame)

    @property
    def action(self) -> str | None:
        """The action with the highest score."""
        action, score = self.actions.row(0)
        return None if score is None else action

    @property
    def changes(self) -> pl.DataFrame:
        """What would change this: the smallest change of one or two atoms that turns each rule."""
        rows = []
        for rule in self.rules:
            layer, opened, told = rule
            if told.explanation.flips.is_empty():
                continue
            flip = told.explanation.flips.row(0, named=True)
            atoms = zip(flip["atoms"], flip["become"], strict=True)
            words = " and ".join(f"{atom} {_truth(become)}" for atom, become in atoms)
            now = told.explanation.outcome
            named = told.rule if told.permit is None else f"{told.rule} {told.permit.name}"
            rows.append((layer, named, opened, now, flip["outcome"], words, flip["change"]))
        return pl.DataFrame(rows, schema=CHANGES, orient="row")

    @property
    def frame(self) -> pl.DataFrame:
        """The scored actions with the day: a row per action, for many decisions side by side."""
        return self.actions.select(pl.lit(self.day).alias("day"), pl.lit(self.arm).alias("arm"), pl.all())

    def data(self) -> dict[str, Any]:
        """Return everything as frames, numbers and text."""
        return {
            "day": self.day,
            "arm": self.arm,
            "action": self.action,
            "market": self.market,
            "ledger": self.ledger,
            "actions": self.actions,
            "terms": self.terms,
            "orders": self.orders,
            "skips": self.skips,
            "positions": self.positions,
            "break_evens": self.break_evens,
            "rules": [
                {
                    "layer": layer,
                    "rule": told.rule,
                    "permit": None if told.permit is None else told.permit.name,
                    "opened": opened,
                    "text": str(told.explanation.rule),
                    "outcome": told.explanation.outcome,
                    "nodes": told.explanation.nodes,
                }
                for layer, opened, told in self.rules
            ],
            "changes": self.changes,
            "signals": self.signals,
            "notes": list(self.notes),
            "disclaimer": DISCLAIMER,
        }

    def json(self) -> str:
        """Return everything as JSON: tables as lists of rows, what is unknown as null."""
        return to_json(self.data())

    def text(self) -> str:
        """Return the decision in words."""
        return "\n".join(self._lines())

    def __str__(self) -> str:
        return self.text()

    def _lines(self) -> Iterator[str]:
        ledger = self.ledger
        yield f"{self.arm} on {self.day}: SPX {self.market['spx']:,.2f}, VIX {self.market['vix']:.2f}"
        yield (
            f"NAV {ledger['nav']:,.0f}, cash {ledger['cash']:,.0f}, sleeve {ledger['sleeve']:,.0f}, required "
            f"{ledger['requirement']:,.0f} of {ledger['available']:,.0f}"
            f"{', a margin call stands' if ledger['call'] else ''}"
            f"{', the book is ruined' if ledger['ruined'] else ''}"
        )
        yield ""
        yield "What speaks for each action, 0 to 1 (weights are ours, and yours to change):"
        for action, score in self.actions.iter_rows():
            parts = [
                f"{row['term']} {'unknown' if row['value'] is None else format(row['value'], '.2f')} × "
                f"{row['weight']:g}"
                for row in self.terms.filter(action=action).iter_rows(named=True)
            ]
            yield f"  {action:<9}{'unknown' if score is None else format(score, '.2f'):<9}{', '.join(parts)}"
        yield ""
        yield "Orders of the playbook, to be filled in the next session, at estimated prices:"
        yield from _order_lines(self.orders)
        yield from (
            f"  {layer or 'book'}: {event}: {reason}" for layer, event, reason in self.skips.iter_rows()
        )
        if self.positions.height:
            yield ""
            yield "Held:"
            for row in self.positions.iter_rows(named=True):
                challenge = (
                    "" if row["challenge"] is None else f", break-even challenge {row['challenge']:.2f}"
                )
                strikes = "/".join(f"{strike:g}" for strike in row["strikes"])
                until = f" {strikes or 'future'} {row['expiry']}, {row['days']} days"
                lots = f"{'sold ' if row['lots'] < 0 else ''}{abs(row['lots']):g}"
                yield (
                    f"  {row['layer']}: {lots} × {row['product']}"
                    f"{'' if row['expiry'] is None else until}, worth {row['value']:,.2f}{challenge}"
                    f"{'' if row['parts'] is None else ', parts ' + row['parts']}"
                    f"{'' if row['ordered'] is None else ', ' + row['ordered']}"
                )
        yield from _break_even_lines(self.break_evens)
        if self.rules:
            yield ""
            yield "Rules:"
            for rule in self.rules:
                yield f"  {rule.layer}, {rule.name}:"
                yield from (f"    {line}" for line in str(rule.told.explanation).splitlines())
        yield from _signal_lines(self.signals)
        if (changes := self.changes).height:
            yield ""
            yield "What would change this:"
            for row in changes.iter_rows(named=True):
                size = (
                    "data that are missing" if row["change"] is None else f"a change of {row['change']:.3g}"
                )
                which = row["rule"] if row["opened"] is None else f"{row['rule']} of {row['opened']}"
                yield f"  {row['layer']}, {which}, becomes {_truth(row['then'])}: {row['atoms']}, {size}"
        yield ""
        yield from self.notes
        yield DISCLAIMER


def _order_lines(orders: pl.DataFrame) -> Iterator[str]:
    if orders.is_empty():
        yield "  none"
    for legs in orders.partition_by("order", maintain_order=True):
        first = legs.row(0, named=True)
        if first["action"] == "transfer":
            yield f"  transfer {first['cash']:,.0f} dollars: {first['reason']}"
            continue
        parts = [
            f"{row['side']} {row['lots']:g} {row['product']}"
            f"{'' if row['expiry'] is None else ' ' + str(row['expiry'])}"
            f"{'' if row['strike'] is None else format(row['strike'], ' g')}{row['right'] or ''} "
            f"at {row['price']:,.2f}"
            for row in legs.iter_rows(named=True)
        ]
        yield (
            f"  {first['layer']}: {first['action']}: {'; '.join(parts)}; net {first['net']:+,.2f}, "
            f"{first['cash']:+,.0f} dollars ({first['reason']}{_unrounded(first)})"
        )


def _break_even_lines(table: pl.DataFrame) -> Iterator[str]:
    if table.height:
        yield ""
        yield "Break-evens at expiry, by the credit alone, with what hedges cost, after the orders:"
    for row in table.iter_rows(named=True):
        spans = (_span(row[f"lower{of}"], row[f"upper{of}"]) for of in ("", "_hedged", "_after"))
        yield f"  {row['layer']} {row['expiry']}, {row['lots']:g} lots: {'; '.join(spans)}"


def _signal_lines(table: pl.DataFrame) -> Iterator[str]:
    if table.height:
        yield ""
        yield "Signals as known at this close:"
    for signal, value, released, days in table.iter_rows():
        since = "" if days is None else f", released {released}, {days} days ago"
        yield f"  {signal} {'unknown' if value is None else format(value, 'g')}{since}"


def _span(lower: float | None, upper: float | None) -> str:
    if lower is None and upper is None:
        return "none"
    return f"{'-' if lower is None else f'{lower:,.1f}'} to {'-' if upper is None else f'{upper:,.1f}'}"


def _unrounded(leg: dict[str, Any]) -> str:
    """Say how many lots there were before they were made whole, where that is another number."""
    lots = leg["unrounded"]
    return "" if lots is None or round(lots, 2) == leg["lots"] else f"; {lots:.2f} lots before rounding"


def _truth(value: bool | None) -> str:
    return "unknown" if value is None else str(value).lower()
