"""eʳ = 1 + r + r² p(r) on |r| ≤ ln 2/2, what Cody and Waite's reduction leaves."""

from mpmath import mp, mpf

from fits.fit import Constants, Fit
from fits.minimax import chebyshev_points, on, polynomial, powers
from fits.rust import horner

TERMS = 10
HALF_RANGE = mp.log(2) / 2 * (1 + mpf(2) ** -40)  # a little more, for the rounding of the reduction
POINTS = 400
SMALL = HALF_RANGE / 100  # below it r² is no weight any more


def remainder(r: mpf) -> mpf:
    """(eʳ − 1 − r)/r²."""
    return mp.fsum(r**k / mp.factorial(k + 2) for k in range(25))


def refit() -> Constants:
    points = chebyshev_points(POINTS)
    weights = on(lambda r: max(abs(r), SMALL) ** 2 / mp.exp(r), points, -HALF_RANGE, HALF_RANGE)
    _, p = polynomial(points, on(remainder, points, -HALF_RANGE, HALF_RANGE), weights, TERMS)
    return {"REMAINDER": powers(p, -HALF_RANGE, HALF_RANGE)}


def error(constants: Constants) -> float:
    p = constants["REMAINDER"]
    return float(
        max(
            abs((horner(p, r) - remainder(r)) * r * r / mp.exp(r))
            for r in on(mpf, chebyshev_points(POINTS), -HALF_RANGE, HALF_RANGE)
        )
    )


FITS = (
    Fit(
        title="exponential",
        source="math/special/exponential.rs",
        names=("REMAINDER",),
        bound=2e-17,
        error=error,
        refit=refit,
    ),
)
