"""Time the engine through Python; print a Markdown table. Figures are medians.

Ratios are taken within one run, because the machine's own speed drifts.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable

import alvh as av
from alvh import _core
from alvh.market import L3F
from alvh.specification import SHARES, task_of

REPEATS = 3
PATHS = 512  # two blocks: one for each of two threads
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


def main() -> None:
    """Time everything and print the table."""
    rows = []
    presets = [av.preset(name) for name in av.presets()]
    arms = [arm for arm in presets if arm.equal_cost is None]  # the others are solved by a pilot first
    terms = {"sessions": SESSIONS, "capital": 1e6, "seed": 7, "shares": SHARES, "signals": "absent"}
    many = _core.Plan(task_of(arms, L3F(), **terms).text)
    steps = PATHS * SESSIONS
    single = 0.0
    for threads in (1, 2):
        seconds = median_seconds(lambda threads=threads: many.run(0, PATHS, threads=threads))
        single = single or seconds
        name = f"engine, {len(many.books)} books, {threads} thread{'s' * (threads > 1)}"
        rows.append((name, seconds / steps * 1e9, single / seconds))
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, SIMD {_core.simd_variant()}, alvh {av.__version__}\n"
    )
    print("| what | ns per path and session | times faster than one thread |")
    print("|---|---|---|")
    for name, ns, ratio in rows:
        print(f"| {name} | {ns:,.1f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
