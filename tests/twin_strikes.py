"""Strikes of the twin on the listed grid, leg by leg."""

from math import ceil, exp, floor
from typing import Any

from twin_layer import Terms
from twin_market import AnyQuotes
from twin_surface import CALENDAR_YEAR, State


def strikes(terms: Terms, quotes: AnyQuotes, state: State, days: int) -> list[float] | None:
    """Strikes leg by leg; None where they make no package."""
    chosen: list[float] = []
    for (sign, _), leg in zip(terms.legs, terms.spec["legs"], strict=True):
        rule, contract = leg["strike"], terms.contract
        if rule["by"] == "delta":
            raw = quotes.delta_strike(sign, rule["value"])
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
