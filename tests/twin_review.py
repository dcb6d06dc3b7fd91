"""What a review of the twin finds beyond the band of a hedge layer (R40, R82)."""

from math import floor

from twin_book import Book
from twin_layer import Layer, Terms, Tranche
from twin_size import LOT_TOLERANCE


def review(book: Book, layer: Layer) -> None:
    """Note for each tranche of a layer how many lots the next session sells, the nearest expiry first."""
    size = layer.terms.spec["size"]
    held = [(each, each.held[slot]) for each in layer.family() for slot in sorted(each.held)]
    for _, t in held:
        t.trim = 0.0
    if not size.get("review") or book.ruined:
        return
    core = [(other.terms, t, left(other, t) * other.terms.dpp) for other, t in book.held(hedge=False)]
    base = {
        "core_vega": lambda: -sum(book.sensitivity(of, t) * lots for of, t, lots in core),
        "core_notional": lambda: sum(t.risk * lots for _, t, lots in core),
        "core_max_loss": lambda: sum(t.risk * lots for _, t, lots in core),
        "core_index_notional": lambda: sum(lots for _, _, lots in core),
        "lots": lambda: 1.0,
    }[size["target"]]()
    if not base > 0:
        return
    wanted = size["value"] * size.get("multiplier", 1.0) * layer.factor * layer.share() * base
    unit = {
        "core_vega": lambda terms, t: vega(book, layer, terms, t),
        "core_notional": lambda terms, t: max(0.0, -t.credit) * terms.dpp,
        "core_max_loss": lambda terms, t: t.value * terms.dpp,
        "core_index_notional": lambda terms, _: terms.dpp,
        "lots": lambda terms, _: terms.dpp / layer.terms.dpp,
    }[size["target"]]
    excess = sum(unit(each.terms, t) * left(each, t) for each, t in held if left(each, t) > 0) - wanted
    if not excess > size.get("band", 0.0) * wanted:
        return
    for each, t in sorted(held, key=lambda pair: pair[1].expiry):
        most, worth = left(each, t), unit(each.terms, t)
        if most > 0 and worth > 0:
            t.trim = min(max(0.0, floor(excess / worth + LOT_TOLERANCE)), most)
            excess -= t.trim * worth


def vega(book: Book, layer: Layer, terms: Terms, t: Tranche) -> float:
    """Dollars per VIX point and lot, with what is sold against it."""
    own = book.sensitivity(terms, t) * terms.dpp
    sold = layer.short.held.get(t.slot) if layer.short else None
    if sold is None:
        return own
    return own + sold.lots / t.lots * book.sensitivity(layer.short.terms, sold) * layer.short.terms.dpp


def left(layer: Layer, t: Tranche) -> float:
    """Lots that exits, rolls and partial sales of this close leave."""
    if t.exit_due or t.roll_due:
        return 0.0
    return t.lots - max(0.0, due(layer, t))


def due(layer: Layer, t: Tranche) -> float:
    """Lots that the rungs and the press reached so far want sold and that are not yet, at most those held."""
    rungs = (layer.terms.spec.get("monetise") or [])[: t.rungs]
    press = layer.terms.spec["press"]["sell"] if t.pressed else 0.0
    wanted = floor((sum(rung["sell"] for rung in rungs) + press) * t.bought + LOT_TOLERANCE)
    return min(wanted - (t.bought - t.lots), t.lots)
