"""Mills' ratio Y(x) = (1 − Φ(x))/φ(x) as a rational function of x itself on a half line.

Its best rational approximations have positive coefficients: they are evaluated without cancellation, need no
map to a finite interval, and cost one division.
"""

from functools import partial

from mpmath import mpf

from fits.fit import Constants, Fit
from fits.functions import mills
from fits.minimax import Bilinear, rational_of
from fits.rust import horner

WAY = Bilinear(centre=mpf(4))
GRID = [mpf(k) / 16 for k in range(16 * 8)] + [8 * mpf(5) ** (mpf(k) / 16) for k in range(300)]


def refit(name: str, start: float, degree: int) -> Constants:
    _, p, q = rational_of(lambda v: mills(v + start), WAY, degree, degree + 1)
    return {f"{name}_P": p, f"{name}_Q": q}


def error(name: str, start: float, constants: Constants) -> float:
    p, q = constants[f"{name}_P"], constants[f"{name}_Q"]
    return float(max(abs(horner(p, v) / horner(q, v) / mills(v + start) - 1) for v in GRID))


def described(title: str, name: str, start: float, degree: int, bound: float) -> Fit:
    return Fit(
        title=title,
        source="math/special/normal.rs",
        names=(f"{name}_P", f"{name}_Q"),
        bound=bound,
        error=partial(error, name, start),
        refit=partial(refit, name, start, degree),
    )


FITS = (
    # The source moves the first coefficient by its last bit, so that Φ(0) = ½ exactly.
    described("Mills' ratio from 0", "MILLS", 0.0, 10, 1.4e-16),
    described("Mills' ratio from -3/4", "MILLS_WIDE", -0.75, 11, 1.2e-16),
)
