"""R62 and R63: one ledger for core and hedge against two, path by path."""

from collections.abc import Iterator

import polars as pl

from alvh.claims import table
from alvh.claims.claim import ABOVE_0, BELOW_0, Claim, Measured, Range
from alvh.claims.hedges import ALVH
from alvh.figures.words import share_of_nav
from alvh.playbook import Arm, preset
from alvh.statistics import mcnemar, paired_mean, paired_proportion

__all__ = ["COMMINGLED", "commingled_arm", "ledger_rows"]

COMMINGLED = "alvh_0_commingled"


def commingled_arm() -> Arm:
    """Return the hedge that shares one ledger with the core."""
    return preset(COMMINGLED)


def ledger_rows(paths: pl.DataFrame, capital: float, share: float) -> Iterator[Measured]:
    """Measure the hedge with one ledger against the same with two.

    Parameters
    ----------
    paths
        A row per path and arm, `alvh_0` and `alvh_0_commingled` among them, at one margin share.
    capital
        Dollars of every arm.
    share
        That margin share, for the words.
    """
    columns = ("peak_requirement", "calls", "contagion", "sleeve_calls")
    two, one = (paths.filter(arm=arm).sort("path").select(columns) for arm in (ALVH, COMMINGLED))
    where = f"share {share_of_nav(share)}"
    yield _peak(one, two, capital, f"peak margin, one ledger less two, {where}")
    called = one["calls"] > 0, two["calls"] > 0
    yield _chance(table.COMMINGLING, f"P(call), one ledger less two, {where}", ABOVE_0, called)
    spread = two["contagion"] > 0, one["contagion"] > 0
    within = f"P(forced closings on both sides within 10 sessions), two ledgers less one, {where}"
    calls = f", the second ledger met a call on {int((two['sleeve_calls'] > 0).sum()):,} paths"
    yield _chance(table.RING_FENCE, within, BELOW_0, spread, calls)


def _peak(one: pl.DataFrame, two: pl.DataFrame, capital: float, variant: str) -> Measured:
    """R62: the mean difference of the peaks, of capital."""
    ours, theirs = (book["peak_requirement"].to_numpy() / capital for book in (one, two))
    note = f"{ours.mean():.1%} and {theirs.mean():.1%} of capital on average, break-evens are not measured"
    return Measured(table.COMMINGLING, variant, ABOVE_0, "share", len(ours), note, paired_mean(ours, theirs))


def _chance(
    claim: Claim, variant: str, claimed: Range, events: tuple[pl.Series, pl.Series], more: str = ""
) -> Measured:
    """Hold the difference of two paired probabilities against the claim."""
    ours, theirs = events
    n01, n10 = int((ours & ~theirs).sum()), int((~ours & theirs).sum())
    return Measured(
        claim,
        variant,
        claimed,
        "probability",
        len(ours),
        f"{_counts(ours, theirs)}{more}",
        paired_proportion(n01, n10, len(ours)),
        p_value=mcnemar(n01, n10),
    )


def _counts(ours: pl.Series, theirs: pl.Series) -> str:
    counts = f"{int(ours.sum()):,} and {int(theirs.sum()):,} of {len(ours):,} paths"
    return counts if ours.any() or theirs.any() else f"{counts}: nothing to avoid"
