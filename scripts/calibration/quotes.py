"""Recorded chains as smiles on a grid of deltas, each with the volatility indices of its day."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtri

from alvh import chain, pricing, schedule
from alvh.chain.clock import clocked

SESSIONS_A_YEAR = 252.0
DELTAS = (0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40)
ATM = 0.5
WIDEST_GAP = 0.45  # of d1 between neighbouring strikes, across which a smile is interpolated …
WIDEST_OF_MINUTES = 1.2  # … and between the two strikes near the money that minute quotes have
LONGEST_DAYS = 200
SHORTEST_SESSIONS = 0.3

INDICES = {"VIX": "vix", "VIX3M": "vix3m", "VIX9D": "vix9d", "VVIX": "vvix"}
# Money-market rates discount what parity cannot: expiries of single pairs and of a few days.
RATES = {2010: 0.002, 2011: 0.0025, 2018: 0.0145, 2021: 0.0012, 2022: 0.002, 2023: 0.048, 2024: 0.047}
MINUTES = "spx_minute_quotes_lean"
SPX_FILES = ("spx_cboe_snapshots", "spxw_20180131_daily", "spx_ivolatility_201101", MINUTES)
MINUTE = "15:55"  # of the minute quotes: as near the closing index as both sides are quoted
# SPY pays about half a percent on each third Friday of a quarter's last month; puts are quoted without calls.
SPY_DIVIDEND = 0.005
SPY_RATE = 0.002

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Smiles:
    """Expiries of many days: `expiries` a row each, `k` and `vol` a column for each of `deltas`.

    `k` is log-moneyness to the forward, `vol` a root year of 252 sessions, `half` half the quoted spread in
    vol; NaN where strikes are too far apart. Negative deltas are puts.
    """

    expiries: pl.DataFrame
    k: Floats
    vol: Floats
    half: Floats

    deltas = np.array([-d for d in DELTAS] + [ATM] + list(reversed(DELTAS)))

    def where(self, keep: NDArray[np.bool_]) -> "Smiles":
        return Smiles(self.expiries.filter(keep), self.k[keep], self.vol[keep], self.half[keep])

    def with_(self, other: "Smiles") -> "Smiles":
        frame = pl.concat([self.expiries, other.expiries], how="diagonal_relaxed")
        return Smiles(
            frame, *(np.vstack([getattr(self, n), getattr(other, n)]) for n in ("k", "vol", "half"))
        )

    def column(self, name: str) -> NDArray:
        return self.expiries[name].to_numpy()


def spx(data: Path) -> pl.DataFrame:
    """Return every SPX quote with its forward, volatility and spread, and the indices of its day."""
    parts = []
    for name in SPX_FILES:
        quotes = chain.read(data / "chains" / f"{name}.parquet")
        if name == MINUTES:
            quotes = quotes.filter(pl.col("quote_time") == MINUTE)
        for (year,), each in quotes.group_by(pl.col("quote_date").dt.year(), maintain_order=True):
            full = chain.enrich(each, rate=RATES[year], settlement="PM", greeks=["vega"])
            parts.append(full.with_columns(source=pl.lit(name)))
    quotes = pl.concat(parts, how="diagonal_relaxed")
    before_the_open = pl.col("quote_time").is_between(pl.lit("00:00"), pl.lit("09:30"))
    known = (
        quotes.select("quote_date", "quote_time")
        .unique()
        .with_columns(
            index_date=pl.when(before_the_open)
            .then(pl.col("quote_date").map_elements(schedule.previous_session, return_dtype=pl.Date))
            .otherwise("quote_date")
        )
    )
    quotes = quotes.join(known, on=["quote_date", "quote_time"]).join(
        indices(data), left_on="index_date", right_on="date", how="left"
    )
    return quotes.with_columns(episode=pl.col("quote_date").dt.strftime("%Y-%m"))


def indices(data: Path) -> pl.DataFrame:
    """Return closes of the volatility indices by date."""
    table = pl.read_parquet(data / "indices" / "cboe_vol_indices_daily.parquet")
    table = table.filter(pl.col("symbol").is_in(list(INDICES)))
    return table.pivot(on="symbol", index="date", values="close").rename(INDICES).sort("date")


def spy_puts(data: Path) -> pl.DataFrame:
    """Return SPY's out-of-the-money puts, two days a month of 2010-17, with forwards from carry alone."""
    raw = pl.read_parquet(data / "chains" / "spy_otm_puts_monthly.parquet")
    raw = raw.filter((pl.col("bid") > 0) & (pl.col("ask") > pl.col("bid")))
    table = (
        raw.select("quote_date", "expiration")
        .unique()
        .with_columns(quote_time=pl.lit("close"), settlement=pl.lit("PM"))
    )
    table = clocked(table).drop("quote_time", "settlement")
    paid = [date(y, m, schedule.third_friday(y, m).day) for y in range(2010, 2019) for m in (3, 6, 9, 12)]
    table = table.with_columns(
        dividends=pl.struct("quote_date", "expiration").map_elements(
            lambda row: sum(row["quote_date"] < day <= row["expiration"] + timedelta(1) for day in paid),
            return_dtype=pl.Int64,
        )
    )
    quotes = raw.join(table, on=["quote_date", "expiration"]).with_columns(
        discount=(-SPY_RATE * pl.col("days") / 365).exp(), mid=(pl.col("bid") + pl.col("ask")) / 2
    )
    quotes = quotes.with_columns(
        forward=pl.col("underlying_price") * (1 - SPY_DIVIDEND * pl.col("dividends")) / pl.col("discount")
    )
    columns = [quotes[name].to_numpy() for name in ("mid", "forward", "strike", "years")]
    vol = np.asarray(pricing.implied_vol(*columns, "P", discount=quotes["discount"].to_numpy()))
    vega = pricing.greeks(*columns[1:], vol, "P", which="vega").vega
    quotes = quotes.with_columns(
        pl.Series("vol", vol),
        pl.Series("vega", vega),
        root=pl.lit("SPY"),
        source=pl.lit("spy_otm_puts_monthly"),
        status=pl.lit("ok"),
        quote_time=pl.lit("close"),
        episode=pl.col("quote_date").dt.year().cast(pl.String),
    )
    return quotes.with_columns(spread_vol=100 * (pl.col("ask") - pl.col("bid")) / pl.col("vega")).join(
        indices(data), left_on="quote_date", right_on="date", how="left"
    )


