"""The bounds of a chain a second time: every combination of live quotes tried, one by one."""

import math
from itertools import combinations, permutations

LIVE = {"ok", "below_intrinsic", "not_monotone", "zero_bid"}


class Quote:
    """One quote that can be traded; `bid` is None where there is none."""

    def __init__(self, row):
        self.right, self.strike, self.ask = row["right"], row["strike"], row["ask"]
        self.bid = row["bid"] or None
        self.expiration = row["expiration"]

    @property
    def name(self):
        return self.right, self.strike, self.expiration


def series(quotes):
    """Live quotes by expiration and right."""
    found = {}
    for row in quotes.iter_rows(named=True):
        if row["status"] in LIVE:
            found.setdefault((row["expiration"], row["right"]), []).append(Quote(row))
    return found


def edge(bought, sold, value=0.0):
    """What the legs earn, None where a bid lacks; legs are (quote, how many)."""
    if any(quote.bid is None for quote, _ in sold):
        return None
    return value + sum(n * quote.bid for quote, n in sold) - sum(n * quote.ask for quote, n in bought)


def every(quotes, table, rate):
    """Yield (kind, names bought, names sold, edge) of every trade, `table` having forward and discount."""
    told = {row["expiration"]: row for row in table.iter_rows(named=True)}
    for terms in told.values():
        if terms["discount"] is None:
            terms["discount"] = math.exp(-rate * terms["days"] / 365)
    by_series = series(quotes)
    for (expiration, right), held in by_series.items():
        terms = told[expiration]
        yield from _vertical(held, right, terms["discount"])
        yield from _butterfly(held)
        if right == "C" and terms["forward"] is not None:
            yield from _pairs(held, by_series.get((expiration, "P"), []), terms)
    for right in "CP":
        told = {day: terms for day, terms in told.items() if terms["forward"] is not None}
        for near, far in zip(sorted(told)[:-1], sorted(told)[1:], strict=True):
            held = by_series.get((near, right), []), by_series.get((far, right), [])
            yield from _calendar(*held, told[near], told[far])


def _vertical(held, right, discount):
    for a, b in permutations(held, 2):
        worth_more = a.strike < b.strike if right == "C" else a.strike > b.strike
        least = 0.0 if worth_more else -discount * abs(a.strike - b.strike)
        yield "vertical", (a,), (b,), edge([(a, 1)], [(b, 1)], least)


def _butterfly(held):
    for low, middle, high in combinations(sorted(held, key=lambda quote: quote.strike), 3):
        share = (high.strike - middle.strike) / (high.strike - low.strike)
        yield "butterfly", (low, high), (middle,), edge([(low, share), (high, 1 - share)], [(middle, 1)])


def _pairs(calls, puts, terms):
    puts = {put.strike: put for put in puts}
    pairs = [(call, puts[call.strike]) for call in calls if call.strike in puts]
    discount, forward = terms["discount"], terms["forward"]
    for call, put in pairs:
        carried = discount * (forward - call.strike)
        yield "conversion", (put,), (call,), edge([(put, 1)], [(call, 1)], -carried)
        yield "reversal", (call,), (put,), edge([(call, 1)], [(put, 1)], carried)
    for (call, put), (other_call, other_put) in permutations(pairs, 2):
        width = discount * (other_call.strike - call.strike)
        legs = [(call, 1), (other_put, 1)], [(put, 1), (other_call, 1)]
        yield "box", (call, other_put), (put, other_call), edge(*legs, width)


def _calendar(near, far, terms, terms_far):
    ratio = terms_far["forward"] / terms["forward"]
    many = terms["discount"] / terms_far["discount"] / ratio
    for sold in near:
        at = sold.strike * ratio
        for low in far:
            if low.strike == at:
                yield "calendar", (low,), (sold,), edge([(low, many)], [(sold, 1)])
        for low, high in permutations(far, 2):
            if low.strike < at < high.strike:
                share = (high.strike - at) / (high.strike - low.strike)
                legs = [(low, many * share), (high, many * (1 - share))]
                yield "calendar", (low, high), (sold,), edge(legs, [(sold, 1)])


def best(trades, least=1e-9):
    """The best edge of each side of each kind, {(kind, "bought" or "sold", names): edge}, above `least`.

    Of a butterfly and a calendar only what is sold is a key: the best wings are told for it.
    """
    found = {}
    for kind, bought, sold, earned in trades:
        if earned is None or earned <= least:
            continue
        sides = {"sold": sold} if kind in {"butterfly", "calendar"} else {"bought": bought, "sold": sold}
        if kind == "box":  # the strike whose synthetic forward is bought, and the one sold
            sides = {"bought": bought[:1], "sold": sold[1:]}
        for side, quotes in sides.items():
            key = (kind, side, *(quote.name for quote in quotes))
            found[key] = max(found.get(key, 0.0), earned)
    return found
