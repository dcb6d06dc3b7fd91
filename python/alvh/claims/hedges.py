"""What is claimed of the hedge at the methodology's own size: peak, coverage, cost, direction, cash."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.claims import table
from alvh.claims.claim import ABOVE_0, BELOW_0, Measured, Range
from alvh.claims.peaks import peak, variability
from alvh.figures.columns import SESSIONS_PER_YEAR
from alvh.figures.protection import LIMITS_OF_SIZE, MET
from alvh.playbook import Arm, Ledgers, preset
from alvh.playbook.ledgers import SleeveTable
from alvh.statistics import (
    clustered_proportion,
    mean_interval,
    proportion,
    quantile_interval,
    ratio_interval,
)

__all__ = ["ALVH", "ALWAYS_ON", "IN_BUDGET", "UNCHANGED", "hedge_rows", "hedged_arms"]

ALVH, ALWAYS_ON = "alvh_0", "always_on"
UNCHANGED = "alvh_0 on unchanged lots"
"""R15 counts the peak on the base lots of the first opening."""

IN_BUDGET = "always_on in 1.5% a year"
"""What the budget of R61 leaves of full coverage (R22)."""

BUDGET = 0.015

R15_ALVH = Range(1.5, 2.0, "1.5 to 2.0")
R22_RANGE = Range(MET, 0.60, "40 to 60%")
R61_RANGE = Range(0.01, 0.02, "1 to 2%")

R44_LEAST = Range(0.99, 1.0, "99% or more")
"""R44 says each entry: no sample shows all of them, this one may show so many."""

R66_LEAST = Range(0.5, 1.0, "half or more")
"""R66 names no number: on most paths on which the core lost while it was pressed."""


def hedged_arms() -> list[Arm]:
    """Return the hedge, the same on unchanged core lots, and full coverage without and within the budget."""
    alvh, always_on = preset(ALVH), preset(ALWAYS_ON)
    fixed = alvh.core.size.model_copy(update={"base": "start"})
    capped = [
        layer.model_copy(update={"size": layer.size.capped("sleeve.budget")})
        for layer in always_on.layers[1:]
    ]
    funded = Ledgers(sleeve=SleeveTable(budget_per_year=BUDGET))
    in_budget = always_on.replace(name=IN_BUDGET, layers=capped, sleeve=funded)
    return [alvh, alvh.replace(name=UNCHANGED, size=fixed), always_on, in_budget]


def hedge_rows(
    paths: pl.DataFrame, doubled: dict[str, pl.DataFrame], capital: float, sessions: int
) -> Iterator[Measured]:
    """Measure what is claimed of the hedge.

    Parameters
    ----------
    paths
        A row per path and arm of `hedged_arms`, at one margin share.
    doubled
        The doubling arms on the same paths, by name.
    capital
        Dollars of every arm.
    sessions
        Horizon of the paths.
    """
    books = {arm: paths.filter(arm=arm) for arm in (ALVH, UNCHANGED, ALWAYS_ON, IN_BUDGET)}
    yield peak(table.PEAK_OF_ALVH, books[UNCHANGED], R15_ALVH, UNCHANGED)
    for arm, book in doubled.items():
        yield variability(table.PEAK_OF_ALVH, books[UNCHANGED], book, f"{UNCHANGED}, less that under {arm}")
    yield _coverage(IN_BUDGET, books[IN_BUDGET], "affordable")
    for arm in (IN_BUDGET, ALWAYS_ON, ALVH):
        yield _coverage(arm, books[arm], "achieved")
    for arm in (ALVH, IN_BUDGET, ALWAYS_ON):
        yield from _cost(arm, books[arm], capital, sessions)
    for arm in (ALVH, ALWAYS_ON):
        yield _inverse(arm, books[arm])
    yield _second_engine(ALVH, books[ALVH])
    for arm in (ALVH, ALWAYS_ON):
        yield from _cash(arm, books[arm])


def _coverage(arm: str, book: pl.DataFrame, kind: str) -> Measured:
    """R22: the median over paths of what is offset of the core's dollars per VIX point."""
    covered, wanted, met = (_known(book, f"coverage_{each}") for each in (kind, "wanted", "met"))
    variant = f"{arm}: {kind}"
    if not len(covered):
        return Measured(table.COVERAGE, variant, R22_RANGE, "share", 0, "no path had a core to cover")
    median = quantile_interval(covered, 0.5)
    note = (
        f"median over paths of all hedge layers, wanted {_share(wanted)}, "
        f"at least 40% on {_share(met)} of sessions, decisions by the limit that bound: {_bound(book)}"
    )
    if median.value < MET:
        note = f"R22 not met: {note}"
    return Measured(table.COVERAGE, variant, R22_RANGE, "share", len(covered), note, median)


