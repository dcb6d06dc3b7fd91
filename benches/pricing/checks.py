"""What one library gets right: its results on the checked options against the references."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benches.pricing import accuracy
from benches.pricing.inputs import LEAST_PRICE, Columns, Floats
from benches.pricing.peers import Peer
from benches.pricing.reference import FIVE, GREEKS, Reference, references

REASON_LENGTH = 160
CHECKS = (
    ("price", "market checked"),
    ("price", "hard"),
    ("greeks5", "market checked"),
    ("greeks14", "market checked"),
    ("greeks14", "hard"),
    ("implied_vol", "otm checked"),
    ("implied_vol", "hard"),
)
"""Task and inputs; besides these, implied volatilities of impossible prices."""


def errors(peer: Peer, inputs: Mapping[str, Columns], cache: Path) -> dict[str, Any]:
    """Return errors by task and inputs, in the form that JSON keeps; a task that fails is told in words."""
    found: dict[str, Any] = {}
    for task, name in CHECKS:
        if task in peer.tasks:
            truth = references(inputs[name], cache)[peer.entry]
            found[f"{task}, {name}"] = _attempt(peer, task, inputs[name], truth)
    if "implied_vol" in peer.tasks:
        found["implied_vol, impossible"] = _attempt(peer, "impossible", inputs["impossible"], None)
    return found


def reason(problem: Exception) -> str:
    """Say in one line why a library did not answer."""
    first = str(problem).partition("\n")[0]
    return f"{type(problem).__name__}: {first}"[:REASON_LENGTH]


def _attempt(peer: Peer, task: str, options: Columns, truth: Any) -> dict[str, Any]:
    try:
        with np.errstate(all="ignore"):
            return JUDGES[task](peer, options, truth)
    except Exception as problem:  # noqa: BLE001 -- a library that refuses a whole column has no right answer
        return {"error": reason(problem)}


def _price(peer: Peer, options: Columns, truth: Reference) -> dict[str, Any]:
    above = LEAST_PRICE if options.rate else accuracy.LEAST_SOLVABLE_PRICE
    found = _column(peer.tasks["price"](options)())
    return accuracy.relative(found, truth.price, above=above).asdict()


def _five(peer: Peer, options: Columns, truth: Reference) -> dict[str, Any]:
    columns = peer.tasks["greeks5"](options)()
    named = zip(FIVE, columns, peer.units, strict=True)
    found = {name: _column(column) * unit for name, column, unit in named if column is not None}
    return accuracy.of_the_largest(found, truth.greeks).asdict()


def _all(peer: Peer, options: Columns, truth: Reference) -> dict[str, Any]:
    found = dict(zip(GREEKS, peer.tasks["greeks14"](options)(), strict=True))
    return accuracy.of_the_largest(found, truth.greeks).asdict()


def _implied_vol(peer: Peer, options: Columns, truth: Reference) -> dict[str, Any]:
    found = _column(peer.tasks["implied_vol"](options.priced(truth.price))())
    return accuracy.implied_vol(found, options.vol, truth.price, truth.greeks["vega"]).asdict()


def _impossible(peer: Peer, options: Columns, _: None) -> dict[str, Any]:
    return {"answered": float(np.isfinite(_column(peer.tasks["implied_vol"](options)())).mean())}


def _column(found: Any) -> Floats:
    return np.asarray(found, dtype=float).ravel()


JUDGES = {
    "price": _price,
    "greeks5": _five,
    "greeks14": _all,
    "implied_vol": _implied_vol,
    "impossible": _impossible,
}
