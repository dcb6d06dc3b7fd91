"""What is to be traded, leg by leg in lots, and what is not and why: from the events of a session."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from alvh.advice.book import per_lot
from alvh.contracts import contract
from alvh.playbook import Arm, Layer, MarginCalls

__all__ = ["ORDERS", "SKIPS", "orders", "skips"]

EPOCH: Final = date(1970, 1, 1)

ORDERS: Final = pl.Schema(
    {
        "order": pl.Int64(),
        "layer": pl.String(),
        "action": pl.String(),
        "side": pl.String(),
        "product": pl.String(),
        "right": pl.String(),
        "strike": pl.Float64(),
        "expiry": pl.Date(),
        "lots": pl.Float64(),
        "unrounded": pl.Float64(),
        "price": pl.Float64(),
        "net": pl.Float64(),
        "cash": pl.Float64(),
        "reason": pl.String(),
    }
)
"""A row per leg: equal `order`, one order. `lots` of shares of a fund: how many shares. `price` of the leg at
mid and `net` of the order, spread included, in product points a unit, received above 0; `cash` of the order
in dollars, after fees; `unrounded`, of an opening, its `lots` within all limits before they were made whole
(R42)."""

SKIPS: Final = pl.Schema({"layer": pl.String(), "event": pl.String(), "reason": pl.String()})
"""What did not happen: `event` is waits, skip, refuse, block, keep or withhold."""

OPENS: Final = "open"
SHORT: Final = {"write": "write", "buy_back": "buy back"}
"""What is done with the short leg of a diagonal."""
CLOSES: Final = {"close": "close", "reduce": "close", "monetise": "monetise", "resize": "resize"}
ACTED: Final = ("close", "reduce", "deposit")
CALLED: Final = ("margin call", "margin call of the sleeve")
NOT_DONE: Final = ("skip", "refuse", "block", "keep")


def orders(
    arm: Arm, decision: Mapping[str, Any], events: Iterable[Mapping[str, Any]], *, inside: bool = False
) -> pl.DataFrame:
    """Return the orders of a decision, as the events of the next session fill them; columns are `ORDERS`.

    `inside`: with what is closed on its mark inside that session, which nobody has decided yet.
    """
    rows: list[tuple[Any, ...]] = []
    number = 0
    listed = list(events)
    anew = {
        event["layer"]: EPOCH + timedelta(event["expiry_day"]) for event in listed if event["event"] == OPENS
    }
    for event in listed:
        kind = event["event"]
        if kind == "transfer":
            number += 1
            empty = (None,) * 9
            rows.append((number, None, "transfer", *empty, event["cash"], event["reason"]))
        if kind != OPENS and kind not in CLOSES and kind not in SHORT:
            continue
        marked = kind in CLOSES and event["minute"] is not None and not decided(decision, event)
        if marked and not inside:
            continue
        number += 1
        layer = arm.layers[event["layer"]]
        rolls = kind == "close" and event["reason"] == "roll"
        reason = _rolled(layer, decision["layers"][event["layer"]], event, anew) if rolls else event["reason"]
        if marked:
            reason = f"{reason}, minute {event['minute']} of the next session"
        action = "roll" if rolls else (CLOSES | SHORT).get(kind, kind)
        reason = _in_a_line(reason)
        rows.extend((number, layer.name, action, *leg, reason) for leg in _legs(layer, event))
    return pl.DataFrame(rows, schema=ORDERS, orient="row")


def skips(
    arm: Arm,
    decision: Mapping[str, Any],
    events: Iterable[Mapping[str, Any]],
    *,
    waiting: bool = True,
    call: bool = False,
    ruined: bool = False,
) -> pl.DataFrame:
    """Return what a decision did not open, roll or fill, and why; columns are `SKIPS`.

    `events` are those of the next session; `waiting`: tell layers whose calendar asks for nothing, too;
    `call`: a margin call stands; `ruined`: the book opens nothing any more.
    """
    rows: list[tuple[str | None, str, str]] = []
    for layer, told in zip(arm.layers, decision["layers"], strict=True):
        openings, _ = told["withheld"]
        rows.extend(
            (layer.name, "skip", f"{held['withdrawn']}: settles before the fill")
            for held in told["held"]
            if held["withdrawn"]
        )
        said = told["enter"]
        withheld = [(layer.name, "withhold", why) for why in _withheld(layer, told)]
        rows.extend(withheld)
        if told["open"]:
            continue
        if not told["due"]:
            if waiting and not withheld:
                rows.append(
                    (
                        layer.name,
                        "waits",
                        "it holds its position" if layer.trade.every == "flat" else "no opening is due",
                    )
                )
        elif ruined:
            rows.append((layer.name, "skip", "the book is ruined"))
        elif said is not None and not math.isclose(said, 1.0):
            why = "unknown: data are missing" if math.isnan(said) else "false"
            rows.append((layer.name, "skip", f"{_in_a_line(str(layer.enter))} is {why}"))
        elif openings:
            rows.append((layer.name, "withhold", f"opening: {openings}"))
    events = list(events)
    if call and not any(event["event"] in ACTED and event["reason"].endswith(CALLED) for event in events):
        calls = arm.calls or MarginCalls()
        why = (
            "it is held"
            if calls.policy == "hold"
            else f"it is met {calls.deadline} sessions after it opened, if it stands then"
        )
        rows.append((None, "skip", f"margin call: nothing is closed for it in the next session: {why}"))
    rows.extend(
        (arm.layers[event["layer"]].name, event["event"], event["reason"])
        for event in events
        if event["event"] in NOT_DONE
    )
    return pl.DataFrame(rows, schema=SKIPS, orient="row")


def _withheld(layer: Layer, told: Mapping[str, Any]) -> Iterator[str]:
    """Say which permits withhold a roll, and a further part of a layer that holds something."""
    openings, rolls = told["withheld"]
    if rolls and _due_to_roll(layer, told):
        yield f"roll: {rolls}"
    if openings and told["further"] is not None:
        yield f"part {told['further']} of {len(layer.tranches)}: {openings}"


def _due_to_roll(layer: Layer, told: Mapping[str, Any]) -> bool:
    below = layer.roll_below
    return below is not None and any(
        held["days"] < below and not held["exit"] and held["withdrawn"] != "close" for held in told["held"]
    )


def _legs(layer: Layer, event: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return side, product, right, strike, expiry, lots, unrounded, price, net, cash of each leg."""
    product = layer.products[event["other"]]
    row = contract(product)
    sign = 1 if event["event"] in {OPENS, "write"} else -1
    expiry = None if row.kind == "share" else EPOCH + timedelta(event["expiry_day"])
    legs = layer.legs_of(event["other"]) or [{"right": None, "ratio": 1}]
    strikes = event["strikes"] or [None] * len(legs)
    each = per_lot(product)
    shared = (_points(event["price"], row.index_fraction), event["cash"])
    return [
        (
            "buy" if sign * leg["ratio"] > 0 else "sell",
            product,
            leg["right"],
            None if strike is None else strike * row.index_fraction,
            expiry,
            event["lots"] * abs(leg["ratio"]) * each,
            None if math.isnan(event["unrounded"]) else event["unrounded"] * abs(leg["ratio"]) * each,
            _points(price, row.index_fraction),
            *shared,
        )
        for leg, strike, price in zip(legs, strikes, event["leg_prices"], strict=True)
    ]


def decided(decision: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Return whether a closing was decided at the close before, not on a mark inside the session."""
    if event["minute"] is None:
        return True
    held = decision["layers"][event["layer"]]["held"]
    return any(each["exit"] for each in held if each["slot"] == event["slot"])


def _in_a_line(text: str) -> str:
    """Return the text of a rule without its line breaks."""
    return " ".join(text.split())


def _points(value: float, fraction: float) -> float | None:
    return None if math.isnan(value) else value * fraction


def _rolled(layer: Layer, told: Mapping[str, Any], event: Mapping[str, Any], anew: Mapping[int, date]) -> str:
    """Say why a tranche is rolled (R83): days left, the bound of its layer, and to which expiry."""
    days = next(held["days"] for held in told["held"] if held["slot"] == event["slot"])
    opened = anew.get(event["layer"])
    to = "nothing is opened in its place" if opened is None else f"to {opened}"
    return f"roll: {days} days left, below {layer.roll_below}; {to}"
