"""The bracket of the time value near the money: G(a), S(u), β(u, v), and the factor exp(−v/2).

docs/implied_vol.md derives G + S (u G − v) − v² β. Errors are relative to the bracket, which is at least G.
"""

from collections.abc import Callable
from functools import partial

from mpmath import mp, mpf

from fits.fit import Constants, Fit
from fits.functions import one_minus_a_mills
from fits.minimax import (
    Bilinear,
    Numbers,
    chebyshev_points,
    on,
    plane,
    polynomial,
    powers,
    powers_of_plane,
    rational_of,
)
from fits.rust import horner

Scalar = Callable[[mpf], mpf]

SOURCE = "pricing/black76/series.rs"
LARGEST = mpf(1) / 4  # of u = x²/4 and v = s²/4
LARGEST_A = mpf(40)
POINTS = 300
PLANE_POINTS = 14
PROFILE = (5, 4, 3, 2, 2, 1)
BETA = tuple(f"BETA_{j + 1}" for j in range(len(PROFILE)))

# ∫₀¹ cosh(X (1 − y)) (1 − exp(−v y²/2))/v dy as a double series: [power of v][power of u].
INTEGRAL = [
    [
        (-1) ** j
        * mp.factorial(2 * j + 2)
        / (2 ** (j + 1) * mp.factorial(j + 1) * mp.factorial(2 * j + 2 * k + 3))
        for k in range(14)
    ]
    for j in range(16)
]
EXP = [1 / ((-2) ** (k + 1) * mp.factorial(k + 1)) for k in range(25)]
A_GRID = [LARGEST_A * (mpf(k) / 400) ** 2 for k in range(401)]


def sinh_series(u: mpf) -> mpf:
    """S(u) = (sinh(X)/X − 1)/u, X² = u."""
    return horner(INTEGRAL[0], u)


def decay_series(v: mpf) -> mpf:
    """(exp(−v/2) − 1)/v."""
    return horner(EXP, v)


def beta(u: mpf, v: mpf) -> mpf:
    return horner([horner(row, u) for row in INTEGRAL[1:]], v)


def bracket(u: mpf, v: mpf) -> mpf:
    g = one_minus_a_mills(mp.sqrt(u / v))
    return g + sinh_series(u) * (u * g - v) - v * v * beta(u, v)


def refit_gap() -> Constants:
    _, p, q = rational_of(one_minus_a_mills, Bilinear(mpf(4), LARGEST_A), 9, 11)
    return {"G_P": p, "G_Q": q}


def error_gap(constants: Constants) -> float:
    p, q = constants["G_P"], constants["G_Q"]
    return float(max(abs(horner(p, a) / horner(q, a) / one_minus_a_mills(a) - 1) for a in A_GRID))


def refit_series(name: str, function: Scalar, weight: Scalar, n: int) -> Constants:
    points = chebyshev_points(POINTS)
    values, weights = on(function, points, mpf(0), LARGEST), on(weight, points, mpf(0), LARGEST)
    return {name: powers(polynomial(points, values, weights, n)[1], mpf(0), LARGEST)}


def error_series(name: str, function: Scalar, weight: Scalar, constants: Constants) -> float:
    p = constants[name]
    arguments = on(mpf, chebyshev_points(POINTS), mpf(0), LARGEST)
    return float(max(abs(horner(p, x) - function(x)) * weight(x) for x in arguments))


def grid(n: int) -> list[tuple[mpf, mpf]]:
    """Points of [−1, 1] × (−1, 1]: at v = 0 every error counts nothing."""
    points = chebyshev_points(n)
    return [(u, v) for u in points for v in points[1:]]


def scaled(t: mpf) -> mpf:
    return LARGEST * (1 + t) / 2


def weights_of_beta(points: list[tuple[mpf, mpf]]) -> Numbers:
    """What an error of β is of the bracket: v²/bracket."""
    return [scaled(v) ** 2 / bracket(scaled(u), scaled(v)) for u, v in points]


def refit_beta() -> Constants:
    points = grid(PLANE_POINTS)
    values = [beta(scaled(u), scaled(v)) for u, v in points]
    _, rows = plane(points, values, weights_of_beta(points), PROFILE)
    return dict(zip(BETA, powers_of_plane(rows, LARGEST, LARGEST), strict=True))


def error_beta(constants: Constants) -> float:
    rows = [constants[name] for name in BETA]
    points = grid(PLANE_POINTS + 7)
    return float(
        max(
            weight
            * abs(horner([horner(row, scaled(u)) for row in rows], scaled(v)) - beta(scaled(u), scaled(v)))
            for (u, v), weight in zip(points, weights_of_beta(points), strict=True)
        )
    )


def described(name: str, function: Scalar, weight: Scalar, *, terms: int, bound: float) -> Fit:
    return Fit(
        title=f"{name} near the money",
        source=SOURCE,
        names=(name,),
        bound=bound,
        error=partial(error_series, name, function, weight),
        refit=partial(refit_series, name, function, weight, terms),
    )


FITS = (
    Fit(
        title="G near the money",
        source=SOURCE,
        names=("G_P", "G_Q"),
        bound=1.6e-16,
        error=error_gap,
        refit=refit_gap,
    ),
    # |u G − v| is at most half of the bracket.
    described("S", sinh_series, lambda _: mpf(1) / 2, terms=6, bound=2e-17),
    described("DECAY", decay_series, lambda v: max(v, LARGEST / 100) * mp.exp(v / 2), terms=7, bound=6e-17),
    Fit(
        title="beta near the money",
        source=SOURCE,
        names=BETA,
        bound=7e-17,
        error=error_beta,
        refit=refit_beta,
    ),
)
