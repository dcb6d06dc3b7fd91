"""Snapshots of option quotes from files, folders or frames, one a day; and the closes that they tell."""

from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Final, TypeAlias

import polars as pl

from alvh import chain
from alvh.chain.schema import CONTRACT, STATUS
from alvh.errors import HistoryError, VixError
from alvh.history.gaps import counted
from alvh.vix import vix_index

QuoteSource: TypeAlias = str | PathLike[str] | pl.DataFrame
QuoteSources: TypeAlias = QuoteSource | Sequence[QuoteSource]

SUFFIXES: Final = (".parquet", ".csv", ".csv.gz")


def read_quotes(source: QuoteSources) -> tuple[str, pl.DataFrame]:
    """Return the name of a source, and the last snapshot of each day in the chain schema, of every root."""
    name, parts = _parts(source)
    quotes = pl.concat([_read(part) for part in parts]).filter(pl.col("quote_date").is_not_null())
    time = pl.col("quote_time").fill_null("")  # as text "close" comes after every hour
    quotes = quotes.filter(time == time.max().over("quote_date")).sort("quote_date", maintain_order=True)
    again = ~pl.struct(CONTRACT).is_first_distinct()  # files may overlap
    status = pl.when(again).then(pl.lit("duplicate", STATUS)).otherwise("status")
    return name, quotes.with_columns(status.alias("status"))


def _parts(source: QuoteSources) -> tuple[str, list[QuoteSource]]:
    if isinstance(source, pl.DataFrame):
        return "frame", [source]
    if isinstance(source, Sequence) and not isinstance(source, str):
        parts = [part for each in source for part in _parts(each)[1]]
        if not parts:
            raise HistoryError("chains: an empty list. Mend: give a file, a folder or a frame")
        return counted(parts, "source", "sources"), parts
    try:
        path = Path(fspath(source))
    except TypeError:
        raise HistoryError(
            f"chains are a path, a frame or a list of them, not {type(source).__name__}"
        ) from None
    if not path.is_dir():
        return path.name, [path]
    files: list[QuoteSource] = [
        each for each in sorted(path.iterdir()) if each.name.casefold().endswith(SUFFIXES)
    ]
    if not files:
        raise HistoryError(
            f"{path} holds no file of quotes. Allowed: {', '.join(SUFFIXES)}", source=path.name
        )
    return path.name, files


def _read(part: QuoteSource) -> pl.DataFrame:
    if isinstance(part, pl.DataFrame) and set(chain.SCHEMA) <= set(part.columns):
        return part.select(chain.SCHEMA.names())
    return chain.read(part)


def closes_of(source: str, quotes: pl.DataFrame) -> pl.DataFrame:
    """Return date, SPX and VIX that the quotes themselves tell; their VIX is by the exchange's method.

    Parameters
    ----------
    source : str
        Name for messages.
    quotes : polars.DataFrame
        Of every root, one snapshot a day.
    """
    rows = []
    for (day,), snapshot in sorted(quotes.partition_by("quote_date", as_dict=True).items()):
        spx = snapshot["underlying_price"].drop_nulls()
        try:
            vix = vix_index(snapshot, terms="bracket").value
        except VixError as error:
            raise HistoryError(
                f"{source}: the quotes of {day} determine no VIX: {error} Mend: give closes=… with date, "
                "spx, vix",
                source=source,
            ) from None
        if spx.is_empty():
            raise HistoryError(
                f"{source}: the quotes of {day} name no price of the index. Mend: give closes=… with date, "
                "spx, vix",
                source=source,
            )
        rows.append((day, spx[0], vix))
    return pl.DataFrame(rows, schema={"date": pl.Date, "spx": pl.Float64, "vix": pl.Float64}, orient="row")
