"""Lots of a core layer of the twin: target, progression, caps, buffer; and how many times a target counts."""

from math import ceil, floor, inf
from typing import Any, NamedTuple

from twin_book import Book
from twin_layer import Chain, Layer, Tranche
from twin_rules import Value, evaluate

LOT_TOLERANCE = 1e-9


class Lot(NamedTuple):
    """Dollars per lot: its requirement, what selling it earns after costs, what it adds to funds."""

    risk: float
    earns: float
    brings: float


def base_lots(book: Book, layer: Layer, risk: float, tranche: Tranche, *, whole: bool = True) -> float:
    """Lots before any progression; `risk` in dollars per lot; not `whole`: as if it were divisible (R42)."""
    size = layer.terms.spec["size"]
    once = size.get("base", "entry") == "start"
    if once and layer.first_lots is not None:
        return layer.first_lots
    multiplier, value = size.get("multiplier", 1.0), size["value"] * layer.factor
    if size["target"] == "lots":
        return lots_of(value * multiplier, 1.0, whole=whole)
    gained = max(0.0, book.nav() - book.deposited - book.capital)
    most, own = value * (book.nav() - (1 - size.get("reinvest", 1.0)) * gained), book.own(layer)
    if size.get("basis") == "wing_notional":
        risk = tranche.risk * layer.terms.dpp
        own = sum(t.risk * t.lots for t in layer.held.values()) * layer.terms.dpp
    room = most / layer.terms.tranches
    if not once:
        room = min(room, most - own)
    return max(0, lots_of(room * multiplier, risk, whole=whole))


def times(weight: dict[str, Any] | None, names: dict[str, Value], memory: dict[int, list[Value]]) -> float:
    """How many times a target or a budget counts (R33)."""
    if weight is None:
        return 1.0
    number = evaluate(weight["by"]["tree"], names, memory)
    return weight["unknown"] if number is None else min(max(number, weight["low"]), weight["high"])


def progress(book: Book, layer: Layer, chain: Chain, base: float, lot: Lot, *, whole: bool = True) -> float:
    """Lots after the progression and its caps (R10)."""
    rule = layer.terms.spec.get("progression")
    if rule is None:
        return base
    doublings = min(chain.losses, rule["max_doublings"])
    lots = base * 2**doublings
    if rule["mode"] == "add":
        lots = base * (2 ** (doublings + 1) - 1)
    if rule["mode"] == "recoup":
        # Without a gain to come, no number of lots recoups.
        more = chain.deficit / lot.earns if lot.earns > 0 else 0.0
        more = ceil(more - LOT_TOLERANCE) if whole and lot.earns > 0 else more
        lots = min(base + more, base * 2 ** rule["max_doublings"])
    if rule.get("max_lots") is not None:
        lots = min(lots, rule["max_lots"])
    if rule.get("max_margin_share") is not None:
        room = rule["max_margin_share"] * book.nav() - book.requirement(book.ledger(layer))
        lots = min(lots, max(0, lots_of(room, lot.risk, whole=whole)))
    return lots


def buffered(book: Book, layer: Layer, lots: float, lot: Lot, *, whole: bool = True) -> float:
    """At most what leaves the buffer free (R19)."""
    buffer = layer.terms.spec["size"].get("buffer", 0.0)
    if not buffer or lot.risk <= lot.brings:
        return lots
    room = book.free(book.ledger(layer)) - buffer * book.nav()
    return min(lots, max(0, lots_of(room, lot.risk - lot.brings, whole=whole)))


def lots_of(dollars: float, unit: float, *, whole: bool) -> float:
    """How many lots of `unit` dollars fit; without limit where a lot takes nothing."""
    if unit <= 0:
        return inf
    return floor(dollars / unit + LOT_TOLERANCE) if whole else dollars / unit
