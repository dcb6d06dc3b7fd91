"""RSI and MACD on the hour, from bars inside sessions (R55): signals with the moment of their release."""

from datetime import time, timedelta
from typing import Final

import numpy as np
import polars as pl

from alvh import _core
from alvh.errors import SignalError, nearest_names
from alvh.signals.frame import MARKET_ZONE, SCHEMA, checked

__all__ = ["HOURLY", "hourly"]

HOURLY: Final = {"rsi_14_hourly": "rsi_14", "macd_hourly": "macd", "macd_signal_hourly": "macd_signal"}
"""Signals that `hourly` makes, and the indicator of the engine that each is, over hours."""

OPEN, CLOSE = time(9, 30), time(16)
"""Of a session, New York."""
HOURS: Final = 7
"""Bars of a session: six full hours and the last half."""


def hourly(bars: pl.DataFrame, *, close: str = "close") -> pl.DataFrame:
    """Return RSI 14 and MACD 12/26/9 over the closes of hours, each released when its hour was over.

    Hours are those of the exchange: they end at 10:30, 11:30 … 15:30 and at the close, 16:00 New York, so
    that the last one is half an hour; the close of an hour is that of its last bar. Finer bars may be given.
    A rule on daily closes then sees the last hour of each day (`align`), `zscore` and `change` every one.

    Parameters
    ----------
    bars : polars.DataFrame
        `time`, a datetime, the end of each bar: New York, or with its zone; and the column `close`, above 0.
        Bars outside 9:30 to 16:00 are not read.
    close : str
        Name of that column.

    Returns
    -------
    polars.DataFrame
        As `read` returns it: `rsi_14_hourly`, `macd_hourly` and `macd_signal_hourly`, a row for each hour
        with a bar, null until there are enough. What comes later changes no row that was released before.

    Raises
    ------
    SignalError
        A column is missing or of another type, a time is missing, twice, or out of order, a close is not a
        positive number, or no bar lies inside a session.

    Examples
    --------
    >>> from datetime import datetime
    >>> ends = [datetime(2024, 7, day, 10 + hour, 30) for day in (1, 2, 3) for hour in range(6)]
    >>> bars = pl.DataFrame({"time": ends, "close": [5500.0 + n for n in range(18)]})
    >>> hourly(bars).filter(signal="rsi_14_hourly").drop_nulls().row(0)
    ('rsi_14_hourly', datetime.date(2024, 7, 3), datetime.datetime(2024, 7, 3, 12, 30), 100.0)
    """
    read = _read(bars, close)
    minutes = pl.col("time").dt.hour().cast(pl.Int32) * 60 + pl.col("time").dt.minute()
    seconds = pl.col("time").dt.second() + pl.col("time").dt.microsecond() / 1e6
    since_open = minutes - (OPEN.hour * 60 + OPEN.minute) + seconds / 60
    session = (CLOSE.hour - OPEN.hour) * 60 + CLOSE.minute - OPEN.minute
    inside = read.with_columns(since_open=since_open).filter(
        pl.col("since_open") > 0, pl.col("since_open") <= session
    )
    if inside.is_empty():
        raise SignalError(
            "bars: none ends between 9:30 and 16:00 New York. Mend: a time is the end of its bar"
        )
    hours = (
        inside.with_columns(
            date=pl.col("time").dt.date(), hour=(pl.col("since_open") / 60).ceil().cast(pl.Int64)
        )
        .group_by("date", "hour", maintain_order=True)
        .agg(pl.col("close").last())
    )
    ended = [
        min(
            timedelta(hours=OPEN.hour, minutes=OPEN.minute) + timedelta(hours=hour),
            timedelta(hours=CLOSE.hour),
        )
        for hour in range(HOURS + 1)
    ]
    released = pl.col("date").cast(pl.Datetime("us")) + pl.col("hour").replace_strict(
        dict(enumerate(ended)), return_dtype=pl.Duration("us")
    )
    closes = hours["close"].to_numpy()
    never = np.zeros(len(closes), dtype=bool)
    made = [
        hours.select(
            pl.lit(name).alias("signal"),
            "date",
            released.alias("released_at"),
            pl.Series("value", _core.indicator(of, closes, closes, never)).fill_nan(None),
        )
        for name, of in HOURLY.items()
    ]
    return checked(pl.concat(made), "bars")


def _read(bars: pl.DataFrame, close: str) -> pl.DataFrame:
    """Return times of New York and closes, or say what is wrong with them."""
    for column in ("time", close):
        if column not in bars.columns:
            raise SignalError(
                f"bars: no column {column!r}; {nearest_names(column, bars.columns)}", column=column
            )
    kind = bars.schema["time"]
    if not isinstance(kind, pl.Datetime):
        raise SignalError(f"bars, column time: datetimes, the end of each bar, not {kind}", column="time")
    ends = pl.col("time")
    if kind.time_zone is not None:
        ends = ends.dt.convert_time_zone(MARKET_ZONE).dt.replace_time_zone(None)
    if not bars.schema[close].is_numeric():
        raise SignalError(f"bars, column {close}: numbers, not {bars.schema[close]}", column=close)
    read = bars.select(
        ends.cast(SCHEMA["released_at"]).alias("time"), pl.col(close).cast(pl.Float64).alias("close")
    )
    ordered = (pl.col("time") > pl.col("time").shift()).fill_null(value=True) & pl.col("time").is_not_null()
    usable = (pl.col("close").is_finite() & (pl.col("close") > 0)).fill_null(value=False)
    for column, sound, wanted in (
        ("time", ordered, "a datetime after the one before"),
        (close, usable, "a number above 0"),
    ):
        bad = read.select(~sound)[:, 0]
        if bad.any():
            row = int(bad.arg_max() or 0)
            value = bars[column][row]
            raise SignalError(
                f"bars, row {row + 1}, column {column}: {value} is not {wanted}",
                row=row + 1,
                column=column,
                value=value,
            )
    return read
