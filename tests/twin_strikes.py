"""Strikes of the twin on the listed grid, leg by leg."""

from math import ceil, exp, floor
from typing import Any

from twin_layer import Terms
from twin_market import AnyQuotes
from twin_surface import CALENDAR_YEAR, State

LEAST_DELTA, MOST_DELTA, HALVINGS = 0.005, 0.5, 12  # of the delta at which a credit is sought


def strikes(terms: Terms, quotes: AnyQuotes, state: State, days: int) -> list[float] | None:
    """Strikes leg by leg; None where they make no package, or none that pays what it should (C1)."""
    goal = next((leg["strike"] for leg in terms.spec["legs"] if leg["strike"]["by"] == "credit"), None)
    if goal is None:
        return at_delta(terms, quotes, state, days, None)
    points = 1 / terms.contract.fraction
    delta = common_delta(terms, quotes, state, days, goal["value"] * points)
    chosen = at_delta(terms, quotes, state, days, delta)
    if chosen is None or goal.get("within") is None:
        return chosen
    low, high = goal["within"]
    return chosen if low * points <= -terms.value(chosen, quotes) <= high * points else None


def common_delta(terms: Terms, quotes: AnyQuotes, state: State, days: int, goal: float) -> float:
    """The delta of the shorts at which listed strikes pay nearest to the goal."""

    def credit(delta: float) -> float:
        chosen = at_delta(terms, quotes, state, days, delta)
        assert chosen is not None
        return -terms.value(chosen, quotes)

    low, high = LEAST_DELTA, MOST_DELTA
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if credit(middle) >= goal else (middle, high)
    return min((low, high), key=lambda delta: abs(credit(delta) - goal))


def at_delta(
    terms: Terms, quotes: AnyQuotes, state: State, days: int, common: float | None
) -> list[float] | None:
    """The same with the legs that are chosen by the credit at a common delta."""
    chosen: list[float] = []
    for (sign, _), leg in zip(terms.legs, terms.spec["legs"], strict=True):
        rule, contract = leg["strike"], terms.contract
        if rule["by"] in {"delta", "credit"}:
            raw = quotes.delta_strike(sign, rule["value"] if rule["by"] == "delta" else common)
            grid = contract.grid(raw)
            chosen.append(grid * nearest(raw / grid))
        elif rule["by"] == "expected_move":
            raw = centre(rule, quotes, state, days) + sign * move(rule, quotes, state)
            grid = contract.grid(raw)
            chosen.append(grid * (ceil(raw / grid) if sign > 0 else floor(raw / grid)))
        else:
            width, start = rule["width"], chosen[rule["from"]]
            points = (
                width["fraction"] * state.spot if "fraction" in width else width["points"] / contract.fraction
            )
            grid = contract.grid(start)
            chosen.append(start + sign * grid * max(nearest(points / grid), 1))
    puts = [k for (sign, _), k in zip(terms.legs, chosen, strict=True) if sign < 0]
    calls = [k for (sign, _), k in zip(terms.legs, chosen, strict=True) if sign > 0]
    crossed = bool(puts and calls) and max(puts) > min(calls)
    return None if crossed or min(chosen, default=1.0) <= 0 else chosen


def move(rule: dict[str, Any], quotes: AnyQuotes, state: State) -> float:
    """So many expected moves, points."""
    return rule["multiple"] * state.spot * quotes.smile.theta**0.5


def centre(rule: dict[str, Any], quotes: AnyQuotes, state: State, days: int) -> float:
    """What an expected move is centred on (R3)."""
    if rule["drift"] == "forward":
        return quotes.forward
    growth = state.rate + rule["erp"] - state.dividend_yield
    return state.spot * exp(growth * days / CALENDAR_YEAR)


def nearest(x: float) -> int:
    """Nearest integer, halves up."""
    return floor(x + 0.5)
