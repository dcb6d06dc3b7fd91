"""Breadth of a market from the closes of its members (R76): advances less declines, line, divergence."""

from datetime import time
from typing import Final

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from alvh.errors import SignalError
from alvh.signals.frame import SCHEMA, checked

__all__ = ["DIVERGENCE", "SESSIONS", "breadth"]

NET: Final = "advance_decline"
LINE: Final = "advance_decline_line"
DIVERGENCE: Final = "advance_decline_divergence"

SESSIONS: Final = 20
"""Sessions of the range in which line and index are placed: a month. Ours."""

CLOSE: Final = time(16)
"""New York: when the closes of a day are known."""

LONG: Final = ("date", "ticker", "close")


def breadth(
    closes: pl.DataFrame,
    *,
    index: pl.DataFrame | None = None,
    sessions: int = SESSIONS,
    least: float = 0.9,
) -> pl.DataFrame:
    """Return advances less declines of each day, their running sum, and its divergence from an index.

    A member advances where it closes above its close of the row before, and declines below; with a close
    missing on either day it does neither. Which members an index had on a day is for the closes to say: those
    of today's members alone leave out what has fallen out of it.

    Parameters
    ----------
    closes : polars.DataFrame
        `date`, `ticker` and `close`, a row for each; or `date` and a column of closes for each ticker. Above
        0; null or NaN is missing. Every date once for each ticker.
    index : polars.DataFrame, optional
        `date` and `close` of the index; without it there is no divergence.
    sessions : int
        Rows of the range in which line and index are placed.
    least : float
        A day counts only where so large a share of the members that closed on the day before closed on it as
        well, 0 to 1.

    Returns
    -------
    polars.DataFrame
        As `read` returns it, released at 16:00 New York of their day, a row for each day and signal.
        `advance_decline`: issues, null on the first day and where too few members closed.
        `advance_decline_line`: its sum up to each day, null where that is; days without a value are not in
        it. `advance_decline_divergence`, with an index: where the index stands in its range of so many rows,
        0 to 1, less where the line stands in its own: above 0 the index is held up by few; null where either
        lacks one of them or did not move. What comes later changes no row.

    Raises
    ------
    SignalError
        A column is missing or of another type, a date is missing or twice, a close is not above 0, or an
        argument is out of its range.

    Examples
    --------
    >>> from datetime import date
    >>> days = [date(2024, 7, day) for day in (1, 2, 3)]
    >>> closes = pl.DataFrame({"date": days, "AA": [10.0, 11.0, 12.0], "BB": [5.0, 5.5, 5.0]})
    >>> breadth(closes).select("signal", "value").rows()[3:]
    [('advance_decline_line', None), ('advance_decline_line', 2.0), ('advance_decline_line', 2.0)]
    """
    if isinstance(sessions, bool) or not isinstance(sessions, int) or sessions < 2:
        raise SignalError(f"sessions = {sessions!r}: a whole number of at least 2", column="sessions")
    if not 0.0 <= least <= 1.0:
        raise SignalError(f"least = {least}: a share from 0 to 1", column="least", value=least)
    days, table = _members(closes)
    net = _net(table, least)
    line = np.where(np.isnan(net), np.nan, np.nancumsum(net))
    told = {NET: net, LINE: line}
    if index is not None:
        told[DIVERGENCE] = _place(_index(index, days), sessions) - _place(line, sessions)
    released = days.dt.combine(CLOSE).cast(SCHEMA["released_at"])
    made = [
        pl.DataFrame(
            {
                "signal": pl.repeat(name, len(days), eager=True),
                "date": days,
                "released_at": released,
                "value": pl.Series(values, nan_to_null=True),
            }
        )
        for name, values in told.items()
    ]
    return checked(pl.concat(made), "closes")


