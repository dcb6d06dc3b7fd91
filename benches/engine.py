"""Time the engine and the pricing kernels through Python; print a Markdown table. Figures are medians.

Ratios are taken within one run, because the machine's own speed drifts.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable

import alvh as av
import numpy as np
from alvh import _core, pricing
from alvh.specification import SHARES, task_of
from alvh.market import L3F
from scipy.special import ndtr

REPEATS = 5
OPTIONS = 1_000_000
PATHS = 2_048
SESSIONS = 252


def median_seconds(work: Callable[[], object]) -> float:
    """Median of a few runs after one to warm up."""
    work()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def numpy_price(forward, strike, years, vol, sign):
    """Black-76 as a NumPy user writes it."""
    sd = vol * np.sqrt(years)
    d1 = np.log(forward / strike) / sd + 0.5 * sd
    return sign * (forward * ndtr(sign * d1) - strike * ndtr(sign * (d1 - sd)))


def main() -> None:
    rng = np.random.default_rng(1)
    strike = rng.uniform(3500, 6000, OPTIONS)
    vol, years = rng.uniform(0.1, 0.5, OPTIONS), rng.uniform(0.02, 1.0, OPTIONS)
    sign = np.where(strike > 5000, 1.0, -1.0)
    forward = np.full(OPTIONS, 5000.0)
    price = pricing.price(forward, strike, years, vol, sign)
    rows = []
    base = median_seconds(lambda: numpy_price(forward, strike, years, vol, sign))
    rows.append(("price, NumPy + SciPy", base / OPTIONS * 1e9, "option", 1.0))
    for name, work in (
        ("price", lambda: pricing.price(forward, strike, years, vol, sign)),
        ("14 greeks", lambda: pricing.greeks(forward, strike, years, vol, sign)),
        ("implied vol", lambda: pricing.implied_vol(price, forward, strike, years, sign)),
    ):
        seconds = median_seconds(work)
        rows.append((name, seconds / OPTIONS * 1e9, "option", base / seconds))
    arms = [av.preset(name) for name in av.presets()]
    many = _core.Plan(task_of(arms, L3F(), sessions=SESSIONS, capital=1e6, seed=7, shares=SHARES).text)
    steps = PATHS * SESSIONS
    single = 0.0
    for threads in (1, 2):
        seconds = median_seconds(lambda threads=threads: many.run(0, PATHS, threads=threads))
        single = single or seconds
        name = f"engine, {len(many.books)} books, {threads} thread{'s' * (threads > 1)}"
        rows.append((name, seconds / steps * 1e9, "path and session", single / seconds))
    print(f"{platform.machine()}, {os.cpu_count()} cores, SIMD {_core.simd_variant()}, alvh {av.__version__}\n")
    print("| what | ns | per | times faster than the first of its group |")
    print("|---|---|---|---|")
    for name, ns, unit, ratio in rows:
        print(f"| {name} | {ns:,.1f} | {unit} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
