"""Whether an expression can rank or limit condors: of the right type, and row by row.

Condors are computed in blocks, files one after the other: an expression that looks at other rows, such as a
mean, would depend on how they are cut. It is tried on made rows, together and each for itself. Every column
has two values alone, so that a window over any few columns finds rows to put together.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

import numpy as np
import polars as pl
from polars.exceptions import PanicException, PolarsError

from alvh.errors import ScoreError

ROWS: Final = 32


def require_row_by_row(name: str, expression: pl.Expr, columns: Mapping[str, pl.DataType]) -> None:
    """Refuse an expression that is no number (`rank_by`) or condition (`where`) of each row.

    Raises
    ------
    ScoreError
        It cannot be computed, is of another type, or looks at other rows.
    """
    rows = pl.DataFrame({column: _made(i, dtype) for i, (column, dtype) in enumerate(columns.items())})
    wanted = "a condition" if name == "where" else "a number"
    try:
        together = rows.select(expression.alias(name))[name]
        alone = pl.concat([rows[i : i + 1].select(expression.alias(name)) for i in range(ROWS)])[name]
    except (PolarsError, PanicException) as error:
        raise ScoreError(
            f"{name} = {expression}: {error}. Allowed: {wanted} of columns of the result", column=name
        ) from None
    dtype = together.dtype
    if not (dtype == pl.Boolean if name == "where" else dtype.is_numeric()):
        raise ScoreError(f"{name} = {expression}: {dtype}. Allowed: {wanted} of each row", column=name)
    if not together.equals(alone):
        raise ScoreError(
            f"{name} = {expression}: looks at other rows, so that it would depend on how condors are cut "
            f"into blocks and files. Allowed: {wanted} of each row alone",
            column=name,
        )


def _made(i: int, dtype: pl.DataType) -> pl.Series:
    which = np.random.default_rng(i).integers(0, 2, ROWS)
    if dtype == pl.Date:
        return pl.Series([date(2024, 3, 1 + i % 7 + 9 * int(n)) for n in which], dtype=dtype)
    if isinstance(dtype, pl.Enum):
        return pl.Series([dtype.categories[int(n)] for n in which], dtype=dtype)
    if dtype == pl.String:
        return pl.Series([("SPX", "SPXW")[int(n)] for n in which], dtype=dtype)
    return pl.Series(10.0 + np.sin(1.0 + i + which * 2.5) * 9.0).cast(dtype)
