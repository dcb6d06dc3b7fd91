"""From Bachelier's τ to Black's s: s = s₀ (1 + s₀² E(s₀², w)), s₀ = τ r(w), for s₀ ≤ 0.8 and |ln(F/K)| ≤ 0.8.

docs/implied_vol.md proves that s/s₀ is an analytic function of s₀² and w. The error of E needs no inversion:
Bachelier's price of τ is compared with Black's of s, in units of vega.
"""

from mpmath import mp, mpf

from fits.fit import Constants, Fit
from fits.functions import bachelier, black, correction, density, moneyness, normal_to_lognormal
from fits.minimax import chebyshev_points, on, plane, polynomial, powers, powers_of_plane
from fits.rust import horner

SOURCE = "pricing/implied_vol/coefficients.rs"
TERMS = 11
LARGEST_SQUARE = mpf("0.8") ** 2
LARGEST_W = 4 * mp.tanh(mpf("0.4")) ** 2
POINTS = 200
PROFILE = tuple(range(9, 0, -1))
PLANE_POINTS = 14
CORRECTION = tuple(f"CORRECTION_{j}" for j in range(len(PROFILE)))


def refit_first() -> Constants:
    points = chebyshev_points(POINTS)
    values = on(normal_to_lognormal, points, mpf(0), LARGEST_W)
    _, p = polynomial(points, values, [1 / f for f in values], TERMS)
    return {"NORMAL_TO_LOGNORMAL": powers(p, mpf(0), LARGEST_W)}


def error_first(constants: Constants) -> float:
    p = constants["NORMAL_TO_LOGNORMAL"]
    arguments = on(mpf, chebyshev_points(POINTS), mpf(0), LARGEST_W)
    return float(max(abs(horner(p, w) / normal_to_lognormal(w) - 1) for w in arguments))


def refit_correction() -> Constants:
    points = chebyshev_points(PLANE_POINTS)
    # At s₀ = 0 every error counts nothing.
    pairs = [(u, v) for u in points for v in points[1:]]
    arguments = [(LARGEST_SQUARE * (1 + v) / 2, LARGEST_W * (1 + u) / 2) for u, v in pairs]
    values = [correction(square, w) for square, w in arguments]
    weights = [square / (1 + square * e) for (square, _), e in zip(arguments, values, strict=True)]
    _, rows = plane(pairs, values, weights, PROFILE)
    return dict(zip(CORRECTION, powers_of_plane(rows, LARGEST_W, LARGEST_SQUARE), strict=True))


def error_correction(constants: Constants) -> float:
    """With r exact: the error that E alone causes in s."""
    rows = [constants[name] for name in CORRECTION]
    points = chebyshev_points(PLANE_POINTS + 7)
    worst = mpf(0)
    for square in on(mpf, points[1:], mpf(0), LARGEST_SQUARE):
        for w in on(mpf, points, mpf(0), LARGEST_W):
            first = mp.sqrt(square)
            s = first * (1 + square * horner([horner(row, w) for row in rows], square))
            x = moneyness(w)
            vega = density(x / s) * mp.exp(-s * s / 8)
            missing = black(x, s) - bachelier(first / normal_to_lognormal(w), w)
            worst = max(worst, abs(missing / (vega * s)))
    return float(worst)


FITS = (
    Fit(
        title="normal to lognormal, first order",
        source=SOURCE,
        names=("NORMAL_TO_LOGNORMAL",),
        bound=6e-17,
        error=error_first,
        refit=refit_first,
    ),
    Fit(
        title="normal to lognormal, correction",
        source=SOURCE,
        names=CORRECTION,
        bound=1.1e-16,
        error=error_correction,
        refit=refit_correction,
    ),
)
