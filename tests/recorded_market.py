"""The recorded market of `ALVH_DATA` as tests read it: closes, VIX futures."""

import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from alvh.history import History
from alvh.schedule.expiries import vix_expiration

needs_data = pytest.mark.skipif("ALVH_DATA" not in os.environ, reason="ALVH_DATA names no data folder")


def folder() -> Path:
    return Path(os.environ["ALVH_DATA"])


def closes(first: date, last: date) -> pl.DataFrame:
    """date, spx, vix, vix3m, vix6m; sessions on which SPX and VIX both closed."""
    spx = pl.read_parquet(folder() / "indices" / "spx_daily.parquet").select("date", spx="close")
    indices = pl.read_parquet(folder() / "indices" / "cboe_vol_indices_daily.parquet")
    volatility = indices.with_columns(pl.col("symbol").str.to_lowercase()).pivot(
        on="symbol", index="date", values="close"
    )
    joined = spx.join(volatility.select("date", "vix", "vix3m", "vix6m"), on="date")
    return joined.filter(pl.col("date").is_between(first, last), pl.col("vix").is_not_null()).sort("date")


def vx(first: date) -> pl.DataFrame:
    """date, expiry, settle of monthly VX futures; contracts that outlive the file expire by rule."""
    contracts = pl.read_parquet(folder() / "vx" / "vx_contracts_daily.parquet")
    by_rule = {
        month: vix_expiration(*map(int, month.split("-"))) for month in contracts["contract_month"].unique()
    }
    return contracts.select(
        "settle", date="trade_date", expiry=pl.col("contract_month").replace_strict(by_rule)
    ).filter(pl.col("date") >= first)


def history(first: date, last: date, *, futures_from: date | None = None) -> History:
    quoted = None if futures_from is None else vx(futures_from)
    return History(
        closes(first, last).drop("vix3m", "vix6m"), rate=0.0, dividend_yield=0.0, gaps="report", vx=quoted
    )


def carried(first: date, last: date) -> pl.DataFrame:
    """date, spx, vix, vix3m, open, rate (three-month bills), dividend_yield (of a year, over the index)."""
    macro = pl.read_parquet(folder() / "macro" / "macro_long.parquet")
    bills = macro.filter(pl.col("series") == "TSY3M").select("date", rate=pl.col("value") / 100).sort("date")
    shiller = pl.read_parquet(folder() / "macro" / "shiller_monthly.parquet").drop_nulls("dividend")
    yields = shiller.select("date", dividend_yield=pl.col("dividend") / pl.col("sp500")).sort("date")
    opened = pl.read_parquet(folder() / "indices" / "spx_daily.parquet").select("date", "open")
    rows = closes(first, last).select("date", "spx", "vix", "vix3m").join(opened, on="date").sort("date")
    return rows.join_asof(bills, on="date").join_asof(yields, on="date")


def strategy_index(name: str) -> pl.DataFrame:
    """date, level at the ends of months."""
    levels = pl.read_parquet(folder() / "benchmarks" / "cboe_strategy_indices_monthly.parquet")
    return levels.select("date", level=name)