def _bound(book: pl.DataFrame) -> str:
    """Say how often each limit bound, of the sizing decisions."""
    counts = {limit: float(book[f"bound_{limit}"].sum()) for limit in LIMITS_OF_SIZE}
    decisions = sum(counts.values())
    return ", ".join(f"{limit} {n / decisions:.0%}" for limit, n in counts.items() if n) or "none"


def _cost(arm: str, book: pl.DataFrame, capital: float, sessions: int) -> Iterator[Measured]:
    """R61: what the hedge lost, and what its purchases were expected to cost, of capital."""
    a_year = SESSIONS_PER_YEAR / sessions / capital
    premium = mean_interval(book["premium_paid"]).value * a_year
    notes = {
        "realised": f"all that the hedge lost net of what it paid, premium outlay {premium:.2%} a year",
        "expected": "what purchases were expected to cost when they were made",
    }
    columns = {"realised": -pl.col("hedge_pnl"), "expected": pl.col("expected_cost")}
    for kind, column in columns.items():
        cost = book.select(column * a_year).to_series().to_numpy()
        yield Measured(
            table.COST, f"{arm}: {kind}", R61_RANGE, "a year", len(cost), notes[kind], mean_interval(cost)
        )


def _inverse(arm: str, book: pl.DataFrame) -> Measured:
    """R39: the mean over paths of the correlation of daily P&L of hedge and core."""
    daily = _known(book, "hedge_correlation")
    note = f"below 0 on {_share(daily < 0)} of paths"
    return Measured(table.INVERSE, arm, BELOW_0, "correlation", len(daily), note, mean_interval(daily))


def _second_engine(arm: str, book: pl.DataFrame) -> Measured:
    """R44: entries with positive vega and negative delta; the entries of one path go together."""
    held, checked = book["r44_held"], book["r44_checked"]
    n = int(checked.sum())
    note = f"entries on {int((checked > 0).sum()):,} of {book.height:,} paths"
    estimate = clustered_proportion(held, checked) if n else None
    return Measured(table.SECOND_ENGINE, arm, R44_LEAST, "probability", n, note, estimate)


def _cash(arm: str, book: pl.DataFrame) -> Iterator[Measured]:
    """R66: on how many paths the hedge brought cash while the core was pressed and lost, and how much."""
    pressed = book.filter(pl.col("stress_core_pnl") < 0)
    n = pressed.height
    note = f"the core was pressed and lost on {n:,} of {book.height:,} paths"
    raised = int((pressed["stress_cash"] > 0).sum())
    chance = proportion(raised, n) if n else None
    yield Measured(table.CASH, f"{arm}: any cash", R66_LEAST, "probability", n, note, chance)
    part = ratio_interval(pressed["stress_cash"], -pressed["stress_core_pnl"])
    note = "net cash flow, purchases included, over what the core lost on the same sessions"
    yield Measured(table.CASH, f"{arm}: of the core's loss", ABOVE_0, "share", n, note, part)


def _known(book: pl.DataFrame, column: str) -> NDArray[np.float64]:
    """Return the values of the paths that have one."""
    values = book[column].fill_null(np.nan).to_numpy()
    known: NDArray[np.float64] = values[~np.isnan(values)]
    return known


def _share(values: NDArray[np.float64] | NDArray[np.bool_]) -> str:
    return f"{values.mean():.0%}" if len(values) else "-"
