"""Best approximations in the largest error: polynomials, rational functions, polynomials of two variables.

Everything works on a grid of Chebyshev points, in the precision of mpmath, and in the Chebyshev basis of
t ∈ [−1, 1]; `powers` and `Bilinear` turn results into powers of the argument.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from mpmath import mp, mpf

Numbers = list[mpf]
# Remez' exchange ends when the largest error exceeds the levelled one by no more than this.
LEVEL = mpf("1.02")
EXCHANGES = 25


def chebyshev_points(n: int) -> Numbers:
    """n points of (−1, 1) and both ends, increasing."""
    return [mpf(-1), *(-mp.cos(mp.pi * (2 * j + 1) / (2 * n)) for j in range(n)), mpf(1)]


def basis(n: int, t: mpf) -> Numbers:
    """T₀ … Tₙ₋₁ at t."""
    values = [mpf(1), t]
    while len(values) < n:
        values.append(2 * t * values[-1] - values[-2])
    return values[:n]


def dot(left: Sequence[mpf], right: Sequence[mpf]) -> mpf:
    return mp.fsum(x * y for x, y in zip(left, right, strict=True))


def extrema(error: Numbers, count: int) -> list[int] | None:
    """Indices of `count` extrema of alternating sign, or None if there are fewer."""
    peaks = [0]
    for i in range(1, len(error)):
        if (error[i] > 0) != (error[peaks[-1]] > 0):
            peaks.append(i)
        elif abs(error[i]) > abs(error[peaks[-1]]):
            peaks[-1] = i
    while len(peaks) > count:
        peaks.pop(0 if abs(error[peaks[0]]) < abs(error[peaks[-1]]) else -1)
    return peaks if len(peaks) == count else None


def first_reference(points: Numbers, count: int) -> list[int]:
    """The grid points next to the extrema of a Chebyshev polynomial."""
    wanted = [-mp.cos(mp.pi * i / (count - 1)) for i in range(count)]
    return [min(range(len(points)), key=lambda j: abs(points[j] - t)) for t in wanted]


def polynomial(points: Numbers, values: Numbers, weights: Numbers, n: int) -> tuple[mpf, Numbers]:
    """The least max |p − value| weight, and the n Chebyshev coefficients of p: Remez' exchange."""
    rows = [basis(n, t) for t in points]
    reference = first_reference(points, n + 1)
    for _ in range(EXCHANGES):
        system = mp.matrix([[*rows[i], (-1) ** k / weights[i]] for k, i in enumerate(reference)])
        *p, level = mp.lu_solve(system, mp.matrix([values[i] for i in reference]))
        error = [(dot(p, row) - f) * w for row, f, w in zip(rows, values, weights, strict=True)]
        worst = max(map(abs, error))
        peaks = extrema(error, n + 1)
        if worst <= LEVEL * abs(level) or peaks is None:
            break
        reference = peaks
    return worst, p


def rational(points: Numbers, values: Numbers, above: int, below: int) -> tuple[mpf, Numbers, Numbers]:
    """The least max |P/(Q value) − 1| for degrees `above` and `below`, and P and Q in the Chebyshev basis.

    Remez' exchange from a least-squares fit. P = value (1 ± level) Q is solved for P, Q and level at a
    reference by fixing the level that multiplies Q.
    """
    n, m = above + 1, below + 1
    rows = [basis(max(n, m), t) for t in points]

    def errors(p: Numbers, q: Numbers) -> Numbers:
        return [dot(p, row[:n]) / dot(q, row[:m]) / f - 1 for row, f in zip(rows, values, strict=True)]

    def equation(i: int, aim: mpf) -> Numbers:
        """P − aim (Q − 1), which is to equal `aim`, relative to the value."""
        return [x / values[i] for x in [*rows[i][:n], *(-aim * x for x in rows[i][1:m])]]

    p, q = least_squares(rows, values, equation, n, m)
    best = (max(map(abs, errors(p, q))), p, q)
    reference = extrema(errors(p, q), n + m) or first_reference(points, n + m)
    level = mpf(0)
    for _ in range(EXCHANGES):
        for _ in range(4):
            system = mp.matrix(
                [
                    [*equation(i, values[i] * (1 + (-1) ** k * level)), -((-1) ** k)]
                    for k, i in enumerate(reference)
                ]
            )
            *solved, level = mp.lu_solve(system, mp.matrix([1] * (n + m)))
        p, q = solved[:n], [mpf(1), *solved[n:]]
        error = errors(p, q)
        worst = max(map(abs, error))
        best = min(best, (worst, p, q))
        peaks = extrema(error, n + m)
        if worst <= LEVEL * abs(level) or peaks is None:
            break
        reference = peaks
    return best


def least_squares(
    rows: list[Numbers], values: Numbers, equation: Callable[[int, mpf], Numbers], n: int, m: int
) -> tuple[Numbers, Numbers]:
    """P and Q of least squared P/(Q value) − 1, linear once divided by the Q of the round before (Loeb)."""
    q = [mpf(1)] + [mpf(0)] * (m - 1)
    for _ in range(6):
        weights = [1 / dot(q, row[:m]) for row in rows]
        left = mp.matrix([[w * x for x in equation(i, values[i])] for i, w in enumerate(weights)])
        with mp.workdps(2 * mp.dps):  # the normal equations square the condition
            solved = list(mp.lu_solve(left.T * left, left.T * mp.matrix(weights)))
        q = [mpf(1), *solved[n:]]
    return solved[:n], q


