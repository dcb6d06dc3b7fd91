"""How disciplined an arm was: what a promoter does and a steward does not, counted (R85, C14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.errors import AlvhError
from alvh.figures.columns import ESTIMATES, SESSIONS_PER_YEAR, Frame, arms, at_share, check_horizon, nullable
from alvh.statistics import mean_interval

__all__ = ["DISCIPLINE", "discipline"]

DISCIPLINE: Final = {
    "increases": ("times a year", "core tranches sold with more lots than their base: losses chased (R10)"),
    "stops": ("times a year", "core tranches closed by rule before their expiry (R14)"),
    "refused": ("times a year", "openings of the core refused for want of free funds"),
    "over_covered": ("months a year", "with hedges above 60% of the core's dollars per VIX point (R22)"),
    "over_budget": ("share", "of paths whose hedges committed more than 2% of NAV a year (R61)"),
    "over_levered": (
        "times a year",
        "tranches of hedges that ask for more than their band (R22, R24, R29, R42)",
    ),
    "chased": (
        "times a year",
        "hedge tranches at least half as large again within a week of a loss of the layer",
    ),
    "early_stops": (
        "times a year",
        "core tranches closed by rule at a loss within two weeks of their opening",
    ),
    "discipline": ("0 to 1", "score: mean over the eight of 1 / (1 + n), n the figure"),
}
"""Figure to its unit and meaning; the score last."""

MOST_COST: Final = 0.02
"""Expected cost a year, of NAV: the upper end of the band of R61."""

MONTH_SESSIONS: Final = 21

_READ = (
    *("increased", "closed_early", "closed_forced", "refused", "over_covered"),
    *("expected_cost", "nav", "deposited", "max_drawdown", "ruin_tick"),
)


def discipline(
    paths: Frame,
    capital: float,
    sessions: int,
    share: float,
    acts: Mapping[str, Mapping[str, NDArray[np.float64]]],
) -> pl.DataFrame:
    """Return the figures of `DISCIPLINE` per arm at one margin share.

    The eight are what a path did, whatever came of it: roles are neutral, behaviours are scored (C14). The
    score of a path is between 0 and 1: 1 where it did none of them, a half where each happened once a year.
    The years of a path end with its ruin, after which nothing is decided.

    A budget is a share of NAV over any 365 days, so that a year's may be spent on its first day: a path is
    over it for certain where it committed more than `MOST_COST` of its highest NAV for every year it began.
    The highest NAV is not recorded; it cannot lie above max(C, (NAV − D) / (1 − drawdown)) + D, D deposits.

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
    acts : mapping of str to mapping of str to ndarray, shape (paths,)
        Arm to what `alvh.figures.vices` counts of it on these paths, in their order.

    Returns
    -------
    DataFrame
        `arm`, `figure`, `estimate`, `low`, `high` (95%), `unit`.

    Raises
    ------
    AlvhError
        Counts of another number of paths.

    Examples
    --------
    >>> import polars as pl
    >>> told = {"path": [0, 1], "start": 0, "arm": "mine", "share": 0.1, "increased": [0.0, 2.0], "nav": 1e6}
    >>> none = ("closed_early", "closed_forced", "refused", "over_covered", "expected_cost")
    >>> none += ("deposited", "max_drawdown", "ruin_tick")
    >>> frame = pl.DataFrame(told).with_columns(**{name: pl.lit(0.0) for name in none})
    >>> acts = {"mine": {name: np.zeros(2) for name in ("over_levered", "chased", "early_stops")}}
    >>> table = discipline(frame, capital=1e6, sessions=252, share=0.1, acts=acts)
    >>> dict(table.select("figure", "estimate").iter_rows())["increases"]
    1.0
    """
    check_horizon(capital, sessions)
    table = at_share(paths, share, _READ).collect()
    rows: list[tuple[object, ...]] = []
    for arm in arms(table):
        mine = table.filter(arm=arm).sort("path")
        column = {name: mine[name].cast(pl.Float64).to_numpy() for name in _READ}
        if any(len(counts) != mine.height for counts in acts[arm].values()):
            raise AlvhError(f"acts: arm {arm!r} has {mine.height} paths: give a count for each of them")
        ruin = column["ruin_tick"]
        years = np.where(ruin > 0, ruin, sessions) / SESSIONS_PER_YEAR
        most = MOST_COST * _highest_nav(column, capital) * np.ceil(years)
        found = {
            "increases": column["increased"] / years,
            "stops": (column["closed_early"] - column["closed_forced"]) / years,
            "refused": column["refused"] / years,
            "over_covered": column["over_covered"] / MONTH_SESSIONS / years,
            "over_budget": (column["expected_cost"] > most).astype(float),
            **{name: counts / years for name, counts in acts[arm].items()},
        }
        found["discipline"] = np.mean([1 / (1 + count) for count in found.values()], axis=0)
        rows += [
            (arm, name, *nullable(mean_interval(found[name])), unit) for name, (unit, _) in DISCIPLINE.items()
        ]
    return pl.DataFrame(rows, schema=ESTIMATES, orient="row")


def _highest_nav(column: dict[str, NDArray[np.float64]], capital: float) -> NDArray[np.float64]:
    """Return what NAV cannot have exceeded; where all was lost, NAV does not tell: the capital."""
    deposited, left = column["deposited"], 1 - column["max_drawdown"]
    own = np.full_like(left, capital)
    np.divide(column["nav"] - deposited, left, out=own, where=left > 0)
    return np.maximum(own, capital) + deposited
