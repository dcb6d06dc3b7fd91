"""Snapshots of option quotes from files, folders or frames, one a day; and the closes that they tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from os import PathLike, fspath
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import polars as pl

from alvh import chain
from alvh.chain.parity import LEAST_PAIRS
from alvh.chain.schema import CONTRACT, SETTLEMENT, SETTLEMENTS, STATUS
from alvh.errors import ChainError, HistoryError, VixError
from alvh.history.gaps import counted
from alvh.vix import vix_index

QuoteSource: TypeAlias = str | PathLike[str] | pl.DataFrame
QuoteSources: TypeAlias = QuoteSource | Sequence[QuoteSource]

SUFFIXES: Final = (".parquet", ".csv", ".csv.gz")
FAMILY: Final = ("SPX", "SPXW", "SPXPM")
"""Roots whose underlying is the index, in its own points."""

NO_QUOTE: Final = ("unparsable", "duplicate", "expired")
"""Statuses of rows that say nothing of the market."""

_OF_THE_INDEX: Final = pl.col("root").is_in(FAMILY) & ~pl.col("status").is_in(NO_QUOTE)

LARGEST_SPREAD: Final = 0.01  # of prices of the index within one snapshot
FARTHEST: Final = 0.02  # from the parity forward of the nearest expiry
MEND: Final = "Mend: give closes=… with date, spx, vix"


@dataclass(frozen=True, slots=True, eq=False)
class QuotesRead:
    """Quotes of every root in the chain schema; a settlement that is missing is that of the root."""

    source: str
    """Name for messages."""
    last: pl.DataFrame
    """The last snapshot of each day."""
    undated: pl.DataFrame
    """Rows without a day."""
    earlier: pl.DataFrame
    """The other snapshots of the days."""

    def at(self, time: str) -> pl.DataFrame:
        """Return the quotes of a time of day, on days on which it is not the last."""
        return _once(self.earlier.filter(quote_time=time))

    def times(self, root: str) -> list[str]:
        """Return the times of day of the earlier snapshots of a root."""
        return self.earlier.filter(root=root)["quote_time"].drop_nulls().unique().sort().to_list()


def read_quotes(source: QuoteSources) -> QuotesRead:
    """Return all snapshots of a source, the last of each day apart."""
    name, parts = _parts(source)
    rows = pl.concat([_read(part) for part in parts])
    undated = rows.filter(pl.col("quote_date").is_null())
    by_root = pl.col("root").replace_strict(SETTLEMENTS, default=None, return_dtype=SETTLEMENT)
    quotes = rows.filter(pl.col("quote_date").is_not_null()).with_columns(
        settlement=pl.coalesce("settlement", by_root)
    )
    time = pl.col("quote_time").fill_null("")  # as text "close" comes after every hour
    last = time == time.max().over("quote_date")
    quotes = quotes.with_columns(_last=last).sort("quote_date", maintain_order=True)
    ends, earlier = (quotes.filter(pl.col("_last") == each).drop("_last") for each in (True, False))
    return QuotesRead(name, _once(ends), undated, earlier)


def _once(quotes: pl.DataFrame) -> pl.DataFrame:
    """Return quotes of one snapshot a day with a mark on those that stand twice: files may overlap."""
    again = ~pl.struct(CONTRACT).is_first_distinct()
    status = pl.when(again).then(pl.lit("duplicate", STATUS)).otherwise("status")
    return quotes.with_columns(status.alias("status"))


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

    Only options of the index are asked (`FAMILY`), and no row of a status in `NO_QUOTE`.

    Parameters
    ----------
    source : str
        Name for messages.
    quotes : polars.DataFrame
        Of every root, one snapshot a day.
    """
    rows = []
    for (day,), every in sorted(quotes.partition_by("quote_date", as_dict=True).items()):
        snapshot = every.filter(_OF_THE_INDEX)
        if snapshot.is_empty():
            raise HistoryError(
                f"{source}: of {day} there are no quotes of {', '.join(FAMILY)}, which would tell SPX "
                f"and VIX. {MEND}",
                source=source,
            )
        spx = spx_of(source, day, snapshot)
        try:
            vix = vix_index(snapshot, terms="bracket").value
        except VixError as error:
            raise HistoryError(
                f"{source}: the quotes of {day} determine no VIX: {error} {MEND}", source=source
            ) from None
        rows.append((day, spx, vix))
    return pl.DataFrame(rows, schema={"date": pl.Date, "spx": pl.Float64, "vix": pl.Float64}, orient="row")


def spx_of(source: str, day: date, snapshot: pl.DataFrame) -> float:
    """Return the price of the index that a day's quotes name, if they agree with one another and parity."""
    snapshot = snapshot.filter(_OF_THE_INDEX)
    told = snapshot["underlying_price"]
    prices = np.sort(told.filter(told.is_finite() & (told > 0.0)).to_numpy())
    if not prices.size:
        raise HistoryError(f"{source}: the quotes of {day} name no price of the index. {MEND}", source=source)
    low, high = float(prices[0]), float(prices[-1])
    if high > low * (1.0 + LARGEST_SPREAD):
        raise HistoryError(
            f"{source}: the quotes of {day} name prices of the index from {low:g} to {high:g}. Allowed: "
            f"within {LARGEST_SPREAD:.0%}. {MEND}, or correct underlying_price",
            source=source,
        )
    spx = float(prices[prices.size // 2])
    try:
        forwards = chain.forwards(snapshot).filter(pl.col("forward").is_not_null())
    except ChainError as error:
        raise HistoryError(f"{source}: the quotes of {day}: {error}", source=source) from None
    if forwards.is_empty():  # the VIX says so
        return spx
    forward = float(forwards.sort(pl.col("pairs") < LEAST_PAIRS, "days")["forward"][0])
    if abs(spx / forward - 1.0) > FARTHEST:
        raise HistoryError(
            f"{source}: the quotes of {day} name {spx:g} as the price of the index, and the nearest expiry "
            f"has its forward at {forward:.2f} by put–call parity. Allowed: within {FARTHEST:.0%}. {MEND}, "
            "or correct underlying_price",
            source=source,
        )
    return spx
