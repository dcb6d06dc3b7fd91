"""Frames of signals: read, checked, and in one schema."""

import re
from pathlib import Path
from typing import Any

import polars as pl

from alvh.errors import SignalError, nearest_names

__all__ = ["MARKET_ZONE", "SCHEMA", "checked", "read"]

MARKET_ZONE = "America/New_York"

SCHEMA = {"signal": pl.String(), "date": pl.Date(), "released_at": pl.Datetime("us"), "value": pl.Float64()}
"""`released_at` is New York time."""

NAME = re.compile(r"[a-z][a-z0-9_]*")


def read(source: pl.DataFrame | pl.LazyFrame | str | Path) -> pl.DataFrame:
    """Return a frame of signals, checked and in order of release.

    Parameters
    ----------
    source : polars.DataFrame, polars.LazyFrame, str or Path
        Or the path of a CSV or Parquet file, with the columns `signal` (lower-case name), `date` (the
        period that the value describes, by its first day), `released_at` (a date: known at that day's
        close; or a time of New York, or one with its zone) and `value` (null: released, but not usable).
        Other columns are not read.

    Returns
    -------
    polars.DataFrame
        `signal`, `date`, `released_at` (datetime, New York), `value`; sorted by signal, release and period. A
        revision is another row with the same `date` and a later `released_at`.

    Raises
    ------
    SignalError
        A column is missing or of another type; a name is not lower case; a date, a release or a finite
        value is missing; a release is given twice. The message names the row.

    Examples
    --------
    >>> from datetime import date
    >>> frame = read(
    ...     pl.DataFrame(
    ...         {
    ...             "signal": ["cpi"],
    ...             "date": [date(2024, 1, 1)],
    ...             "released_at": [date(2024, 2, 13)],
    ...             "value": [308.4],
    ...         }
    ...     )
    ... )
    >>> frame["released_at"][0]
    datetime.datetime(2024, 2, 13, 0, 0)
    """
    if isinstance(source, pl.DataFrame | pl.LazyFrame):
        return checked(source.lazy().collect(), "frame")
    path = Path(source)
    kind = path.suffix.lower()
    if kind not in {".csv", ".parquet"}:
        raise SignalError(f"{path}: a .csv or .parquet file, or a frame", source=str(path))
    try:
        table = pl.read_csv(path) if kind == ".csv" else pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SignalError(f"{path}: cannot be read: {error}", source=str(path)) from error
    return checked(table, str(path))


def checked(table: pl.DataFrame, source: str) -> pl.DataFrame:
    """Return the frame in the schema, or say what is wrong with it."""
    for column in SCHEMA:
        if column not in table.columns:
            mend = (
                " Mend: alvh.signals.released(frame) adds usual release days"
                if column == "released_at"
                else ""
            )
            raise SignalError(
                f"{source}: no column {column!r}; {nearest_names(column, table.columns)}.{mend}",
                source=source,
                column=column,
            )
    table = table.select(*SCHEMA)
    typed = table.with_columns(
        pl.col("signal").cast(pl.String, strict=False),
        _dated(table, "date").cast(pl.Date, strict=False),
        _zoned(table),
        pl.col("value").cast(pl.Float64, strict=False),
    )
    _refuse(table, typed, source)
    return typed.sort("signal", "released_at", "date")


def _dated(table: pl.DataFrame, column: str) -> pl.Expr:
    """Dates written as text are ISO dates, perhaps with a time."""
    if table.schema[column] != pl.String:
        return pl.col(column)
    texts = pl.col(column).str.strip_chars().str.replace("T", " ", literal=True)
    return pl.coalesce(
        texts.str.to_datetime(form, strict=False, time_unit="us")
        for form in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
    )


def _zoned(table: pl.DataFrame) -> pl.Expr:
    kind = table.schema["released_at"]
    found = _dated(table, "released_at")
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        found = found.dt.convert_time_zone(MARKET_ZONE).dt.replace_time_zone(None)
    return found.cast(SCHEMA["released_at"], strict=False)


def _refuse(table: pl.DataFrame, typed: pl.DataFrame, source: str) -> None:
    wanted = {
        "signal": "a lower-case name of letters, digits and _, such as cpi",
        "date": "the first day of the period, a date",
        "released_at": "a date, or a time of New York: what was not released is not known",
        "value": "a finite number, or null where the release is not usable",
    }
    wrong = {
        "signal": ~pl.col("signal").str.contains(f"^{NAME.pattern}$").fill_null(value=False),
        "date": pl.col("date").is_null(),
        "released_at": pl.col("released_at").is_null(),
        "value": ~pl.col("value").is_finite().fill_null(value=True),
    }
    for column, allowed in wanted.items():
        bad = typed.select(wrong[column].alias("bad"))["bad"]
        if column == "value":  # a text that is no number is no null
            bad = bad | (typed["value"].is_null() & table["value"].is_not_null())
        if bad.any():
            row = int(bad.arg_max() or 0)
            _fail(source, row, column, table[column][row], allowed)
    key = ["signal", "date", "released_at"]
    twice = typed.select(pl.struct(key).is_duplicated().alias("twice"))["twice"]
    if twice.any():
        row = int(twice.arg_max() or 0)
        shown = " ".join(str(typed[name][row]) for name in key)
        _fail(source, row, "released_at", shown, "one row for each signal, period and release")


def _fail(source: str, row: int, column: str, value: Any, allowed: str) -> None:
    raise SignalError(
        f"{source}, row {row + 1}, column {column}: {value!r} is not {allowed}",
        source=source,
        row=row + 1,
        column=column,
        value=value,
    )
