"""Growth of GDP and its revisions, as they were known at each release (R77, R92)."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from alvh.errors import SignalError
from alvh.signals.align import align
from alvh.signals.frame import read

__all__ = ["GROWTH", "REVISION", "growth", "known_growth"]

GDP: Final = "gdp"
GROWTH: Final = "gdp_growth"
REVISION: Final = "gdp_revision"

QUARTERS: Final = 4
"""In a year."""
MONTHS: Final = 3
"""In a quarter."""


def growth(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the growth of GDP over each quarter at an annual rate, and how far it was revised.

    Parameters
    ----------
    frame : polars.DataFrame
        As `read` takes it, with the signal ``gdp``: levels above 0, real ones where regimes of real growth
        are meant, dated by the first day of their quarter. Revisions are rows of the same date with a later
        `released_at`; a frame of today's vintage has none, and its values are those revised since.

    Returns
    -------
    polars.DataFrame
        As `read` returns it, two rows for each release of ``gdp``. ``gdp_growth``: (level over that of the
        quarter before, as known then) to the power of 4, less 1; null where that quarter is not known.
        ``gdp_revision``: growth of the quarter as known now less as first told; 0 at its first release, null
        where either is. A revision of an earlier quarter changes the growth of a later one at the next
        release of that.

    Raises
    ------
    SignalError
        The frame is refused, has no ``gdp``, a level that is not above 0, or a date within a quarter.

    Examples
    --------
    >>> rows = [("2023-10-01", "2024-01-25", 100.0), ("2024-01-01", "2024-04-25", 101.0)]
    >>> rows += [("2024-01-01", "2024-05-30", 100.5)]
    >>> gdp = pl.DataFrame(rows, schema=["date", "released_at", "value"], orient="row")
    >>> made = growth(gdp.with_columns(signal=pl.lit("gdp")))
    >>> [round(value, 4) for value in made["value"].drop_nulls()]
    [0.0406, 0.0202, 0.0, -0.0205]
    """
    levels = read(frame).filter(signal=GDP)
    if levels.is_empty():
        raise SignalError(f"frame: no rows of the signal {GDP!r}. Mend: levels of {GDP}, dated by quarter")
    known: dict[date, float | None] = {}
    first: dict[date, float | None] = {}
    rates: list[float | None] = []
    revised: list[float | None] = []
    for period, level in levels.select("date", "value").iter_rows():
        _refuse(period, level)
        known[period] = level
        before = known.get(_quarter_before(period))
        rate = None if level is None or before is None else (level / before) ** QUARTERS - 1.0
        told = first.setdefault(period, rate)
        rates.append(rate)
        revised.append(None if rate is None or told is None else rate - told)
    return read(
        pl.concat(
            levels.with_columns(signal=pl.lit(name), value=pl.Series(values, dtype=pl.Float64))
            for name, values in ((GROWTH, rates), (REVISION, revised))
        )
    )


def known_growth(
    source: pl.DataFrame | pl.LazyFrame | str | Path, sessions: Iterable[date]
) -> tuple[list[float | None], list[float | None]]:
    """Return growth and revision as known at the close of each session, None where nothing is.

    Parameters
    ----------
    source : polars.DataFrame, path or str
        As `growth` takes it, or its CSV or Parquet file.
    sessions : iterable of date
        Ascending.

    Examples
    --------
    >>> from datetime import date
    >>> rows = [("2023-10-01", "2024-01-25", 100.0), ("2024-01-01", "2024-04-25", 101.0)]
    >>> gdp = pl.DataFrame(rows, schema=["date", "released_at", "value"], orient="row")
    >>> known_growth(gdp.with_columns(signal=pl.lit("gdp")), [date(2024, 4, 24), date(2024, 4, 25)])[1]
    [None, 0.0]
    """
    seen = align(growth(read(source)), sessions)
    return seen[GROWTH].to_list(), seen[REVISION].to_list()


def _quarter_before(day: date) -> date:
    return date(day.year - 1, 10, 1) if day.month == 1 else date(day.year, day.month - MONTHS, 1)


def _refuse(period: date, level: float | None) -> None:
    if period.day != 1 or period.month % MONTHS != 1:
        raise SignalError(
            f"gdp, {period}: not the first day of a quarter. Mend: date each level by its quarter, such as "
            "2024-01-01",
            column="date",
            value=period,
        )
    if level is not None and level <= 0:
        raise SignalError(f"gdp, {period}: {level} is not above 0", column="value", value=level)
