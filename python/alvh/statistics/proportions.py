"""Proportions of independent paths, and differences of paired ones."""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from alvh.errors import AlvhError
from alvh.statistics.distributions import beta_quantile, binomial_cdf
from alvh.statistics.estimate import LEVEL, Estimate, check_level

__all__ = [
    "clopper_pearson",
    "clustered_proportion",
    "holm",
    "mcnemar",
    "paired_proportion",
    "proportion",
    "wilson",
]

FEW = 10  # hits or misses below which the exact interval is used
RULE_OF_THREE = 3.0  # −ln(1 − 0.95), rounded up: the 95% bound on n·p after no hit in n


def _counts(hits: int, n: int) -> None:
    if not 0 <= hits <= n:
        raise AlvhError(f"hits = {hits}: a count between 0 and n = {n}")


def _normal_quantile(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + 0.5 * level)


def wilson(hits: int, n: int, level: float = LEVEL) -> Estimate:
    """Return the proportion hits/n with Wilson's score interval.

    Formula: (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), z the normal quantile (Wilson 1927).

    Parameters
    ----------
    hits, n : int
        Events among independent trials. Without trials the value is NaN and the interval is [0, 1].
    level : float
        Two-sided confidence.

    Examples
    --------
    >>> [round(x, 4) for x in wilson(81, 263)]
    [0.308, 0.2553, 0.3662]
    """
    _counts(hits, n)
    check_level(level)
    if n == 0:
        return Estimate(math.nan, 0.0, 1.0)
    estimate = _score(hits / n, n, level)
    # At 0 and n hits the bounds are 0 and 1 in exact arithmetic.
    return estimate._replace(low=estimate.low if hits else 0.0, high=estimate.high if hits < n else 1.0)


def _score(p: float, n: float, level: float) -> Estimate:
    """Wilson's interval of the proportion p among n trials, which need not be whole."""
    z = _normal_quantile(level)
    shrink = 1.0 + z * z / n
    centre = (p + z * z / (2.0 * n)) / shrink
    half = z * math.sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n)) / shrink
    return Estimate(p, centre - half, centre + half)


def clopper_pearson(hits: int, n: int, level: float = LEVEL) -> Estimate:
    """Return the proportion hits/n with the exact interval of Clopper and Pearson (1934).

    Formula: the quantiles α/2 of Beta(h, n−h+1) and 1−α/2 of Beta(h+1, n−h), where the binomial tails
    beyond h are α/2. It never covers less than `level`.

    Parameters
    ----------
    hits, n : int
        Events among independent trials. Without trials the value is NaN and the interval is [0, 1].
    level : float
        Two-sided confidence.

    Examples
    --------
    >>> [round(x, 4) for x in clopper_pearson(1, 29)]
    [0.0345, 0.0009, 0.1776]
    """
    _counts(hits, n)
    check_level(level)
    tail = 0.5 * (1.0 - level)
    low = beta_quantile(tail, hits, n - hits + 1.0) if hits else 0.0
    high = beta_quantile(1.0 - tail, hits + 1.0, n - hits) if hits < n else 1.0
    return Estimate(hits / n if n else math.nan, low, high)


def proportion(hits: int, n: int) -> Estimate:
    """Return the proportion hits/n with the 95% interval that every report uses.

    Clopper–Pearson below 10 hits or 10 misses, else Wilson; no hit gives (0, 0, 3/n) and no miss
    (1, 1 − 3/n, 1), the rule of three.

    Parameters
    ----------
    hits, n : int
        Events among independent trials. Without trials the value is NaN and the interval is [0, 1].

    Examples
    --------
    >>> proportion(0, 20_000)
    Estimate(value=0.0, low=0.0, high=0.00015)
    """
    _counts(hits, n)
    if n and hits == 0:
        return Estimate(0.0, 0.0, min(1.0, RULE_OF_THREE / n))
    if n and hits == n:
        return Estimate(1.0, max(0.0, 1.0 - RULE_OF_THREE / n), 1.0)
    return (clopper_pearson if min(hits, n - hits) < FEW else wilson)(hits, n)


