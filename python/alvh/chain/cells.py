"""From a column as found to one of the schema: values, and a mask of the cells that say nothing readable."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Final

import polars as pl
from polars.exceptions import PanicException, PolarsError

from alvh import schedule
from alvh.chain.schema import CLOSE, RIGHT, SCHEMA, SETTLEMENT
from alvh.errors import ChainError

MOST: Final = 1e9  # points and contracts: beyond it a cell is damaged
EXPIRATIONS: Final = (date(1973, 4, 26), date(2200, 12, 31))  # from the first day of listed options
RIGHTS: Final = {"c": "C", "call": "C", "calls": "C", "p": "P", "put": "P", "puts": "P"}
WORDS: Final = {
    "right": (RIGHTS, RIGHT),
    "settlement": ({"am": "AM", "pm": "PM"}, SETTLEMENT),
}
NEVER_ZERO: Final = ("vendor_iv", "underlying_price")  # 0 stands for "not computed" and "not known"
SIGNED: Final = ("vendor_delta",)
ROOT_OF_SYMBOL: Final = r"^([A-Z0-9.$^_]{1,6}?) *\d{6}[CP]\d{8}$"  # the 21 characters of the clearing house
ROOT: Final = r"^([A-Z0-9.$^_/-]{1,12})$"
CLOCK: Final = r"^([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?$"
THOUSANDS: Final = r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$"
BOTH_SIZES: Final = r"^(\d+) *x *(\d+)$"  # those of bid and ask in one cell
SIDE: Final = {"bid_size": "${1}", "ask_size": "${2}"}
INTEGERS: Final = ("bid_size", "ask_size", "volume", "open_interest")
EXCHANGE_ZONE: Final = "America/New_York"
CLOSES: Final = (time(16), time(17, 15))  # when quotes of the close are taken, by that clock


@dataclass(frozen=True, slots=True)
class Read:
    """A column of the schema, where a cell of it is bad, and what is allowed there."""

    values: pl.Series
    bad: pl.Series
    allowed: str


def read(column: str, cells: pl.Series, days: Sequence[str]) -> Read:
    """Return a column of the schema from the cells of a source; empty cells are missing, not bad."""
    match column:
        case "quote_date" | "expiration":
            span = schedule.span() if column == "quote_date" else EXPIRATIONS
            return _dates(cells, days, *span)
        case "quote_time":
            return _times(cells)
        case "root":
            return _roots(cells)
        case "right" | "settlement":
            return _words(cells, *WORDS[column])
        case _:
            return _numbers(column, cells)


def text_of(cells: pl.Series) -> pl.Series:
    """Return cells as text; those of types that have none as the name of the type."""
    try:
        return cells.cast(pl.String)
    except PolarsError:
        return pl.Series([str(cells.dtype)]).new_from_index(0, len(cells))


def _text(cells: pl.Series) -> pl.Series:
    return text_of(cells).str.strip_chars()


def has_times_of_day(cells: pl.Series) -> bool:
    """Tell whether these are instants, not days."""
    return isinstance(cells.dtype, pl.Datetime) and bool((cells.dt.time() != time(0)).any())


def of_the_exchange(cells: pl.Series) -> pl.Series:
    """Return instants of a time zone by the clock of New York; all else as it is."""
    return cells.dt.convert_time_zone(EXCHANGE_ZONE) if _zoned(cells) else cells


def days_or_closes(cells: pl.Series) -> bool:
    """Tell whether midnights of a time zone are the close in New York: nobody can say which is meant."""
    if not _zoned(cells) or has_times_of_day(cells):
        return False
    return bool(of_the_exchange(cells).dt.time().is_between(*CLOSES).any())


def _zoned(cells: pl.Series) -> bool:
    return isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone is not None


def _given(text: pl.Series) -> pl.Series:
    return (text.is_not_null()) & (text.fill_null("") != "")


def _numbers(column: str, cells: pl.Series) -> Read:
    if cells.dtype.is_numeric():
        values, given = cells.cast(pl.Float64), cells.is_not_null()
    else:
        text = _text(cells)
        text = text.str.replace(BOTH_SIZES, SIDE[column]) if column in SIDE else text
        values, given = text.cast(pl.Float64, strict=False), _given(text)
        if (given & values.is_null()).any():
            grouped = text.str.contains(THOUSANDS).fill_null(value=False)
            plain = text.str.replace_all(",", "", literal=True).cast(pl.Float64, strict=False)
            values = values.zip_with(~grouped, plain)
    given &= ~values.is_nan().fill_null(value=False)
    values = values.fill_nan(None)
    bad = values.is_null() | ~(values.abs() <= MOST)
    allowed = "a number such as 1234.5"
    if column in NEVER_ZERO:
        values = values.set(values <= 0.0, None)
    elif column == "strike":
        bad |= values <= 0.0
        given = pl.Series([True]).new_from_index(0, len(cells))
        allowed += ", above 0"
    elif column not in SIGNED:
        bad |= values < 0.0
        allowed += ", 0 or more"
    if column in INTEGERS:
        bad |= values != values.round()
        allowed = "a whole number, 0 or more"
    bad = given & bad.fill_null(value=True)
    values = values.set(bad, None) if bad.any() else values
    return Read(values.cast(SCHEMA[column]), bad, allowed)


def _dates(cells: pl.Series, days: Sequence[str], first: date, last: date) -> Read:
    allowed = f"a day, {first} to {last}"
    if cells.dtype == pl.Date:
        values = cells
    elif isinstance(cells.dtype, pl.Datetime):
        # Whole days, midnights, are as written.
        values = (of_the_exchange(cells) if has_times_of_day(cells) else cells).dt.date()
    else:
        text = _text(cells)
        values = _parsed(text, days[0])
        for form in days[1:]:
            if values.has_nulls():
                values = values.zip_with(values.is_not_null(), _parsed(text, form))
        allowed += f", as {' or '.join(days)}"
    bad = ~values.is_between(first, last).fill_null(value=False)
    return Read(values.set(bad, None) if bad.any() else values, bad, allowed)


def _parsed(text: pl.Series, form: str) -> pl.Series:
    try:
        return text.str.to_date(form, strict=False)
    except (PolarsError, PanicException) as error:
        raise ChainError(
            f"date_format = {form!r} is none: {error}. Allowed: codes of strftime, such as '%d.%m.%Y'",
            column="date_format",
            value=form,
        ) from None


def _times(cells: pl.Series) -> Read:
    cells = of_the_exchange(cells)
    text = cells.dt.to_string("%H:%M") if isinstance(cells.dtype, pl.Datetime | pl.Time) else _text(cells)
    given = _given(text)
    frame = pl.DataFrame({"text": text.str.to_lowercase()})
    hours = pl.col("text").cast(pl.Float64, strict=False)  # 9.75: a quarter to ten
    minutes = (hours * 60.0).round().cast(pl.Int64, strict=False)
    of_hours = pl.format(
        "{}:{}", (minutes // 60).cast(pl.String).str.zfill(2), (minutes % 60).cast(pl.String).str.zfill(2)
    )
    of_clock = pl.format(
        "{}:{}", pl.col("text").str.extract(CLOCK, 1).str.zfill(2), pl.col("text").str.extract(CLOCK, 2)
    )
    moment = (
        pl.when(pl.col("text") == CLOSE)
        .then(pl.lit(CLOSE))
        .when(pl.col("text").str.contains(CLOCK))
        .then(of_clock)
        .when(hours.is_between(0.0, 23.99))
        .then(of_hours)
    )
    values = frame.select(moment).to_series()
    return Read(values, given & values.is_null(), 'HH:MM, hours such as 15.75, or "close"')


def _roots(cells: pl.Series) -> Read:
    text = _text(cells).str.to_uppercase()
    values = text.str.extract(ROOT_OF_SYMBOL)
    values = values.zip_with(values.is_not_null(), text.str.extract(ROOT))
    return Read(
        values, _given(text) & values.is_null(), "a root such as SPXW or a symbol such as SPXW220110C01200000"
    )


def _words(cells: pl.Series, words: dict[str, str], dtype: pl.DataType) -> Read:
    text = _text(cells).str.to_lowercase()
    values = text.replace_strict(words, default=None, return_dtype=dtype)
    required = dtype == RIGHT
    given = pl.Series([True]).new_from_index(0, len(cells)) if required else _given(text)
    return Read(values, given & values.is_null(), " or ".join(dict.fromkeys(words.values())))
