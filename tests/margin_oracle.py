"""The least strategy-based requirement by an independent programme, solved by HiGHS.

Written from the rules, in contracts: one variable for each leg and group it may be in, for each uncovered
short and for each pair of an uncovered put and call; a group is as late as its earliest long.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog

Leg = tuple[int, str, float, int, float]
"""Quantity, right, strike, number of the expiry, price."""


@dataclass
class Rows:
    """Inequalities, coefficients by name: sum <= bound."""

    rows: list[dict[tuple, float]] = field(default_factory=list)
    bounds: list[float] = field(default_factory=list)

    def add(self, row: dict[tuple, float], bound: float) -> None:
        self.rows.append(row)
        self.bounds.append(bound)

    def matrix(self, names: list[tuple]) -> np.ndarray:
        index = {name: k for k, name in enumerate(names)}
        dense = np.zeros((len(self.rows), len(names)))
        for i, row in enumerate(self.rows):
            for name, value in row.items():
                dense[i, index[name]] = value
        return dense


def uncovered(leg: Leg, spot: float, rates: tuple[float, float]) -> float:
    """What an uncovered short ties up beside its value."""
    _, right, strike, _, _ = leg
    out = max(strike - spot, 0.0) if right == "C" else max(spot - strike, 0.0)
    return max(rates[0] * spot - out, rates[1] * (spot if right == "C" else strike))


def payoff(leg: Leg, settle: float) -> float:
    return max(settle - leg[2], 0.0) if leg[1] == "C" else max(leg[2] - settle, 0.0)


def costs(legs: list[Leg], spot: float, rates: tuple[float, float]) -> dict[tuple, float]:
    """Every variable and its cost."""
    found: dict[tuple, float] = {}
    expiries = sorted({leg[3] for leg in legs})
    for i, leg in enumerate(legs):
        for group in expiries:
            if (group <= leg[3]) if leg[0] > 0 else (group >= leg[3]):
                found["in", i, group] = 0.0
    shorts = [i for i, leg in enumerate(legs) if leg[0] < 0]
    for i in shorts:
        found["alone", i] = legs[i][4] + uncovered(legs[i], spot, rates)
        for j in shorts:
            if legs[i][1] == "P" and legs[j][1] == "C":
                need = max(uncovered(legs[i], spot, rates), uncovered(legs[j], spot, rates))
                found["strangle", i, j] = legs[i][4] + legs[j][4] + need
    return found | {("worst", group): 1.0 for group in expiries}


def concerns(name: tuple, i: int) -> bool:
    return name[1] == i if name[0] in {"in", "alone"} else name[0] == "strangle" and i in name[1:]


def groups(legs: list[Leg], names: list[tuple], rows: Rows) -> None:
    """Every short is covered, and the worst payoff of a group is paid for."""
    for group in sorted({leg[3] for leg in legs}):
        members = [i for i in range(len(legs)) if ("in", i, group) in names]
        held = {i: -math.copysign(1.0, legs[i][0]) for i in members}
        for right in "CP":
            rows.add({("in", i, group): held[i] for i in members if legs[i][1] == right}, 0.0)
        for settle in {0.0, *(legs[i][2] for i in members)}:
            losses = {("in", i, group): held[i] * payoff(legs[i], settle) for i in members}
            rows.add(losses | {("worst", group): -1.0}, 0.0)


def fewest_uncovered(legs: list[Leg], right: str) -> int:
    """Longs of an expiry cover its shorts and earlier ones."""
    spare, fewest = 0, 0
    for group in sorted({leg[3] for leg in legs}, reverse=True):
        spare += sum(leg[0] for leg in legs if leg[1] == right and leg[3] == group)
        fewest, spare = fewest + max(-spare, 0), max(spare, 0)
    return fewest


def least(legs: list[Leg], spot: float, rules) -> float:
    """The least requirement beside what longs cost, points of one unit a contract."""
    cost = costs(legs, spot, rules.rates["broad_index"])
    names = list(cost)
    below, whole = Rows(), Rows()
    for i, leg in enumerate(legs):
        whole.add({name: 1.0 for name in names if concerns(name, i)}, abs(leg[0]))
    groups(legs, names, below)
    if not rules.cheaper_uncovered:
        for right in "CP":
            open_ = [name for name in names if name[0] in {"alone", "strangle"}]
            counts = {name: float(sum(legs[i][1] == right for i in name[1:])) for name in open_}
            below.add(counts, fewest_uncovered(legs, right))
    found = linprog(
        list(cost.values()),
        A_ub=below.matrix(names),
        b_ub=below.bounds,
        A_eq=whole.matrix(names),
        b_eq=whole.bounds,
        method="highs",
    )
    assert found.success
    return float(found.fun)
