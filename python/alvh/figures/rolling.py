"""What history says: counts and dates of rolling starts, and no interval, because they overlap."""

from typing import NamedTuple

import polars as pl

from alvh.figures.columns import EARNED, Frame, at_share, check_horizon, excess
from alvh.figures.distress import EVENTS, WITHIN, distress

__all__ = ["OVERLAP", "HistorySummary", "history_summary"]

OVERLAP = (
    "Rolling starts overlap and are not independent: these are counts and dates of one history, "
    "not probabilities, and they have no intervals."
)

_ARM = ["arm", "share"]


class HistorySummary(NamedTuple):
    """Counts per arm, the episodes behind them, and the warning that belongs to both."""

    counts: pl.DataFrame
    episodes: pl.DataFrame
    note: str


def history_summary(
    paths: Frame, capital: float, sessions: int, share: float, *, within: int = WITHIN
) -> HistorySummary:
    """Count the rolling starts of a history that ended in distress, and date them.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per start, arm and share; `start` is the date of session 0.
    capital : float
        C of every arm, dollars.
    sessions : int
        Horizon of each start.
    share : float
        Margin share of the ladder.
    within : int
        Sessions within which distress counts.

    Returns
    -------
    HistorySummary
        `counts`, a row per arm: `starts`, `first_start`, `last_start`; the number of starts with each event
        (`refused` … `distress`); `opened`, the mean number of tranches; `return_min`, `return_median`,
        `return_max` in excess of bills, of capital, a year; `drawdown_min`, `drawdown_median`,
        `drawdown_max`; `worst_start`, that of the lowest return. `episodes`, a row per arm, event and run of
        consecutive starts that have it: `first_start`, `last_start`, `starts`. `note`, to be printed beside
        them.
    """
    check_horizon(capital, sessions)
    table = (
        distress(at_share(paths, share, (*EARNED, "max_drawdown", "opened")), within)
        .with_columns(earned=excess(capital, sessions) / capital)
        .collect()
    )
    return HistorySummary(_counts(table), _episodes(table), OVERLAP)


def _counts(table: pl.DataFrame) -> pl.DataFrame:
    earned, fell = pl.col("earned"), pl.col("max_drawdown")
    return table.group_by(_ARM, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("starts"),
        pl.col("start").min().alias("first_start"),
        pl.col("start").max().alias("last_start"),
        *(pl.col(f"any_{event}").sum().cast(pl.Int64).alias(event) for event in EVENTS),
        pl.col("opened").mean(),
        earned.min().alias("return_min"),
        earned.median().alias("return_median"),
        earned.max().alias("return_max"),
        fell.min().alias("drawdown_min"),
        fell.median().alias("drawdown_median"),
        fell.max().alias("drawdown_max"),
        pl.col("start").sort_by(earned).first().alias("worst_start"),
    )


def _episodes(table: pl.DataFrame) -> pl.DataFrame:
    """Group consecutive starts: a run of equal truth along the starts of an arm is one episode or none."""
    order = {arm: index for index, arm in enumerate(table["arm"].unique(maintain_order=True))}
    return (
        table.sort("start")
        .unpivot(
            [f"any_{event}" for event in EVENTS],
            index=[*_ARM, "start"],
            variable_name="event",
            value_name="hit",
        )
        .with_columns(pl.col("event").str.strip_prefix("any_"))
        .with_columns(run=pl.col("hit").rle_id().over(*_ARM, "event"))
        .filter("hit")
        .group_by(*_ARM, "event", "run")
        .agg(
            pl.col("start").min().alias("first_start"),
            pl.col("start").max().alias("last_start"),
            pl.len().cast(pl.Int64).alias("starts"),
        )
        .sort(
            pl.col("arm").replace_strict(order, return_dtype=pl.Int64),
            pl.col("event").cast(pl.Enum(EVENTS)),
            "first_start",
        )
        .drop("run")
    )
