"""What hedges cost and covered, which limit bound them, and what they did (R22, R39, R61, R63, R66)."""

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import polars as pl

from alvh.figures.columns import (
    ESTIMATES,
    SESSIONS_PER_YEAR,
    Frame,
    arms,
    at_share,
    check_horizon,
    nullable,
    require,
)
from alvh.statistics import Estimate, mean_interval, ratio_interval

__all__ = ["LIMITS_OF_SIZE", "MET", "PROTECTION", "protection", "protection_words"]

LIMITS_OF_SIZE = ("target", "budget", "funds", "cap", "rounding")
"""What can bind the size of a hedge."""

MET = 0.40
"""Coverage of the core's dollars per VIX point below which R22 is not met."""

PROTECTION = {
    "realised_cost": ("a year", "what hedge layers lost, of capital; below 0 they earned"),
    "expected_cost": ("a year", "expected cost committed by hedge purchases, of capital"),
    "budget": ("a year", "the most of it that layers with a budget may commit, of NAV (R61)"),
    "premium_paid": ("a year", "paid for bought options, of capital"),
    "hedge_pnl": ("a year", "P&L of hedge layers, of capital"),
    "hedge_trading": ("a year", "slips and fees of hedge layers, of capital; paid is negative"),
    "coverage_wanted": ("share", "of the core's dollars per VIX point, as sized without limits"),
    "coverage_affordable": ("share", "the same within budget, funds and caps, before rounding to lots"),
    "coverage_achieved": ("share", "the same held, over the sessions with a core exposure"),
    "coverage_met": ("share", "of those sessions with a coverage of 40% or more"),
    **{f"bound_{limit}": ("share", f"of sizing decisions, bound by {limit}") for limit in LIMITS_OF_SIZE},
    "sleeve_nav": ("dollars", "NAV of the hedge's own ledger at the end, less cash from outside"),
    "sleeve_calls": ("count", "margin calls of that ledger, a path"),
    "contagion": ("count", "forced closings of core or hedge soon after the other's, a path (R63)"),
    "transferred": ("dollars", "moved between the ledgers by rule, a path"),
    "hedge_correlation": ("correlation", "of the daily P&L of core and hedge, mean over paths (R39)"),
    "stress_cash": (
        "a year",
        "net cash from the hedge, purchases included, while the core was challenged, of capital (R66)",
    ),
    "stress_core_pnl": ("a year", "P&L of the core on the same sessions, of capital"),
    "stress_share": ("share", "of the core's loss on these sessions, raised in cash"),
    "r44_share": ("share", "of entries of bought puts, with positive vega and negative delta (R44)"),
    "r44_refused": ("count", "openings of put spreads refused for want of these signs, a path (C18)"),
    "hedge_opened": ("count", "hedge tranches opened, a path"),
    "rolled": ("count", "of these, rolled (R35)"),
    "monetised": ("count", "partial sales at a profit, a path (R36)"),
    "rolls_kept": ("count", "rolls not done because they cost too much, a path (R58)"),
    "pressed": ("count", "of the partial sales, by the cash press (R84)"),
}
"""Figure to its unit and meaning."""

_BOUND = tuple(f"bound_{limit}" for limit in LIMITS_OF_SIZE)
_LIMIT_WORDS = {
    "target": "target met",
    "budget": "budget",
    "funds": "free funds",
    "cap": "a cap",
    "rounding": "under one lot",
}
_RATIOS = {
    **{limit: (limit, "decisions") for limit in _BOUND},
    "stress_share": ("stress_cash", "stress_loss"),
    "r44_share": ("r44_held", "r44_checked"),
}
_MADE = {"realised_cost", "budget", "stress_share", "r44_share"}
_READ = (*(figure for figure in PROTECTION if figure not in _MADE), "r44_checked", "r44_held")


