"""Changes and z-scores of signals, from what was known at each release and nothing later."""

from bisect import bisect_left, insort
from collections.abc import Callable
from typing import Literal

import numpy as np
import polars as pl

from alvh.errors import SignalError
from alvh.signals.frame import read

__all__ = ["change", "volatility", "zscore"]

Kind = Literal["difference", "ratio", "log"]


def change(
    frame: pl.DataFrame, *, periods: int = 1, kind: Kind = "difference", suffix: str = "_change"
) -> pl.DataFrame:
    """Return how far each value is from that of an earlier period, as both were known at its release.

    Parameters
    ----------
    frame : polars.DataFrame
        As `read` takes it.
    periods : int
        How many periods lie between the two, among those known; 12 for a year of months.
    kind : {"difference", "ratio", "log"}
        ``a - b``, ``a / b - 1`` or ``ln(a / b)``.
    suffix : str
        Of the names that come out.

    Returns
    -------
    polars.DataFrame
        As `read` returns it; null where the earlier period is not known, or where the ratio has no meaning.

    Raises
    ------
    SignalError
        The frame is refused, or an argument.

    Examples
    --------
    >>> from datetime import date
    >>> cpi = pl.DataFrame(
    ...     {
    ...         "signal": ["cpi", "cpi"],
    ...         "date": [date(2024, 1, 1), date(2024, 2, 1)],
    ...         "released_at": [date(2024, 2, 13), date(2024, 3, 12)],
    ...         "value": [300.0, 303.0],
    ...     }
    ... )
    >>> change(cpi).select("signal", "value").rows()
    [('cpi_change', None), ('cpi_change', 3.0)]
    """
    _at_least("periods", periods, 1)
    if kind not in {"difference", "ratio", "log"}:
        raise SignalError(f"kind = {kind!r}: 'difference', 'ratio' or 'log'", column="kind", value=kind)

    def of(known: np.ndarray) -> float:
        if len(known) <= periods:
            return np.nan
        now, then = known[-1], known[-1 - periods]
        if kind == "difference":
            return float(now - then)
        if not (then > 0 and now > 0):
            return np.nan
        return float(now / then - 1 if kind == "ratio" else np.log(now / then))

    return _at_each_release(frame, of, periods + 1, suffix)


def zscore(frame: pl.DataFrame, *, window: int, least: int = 12, suffix: str = "_z") -> pl.DataFrame:
    """Return how many standard deviations each value lies from the mean of the periods known at its release.

    Parameters
    ----------
    frame : polars.DataFrame
        As `read` takes it.
    window : int
        How many of the latest periods count, that of the value among them.
    least : int
        With fewer the score is not known.
    suffix : str
        Of the names that come out.

    Returns
    -------
    polars.DataFrame
        As `read` returns it; null where there are too few periods or they do not differ. The standard
        deviation is that of the sample (n - 1).

    Raises
    ------
    SignalError
        The frame is refused, or an argument.

    Examples
    --------
    >>> from datetime import date
    >>> frame = pl.DataFrame(
    ...     {
    ...         "signal": ["depth"] * 3,
    ...         "date": [date(2024, 1, day) for day in (2, 3, 4)],
    ...         "released_at": [date(2024, 1, day) for day in (2, 3, 4)],
    ...         "value": [1.0, 2.0, 3.0],
    ...     }
    ... )
    >>> zscore(frame, window=3, least=3)["value"].to_list()
    [None, None, 1.0]
    """
    _at_least("least", least, 2)
    _at_least("window", window, least)

    def of(known: np.ndarray) -> float:
        known = known[np.isfinite(known)]
        if len(known) < least:
            return np.nan
        sd = np.std(known, ddof=1)
        return float((known[-1] - known.mean()) / sd) if sd > 0 else np.nan

    return _at_each_release(frame, of, window, suffix)


def volatility(frame: pl.DataFrame, *, window: int, suffix: str | None = None) -> pl.DataFrame:
    """Return the standard deviation of the log changes of each signal over its latest periods (R47).

    Parameters
    ----------
    frame : polars.DataFrame
        As `read` takes it; levels above 0.
    window : int
        How many changes count, that into the value among them.
    suffix : str, optional
        Of the names that come out; ``_vol_`` and the window unless given.

    Returns
    -------
    polars.DataFrame
        As `read` returns it, of a sample (n - 1), for one period and not a year; null where there are fewer
        than `window` changes, or a level among them is missing or not above 0.

    Raises
    ------
    SignalError
        The frame is refused, or an argument.

    Examples
    --------
    >>> from datetime import date
    >>> days = [date(2024, 1, day) for day in (2, 3, 4)]
    >>> frame = pl.DataFrame(
    ...     {"signal": ["dollar_index"] * 3, "date": days, "released_at": days, "value": [99.0, 100.0, 99.0]}
    ... )
    >>> volatility(frame, window=2).select("signal", pl.col("value").round(4)).row(-1)
    ('dollar_index_vol_2', 0.0142)
    """
    _at_least("window", window, 2)

    def of(known: np.ndarray) -> float:
        if len(known) <= window or not (known > 0).all():
            return np.nan
        return float(np.std(np.diff(np.log(known)), ddof=1))

    return _at_each_release(frame, of, window + 1, f"_vol_{window}" if suffix is None else suffix)


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise SignalError(f"{name} = {value}: at least {least}", column=name, value=value)


def _at_each_release(
    frame: pl.DataFrame, of: Callable[[np.ndarray], float], most: int, suffix: str
) -> pl.DataFrame:
    """Apply a function to the last periods up to each released one, as they stood at its release."""
    frame = read(frame)
    found = []
    for _, rows in frame.group_by("signal", maintain_order=True):
        values: dict[int, float] = {}
        periods: list[int] = []
        out = np.full(rows.height, np.nan)
        days = rows["date"].to_physical().to_list()
        for index, (day, value) in enumerate(zip(days, rows["value"], strict=True)):
            if day not in values:
                insort(periods, day)
            values[day] = np.nan if value is None else value
            if value is not None:
                end = bisect_left(periods, day) + 1
                known = periods[max(0, end - most) : end]
                out[index] = of(np.array([values[each] for each in known]))
        found.append(rows.with_columns(value=pl.Series(out).fill_nan(None)))
    table = pl.concat(found) if found else frame
    return read(table.with_columns(pl.col("signal") + suffix))
