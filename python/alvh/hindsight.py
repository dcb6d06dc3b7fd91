"""The book that hindsight chooses from: every hedge layer of an arm, offered at every session."""

from __future__ import annotations

from typing import Any

from alvh.errors import SpecError

__all__ = ["PLENTY", "everything_on_offer"]

PLENTY = 1e6
"""Times the capital: whatever is bought, no ledger is ever short."""


def everything_on_offer(book: dict[str, Any]) -> dict[str, Any]:
    """Return the specification of a book whose hedge layers open at every session and never close by rule.

    Strikes, expiries and rolls are those of the arm. Its core sells one lot a month, which costs little time;
    what is bought of a hedge says the engine (``Plan.foresight``: one lot each).

    Shares of funds have no expiry: each stays in the book until the end of the path.

    Raises
    ------
    SpecError
        A layer sells calls against what it buys.

    Examples
    --------
    >>> core = {"role": "core", "every": "week", "enter": "rule", "size": {"target": "margin_share"}}
    >>> calls = {"role": "hedge", "every": "flat", "enter": "rule", "exit": "rule", "monetise": [1]}
    >>> book = {"arm": "a", "layers": [core, calls | {"size": {}}], "ledgers": None}
    >>> told = everything_on_offer(book)["layers"]
    >>> told[1]["every"], told[1]["enter"], told[0]["size"]["target"]
    ('day', None, 'lots')
    """
    layers = []
    for layer in book["layers"]:
        if layer.get("short"):
            raise SpecError(
                f"foresight: layer {layer['name']!r} sells calls against what it buys: hindsight would "
                "choose on every day whether to sell, and what; no bound on all of that is computed here. "
                "Mend: ask the same arm without buy.short: that bounds its bought calls alone"
            )
        free = {**layer, "enter": None, "exit": None, "monetise": [], "progression": None}
        followed = {"weight", "reinvest", "review"}
        free["size"] = {key: value for key, value in layer["size"].items() if key not in followed}
        free["size"]["reduced"] = None
        if layer["role"] == "hedge":
            layers.append({**free, "every": "day"})
        else:
            size = {**free["size"], "target": "lots", "value": 1.0, "multiplier": 1.0, "buffer": 0.0}
            layers.append({**free, "every": "month", "size": size})
    ledgers = {**book["ledgers"], "transfers": []} if book["ledgers"] else book["ledgers"]
    kept = {key: value for key, value in book.items() if key not in {"calls", "liquidity"}}
    return {**kept, "layers": layers, "ledgers": ledgers}
