"""Where the money came from and went to, per arm (R6, R75)."""

import polars as pl

from alvh.figures.columns import (
    BUCKETS,
    SESSIONS_PER_YEAR,
    Frame,
    arms,
    at_share,
    check_horizon,
    earnings_by,
    nullable,
)
from alvh.statistics import mean_interval

__all__ = ["TOTAL", "attribution"]

TOTAL = "total"

_SCHEMA = earnings_by("bucket")


def attribution(paths: Frame, capital: float, sessions: int, share: float) -> pl.DataFrame:
    """Return the mean P&L a year per bucket and arm at one margin share.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per *independent* path, arm and share with `nav`, `deposited` and the eight buckets.
    capital : float
        C of every arm, dollars.
    sessions : int
        Horizon of the paths.
    share : float
        Margin share of the ladder.

    Returns
    -------
    DataFrame
        `arm`, `bucket`; `dollars`, `dollars_low`, `dollars_high` a year; `estimate`, `low`, `high`, the same
        of capital. The last bucket of each arm is "total", NAV − C less what came from outside, with
        nothing taken off for bills: it is computed without the others, and they sum to it within
        `identity_error`.
    """
    check_horizon(capital, sessions)
    a_year = SESSIONS_PER_YEAR / sessions
    table = (
        at_share(paths, share, ("nav", "deposited", *BUCKETS))
        .with_columns((pl.col("nav") - capital - pl.col("deposited")).alias(TOTAL))
        .select("arm", pl.col(*BUCKETS, TOTAL) * a_year)
        .collect()
    )
    rows: list[tuple[str | float | None, ...]] = []
    for arm in arms(table):
        sample = table.filter(arm=arm)
        for bucket in (*BUCKETS, TOTAL):
            dollars = nullable(mean_interval(sample[bucket]))
            rows.append(
                (arm, bucket, *dollars, *(None if part is None else part / capital for part in dollars))
            )
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
