"""What whole lots leave out of what was wanted: the residual of rounding (R42)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.contracts import contract
from alvh.figures.columns import SESSIONS_PER_YEAR, check_horizon, nullable
from alvh.statistics import mean_interval, ratio_interval

__all__ = ["ROUNDING", "rounding"]

ROUNDING: Final = {
    "sized": ("times a year", "openings whose lots were found"),
    "too_small": ("share", "of these, less than one lot: nothing was opened"),
    "lots": ("count", "lots of one, mean, none where nothing was opened"),
    "unrounded": ("count", "the same within all limits, before lots are made whole"),
    "residual": ("share", "of what all of them came to, left out by whole lots"),
}
"""Figure to its unit and meaning."""

_AT: Final = ("lane", "layer", "other")

_SCHEMA: Final = {
    "layer": pl.String,
    "figure": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
}


def rounding(
    deals: Mapping[str, Any], layers: Sequence[Mapping[str, Any]], *, paths: int, sessions: int
) -> pl.DataFrame:
    """Return how much of what each layer wanted whole lots left out (R42).

    Parameters
    ----------
    deals : mapping
        What ``_core.Plan.deals`` gives of one book.
    layers : sequence of mapping
        Its layers as the engine reads them: `name`, `product`, and the `others` that it may trade instead.
    paths, sessions : int
        How many paths of how many sessions they are.

    Returns
    -------
    DataFrame
        `layer`, `figure`, `estimate`, `low`, `high` (95%, over paths), `unit`: see `ROUNDING`. Lots are of
        the layer's own product: those of another contract count by their dollars a point. What governance,
        free funds or liquidity kept from opening is no rounding and not among them.

    Raises
    ------
    AlvhError
        A horizon by which nothing can be divided.

    Examples
    --------
    >>> deals = {"kinds": ["open", "skip"], "lane": [0, 0], "kind": [0, 1], "layer": [0, 0], "other": [0, 0]}
    >>> deals |= {"lots": [3.0, 0.0], "unrounded": [3.2, 0.8]}
    >>> table = rounding(deals, [{"name": "core", "product": "XSP"}], paths=1, sessions=252)
    >>> [(figure, round(estimate, 3)) for figure, estimate in table.select("figure", "estimate").iter_rows()]
    [('sized', 2.0), ('too_small', 0.5), ('lots', 1.5), ('unrounded', 2.0), ('residual', 0.25)]
    """
    check_horizon(1.0, sessions)
    unrounded = np.asarray(deals["unrounded"], dtype=np.float64)
    sized = ~np.isnan(unrounded)
    lane, layer, other = (np.asarray(deals[name], dtype=np.float64)[sized].astype(np.int64) for name in _AT)
    lots, unrounded = np.asarray(deals["lots"], dtype=np.float64)[sized], unrounded[sized]
    rows: list[tuple[object, ...]] = []
    for index, told in enumerate(layers):
        mine = layer == index
        if not mine.any():
            continue
        size = _sizes(told)[other[mine]]

        def per_path(values: NDArray[np.float64], at: NDArray[np.int64] = lane[mine]) -> NDArray[np.float64]:
            return np.bincount(at, weights=values, minlength=paths).astype(np.float64)

        whole, wanted = per_path(lots[mine] * size), per_path(unrounded[mine] * size)
        count = per_path(np.ones(len(size)))
        found = {
            "sized": mean_interval(count * (SESSIONS_PER_YEAR / sessions)),
            "too_small": ratio_interval(per_path((lots[mine] == 0.0).astype(np.float64)), count),
            "lots": ratio_interval(whole, count),
            "unrounded": ratio_interval(wanted, count),
            "residual": ratio_interval(wanted - whole, wanted),
        }
        rows += [(told["name"], name, *nullable(value), ROUNDING[name][0]) for name, value in found.items()]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _sizes(layer: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return what a lot of each package of a layer is, in lots of its own product."""
    products = [layer["product"], *(each["product"] for each in layer.get("others", ()))]
    points = np.array([contract(product).dollars_per_point for product in products])
    size: NDArray[np.float64] = points / points[0]
    return size
