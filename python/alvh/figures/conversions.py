"""Conversions inside layers: what pairs at the strikes of openings miss parity by, reported (R80)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from alvh.break_evens import LESSENS, SHORT

__all__ = ["conversions"]

_SCHEMA: dict[str, Any] = {
    "tick": pl.Int64,
    "date": pl.Date,
    "layer": pl.String,
    "slot": pl.Int64,
    "expiry": pl.Date,
    "strike": pl.Float64,
    "right": pl.String,
    "lots": pl.Float64,
    "residual": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "net": pl.Float64,
    "held": pl.Float64,
    "source": pl.String,
}

RECORDED, ONE_SIDED, MODEL = "recorded", "not quoted on both sides", "model: parity holds"

_MODELLED = {"residual": 0.0, "low": None, "high": None, "net": 0.0, "source": MODEL}

_TOLD = ("tick", "date", "layer", "slot", "expiry")

Book = dict[tuple[str, date, float, str], float]
"""Signed contracts by product, expiry, strike and right."""

Tranche = tuple[str, date, list[tuple[float, str, int]]]
"""Product, expiry, and of each leg strike, right and contracts a lot."""

Slices = Mapping[tuple[date, date], Mapping[str, Any]]
"""Day and expiry to the recorded slice: `forward`, `discount`, and `puts` and `calls` by strike."""


def conversions(
    events: pl.DataFrame,
    layers: Sequence[Mapping[str, Any]],
    slices: Slices,
    recorded: str | None,
) -> pl.DataFrame:
    """Return, per leg of every opening, what call and put at its strike miss put-call parity by.

    Parameters
    ----------
    events : DataFrame
        Of a trace.
    layers : sequence of mapping
        The book's layers as the engine reads them: `name`, `product`, `legs` with `right` and `ratio`.
    slices : mapping
        What was recorded.
    recorded : str or None
        Product whose quotes were.

    Returns
    -------
    DataFrame
        `tick`, `date`, `layer`, `slot`, `expiry`, `strike`, `right` and `lots` of the leg, sold negative;
        `residual`, C - P - D (F - K) at the mids of that close, points; `low` and `high`, the same where the
        pair is sold and bought at its quotes; `net`, how far 0 lies outside of them; `held`: pairs of call
        and put at that strike and expiry that all layers together then hold against each other: a long call
        and a short put (above 0) are a long forward, which a short one makes a reversal; the other way
        round (below 0) a conversion; `source`: "recorded", "not quoted on both
        sides", or the model, whose prices keep parity.
    """
    named = {layer["name"]: layer for layer in layers}
    book: Book = {}
    tranches: dict[tuple[str, int], Tranche] = {}
    rows: list[dict[str, Any]] = []
    for event in events.iter_rows(named=True):
        layer = named.get(event["layer"])
        if layer is None or not layer["legs"]:
            continue
        sold = event["event"] in SHORT
        key = (event["layer"], -1 - event["slot"] if sold else event["slot"])
        if event["event"] in {"open", "write"}:
            described = [{"right": "C", "ratio": -1}] if sold else layer["legs"]
            legs = [
                (strike, leg["right"], leg["ratio"])
                for leg, strike in zip(described, event["strikes"], strict=True)
            ]
            product = event["product"]  # of several that the layer may trade (R42)
            tranches[key] = (product, event["expiry"], legs)
            _add(book, tranches[key], event["lots"])
            at = (event["date"], event["expiry"])
            for strike, right, ratio in legs:
                quoted = _recorded(slices.get(at), strike) if product == recorded else _MODELLED
                held = _held(book, product, event["expiry"], strike)
                lots = ratio * event["lots"]
                own = {"strike": strike, "right": right, "lots": lots, "held": held}
                rows.append({**{name: event[name] for name in _TOLD}, **own, **quoted})
        elif event["event"] in LESSENS | SHORT and key in tranches:
            _add(book, tranches[key], -event["lots"])
    return pl.DataFrame(rows, schema=_SCHEMA)


def _add(book: Book, tranche: Tranche, lots: float) -> None:
    product, expiry, legs = tranche
    for strike, right, ratio in legs:
        place = (product, expiry, strike, right)
        book[place] = book.get(place, 0.0) + ratio * lots


def _held(book: Book, product: str, expiry: date, strike: float) -> float:
    """Return the pairs that are held against each other: reversals, or less than 0 conversions."""
    call, put = (book.get((product, expiry, strike, right), 0.0) for right in "CP")
    return min(abs(call), abs(put)) * (1.0 if call > 0.0 else -1.0) if call * put < 0.0 else 0.0


def _recorded(quotes: Mapping[str, Any] | None, strike: float) -> dict[str, Any]:
    nothing = dict.fromkeys(("residual", "low", "high", "net"))
    if quotes is None:
        return {**nothing, "source": ONE_SIDED}
    call, put = (quotes[side].get(strike) for side in ("calls", "puts"))
    if call is None or put is None:
        return {**nothing, "source": ONE_SIDED}
    residual = call[0] - put[0] - quotes["discount"] * (quotes["forward"] - strike)
    spread = call[1] + put[1]
    low, high = residual - spread, residual + spread
    net = max(low, 0.0) + min(high, 0.0)
    return {"residual": residual, "low": low, "high": high, "net": net, "source": RECORDED}
