"""Recorded option quotes of one root, a snapshot a day, as the core replays them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl

from alvh import chain, expr, schedule
from alvh.contracts import contract
from alvh.errors import HistoryError, nearest_names
from alvh.history.gaps import counted

ROOTS: Final = ("SPXW", "SPX")
"""Roots that can be replayed: those of the index's options in its own points."""

SHAPE: Final = ("forward", "discount", "theta", "rho", "zeta")
SIDE: Final = ("strike", "mid", "half_spread", "delta")
KEYS: Final = ("quote_date", "expiration")
RAW: Final = ("a", "b", "rho", "m", "sigma")
NO_SLICE: Final = "of expiries without a slice"
NO_DAY: Final = "without a day"
HASH_VERSION: Final = b"alvh quotes 1\n"

_DAYS: Final = dict.fromkeys(KEYS, pl.Date)
_SLICES: Final = _DAYS | dict.fromkeys(SHAPE, pl.Float64)
_STRIKES: Final = _DAYS | {"right": chain.SCHEMA["right"]} | dict.fromkeys(SIDE, pl.Float64)


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
        A row for each day and expiry that trades: `quote_date`, `expiration` (the session on which it
        settles), `forward`, `discount`, and the fitted eSSVI slice `theta`, `rho`, `zeta`.
    quotes : polars.DataFrame
        Their strikes: `quote_date`, `expiration`, `right`, `strike`, `mid`, `half_spread` and `delta`. A
        strike that is two-sided on some day has a row on every day: where nobody quotes it, `mid` is the
        price of the fitted SVI surface and `half_spread` is missing. `delta` is that of the forward on that
        surface.
    unused : mapping of str to int
        Quotes of the root that are not replayed, by status; rows that tell no day, of the root or of none.
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
            key: {name: side[name].to_list() for name in SIDE}
            for key, side in self.quotes.partition_by(*KEYS, "right", as_dict=True).items()
        }
        none: dict[str, list[float]] = {name: [] for name in SIDE}
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
        expiries = counted(self.expirations, "expiry", "expiries")
        texts = [
            f"{self.root} quotes ({self.source}): {self.quotes['half_spread'].count():,} two-sided quotes of "
            f"{expiries} on {counted(self.days, 'session', 'sessions')} are replayed"
            + (f"; {left_out:,} are not: {reasons}." if left_out else ".")
        ]
        if self.unfitted:
            texts.append(
                f"{self.unfitted} times an expiry had too few quotes on a day: it did not trade then."
            )
        return tuple(texts)


def record(
    source: str, quotes: pl.DataFrame, undated: pl.DataFrame, root: str, rates: Mapping[date, float]
) -> QuoteRecord:
    """Fit a slice to each expiry of each day and keep what can be replayed.

    Parameters
    ----------
    source, quotes, undated
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
    live = quotes.filter(pl.col("expiration") > pl.col("quote_date"))
    two_sided = live.filter(pl.col("status") == "ok").select(*KEYS, "right", "strike", "bid", "ask")
    days = tuple(quotes["quote_date"].unique().sort())
    fits = [_fitted(live.filter(quote_date=day), two_sided, rates[day]) for day in days]
    slices, strikes = (pl.concat(part) for part in zip(*fits, strict=True))
    if slices.is_empty():
        raise HistoryError(
            f"{source}: no expiry of root {root} has two-sided quotes enough for a surface on any day. "
            "Mend: whole chains, with calls and puts",
            source=source,
        )
    bad = quotes.filter(pl.col("status") != "ok").group_by(pl.col("status").cast(pl.String)).len()
    dayless = undated.filter(pl.col("root").is_null() | (pl.col("root") == root)).height
    unfit = two_sided.join(slices, on=KEYS, how="anti").height
    quoted = live.select(KEYS).unique().height
    return QuoteRecord(
        source=source,
        root=root,
        days=days,
        slices=_settling(slices).sort(KEYS),
        quotes=_settling(strikes).sort(*KEYS, "right", "strike"),
        unused=dict(bad.sort("len", "status").reverse().iter_rows())
        | {word: count for word, count in ((NO_SLICE, unfit), (NO_DAY, dayless)) if count},
        unfitted=quoted - slices.height,
    )


def _fitted(quotes: pl.DataFrame, two_sided: pl.DataFrame, rate: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the slices of one day, and the strikes that are two-sided on some day; see `QuoteRecord`."""
    if not (quotes["status"] == "ok").any():
        return pl.DataFrame(schema=_SLICES), pl.DataFrame(schema=_STRIKES)
    enriched = chain.enrich(quotes, rate=rate, greeks=())
    shape = chain.fit_surface(enriched, form="essvi").expiries.filter(pl.col("status") == "ok")
    surface = chain.fit_surface(enriched, form="svi").expiries.filter(pl.col("status") == "ok")
    both = shape.select(*KEYS, *SHAPE).join(
        surface.select(*KEYS, "years", *(pl.col(name).alias(f"_{name}") for name in RAW)), on=KEYS
    )
    # The level at the money is the surface's: where a smile is steep, three parameters miss it.
    slices = both.select(*KEYS, "forward", "discount", _svi(pl.lit(0.0)).alias("theta"), "rho", "zeta")
    universe = two_sided.select("expiration", "right", "strike").unique()
    now = two_sided.filter(quote_date=quotes["quote_date"][0])
    rows = both.join(universe, on="expiration").join(now, on=(*KEYS, "right", "strike"), how="left")
    rows = rows.with_columns(
        _vol=(_svi((pl.col("strike") / pl.col("forward")).log()) / pl.col("years")).sqrt()
    )
    terms = ("forward", "strike", "years", "_vol", "right")
    strikes = rows.select(
        *KEYS,
        "right",
        "strike",
        mid=pl.coalesce((pl.col("bid") + pl.col("ask")) / 2, expr.price(*terms, discount="discount")),
        half_spread=(pl.col("ask") - pl.col("bid")) / 2,
        delta=expr.greeks(*terms, which=["delta"]).struct.field("delta"),
    )
    return slices, strikes


def _svi(k: pl.Expr) -> pl.Expr:
    """Return total variance at log-moneyness from the columns of a raw SVI slice."""
    a, b, rho, m, sigma = (pl.col(f"_{name}") for name in RAW)
    return a + b * (rho * (k - m) + ((k - m) ** 2 + sigma**2).sqrt())


def _settling(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the session on which each expiry settles: the day itself, or the session before."""
    days = rows["expiration"].unique()
    settles = {day: day if schedule.is_session(day) else schedule.previous_session(day) for day in days}
    return rows.with_columns(pl.col("expiration").replace_strict(settles, return_dtype=pl.Date))
