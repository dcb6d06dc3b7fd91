"""What facts are in history, what is accepted of a model, and which misses are known: data of the package."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Final, NamedTuple

__all__ = ["Target", "known_misses", "targets"]

DATA: Final = resources.files("alvh") / "data"


class Target(NamedTuple):
    """History's figure of a fact and the range in which a model's must lie."""

    history: float
    low: float
    high: float
    years: int | None = None
    """Length of the history, if shorter than that of the closes."""


@cache
def targets() -> dict[str, Target]:
    """Return the target of each fact.

    Examples
    --------
    >>> targets()["vix_max"]
    Target(history=82.7, low=60.0, high=110.0, years=None)
    """
    return {
        name: Target(row["history"], row["accepted"][0], row["accepted"][1], row.get("years"))
        for name, row in _read("facts.toml").items()
    }


@cache
def known_misses(model: str) -> dict[str, str]:
    """Return the facts that a model is known to miss, each with the reason.

    Parameters
    ----------
    model : str
        Name of a market, such as "l3f".

    Examples
    --------
    >>> "ln_vix_move_max" in known_misses("l3f"), known_misses("unheard of")
    (True, {})
    """
    rows = _read("known_misses.toml").get(model, [])
    return {fact: " ".join(row["reason"].split()) for row in rows for fact in row["facts"]}


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))
