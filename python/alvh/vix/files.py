"""A recorded snapshot from a CSV or Parquet file in the columns of `docs/vix.md`."""

from datetime import date
from pathlib import Path
from typing import Final

import polars as pl
from polars.exceptions import PanicException, PolarsError

from alvh.errors import VixError, nearest_names
from alvh.vix.quotes import COLUMNS, REQUIRED

PARQUET_SUFFIXES: Final = {".parquet", ".pq"}
MOST_SHOWN: Final = 8
LONGEST_REASON: Final = 120


def read_chain(path: Path, *, quote_date: date | None = None, quote_time: str | None = None) -> pl.DataFrame:
    """Return one snapshot of a file; only the columns that the index needs are read.

    Parameters
    ----------
    path : Path
        CSV with a header, or Parquet.
    quote_date : datetime.date, optional
        Which day, where the file holds several.
    quote_time : str, optional
        Which time, as the file writes it, where a day holds several.

    Raises
    ------
    VixError
        Not such a file, or no such snapshot in it.
    OSError
        The file cannot be opened.
    """
    with path.open("rb"):  # polars does not say which file is missing
        pass
    chain = _read(path)
    wanted = {"quote_date": quote_date, "quote_time": quote_time}
    for column, option in (("quote_date", "date"), ("quote_time", "time")):
        if column in chain.columns:
            chain = _one(path, chain, column, option, wanted[column])
        elif wanted[column] is not None:
            raise VixError(
                f"{path}: --{option} {wanted[column]}: the file has no column {column!r} to choose by"
            )
    return chain


def _read(path: Path) -> pl.DataFrame:
    try:
        if path.suffix.casefold() in PARQUET_SUFFIXES:
            return pl.read_parquet(path, columns=_kept(path, list(pl.read_parquet_schema(path))))
        kept = _kept(path, pl.read_csv(path, n_rows=0).columns)
        return pl.read_csv(path, columns=kept, schema_overrides={name: COLUMNS[name] for name in kept})
    except (PolarsError, PanicException, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())[:LONGEST_REASON]
        raise VixError(
            f"{path}: cannot be read as a chain: {reason}. Mend: give CSV with a header, or Parquet; dates "
            "as YYYY-MM-DD and prices as plain numbers"
        ) from None


def _kept(path: Path, names: list[str]) -> list[str]:
    """Return the columns to read; the file must have those that every index needs."""
    for name in REQUIRED:
        if name not in names:
            raise VixError(f"{path}: no column {name!r}. Mend: rename one; {nearest_names(name, names)}")
    return [name for name in names if name in COLUMNS]


def _one(path: Path, chain: pl.DataFrame, column: str, option: str, wanted: object) -> pl.DataFrame:
    """Keep the wanted value of a column; without one, the file must hold a single one."""
    held = chain[column].unique().sort()
    if wanted is None and len(held) <= 1:
        return chain
    if wanted is not None and wanted in held.to_list():
        return chain.filter(pl.col(column) == wanted)
    shown = ", ".join(map(str, held[:MOST_SHOWN])) + (" …" if len(held) > MOST_SHOWN else "")
    problem = (
        f"several of {column}, give --{option}" if wanted is None else f"--{option} {wanted}: not in the file"
    )
    raise VixError(f"{path}: {problem}. It holds: {shown}")
