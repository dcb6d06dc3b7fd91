"""The one clock: time to expiry in sessions of a 252-session year, by settlement and hour.

At the close n sessions are left to a settlement at the close, n - .55 to one at the opening: .55 of a day's
variance falls into trading hours, .45 into the night before them. Inside both parts time runs evenly.
"""

from functools import cache
from typing import Final

import polars as pl

from alvh import schedule
from alvh.chain.schema import CLOSE

SESSIONS_A_YEAR: Final = 252.0
TRADING_SHARE: Final = 0.55  # of a session's variance, from its opening to its close
OPENING: Final = 9.5  # hours, New York
CLOSING: Final = 16.0
HALF_DAY_CLOSING: Final = 13.0
NIGHT: Final = 24.0 - CLOSING + OPENING


@cache
def _sessions() -> pl.DataFrame:
    first, last = schedule.span()
    days, short = schedule.sessions(first, last), schedule.half_days(first, last)
    return pl.DataFrame({"session": days}).with_columns(
        ordinal=pl.int_range(pl.len(), dtype=pl.Int64),
        closing=pl.when(pl.col("session").is_in(short)).then(HALF_DAY_CLOSING).otherwise(CLOSING),
    )


def clocked(expiries: pl.DataFrame) -> pl.DataFrame:
    """Return expiries with `years` on the one clock and calendar `days`, in the same order.

    Parameters
    ----------
    expiries : DataFrame
        With `quote_date`, `quote_time`, `expiration` and `settlement`. An expiration on a day without a
        session is that of the session before.

    Returns
    -------
    DataFrame
        With Float64 `years`, 0 once expired, and Int32 `days`; both missing where the settlement is, or
        where a date lies outside the exchange calendar.
    """
    rows = expiries.with_row_index("_row")
    for moment, start in (("quote_date", "_quote_"), ("expiration", "_expiry_")):
        rows = rows.sort(moment, maintain_order=True).join_asof(
            _sessions()
            .rename({name: f"{start}{name}" for name in ("ordinal", "closing")})
            .with_columns(pl.col("session").alias(f"{start}session")),
            left_on=moment,
            right_on="session",
        )
        rows = rows.drop("session", strict=False)
    known = pl.col("expiration") <= schedule.span()[1]
    left = pl.col("_expiry_ordinal") - pl.col("_quote_ordinal") + _today()
    left -= pl.when(pl.col("settlement") == "AM").then(TRADING_SHARE).otherwise(0.0)
    rows = rows.with_columns(
        years=pl.when(known & pl.col("settlement").is_not_null()).then(
            pl.max_horizontal(left, 0.0) / SESSIONS_A_YEAR
        ),
        days=pl.when(known).then(
            (pl.col("_expiry_session") - pl.col("quote_date")).dt.total_days().cast(pl.Int32).clip(0)
        ),
    )
    return rows.sort("_row").select(*expiries.columns, "years", "days")


def _today() -> pl.Expr:
    """Return what is left of the session of the quote, as a share of a session."""
    hour = pl.when(pl.col("quote_time") != CLOSE).then(pl.col("quote_time"))
    hours = hour.str.slice(0, 2).cast(pl.Float64) + hour.str.slice(3, 2).cast(pl.Float64) / 60.0
    closing = pl.col("_quote_closing")
    open_left = ((closing - hours) / (closing - OPENING)).clip(0.0, 1.0) * TRADING_SHARE
    night_left = ((OPENING - hours) / NIGHT).clip(0.0) * (1.0 - TRADING_SHARE)
    in_session = pl.col("quote_date") == pl.col("_quote_session")
    return pl.when(in_session & hours.is_not_null()).then(open_left + night_left).otherwise(0.0)
