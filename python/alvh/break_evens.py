"""Where the index must stand at expiry for a condor to break even, before and after what moves that.

R8: openings, hedges, rolls; R11: chains of doubling; R62: what a ledger bears.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import polars as pl

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "tick": pl.Int64,
    "date": pl.Date,
    "event": pl.String,
    "by": pl.String,
    "layer": pl.String,
    "slot": pl.Int64,
    "expiry": pl.Date,
    "lots": pl.Float64,
    "notional": pl.Float64,
    "carried": pl.Float64,
    "lower_before": pl.Float64,
    "upper_before": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "best": pl.Float64,
}
"""Columns of the break-evens of a path."""

Of = Literal["tranche", "ledger", "book"]


@dataclass
class _Held:
    """A tranche of the core that is open."""

    expiry: Any
    strikes: Sequence[float]
    lots: float
    cash: float
    """Dollars received for the lots still open."""
    carried: float
    """Dollars that it has to make up for (negative) beside its own credit."""


def break_evens(
    events: pl.DataFrame,
    layers: Sequence[Mapping[str, Any]],
    point_value: Mapping[str, float],
    of: Of,
    *,
    commingled: bool = False,
) -> pl.DataFrame:
    """Return the break-evens of every core tranche of SPX options after each event that moves them.

    `events` are those of a trace, `layers` the book's descriptions, `point_value` dollars per SPX point and
    lot by product; `commingled` says that one ledger keeps them all. What hedges cost and brought is spread,
    at each fill, over the tranches then open by their lots.
    """
    by_name = {layer["name"]: layer for layer in layers}
    sold = {name for name, layer in by_name.items() if layer["role"] == "core" and layer["legs"]}
    apart = {layer["ledger"] for name, layer in by_name.items() if name not in sold and not commingled}
    apart -= {by_name[name]["ledger"] for name in sold}
    shared = {
        name
        for name, layer in by_name.items()
        if name not in sold and (of == "book" or (of == "ledger" and layer["ledger"] not in apart))
    }
    held: dict[tuple[str, int], _Held] = {}
    deficit: dict[tuple[str, int], float] = {}
    rows: list[dict[str, Any]] = []

    def ends(key: tuple[str, int]) -> tuple[float | None, float | None, float]:
        layer = by_name[key[0]]
        return _roots(held[key], layer["legs"], point_value[layer["product"]])

    def told(
        event: Mapping[str, Any], key: tuple[str, int], before: tuple[float | None, float | None]
    ) -> None:
        tranche, (lower, upper, best) = held[key], ends(key)
        rows.append(
            {
                **{name: event[name] for name in ("tick", "date", "event")},
                "by": event["layer"],
                "layer": key[0],
                "slot": key[1],
                "expiry": tranche.expiry,
                "lots": tranche.lots,
                "notional": tranche.lots
                * _width(tranche.strikes, by_name[key[0]]["legs"])
                * point_value[by_name[key[0]]["product"]],
                "carried": tranche.carried,
                "lower_before": before[0],
                "upper_before": before[1],
                "lower": lower,
                "upper": upper,
                "best": best,
            }
        )

    for event in events.iter_rows(named=True):
        name, kind, lots = event["layer"], event["event"], event["lots"]
        if name in sold:
            key = (name, event["slot"])
            if kind == "open":
                carried = deficit.get(key, 0.0) if of != "tranche" else 0.0
                held[key] = _Held(event["expiry"], event["strikes"], lots, event["cash"], carried)
                told(event, key, (None, None))
            elif kind in {"close", "reduce", "monetise", "settle"} and key in held:
                _fold(deficit, key, event["pnl"], chained=by_name[name]["progression"] is not None)
                tranche = held[key]
                left = tranche.lots - lots
                if left <= 0.0:
                    del held[key]
                    continue
                before = ends(key)[:2]
                tranche.cash *= left / tranche.lots
                tranche.carried += event["pnl"] if of != "tranche" else 0.0
                tranche.lots = left
                told(event, key, before)
        elif name in shared and event["cash"] and held:
            total = sum(tranche.lots for tranche in held.values())
            for key, tranche in held.items():
                before = ends(key)[:2]
                tranche.carried += event["cash"] * tranche.lots / total
                told(event, key, before)
    return pl.DataFrame(rows, schema=SCHEMA)


def _fold(deficit: dict[tuple[str, int], float], key: tuple[str, int], pnl: float, *, chained: bool) -> None:
    """Add to what a chain has lost since its last win; a win ends it, as in the progression (R10)."""
    if chained:
        deficit[key] = 0.0 if pnl >= 0.0 else deficit.get(key, 0.0) + pnl


def _width(strikes: Sequence[float], legs: Sequence[Mapping[str, Any]]) -> float:
    """Return the widest of its wings: what a lot can lose before credit, SPX points."""
    levels = [0.0, *strikes, 2.0 * max(strikes)]
    return -min(_payoff(level, strikes, legs) for level in levels)


def _payoff(level: float, strikes: Sequence[float], legs: Sequence[Mapping[str, Any]]) -> float:
    return sum(
        float(leg["ratio"]) * max(level - strike if leg["right"] == "C" else strike - level, 0.0)
        for leg, strike in zip(legs, strikes, strict=True)
    )


def _roots(
    tranche: _Held, legs: Sequence[Mapping[str, Any]], value: float
) -> tuple[float | None, float | None, float]:
    """Return the ends of the zone around the best level in which nothing is lost, and what is earned at best.

    The profit at expiry is linear between strikes, so both ends are exact.
    """
    fixed, unit = tranche.cash + tranche.carried, value * tranche.lots
    ends = [0.0, *sorted(tranche.strikes), 2.0 * max(tranche.strikes)]
    profit = [fixed + unit * _payoff(level, tranche.strikes, legs) for level in ends]
    best = max(profit)
    if best < 0.0:
        return None, None, best
    top = profit.index(best)
    return (
        _crossing(ends[top::-1], profit[top::-1]),
        _crossing(ends[top:], profit[top:]),
        best,
    )


def _crossing(ends: Sequence[float], profit: Sequence[float]) -> float | None:
    """Return the first level at which the profit falls below 0; None where it never does."""
    for (a, b), (high, low) in zip(pairwise(ends), pairwise(profit), strict=True):
        if low < 0.0:
            return a + (b - a) * high / (high - low)
    return None
