"""Columns of Polars as arrays for the core, without a copy where their memory allows."""

from typing import Any, Final

import polars as pl
from numpy.typing import NDArray

from alvh.strings import views

__all__: Final = ["numbers", "rights"]

_CALL, _PUT, _NEITHER = (pl.Series([sign], dtype=pl.Int8) for sign in (1, -1, 0))
_WORDS = (pl.String, pl.Categorical, pl.Enum)
_AS_THEY_ARE = frozenset(
    (
        *(pl.Float64, pl.Float32),
        *(pl.Int8, pl.Int16, pl.Int32, pl.Int64),
        *(pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64),
    )
)
"""Columns that need no cast: the core reads their NumPy arrays."""


def numbers(column: pl.Series) -> NDArray[Any] | None:
    """Return a column of numbers as an array, nulls as NaN; None for another column.

    Examples
    --------
    >>> import polars as pl
    >>> from alvh.series import numbers
    >>> numbers(pl.Series([1.5, None]))
    array([1.5, nan])
    """
    if column.dtype in _AS_THEY_ARE:
        return column.to_numpy()
    if column.dtype.is_numeric() or column.dtype == pl.Null:
        return column.cast(pl.Float64).to_numpy()
    return None


def rights(column: pl.Series) -> NDArray[Any] | None:
    """Return a column of strings, categories or numbers as the core reads rights; None for another column.

    Returns
    -------
    ndarray or None
        Strings without nulls as `alvh.strings.views`, where they lie; others as signs: +1 for "C", -1 for
        "P", 0 for what is no right.

    Examples
    --------
    >>> import polars as pl
    >>> from alvh.series import rights
    >>> rights(pl.Series(["C", "P", None]))
    array([ 1, -1,  0], dtype=int8)
    """
    if column.dtype not in _WORDS:
        return numbers(column)
    strings = None
    if column.dtype == pl.String and not column.null_count():
        strings = views(column.rechunk())
    if strings is None:
        # Compared inside Polars: no Python string per row.
        signs = _CALL.zip_with(column == "C", _PUT.zip_with(column == "P", _NEITHER))
        return signs.to_numpy()
    return strings
