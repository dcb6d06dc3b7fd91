"""The one clock: time to expiry in sessions of a 252-session year, by settlement and hour.

At the close n sessions are left to a settlement at the close, n - .55 to one at the opening: .55 of a day's
variance falls into trading hours, .45 into the night before them. Inside both parts time runs evenly.
"""

from functools import cache
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh import schedule

SESSIONS_A_YEAR: Final = 252.0
TRADING_SHARE: Final = 0.55  # of a session's variance, from its opening to its close
OPENING: Final = 9.5  # hours, New York
CLOSING: Final = 16.0
HALF_DAY_CLOSING: Final = 13.0
NIGHT: Final = 24.0 - CLOSING + OPENING


@cache
def _sessions() -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """Return the sessions as days since 1970, the hour at which each closes, and the calendar's last day."""
    first, last = schedule.span()
    days, short = schedule.sessions(first, last), set(schedule.half_days(first, last))
    closing = [HALF_DAY_CLOSING if day in short else CLOSING for day in days]
    return _days(pl.Series(days)), np.array(closing), int(_days(pl.Series([last]))[0])


def _days(dates: pl.Series) -> NDArray[np.int64]:
    return dates.cast(pl.Int32).cast(pl.Int64).fill_null(-1).to_numpy()


def clocked(expiries: pl.DataFrame) -> pl.DataFrame:
    """Return expiries with `years` on the one clock and calendar `days`.

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
    sessions, closing, last = _sessions()
    quoted, expires = _days(expiries["quote_date"]), _days(expiries["expiration"])
    now = np.searchsorted(sessions, quoted, side="right") - 1
    end = np.searchsorted(sessions, expires, side="right") - 1
    known = (now >= 0) & (end >= 0) & (quoted <= last) & (expires <= last)
    today = _today(expiries["quote_time"], closing[now]) * (sessions[now] == quoted)
    morning = np.where(expiries["settlement"].to_numpy() == "AM", TRADING_SHARE, 0.0)
    years = np.maximum(end - now + today - morning, 0.0) / SESSIONS_A_YEAR
    days = np.maximum(sessions[end] - quoted, 0)
    settled = known & expiries["settlement"].is_not_null().to_numpy()
    return expiries.with_columns(
        pl.Series("years", np.where(settled, years, np.nan)).fill_nan(None),
        pl.Series("days", np.where(known, days, np.nan)).fill_nan(None).cast(pl.Int32),
    )


def _today(times: pl.Series, closing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what is left of the session of the quote, as a share of a session; nothing at the close."""
    parts = times.str.extract_groups(r"^(\d\d):(\d\d)$").struct.unnest().cast(pl.Float64)
    hours = parts["1"].to_numpy() + parts["2"].to_numpy() / 60.0
    in_session = np.clip((closing - hours) / (closing - OPENING), 0.0, 1.0) * TRADING_SHARE
    in_the_night = np.maximum((OPENING - hours) / NIGHT, 0.0) * (1.0 - TRADING_SHARE)
    return np.nan_to_num(in_session + in_the_night)