def _net(table: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Return advances less declines by row: (days, members) of closes, NaN where one is missing."""
    net = np.full(len(table), np.nan)
    moves = np.diff(table, axis=0)
    counted, listed = (~np.isnan(moves)).sum(axis=1), (~np.isnan(table[:-1])).sum(axis=1)
    enough = (counted > 0) & (counted >= least * listed)
    net[1:] = np.where(enough, np.nansum(np.sign(moves), axis=1), np.nan)
    return net


def _place(values: NDArray[np.float64], sessions: int) -> NDArray[np.float64]:
    """Return where each value stands between the lowest and the highest of its last rows, 0 to 1."""
    place = np.full(len(values), np.nan)
    if len(values) >= sessions:
        windows = sliding_window_view(values, sessions)
        low, high = windows.min(axis=1), windows.max(axis=1)
        moved = high > low
        place[sessions - 1 :] = np.where(
            moved, (windows[:, -1] - low) / np.where(moved, high - low, 1), np.nan
        )
    return place


def _members(closes: pl.DataFrame) -> tuple[pl.Series, NDArray[np.float64]]:
    """Return the days, ascending, and the closes of every member on them."""
    if set(LONG) <= set(closes.columns):
        _dated(closes, "closes")
        _closes(closes, ["close"], "closes")
        if closes.select(pl.struct("date", "ticker").is_duplicated().any()).item():
            row = closes.filter(pl.struct("date", "ticker").is_duplicated()).row(0, named=True)
            raise SignalError(
                f"closes: {row['ticker']} on {row['date']} stands twice. Mend: one row for each",
                column="ticker",
                value=row["ticker"],
            )
        wide = closes.select(LONG).pivot(on="ticker", index="date", values="close").sort("date")
    else:
        _dated(closes, "closes")
        tickers = [column for column in closes.columns if column != "date"]
        if not tickers:
            raise SignalError(
                "closes: no tickers. Mend: columns date, ticker, close, or date and one for each"
            )
        _closes(closes, tickers, "closes")
        _once(closes, "closes")
        wide = closes.sort("date")
    numbers = wide.select(pl.exclude("date").cast(pl.Float64))
    return wide["date"], numbers.fill_null(float("nan")).to_numpy()


def _index(index: pl.DataFrame, days: pl.Series) -> NDArray[np.float64]:
    """Return the closes of the index on those days, NaN where it has none."""
    if "close" not in index.columns:
        raise SignalError("index: no column 'close'. Mend: date and close", column="close")
    _dated(index, "index")
    _closes(index, ["close"], "index")
    _once(index, "index")
    found = days.to_frame().join(index.select("date", "close"), on="date", how="left", maintain_order="left")
    return found["close"].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _dated(frame: pl.DataFrame, source: str) -> None:
    if frame.schema.get("date") != pl.Date:
        raise SignalError(
            f"{source}, column date: dates, not {frame.schema.get('date', 'absent')}", column="date"
        )
    if frame["date"].null_count():
        row = int(frame["date"].is_null().arg_max() or 0)
        raise SignalError(f"{source}, row {row + 1}, column date: missing", row=row + 1, column="date")


def _once(frame: pl.DataFrame, source: str) -> None:
    if (twice := frame["date"].is_duplicated()).any():
        day = frame["date"].filter(twice)[0]
        raise SignalError(
            f"{source}: {day} stands twice. Mend: one row for each day", column="date", value=day
        )


def _closes(frame: pl.DataFrame, columns: list[str], source: str) -> None:
    for column in columns:
        kind = frame.schema[column]
        if not (kind.is_numeric() or kind == pl.Null):
            raise SignalError(f"{source}, column {column}: numbers, not {kind}", column=column)
        bad = frame.select(
            (pl.col(column).cast(pl.Float64) <= 0) | pl.col(column).cast(pl.Float64).is_infinite()
        ).to_series()
        if bad.any():
            row = int(bad.fill_null(value=False).arg_max() or 0)
            value = frame[column][row]
            raise SignalError(
                f"{source}, row {row + 1}, column {column}: {value} is not above 0; a missing close is null",
                row=row + 1,
                column=column,
                value=value,
            )
