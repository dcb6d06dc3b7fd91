"""The figures of every arm at one margin share, each with its interval (R14–R17, R91, C5)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.figures.columns import (
    EARNED,
    ESTIMATES,
    SESSIONS_PER_YEAR,
    Frame,
    arms,
    at_share,
    check_horizon,
    excess,
    nullable,
)
from alvh.figures.distress import EVENTS, WITHIN, distress
from alvh.statistics import (
    Estimate,
    deviation_interval,
    mean_interval,
    proportion,
    quantile_interval,
    ratio_interval,
)

__all__ = ["FIGURES", "Figure", "summary"]

SMALL_DRAWDOWN, LARGE_DRAWDOWN = 0.05, 0.50  # R16: does a 5% drawdown become 50% or more?

Estimator = Callable[[pl.DataFrame], Estimate]


class Figure(NamedTuple):
    """One row of the summary: its name, its unit, what it means, and how the paths of an arm give it."""

    name: str
    unit: str
    meaning: str
    estimate: Estimator


def _values(sample: pl.DataFrame, column: str) -> NDArray[np.float64]:
    return sample[column].drop_nulls().cast(pl.Float64).to_numpy()


def _chance(column: str, *, given: str | None = None) -> Estimator:
    def estimate(sample: pl.DataFrame) -> Estimate:
        cases = sample if given is None else sample.filter(pl.col(given))
        return proportion(int(cases[column].sum()), cases.height)

    return estimate


def _mean(column: str) -> Estimator:
    return lambda sample: mean_interval(_values(sample, column))


def _quantile(column: str, q: float) -> Estimator:
    return lambda sample: quantile_interval(_values(sample, column), q)


def _deviation(column: str) -> Estimator:
    return lambda sample: deviation_interval(_values(sample, column))


def _ratio(top: str, bottom: str) -> Estimator:
    return lambda sample: ratio_interval(_values(sample, top), _values(sample, bottom))


def _largest(column: str) -> Estimator:
    """Estimate nothing: the largest value of a sample has no interval."""
    return lambda sample: Estimate(max(_values(sample, column), default=np.nan), np.nan, np.nan)


def _of_the_paths(event: str) -> Figure:
    meaning = {
        "refused": "an opening order was above free funds",
        "call": "a margin call stood",
        "forced": "a tranche was closed by force",
        "ruin": "NAV less deposits fell to the ruin share, or, with ruin_on_debt, only debt was left",
        "negative": "NAV less deposits was below 0",
        "distress": "any of refused, call, forced, ruin",
    }[event]
    return Figure(f"p_{event}", "probability", f"paths on which {meaning}", _chance(f"any_{event}"))


FIGURES = (
    *(_of_the_paths(event) for event in reversed(EVENTS)),
    Figure("return_on_nav", "a year", "P&L above bills, of capital, arithmetic", _mean("return_on_nav")),
    Figure(
        "return_on_margin",
        "a year",
        "the same dollars, of the mean peak requirement",
        _ratio("excess", "peak_requirement"),
    ),
    Figure("margin_share", "share", "mean peak requirement, of capital", _mean("margin_share")),
    Figure(
        "drawdown_median",
        "share",
        "largest fall from the running peak, median",
        _quantile("max_drawdown", 0.5),
    ),
    Figure("drawdown_95", "share", "the same, 95% quantile", _quantile("max_drawdown", 0.95)),
    Figure("drawdown_99", "share", "the same, 99% quantile", _quantile("max_drawdown", 0.99)),
    Figure("drawdown_worst", "share", "the same, worst path", _largest("max_drawdown")),
    Figure("p_drawdown_50", "probability", "paths with a drawdown of 50% or more", _chance("fell_far")),
    Figure(
        "p_drawdown_50_given_5",
        "probability",
        "the same among paths with a drawdown of 5% or more",
        _chance("fell_far", given="fell"),
    ),
    Figure(
        "peak_multiple_median",
        "multiple",
        "peak / first requirement, median",
        _quantile("peak_multiple", 0.5),
    ),
    Figure("peak_multiple_95", "multiple", "the same, 95% quantile", _quantile("peak_multiple", 0.95)),
    Figure("peak_multiple_max", "multiple", "the same, largest", _largest("peak_multiple")),
    Figure("peak_multiple_sd", "multiple", "the same, standard deviation", _deviation("peak_multiple")),
    Figure("max_lots", "count", "most lots of one tranche, any path", _largest("max_lots")),
    Figure("opened", "count", "tranches opened a path", _mean("opened")),
    Figure(
        "lost_share",
        "share",
        "tranches closed or settled at a loss, of those opened",
        _ratio("lost", "opened"),
    ),
    Figure("closed_early", "count", "tranches closed before expiry, a path", _mean("closed_early")),
    Figure(
        "recovered_share",
        "share",
        "closed by rule where holding was better, of early closings followed to expiry",
        _ratio("recovered", "resolved"),
    ),
    Figure(
        "regret_rule",
        "a year",
        "held minus closed by rule, of capital; above 0 holding was better",
        _mean("regret_rule"),
    ),
    Figure("regret_forced", "a year", "the same, closed by force or after ruin", _mean("regret_forced")),
    Figure("trading_cost", "a year", "fills and fees, of capital; paid is negative", _mean("trading_cost")),
    Figure("skipped", "count", "openings skipped a path", _mean("skipped")),
    Figure(
        "identity_error",
        "error",
        "largest |NAV - C - deposited - buckets|, of capital",
        _largest("identity_error"),
    ),
)

_READ = (
    *(*EARNED, "max_drawdown", "peak_requirement", "first_requirement", "opened", "lost", "max_lots"),
    *("skipped", "closed_early", "recovered", "regret_rule", "regret_forced", "unresolved", "fills", "fees"),
    "identity_error",
)
_MADE = (
    *(
        "excess",
        "return_on_nav",
        "margin_share",
        "fell",
        "fell_far",
        "peak_multiple",
        "resolved",
        "trading_cost",
    ),
    *(f"any_{event}" for event in EVENTS),
)


def summary(
    paths: Frame, capital: float, sessions: int, share: float, *, within: int = WITHIN
) -> pl.DataFrame:
    """Return every figure of `FIGURES` per arm at one margin share.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per *independent* path, arm and share, with what the engine records (docs/engine.md).
    capital : float
        C of every arm, dollars.
    sessions : int
        Horizon of the paths; what is "a year" is scaled by 252 / `sessions`, without compounding.
    share : float
        Margin share of the ladder.
    within : int
        Sessions within which distress counts.

    Returns
    -------
    DataFrame
        `arm`, `figure`, `estimate`, `low`, `high` (95%), `unit`. Everything is decimal (0.05 is 5%). A figure
        that no path can give is null, so is an interval that does not exist (a maximum), and a bound beyond
        the sample is infinite.

    Notes
    -----
    C5: `return_on_nav` and `return_on_margin` are the same dollars over two denominators. Margin is the mean
    over paths of the *peak* requirement: what the account had to be able to post, not its average over time.

    R15: `peak_multiple` leaves out the paths on which no base lot was ever priced.

    R14: a forced closing counts in the denominator of `recovered_share` and never in its numerator.
    """
    check_horizon(capital, sessions)
    a_year = SESSIONS_PER_YEAR / sessions / capital
    first = pl.col("first_requirement")
    table = (
        distress(at_share(paths, share, _READ), within)
        .with_columns(
            excess(capital, sessions).alias("excess"),
            margin_share=pl.col("peak_requirement") / capital,
            fell=pl.col("max_drawdown") >= SMALL_DRAWDOWN,
            fell_far=pl.col("max_drawdown") >= LARGE_DRAWDOWN,
            peak_multiple=pl.when(first > 0.0).then(pl.col("peak_requirement") / first),
            resolved=pl.col("closed_early") - pl.col("unresolved"),
            trading_cost=(pl.col("fills") + pl.col("fees")) * a_year,
            regret_rule=pl.col("regret_rule") * a_year,
            regret_forced=pl.col("regret_forced") * a_year,
        )
        .with_columns(return_on_nav=pl.col("excess") / capital)
        .select("arm", *dict.fromkeys((*_READ, *_MADE)))
        .collect()
    )
    samples = ((arm, table.filter(arm=arm)) for arm in arms(table))
    rows = [
        (arm, figure.name, *nullable(figure.estimate(sample)), figure.unit)
        for arm, sample in samples
        for figure in FIGURES
    ]
    return pl.DataFrame(rows, schema=ESTIMATES, orient="row")
