"""What one snapshot of a chain says: its quality, its expiries, its surface, and the bounds it breaks."""

from dataclasses import dataclass
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Final

import polars as pl
from polars.exceptions import PanicException, PolarsError

from alvh.chain import layouts
from alvh.chain.bounds import arbitrage
from alvh.chain.bounds.products import Fees
from alvh.chain.counting import quality
from alvh.chain.enriching import enrich
from alvh.chain.fitting import fit_surface
from alvh.chain.parity import RATE
from alvh.chain.reading import parquet_files, read, scan
from alvh.chain.schema import SCHEMA, SNAPSHOT
from alvh.chain.source import shown
from alvh.chain.surface import Surface
from alvh.chain.term import RAW, total_variance
from alvh.errors import ChainError

QUARTER: Final = 0.6744897501960817  # d1 of a 25-delta call, below 0, and put, above
STEPS: Final = 80  # halved each, to the strike of a delta
MOST_SHOWN: Final = 8
DAMAGES: Final = (PolarsError, PanicException, OSError, ValueError)  # of pages; `scan` reads footers


@dataclass(frozen=True, eq=False)
class Overview:
    """One snapshot, told.

    Parameters
    ----------
    day, time
        Of the snapshot.
    snapshots : int
        How many the source holds.
    quality : DataFrame
        Of `quality`; rows that tell no day or time count, too.
    expiries : DataFrame
        Those of the surface with `atm_vol`, decimal, at the forward, and `skew`, volatility of the 25-delta
        put less that of the 25-delta call, volatility points; of the forward, on the fitted slice.
    surface : Surface
        SVI, fitted to the snapshot.
    arbitrage : DataFrame or None
        Of `arbitrage`; None where nobody says the fees of a root.
    without_fees : str
        The root whose fees nobody says, if there is one.
    """

    day: date
    time: str
    snapshots: int
    quality: pl.DataFrame
    expiries: pl.DataFrame
    surface: Surface
    arbitrage: pl.DataFrame | None
    without_fees: str

    @property
    def roots(self) -> list[str]:
        """Return the roots, those with the most quotes first."""
        counted = self.surface.quotes["root"].fill_null("?").value_counts(sort=True)
        return counted["root"].to_list()


def overview(
    source: str | PathLike[str],
    *,
    layout: str = layouts.AUTO,
    day: date | None = None,
    time: str | None = None,
    settlement: str | None = None,
    rate: float | None = None,
    fees: Fees = None,
) -> Overview:
    """Tell one snapshot of a file or of a folder of Parquet files, the last one unless another is named.

    Parameters
    ----------
    source, layout
        As in `read`; a folder as in `scan`.
    day : datetime.date, optional
        `quote_date` of the snapshot.
    time : str, optional
        `quote_time` of the snapshot.
    settlement, rate
        As in `forwards` and `arbitrage`.
    fees
        As in `arbitrage`.

    Raises
    ------
    ChainError
        No chain, a damaged file, no such snapshot, or an option out of range.
    """
    quotes = scan(source) if Path(source).is_dir() else read(source, layout).lazy()
    held = _collected(source, quotes.select(SNAPSHOT).unique()).drop_nulls().sort(SNAPSHOT)
    day, time = _chosen(held, day, time)
    of_snapshot = (pl.col("quote_date") == day) & (pl.col("quote_time") == time)
    taken = _collected(source, quotes.filter(of_snapshot.fill_null(value=True)))
    one = taken.filter(of_snapshot)
    if settlement is not None:
        one = enrich(one, settlement=settlement, greeks=[]).select(one.columns)
    surface = fit_surface(one, rate=RATE if rate is None else rate)
    found, root = _found(one, fees, rate)
    return Overview(day, time, held.height, quality(taken), _told(surface), surface, found, root)


def _collected(source: str | PathLike[str], quotes: pl.LazyFrame) -> pl.DataFrame:
    """Collect, and name what is damaged."""
    try:
        return quotes.collect(engine="streaming")
    except DAMAGES as error:
        name = next((path.name for path in parquet_files(source) if _damaged(path)), Path(source).name)
        raise ChainError(
            f"{name} is damaged: {shown(str(error))}. Mend: write it again", source=name
        ) from None


def _damaged(path: Path) -> bool:
    try:
        pl.scan_parquet(path).select(SCHEMA.names()).null_count().collect(engine="streaming")
    except DAMAGES:
        return True
    return False


def _chosen(held: pl.DataFrame, day: date | None, time: str | None) -> tuple[date, str]:
    """Return the last snapshot of those that are asked for."""
    found = held
    for column, wanted in (("quote_date", day), ("quote_time", time)):
        if wanted is not None:
            found = found.filter(pl.col(column) == wanted)
    if not found.height:
        shown = ", ".join(f"{each} {at}" for each, at in held.head(MOST_SHOWN).iter_rows())
        more = f" and {held.height - MOST_SHOWN} more" if held.height > MOST_SHOWN else ""
        asked = " ".join(str(each) for each in (day, time) if each is not None) or "any"
        raise ChainError(
            f"no snapshot of {asked}. Allowed: {shown or 'none, for no row tells its day'}{more}",
            column="quote_date",
            value=day,
        )
    last: tuple[date, str] = found.row(-1)
    return last


def _found(quotes: pl.DataFrame, fees: Fees, rate: float | None) -> tuple[pl.DataFrame | None, str]:
    try:
        return arbitrage(quotes, fees=fees, rate=rate), ""
    except ChainError as error:
        if error.column != "root":
            raise
        return None, str(error.value)


def _told(surface: Surface) -> pl.DataFrame:
    of_d1 = {"atm": None, "put": QUARTER, "call": -QUARTER}
    vols = {name: _vol(surface.expiries, d1) for name, d1 in of_d1.items()}
    return surface.expiries.with_columns(atm_vol=vols["atm"], skew=100.0 * (vols["put"] - vols["call"]))


def _vol(expiries: pl.DataFrame, d1: float | None) -> pl.Series:
    """Return the volatility of each slice where d1 = (-k + w / 2) / √w, without one at the forward."""
    w = total_variance("k")
    slices = expiries.select(*RAW, "years", k=pl.lit(0.0))
    for _ in range(STEPS if d1 is not None else 0):  # by halves: a steep slice throws whole steps to and fro
        slices = slices.with_columns(k=0.5 * (pl.col("k") + 0.5 * w - d1 * w.sqrt()))
    return slices.select((w / pl.col("years")).sqrt().fill_nan(None)).to_series()
