"""One recorded snapshot of a file, in any layout that `alvh.chain` reads, for the index."""

from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from alvh import chain
from alvh.errors import VixError
from alvh.vix.quotes import COLUMNS

MOST_SHOWN: Final = 8
NO_QUOTE: Final = ("duplicate", "expired")  # and unparsable, which is refused


def read_chain(
    path: Path, *, quote_date: date | None = None, quote_time: str | None = None
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return one snapshot of a file, only the columns that the index needs; and rows left out, by status.

    Left out are options that have expired, and rows of a contract that stood on an earlier row.

    Parameters
    ----------
    path : Path
        What `alvh.chain.read` takes.
    quote_date : datetime.date, optional
        Which day, where the file holds several.
    quote_time : str, optional
        Which time, ``"close"`` or ``"HH:MM"``, where a day holds several.

    Raises
    ------
    ChainError
        Not such a file.
    VixError
        No such snapshot in it, or a row of it that cannot be read: an index counts every quote.
    """
    quotes = chain.read(path)
    for column, option, wanted in (("quote_date", "date", quote_date), ("quote_time", "time", quote_time)):
        quotes = _one(path, quotes, column, option, wanted)
    if (unparsable := quotes.filter(pl.col("problem").is_not_null())).height:
        more = f" ({unparsable.height - 1} more rows like it)" if unparsable.height > 1 else ""
        line, problem = unparsable.select("line", "problem").row(0)
        raise VixError(f"{path}, line {line}: {problem}{more}. Mend: correct it, or leave the row out")
    no_quote = pl.col("status").is_in(NO_QUOTE)
    counts = quotes.filter(no_quote).group_by(pl.col("status").cast(pl.String)).len().sort("status")
    kept = quotes.filter(~no_quote).select(name for name in COLUMNS if name in quotes.columns)
    return kept, dict(counts.iter_rows())


def _one(path: Path, quotes: pl.DataFrame, column: str, option: str, wanted: object) -> pl.DataFrame:
    """Keep the wanted value of a column, and rows that tell none; none wanted, it must be the only one."""
    held = quotes[column].drop_nulls().unique().sort()
    if wanted is None and len(held) <= 1:
        return quotes
    if wanted is not None and wanted in held.to_list():
        return quotes.filter(pl.col(column).eq(wanted).fill_null(value=True))
    shown = ", ".join(map(str, held[:MOST_SHOWN])) + (" …" if len(held) > MOST_SHOWN else "")
    problem = (
        f"several of {column}, give --{option}" if wanted is None else f"--{option} {wanted}: not in the file"
    )
    raise VixError(f"{path}: {problem}. It holds: {shown}")
