"""From columns as found to a typed frame: every refusal names the place, the value and the mend."""

from collections.abc import Mapping
from datetime import time
from typing import Final

import polars as pl
from polars.exceptions import PolarsError

from alvh.errors import HistoryError
from alvh.history.columns import COLUMNS, DATE, Column
from alvh.history.source import Source
from alvh.schedule import exchange

# A calendar day, alone or with the midnight that some writers append.
DAY_PATTERN: Final = r"^(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?)?$"
LARGEST_MOVE: Final = 0.30  # of the index in a day; the largest since 1950 is -20.5%
ROUNDING: Final = 0.01  # index points by which a close may lie outside its day's range


def typed_frame(source: Source, found: Mapping[str, str], constants: Mapping[str, float]) -> pl.DataFrame:
    """Return the frame of `date` and Float64 columns in canonical order; a missing number is null.

    Raises
    ------
    HistoryError
        A value that is no date or number, a date twice or out of order, a number outside its range.
    """
    days = read_days(source, found[DATE])
    if len(days) == 0:
        raise HistoryError(f"{source.name} has no rows below its header", source=source.name)
    check_order(source, found[DATE], days)
    series = [days]
    for name, column in COLUMNS.items():
        if name in found:
            series.append(read_numbers(source, found[name], column))
        elif name in constants:
            _check_constant(constants[name], column)
            series.append(pl.Series(name, [constants[name]], dtype=pl.Float64).new_from_index(0, len(days)))
    frame = pl.DataFrame(series)
    _check_ranges_ofread_days(source, found, frame)
    return frame


def check_moves(source: Source, column: str, frame: pl.DataFrame, kept: pl.Series) -> None:
    """Refuse a daily index move that is more likely a wrong value; `kept` masks the rows in use."""
    spx = pl.when(kept).then(pl.col("spx"))
    jumped = frame.select((spx / spx.forward_fill().shift(1) - 1.0).abs() > LARGEST_MOVE).to_series()
    source.refuse_where(
        jumped,
        column,
        f"is more than {LARGEST_MOVE:.0%} away from the row before",
        allowed=f"daily moves up to {LARGEST_MOVE:.0%}",
        mend="correct the value, or pass allow_jumps=True if it is real",
    )


def _text(source: Source, column: str) -> pl.Series:
    try:
        return source.columns[column].cast(pl.String).str.strip_chars()
    except PolarsError:
        kind = source.columns[column].dtype
        raise HistoryError(
            f"{source.name}, column {column!r} holds {kind}. Allowed: dates, numbers or text",
            source=source.name,
            column=column,
        ) from None


def read_days(source: Source, column: str) -> pl.Series:
    """Return a column as days inside the exchange calendar; every value must be one."""
    found = source.columns[column]
    if isinstance(found.dtype, pl.Datetime):
        days = found.dt.date()
        bad = days.is_null() | (found.dt.time() != time.min)
    elif found.dtype == pl.Date:
        days, bad = found, found.is_null()
    else:
        text = _text(source, column)
        days = text.str.extract(DAY_PATTERN).str.to_date("%Y-%m-%d", strict=False)
        bad = days.is_null()
    source.refuse_where(
        bad,
        column,
        "is no date",
        allowed="days as YYYY-MM-DD, or Date columns",
        mend="write the exchange's (New York) day, without a time of day",
    )
    first, last = exchange.span()
    source.refuse_where(
        (days < first) | (days > last),
        column,
        "lies outside the exchange calendar",
        allowed=f"{first} to {last}",
        mend="remove these rows",
    )
    return days.alias(DATE)


def check_order(source: Source, column: str, days: pl.Series) -> None:
    """Refuse days that come twice or out of order."""
    source.refuse_where(
        ~days.is_first_distinct(), column, "stands twice", allowed="one row a day", mend="keep one of them"
    )
    source.refuse_where(
        days < days.shift(1),
        column,
        "comes before the row above it",
        allowed="ascending dates",
        mend="sort the rows by date",
    )


def read_numbers(source: Source, column: str, rule: Column) -> pl.Series:
    """Return a column as Float64 inside its range; an empty cell or NaN is null."""
    found = source.columns[column]
    if found.dtype.is_numeric():
        values = found.cast(pl.Float64, strict=False)
        given = found.is_not_null()
    else:
        text = _text(source, column)
        values = text.cast(pl.Float64, strict=False)
        given = text.is_not_null() & (text != "")
    source.refuse_where(
        given & values.is_null(),
        column,
        "is no number",
        allowed=rule.allowed,
        mend="write 1234.5, without separators of thousands; leave a missing cell empty",
    )
    values = values.fill_nan(None)
    outside = (values < rule.least) | (values > rule.most)
    source.refuse_where(outside, column, "is out of range", allowed=rule.allowed, mend=rule.mend)
    return values.alias(rule.name)


def _check_constant(value: float, rule: Column) -> None:
    if not (isinstance(value, int | float) and rule.least <= value <= rule.most):
        raise HistoryError(
            f"{rule.name}={value!r} is out of range. Allowed: {rule.allowed}. Mend: {rule.mend}",
            column=rule.name,
            value=value,
        )


def _check_ranges_ofread_days(source: Source, found: Mapping[str, str], frame: pl.DataFrame) -> None:
    """Refuse a day whose low or high does not enclose its open and close."""
    for name in ("open", "spx"):
        for bound, sign in (("low", 1.0), ("high", -1.0)):
            if {name, bound} <= set(frame.columns):
                source.refuse_where(
                    (frame[bound] - frame[name]) * sign > ROUNDING,
                    found[bound],
                    f"does not enclose the day's {found[name]!r}",
                    allowed="low <= open, close <= high",
                    mend="correct the row, or leave the open, high and low columns out",
                )
