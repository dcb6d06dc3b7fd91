"""A market model against history: the table of facts, and its verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import polars as pl

from alvh.errors import HistoryError, SpecError
from alvh.history import History
from alvh.validation.facts import FACTS, FUTURES, Fact
from alvh.validation.panel import SESSIONS_PER_YEAR, Panel
from alvh.validation.sampling import Simulated, history_panel, simulated_panel
from alvh.validation.targets import Target, known_misses, targets
from alvh.whole import LARGEST_SEED, MOST_PATHS, MOST_SESSIONS, whole

__all__ = ["INSIDE", "KNOWN", "MISS", "UNKNOWN", "Validation", "facts_of", "validate"]

PATHS: Final = 96
YEARS: Final = 33
SEED: Final = 1990
LEAST_PATHS: Final = 20  # for 5% and 95% of them to mean something

INSIDE: Final = "inside"
KNOWN: Final = "known miss"
MISS: Final = "miss"
UNKNOWN: Final = "not known"

LEAST_YEARS: Final = 2  # for autocorrelations over a year to exist


class Named(Simulated, Protocol):
    """A market model that has a name."""

    @property
    def model(self) -> str:
        """Its name in TOML."""


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
        ``low`` and ``high`` (5% and 95% of single paths), ``history`` (null where it has no such figure),
        ``accepted_low``, ``accepted_high``, ``verdict``, ``reason``.
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

    def unknown(self) -> pl.DataFrame:
        """Return the facts that the history does not have, so that only the accepted range was asked."""
        return self.frame.filter(pl.col("verdict") == UNKNOWN)

    @property
    def ok(self) -> bool:
        """Whether no fact is missed but those that are known to be."""
        return self.misses().is_empty()


def validate(
    model: Named,
    *,
    paths: int = PATHS,
    years: int | None = None,
    seed: int = SEED,
    history: History | None = None,
) -> Validation:
    """Hold a market model to the facts of history.

    A fact is *inside* if the simulation's value lies in the accepted range and history's between 5% and 95%
    of single paths, which for VIX futures are as short as their record. Else it is a *known miss* if
    `known_misses` tells why, and a *miss* if not. Known misses are those of the default curve and dynamics;
    with others each is a *miss*. A fact that the history does not have is *not known* if it is accepted.

    Parameters
    ----------
    model : L3F or another market that simulates
        What is held to the facts.
    paths : int, default 96
        How many; at least 20.
    years : int, optional
        Length of a path, after a first year that is left out: 33, or as long as `history`.
    seed : int, default 1990
        Of the draws.
    history : History, optional
        Another history than that of 1990 to 2023 in `alvh/data/facts.toml`, of two years or more. Facts of
        VIX futures that it does not record remain those of the file, as do the accepted ranges.

    Returns
    -------
    Validation

    Raises
    ------
    SpecError
        `paths` or `years` is too small.
    HistoryError
        The history is shorter than two years.

    Examples
    --------
    >>> from alvh.market import GBM
    >>> validate(GBM(), paths=20, years=2).ok
    False
    """
    seed = whole("seed", seed, LARGEST_SEED)
    if (paths := whole("paths", paths, MOST_PATHS)) < LEAST_PATHS:
        raise SpecError(f"paths = {paths}: at least {LEAST_PATHS}, so that 5% and 95% of them mean something")
    recorded = None if history is None else _recorded(history)
    if years is None:
        years = YEARS if recorded is None else round(recorded.years)
    if (years := whole("years", years, MOST_SESSIONS)) < LEAST_YEARS:
        raise SpecError(
            f"years = {years}: at least {LEAST_YEARS}, so that autocorrelations over a year exist"
        )
    simulated = simulated_panel(model, paths, years, seed)
    found = None if recorded is None else facts_of(recorded)
    known = _known(model)
    rows = [_row(fact, simulated, found, known) for fact in FACTS]
    return Validation(model.model, paths, years, seed, pl.DataFrame(rows, infer_schema_length=None))


def _recorded(history: History) -> Panel:
    """Return the panel of a history that is long enough for every fact of closes."""
    panel = history_panel(history)
    if (sessions := panel.vix.shape[1]) < LEAST_YEARS * SESSIONS_PER_YEAR:
        raise HistoryError(
            f"{history.source}: {sessions} sessions: at least {LEAST_YEARS} years, which is "
            f"{LEAST_YEARS * SESSIONS_PER_YEAR}, so that autocorrelations over a year exist. Mend: give a "
            "longer history"
        )
    return panel


def _known(model: Named) -> Mapping[str, str]:
    """Return the known misses of a model, which are those of its default curve and dynamics."""
    fields = getattr(type(model), "model_fields", {})
    driven = [name for name in ("curve", "dynamics", "path") if name in fields]
    default = all(getattr(model, name) == fields[name].default for name in driven)
    return known_misses(model.model) if default else {}


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
    fact: Fact, simulated: Panel, recorded: Mapping[str, float] | None, known: Mapping[str, str]
) -> dict[str, str | float | None]:
    target = targets()[fact.name]

    def of_paths(years: int | None) -> list[float]:
        return [fact.statistic(simulated.path(number, years)) for number in range(len(simulated))]

    value = fact.statistic(simulated) if fact.pooled else float(np.median(of_paths(None)))
    history = None if recorded is None else recorded.get(fact.name)
    of_file = recorded is None or (history is None and fact.group == FUTURES)
    if of_file:
        history = target.history
    low, high = np.quantile(of_paths(target.years if of_file else None), [0.05, 0.95]).tolist()
    reason = _reason(value, low, high, history, target)
    if reason is not None:
        verdict = KNOWN if fact.name in known else MISS
    else:
        verdict = UNKNOWN if history is None else INSIDE
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


def _reason(value: float, low: float, high: float, history: float | None, target: Target) -> str | None:
    """Say why a fact is missed; None if it is not. A value that does not exist is missed."""
    if not target.low <= value <= target.high:
        return "outside the accepted range"
    if history is not None and not low <= history <= high:
        return "history lies outside the range of single paths"
    return None