def smiles(quotes: pl.DataFrame) -> Smiles:
    """Return the smiles of expiries with enough good quotes; of AM and PM on one day, PM's."""
    good = quotes.filter(
        (pl.col("status") == "ok")
        & pl.col("vol").is_finite()
        & (pl.col("years") * SESSIONS_A_YEAR > SHORTEST_SESSIONS)
        & (pl.col("days") <= LONGEST_DAYS)
        & ((pl.col("right") == "P") == (pl.col("strike") < pl.col("forward")))
    )
    rows, grids = [], []
    keys = ["quote_date", "quote_time", "expiration", "root"]
    seen: set[tuple] = set()
    for key, smile in good.sort(*keys[:3], pl.col("root") != "SPXW", "strike").group_by(
        keys, maintain_order=True
    ):
        if key[:3] in seen:
            continue
        grid = _on_deltas(smile, WIDEST_OF_MINUTES if MINUTES in smile["source"] else WIDEST_GAP)
        if not np.isfinite(grid[1]).any():
            continue
        seen.add(key[:3])
        first = smile.row(0, named=True)
        rows.append(
            {name: first[name] for name in (*keys, "source", "episode", *INDICES.values())}
            | {name: first[name] for name in ("days", "forward", "discount", "underlying_price")}
            | {"sessions": first["years"] * SESSIONS_A_YEAR}
        )
        grids.append(grid)
    k, vol, half = np.stack(grids, axis=1)
    return Smiles(pl.DataFrame(rows, infer_schema_length=None), k, vol, half)


def _on_deltas(smile: pl.DataFrame, widest: float) -> Floats:
    """Return log-moneyness, vol and half-spread in vol at the deltas, linearly between strikes."""
    k = np.log(smile["strike"].to_numpy() / smile["forward"].to_numpy())
    vol, half = smile["vol"].to_numpy(), smile["spread_vol"].to_numpy() / 200
    sd = vol * np.sqrt(smile["years"].to_numpy())
    d1 = -k / sd + sd / 2
    # a call's delta is N(d1), a put's N(d1) − 1: strikes ascend as d1 falls
    order = np.argsort(d1)
    d1, k, vol, half = d1[order], k[order], vol[order], half[order]
    wanted = ndtri(np.where(Smiles.deltas < 0, 1 + Smiles.deltas, Smiles.deltas))
    above = np.searchsorted(d1, wanted)
    inside = (above > 0) & (above < len(d1))
    gap = np.full(len(wanted), np.inf)
    gap[inside] = d1[above[inside]] - d1[above[inside] - 1]
    near = np.minimum(np.abs(d1[np.minimum(above, len(d1) - 1)] - wanted), np.abs(d1[above - 1] - wanted))
    known = inside & ((gap <= widest) | (near <= WIDEST_GAP / 8))
    return np.where(known, [np.interp(wanted, d1, values) for values in (k, vol, half)], np.nan)
