"""R15: how far the margin of an arm peaks above its first requirement, and how much that varies."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.claims.claim import BELOW_0, Claim, Measured, Range
from alvh.statistics import paired_mean, quantile_interval

__all__ = ["peak", "variability"]


def peak(claim: Claim, book: pl.DataFrame, claimed: Range, variant: str) -> Measured:
    """Hold the median of the multiple against the claimed range."""
    multiples = _multiples(book)
    multiples = multiples[~np.isnan(multiples)]
    n = len(multiples)
    if not n:
        return Measured(claim, variant, claimed, "median multiple", n, "no path opened a tranche")
    inside = float(np.mean((multiples >= claimed.low) & (multiples <= claimed.high)))
    note = f"{inside:.0%} of paths lie inside, the largest is {multiples.max():.3g}"
    return Measured(claim, variant, claimed, "median multiple", n, note, quantile_interval(multiples, 0.5))


def variability(claim: Claim, book: pl.DataFrame, doubled: pl.DataFrame, variant: str) -> Measured:
    """Hold the mean distance of the multiple from its median against that of another arm, path by path.

    The distances of Brown and Forsythe (1974), paired, because both arms ran on the same paths in one order.
    """
    ours, theirs = _multiples(book), _multiples(doubled)
    opened = ~np.isnan(ours) & ~np.isnan(theirs)
    n = int(opened.sum())
    unit = "mean deviation of the multiple"
    if not n:
        return Measured(claim, variant, BELOW_0, unit, n, "no path opened a tranche in both")
    ours, theirs = (np.abs(each - np.median(each)) for each in (ours[opened], theirs[opened]))
    note = f"{ours.mean():.3g} against {theirs.mean():.3g}"
    return Measured(claim, variant, BELOW_0, unit, n, note, paired_mean(ours, theirs))


def _multiples(book: pl.DataFrame) -> NDArray[np.float64]:
    """Return peak / first requirement per path, NaN where no base lot was ever priced."""
    first = pl.col("first_requirement")
    made = book.select(pl.when(first > 0).then(pl.col("peak_requirement") / first).otherwise(float("nan")))
    return made.to_series().to_numpy()
