"""Bachelier's inverse W(l) = l/a(l): a rational function on [0, 17], a table of polynomials up to 764.

The table's intervals are half octaves of 2l/3 + 2. The errors need no inversion: at a chosen a the function
is W(l(a)) = l(a)/a.
"""

from itertools import pairwise

from mpmath import mp, mpf

from fits.fit import Constants, Fit
from fits.functions import bachelier_quotient, log_price_ratio
from fits.minimax import Bilinear, Numbers, chebyshev_points, on, polynomial, powers_of_t, rational_of
from fits.rust import horner

SOURCE = "pricing/implied_vol/coefficients.rs"
NEAR = mpf(17)
DEGREE = 11
WAY = Bilinear(centre=mpf(8), high=NEAR)
RATIONAL_DIGITS = 50  # the system of equations is ill-conditioned
RATIONAL_POINTS = 160

OCTAVES = 8
TERMS = 16
TABLE_POINTS = 40
# The largest moneyness of the table, at l = 764.
LARGEST_A = mpf("38.9")
GRID_POINTS = 700


def refit_rational() -> Constants:
    with mp.workdps(RATIONAL_DIGITS):
        _, p, q = rational_of(bachelier_quotient, WAY, DEGREE, DEGREE, RATIONAL_POINTS)
    return {
        "BACHELIER_NUMERATOR": [x / q[0] for x in p],
        "BACHELIER_DENOMINATOR": [x / q[0] for x in q],
    }


def error_rational(constants: Constants) -> float:
    p, q = constants["BACHELIER_NUMERATOR"], constants["BACHELIER_DENOMINATOR"]
    worst = mpf(0)
    for k in range(1, GRID_POINTS):
        a = mpf(6) * k / GRID_POINTS
        ratio = log_price_ratio(a)
        if ratio <= NEAR:
            worst = max(worst, abs(horner(p, ratio) / horner(q, ratio) * a / ratio - 1))
    return float(worst)


def intervals() -> list[tuple[mpf, mpf]]:
    """The ends of the table's intervals: half octaves of 2l/3 + 2 from 2 to 512."""
    starts = [mpf(2) ** (k // 2 + 1) * (1 + mpf(k % 2) / 2) for k in range(2 * OCTAVES)] + [
        mpf(2) ** (OCTAVES + 1)
    ]
    ends = [(h - 2) * 3 / 2 for h in starts]
    return list(pairwise(ends))


def refit_table() -> Constants:
    """In the mantissa's lower half minus its middle, x = t/4, as `direct::far` reads it."""
    columns: list[Numbers] = []
    points = chebyshev_points(TABLE_POINTS)
    for low, high in intervals():
        values = on(bachelier_quotient, points, low, high)
        _, p = polynomial(points, values, [1 / f for f in values], TERMS)
        columns.append([c * mpf(4) ** k for k, c in enumerate(powers_of_t(p))])
    return {"BACHELIER_TABLE": [list(row) for row in zip(*columns, strict=True)]}


def error_table(constants: Constants) -> float:
    columns = list(zip(*constants["BACHELIER_TABLE"], strict=True))
    ends = intervals()
    worst = mpf(0)
    for k in range(1, GRID_POINTS):
        a = LARGEST_A * (mpf(k) / GRID_POINTS) ** 2
        ratio = log_price_ratio(a)
        i = next((i for i, (low, high) in enumerate(ends) if low <= ratio < high), None)
        if i is not None:
            low, high = ends[i]
            x = (ratio - low) / (high - low) / 2 - mpf(1) / 4
            worst = max(worst, abs(horner(list(columns[i]), x) * a / ratio - 1))
    return float(worst)


FITS = (
    Fit(
        title="Bachelier's inverse",
        source=SOURCE,
        names=("BACHELIER_NUMERATOR", "BACHELIER_DENOMINATOR"),
        bound=1e-16,
        error=error_rational,
        refit=refit_rational,
    ),
    Fit(
        title="Bachelier's table",
        source=SOURCE,
        names=("BACHELIER_TABLE",),
        bound=1e-16,
        error=error_table,
        refit=refit_table,
    ),
)
