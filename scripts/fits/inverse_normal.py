"""Wichura's three rational functions for Φ⁻¹ (Algorithm AS 241, PPND16): published, so measured only."""

from collections.abc import Callable
from functools import partial

from mpmath import mp, mpf

from fits.fit import Constants, Fit
from fits.rust import horner

SOURCE = "math/special/inverse_normal.rs"
POINTS = 150
HALF_WIDTH = mpf("0.425")
CENTRES = {"TAIL": mpf("1.6"), "FAR": mpf(5)}


def tail_quantile(r: mpf) -> mpf:
    """z > 0 with Φ(−z) = exp(−r²), by Newton's iteration on ln Φ(−z)."""
    aim = -r * r
    z = mp.sqrt(2) * r
    with mp.workdps(mp.dps + 10):
        for _ in range(100):
            tail = mp.erfc(z / mp.sqrt(2)) / 2
            step = (mp.log(tail) - aim) * tail / mp.npdf(z)
            z += step
            if abs(step) < mpf(10) ** (-mp.dps // 2):
                return z
    raise ArithmeticError(f"no quantile at r = {r}")


def error_centre(constants: Constants) -> float:
    p, q = constants["CENTRAL_P"], constants["CENTRAL_Q"]

    def relative(offset: mpf) -> mpf:
        z = mp.sqrt(2) * mp.erfinv(2 * offset)
        y = HALF_WIDTH**2 - offset**2
        return abs(offset * horner(p, y) / horner(q, y) / z - 1)

    return float(max(relative(HALF_WIDTH * k / POINTS) for k in range(1, POINTS + 1)))


def error_tail(name: str, low: mpf, high: mpf, constants: Constants) -> float:
    p, q = constants[f"{name}_P"], constants[f"{name}_Q"]

    def relative(r: mpf) -> mpf:
        y = r - CENTRES[name]
        return abs(horner(p, y) / horner(q, y) / tail_quantile(r) - 1)

    return float(max(relative(low + (high - low) * k / POINTS) for k in range(POINTS + 1)))


def described(title: str, name: str, error: Callable[[Constants], float], bound: float) -> Fit:
    return Fit(
        title=f"inverse normal, {title}",
        source=SOURCE,
        names=(f"{name}_P", f"{name}_Q"),
        bound=bound,
        error=error,
        refit=None,
    )


# √(−ln p) at p = 0.075, where the central function ends, at exp(−25), and at the smallest double.
JOINT = mp.sqrt(-mp.log(mpf("0.075")))
LAST = mp.sqrt(1074 * mp.log(2))
FITS = (
    described("centre", "CENTRAL", error_centre, 1e-16),
    described("tail", "TAIL", partial(error_tail, "TAIL", JOINT, mpf(5)), 1e-16),
    described("far tail", "FAR", partial(error_tail, "FAR", mpf(5), LAST), 2e-16),
)
