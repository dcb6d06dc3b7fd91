"""The starting value of the refined formula: a normal quantile, and what Black's d differs from it.

One per cent in s is enough, so doubles and least squares do: two steps of fourth order take it to the last
place.
"""

import numpy as np
from numpy.polynomial.polynomial import polyval
from numpy.typing import NDArray
from scipy.special import erfcx, ndtri_exp

from fits.fit import Constants, Fit

Array = NDArray[np.float64]

SOURCE = "pricing/implied_vol/coefficients.rs"
ORDER = 5  # total degree of the correction
ROUNDS = 80
GUESS = tuple(f"GUESS_{i}" for i in range(ORDER + 1))
# What is left for the refined formula: s above the direct formula's 0.8, or |ln(F/K)| above its 0.8, as long
# as the price is not below the smallest double.
SMALLEST_S = 0.78
DIRECT_X = 0.85
FARTHEST = 38.5
LARGEST_S = 90.0


def mills(x: Array) -> Array:
    return np.asarray(np.sqrt(np.pi / 2) * erfcx(x / np.sqrt(2)))


def tails() -> tuple[Array, Array]:
    """t = √(−2 ln p) and the quantile z of p ≤ ½, Φ(−z) = p."""
    t = np.concatenate([np.linspace(np.sqrt(2 * np.log(2)), 6, 400), np.linspace(6, 39, 400)])
    return t, -ndtri_exp(-t * t / 2)


def refit_quantile() -> Constants:
    """t − z = P(t)/Q(t), linear least squares divided by the Q of the round before."""
    t, z = tails()
    weight = np.ones_like(t)
    for _ in range(ROUNDS):
        gap = t - z
        matrix = np.stack([np.ones_like(t), t, t * t, -gap * t, -gap * t * t, -gap * t**3], axis=1)
        solved = np.linalg.lstsq(matrix * weight[:, None], gap * weight, rcond=None)[0]
        weight = 1 / polyval(t, [1.0, *solved[3:]])
    return {"QUANTILE_NUMERATOR": solved[:3].tolist(), "QUANTILE_DENOMINATOR": [1.0, *solved[3:].tolist()]}


def error_quantile(constants: Constants) -> float:
    """Absolute error of z."""
    t, z = tails()
    p, q = (np.array(constants[f"QUANTILE_{part}"], dtype=float) for part in ("NUMERATOR", "DENOMINATOR"))
    return float(np.abs(t - polyval(t, p) / polyval(t, q) - z).max())


def sample() -> tuple[Array, Array, Array]:
    """√(2x), z and d = x/s − s/2 over the domain: z is the quantile of the price over its bound."""
    root = np.concatenate([np.linspace(0, 1.3, 30), np.linspace(1.3, 4, 30), np.geomspace(4, 40, 30)])
    found = []
    for r in root:
        x = r * r / 2
        smallest = SMALLEST_S if x < DIRECT_X else x / FARTHEST
        d = np.linspace(-12, min(38.0, x / smallest - smallest / 2), 160)
        s = np.concatenate([np.geomspace(smallest, LARGEST_S, 320), np.sqrt(d * d + 2 * x) - d])
        s = s[s >= smallest]
        d, far = x / s - s / 2, x / s + s / 2
        constant = -d * d / 2 - np.log(np.sqrt(2 * np.pi))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            part = constant + np.log(mills(d) - mills(far))
            rest = constant + np.log(mills(-d) + mills(far))
            lower = (d > -0.7) & (part <= np.log(0.5))
            z = np.where(
                lower, -ndtri_exp(np.where(lower, part, -1.0)), ndtri_exp(np.where(lower, -1.0, rest))
            )
        keep = np.isfinite(z) & (z < FARTHEST) & (z > -8.4)
        found.append(np.stack([np.full(keep.sum(), r), z[keep], d[keep]]))
    r, z, d = np.concatenate(found, axis=1)
    return r, z, d


def bounded(r: Array, z: Array) -> tuple[Array, Array]:
    """The arguments of the correction, in (−1, 1) and (0, 1]."""
    return z / np.sqrt(z * z + 4), 1 / (1 + r / 2)


def sensitivity(r: Array, d: Array) -> Array:
    """Relative error of s per error of d: ds/s = −dd/√(d² + 2x); the ½ is for the limit at d = x = 0."""
    return 1 / np.sqrt(d * d + r * r + 0.5)


def refit_guess() -> Constants:
    r, z, d = sample()
    of_z, of_x = bounded(r, z)
    matrix = np.stack([of_z**i * of_x**j for i in range(ORDER + 1) for j in range(ORDER + 1 - i)], axis=1)
    scale, weight, best = sensitivity(r, d), np.ones_like(r), np.inf
    for _ in range(ROUNDS):
        solved = np.linalg.lstsq(matrix * (weight * scale)[:, None], (z - d) * weight * scale, rcond=None)[0]
        error = np.abs(matrix @ solved - (z - d)) * scale
        if error.max() < best:
            best, found = error.max(), solved
        weight *= np.sqrt(1 + error / error.max())
        weight /= weight.mean()
    numbers = iter(found.tolist())
    return {name: [next(numbers) for _ in range(ORDER + 1 - i)] for i, name in enumerate(GUESS)}


def error_guess(constants: Constants) -> float:
    """Relative error of s."""
    r, z, d = sample()
    of_z, of_x = bounded(r, z)
    rows = [np.array(constants[name], dtype=float) for name in GUESS]
    correction = sum(of_z**i * polyval(of_x, row) for i, row in enumerate(rows))
    return float((np.abs(z - correction - d) * sensitivity(r, d)).max())


FITS = (
    Fit(
        title="normal quantile of the guess",
        source=SOURCE,
        names=("QUANTILE_NUMERATOR", "QUANTILE_DENOMINATOR"),
        bound=4e-4,
        error=error_quantile,
        refit=refit_quantile,
    ),
    Fit(
        title="correction of the guess",
        source=SOURCE,
        names=GUESS,
        bound=1.2e-2,
        error=error_guess,
        refit=refit_guess,
    ),
)
