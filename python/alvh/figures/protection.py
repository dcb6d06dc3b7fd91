"""What the hedge layers cost, how much they covered, and which limit bound (R22, R39, R61, R66)."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.figures.columns import SESSIONS_PER_YEAR, Frame, arms, at_share, check_horizon, nullable, require
from alvh.statistics import Estimate, mean_interval, quantile_interval, ratio_interval

__all__ = ["LIMITS_OF_SIZE", "PROTECTION", "protection"]

LIMITS_OF_SIZE = ("target", "budget", "funds", "cap", "rounding")
"""What can bind the size of a hedge."""

PROTECTION = {
    "expected_cost": ("a year", "expected cost committed by hedge purchases, of capital"),
    "premium_paid": ("a year", "paid for bought options, of capital"),
    "hedge_pnl": ("a year", "P&L of hedge layers, of capital"),
    "hedge_trading": ("a year", "slips and fees of hedge layers, of capital; paid is negative"),
    "coverage_wanted": ("share", "of the core's dollars per VIX point, as sized without limits; median path"),
    "coverage_affordable": ("share", "the same within budget, funds and caps, before rounding; median path"),
    "coverage_achieved": ("share", "the same held, mean of the sessions with a core exposure; median path"),
    "coverage_met": ("share", "of those sessions with a coverage of 40% or more (R22 met)"),
    **{f"bound_{limit}": ("share", f"of sizing decisions, bound by {limit}") for limit in LIMITS_OF_SIZE},
    "hedge_correlation": ("correlation", "of the daily P&L of core and hedge, mean over paths (R39)"),
}
"""Figure to its unit and meaning."""

_MEDIAN = ("coverage_wanted", "coverage_affordable", "coverage_achieved")
_BOUND = tuple(f"bound_{limit}" for limit in LIMITS_OF_SIZE)
_SCHEMA = {
    "arm": pl.String,
    "figure": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
}


def protection(paths: Frame, capital: float, sessions: int, share: float) -> pl.DataFrame:
    """Return cost, coverage and binding limits of every arm with a hedge, at one margin share.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per *independent* path, arm and share, with what the engine records of hedges
        (docs/engine.md).
    capital : float
        C of every arm, dollars.
    sessions : int
        Horizon of the paths; what is "a year" is scaled by 252 / `sessions`, without compounding.
    share : float
        Margin share of the ladder.

    Returns
    -------
    DataFrame
        `arm`, `figure` (see `PROTECTION`), `estimate`, `low`, `high` (95%), `unit`, without the arms that
        decided on no hedge. A path on which a coverage or correlation does not exist is left out of its
        mean. Limits are shares of all sizing decisions: they sum to 1.

    Notes
    -----
    Coverage divides by the exposure of the core, which is next to nothing on some sessions: its mean over
    paths would be that of a few of them, hence the median.
    """
    check_horizon(capital, sessions)
    a_year = SESSIONS_PER_YEAR / sessions / capital
    table = at_share(require(paths, PROTECTION), share, PROTECTION).select("arm", *PROTECTION).collect()
    rows: list[tuple[str | float | None, ...]] = []
    for arm in arms(table):
        sample = table.filter(arm=arm)
        decisions = sample.select(pl.sum_horizontal(_BOUND)).to_series().to_numpy()
        if decisions.any():
            rows += [
                (arm, figure, *nullable(_estimate(sample, figure, decisions, a_year)), unit)
                for figure, (unit, _) in PROTECTION.items()
            ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _estimate(sample: pl.DataFrame, figure: str, decisions: NDArray[np.float64], a_year: float) -> Estimate:
    values = sample[figure].to_numpy()
    if figure in _BOUND:
        return ratio_interval(values, decisions)
    if PROTECTION[figure][0] == "a year":
        return mean_interval(values * a_year)
    known = values[~np.isnan(values)]
    return quantile_interval(known, 0.5) if figure in _MEDIAN else mean_interval(known)
