"""Bisection of one parameter until it costs what is asked: pure arithmetic, no engine.

Whole lots make the cost a step function of the parameter, and nothing makes it monotone. So a search ends in
one of three ways, and says which.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Literal, NamedTuple

__all__ = ["HALVINGS", "TOLERANCE", "Search", "Solution", "Status", "bisection", "solve"]

TOLERANCE = 0.05
"""A cost is equal when it differs by at most this share of what is asked (DESIGN, Equal cost)."""

HALVINGS = 8
"""The bracket is halved at most so often: then it is 1/256 as wide, and steps are what is left."""

Status = Literal["solved", "nearest", "unattainable"]


class Solution(NamedTuple):
    """Where a search ended.

    Attributes
    ----------
    value : float
        The parameter.
    cost : float
        What it costs there.
    status : str
        "solved": the cost is equal. "nearest": the bracket closed around a step or a jump, and this is the
        nearest of what was tried. "unattainable": what is asked lies outside the costs at both ends, and
        this is the nearer end.
    evaluations : int
        Values tried.
    """

    value: float
    cost: float
    status: Status
    evaluations: int


Search = Generator[tuple[float, ...], tuple[float, ...], Solution]
"""Yields values to try together, takes their costs, returns the solution."""


def bisection(target: float, low: float, high: float) -> Search:
    """Search for the parameter that costs `target`; a generator, so that many searches share their runs.

    Parameters
    ----------
    target
        The cost asked for.
    low, high
        The bracket. Its ends are tried first; it is never widened.
    """
    tried = dict(zip((low, high), (yield low, high), strict=True))

    def nearest(status: Status) -> Solution:
        value = min(tried, key=lambda each: abs(tried[each] - target))
        equal = abs(tried[value] - target) <= TOLERANCE * abs(target)
        return Solution(value, tried[value], "solved" if equal else status, len(tried))

    above = tried[low] > target
    if above == (tried[high] > target):
        return nearest("unattainable")
    for _ in range(HALVINGS):
        if (found := nearest("nearest")).status == "solved":
            return found
        middle = (low + high) / 2
        (tried[middle],) = yield (middle,)
        if (tried[middle] > target) == above:
            low = middle
        else:
            high = middle
    return nearest("nearest")


def solve(cost: Callable[[float], float], target: float, low: float, high: float) -> Solution:
    """Run one search on a function.

    Examples
    --------
    >>> solve(lambda x: x * x, 0.25, 0.0, 1.0)
    Solution(value=0.5, cost=0.25, status='solved', evaluations=3)
    >>> solve(lambda x: x * x, 4.0, 0.0, 1.0)
    Solution(value=1.0, cost=1.0, status='unattainable', evaluations=2)
    """
    search = bisection(target, low, high)
    asked = next(search)
    while True:
        try:
            asked = search.send(tuple(map(cost, asked)))
        except StopIteration as end:
            solution: Solution = end.value
            return solution
