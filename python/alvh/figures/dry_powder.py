"""Dry powder: what hedges could still spend, and when (R35)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.errors import AlvhError
from alvh.figures.by_session import Series
from alvh.figures.columns import check_horizon, nullable
from alvh.figures.spikes import spikes_of
from alvh.figures.windows import FALL_EDGES
from alvh.statistics import ratio_interval

__all__ = ["DRY_POWDER", "dry_powder"]

DRY_POWDER: Final = {
    "funds": ("share", "free funds of a ledger that hedges are bought from, of capital; below 0 it is short"),
    "budget": (
        "share",
        "what the yearly budget leaves in expected cost (R61), of capital; 0 where it is spent",
    ),
}
"""Figure to its unit and meaning."""

_SCHEMA: Final = {
    "arm": pl.String,
    "figure": pl.String,
    "ledger": pl.String,
    "when": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
    "paths": pl.Int64,
}

_LEDGERS: Final = ("book", "core", "sleeve")

_WHEN: Final = ("start", "all", "lowest", "fall", "spike begins", "spike is over")

Mask = NDArray[np.bool_]


def dry_powder(
    by_arm: Mapping[str, Series], capital: float, ledgers: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """Return what hedges could still spend: at the start, on average, at worst, in falls, around spikes.

    Parameters
    ----------
    by_arm : mapping of str to Series
        Arms with hedges to their series.
    capital : float
        C of every arm, dollars.
    ledgers : mapping of str to sequence of str
        Arm to the ledgers that its hedges are bought from: "book" where it has one, else "core", "sleeve".

    Returns
    -------
    DataFrame
        `arm`, `figure` of `DRY_POWDER`, `ledger` (of "budget" the book), `when`, `estimate`, `low`, `high`
        (95%, over paths), `unit`, `paths` that have such closes. `when`: "start", session 0; "all", the mean
        over the closes after it; "lowest", of a path; "fall", closes with SPX 5% or more below its highest
        close; "spike begins" and "spike is over", the closes at which a spike of VIX does
        (`alvh.figures.spikes`). No rows for what no path has, nor of "budget" where an arm has none.

    Raises
    ------
    AlvhError
        An arm without ledgers, or with one of another name; capital not above 0, or no session.

    Examples
    --------
    >>> funds = np.array([[10.0, 6.0, 2.0]])
    >>> series = {"available": funds, "requirement": 0 * funds, "budget_left": np.nan * funds}
    >>> series |= {"spot": np.array([[100.0, 99.0, 94.0]]), "vix": np.array([[15.0, 16.0, 19.0]])}
    >>> dry_powder({"hedged": series}, 100.0, {"hedged": ["book"]}).select("when", "estimate").rows()
    [('start', 0.1), ('all', 0.04), ('lowest', 0.02), ('fall', 0.02)]
    """
    rows: list[tuple[object, ...]] = []
    for arm, series in by_arm.items():
        check_horizon(capital, series["spot"].shape[1] - 1)
        moments = _moments(series)
        for figure, ledger, dollars in _left(arm, series, ledgers.get(arm, ())):
            left = dollars / capital
            moments["lowest"] = np.zeros_like(moments["all"])
            moments["lowest"][np.arange(len(left)), 1 + left[:, 1:].argmin(axis=1)] = True
            for when, mask in moments.items():
                paths = int(mask.any(axis=1).sum())
                if paths:
                    value = ratio_interval(np.where(mask, left, 0.0).sum(axis=1), mask.sum(axis=1))
                    rows.append((arm, figure, ledger, when, *nullable(value), DRY_POWDER[figure][0], paths))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _moments(series: Series) -> dict[str, Mask]:
    """Return which closes are told of, in the order of the table; "lowest" depends on what is left."""
    spot, vix = series["spot"], series["vix"]
    closes = {name: np.zeros(spot.shape, bool) for name in _WHEN}
    closes["start"][:, 0] = True
    closes["all"][:, 1:] = True
    closes["fall"] = 1.0 - spot / np.maximum.accumulate(spot, axis=1) >= FALL_EDGES[0]
    for path, levels in enumerate(vix):
        for begins, over in spikes_of(levels):
            closes["spike begins"][path, begins] = True
            if over is not None:
                closes["spike is over"][path, over] = True
    return closes


def _left(arm: str, series: Series, ledgers: Sequence[str]) -> Iterator[tuple[str, str, NDArray[np.float64]]]:
    """Yield figure, ledger and dollars left at every close."""
    if not ledgers or set(ledgers) - set(_LEDGERS):
        raise AlvhError(
            f"ledgers of {arm!r} = {list(ledgers)}: give those that its hedges are bought from, of "
            f"{', '.join(_LEDGERS)}"
        )
    for ledger in ledgers:
        whole = series["available"] - series["requirement"]
        if ledger == "book":
            yield "funds", ledger, whole
            continue
        sleeve = series["sleeve_available"] - series["sleeve_requirement"]
        yield "funds", ledger, sleeve if ledger == "sleeve" else whole - sleeve
    if not np.isnan(series["budget_left"]).all():  # of a book without a budget every close is missing
        yield "budget", "book", np.maximum(series["budget_left"], 0.0)
