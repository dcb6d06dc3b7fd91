"""Calls that a bar within a session would have brought, apart from those that closes brought."""

import polars as pl

from alvh.figures.columns import Frame, arms, require
from alvh.figures.distress import WITHIN
from alvh.statistics import proportion

__all__ = ["bar_calls"]

_SCHEMA = {
    "arm": pl.String,
    "share": pl.Float64,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "hits": pl.Int64,
    "n": pl.Int64,
    "calls": pl.Float64,
}


def bar_calls(paths: Frame, within: int = WITHIN, *, independent: bool = True) -> pl.DataFrame:
    """Return the probability of a call at the worst bar of a session, per arm and margin share.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per path, arm and share with `bar_calls` and `bar_call_tick`, missing where no bar was asked.
    within : int
        Sessions within which a call counts.
    independent : bool
        Whether the paths are; without it `low` and `high` are null.

    Returns
    -------
    DataFrame
        `arm`, `share`, `estimate`, `low`, `high` (95%), `hits`, `n`, `calls` (a path, mean); no rows where no
        bar was asked for.

    Examples
    --------
    >>> calls = {"bar_calls": [2.0, 0.0], "bar_call_tick": [9.0, 0.0]}
    >>> bar_calls(pl.DataFrame({"arm": "plain", "share": 0.1} | calls)).select("hits", "n", "calls").row(0)
    (1, 2, 1.0)
    """
    names = ("arm", "share", "bar_calls", "bar_call_tick")
    table = require(paths, names).select(names).filter(pl.col("bar_calls").is_not_nan()).collect()
    rows = []
    for arm in arms(table):
        for (share,), mine in table.filter(arm=arm).sort("share").group_by("share", maintain_order=True):
            hits = int(mine["bar_call_tick"].is_between(1, within).sum())
            estimate, low, high = proportion(hits, mine.height)
            bounds = (low, high) if independent else (None, None)
            rows.append((arm, share, estimate, *bounds, hits, mine.height, mine["bar_calls"].mean()))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
