"""What a review of the twin finds beyond the band of a hedge layer (R40, R82)."""

from math import floor

from twin_book import Book
from twin_layer import Layer, Tranche
from twin_size import LOT_TOLERANCE


def review(book: Book, layer: Layer) -> None:
    """Note for each tranche of a layer how many lots the next session sells, the nearest expiry first."""
    size, terms = layer.terms.spec["size"], layer.terms
    for t in layer.held.values():
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
    wanted = size["value"] * size.get("multiplier", 1.0) * layer.factor * base
    unit = {
        "core_vega": lambda t: book.sensitivity(terms, t) * terms.dpp,
        "core_notional": lambda t: max(0.0, -t.credit) * terms.dpp,
        "core_max_loss": lambda t: t.value * terms.dpp,
        "core_index_notional": lambda _: terms.dpp,
        "lots": lambda _: 1.0,
    }[size["target"]]
    excess = sum(unit(t) * left(layer, t) for t in layer.held.values() if left(layer, t) > 0) - wanted
    if not excess > size.get("band", 0.0) * wanted:
        return
    for t in sorted(layer.held.values(), key=lambda t: (t.expiry, t.slot)):
        most = left(layer, t)
        if most > 0 and unit(t) > 0:
            t.trim = min(max(0.0, floor(excess / unit(t) + LOT_TOLERANCE)), most)
            excess -= t.trim * unit(t)


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
