"""Distribution functions that the intervals need: the incomplete beta function and three faces of it.

NumPy has none of them and SciPy is not needed at run time. Everything here takes and returns plain floats.
"""

import math
from functools import cache

__all__ = ["beta_quantile", "binomial_cdf", "incomplete_beta", "student_quantile"]

_TINY = 1e-300  # keeps the continued fraction from dividing by zero
_CONVERGED = 1e-15
_MOST_TERMS = 1_000_000  # some sqrt(max(a, b)) are used


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), the distribution function of Beta(a, b).

    Formula: continued fraction DLMF 8.17.22, evaluated by the modified method of Lentz; on the far side of
    the mean by the reflection I_x(a, b) = 1 − I_{1−x}(b, a).

    Parameters
    ----------
    x : float
        Point; below 0 counts as 0, above 1 as 1.
    a, b : float
        Shape parameters, above 0. The relative error grows with them: about 1e-9 at a million.

    Examples
    --------
    >>> round(incomplete_beta(0.5, 2.0, 3.0), 12)
    0.6875
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - incomplete_beta(1.0 - x, b, a)
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """Evaluate 1 + d₁/(1 + d₂/(1 + …)) of DLMF 8.17.22."""
    value, c, d = 1.0, 1.0, 0.0
    for term in range(1, _MOST_TERMS):
        m, odd = divmod(term, 2)
        top = -(a + m) * (a + b + m) if odd else m * (b - m)
        numerator = top * x / ((a + term - 1.0) * (a + term))
        d = 1.0 / (1.0 + numerator * d or _TINY)
        c = 1.0 + numerator / c or _TINY
        value *= c * d
        if abs(c * d - 1.0) < _CONVERGED:
            break
    return value


def beta_quantile(p: float, a: float, b: float) -> float:
    """Return the x with I_x(a, b) = p, by bisection down to neighbouring floats.

    Examples
    --------
    >>> round(beta_quantile(0.6875, 2.0, 3.0), 12)
    0.5
    """
    low, high = 0.0, 1.0
    while low < (middle := 0.5 * (low + high)) < high:
        if incomplete_beta(middle, a, b) < p:
            low = middle
        else:
            high = middle
    return high


def binomial_cdf(k: int, n: int, p: float) -> float:
    """Return P(X ≤ k) for X ~ Binomial(n, p), by the identity P(X ≤ k) = I_{1−p}(n − k, k + 1).

    Examples
    --------
    >>> round(binomial_cdf(1, 3, 0.5), 12)
    0.5
    """
    if k < 0:
        return 0.0
    if k >= n:
        return 1.0
    return incomplete_beta(1.0 - p, n - k, k + 1.0)


@cache
def student_quantile(level: float, degrees: int) -> float:
    """Return the t with P(|T| ≤ t) = level for Student's T, by P(|T| ≤ t) = I_y(1/2, ν/2), y = t²/(ν + t²).

    Parameters
    ----------
    level : float
        Two-sided confidence, between 0 and 1.
    degrees : int
        Degrees of freedom ν, at least 1.

    Examples
    --------
    >>> round(student_quantile(0.95, 4), 3)
    2.776
    """
    y = beta_quantile(level, 0.5, 0.5 * degrees)
    return math.sqrt(degrees * y / (1.0 - y))
