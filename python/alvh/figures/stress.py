"""What stress says of a hedge: pay-off per dollar of cost, and how often it must be needed to earn that."""

import math
from collections.abc import Sequence

import polars as pl

from alvh.errors import AlvhError
from alvh.figures.columns import (
    SESSIONS_PER_YEAR,
    Frame,
    arms,
    at_share,
    check_horizon,
    nullable,
    require,
)
from alvh.figures.distress import distress
from alvh.statistics import clustered_proportion, mean_interval

__all__ = ["FALLS", "break_even", "fall_frequency", "hedge_failures", "outcomes"]

FALLS = (0.03, 0.04, 0.05, 0.07, 0.10)
"""Falls of a session, decimal, that `fall_frequency` counts."""

_CHANGES = ("pnl", "core_pnl", "hedge_pnl", "hedge_trading", "premium_paid", "stress_cash")
_LEVELS = (
    *("max_drawdown", "peak_requirement", "refused", "calls", "forced"),
    *("coverage_achieved", "coverage_met", "hedge_opened", "monetised"),
)
_ANY_TICK = 2**31 - 1


def outcomes(paths: Frame, eve: Frame) -> pl.DataFrame:
    """Return what a scenario did to each arm.

    Parameters
    ----------
    paths, eve : DataFrame or LazyFrame
        A row per arm with what the engine records: of the whole scenario, and of the same run up to its eve.

    Returns
    -------
    DataFrame
        `arm`; from the eve to the end, dollars without interest: `pnl`, which is `core_pnl` + `hedge_pnl`,
        then `hedge_trading`, `premium_paid` and `stress_cash`; over the whole run: `max_drawdown` (share),
        `peak_requirement` (dollars), `refused`, `calls`, `forced` (counts), `coverage_achieved`,
        `coverage_met` (shares), `hedge_opened`, `monetised` (counts) and `distress`. What does not exist is
        null.
    """
    whole, before = (
        require(frame, ["arm", *_CHANGES[1:]]).with_columns(pnl=pl.col("core_pnl") + pl.col("hedge_pnl"))
        for frame in (paths, eve)
    )
    at_eve = before.select("arm", *(pl.col(each).alias(f"{each}_eve") for each in _CHANGES))
    return (
        distress(require(whole, _LEVELS), _ANY_TICK)
        .join(at_eve, on="arm", how="left", maintain_order="left")
        .select(
            "arm",
            *(pl.col(each) - pl.col(f"{each}_eve") for each in _CHANGES),
            *(pl.col(each).fill_nan(None) for each in _LEVELS),
            distress=pl.col("any_distress"),
        )
        .collect()
    )


def hedge_failures(paths: Frame, share: float) -> pl.DataFrame:
    """Return how often the hedge loses too when a core tranche settles at its maximum loss (R39).

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per *independent* path, arm and share, with `max_losses`, the core tranches settled at their
        maximum loss, `max_losses_hedge_lost`, those with a hedge that lost over the life of the tranche, and
        `hedge_opened`.
    share : float
        Margin share.

    Returns
    -------
    DataFrame
        `arm`, `estimate`, `low`, `high` (95%; the tranches of one path count together), `max_losses`,
        `paths` (those with such a tranche). Null where no tranche lost that much; arms that never opened a
        hedge are left out.
    """
    read = ("max_losses", "max_losses_hedge_lost", "hedge_opened")
    table = at_share(paths, share, read).select("arm", *read).collect()
    rows = []
    for arm in arms(table):
        sample = table.filter(arm=arm)
        if not sample["hedge_opened"].sum():
            continue
        trials, lost = sample["max_losses"], sample["max_losses_hedge_lost"]
        affected = int((trials > 0).sum())
        estimate = nullable(clustered_proportion(lost, trials)) if affected else (None, None, None)
        rows.append((arm, *estimate, int(trials.sum()), affected))
    schema = {"arm": pl.String, "estimate": pl.Float64, "low": pl.Float64, "high": pl.Float64}
    return pl.DataFrame(rows, schema=schema | {"max_losses": pl.Int64, "paths": pl.Int64}, orient="row")


