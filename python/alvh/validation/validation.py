"""A market model against history: the table of facts, and its verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import polars as pl

from alvh.errors import SpecError
from alvh.history import History
from alvh.validation.facts import FACTS, Fact
from alvh.validation.panel import Panel
from alvh.validation.sampling import Simulated, history_panel, simulated_panel
from alvh.validation.targets import Target, known_misses, targets

__all__ = ["INSIDE", "KNOWN", "MISS", "Validation", "facts_of", "validate"]

PATHS: Final = 96
YEARS: Final = 33
SEED: Final = 1990
LEAST_PATHS: Final = 20  # for 5% and 95% of them to mean something

INSIDE: Final = "inside"
KNOWN: Final = "known miss"
MISS: Final = "miss"


class Named(Simulated, Protocol):
    """A market model that has a name."""

    model: str


@dataclass(frozen=True, eq=False)
class Validation:
    """What a model's simulations say of each fact, beside history.

    Parameters
    ----------
    model : str
        Name of the market.
    paths, years, seed : int
        Of the simulation.
    frame : polars.DataFrame
        One row a fact: ``fact``, ``about``, ``group``, ``value`` (pooled over paths, or their median),
        ``low`` and ``high`` (5% and 95% of single paths), ``history``, ``accepted_low``, ``accepted_high``,
        ``verdict``, ``reason``.
    """

    model: str
    paths: int
    years: int
    seed: int
    frame: pl.DataFrame

    def table(self) -> pl.DataFrame:
        """Return the facts with their verdicts, in the order of `alvh.validation.FACTS`."""
        return self.frame

    def misses(self) -> pl.DataFrame:
        """Return the facts that are missed and not documented as known misses."""
        return self.frame.filter(pl.col("verdict") == MISS)

    def known(self) -> pl.DataFrame:
        """Return the facts that are missed, as is known, with the reason."""
        return self.frame.filter(pl.col("verdict") == KNOWN)

    @property
    def ok(self) -> bool:
        """Whether no fact is missed but those that are known to be."""
        return self.misses().is_empty()


def validate(
    model: Named,
    *,
    paths: int = PATHS,
    years: int = YEARS,
    seed: int = SEED,
    history: History | None = None,
) -> Validation:
    """Hold a market model to the facts of history.

    A fact is *inside* if the simulation's value lies in the accepted range and history's between 5% and 95%
    of single paths, which for VIX futures are as short as their record. Else it is a *known miss* if
    `known_misses` tells why, and a *miss* if not.

    Parameters
    ----------
    model : L3F or another market that simulates
        What is held to the facts.
    paths : int, default 96
        How many; at least 20.
    years : int, default 33
        Length of a path, after a first year that is left out.
    seed : int, default 1990
        Of the draws.
    history : History, optional
        Another history than that of 1990 to 2023 in `alvh/data/facts.toml`. Facts of VIX futures that it does
        not record remain those of the file, as do the accepted ranges.

    Returns
    -------
    Validation

    Raises
    ------
    SpecError
        `paths` or `years` is too small.

    Examples
    --------
    >>> from alvh.market import GBM
    >>> validate(GBM(), paths=20, years=2).ok
    False
    """
    if paths < LEAST_PATHS:
        raise SpecError(f"paths = {paths}: at least {LEAST_PATHS}, so that 5% and 95% of them mean something")
    if years < 2:
        raise SpecError(f"years = {years}: at least 2, so that autocorrelations over a year exist")
    simulated = simulated_panel(model, paths, years, seed)
    recorded = {} if history is None else facts_of(history_panel(history))
    rows = [_row(fact, simulated, recorded, known_misses(model.model)) for fact in FACTS]
    return Validation(model.model, paths, years, seed, pl.DataFrame(rows, infer_schema_length=None))


def facts_of(panel: Panel) -> dict[str, float]:
    """Return every fact of a panel of one path that it has.

    Parameters
    ----------
    panel : Panel
        Closes, such as those of `history_panel`.

    Examples
    --------
    >>> from alvh.market import L3F
    >>> from alvh.validation import simulated_panel
    >>> sorted(facts_of(simulated_panel(L3F(), 1, 2, seed=1)))[:2]
    ['absolute_return_acf_1', 'absolute_return_acf_20']
    """
    found = {fact.name: fact.statistic(panel) for fact in FACTS}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _row(
    fact: Fact, simulated: Panel, recorded: Mapping[str, float], known: Mapping[str, str]
) -> dict[str, str | float | None]:
    target = targets()[fact.name]

    def of_paths(years: int | None) -> list[float]:
        return [fact.statistic(simulated.path(number, years)) for number in range(len(simulated))]

    value = fact.statistic(simulated) if fact.pooled else float(np.median(of_paths(None)))
    low, high = np.quantile(of_paths(target.years), [0.05, 0.95]).tolist()
    history = recorded.get(fact.name, target.history)
    reason = _reason(value, low, high, history, target)
    verdict = INSIDE if reason is None else KNOWN if fact.name in known else MISS
    return {
        "fact": fact.name,
        "about": fact.about,
        "group": fact.group,
        "value": value,
        "low": low,
        "high": high,
        "history": history,
        "accepted_low": target.low,
        "accepted_high": target.high,
        "verdict": verdict,
        "reason": known[fact.name] if verdict == KNOWN else reason,
    }


def _reason(value: float, low: float, high: float, history: float, target: Target) -> str | None:
    """Say why a fact is missed; None if it is not. A value that does not exist is missed."""
    if not target.low <= value <= target.high:
        return "outside the accepted range"
    if not low <= history <= high:
        return "history lies outside the range of single paths"
    return None
