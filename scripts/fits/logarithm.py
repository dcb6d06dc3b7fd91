"""2 artanh s = 2s + s³ R(s²), which gives ln((2 + f)/(2 − f)) for s = f/2."""

from mpmath import mpf

from fits.fit import Constants, Fit
from fits.minimax import chebyshev_points, on, polynomial, powers
from fits.rust import horner

TERMS = 7
# Ratios within [2/3, 3/2]: |s| ≤ 1/5, and a little more.
LARGEST = mpf("0.0401")
POINTS = 300
SMALL = LARGEST / 200


def series(z: mpf) -> mpf:
    """R(z) = (2 artanh s − 2s)/s³ for z = s²."""
    return sum(2 * z**k / (2 * k + 3) for k in range(40))


def weight(z: mpf) -> mpf:
    """What an error of R is of 2 artanh s."""
    return max(z, SMALL) / (2 + z * series(z))


def refit() -> Constants:
    points = chebyshev_points(POINTS)
    values = on(series, points, mpf(0), LARGEST)
    _, p = polynomial(points, values, on(weight, points, mpf(0), LARGEST), TERMS)
    return {"ARTANH": powers(p, mpf(0), LARGEST)}


def error(constants: Constants) -> float:
    p = constants["ARTANH"]
    arguments = on(mpf, chebyshev_points(POINTS), mpf(0), LARGEST)
    return float(max(abs(horner(p, z) - series(z)) * weight(z) for z in arguments))


FITS = (
    Fit(
        title="logarithm",
        source="math/special/logarithm.rs",
        names=("ARTANH",),
        bound=2e-17,
        error=error,
        refit=refit,
    ),
)
