"""A book of positions from a CSV or Parquet file."""

from pathlib import Path
from typing import Final

import polars as pl
from polars.exceptions import PanicException, PolarsError

from alvh.errors import BookError, nearest_names
from alvh.margin.book import COLUMNS as POSITION
from alvh.margin.book import REQUIRED
from alvh.margin.portfolio import GIVEN

PARQUET_SUFFIXES: Final = {".parquet", ".pq"}
HEADER_LINES: Final = 1
COLUMNS: Final = pl.Schema({**POSITION, **dict.fromkeys(GIVEN, pl.Float64())})
LONGEST_REASON: Final = 120


def read_book(path: Path) -> pl.DataFrame:
    """Return the positions of a file, without the columns that a book does not have (`left_out`).

    Parameters
    ----------
    path : Path
        CSV with a header, or Parquet; columns as in `strategy_based`, dates as YYYY-MM-DD.

    Raises
    ------
    BookError
        Not such a file, or a cell that cannot be read: with line and column.
    OSError
        The file cannot be opened.
    """
    rows = _rows(path)
    for name in REQUIRED:
        if name not in rows.columns:
            alone = len(rows.columns) == 1 and not {";", "\t"}.isdisjoint(rows.columns[0])
            mend = ". Mend: separate columns by commas" if alone else ""
            raise BookError(
                f"{path}: no column {name!r}: {nearest_names(name, rows.columns)}{mend}",
                source=str(path),
                column=name,
            )
    rows = rows.select(name for name in rows.columns if name in COLUMNS)
    if _is_parquet(path):
        return rows
    for name in rows.columns:
        rows = rows.with_columns(pl.col(name).str.strip_chars().replace("", None))
        dtype = COLUMNS[name]
        text = rows[name]
        value = (
            text.str.to_date("%Y-%m-%d", strict=False) if dtype == pl.Date else text.cast(dtype, strict=False)
        )
        bad = (value.is_null() & text.is_not_null()).arg_true()
        if len(bad):
            line = bad[0] + 1 + HEADER_LINES
            wanted = "a date, YYYY-MM-DD" if dtype == pl.Date else "a plain number"
            raise BookError(
                f"{path}, line {line}, {name} = {text[bad[0]]!r}: {wanted}",
                source=str(path),
                line=line,
                column=name,
                value=text[bad[0]],
            )
        rows = rows.with_columns(value.alias(name))
    return rows


def left_out(path: Path) -> list[str]:
    """Return the columns of a file that `read_book` does not read, in their order.

    Raises
    ------
    BookError
        It is no CSV or Parquet.
    OSError
        The file cannot be opened.
    """
    return [name for name in _rows(path).columns if name not in COLUMNS]


def _is_parquet(path: Path) -> bool:
    return path.suffix.casefold() in PARQUET_SUFFIXES


def _rows(path: Path) -> pl.DataFrame:
    """Return what is in the file, cells of CSV as text."""
    with path.open("rb"):  # polars does not say which file is missing
        pass
    try:
        return pl.read_parquet(path) if _is_parquet(path) else pl.read_csv(path, infer_schema=False)
    except (PolarsError, PanicException, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split()).partition(" Consider ")[0].rstrip(".")[:LONGEST_REASON]
        raise BookError(
            f"{path}: cannot be read as a book: {reason}. Mend: give CSV with a header, columns separated by "
            "commas and no other commas in them, or Parquet",
            source=str(path),
        ) from None
