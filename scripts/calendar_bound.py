"""How steeply the curve of SPX variance swaps may fall, and why: `python calendar_bound.py [INDICES]`.

Prints, for several bounds, how often simulations of L3F meet them and in how many states a calendar spread
has a negative price; with INDICES, a Parquet file of `symbol`, `date`, `close`, also how steeply recorded
curves fell. docs/market.md quotes it. The formulas are those of that page in NumPy, beside the core's.
"""

import sys
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.market import L3F

Floats = NDArray[np.float64]

MODEL: Final = L3F()
CURVE, DYNAMICS, SMILE, OF_DAY = MODEL.curve, MODEL.dynamics, MODEL.smile, MODEL.smile_state
SPEED: Final = np.array(CURVE.reversion)
MONTH: Final = 30 / 365
MEASURED: Final = (3.0, 4.25, 6.0, 8.5, 12.0, 17.0, 24.0, 34.0, 48.0, 68.0, 96.0, 136.0)  # sessions
TENORS: Final = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 9.0, 15.0, 21.0, 32.0, 63.0, 100.0, 140.0, 252.0)
DEVIATIONS: Final = (-10, -6, -4, -3, -2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6)  # of ln(strike / forward)
BOUNDS: Final = (np.inf, 0.50, 0.45, 0.40, 0.35, 0.30)
STEEP: Final = 0.30  # states that fall more steeply are looked at, all of them
PATHS, YEARS, EVERY, SEED = 512, 33, 252, 3
HIGHEST_VIX: Final = 250.0
INDICES: Final = {"VIX9D": 9 / 30, "VIX": 1.0, "VIX3M": 93 / 30, "VIX6M": 184 / 30}  # tenor in months


def mean_decay(y: Floats) -> Floats:
    """Return (1 − exp(−y)) / y."""
    return -np.expm1(-y) / y


def loading(sessions: float) -> Floats:
    """Return ℓ of a tenor."""
    return mean_decay(SPEED * MONTH * sessions / 21) / mean_decay(SPEED * MONTH)


def steepest(x: Floats) -> Floats:
    """Return by how much ln(K − floor) falls per unit of ln(tenor), at most and without its constant."""
    falls = []
    for sessions in MEASURED:
        y = SPEED * MONTH * sessions / 21
        falls.append(x @ ((mean_decay(y) - np.exp(-y)) / mean_decay(SPEED * MONTH)))
    return np.maximum.reduce(falls)


def swap_variance(x: Floats, kept: Floats, sessions: float) -> Floats:
    """Return the variance of the surface's swap over a tenor."""
    slope = CURVE.slope_long if sessions > 21 else CURVE.slope_short
    moved = x @ (loading(sessions) - 1)
    above = np.exp(CURVE.level + slope * np.log(sessions / 21) + x.sum(axis=1) + kept * moved)
    dip = 1 - SMILE.short_dip * np.exp((1 - sessions) / SMILE.short_dip_sessions)
    low = 1 - SMILE.low_vix_lag * np.maximum(1 - vix(x) / SMILE.low_vix, 0)
    return ((CURVE.floor + above) * dip * low / 100 / SMILE.index_scale) ** 2 * sessions / 252


def vix(x: Floats) -> Floats:
    """Return VIX, points."""
    return CURVE.floor + np.exp(CURVE.level + x.sum(axis=1))


def smile(target: Floats, day: Floats, sessions: float) -> tuple[Floats, Floats, Floats]:
    """Return θ, ρ and ζ of a slice by plain iteration."""

    def shape(theta: Floats) -> tuple[Floats, Floats]:
        t = np.log(theta / 0.0025)
        r = np.clip(SMILE.skew_level + SMILE.skew_slope * t + day[:, 1], *SMILE.skew_bounds)
        tenor = np.log(max(sessions, 0.25) / 21)
        free = (
            SMILE.curvature_level + SMILE.curvature_tenor * tenor + SMILE.curvature_variance * t + day[:, 2]
        )
        return r, np.minimum(np.exp(free), 0.999 * np.sqrt(4 / (1 + r)))

    theta = target / 1.3
    for _ in range(40):
        r, z = shape(theta)
        u = np.sqrt(theta)
        ratio = 1 + z**2 * (0.2480 + 0.4091 * r**2) + z**4 * (0.1592 * r**2 - 0.0007)
        ratio += r * z * u * (1.1043 * z + 0.7298 * u - 0.1495) - 0.3224 * z**3 * r**2
        theta = target / ratio
    r, z = shape(theta)
    return theta, -r, z


def negative(states: Floats, bound: float) -> Floats:
    """Return the states of which some calendar spread has a negative price."""
    x, day = states[:, :3], states[:, 3:]
    kept = np.minimum(1, bound / np.maximum(steepest(x), 1e-300))
    slices = [smile(swap_variance(x, kept, n) * np.exp(2 * day[:, 0]), day, n) for n in TENORS]
    found = np.zeros(len(x), dtype=bool)
    for near, far in pairwise(slices):
        for deviations in DEVIATIONS:
            k = deviations * np.sqrt(near[0])
            found |= total_variance(far, k) < total_variance(near, k) * (1 - 1e-12)
    return states[found]


