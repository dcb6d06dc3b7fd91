"""What a roll of the twin trades, and whether it costs too much (R58, R83)."""

from math import nan
from typing import Any

from twin_book import Book
from twin_layer import Layer, Tranche
from twin_surface import SESSION_YEAR
from twin_trade import Trader


def weigh(trader: Trader) -> None:
    """Take back the rolls that cost too much at the quotes of their fill; note what the others trade."""
    for layer in trader.book.shown:
        rolled = [(each, t) for each in layer.family() for t in each.held.values() if t.roll_due]
        limits = layer.terms.spec.get("roll_limits")
        lapsed = limits and layer.roll_ordered  # what settled before its fill was not weighed
        if not layer.terms.flat or not (rolled or lapsed):
            continue
        for each, t in rolled if limits else ():
            offered = trader.package(each, -1)
            if offered is None or dear(trader.book, each, t, offered[0], limits):
                t.roll_due = False
                trader.record.count("rolls_kept")
        done = [(each, t) for each, t in rolled if t.roll_due]
        if done:
            layer.rolled = mean(trader.book, done)
            continue
        layer.roll_ordered = False
        if layer.adding == layer.bought:
            for each in layer.family():
                each.pending = None


def dear(book: Book, layer: Layer, old: Tranche, new: Tranche, limits: dict[str, Any]) -> bool:
    """Does a roll cost more than a limit allows, or is it unknown what it costs?"""
    most = limits.get("extrinsic_per_day")
    if most is not None and not a_day(book, layer, new) <= most * a_day(book, layer, old):
        return True
    most = limits.get("forward_variance")
    sold, forward = variances(book, layer, old.expiry, new.expiry)
    return most is not None and not forward <= most * sold


def a_day(book: Book, layer: Layer, t: Tranche) -> float:
    """Time value of a unit over its calendar days."""
    market, terms = book.market, layer.terms
    quotes = market.at(terms.product, book.tick, t.expiry, since=t.entry_tick)
    forward = quotes.future if terms.product.vix else quotes.forward
    intrinsic = quotes.discount * terms.payoff(t.strikes, forward)
    days = market.days(book.tick, t.expiry)
    return (terms.value(t.strikes, quotes) - intrinsic) / (days * market.shares(terms.product, t.entry_tick))


def variances(book: Book, layer: Layer, old: int, new: int) -> tuple[float, float]:
    """Variances a year of SPX until one expiry, and from there until another."""
    market, product = book.market, layer.terms.product
    n, m = (market.sessions(product, book.tick, expiry) for expiry in (old, new))
    if not 0 < n < m:
        return nan, nan
    near, far = (market.surface.smile(book.state, each).theta for each in (n, m))
    return near / n * SESSION_YEAR, (far - near) / (m - n) * SESSION_YEAR


def mean(book: Book, rolled: list[tuple[Layer, Tranche]]) -> tuple[float, float]:
    """Variances of several tranches rolled at once, by their dollars a point."""
    each, sizes = [], [t.lots * layer.terms.dpp for layer, t in rolled]
    for layer, t in rolled:
        terms, now = layer.terms, book.market.session(book.tick)
        new = book.market.calendar.expiry(terms.spec["product"], terms.spec["days"], now, **terms.after)
        each.append((nan, nan) if new is None else variances(book, layer, t.expiry, new))
    pairs = list(zip(sizes, each, strict=True))
    sold, forward = (sum(size * found[i] for size, found in pairs) / sum(sizes) for i in (0, 1))
    return sold, forward
