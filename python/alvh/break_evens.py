"""Where the index must stand at expiry for a condor to break even, before and after what moves that.

R8: openings, hedges, rolls; R11: chains of doubling; R62: what a ledger bears.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import polars as pl

from alvh.errors import SpecError

DAYS_PER_YEAR = 365.0

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

Key = tuple[str, int]
"""A layer by name, and a slot of it."""

LESSENS = frozenset({"close", "reduce", "monetise", "resize", "settle"})
"""Events after which fewer lots are held."""


SHORT = frozenset({"write", "buy_back", "settle_short"})
"""Events of the short legs of diagonals, which move cash as well."""


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
    realised: float = 0.0
    """Dollars of the parts that were closed already."""


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
    book = _Book({layer["name"]: layer for layer in layers}, point_value, of, commingled=commingled)
    for event in events.iter_rows(named=True):
        key = (event["layer"], event["slot"])
        if event["layer"] in book.sold:
            if event["event"] == "open":
                book.sell(event, key)
            elif event["event"] in LESSENS and key in book.held:
                book.lessen(event, key)
        elif event["layer"] in book.shared and event["event"] in {"open", *LESSENS, *SHORT}:
            book.hedge(event, key)
    return pl.DataFrame(book.rows, schema=SCHEMA)


def about_forwards(table: pl.DataFrame, ledger: pl.DataFrame, adjustment: float = 0.0) -> pl.DataFrame:
    """Return break-evens with the forward of their expiry and what dividends take off it (R79).

    Formula: F = S exp((r − q − a) τ), `dividends` = S exp(r τ) − F; τ calendar days over 365, S, r and q of
    the close of the event, a the `adjustment` of the yield, a year.

    Examples
    --------
    >>> from datetime import date
    >>> table = pl.DataFrame({"tick": [0], "expiry": [date(2025, 1, 1)], "lower": [90.0], "upper": [None]})
    >>> table = table.with_columns(pl.col("tick").cast(pl.Int64), pl.col("upper").cast(pl.Float64))
    >>> close = {"date": [date(2024, 1, 2)], "index": [100.0], "rate": [0.0], "dividend_yield": [0.02]}
    >>> told = about_forwards(table, pl.DataFrame(close | {"tick": [0]}))
    >>> told.select(pl.col("forward", "dividends", "lower_move").round(4)).row(0)
    (98.0199, 1.9801, -0.0818)
    """
    if not -1.0 < adjustment < 1.0:
        raise SpecError(f"dividend_adjustment = {adjustment}: added to the yield of a year, such as 0.001")
    closes = ledger.select(
        pl.col("tick").cast(pl.Int64), "index", "rate", "dividend_yield", _day=pl.col("date")
    )
    years = (pl.col("expiry") - pl.col("_day")).dt.total_days() / DAYS_PER_YEAR
    paid = pl.col("dividend_yield") + adjustment
    unpaid = pl.col("index") * (pl.col("rate") * years).exp()
    joined = table.join(closes, on="tick", how="left", maintain_order="left")
    joined = joined.with_columns(forward=unpaid * (-paid * years).exp())
    return joined.select(
        *table.columns,
        "forward",
        dividends=unpaid - pl.col("forward"),
        lower_move=pl.col("lower") / pl.col("forward") - 1.0,
        upper_move=pl.col("upper") / pl.col("forward") - 1.0,
    )


class _Book:
    """What is held while the events of a path are gone through, and what was told of it."""

    def __init__(
        self,
        layers: Mapping[str, Mapping[str, Any]],
        point_value: Mapping[str, float],
        of: Of,
        *,
        commingled: bool,
    ) -> None:
        self.layers, self.point_value, self.alone = layers, point_value, of == "tranche"
        self.sold = {name for name, layer in layers.items() if layer["role"] == "core" and layer["legs"]}
        hedges = {name: layer for name, layer in layers.items() if name not in self.sold}
        core = {layers[name]["ledger"] for name in self.sold}
        self.shared = {
            name
            for name, layer in hedges.items()
            if of == "book" or (of == "ledger" and (commingled or layer["ledger"] in core))
        }
        self.held: dict[Key, _Held] = {}
        self.lost: dict[Key, float] = {}
        self.paid: dict[Key, tuple[float, float]] = {}  # what opening a future cost, and its lots
        self.rows: list[dict[str, Any]] = []

    def sell(self, event: Mapping[str, Any], key: Key) -> None:
        carried = 0.0 if self.alone else -self.lost.get(self._chain(key), 0.0)
        self.held[key] = _Held(event["expiry"], event["strikes"], event["lots"], event["cash"], carried)
        self._tell(event, key, (None, None))

    def lessen(self, event: Mapping[str, Any], key: Key) -> None:
        tranche, before = self.held[key], self._ends(key)[:2]
        left, tranche.realised = tranche.lots - event["lots"], tranche.realised + event["pnl"]
        if left <= 0.0:
            del self.held[key]
            if self.layers[key[0]]["progression"] is not None:
                # As in the engine (R10): of the whole tranche, its parts together.
                chain = self._chain(key)
                self.lost[chain] = max(0.0, self.lost.get(chain, 0.0) - tranche.realised)
            return
        tranche.cash *= left / tranche.lots
        tranche.carried += 0.0 if self.alone else event["pnl"]
        tranche.lots = left
        self._tell(event, key, before)

    def hedge(self, event: Mapping[str, Any], key: Key) -> None:
        dollars = self._brought(event, key)
        lots = sum(tranche.lots for tranche in self.held.values())
        for core, tranche in self.held.items() if dollars else ():
            before = self._ends(core)[:2]
            tranche.carried += dollars * tranche.lots / lots
            self._tell(event, core, before)

    def _brought(self, event: Mapping[str, Any], key: Key) -> float:
        """Cash of a hedge's fill; a future pays by daily variation, which its P&L at the closing has."""
        if self.layers[key[0]]["legs"]:
            return float(event["cash"])
        if event["event"] == "open":
            self.paid[key] = (event["cash"], event["lots"])
            return float(event["cash"])
        cost, lots = self.paid[key]
        return float(event["pnl"] - cost * event["lots"] / lots)

    def _chain(self, key: Key) -> Key:
        """Chains of doubling are one per slot; a flat layer, which rotates through its slots, has one."""
        return (key[0], 0) if self.layers[key[0]]["every"] == "flat" else key

    def _value(self, key: Key) -> float:
        return self.point_value[self.layers[key[0]]["product"]]

    def _ends(self, key: Key) -> tuple[float | None, float | None, float]:
        return _roots(self.held[key], self.layers[key[0]]["legs"], self._value(key))

    def _tell(self, event: Mapping[str, Any], key: Key, before: tuple[float | None, float | None]) -> None:
        tranche, (lower, upper, best) = self.held[key], self._ends(key)
        width = _width(tranche.strikes, self.layers[key[0]]["legs"])
        self.rows.append(
            {
                **{name: event[name] for name in ("tick", "date", "event")},
                "by": event["layer"],
                "layer": key[0],
                "slot": key[1],
                "expiry": tranche.expiry,
                "lots": tranche.lots,
                "notional": tranche.lots * width * self._value(key),
                "carried": tranche.carried,
                "lower_before": before[0],
                "upper_before": before[1],
                "lower": lower,
                "upper": upper,
                "best": best,
            }
        )


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
    return zone(tranche.strikes, legs, tranche.cash + tranche.carried, value * tranche.lots)


def zone(
    strikes: Sequence[float], legs: Sequence[Mapping[str, Any]], fixed: float, unit: float
) -> tuple[float | None, float | None, float]:
    """Return the ends of the zone around the best level in which nothing is lost, and what is earned at best.

    The profit at expiry is linear between strikes, so both ends are exact.

    Parameters
    ----------
    strikes : sequence of float
        Of the legs, SPX points.
    legs : sequence of mapping
        `right` and `ratio` of each, as the engine reads them.
    fixed, unit : float
        Dollars that are earned whatever happens, and dollars per point.

    Examples
    --------
    >>> spread = [{"right": "P", "ratio": -1}, {"right": "P", "ratio": 1}]
    >>> zone([4700.0, 4600.0], spread, 450.0, 100.0)
    (4695.5, None, 450.0)
    """
    ends = [0.0, *sorted(strikes), 2.0 * max(strikes)]
    profit = [fixed + unit * _payoff(level, strikes, legs) for level in ends]
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
