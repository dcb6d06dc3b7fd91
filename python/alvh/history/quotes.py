"""Recorded option quotes of one root, a snapshot a day: read, fitted, and in the form that the core replays."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl

from alvh import chain, schedule
from alvh.contracts import contract
from alvh.errors import HistoryError, VixError, nearest_names
from alvh.history.gaps import counted
from alvh.vix import vix_index

QuoteSource: TypeAlias = str | PathLike[str] | pl.DataFrame
QuoteSources: TypeAlias = QuoteSource | Sequence[QuoteSource]

ROOTS: Final = ("SPXW", "SPX")
"""Roots that can be replayed: those of the index's options in its own points."""

SUFFIXES: Final = (".parquet", ".csv", ".csv.gz")
SHAPE: Final = ("forward", "discount", "theta", "rho", "zeta")
KEYS: Final = ("quote_date", "expiration")
HASH_VERSION: Final = b"alvh quotes 1\n"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuoteRecord:
    """The closing quotes of one root on the days that have them.

    Parameters
    ----------
    source : str
        File or folder, or "frame".
    root : str
        Of the quotes, and the product whose options they are.
    days : tuple of datetime.date
        Sessions with a snapshot, ascending.
    slices : polars.DataFrame
        A row for each day and expiry that trades: `quote_date`, `expiration` (the session on which it settles),
        `forward`, `discount`, and the fitted eSSVI slice `theta`, `rho`, `zeta`.
    quotes : polars.DataFrame
        Their two-sided quotes: `quote_date`, `expiration`, `right`, `strike`, `bid`, `ask`.
    unused : mapping of str to int
        Quotes of the root that are not replayed, by status.
    unfitted : int
        Days × expiries whose quotes determine no slice: not listed on that day.
    """

    source: str
    root: str
    days: tuple[date, ...]
    slices: pl.DataFrame
    quotes: pl.DataFrame
    unused: Mapping[str, int]
    unfitted: int

    @property
    def expirations(self) -> tuple[date, ...]:
        """Sessions on which a quoted expiry settles, ascending."""
        return tuple(self.slices["expiration"].unique().sort())

    @property
    def data_hash(self) -> str:
        """SHA-256 of the quotes and their slices."""
        digest = hashlib.sha256(HASH_VERSION + self.root.encode())
        for series in (*self.slices, *self.quotes):
            numbers = series.to_physical().cast(pl.Float64).to_numpy().astype(np.dtype("<f8"))
            digest.update(f"{series.name} {len(series)}\n".encode() + numbers.tobytes())
        return digest.hexdigest()

    def spec(self, sessions: Mapping[date, int]) -> dict[str, Any]:
        """Return the record as JSON-able data for the core, on the sessions of a clock and their numbers."""
        sides = {
            key: {name: side[name].to_list() for name in ("strike", "bid", "ask")}
            for key, side in self.quotes.partition_by(*KEYS, "right", as_dict=True).items()
        }
        none: dict[str, list[float]] = {"strike": [], "bid": [], "ask": []}
        slices = [
            {
                "session": sessions[row["quote_date"]],
                "expiry": sessions[row["expiration"]],
                **{name: row[name] for name in SHAPE},
                "puts": sides.get((row["quote_date"], row["expiration"], "P"), none),
                "calls": sides.get((row["quote_date"], row["expiration"], "C"), none),
            }
            for row in self.slices.iter_rows(named=True)
            if row["expiration"] in sessions
        ]
        return {"product": self.root, "slices": slices}

    def sentences(self) -> tuple[str, ...]:
        """Return what is replayed of the source, in sentences."""
        left_out = sum(self.unused.values())
        reasons = ", ".join(f"{count:,} {status}" for status, count in self.unused.items())
        texts = [
            f"{self.root} quotes ({self.source}): {self.quotes.height:,} two-sided quotes of "
            f"{counted(self.expirations, 'expiry', 'expiries')} on {counted(self.days, 'session', 'sessions')} "
            f"are replayed" + (f"; {left_out:,} are not: {reasons}." if left_out else ".")
        ]
        if self.unfitted:
            expiries = "expiry" if self.unfitted == 1 else "expiries"
            texts.append(f"{self.unfitted} {expiries} had too few quotes on a day and did not trade on it.")
        return tuple(texts)


def read_quotes(source: QuoteSources) -> tuple[str, pl.DataFrame]:
    """Return the name of a source, and the last snapshot of each day in the chain schema, of every root."""
    name, parts = _parts(source)
    quotes = pl.concat([_read(part) for part in parts]).filter(pl.col("quote_date").is_not_null())
    time = pl.col("quote_time").fill_null("")  # as text "close" comes after every hour
    return name, quotes.filter(time == time.max().over("quote_date")).sort("quote_date", maintain_order=True)


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


def record(source: str, quotes: pl.DataFrame, root: str, rates: Mapping[date, float]) -> QuoteRecord:
    """Fit a slice to each expiry of each day and keep what can be replayed.

    Parameters
    ----------
    source, quotes
        As `read_quotes` gives them.
    root : str
        Of the quotes.
    rates : mapping of datetime.date to float
        A year, by day of the quotes: discounts the expiries whose pairs tell no discount.
    """
    if root not in ROOTS:
        raise HistoryError(
            f"root = {root!r} cannot be replayed: {nearest_names(root, ROOTS)}. Allowed: {', '.join(ROOTS)}"
        )
    settlement = contract(root).settlement
    quotes = quotes.filter(pl.col("root") == root).filter(
        pl.col("settlement").fill_null(settlement) == settlement
    )
    if quotes.is_empty():
        raise HistoryError(
            f"{source} holds no quotes of root {root}. Mend: root=…, or other files", source=source
        )
    days = tuple(quotes["quote_date"].unique().sort())
    fitted = pl.concat([_slices(quotes.filter(quote_date=day), rates[day]) for day in days])
    told = fitted.filter(pl.all_horizontal(pl.col(SHAPE).is_finite()))
    used = quotes.filter(pl.col("status") == "ok").join(told, on=KEYS, how="semi")
    left_out = quotes.join(used, on=(*KEYS, "right", "strike"), how="anti")
    reasons = left_out["status"].cast(pl.String).replace("ok", "of expiries without a slice")
    return QuoteRecord(
        source=source,
        root=root,
        days=days,
        slices=_settling(told).select(*KEYS, *SHAPE).sort(KEYS),
        quotes=_settling(used).select(*KEYS, "right", "strike", "bid", "ask").sort(*KEYS, "right", "strike"),
        unused=dict(reasons.value_counts(sort=True).iter_rows()),
        unfitted=fitted.height - told.height,
    )


def _slices(quotes: pl.DataFrame, rate: float) -> pl.DataFrame:
    """Return `KEYS` and `SHAPE` of each expiry of one day that has two-sided quotes and is still to settle."""
    live = quotes.filter(pl.col("expiration") > pl.col("quote_date"), pl.col("status") == "ok")
    if live.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(KEYS, pl.Date) | dict.fromkeys(SHAPE, pl.Float64))
    return chain.fit_surface(live, form="essvi", rate=rate).expiries.select(*KEYS, *SHAPE)


def _settling(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the session on which each expiry settles: the day itself, or the session before."""
    days = rows["expiration"].unique()
    settles = {day: day if schedule.is_session(day) else schedule.previous_session(day) for day in days}
    return rows.with_columns(pl.col("expiration").replace_strict(settles, return_dtype=pl.Date))


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
                f"{source}: the quotes of {day} determine no VIX: {error} Mend: give closes=… with date, spx, vix",
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
