"""Where SPX must settle for what a book has sold, before and after what a decision orders (R8)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

import polars as pl

from alvh.advice.orders import EPOCH, decided
from alvh.break_evens import zone
from alvh.contracts import contract
from alvh.playbook import Arm

__all__ = ["BREAK_EVENS", "break_evens_of"]

BREAK_EVENS: Final = pl.Schema(
    {
        "layer": pl.String(),
        "expiry": pl.Date(),
        "lots": pl.Float64(),
        "lower": pl.Float64(),
        "upper": pl.Float64(),
        "lower_hedged": pl.Float64(),
        "upper_hedged": pl.Float64(),
        "lower_after": pl.Float64(),
        "upper_after": pl.Float64(),
    }
)
"""A row per tranche of the core that is held, then per one that is opened, SPX points; null: no break-even.

`lower` and `upper` by its own credit, `…_hedged` with what the hedges that are held have cost, spread over
the lots of the core; `…_after` with what the orders pay and bring in for hedges as well, null of what they
close."""

SETTLES: Final = frozenset({"settle", "settle_short"})

LESSENS: Final = frozenset({"close", "reduce", "monetise", "resize", "settle"})


def break_evens_of(
    arm: Arm, decision: Mapping[str, Any], events: Iterable[Mapping[str, Any]]
) -> pl.DataFrame:
    """Return the break-evens of a decision's core before and after its orders; columns are `BREAK_EVENS`.

    Credits are after slips and before fees, as they stand in a book. What hedges brought and lost earlier is
    not part of a book, and not counted; nor is what they are worth beyond what they cost.
    """
    told = list(zip(arm.layers, decision["layers"], strict=True))
    paid = math.fsum(
        held["credit"] * held["lots"] * contract(layer.products[held["other"]]).dollars_per_point
        for layer, each in told
        if layer.role == "hedge"
        for held in each["held"]
    )
    listed = [event for event in events if event["layer"] is not None]
    listed = [event for event in listed if event["event"] not in LESSENS or decided(decision, event)]
    traded = math.fsum(
        event["cash"]
        for event in listed
        # What settles brings what the next session makes of it: nobody orders it, and nobody knows it.
        if arm.layers[event["layer"]].role == "hedge" and event["event"] not in SETTLES
    )
    core = [
        (index, held)
        for index, (layer, each) in enumerate(told)
        if layer.role == "core"
        for held in each["held"]
    ]
    opened = [e for e in listed if e["event"] == "open" and arm.layers[e["layer"]].role == "core"]
    closed: dict[tuple[int, int], float] = {}
    for event in listed:
        if event["event"] in LESSENS:
            place = event["layer"], event["slot"]
            closed[place] = closed.get(place, 0.0) + event["lots"]
    left = [held["lots"] - closed.get((index, held["slot"]), 0.0) for index, held in core]
    before = math.fsum(held["lots"] for _, held in core)
    after = math.fsum(left) + math.fsum(event["lots"] for event in opened)
    rows = []
    for (index, held), lots in zip(core, left, strict=True):
        of = arm.layers[index], held["strikes"], held["credit"]
        rows.append(
            (
                arm.layers[index].name,
                EPOCH + timedelta(held["expiry_day"]),
                held["lots"],
                *_ends(*of, 0.0),
                *_ends(*of, paid / before),
                *(_ends(*of, (paid + traded) / after) if lots > 0.0 else (None, None)),
            )
        )
    for event in opened:
        layer = arm.layers[event["layer"]]
        of = layer, event["strikes"], event["price"]
        expiry = EPOCH + timedelta(event["expiry_day"])
        ends = _ends(*of, (paid + traded) / after)
        rows.append((layer.name, expiry, event["lots"], *_ends(*of, 0.0), None, None, *ends))
    return pl.DataFrame(rows, schema=BREAK_EVENS, orient="row")


def _ends(
    layer: Any, strikes: list[float], credit: float, carried: float
) -> tuple[float | None, float | None]:
    """Return both ends for one lot: `credit` points, `carried` dollars a lot."""
    points = contract(layer.product).dollars_per_point
    lower, upper, _ = zone(strikes, layer.spec()["legs"], credit * points + carried, points)
    return lower, upper
