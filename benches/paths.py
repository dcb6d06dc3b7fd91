"""Time paths of markets beside other libraries on one thread; print least processor times as Markdown.

Everybody fills arrays of paths x sessions: GBM, and a joint model of SPX and its volatility. That is L3F
here, with three factors, a mixture of variances and seven normals a session, and Heston with two elsewhere.
"""

import os

os.environ["RAYON_NUM_THREADS"] = "1"  # before libraries start their threads

import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from alvh import _core
from alvh.market import GBM, L3F

ROUNDS = 5
PATHS, SESSIONS = 16_384, 252
STEP = 1 / SESSIONS
SPOT, DRIFT, VOL = 5000.0, 0.032, 0.2
KAPPA, THETA, VOL_OF_VOL, RHO = 2.0, 0.04, 0.5, -0.7

Work = Callable[[], object]


def numpy_gbm() -> object:
    """GBM as an array of normals, in place."""
    paths = np.random.Generator(np.random.SFC64(1)).standard_normal((SESSIONS, PATHS))
    paths *= VOL * STEP**0.5
    paths += (DRIFT - 0.5 * VOL * VOL) * STEP
    np.cumsum(paths, axis=0, out=paths)
    np.exp(paths, out=paths)
    paths *= SPOT
    return paths


def numpy_heston() -> object:
    """Heston by Euler's scheme with full truncation, session by session."""
    draw = np.random.Generator(np.random.SFC64(1)).standard_normal
    ln_s, variance, out = np.zeros(PATHS), np.full(PATHS, THETA), np.empty((SESSIONS, PATHS))
    for session in range(SESSIONS):
        shared, own = draw(PATHS), draw(PATHS)
        positive = np.maximum(variance, 0)
        sd = np.sqrt(positive * STEP)
        ln_s += (DRIFT - 0.5 * positive) * STEP + sd * (RHO * shared + (1 - RHO * RHO) ** 0.5 * own)
        variance += KAPPA * (THETA - positive) * STEP + VOL_OF_VOL * sd * shared
        out[session] = ln_s
    np.exp(out, out=out)
    out *= SPOT
    return out


def stochastic_rs() -> tuple[Work, Work]:
    """Its samplers of many paths."""
    import stochastic_rs as library

    gbm = library.PyGbm(DRIFT, VOL, SESSIONS + 1, SPOT, 1.0, 1)
    heston = library.PyHeston(KAPPA, THETA, VOL_OF_VOL, RHO, DRIFT, SESSIONS + 1, SPOT, THETA, 1.0, seed=1)
    return lambda: gbm.sample_par(PATHS), lambda: heston.sample_par(PATHS)


def fast_vollib() -> tuple[Work, Work]:
    """Its processes, Heston with the default scheme (quadratic-exponential)."""
    from fast_vollib import processes

    grid = np.arange(SESSIONS + 1) * STEP
    gbm = processes.GBM(DRIFT, VOL)
    heston = processes.Heston(KAPPA, THETA, VOL_OF_VOL, RHO, DRIFT)

    def sample(process: processes.StochasticProcess, **state: float) -> Work:
        def work() -> object:
            rng = np.random.default_rng(1)
            return process.sample(initial_state=state, time_grid=grid, n_paths=PATHS, rng=rng)

        return work

    return sample(gbm, spot=SPOT), sample(heston, spot=SPOT, variance=THETA)


def alvh(model: GBM | L3F) -> Work:
    """Paths of SPX and VIX."""
    return lambda: model.simulate(PATHS, SESSIONS, seed=1, threads=1)


def entrants() -> dict[str, tuple[Work, Work]]:
    """Everybody who is installed, by name and version."""
    found = {
        f"alvh {version('alvh')}": (alvh(GBM(vol=VOL)), alvh(L3F())),
        f"NumPy {np.__version__}": (numpy_gbm, numpy_heston),
    }
    for name, works in (("stochastic-rs", stochastic_rs), ("fast-vollib", fast_vollib)):
        try:
            found[f"{name} {version(name)}"] = works()
        except PackageNotFoundError:
            print(f"{name} is not installed: see benches/peers.txt")
    return found


def main() -> None:
    """Time everybody in turn, round after round, and print the table."""
    works = entrants()
    best = {name: [float("inf"), float("inf")] for name in works}
    for _ in range(ROUNDS):
        for name, pair in works.items():
            for column, work in enumerate(pair):
                start = time.process_time()
                work()
                best[name][column] = min(best[name][column], time.process_time() - start)
    print(f"{platform.machine()}, one thread, SIMD {_core.simd_variant()}\n")
    print("| ns per path and session | GBM | times alvh | joint with volatility | times alvh |")
    print("|---|---|---|---|---|")
    ours = next(iter(best.values()))
    for name, seconds in best.items():
        cells = [
            f"{each / PATHS / SESSIONS * 1e9:.1f} | {each / own:.1f}"
            for each, own in zip(seconds, ours, strict=True)
        ]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
