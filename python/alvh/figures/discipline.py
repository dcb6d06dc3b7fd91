"""How disciplined an arm was: what a promoter does and a steward does not, counted (R85, C14)."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from alvh.figures.columns import ESTIMATES, SESSIONS_PER_YEAR, Frame, arms, at_share, check_horizon, nullable
from alvh.statistics import mean_interval

__all__ = ["DISCIPLINE", "discipline"]

DISCIPLINE: Final = {
    "increases": ("a year", "core tranches sold with more lots than their base: losses chased (R10)"),
    "stops": ("a year", "core tranches closed by rule that would have expired with a profit (R14)"),
    "refused": ("a year", "openings of the core refused for want of free funds"),
    "over_covered": ("months a year", "with hedges above 60% of the core's dollars per VIX point (R22)"),
    "over_budget": ("share", "of paths whose hedges committed more than 2% of the capital a year (R61)"),
    "discipline": ("0 to 1", "score: mean over the five of 1 / (1 + n), n the figure"),
}
"""Figure to its unit and meaning; the score last."""

MOST_COST: Final = 0.02
"""Expected cost a year, of the capital: the upper end of the band of R61."""

MONTH_SESSIONS: Final = 21

_READ = ("increased", "whipsawed", "refused", "over_covered", "expected_cost")


def discipline(paths: Frame, capital: float, sessions: int, share: float) -> pl.DataFrame:
    """Return the figures of `DISCIPLINE` per arm at one margin share.

    The five are what a path did, whatever came of it: roles are neutral, behaviours are scored (C14). The
    score of a path is between 0 and 1: 1 where it did none of them, a half where each happened once a year.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per *independent* path, arm and share, with what the engine records (docs/engine.md).
    capital : float
        C of every arm, dollars.
    sessions : int
        Horizon of the paths.
    share : float
        Margin share of the ladder.

    Returns
    -------
    DataFrame
        `arm`, `figure`, `estimate`, `low`, `high` (95%), `unit`.

    Examples
    --------
    >>> import polars as pl
    >>> told = {"path": [0, 1], "start": 0, "arm": "mine", "share": 0.1, "increased": [0.0, 2.0]}
    >>> none = dict.fromkeys(("whipsawed", "refused", "over_covered", "expected_cost"), 0.0)
    >>> frame = pl.DataFrame(told).with_columns(**{name: pl.lit(value) for name, value in none.items()})
    >>> table = discipline(frame, capital=1e6, sessions=252, share=0.1)
    >>> dict(table.select("figure", "estimate").iter_rows())["increases"]
    1.0
    """
    check_horizon(capital, sessions)
    table = at_share(paths, share, _READ).collect()
    years = sessions / SESSIONS_PER_YEAR
    most = MOST_COST * capital * max(1.0, years)  # a budget is a year's: it may be spent in its first half
    rows: list[tuple[object, ...]] = []
    for arm in arms(table):
        column = {name: table.filter(arm=arm)[name].cast(pl.Float64).to_numpy() for name in _READ}
        found = {
            "increases": column["increased"] / years,
            "stops": column["whipsawed"] / years,
            "refused": column["refused"] / years,
            "over_covered": column["over_covered"] / MONTH_SESSIONS / years,
            "over_budget": (column["expected_cost"] > most).astype(float),
        }
        found["discipline"] = np.mean([1 / (1 + count) for count in found.values()], axis=0)
        rows += [
            (arm, name, *nullable(mean_interval(found[name])), unit) for name, (unit, _) in DISCIPLINE.items()
        ]
    return pl.DataFrame(rows, schema=ESTIMATES, orient="row")
