"""Margin calls, what they led to, and how liquid the ledgers were (R12, R17, R63, R64)."""

import math

import polars as pl

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
    require,
)
from alvh.statistics import (
    Estimate,
    mean_interval,
    paired_mean,
    proportion,
    quantile_interval,
    ratio_interval,
)

__all__ = ["MARGIN_CALLS", "forced_cost", "margin_calls"]

MARGIN_CALLS = {
    "calls": ("count", "margin calls that opened, a path"),
    "repeat_calls": ("count", "of these, of a ledger that had had one before, a path"),
    "cascades": ("count", "of these, soon after one of the other ledger, a path (R63)"),
    "cured": ("share", "of calls, gone without a forced closing and without cash from outside"),
    "deposited": ("share", "brought in from outside to meet calls, mean, of capital"),
    "forced": ("count", "forced closings, of a tranche or of part of it, a path"),
    "closed_forced": ("count", "core tranches closed by force or after ruin, a path"),
    "regret_forced": ("a year", "held minus closed by force or after ruin, of capital (R17)"),
    "unresolved_forced": ("share", "of these core tranches, not followed to expiry: left out of the regret"),
    "liquidity_low": ("multiple", "lowest liquidity ratio of a path at a close, median (R64)"),
    "liquidity_low_05": ("multiple", "the same, 5% quantile"),
    "sessions_warned": ("share", "of sessions, with a ledger below the ratio of its warning"),
    "sessions_blocked": ("share", "of sessions, with a ledger below the ratio that blocks openings"),
    "warned": ("count", "openings below the ratio of the warning, blocked ones included, a path"),
    "blocked": ("count", "openings not made for lack of liquidity, a path"),
}
"""Figure to its unit and meaning."""

_RATIOS = {"cured": "calls", "unresolved_forced": "closed_forced"}
_LOWEST = {"liquidity_low": 0.5, "liquidity_low_05": 0.05}
_READ = tuple(figure for figure in MARGIN_CALLS if figure != "liquidity_low_05")
_FORCED_COST = {
    "arm": pl.String,
    "held": pl.String,
    "figure": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
    "n": pl.Int64,
}


def margin_calls(paths: Frame, capital: float, sessions: int, share: float) -> pl.DataFrame:
    """Return every figure of `MARGIN_CALLS` per arm at one margin share.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per *independent* path, arm and share, with what the engine records of calls (docs/engine.md).
    capital : float
        C of every arm, dollars.
    sessions : int
        Horizon of the paths; what is "a year" is scaled by 252 / `sessions`, without compounding.
    share : float
        Margin share of the ladder.

    Returns
    -------
    DataFrame
        `arm`, `figure`, `estimate`, `low`, `high` (95%), `unit`. What does not exist is null: shares of
        nothing, and the liquidity of an arm that does not ask for it or never needed any.
    """
    check_horizon(capital, sessions)
    scale = {
        "regret_forced": SESSIONS_PER_YEAR / sessions / capital,
        "deposited": 1 / capital,
        "sessions_warned": 1 / sessions,
        "sessions_blocked": 1 / sessions,
    }
    table = at_share(require(paths, _READ), share, _READ).select("arm", *_READ).collect()
    rows: list[tuple[str | float | None, ...]] = []
    for arm in arms(table):
        sample = table.filter(arm=arm)
        ruled = bool(sample["liquidity_low"].is_not_nan().any())
        for figure, (unit, _) in MARGIN_CALLS.items():
            if figure in _LOWEST:
                estimate = _quantile(sample["liquidity_low"], _LOWEST[figure])
            elif figure in _RATIOS:
                estimate = _share(sample, figure, _RATIOS[figure])
            elif not ruled and figure in {"sessions_warned", "sessions_blocked", "warned", "blocked"}:
                estimate = _NONE
            else:
                estimate = mean_interval(sample[figure].to_numpy() * scale.get(figure, 1.0))
            rows.append((arm, figure, *nullable(estimate), unit))
    return pl.DataFrame(rows, schema=ESTIMATES, orient="row")


_NONE = Estimate(math.nan, math.nan, math.nan)


def _quantile(values: pl.Series, q: float) -> Estimate:
    known = values.drop_nans()
    return quantile_interval(known.to_numpy(), q) if len(known) else _NONE


def _share(sample: pl.DataFrame, part: str, whole: str) -> Estimate:
    if not sample[whole].sum():
        return _NONE
    return ratio_interval(sample[part].to_numpy(), sample[whole].to_numpy())


def forced_cost(
    paths: Frame, capital: float, sessions: int, share: float, pairs: dict[str, str]
) -> pl.DataFrame:
    """Return what closing by force cost against the same arm on the same path without it (R17).

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per *independent* path, arm and share.
    capital : float
        C of every arm, dollars.
    sessions : int
        Horizon of the paths.
    share : float
        Margin share of the ladder.
    pairs : mapping of str to str
        Arm to the arm that differs from it only in that its calls are never acted on.

    Returns
    -------
    DataFrame
        `arm`, `held`, `figure`, `estimate`, `low`, `high` (95%), `unit`, `n` (paths). "cost", a year: P&L
        above bills of the held arm less that of the arm, of capital, mean over all paths; above 0 holding
        was better. "cost_when_forced", of capital: the same over the horizon, on the paths with a forced
        closing. "held_better": on how many of these holding ended with more.
    """
    check_horizon(capital, sessions)
    earned = excess(capital, sessions) / capital
    rows = at_share(paths, share, (*EARNED, "forced"))
    table = rows.select("path", "start", "arm", "forced", earned=earned).collect()
    told: list[tuple[object, ...]] = []
    for arm, held in pairs.items():
        ours = table.filter(arm=arm)
        both = ours.join(table.filter(arm=held), on=["path", "start"], suffix="_held", validate="1:1")
        cost = nullable(paired_mean(both["earned_held"], both["earned"]))
        told.append((arm, held, "cost", *cost, "a year", both.height))
        forced = both.filter(pl.col("forced") > 0)
        gain = (forced["earned_held"] - forced["earned"]).to_numpy() * (sessions / SESSIONS_PER_YEAR)
        mean = mean_interval(gain) if forced.height else _NONE
        told.append((arm, held, "cost_when_forced", *nullable(mean), "share", forced.height))
        better = proportion(int((gain > 0).sum()), forced.height) if forced.height else _NONE
        told.append((arm, held, "held_better", *nullable(better), "probability", forced.height))
    return pl.DataFrame(told, schema=_FORCED_COST, orient="row")
