"""Means, ratios, deviations and quantiles of one number per independent path."""

import math
from bisect import bisect_left
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from alvh.errors import AlvhError
from alvh.statistics.distributions import binomial_cdf, student_quantile
from alvh.statistics.estimate import LEVEL, Estimate, check_level

__all__ = ["deviation_interval", "mean_interval", "paired_mean", "quantile_interval", "ratio_interval"]


def mean_interval(x: ArrayLike, level: float = LEVEL) -> Estimate:
    """Return the mean of `x` with Student's interval x̄ ± t_{n−1} s/√n.

    Parameters
    ----------
    x : array_like, shape (n,)
        Independent values. One value gives NaN bounds, none or a NaN gives NaN throughout.
    level : float
        Two-sided confidence; exact for normal values, asymptotic otherwise.

    Examples
    --------
    >>> [round(x, 3) for x in mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])]
    [3.0, 1.037, 4.963]
    """
    check_level(level)
    values = np.asarray(x, dtype=np.float64)
    n = values.size
    mean = float(values.mean()) if n else math.nan
    if n < 2:
        return Estimate(mean, math.nan, math.nan)
    half = student_quantile(level, n - 1) * float(values.std(ddof=1)) / math.sqrt(n)
    return Estimate(mean, mean - half, mean + half)


def paired_mean(x: ArrayLike, y: ArrayLike, level: float = LEVEL) -> Estimate:
    """Return the mean of x − y over pairs with Student's interval.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Two figures of the same n paths, in the same order.
    level : float
        Two-sided confidence.

    Examples
    --------
    >>> paired_mean([2.0, 3.0], [1.0, 2.0])
    Estimate(value=1.0, low=1.0, high=1.0)
    """
    first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if first.shape != second.shape:
        raise AlvhError(f"x, y: shapes {first.shape} and {second.shape}: pairs need equal shapes")
    return mean_interval(first - second, level)


def ratio_interval(y: ArrayLike, x: ArrayLike, level: float = LEVEL) -> Estimate:
    """Return ȳ/x̄ with the interval of its linearisation (delta method).

    Formula: R = ȳ/x̄; R plus Student's interval of the residuals (y − R x)/x̄, whose mean is 0.

    Parameters
    ----------
    y, x : array_like, shape (n,)
        Numerator and denominator of the same n paths. A zero denominator gives NaN.
    level : float
        Two-sided confidence, asymptotic.

    Examples
    --------
    >>> round(ratio_interval([1.0, 2.0, 3.0], [2.0, 4.0, 6.0]).value, 12)
    0.5
    """
    top, bottom = np.asarray(y, dtype=np.float64), np.asarray(x, dtype=np.float64)
    if top.shape != bottom.shape:
        raise AlvhError(f"y, x: shapes {top.shape} and {bottom.shape}: pairs need equal shapes")
    scale = float(bottom.mean()) if bottom.size else 0.0
    if scale == 0.0:
        return Estimate(math.nan, math.nan, math.nan)
    ratio = float(top.mean()) / scale
    _, low, high = mean_interval((top - ratio * bottom) / scale, level)
    return Estimate(ratio, ratio + low, ratio + high)


def deviation_interval(x: ArrayLike, level: float = LEVEL) -> Estimate:
    """Return the sample standard deviation of `x` with an asymptotic interval that needs no normality.

    Formula: Student's interval of the mean of (x − x̄)² n/(n−1), which is s²; then square roots.

    Parameters
    ----------
    x : array_like, shape (n,)
        Independent values; fewer than two give NaN.
    level : float
        Two-sided confidence.

    Examples
    --------
    >>> round(deviation_interval([1.0, 2.0, 3.0, 4.0, 5.0]).value ** 2, 12)
    2.5
    """
    values = np.asarray(x, dtype=np.float64)
    n = values.size
    if n < 2:
        return Estimate(math.nan, math.nan, math.nan)
    variance, low, high = mean_interval((values - values.mean()) ** 2 * (n / (n - 1)), level)
    return Estimate(math.sqrt(variance), math.sqrt(max(0.0, low)), math.sqrt(high))


def quantile_interval(x: ArrayLike, q: float, level: float = LEVEL) -> Estimate:
    """Return the q-quantile of `x` with a distribution-free interval between two order statistics.

    The value is the smallest x with at least a share q of the sample at or below it. The bounds are the order
    statistics numbered l and u with P(B < l) ≤ α/2 and P(B ≥ u) ≤ α/2, B ~ Binomial(n, q) (David and Nagaraja
    2003, section 7.1): coverage is at least `level` for any distribution.

    Parameters
    ----------
    x : array_like, shape (n,)
        Independent values. None, or a NaN, gives NaN.
    q : float
        Between 0 and 1, both excluded.
    level : float
        Two-sided confidence. A side that n values cannot bound is infinite.

    Examples
    --------
    >>> quantile_interval(range(1, 101), 0.5)
    Estimate(value=50.0, low=40.0, high=61.0)
    """
    check_level(level)
    if not 0.0 < q < 1.0:
        raise AlvhError(f"q = {q}: a quantile between 0 and 1, both excluded")
    values = np.sort(np.asarray(x, dtype=np.float64))
    n = values.size
    if n == 0 or math.isnan(values[-1]):
        return Estimate(math.nan, math.nan, math.nan)
    tail = 0.5 * (1.0 - level)
    lower = _least_count(n, q, lambda cdf: cdf > tail)  # P(B ≤ lower − 1) is still ≤ tail
    upper = _least_count(n, q, lambda cdf: cdf >= 1.0 - tail) + 1
    return Estimate(
        float(np.quantile(values, q, method="inverted_cdf")),
        float(values[lower - 1]) if lower else -math.inf,
        float(values[upper - 1]) if upper <= n else math.inf,
    )


def _least_count(n: int, q: float, enough: Callable[[float], bool]) -> int:
    """Return the smallest k with enough(P(B ≤ k)), B ~ Binomial(n, q), by bisection."""
    return bisect_left(range(n), True, key=lambda k: enough(binomial_cdf(k, n, q)))
