"""Sessions by what was known of GDP at the close before (R92)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alvh.figures.windows import Mask

__all__ = ["GROWTH_EDGES", "gdp_regimes"]

GROWTH_EDGES = (0.0, 0.02)
"""Growth at an annual rate at which an economy grows at all, and about as fast as it can for long. Ours."""

GROWTH_REGIMES = ("contraction", "slow", "expansion")
UNKNOWN = "unknown"

Known = Sequence[float | None]


def gdp_regimes(
    starts: Sequence[int], sessions: int, growth: Known, revision: Known
) -> dict[tuple[str, str], Mask]:
    """Return the sessions of each regime of GDP, by what the close before knew: shape (paths, sessions).

    Parameters
    ----------
    starts : sequence of int
        Session of the calendar at which each path begins.
    sessions : int
        Sessions after it.
    growth, revision : sequence of float or None
        By session of the calendar, as known at its close: growth of the latest quarter told, a fraction a
        year, and its revision since it was first told; None where nothing is known, or it is stale.

    Returns
    -------
    dict of (str, str) to ndarray
        ``("gdp", …)``: "contraction" below 0, "slow" below 2%, "expansion", "unknown".
        ``("gdp_revision", …)``: "down", "none", "up", "unknown".

    Examples
    --------
    >>> masks = gdp_regimes([0], 3, [0.03, None, -0.01, 0.0], [0.0, None, -0.02, 0.0])
    >>> [when for (by, when), mask in masks.items() for tick in range(3) if by == "gdp" and mask[0, tick]]
    ['contraction', 'expansion', 'unknown']
    """
    before = np.asarray(starts)[:, None] + np.arange(sessions)[None, :]
    rate, change = (_at(values, before) for values in (growth, revision))
    told = np.searchsorted(GROWTH_EDGES, rate, side="right")
    masks = {("gdp", name): (told == index) & ~np.isnan(rate) for index, name in enumerate(GROWTH_REGIMES)}
    masks["gdp", UNKNOWN] = np.isnan(rate)
    by_revision = {"down": change < 0, "none": change == 0, "up": change > 0, UNKNOWN: np.isnan(change)}
    return masks | {("gdp_revision", name): mask for name, mask in by_revision.items()}


def _at(values: Known, sessions: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)[sessions]
