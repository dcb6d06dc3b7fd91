"""R64 of the twin: how liquid a ledger is, now or with one more tranche."""

from dataclasses import replace
from math import exp

from twin_book import Book
from twin_layer import Layer, Tranche
from twin_surface import State


def liquidity(
    book: Book, name: str, cash: float = 0.0, more: tuple[Layer, Tranche] | None = None
) -> float | None:
    """The ratio of a ledger, with further cash and a further tranche; missing where nothing is needed."""
    rule = book.liquidity or {}
    held = book.held(ledger=name) + ([more] if more else [])
    liquid, needed = book.ledgers[name].cash + cash, 0.0
    for layer, t in held:
        terms, dollars = layer.terms, t.lots * layer.terms.dpp
        risk = t.risk + book.margin(terms, t) if book.moves is None else 0.0
        needed += (risk + loss(book, layer, t)) * dollars
        liquid += (1 - rule["haircut"]) * max(0.0, terms.worth(t.value)) * dollars
    if book.moves is not None:
        needed += book.required(held)
    return liquid / needed if needed > 0 else None


def loss(book: Book, layer: Layer, t: Tranche) -> float:
    """Points that a unit loses in the one-day stress; bought options have their haircut."""
    if layer.terms.future:
        return layer.terms.contract.stress(t.value)
    if t.value >= 0:
        return 0.0
    there = stressed(book, (book.liquidity or {})["ln_move"])
    return max(0.0, t.value - book.value_in(layer.terms, t, there))


def stressed(book: Book, ln_move: float) -> State:
    """The state after the move; without factors SPX moves alone."""
    if book.market.shock is None:
        return replace(book.state, spot=book.state.spot * exp(ln_move))
    return book.market.shock.spot_move(book.state, ln_move)
