"""Money-weighted returns per ledger, their hurdle, and a hedge's cost for good (R67 to R69, R72, R73)."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from alvh.errors import AlvhError
from alvh.figures.by_session import Series, earned, with_bills
from alvh.figures.columns import SESSIONS_PER_YEAR, check_horizon, nullable
from alvh.figures.money_weighted import MoneyWeighted, xirrs
from alvh.statistics import Estimate, mean_interval, quantile_interval, ratio_interval

__all__ = ["DEBIT_SPREAD", "RETURNS", "perpetual_cost", "returns", "sortino"]

DEBIT_SPREAD = 0.015
"""What a broker asks above bills for what is borrowed, a year. Ours."""

DAYS_PER_YEAR = 365.0

ROUNDING = 1e-12
"""Of capital: a downside that is smaller is that of adding dollars up, not of what an account did."""

RETURNS = {
    "irr": ("a year", "money-weighted return of the ledger (R68), median; what is lost counts as -100%"),
    "hurdle": ("a year", "blended cost of what the ledger ties up, leaves in bills and borrows (R67)"),
    "interest": ("a year", "interest that the ledger's cash earned, of capital (R75)"),
    "committed_per_flow": (
        "years",
        "mean requirement per dollar of P&L above bills a year (R69); null where it lost",
    ),
    "sortino": ("ratio", "mean session above bills over its downside deviation, a year; median (R73)"),
    "perpetual_cost": ("share", "the hedge's cost a year for good, of capital: C / (r - g) (R72)"),
}
"""Figure to its unit and meaning."""

_SCHEMA = {
    "arm": pl.String,
    "ledger": pl.String,
    "figure": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
    "status": pl.String,
}
_NONE = Estimate(math.nan, math.nan, math.nan)


def perpetual_cost(cost: float, rate: float, growth: float) -> float | None:
    """Return what a cost of `cost` next year that grows for ever is worth now, C / (r − g) (R72).

    Parameters
    ----------
    cost : float
        Next year's, dollars or of capital.
    rate, growth : float
        Of discounting and of the cost, a year.

    Returns
    -------
    float or None
        None where r ≤ g: no such sum.

    Examples
    --------
    >>> perpetual_cost(0.0125, 0.0625, 0.0), perpetual_cost(0.015, 0.02, 0.02)
    (0.2, None)
    """
    return cost / (rate - growth) if rate > growth else None


def sortino(excess: ArrayLike) -> NDArray[np.float64]:
    """Return mean over downside deviation of each row of session returns, a year (R73).

    Formula: √252 · mean(e) / √mean(min(e, 0)²); NaN without a session below 0, by more than rounding.

    Parameters
    ----------
    excess : array_like, shape (paths, sessions)
        Returns net of cash, and of inflation if it is to be.

    Examples
    --------
    >>> sortino([[0.02, -0.01]]).round(6), sortino([[0.01, 0.02]])
    (array([11.224972]), array([nan]))
    """
    values = np.asarray(excess, dtype=np.float64)
    deviation = np.sqrt((np.minimum(values, 0.0) ** 2).mean(axis=1))
    out = np.full(len(values), math.nan)
    np.divide(
        values.mean(axis=1) * math.sqrt(SESSIONS_PER_YEAR), deviation, out=out, where=deviation > ROUNDING
    )
    return out


def returns(
    series: Series,
    days: NDArray[np.float64],
    capital: float,
    *,
    sleeve: float | None,
    hedged: bool,
    rate: float,
    beta: float | None,
    erp: float,
    debit_spread: float = DEBIT_SPREAD,
    growth: float = 0.0,
    inflation: float = 0.0,
    sampled: bool = True,
) -> pl.DataFrame:
    """Return every figure of `RETURNS` for the whole book and, where it has two, for each of its ledgers.

    Parameters
    ----------
    series : Series
        Of one book.
    days : ndarray, shape (paths, sessions + 1)
        Calendar days since session 0.
    capital : float
        C, dollars.
    sleeve : float or None
        Share of C in the sleeve at the start; None where the book has one ledger.
    hedged : bool
        Has the book a hedge layer, whose cost may go on for ever?
    rate, beta, erp : float
        Bills, a year; the book's beta to SPX; equity risk premium, a year: what is tied up costs
        rate + beta · erp (CAPM, R67). Without a beta there is no hurdle.
    debit_spread : float
        Above bills, a year, on what is required beyond NAV.
    growth : float
        Of the hedge's cost, a year (R72).
    inflation : float
        A year, taken off the returns of `sortino` (R73).
    sampled : bool
        Are paths a sample, so that `committed_per_flow` waits for an interval of P&L above 0? On a history
        it waits for a mean above 0.

    Returns
    -------
    DataFrame
        `ledger` ("book", "core", "sleeve"), `figure`, `estimate`, `low`, `high` (95%), `unit`, `status`: of
        "irr" how many paths were solved, lost, none or several (those of the last two are left out; lost is
        −100%, and so is a ledger that ends below 0); of figures that do not exist, why not.
    """
    sessions = series["nav"].shape[1] - 1
    check_horizon(capital, sessions)
    if sleeve is not None and not 0.0 < sleeve < 1.0:
        raise AlvhError(f"sleeve = {sleeve}: a share of capital between 0 and 1, or None without a sleeve")
    rows: list[tuple[object, ...]] = []
    equity = rate + (math.nan if beta is None else beta) * erp
    for ledger, (start, nav, put_in, requirement, interest) in _ledgers(series, capital, sleeve).items():
        flows = np.diff(-put_in, axis=1, prepend=0.0)
        flows[:, 0] -= start
        flows[:, -1] += nav[:, -1]
        solvent = nav[:, -1] >= 0.0
        solved = iter(xirrs(days[solvent] / DAYS_PER_YEAR, flows[solvent]))
        found = [next(solved) if left else MoneyWeighted(-1.0, "lost") for left in solvent.tolist()]
        rates = [each.rate for each in found if each.status in ("solved", "lost")]
        counts = ", ".join(
            f"{status} {sum(each.status == status for each in found)}"
            for status in ("solved", "lost", "none", "several")
            if any(each.status == status for each in found)
        )
        irr = quantile_interval(rates, 0.5) if rates else _NONE
        tied = np.clip(requirement, 0.0, np.maximum(nav, 0.0))
        debit = np.maximum(requirement - np.maximum(nav, 0.0), 0.0)
        idle = np.maximum(nav - tied, 0.0)
        costs = tied * equity + idle * rate + debit * (rate + debit_spread)
        held = (tied + idle + debit).sum(axis=1)
        hurdle = ratio_interval(costs.sum(axis=1), held)
        no_hurdle = "nothing in the ledger" if not held.any() else "no beta: SPX did not move"
        years = SESSIONS_PER_YEAR / sessions
        bills = series["bills"]
        gained = (nav[:, -1] - with_bills(put_in, bills)[:, -1] - start * bills[:, -1]) * years
        flow = mean_interval(gained)
        shown = (flow.low if sampled else flow.value) > 0.0
        efficient = shown and bool(requirement.any())
        efficiency = ratio_interval(requirement.mean(axis=1), gained) if efficient else _NONE
        inefficient = "nothing is required" if shown else "no P&L above bills is shown"
        told: list[tuple[str, Estimate, str]] = [
            ("irr", irr, counts),
            ("hurdle", hurdle, no_hurdle if math.isnan(hurdle.value) else ""),
            ("interest", mean_interval(interest[:, -1] * years / capital), ""),
            ("committed_per_flow", efficiency, "" if efficient else inefficient),
        ]
        if ledger == "book":
            told += _of_the_book(series, capital, hurdle.value, growth, inflation, hedged=hedged)
        rows += [(ledger, name, *nullable(value), RETURNS[name][0], status) for name, value, status in told]
    return pl.DataFrame(
        rows, schema={name: kind for name, kind in _SCHEMA.items() if name != "arm"}, orient="row"
    )


_Ledger = tuple[float, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _ledgers(series: Series, capital: float, sleeve: float | None) -> Mapping[str, _Ledger]:
    """Return the start, NAV, cash put in since, requirement and interest of each ledger."""
    total = capital, series["nav"], series["deposited"], series["requirement"], series["interest"]
    if sleeve is None:
        return {"book": total}
    moved, outside = series["sleeve_received"], series["sleeve_deposited"]
    own = (
        capital * sleeve,
        series["sleeve_nav"],
        moved + outside,
        series["sleeve_requirement"],
        series["sleeve_interest"],
    )
    core = (
        capital * (1.0 - sleeve),
        total[1] - own[1],
        total[2] - outside - moved,
        total[3] - own[3],
        total[4] - own[4],
    )
    return {"book": total, "core": core, "sleeve": own}


def _of_the_book(
    series: Series, capital: float, hurdle: float, growth: float, inflation: float, *, hedged: bool
) -> Sequence[tuple[str, Estimate, str]]:
    """Return the figures that only the whole book has."""
    sessions = series["nav"].shape[1] - 1
    ratios = sortino(earned(series, capital) - inflation / SESSIONS_PER_YEAR)
    known = ratios[~np.isnan(ratios)]
    risky = quantile_interval(known, 0.5) if len(known) else _NONE
    told = [("sortino", risky, "" if len(known) else "no session below bills")]
    if hedged:
        cost = mean_interval(-series["hedge"][:, -1] * (SESSIONS_PER_YEAR / sessions / capital))
        ever = [perpetual_cost(each, hurdle, growth) for each in cost]
        known_ever = Estimate(*(math.nan if each is None else each for each in ever))
        guard = "no hurdle" if math.isnan(hurdle) else "r <= g"
        told.append(("perpetual_cost", known_ever, "" if ever[0] is not None else guard))
    return told