def total_variance(at: tuple[Floats, Floats, Floats], k: Floats) -> Floats:
    """Return w(k) of a slice."""
    theta, rho, zeta = at
    a = zeta * k / np.sqrt(theta)
    return theta / 2 * (1 + rho * a + np.sqrt((a + rho) ** 2 + 1 - rho**2))


def simulated(rng: np.random.Generator) -> tuple[Floats, Floats, int]:
    """Return sampled states and all steep ones, factors and the day's surface; and how many sessions."""
    a, b, c = CURVE.correlation
    correlation = np.array([[1, *DYNAMICS.spot_correlation], [0, 1, a, b], [0, 0, 1, c], [0, 0, 0, 1]])
    correlation = np.triu(correlation) + np.triu(correlation, 1).T
    p, wild = DYNAMICS.wild_probability, DYNAMICS.wild_variance
    quiet = (1 - p * wild) / (1 - p)
    shift = np.array(DYNAMICS.wild_shift)
    spread = p * (wild - 1) ** 2 + (1 - p) * (quiet - 1) ** 2
    root = np.linalg.cholesky(correlation - spread * np.outer(shift, shift))
    keep, mean = np.exp(-np.array(DYNAMICS.reversion) / 252), np.array(DYNAMICS.mean)
    sds = np.array([OF_DAY.level_sd, OF_DAY.skew_sd, OF_DAY.curvature_sd])
    lives = np.array([OF_DAY.level_half_life, OF_DAY.skew_half_life, OF_DAY.curvature_half_life])
    ab, ac, bc = OF_DAY.correlation
    law = np.outer(sds, sds) * np.array([[1, ab, ac], [ab, 1, bc], [ac, bc, 1]])
    fade = 2 ** (-1 / lives)
    moved = np.linalg.cholesky(law * (1 - np.outer(fade, fade)))
    x = np.tile(mean, (PATHS, 1))
    day = rng.standard_normal((PATHS, 3)) @ np.linalg.cholesky(law).T
    sampled, steep = [], []
    for session in range(YEARS * 252):
        w = np.where(rng.random(PATHS) < p, wild, quiet)[:, None]
        shocks = shift * (w - 1) + np.sqrt(w) * (rng.standard_normal((PATHS, 4)) @ root.T)
        x = mean + keep * (x - mean) + np.array(CURVE.vol) / np.sqrt(252) * shocks[:, 1:]
        day = day * fade + rng.standard_normal((PATHS, 3)) @ moved.T
        states = np.hstack([x, day])
        if session % EVERY == 0:
            sampled.append(states)
        steep.append(states[steepest(x) > STEEP])
    return np.vstack(sampled), np.vstack(steep), PATHS * YEARS * 252


def mixed(rng: np.random.Generator, states: int = 20_000) -> Floats:
    """Return mixes of factors that no path reached, VIX up to `HIGHEST_VIX`."""
    x = rng.uniform([-1.0, -1.2, -1.0], [3.0, 2.0, 1.2], (states, 3))
    sds = [OF_DAY.level_sd, OF_DAY.skew_sd, OF_DAY.curvature_sd]
    found = np.hstack([x, np.clip(rng.standard_normal((states, 3)), -3.5, 3.5) * sds])
    return found[vix(x) < HIGHEST_VIX]


def recorded(path: str) -> None:
    """Print how steeply recorded curves fell from one tenor to another: most, and closes above each bound."""
    closes = pl.read_parquet(path).filter(pl.col("symbol").is_in([*INDICES]))
    table = closes.pivot(on="symbol", index="date", values="close").sort("date")
    for near, far in pairwise(INDICES):
        days = table.select("date", near, far).drop_nulls()
        above = (days[near] - CURVE.floor).log() - (days[far] - CURVE.floor).log()
        fall = (above / np.log(INDICES[far] / INDICES[near])).to_numpy()
        worst = int(fall.argmax())
        counts = ", ".join(f"{(fall > bound).sum()} above {bound}" for bound in BOUNDS if bound < 1)
        print(f"{near} to {far}, {len(days)} closes: {fall[worst]:.3f} on {days['date'][worst]}; {counts}")


def main() -> None:
    """Print the tables."""
    rng = np.random.default_rng(SEED)
    sampled, steep, sessions = simulated(rng)
    boxes = {"sampled": sampled, "steep": steep, "mixes": mixed(rng)}
    for bound in BOUNDS:
        share = (steepest(steep[:, :3]) > bound).sum() / sessions
        print(f"bound {bound}: binds on {share:.3%} of {sessions} sessions; negative calendars:")
        for name, states in boxes.items():
            found = negative(states, bound)
            lowest = f", VIX from {vix(found[:, :3]).min():.0f}" if len(found) else ""
            print(f"  {name}: {len(found)} of {len(states)}{lowest}")
    for path in sys.argv[1:]:
        recorded(path)


if __name__ == "__main__":
    main()
