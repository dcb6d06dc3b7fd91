"""One file per library: how it is asked what all are asked. `peer()` of each imports the library."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benches.pricing.inputs import Columns, Floats

Call = Callable[[], Any]
Task = Callable[[Columns], Call]
"""Gets the options ready, untimed, and returns the call that is timed."""


@dataclass(frozen=True)
class Peer:
    """A library, or a way to use one.

    Attributes
    ----------
    distributions
        Names of the packages whose versions are told.
    entry
        "spot" (with rate and dividend yield) or "forward" (with discount factor): where the truth starts.
    tasks
        By name: `price`, `greeks5` (delta, gamma, vega, theta, rho), `greeks14`, `implied_vol` and what only
        some have; calls return one column, or one per greek in that order, None for one the library lacks.
    units
        What the five greeks are multiplied by to be per unit and per year.
    """

    distributions: Sequence[str]
    entry: str
    tasks: Mapping[str, Task]
    units: Sequence[float] = (1.0,) * 5


def by_right(columns: Columns, call: Callable[..., Any], *args: Floats, outputs: int = 0) -> Any:
    """Ask a library that takes one right per call twice, and put the rows back in their places."""
    out = np.empty((outputs, len(columns)) if outputs else len(columns))
    for right in (True, False):
        rows = np.flatnonzero(columns.call == right)
        if len(rows):
            out[..., rows] = call(right, *(column[rows] for column in args))
    return out