def plane(
    points: list[tuple[mpf, mpf]], values: Numbers, weights: Numbers, profile: Sequence[int], rounds: int = 25
) -> tuple[float, list[Numbers]]:
    """Coefficients c[j][k], k < profile[j], of T_j(v) T_k(u): Lawson's reweighted least squares.

    The least squares are solved in doubles, their residuals in mpmath, three times, which gives all digits.
    """
    terms = [(j, k) for j, length in enumerate(profile) for k in range(length)]
    rows = []
    for (u, v), weight in zip(points, weights, strict=True):
        of_u, of_v = basis(max(profile), u), basis(len(profile), v)
        rows.append([weight * of_v[j] * of_u[k] for j, k in terms])
    aims = [f * w for f, w in zip(values, weights, strict=True)]
    matrix = np.array(rows, dtype=float)
    importance = np.ones(len(points))
    best, found = np.inf, [mpf(0)] * len(terms)
    for _ in range(rounds):
        root = np.sqrt(importance)
        orthogonal, triangle = np.linalg.qr(matrix * root[:, None])
        coefficients = [mpf(0)] * len(terms)
        for _ in range(3):
            rest = [aim - dot(row, coefficients) for aim, row in zip(aims, rows, strict=True)]
            unit = max(map(abs, rest))
            step = np.linalg.solve(triangle, orthogonal.T @ (root * [float(x / unit) for x in rest]))
            coefficients = [c + unit * mpf(float(x)) for c, x in zip(coefficients, step, strict=True)]
        error = np.array(
            [float(abs(aim - dot(row, coefficients))) for aim, row in zip(aims, rows, strict=True)]
        )
        if error.max() < best:
            best, found = float(error.max()), coefficients
        importance *= error / error.max() + 1e-3
        importance /= importance.mean()
    numbers = iter(found)
    return best, [[next(numbers) for _ in range(length)] for length in profile]


def product(left: Numbers, right: Numbers) -> Numbers:
    """Coefficients of a product of two polynomials."""
    result = [mpf(0)] * (len(left) + len(right) - 1)
    for i, x in enumerate(left):
        for j, y in enumerate(right):
            result[i + j] += x * y
    return result


def powers_of_t(chebyshev: Numbers) -> Numbers:
    """Chebyshev coefficients → powers of t."""
    n = len(chebyshev)
    table = [[mpf(1)], [mpf(0), mpf(1)]]
    while len(table) < n:
        twice = [mpf(0), *(2 * x for x in table[-1])]
        table.append([x - y for x, y in zip(twice, [*table[-2], mpf(0), mpf(0)], strict=True)])
    return [mp.fsum(chebyshev[i] * table[i][j] for i in range(j, n)) for j in range(n)]


def powers(chebyshev: Numbers, low: mpf, high: mpf) -> Numbers:
    """Chebyshev coefficients on [low, high] → powers of the argument."""
    inner = [-(low + high) / (high - low), 2 / (high - low)]
    result = [mpf(0)]
    for c in reversed(powers_of_t(chebyshev)):
        result = product(result, inner)
        result[0] += c
    return result[: len(chebyshev)]


@dataclass(frozen=True)
class Bilinear:
    """t = (alpha x − centre)/(x + centre), which takes [0, high] to [−1, 1] and crowds the points near 0."""

    centre: mpf
    high: mpf | None = None  # None is ∞

    @property
    def alpha(self) -> mpf:
        return mpf(1) if self.high is None else 1 + 2 * self.centre / self.high

    def argument(self, t: mpf) -> mpf:
        """x for t; a very large number for ∞."""
        return self.centre * (1 + t) / max(self.alpha - t, mpf(10) ** -30)

    def powers(self, chebyshev: Numbers, degree: int) -> Numbers:
        """p(t) (x + centre)^degree in powers of x."""
        result = [mpf(0)] * (degree + 1)
        for i, c in enumerate(powers_of_t(chebyshev)):
            term = [c]
            for _ in range(i):
                term = product(term, [-self.centre, self.alpha])
            for _ in range(degree - i):
                term = product(term, [self.centre, mpf(1)])
            result = [x + y for x, y in zip(result, term, strict=True)]
        return result


def rational_of(
    function: Callable[[mpf], mpf], way: Bilinear, above: int, below: int, points: int = 400
) -> tuple[mpf, Numbers, Numbers]:
    """The largest relative error, and P and Q of degrees `above` ≤ `below` in powers of x, Q monic."""
    grid = chebyshev_points(points)
    arguments = [way.argument(t) for t in grid]
    values = [(x + way.centre) ** (below - above) * function(x) for x in arguments]
    worst, p, q = rational(grid, values, above, below)
    numerator, denominator = way.powers(p, above), way.powers(q, below)
    return worst, [x / denominator[-1] for x in numerator], [x / denominator[-1] for x in denominator]


def powers_of_plane(chebyshev: list[Numbers], high_u: mpf, high_v: mpf) -> list[Numbers]:
    """The coefficients of `plane` on [0, high_u] × [0, high_v] → c[j][k] of v^j u^k."""
    rows = [powers(row, mpf(0), high_u) for row in chebyshev]
    columns = [
        powers([row[k] if k < len(row) else mpf(0) for row in rows], mpf(0), high_v)
        for k in range(len(rows[0]))
    ]
    return [[columns[k][j] for k in range(len(row))] for j, row in enumerate(chebyshev)]


def on(function: Callable[[mpf], mpf], points: Numbers, low: mpf, high: mpf) -> Numbers:
    """A function's values where t ∈ [−1, 1] stands for [low, high]."""
    return [function(low + (high - low) * (1 + t) / 2) for t in points]
