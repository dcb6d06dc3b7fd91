"""What rolls of hedges sold and bought of the variance curve: the forward variance harvested (R83)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from alvh.figures.columns import SESSIONS_PER_YEAR, nullable
from alvh.statistics import mean_interval, ratio_interval

__all__ = ["ROLLS", "rolls"]

ROLLS: Final = {
    "rolls": ("a year", "tranches bought in place of what was rolled, a path"),
    "sold": ("variance", "of SPX a year until the old expiry, at the fill, mean of a roll"),
    "forward": ("variance", "of SPX a year from the old expiry until the new one, mean of a roll"),
    "harvested": ("variance", "the first less the second, mean of a roll: above 0 the curve was inverted"),
    "harvested_a_year": ("variance", "its sum over the rolls of a year, a path"),
}
"""Figure to its unit and meaning."""

_SCHEMA: Final = {
    "layer": pl.String,
    "figure": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
}


def rolls(deals: Mapping[str, Any], layers: Sequence[str], *, paths: int, sessions: int) -> pl.DataFrame:
    """Return the figures of `ROLLS` of each layer that rolled.

    Parameters
    ----------
    deals : mapping
        What ``_core.Plan.deals`` gives; `variance_sold` and `variance_forward` are a year's, of SPX, and
        missing but where an opening took the place of what was rolled.
    layers : sequence of str
        Names of the layers, in order.
    paths, sessions : int
        How many paths of how many sessions they are.

    Returns
    -------
    DataFrame
        `layer`, `figure`, `estimate`, `low`, `high` (95%, over paths), `unit`.

    Examples
    --------
    >>> deals = {"lane": [0, 1], "layer": [1, 1], "variance_sold": [0.09, np.nan]}
    >>> table = rolls(deals | {"variance_forward": [0.06, np.nan]}, ["core", "puts"], paths=2, sessions=126)
    >>> table.filter(figure="harvested_a_year")["estimate"].round(12).to_list()
    [0.03]
    """
    lane, layer = (np.asarray(deals[name], dtype=np.float64).astype(np.int64) for name in ("lane", "layer"))
    sold, forward = (np.asarray(deals[name], np.float64) for name in ("variance_sold", "variance_forward"))
    a_year = SESSIONS_PER_YEAR / sessions
    rows: list[tuple[object, ...]] = []
    for index, name in enumerate(layers):
        mine = (layer == index) & ~np.isnan(sold) & ~np.isnan(forward)
        if not mine.any():
            continue
        count, sums, forwards = (
            np.bincount(lane[mine], weights=weights, minlength=paths).astype(np.float64)
            for weights in (None, sold[mine], forward[mine])
        )
        told = {
            "rolls": mean_interval(count * a_year),
            "sold": ratio_interval(sums, count),
            "forward": ratio_interval(forwards, count),
            "harvested": ratio_interval(sums - forwards, count),
            "harvested_a_year": mean_interval((sums - forwards) * a_year),
        }
        rows += [(name, figure, *nullable(told[figure]), unit) for figure, (unit, _) in ROLLS.items()]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
