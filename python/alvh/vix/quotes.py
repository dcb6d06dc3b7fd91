"""The columns of a chain that the index is made of, checked: a wrong value is refused with its row."""

from typing import Final, NoReturn

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


def _at_least_0(side: str) -> tuple[pl.Expr, str]:
    price = pl.col(side).fill_null(0)
    return price.is_finite() & (price >= 0), "finite, at least 0, or null where there is none"


def _above_0(name: str) -> tuple[pl.Expr, str]:
    return pl.col(name).is_finite() & (pl.col(name) > 0), "finite, above 0"


ALLOWED: Final[dict[str, tuple[pl.Expr, str]]] = {
    "right": (pl.col("right").is_in(["C", "P"]), "C or P"),
    "strike": _above_0("strike"),
    "bid": _at_least_0("bid"),
    "ask": _at_least_0("ask"),
    "expiration": (
        pl.col("expiration").dt.weekday() < SATURDAY,
        "a weekday: roll the Saturdays of old files back to Friday",
    ),
    "settlement": (
        pl.col("settlement").is_in(["AM", "PM"]) | pl.col("settlement").is_null(),
        "AM or PM, or null: by the root",
    ),
    "minutes": _above_0("minutes"),
}
"""What is right of each column, and how a refusal says it."""


def checked(chain: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that count, in their types; NaN, which is no quote, becomes null.

    Raises
    ------
    VixError
        The frame is lazy, a column lacks or has another type, or a value that no quote has.
    """
    if isinstance(chain, pl.LazyFrame):
        raise VixError("chain: a LazyFrame. Mend: collect() first")
    for name in REQUIRED:
        if name not in chain.columns:
            raise VixError(
                f"chain: no column {name!r}. Mend: rename one; {nearest_names(name, chain.columns)}"
            )
    if chain.is_empty():
        raise VixError("chain: no rows. Mend: give the quotes of two expiries around 30 days")
    casts = [_cast(chain[name], dtype) for name, dtype in COLUMNS.items() if name in chain.columns]
    quotes = pl.DataFrame(casts).with_columns(pl.col("bid", "ask").fill_nan(None))
    wrong = {
        name: right.not_().fill_null(value=True)
        for name, (right, _) in ALLOWED.items()
        if name in quotes.columns
    }
    found = quotes.select(expression.any().alias(name) for name, expression in wrong.items()).row(
        0, named=True
    )
    for name, is_wrong in found.items():
        if is_wrong:
            _refuse(quotes, name, quotes.select(wrong[name].arg_true()).to_series())
    return quotes


def _cast(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    try:
        return series.cast(dtype)
    except PolarsError:
        raise VixError(
            f"chain, column {series.name!r}: {series.dtype} cannot be read as {dtype}. Mend: cast it"
        ) from None


def _refuse(quotes: pl.DataFrame, column: str, rows: pl.Series) -> NoReturn:
    more = f" ({len(rows) - 1} more rows like it)" if len(rows) > 1 else ""
    value, allowed = quotes[column][int(rows[0])], ALLOWED[column][1]
    raise VixError(f"chain, row {rows[0] + 1}, {column} = {value!r}{more}: allowed is {allowed}")
