"""Beta and alpha of arms against SPX, and what it costs to cut the beta of falling sessions (R71)."""

import math
from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.errors import AlvhError
from alvh.figures.by_session import Series, earned, moves, same_paths
from alvh.figures.columns import ESTIMATES, SESSIONS_PER_YEAR, check_horizon, nullable
from alvh.statistics import Estimate, mean_interval, ratio_interval

__all__ = ["BETA", "beta"]

BETA = {
    "beta": ("per 1", "P&L above bills, of capital, per unit of SPX's price return above bills"),
    "alpha": ("a year", "mean P&L above bills that beta does not explain, of capital, dividends in SPX"),
    "downside_beta": (
        "per 1",
        "the same slope through 0 on sessions on which SPX's price rose less than bills",
    ),
    "downside_beta_cut": (
        "per 1",
        "downside beta of the base less the arm's; above 0 the arm has less",
    ),
    "hedge_cost": ("a year", "what hedge layers lost, of capital; below 0 they earned"),
    "price_of_cut": (
        "a year",
        "hedge cost beyond the base's per unit of downside beta cut; null unless the cut is shown",
    ),
}
"""Figure to its unit and meaning."""

_NONE = Estimate(math.nan, math.nan, math.nan)


def beta(
    by_arm: Mapping[str, Series],
    capital: float,
    *,
    base: str,
    dividend_yield: float = 0.0,
    sampled: bool = True,
) -> pl.DataFrame:
    """Return every figure of `BETA` per arm.

    Parameters
    ----------
    by_arm : mapping of str to Series
        Arm to its series on the same paths.
    capital : float
        C of every arm, dollars.
    base : str
        The arm whose downside beta the others cut; it has no cut and no price itself.
    dividend_yield : float
        Of SPX, a year: what its price does not say and alpha must.
    sampled : bool
        Are paths a sample, so that `price_of_cut` waits for an interval of the cut above 0? On a history it
        waits for a cut above 0. An arm that never held a hedge has no price.

    Returns
    -------
    DataFrame
        `arm`, `figure`, `estimate`, `low`, `high` (95%, over paths), `unit`.

    Notes
    -----
    Formulas, over all sessions of all paths with y what an arm earned and x what SPX did, both above bills:
    beta = Σ(x − x̄)(y − ȳ) / Σ(x − x̄)²; downside beta = Σ xy / Σ x² over sessions with x < 0 (the lower
    partial moments of Hogan and Warren, 1974, about bills). Intervals take sums per path as independent.

    Examples
    --------
    >>> spot = np.array([[100.0, 102.0, 99.96, 100.9596]])
    >>> flat = np.ones_like(spot)
    >>> nav = 50.0 + 0.5 * 100.0 * np.cumsum(np.r_[0.0, 0.02, -0.02, 0.01])[None]
    >>> series = {"nav": nav, "deposited": 0 * flat, "bills": flat, "spot": spot, "hedge": 0 * flat}
    >>> beta({"half": series}, 100.0, base="half")["estimate"].round(9).to_list()[:3]
    [0.5, 0.0, 0.5]
    """
    if base not in by_arm:
        raise AlvhError(f"base = {base!r}: the arms are {', '.join(by_arm)}")
    sessions = by_arm[base]["spot"].shape[1] - 1
    check_horizon(capital, sessions)
    same_paths(by_arm)
    x = moves(by_arm[base])
    below = np.where(x < 0.0, x, 0.0)
    squares = (below**2).sum(axis=1)
    years = SESSIONS_PER_YEAR / sessions
    ours = (below * earned(by_arm[base], capital)).sum(axis=1)
    base_cost = _cost(by_arm[base]) / capital * years
    rows: list[tuple[str | float | None, ...]] = []
    for arm, series in by_arm.items():
        y = earned(series, capital)
        slope = _slope(x, y)
        held = x + dividend_yield / SESSIONS_PER_YEAR
        down = (below * y).sum(axis=1)
        cost = _cost(series) / capital * years
        # On paths on which SPX never falls there is no downside.
        cut = ratio_interval(ours - down, squares) if arm != base else _NONE
        priced = (cut.low if sampled else cut.value) > 0.0 and series["hedge"].any()
        per_path = (ours - down) / squares.mean() if squares.any() else np.zeros_like(down)
        told = {
            "beta": slope,
            "alpha": mean_interval((y - slope.value * held).sum(axis=1) * years),
            "downside_beta": ratio_interval(down, squares),
            "downside_beta_cut": cut,
            "hedge_cost": mean_interval(cost),
            "price_of_cut": ratio_interval(cost - base_cost, per_path) if priced else _NONE,
        }
        rows += [(arm, figure, *nullable(told[figure]), unit) for figure, (unit, _) in BETA.items()]
    return pl.DataFrame(rows, schema=ESTIMATES, orient="row")


def _cost(series: Series) -> NDArray[np.float64]:
    """Return what the hedge of each path lost, dollars."""
    cost: NDArray[np.float64] = series["hedge"][:, 0] - series["hedge"][:, -1]
    return cost


def _slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> Estimate:
    off = x - x.mean()
    return ratio_interval((off * (y - y.mean())).sum(axis=1), (off**2).sum(axis=1))
