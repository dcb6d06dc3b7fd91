"""What is claimed of time: that long volatility harvests its decay, and rolls forward variance (R83, C22)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from alvh.claims import table
from alvh.claims.claim import ABOVE_0, Measured
from alvh.claims.hedges import ALVH
from alvh.compared.base import SESSION_PATHS
from alvh.comparison import Comparison
from alvh.statistics import Estimate

__all__ = ["THETA_PATHS", "decay_rows"]

THETA_PATHS: Final = 64
"""Paths at most whose greeks are kept: every path pays for time, so that few say how much."""


def decay_rows(hedged: Comparison) -> Iterator[Measured]:
    """Measure what the clock gives the hedge, and what its rolls bring of the variance curve."""
    told = hedged.greek_view(ALVH, most=THETA_PATHS).filter(side="hedge")
    terms = {row["term"]: row for row in told.iter_rows(named=True)}
    paths = min(hedged.task.paths, THETA_PATHS)
    theta, revalued = terms.get("theta"), terms.get("revalued")
    note, estimate = "the hedge held nothing", None
    if theta is not None and revalued is not None:
        bounds = tuple(theta[name] for name in ("dollars", "low", "high"))
        estimate = None if None in bounds else Estimate(*(each / hedged.capital for each in bounds))
        moved = revalued["dollars"] / hedged.capital
        note = f"of {moved:.2%} that its marks moved by; what is bought pays for time"
    yield Measured(table.TEMPORAL, f"{ALVH}: theta of the hedge", ABOVE_0, "a year", paths, note, estimate)

    paths = min(hedged.task.paths, SESSION_PATHS)
    found = hedged.rolls(ALVH)
    for layer in found["layer"].unique(maintain_order=True):
        figures = {row["figure"]: row for row in found.filter(layer=layer).iter_rows(named=True)}
        harvested = figures["harvested"]
        bounds = (harvested["estimate"], harvested["low"], harvested["high"])
        estimate = None if None in bounds else Estimate(*bounds)
        note = (
            f"{figures['rolls']['estimate']:.2f} rolls a year; variance of SPX a year until the old expiry "
            f"{figures['sold']['estimate']:.4f}, from there on {figures['forward']['estimate']:.4f}"
        )
        variant = f"{ALVH}, {layer}: forward variance of a roll"
        yield Measured(table.HARVEST, variant, ABOVE_0, "variance", paths, note, estimate)
