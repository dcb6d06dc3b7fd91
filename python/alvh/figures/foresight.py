"""What a hedge with hindsight could have earned at the same cost, and where an arm lies below it."""

import math
from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from alvh.errors import AlvhError
from alvh.figures.columns import SESSIONS_PER_YEAR, check_horizon, nullable
from alvh.statistics import Estimate, mean_interval, ratio_interval

__all__ = ["FORESIGHT", "foresight", "hindsight"]

FORESIGHT = {
    "arm": ("a year", "P&L of the arm's hedge layers, of capital"),
    "chance": ("a year", "the same of the arm that opens them by chance"),
    "attained": (
        "a year",
        "the best single purchase in hindsight, in whole lots, paid from the sleeve",
    ),
    "bound": ("a year", "no hedge of these instruments at this cost could have earned more"),
    "position": ("share", "(arm - chance) / (bound - chance): 0 chance, 1 foresight"),
    "position_attained": ("share", "(arm - chance) / (attained - chance)"),
    "tightness": ("share", "attained / bound: what is best lies between the two"),
}
"""Figure to its unit and meaning."""

_SCHEMA = {
    "figure": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
}

Tranches = Mapping[str, NDArray[np.float64]]


def hindsight(
    tranches: Tranches, budget: ArrayLike, cash: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the bound, and what one purchase attains, per path, dollars.

    Parameters
    ----------
    tranches : mapping of str to ndarray
        Every tranche that could have been bought, dollars a lot, as ``_core.Plan.foresight`` gives them:
        `lane` (path), `outlay`, `expected_cost`, `best`.
    budget : array_like, shape (paths,)
        Expected cost that may be committed on each path, dollars.
    cash : float
        Dollars from which one purchase is paid.

    Returns
    -------
    bound, attained : ndarray, shape (paths,)

    Notes
    -----
    A hedge is lots n of tranches i, each sold some time. It earns at most Σ n_i best_i and commits
    Σ n_i e_i ≤ B, e the expected cost: hence at most B · max(0, max_i best_i / e_i). The bound gives up
    everything but the budget: cash, margin, caps, whole lots. `attained` keeps cash and whole lots, and buys
    once.

    Examples
    --------
    >>> tranches = {"lane": [0, 0], "outlay": [200.0, 500.0], "expected_cost": [40.0, 50.0]}
    >>> tranches = {name: np.array(column) for name, column in tranches.items()}
    >>> bound, attained = hindsight(tranches | {"best": np.array([80.0, 150.0])}, [120.0], 600.0)
    >>> bound.tolist(), attained.tolist()
    ([360.0], [240.0])
    """
    allowed = np.asarray(budget, dtype=np.float64)
    lane = np.asarray(tranches["lane"]).astype(np.int64)
    cost, best, outlay = tranches["expected_cost"], tranches["best"], tranches["outlay"]
    if len(lane) and not (cost > 0.0).all():
        raise AlvhError("tranches: expected_cost must be above 0: without a cost no budget bounds anything")
    known = np.isfinite(best)  # what was opened at T has no later fill
    lane, cost, best, outlay = lane[known], cost[known], best[known], outlay[known]
    ratio, attained = np.zeros(len(allowed)), np.zeros(len(allowed))
    np.maximum.at(ratio, lane, best / cost)
    most = np.minimum(allowed[lane] / cost, cash / np.maximum(outlay, 1e-9))
    np.maximum.at(attained, lane, np.floor(most + 1e-9) * best)
    return allowed * ratio, attained


def foresight(
    earned: ArrayLike,
    chance: ArrayLike | None,
    bound: ArrayLike,
    attained: ArrayLike,
    *,
    capital: float,
    sessions: int,
) -> pl.DataFrame:
    """Return every figure of `FORESIGHT` of one arm.

    Parameters
    ----------
    earned, chance : array_like, shape (paths,)
        P&L of the hedge layers of the arm, and of the same opened by chance, dollars; None without such an
        arm: its rows are null.
    bound, attained : array_like, shape (paths,)
        What `hindsight` says, dollars.
    capital : float
        C, dollars.
    sessions : int
        Horizon of the paths.

    Returns
    -------
    DataFrame
        `figure`, `estimate`, `low`, `high` (95%, over paths; positions are ratios of means), `unit`.

    Examples
    --------
    >>> of = {"capital": 1e3, "sessions": 252}
    >>> table = foresight([10.0, -10.0], [-20.0, -20.0], [80.0, 80.0], [40.0, 40.0], **of)
    >>> dict(table.select("figure", "estimate").iter_rows())["position"]
    0.2
    """
    check_horizon(capital, sessions)
    ours, most, once = (np.asarray(each, dtype=np.float64) for each in (earned, bound, attained))
    a_year = SESSIONS_PER_YEAR / sessions / capital
    none = Estimate(math.nan, math.nan, math.nan)
    told = {
        "arm": mean_interval(ours * a_year),
        "chance": none,
        "attained": mean_interval(once * a_year),
        "bound": mean_interval(most * a_year),
        "position": none,
        "position_attained": none,
        "tightness": ratio_interval(once, most),
    }
    if chance is not None:
        theirs = np.asarray(chance, dtype=np.float64)
        told["chance"] = mean_interval(theirs * a_year)
        told["position"] = ratio_interval(ours - theirs, most - theirs)
        told["position_attained"] = ratio_interval(ours - theirs, once - theirs)
    rows = [(name, *nullable(told[name]), unit) for name, (unit, _) in FORESIGHT.items()]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
