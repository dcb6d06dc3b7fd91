"""The columns of a chain that the index is made of, checked: a wrong value is refused with its row."""

from typing import Final

import polars as pl
from polars.exceptions import PolarsError

from alvh.errors import VixError, nearest_names

REQUIRED: Final[dict[str, pl.DataType]] = {
    "strike": pl.Float64(),
    "right": pl.String(),
    "bid": pl.Float64(),
    "ask": pl.Float64(),
}
OPTIONAL: Final[dict[str, pl.DataType]] = {
    "quote_date": pl.Date(),
    "quote_time": pl.String(),
    "root": pl.String(),
    "expiration": pl.Date(),
    "settlement": pl.String(),
    "minutes": pl.Float64(),
}
COLUMNS: Final = {**OPTIONAL, **REQUIRED}
SATURDAY: Final = 6  # ISO number of the first day of a weekend


def checked(chain: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that count, in their types; NaN, which is no quote, becomes null.

    Raises
    ------
    VixError
        A column lacks or has another type, or a value that no quote has.
    """
    for name in REQUIRED:
        if name not in chain.columns:
            raise VixError(
                f"chain: no column {name!r}. Mend: rename one; {nearest_names(name, chain.columns)}"
            )
    if chain.is_empty():
        raise VixError("chain: no rows. Mend: give the quotes of two expiries around 30 days")
    casts = []
    for name, dtype in COLUMNS.items():
        if name in chain.columns:
            casts.append(_cast(chain[name], dtype))
    quotes = pl.DataFrame(casts).with_columns(pl.col("bid", "ask").fill_nan(None))
    _refuse(quotes, ~pl.col("right").is_in(["C", "P"]), "right", "C or P")
    _refuse(quotes, ~(pl.col("strike").is_finite() & (pl.col("strike") > 0)), "strike", "finite, above 0")
    for side in ("bid", "ask"):
        no_price = ~(pl.col(side).is_finite() & (pl.col(side) >= 0))
        _refuse(
            quotes, no_price.fill_null(value=False), side, "finite, at least 0, or null where there is none"
        )
    if "expiration" in quotes.columns:
        on_weekend = pl.col("expiration").dt.weekday() >= SATURDAY
        _refuse(quotes, on_weekend, "expiration", "a weekday: roll the Saturdays of old files back to Friday")
    if "settlement" in quotes.columns:
        _refuse(quotes, ~pl.col("settlement").is_in(["AM", "PM"]), "settlement", "AM or PM")
    if "minutes" in quotes.columns:
        wrong = ~(pl.col("minutes").is_finite() & (pl.col("minutes") > 0))
        _refuse(quotes, wrong, "minutes", "finite, above 0")
    return quotes


def _cast(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    try:
        return series.cast(dtype)
    except PolarsError:
        raise VixError(
            f"chain, column {series.name!r}: {series.dtype} cannot be read as {dtype}. Mend: cast it"
        ) from None


def _refuse(quotes: pl.DataFrame, wrong: pl.Expr, column: str, allowed: str) -> None:
    """Raise for the first row where `wrong` is true, or null."""
    rows = quotes.select(wrong.fill_null(value=True).arg_true()).to_series()
    if len(rows):
        more = f" ({len(rows) - 1} more rows like it)" if len(rows) > 1 else ""
        value = quotes[column][int(rows[0])]
        raise VixError(f"chain, row {rows[0] + 1}, {column} = {value!r}{more}: allowed is {allowed}")