def clustered_proportion(hits: ArrayLike, trials: ArrayLike, level: float = LEVEL) -> Estimate:
    """Return Σ hits / Σ trials, where trials of one path go together and only paths are independent.

    Formula: Wilson's interval with n = Σ trials / d trials, d = v / (p(1−p)/Σ trials) the design effect
    (Kish 1965), at least 1, and v = m/(m−1) Σ (hits − p trials)² / (Σ trials)² over the m paths with
    trials. Without a hit or without a miss the m paths count as one trial each: the rule of three.

    Parameters
    ----------
    hits, trials : array_like, shape (paths,)
        Events and trials of each path. Without any trial the value is NaN and the interval is [0, 1].
    level : float
        Two-sided confidence, asymptotic in the number of paths with trials; from one path it is [0, 1].

    Examples
    --------
    >>> alone = clustered_proportion([1, 0, 1, 0] * 50, [1] * 200)
    >>> together = clustered_proportion([4, 0] * 25, [4] * 50)
    >>> [round(each.high - each.low, 2) for each in (alone, together)]
    [0.14, 0.27]
    """
    check_level(level)
    events, chances = np.asarray(hits, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    if events.shape != chances.shape or (events < 0).any() or (events > chances).any():
        raise AlvhError("hits, trials: a count of each per path, hits at most trials")
    events, chances = events[chances > 0], chances[chances > 0]
    paths, n, h = events.size, float(chances.sum()), float(events.sum())
    if paths == 0:
        return Estimate(math.nan, 0.0, 1.0)
    p = h / n
    if h in {0.0, n}:
        return proportion(paths if h else 0, paths)
    if paths == 1:
        return Estimate(p, 0.0, 1.0)
    variance = paths / (paths - 1) * float(((events - p * chances) ** 2).sum()) / n**2
    return _score(p, n / max(1.0, variance / (p * (1.0 - p) / n)), level)


def mcnemar(n01: int, n10: int) -> float:
    """Return the exact two-sided p-value of McNemar's test that two paired proportions are equal.

    Formula: min(1, 2 P(X ≤ min(n01, n10))), X ~ Binomial(n01 + n10, 1/2): the pairs that agree say nothing.

    Parameters
    ----------
    n01, n10 : int
        Pairs in which only the second, and only the first, had the event.

    Examples
    --------
    >>> round(mcnemar(0, 5), 12)
    0.0625
    """
    if min(n01, n10) < 0:
        raise AlvhError(f"n01, n10 = {n01}, {n10}: counts of discordant pairs, 0 or more")
    return min(1.0, 2.0 * binomial_cdf(min(n01, n10), n01 + n10, 0.5))


def paired_proportion(n01: int, n10: int, n: int, level: float = LEVEL) -> Estimate:
    """Return the difference (n01 − n10)/n of two paired proportions with Bonett and Price's (2012) interval.

    Formula: a − b ± z √((a + b − (a − b)²)/(n + 2)), within [−1, 1]; a = (n01+1)/(n+2), b = (n10+1)/(n+2).
    Unlike Wald's it does not shrink to a point when no pair is discordant.

    Parameters
    ----------
    n01, n10 : int
        Pairs in which only the second, and only the first, had the event; the result is second minus first.
    n : int
        All pairs.
    level : float
        Two-sided confidence.

    Examples
    --------
    >>> [round(x, 4) for x in paired_proportion(5, 25, 100)]
    [-0.2, -0.2979, -0.0943]
    """
    if min(n01, n10) < 0 or n01 + n10 > n:
        raise AlvhError(f"n01, n10, n = {n01}, {n10}, {n}: discordant pairs are 0 or more and at most n")
    check_level(level)
    if n == 0:
        return Estimate(math.nan, -1.0, 1.0)
    a, b = (n01 + 1.0) / (n + 2.0), (n10 + 1.0) / (n + 2.0)
    half = _normal_quantile(level) * math.sqrt((a + b - (a - b) ** 2) / (n + 2.0))
    return Estimate((n01 - n10) / n, max(-1.0, a - b - half), min(1.0, a - b + half))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's (1979) step-down adjusted p-values, in the order given.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted
