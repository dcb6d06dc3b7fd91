"""The False Binary scored (R86): hold, hedge, roll, monetise and close, each from weighted known terms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from alvh.advice.book import is_finite, shown
from alvh.errors import SpecError, nearest_names
from alvh.playbook import Arm, Layer

__all__ = ["ACTIONS", "TERMS", "Term", "best", "scores", "terms", "weights_of"]

ACTIONS: Final = ("close", "hold", "roll", "monetise", "hedge")
"""The actions, in the order in which a tie is settled (R86)."""

TIE: Final = 1e-9
"""Scores closer than this are equal."""

HEAVIEST: Final = 1e6
"""Largest weight: sums of weights stay numbers."""

STOP_MULTIPLE: Final = 2.0
"""Loss, as a multiple of the credit, that counts in full: the wider stop of C2."""

COVERED: Final = 0.40
"""Share of the core's dollars per VIX point that is enough: the lower end of R22."""

PRESSED: Final = 0.60
"""Break-even challenge that counts in full (R49)."""

BANDS: Final = (15.0, 35.0)
"""VIX at the ends of the bands of R40: nothing below, everything above."""


@dataclass(frozen=True, slots=True)
class Term:
    """One known quantity that speaks for an action, from 0 to 1."""

    action: str
    name: str
    weight: float
    """By default; ours, as all of them are."""
    meaning: str

    @property
    def key(self) -> str:
        """Its name among all terms."""
        return f"{self.action}.{self.name}"


TERMS: Final = (
    Term(
        "close",
        "ordered",
        4.0,
        "share of the core's lots that its exit rule closes; 1 under a margin call or in ruin",
    ),
    Term("close", "loss", 1.0, "largest loss of a core tranche over twice its credit (C2)"),
    Term("close", "challenge", 1.0, "largest break-even challenge of the core (R49)"),
    Term("hold", "quiet", 4.0, "1 less the largest `ordered` of the other actions"),
    Term("hold", "calm", 1.0, "1 less the largest break-even challenge of the core"),
    Term("hold", "premium", 1.0, "share of the core's credit that is still to be earned (R7)"),
    Term("hold", "funds", 1.0, "share of what counts against requirements that no requirement ties up (R64)"),
    Term("roll", "ordered", 4.0, "share of the hedge tranches that are rolled (R35, R83)"),
    Term("roll", "age", 1.0, "1 at `roll_below` days to the expiry, 0 at twice as many; the oldest tranche"),
    Term("monetise", "ordered", 4.0, "share of the hedge tranches that are sold in part (R36, R82)"),
    Term("monetise", "gain", 1.0, "value over cost, as a share of the first rung; the best tranche"),
    Term("monetise", "press", 1.0, "1 while the cash press holds, 0 while it does not (R84)"),
    Term("hedge", "ordered", 4.0, "1 where a hedge layer opens beside what it rolls, 0 where none does"),
    Term(
        "hedge",
        "uncovered",
        1.0,
        "share of 40% of the core's dollars per VIX point that no hedge gains (R22)",
    ),
    Term("hedge", "challenge", 1.0, "largest break-even challenge of the core over 0.60 (R49)"),
    Term("hedge", "band", 1.0, "where VIX stands between 15 and 35 (R40)"),
)
"""Every term of every action. A term that is unknown has no part in the score."""

_TABLE: Final = pl.Schema(
    {
        "action": pl.String(),
        "term": pl.String(),
        "weight": pl.Float64(),
        "value": pl.Float64(),
        "contribution": pl.Float64(),
        "meaning": pl.String(),
    }
)


def weights_of(given: Mapping[str, float] | None) -> dict[str, float]:
    """Return the weight of each term: the defaults, and what is given in their place.

    Raises
    ------
    SpecError
        No such term, or a weight that is not a number from 0 to 1e6.

    Examples
    --------
    >>> weights_of({"hedge.band": 0.0})["hedge.band"]
    0.0
    """
    weights = {term.key: term.weight for term in TERMS}
    if given is not None and not isinstance(given, Mapping):
        raise SpecError(f"weights is a {type(given).__name__}: weights by name, such as {{'hedge.band': 0}}")
    for key, weight in (given or {}).items():
        if key not in weights:
            raise SpecError(f"weights: {key}: {nearest_names(str(key), weights)}")
        if not is_finite(weight) or not 0 <= weight <= HEAVIEST:
            raise SpecError(f"weights: {key} = {shown(weight)}: a number from 0 to {HEAVIEST:g}")
        weights[key] = float(weight)
    return weights


def terms(
    arm: Arm, step: Mapping[str, Any], weights: Mapping[str, float], *, ruined: bool = False
) -> pl.DataFrame:
    """Return every term of every action at one close: `value` is null where it is unknown.

    `contribution` is weight × value over the weights of the action's known terms: they sum to its score.
    `step` is a session of `Steps.step`; `ruined`: a book that is ruined closes whatever it holds.
    """
    values = _values(arm, step["decision"], step["ledger"], ruined)
    rows = []
    for term in TERMS:
        known = [each for each in TERMS if each.action == term.action and values[each.key] is not None]
        total = math.fsum(weights[each.key] for each in known)
        value, weight = values[term.key], weights[term.key]
        contribution = None if value is None or total == 0 else weight * value / total
        rows.append((term.action, term.name, weight, value, contribution, term.meaning))
    return pl.DataFrame(rows, schema=_TABLE, orient="row")


def scores(table: pl.DataFrame) -> pl.DataFrame:
    """Return `action` and `score`, 0 to 1, the best first; null where nothing of an action is known."""
    parts: dict[str, list[float]] = {}
    for action, contribution in zip(table["action"], table["contribution"], strict=True):
        if contribution is not None:
            parts.setdefault(action, []).append(contribution)
    sums = {action: math.fsum(each) for action, each in parts.items()}
    # Scores that are equal but for rounding are told in the order of ACTIONS.
    ordered = sorted(ACTIONS, key=lambda action: (-_rounded(sums.get(action, -1.0)), ACTIONS.index(action)))
    return pl.DataFrame(
        {"action": ordered, "score": [sums.get(action) for action in ordered]},
        schema={"action": pl.String, "score": pl.Float64},
    )


def best(table: pl.DataFrame) -> str | None:
    """Return the action with the highest score, by `ACTIONS` where several have it; None without any."""
    action, score = table.row(0)
    return None if score is None else action


def _rounded(score: float) -> float:
    return round(score / TIE) * TIE


def _values(
    arm: Arm, decision: Mapping[str, Any], ledger: Mapping[str, Any], ruined: bool
) -> dict[str, float | None]:
    layers = list(zip(arm.layers, decision["layers"], strict=True))
    core = [held for layer, told in layers if layer.role == "core" for held in told["held"]]
    # What is sold against a tranche goes with it, and is ordered for by nobody.
    hedges = [
        (layer, held)
        for layer, told in layers
        if layer.role == "hedge"
        for held in told["held"]
        if not layer.sells(held["other"])
    ]
    hedging = [(layer, told) for layer, told in layers if layer.role == "hedge"]
    challenge = _most(held["challenge"] for held in core)
    loss = _most(_loss(held) for held in core)
    lots = math.fsum(held["lots"] for held in core)
    closing = None if not core else math.fsum(held["lots"] for held in core if held["exit"]) / lots
    if ledger["call"] or (ruined and (core or hedges)):
        closing = 1.0
    rolling = _share(held["roll"] for _, held in hedges)
    selling = _share(held["sell"] + held["resize"] > 0 for _, held in hedges)
    opening = _opening(hedging)
    ordered = [value for value in (closing, rolling, selling, opening) if value is not None]
    credit = math.fsum(held["credit"] * held["lots"] for held in core)
    mark = -math.fsum(held["value"] * held["lots"] for held in core)
    available = math.fsum(decision["available"])
    return {
        "close.ordered": closing,
        "close.loss": None if loss is None else _within(loss / STOP_MULTIPLE),
        "close.challenge": None if challenge is None else _within(challenge),
        "hold.quiet": 1.0 - max(ordered, default=0.0),
        "hold.calm": None if challenge is None else 1.0 - _within(challenge),
        "hold.premium": _within(mark / credit) if credit > 0 else None,
        "hold.funds": _within(1.0 - math.fsum(decision["requirement"]) / available)
        if available > 0
        else None,
        "roll.ordered": rolling,
        "roll.age": _most(
            _within(2.0 - held["days"] / layer.roll_below) for layer, held in hedges if layer.roll_below
        ),
        "monetise.ordered": selling,
        "monetise.gain": _most(
            _within(held["value"] / -held["credit"] / layer.monetise[0].at)
            for layer, held in hedges
            if layer.monetise and held["credit"] < 0
        ),
        "monetise.press": _most(told["press"] for _, told in hedging),
        "hedge.ordered": opening,
        "hedge.uncovered": _uncovered(decision["vega"]) if hedging else None,
        "hedge.challenge": _within(challenge / PRESSED) if hedging and challenge is not None else None,
        "hedge.band": _within((ledger["vix"] - BANDS[0]) / (BANDS[1] - BANDS[0])) if hedging else None,
    }


def _opening(hedging: list[tuple[Layer, Mapping[str, Any]]]) -> float | None:
    """Return whether a hedge layer opens; None without hedge layers, or where a gate is unknown.

    What only takes the place of a tranche that is rolled is no opening of its own.
    """
    if any(told["open"] and not _replaces(layer, told) for layer, told in hedging):
        return 1.0
    unknown = any(
        told["due"] and told["enter"] is not None and math.isnan(told["enter"]) for _, told in hedging
    )
    return None if unknown or not hedging else 0.0


def _replaces(layer: Layer, told: Mapping[str, Any]) -> bool:
    """Return whether an opening replaces what is rolled, rather than add a tranche to what is held."""
    rolled = (held["roll"] or held.get("withdrawn") == "roll" for held in told["held"])
    return layer.trade.every == "flat" and any(rolled)


def _uncovered(vega: Iterable[float]) -> float | None:
    core, hedge = vega
    if math.isnan(core):
        return None
    return 0.0 if core <= 0 else _within(1.0 - hedge / (COVERED * core))


def _loss(held: Mapping[str, Any]) -> float | None:
    return (-held["value"] - held["credit"]) / held["credit"] if held["credit"] > 0 else None


def _share(flags: Iterable[bool]) -> float | None:
    listed = list(flags)
    return sum(listed) / len(listed) if listed else None


def _most(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None and not math.isnan(value)]
    return max(known) if known else None


def _within(value: float) -> float:
    return min(max(value, 0.0), 1.0)