def break_even(
    paths: Frame, crash: pl.DataFrame, capital: float, sessions: int, share: float
) -> pl.DataFrame:
    """Return what each hedge costs a year, what it pays in a crash, and how often that must happen.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per *independent* path, arm and share of a simulation, with `hedge_pnl`.
    crash : DataFrame
        `outcomes` of one scenario at the same share and capital: `arm`, `hedge_pnl`, `core_pnl`.
    capital : float
        C of every arm, dollars.
    sessions : int
        Horizon of the simulated paths.
    share : float
        Margin share.

    Returns
    -------
    DataFrame
        `arm`; `yearly_cost`, −mean of `hedge_pnl` a year of 252 sessions, dollars, with `low`, `high`
        (95%), whatever crashes the simulation held included; `payoff`, `hedge_pnl` of the crash, dollars;
        `payoff_share`, of what the core lost there; `payoff_per_cost`; `crashes_a_year`, yearly_cost /
        payoff: with so many such days more than the simulation has, the hedge earns. The ratios are null
        where the hedge costs nothing or pays nothing; arms without a hedge are left out.

    Examples
    --------
    >>> hedges = {"path": [0, 1], "arm": "alvh", "share": 0.1, "hedge_pnl": [-4e3, -6e3]}
    >>> paths = pl.DataFrame(hedges | {"start": 0})
    >>> crash = pl.DataFrame({"arm": ["alvh"], "hedge_pnl": [2e4], "core_pnl": [-8e4]})
    >>> table = break_even(paths, crash, 1e6, 252, 0.1)
    >>> table.select("yearly_cost", "payoff_share", "payoff_per_cost", "crashes_a_year").row(0)
    (5000.0, 0.25, 4.0, 0.25)
    """
    check_horizon(capital, sessions)
    table = at_share(paths, share, ["hedge_pnl"]).select("arm", "hedge_pnl").collect()
    rows = []
    for arm in arms(table):
        dollars = table.filter(arm=arm)["hedge_pnl"].to_numpy()
        outcome = crash.filter(arm=arm)
        if outcome.is_empty():
            raise AlvhError(f"crash lacks the arm {arm!r}: it has {', '.join(arms(crash))}")
        payoff, core = outcome["hedge_pnl"][0], outcome["core_pnl"][0]
        if not dollars.any() and not payoff:
            continue
        cost = mean_interval(-dollars * (SESSIONS_PER_YEAR / sessions))
        pays = cost.value > 0.0 and payoff > 0.0
        rows.append(
            (
                arm,
                *nullable(cost),
                payoff,
                payoff / -core if core < 0.0 else None,
                payoff / cost.value if pays else None,
                cost.value / payoff if pays else None,
            )
        )
    names = ("yearly_cost", "low", "high", "payoff", "payoff_share", "payoff_per_cost", "crashes_a_year")
    return pl.DataFrame(rows, schema={"arm": pl.String} | dict.fromkeys(names, pl.Float64), orient="row")


def fall_frequency(closes: pl.DataFrame, falls: Sequence[float] = FALLS) -> pl.DataFrame:
    """Return how often SPX fell by so much within a session.

    Parameters
    ----------
    closes : DataFrame
        `date`, `spx`: a history, sessions ascending.
    falls : sequence of float
        Decimal: 0.04 counts the sessions with a return of −4% or less.

    Returns
    -------
    DataFrame
        `fall`, `days` (a count), `years` (252 sessions each), `a_year`, `dates` (a list).

    Examples
    --------
    >>> from datetime import date
    >>> closes = {"date": [date(2018, 2, 2), date(2018, 2, 5)], "spx": [2762.13, 2648.94]}
    >>> fall_frequency(pl.DataFrame(closes), [0.04, 0.05]).select("fall", "days").rows()
    [(0.04, 1), (0.05, 0)]
    """
    if closes.height < 2:
        raise AlvhError(f"closes: {closes.height} sessions: at least 2 for one return")
    if not all(0.0 < fall < 1.0 and math.isfinite(fall) for fall in falls):
        raise AlvhError(f"falls = {list(falls)}: decimals between 0 and 1, such as 0.04")
    moves = closes.select("date", move=pl.col("spx").pct_change())
    years = (closes.height - 1) / SESSIONS_PER_YEAR
    found = [(fall, moves.filter(pl.col("move") <= -fall)["date"].to_list()) for fall in falls]
    return pl.DataFrame(
        [(fall, len(days), years, len(days) / years, days) for fall, days in found],
        schema={
            "fall": pl.Float64,
            "days": pl.Int64,
            "years": pl.Float64,
            "a_year": pl.Float64,
            "dates": pl.List(pl.Date),
        },
        orient="row",
    )
