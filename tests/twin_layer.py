"""A layer of the twin: its terms, the value, risk, strikes and costs of its package, and what it holds."""

from dataclasses import dataclass, field
from math import ceil, exp, floor
from typing import Any

from twin_calendar import Calendar
from twin_rules import Value
from twin_surface import CALENDAR_YEAR, Quotes, State, delta_strike, price

FLAT_SLOTS = 4
SIGN = {"C": 1.0, "P": -1.0}
CONDOR = [("C", -1), ("C", 1), ("P", -1), ("P", 1)]


class Terms:
    """The terms of a layer: its spec, with what follows from contract, costs and calendar."""

    def __init__(self, spec: dict[str, Any], plan: dict[str, Any], calendar: Calendar) -> None:
        contract = plan["contracts"][spec["product"]]
        self.spec, self.contract, self.costs = spec, contract, plan["costs"]
        self.legs = [(SIGN[leg["right"]], leg["ratio"]) for leg in spec["legs"]]
        self.is_condor = sorted((leg["right"], leg["ratio"]) for leg in spec["legs"]) == CONDOR
        self.fraction = contract["index_fraction"]  # product points per SPX point
        self.dpp = contract["multiplier"] * self.fraction  # dollars per SPX point and lot
        self.grid = contract["strike_step"] / self.fraction  # SPX points
        per_contract = contract["exchange_fee"] + plan["costs"]["commission"]
        self.fees = sum(abs(ratio) for _, ratio in self.legs) * per_contract  # dollars per lot and trade
        self.flat = spec["every"] == "flat"
        self.decides = calendar.decisions(spec["every"])
        self.tranches = 1 if self.flat else calendar.slots(self.decides, spec["product"], spec["days"])
        self.slots = FLAT_SLOTS if self.flat else self.tranches

    def value(self, strikes: list[float], quotes: Quotes) -> float:
        """V: SPX points per unit, seen by the holder."""
        return sum(r * price(quotes, s, k) for (s, r), k in zip(self.legs, strikes, strict=True))

    def payoff(self, strikes: list[float], settle: float) -> float:
        """V at the expiry."""
        return sum(r * max(s * (settle - k), 0.0) for (s, r), k in zip(self.legs, strikes, strict=True))

    def risk(self, strikes: list[float]) -> float:
        """Worst payoff at expiry without premium, as a positive number of SPX points."""
        return max(-self.payoff(strikes, kink) for kink in [0.0, *strikes])

    def slip(self, strikes: list[float], quotes: Quotes, vix: float, share: float) -> float:
        """What a fill costs against the mid: the share of the summed half-spreads, SPX points per unit."""
        c = self.costs
        stress = (max(vix, c["vix_knee"]) / c["vix_knee"]) ** c["vix_power"]
        total = 0.0
        for (sign, ratio), strike in zip(self.legs, strikes, strict=True):
            mid = price(quotes, sign, strike) * self.fraction  # product points
            tick = [step for start, step in self.contract["ticks"] if mid >= start][-1]
            half_spread = max(tick / 2, c["half_spread_scale"] * mid ** c["half_spread_power"]) * stress
            total += abs(ratio) * half_spread / self.fraction
        return share * total

    def strikes(self, quotes: Quotes, state: State, days: int) -> list[float] | None:
        """Strikes on the grid, leg by leg; None where they make no package."""
        chosen: list[float] = []
        for (sign, _), leg in zip(self.legs, self.spec["legs"], strict=True):
            rule = leg["strike"]
            if rule["by"] == "delta":
                steps = nearest(delta_strike(quotes, sign, rule["value"]) / self.grid)
            elif rule["by"] == "expected_move":
                move = rule["multiple"] * state.spot * quotes.smile.theta**0.5
                edge = (centre(rule, quotes, state, days) + sign * move) / self.grid
                steps = ceil(edge) if sign > 0 else floor(edge)
            else:
                width = rule["width"]
                points = (
                    width["fraction"] * state.spot if "fraction" in width else width["points"] / self.fraction
                )
                apart = max(nearest(points / self.grid), 1)
                steps = nearest(chosen[rule["from"]] / self.grid) + int(sign) * apart
            chosen.append(self.grid * steps)
        puts = [k for (sign, _), k in zip(self.legs, chosen, strict=True) if sign < 0]
        calls = [k for (sign, _), k in zip(self.legs, chosen, strict=True) if sign > 0]
        crossed = bool(puts and calls) and max(puts) > min(calls)
        return None if crossed or min(chosen) <= 0 else chosen

    def challenge(self, strikes: list[float], credit: float, entry_spot: float, spot: float) -> float | None:
        """R49: the share of the way to the break-even on the side to which the spot moved; condors only."""
        if not self.is_condor:
            return None
        if spot == entry_spot:
            return 0.0
        side = 1.0 if spot > entry_spot else -1.0
        short = strikes[self.legs.index((side, -1))]
        way = abs(short + side * credit - entry_spot)
        return abs(spot - entry_spot) / way if way else None


@dataclass
class Tranche:
    """A package held in lots; points are SPX points per unit."""

    slot: int
    expiry: int
    strikes: list[float]
    lots: float
    risk: float
    credit: float
    entry_tick: int
    entry_spot: float
    value: float
    exit_due: bool = False
    memory: dict[int, list[Value]] = field(default_factory=dict)


@dataclass
class Early:
    """A tranche closed early, followed to its expiry; `cash` per unit at the closing, SPX points."""

    tranche: Tranche
    cash: float
    by_rule: bool


@dataclass
class Chain:
    """What the next size of a chain must know of its past."""

    losses: int = 0
    deficit: float = 0.0


class Layer:
    """A layer and what it holds, by slot."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.chains = [Chain() for _ in range(terms.tranches)]
        self.held: dict[int, Tranche] = {}
        self.early: dict[int, Early] = {}
        self.decided = 0
        self.pending: int | None = None  # slot of the opening decided a tick ago
        self.first_lots: float | None = None  # base lots of the first opening
        self.memory: dict[int, list[Value]] = {}

    def chain(self, slot: int) -> Chain:
        return self.chains[0 if self.terms.flat else slot]


def centre(rule: dict[str, Any], quotes: Quotes, state: State, days: int) -> float:
    """What an expected move is centred on (R3)."""
    if rule["drift"] == "forward":
        return quotes.forward
    growth = state.rate + rule["erp"] - state.dividend_yield
    return state.spot * exp(growth * days / CALENDAR_YEAR)


def nearest(x: float) -> int:
    """Nearest integer, halves up."""
    return floor(x + 0.5)
