"""What arranged draws gain at equal time on four figures of the tail; print a Markdown table.

A group of paths gives one estimate of a figure, and the groups' spread its variance. The gain of a way to
draw is how many times longer plain paths must run for the same error: ratio of variances times that of times.
"""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh.draws import Antithetic, Draws, Importance, Sobol
from alvh.market import L3F

GROUPS = 192
POINTS = 4096
TAIL = 0.01

Floats = NDArray[np.float64]
Paths = dict[str, Floats]

WAYS: dict[str, Draws] = {
    "plain": "plain",
    "antithetic": Antithetic(),
    "sobol": Sobol(points=POINTS),
    "importance": Importance(),
}


class Figure(NamedTuple):
    """A figure of the tail: what is estimated from a group's paths and weights."""

    name: str
    sessions: int
    value: Callable[[Paths], Floats]
    estimate: Callable[[Floats, Floats], float]


def mean(values: Floats, weight: Floats) -> float:
    """Return the mean of weight times figure."""
    return float((values * weight).mean())


def shortfall(loss: Floats, weight: Floats) -> float:
    """Return the mean loss of the worst share `TAIL` of the law."""
    worst = np.argsort(-loss)
    mass = np.cumsum(weight[worst]) / len(loss)
    share = np.minimum(mass, TAIL) - np.minimum(np.concatenate([[0.0], mass[:-1]]), TAIL)
    return float((loss[worst] * share).sum() / TAIL)


def condor(paths: Paths) -> Floats:
    """Return the loss at expiry of an iron condor 4650/3650 and 5250/6250, credit left out."""
    end = paths["spot"][:, -1]
    sides = (np.clip(4650 - end, 0, 1000), np.clip(end - 5250, 0, 1000))
    return sides[0] + sides[1]


def put(paths: Paths) -> Floats:
    """Return the payoff of a put 4500."""
    return np.clip(4500 - paths["spot"][:, -1], 0, None)


FIGURES = [
    Figure("P(VIX above 60 within 63 sessions)", 63, lambda paths: paths["vix"].max(axis=1) > 60, mean),
    Figure("P(SPX below −15% after 21 sessions)", 21, lambda paths: paths["spot"][:, -1] < 4250, mean),
    Figure("expected shortfall, 1%, of a condor of 31 sessions", 31, condor, shortfall),
    Figure("mean payoff of a put 10% below, 63 sessions", 63, put, mean),
]


def main() -> None:
    """Run everything and print the table."""
    print("| figure | estimate | standard error of a plain path | antithetic | sobol | importance |")
    print("|---|---|---|---|---|---|")
    for figure in FIGURES:
        spent = {}
        for name, draws in WAYS.items():
            groups, seconds = run(figure, draws)
            spent[name] = (statistics.variance(groups), seconds, statistics.fmean(groups))
        variance, seconds, _ = spent["plain"]
        gains = {name: variance / v * seconds / t for name, (v, t, _) in spent.items()}
        precise = max(gains, key=lambda name: gains[name])
        cells = " | ".join(f"{gains[name]:.1f}" for name in list(WAYS)[1:])
        error = (variance * POINTS) ** 0.5
        print(f"| {figure.name} | {spent[precise][2]:.3g} | {error:.3g} | {cells} |")


def run(figure: Figure, draws: Draws) -> tuple[list[float], float]:
    """Return the estimate of each group, and the least processor seconds that its paths took."""
    model = L3F(vix=16, spot=5000)
    groups, times = [], []
    for first in range(0, GROUPS * POINTS, POINTS):
        start = time.process_time()
        paths = model.simulate(POINTS, figure.sessions, seed=7, draws=draws, first_path=first, threads=1)
        times.append(time.process_time() - start)
        weight = paths.get("weight", np.ones(POINTS))
        groups.append(figure.estimate(figure.value(paths).astype(np.float64), weight))
    return groups, min(times)


if __name__ == "__main__":
    main()
