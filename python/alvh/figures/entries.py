"""Openings of the core: what was paid for how much risk, and where the shorts lay (R2, C1, C19)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["ENTRIES", "entries"]

ENTRIES: Final = {
    "credit_mid": (
        "points",
        "credit of an opening at mid, points of the underlying: what a target aims at (C1)",
    ),
    "credit": ("points", "credit of an opening after its slip, before fees"),
    "put_delta": (
        "delta",
        "|forward delta| of the short put at its strike's own vol: what a credit leads to",
    ),
    "call_delta": ("delta", "that of the short call"),
    "put_moves": (
        "moves",
        "distance of the short put from the forward in expected moves, forward × √θ: below 1 inside (C19)",
    ),
    "call_moves": ("moves", "that of the short call"),
    "width": ("points", "most that a unit can lose at its expiry without its credit: the wider wing"),
    "return_on_risk": ("share", "credit after slip over width less it, before fees (R5)"),
    "lots": ("count", "lots of an opening"),
}
"""Figure to its unit and meaning."""

LOW, HIGH = 0.05, 0.95
"""Quantiles over openings: they show a spread, and are no interval of the mean."""

_SCHEMA: dict[str, Any] = {
    "layer": pl.String,
    "figure": pl.String,
    "unit": pl.String,
    "openings": pl.Int64,
    "mean": pl.Float64,
    "low": pl.Float64,
    "median": pl.Float64,
    "high": pl.Float64,
}


def entries(told: Mapping[str, NDArray[np.float64]], layers: Sequence[str]) -> pl.DataFrame:
    """Return the figures of openings by layer: mean, median and 5% and 95% quantiles over openings.

    Parameters
    ----------
    told : mapping of str to ndarray
        As ``_core.Plan.entries`` gives them: columns of one value per opening.
    layers : sequence of str
        Names of the arm's layers.

    Returns
    -------
    DataFrame
        `layer`, `figure`, `unit`; `openings` that have the figure, of all paths; `mean`, `low` (5%),
        `median`, `high` (95%). What no opening of a layer has, such as the delta of a put that is not sold,
        has no row.

    Examples
    --------
    >>> import numpy as np
    >>> told = dict.fromkeys(ENTRIES, np.array([1.0, 3.0])) | {"layer": np.zeros(2), "width": np.full(2, 5.0)}
    >>> entries(told, ["core"]).filter(figure="credit").row(0)
    ('core', 'credit', 'points', 2, 2.0, 1.1, 2.0, 2.9)
    """
    columns = {**told, "return_on_risk": told["credit"] / (told["width"] - told["credit"])}
    rows = []
    for index, layer in enumerate(layers):
        for figure, (unit, _) in ENTRIES.items():
            values = columns[figure][told["layer"] == index]
            values = values[np.isfinite(values)]
            if len(values):
                low, median, high = np.quantile(values, [LOW, 0.5, HIGH]).tolist()
                rows.append((layer, figure, unit, len(values), float(values.mean()), low, median, high))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