def protection(
    paths: Frame,
    capital: float,
    sessions: int,
    share: float,
    budgets: Mapping[str, float] = MappingProxyType({}),
) -> pl.DataFrame:
    """Return cost, coverage, limits and deeds of the hedge of every arm that has one, at one margin share.

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
    budgets : mapping of str to float
        Expected cost a year that an arm's layers with a budget may commit, of NAV.

    Returns
    -------
    DataFrame
        `arm`, `figure` (see `PROTECTION`), `estimate`, `low`, `high` (95%), `unit`, without the arms that
        decided on no hedge. A path on which a coverage or correlation does not exist is left out of its
        mean. Limits are shares of all sizing decisions: they sum to 1.

    Notes
    -----
    Coverage of a path is a ratio of sums over its sessions, so that those on which the core has next to no
    exposure do not count for much; estimates are means over paths.
    """
    check_horizon(capital, sessions)
    a_year = SESSIONS_PER_YEAR / sessions / capital
    table = (
        at_share(require(paths, _READ), share, _READ)
        .select(
            "arm",
            *_READ,
            realised_cost=-pl.col("hedge_pnl"),
            decisions=pl.sum_horizontal(_BOUND),
            stress_loss=-pl.col("stress_core_pnl"),
        )
        .collect()
    )
    rows: list[tuple[str | float | None, ...]] = []
    for arm in arms(table):
        sample = table.filter(arm=arm)
        if not sample["decisions"].sum():
            continue
        for figure, (unit, _) in PROTECTION.items():
            if figure == "budget":
                estimate = Estimate(budgets.get(arm, math.nan), math.nan, math.nan)
            elif figure in _RATIOS:
                estimate = _ratio(sample, *_RATIOS[figure])
            else:
                estimate = _mean(sample, figure, a_year if unit == "a year" else 1.0)
            rows.append((arm, figure, *nullable(estimate), unit))
    return pl.DataFrame(rows, schema=ESTIMATES, orient="row")


def _mean(sample: pl.DataFrame, column: str, scale: float) -> Estimate:
    values = sample[column].to_numpy()
    return mean_interval(values[~np.isnan(values)] * scale)


def _ratio(sample: pl.DataFrame, top: str, bottom: str) -> Estimate:
    """Return a share; it does not exist where there is nothing to be a share of, such as no loss."""
    if sample[bottom].sum() <= 0.0:
        return Estimate(math.nan, math.nan, math.nan)
    return ratio_interval(sample[top].to_numpy(), sample[bottom].to_numpy())


def protection_words(protection: pl.DataFrame) -> pl.DataFrame:
    """Return the verdicts on each hedge, in words.

    Parameters
    ----------
    protection : DataFrame
        What `protection` returns.

    Returns
    -------
    DataFrame
        `arm`; `coverage`, "R22 met" or "R22 not met" by the mean achieved coverage; `cost`, "within budget",
        "above budget" by the mean expected cost a year of all hedge layers, those without a budget too, or
        "no budget"; `limit`, what bound the size of the hedge most often (ties: the earlier in
        `LIMITS_OF_SIZE`). Null where the figure does not exist.

    Examples
    --------
    >>> figures = {"expected_cost": 0.02, "budget": 0.015, "coverage_achieved": 0.31}
    >>> limits = {f"bound_{limit}": 0.0 for limit in LIMITS_OF_SIZE} | {"bound_budget": 1.0}
    >>> names, values = zip(*(figures | limits).items())
    >>> protection_words(pl.DataFrame({"arm": "alvh_0", "figure": names, "estimate": values})).row(0)
    ('alvh_0', 'R22 not met', 'above budget', 'budget')
    """
    rows = []
    for arm in arms(protection):
        of = dict(protection.filter(arm=arm).select("figure", "estimate").iter_rows())
        achieved, budget = of["coverage_achieved"], of["budget"]
        coverage = None if achieved is None else "R22 met" if achieved >= MET else "R22 not met"
        over = budget is not None and of["expected_cost"] > budget
        cost = "no budget" if budget is None else "above budget" if over else "within budget"
        limit = max(LIMITS_OF_SIZE, key=lambda limit: of[f"bound_{limit}"])
        rows.append((arm, coverage, cost, _LIMIT_WORDS[limit]))
    return pl.DataFrame(
        rows, schema=dict.fromkeys(("arm", "coverage", "cost", "limit"), pl.String), orient="row"
    )
