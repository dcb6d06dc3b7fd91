"""The short legs of diagonals of the twin: nearer calls sold against those that a layer holds."""

from math import floor, inf
from typing import TYPE_CHECKING, Any

from twin_book import Book
from twin_layer import Layer, Tranche
from twin_rules import Value, evaluate
from twin_size import LOT_TOLERANCE
from twin_strikes import nearest

if TYPE_CHECKING:
    from twin_trade import Trader


def allow(layer: Layer, names: dict[str, Value]) -> None:
    """At a close: may something be sold at the next fill?"""
    if layer.short is not None:
        rule = layer.terms.spec["short"].get("when")
        layer.short.may = rule is None or evaluate(rule["tree"], names, layer.memory) is True


def order(book: Book, layer: Layer) -> None:
    """At a close: against which tranches another call is to be sold."""
    if layer.short is None or not (layer.short.may and layer.terms.spec["short"]["again"]):
        return
    fill = book.market.session(book.tick) + 1
    layer.short.orders = {
        t.slot
        for t in layer.held.values()
        if not (t.exit_due or t.roll_due or book.ruined or t.slot in layer.short.held)
        and expiry(book, layer, t, fill) is not None
    }


def expiry(book: Book, layer: Layer, long: Tranche, fill: int) -> int | None:
    """That of the call which would be sold, if it is nearer than that of the call which covers it."""
    spec = layer.short.terms.spec
    found = book.market.calendar.expiry(spec["product"], spec["days"], fill)
    return found if found is not None and found < long.expiry else None


def on_offer(book: Book, layer: Layer, long: Tranche) -> tuple[Tranche, float] | None:
    """The call that may be sold against a tranche, and its slip, if it brings more than its fees."""
    if layer.short is None or not layer.short.may:
        return None
    terms, market = layer.short.terms, book.market
    expires = expiry(book, layer, long, market.session(book.tick))
    if expires is None:
        return None
    quotes = market.at(terms.product, book.tick, expires)
    chosen = [strike(layer, long.strikes[0], quotes)]
    value = terms.value(chosen, quotes)
    slip = terms.slip(chosen, quotes, book.vix(), terms.order_share)
    credit = -value - slip
    if credit * terms.dpp <= terms.fees:
        return None
    return Tranche(long.slot, expires, chosen, 0.0, 0.0, credit, book.tick, book.state.spot, value), slip


def strike(layer: Layer, cover: float, quotes: Any) -> float:
    """Listed, and above the one that covers it."""
    rule, contract = layer.short.terms.spec["legs"][0]["strike"], layer.terms.contract
    step = contract.grid(cover)
    if rule["by"] == "offset":
        return cover + step * max(nearest(rule["width"]["points"] / step), 1)
    raw = quotes.delta_strike(1.0, rule["value"])
    found = contract.grid(raw) * nearest(raw / contract.grid(raw))
    return found if found > cover else cover + step


def write(trader: "Trader", layer: Layer, slot: int) -> None:
    """Sell against what a slot holds."""
    book, long = trader.book, layer.held[slot]
    offered = on_offer(book, layer, long)
    if offered is None:
        return
    (t, slip), short = offered, layer.short
    wanted = layer.terms.spec["short"]["share"] * long.lots
    lots = floor(min(wanted, room(book, short, t, slip)) + LOT_TOLERANCE)
    if lots >= 1 and not trader.blocked(short, t, lots):
        trader.fill(short, t, lots, slip)


def room(book: Book, short: Layer, t: Tranche, slip: float) -> float:
    """Lots that the funds of the ledger bear: covered shorts ask for nothing but under portfolio margin."""
    if book.moves is None:
        return inf
    ledger, terms = book.ledger(short), short.terms
    held = [book.lot(each.terms, one).times(one.lots) for each, one in book.held(ledger=ledger)]
    funds, cost = book.available(ledger) - book.stress(ledger), slip * terms.dpp + terms.fees
    return book.moves.room(held, book.lot(terms, t), cost, funds, joint=book.joint)


def write_again(trader: "Trader", layer: Layer) -> None:
    """Sell against what was held at the last close and still is."""
    if layer.short is not None:
        orders, layer.short.orders = layer.short.orders, set()
        for slot in sorted(orders & set(layer.held)):
            write(trader, layer, slot)


def uncovered(layer: Layer, slot: int, left: float) -> float:
    """Lots sold that so many lots of the slot would not cover."""
    if layer.short is None or slot not in layer.short.held:
        return 0.0
    most = floor(layer.terms.spec["short"]["share"] * left + LOT_TOLERANCE)
    return max(0.0, layer.short.held[slot].lots - most)


def buy_back(trader: "Trader", layer: Layer, slot: int, share: float) -> None:
    """What the lots that are left no longer cover goes in the same fill."""
    left = layer.held[slot].lots if slot in layer.held else 0.0
    if lots := uncovered(layer, slot, left):
        t = layer.short.held[slot]
        trader.close(layer.short, t, share, by_rule=True, lots=lots)
