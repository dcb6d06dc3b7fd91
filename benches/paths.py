"""Time paths of markets beside other libraries on one thread; keep the times in `benches/results`.

Everybody fills arrays of paths x sessions: GBM, and a joint model of SPX and its volatility. That is L3F
here, with three factors, a mixture of variances and four normals a session, and Heston with two elsewhere.
"""

import os

if __name__ == "__main__":
    os.environ["RAYON_NUM_THREADS"] = "1"  # before libraries start their threads

import json
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from alvh import _core
from alvh.market import GBM, L3F

RESULTS = Path(__file__).parent / "results"
ROUNDS = 9
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
        except ImportError as error:  # it, or what it needs, is not installed
            print(f"{name} is left out: {error}. See benches/peers.txt")
    return found


def measured() -> dict[str, Any]:
    """Time everybody in turn, round after round: nanoseconds per path and session of each round."""
    works = entrants()
    found: dict[str, dict[str, list[float]]] = {name: {"gbm": [], "joint": []} for name in works}
    for _ in range(ROUNDS):
        for name, pair in works.items():
            for times, work in zip(found[name].values(), pair, strict=True):
                start = time.process_time()
                work()
                times.append(round((time.process_time() - start) / PATHS / SESSIONS * 1e9, 2))
    machine = f"{platform.machine()}, one thread, SIMD {_core.simd_variant()}"
    return {"machine": machine, "paths": PATHS, "sessions": SESSIONS, "entrants": found}


def page(raw: dict[str, Any]) -> str:
    """Return the results as Markdown: the median of each, its least, and the medians' ratio to alvh's."""
    lines = [
        "# Paths beside other libraries",
        "",
        "Written by `benches/paths.py`, every figure in `paths.json`; what is timed: `docs/benchmarks.md`.",
        "",
        f"{raw['machine']}; {raw['paths']:,} paths of {raw['sessions']} sessions. Median (least) time.",
        "",
        "| ns per path and session | GBM | times alvh | joint with volatility | times alvh |",
        "|---|---|---|---|---|",
    ]
    ours = next(iter(raw["entrants"].values()))
    for name, times in raw["entrants"].items():
        cells = []
        for model, rounds in times.items():
            median = statistics.median(rounds)
            cells += [f"{median:.1f} ({min(rounds):.1f})", f"{median / statistics.median(ours[model]):.1f}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Time, keep and print."""
    raw = measured()
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "paths.json").write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "paths.md").write_text(page(raw), encoding="utf-8")
    print(page(raw))


if __name__ == "__main__":
    main()
