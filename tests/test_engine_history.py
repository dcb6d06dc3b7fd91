"""The engine on recorded markets: the bundled 2014-2018, and three decades where a data folder is at hand."""

import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import alvh as av
import engine_spec
from alvh.market import History

YEAR = 252


@pytest.fixture(scope="module")
def bundled() -> av.Comparison:
    arms = [av.preset(name) for name in ("plain", "martingale_add", "stop_1x", "fewer_lots")]
    return av.compare(arms, History.bundled(), every=5, shares=[0.10, 0.70])


def test_history_says_counts_and_dates_and_no_interval(bundled: av.Comparison) -> None:
    told = bundled.history()
    assert set(told.counts["starts"]) == {201}
    for table in (bundled.summary(), bundled.against(), bundled.attribution(), bundled.ladder()):
        assert table["low"].null_count() == table.height
        assert table["high"].null_count() == table.height
    with pytest.raises(av.AlvhError, match="not a sample"):
        bundled.capacity()
    assert "intervals" in bundled.headline()
    assert any("VIX closes up to it" in limit for limit in bundled.limits)


def test_february_2018_is_seen(bundled: av.Comparison) -> None:
    """2018-02-05: SPX -4.1%, VIX 17.3 to 37.3. An open plain book lost; a stop fills a session later."""
    starts = bundled.paths().filter(pl.col("arm") == "plain", pl.col("share") == 0.10).collect()
    path = starts.filter(pl.col("start") >= date(2017, 9, 1))["path"][0]
    ledger = bundled.trace(path, "plain").ledger
    day = (
        ledger.with_columns(change=pl.col("nav").diff())
        .filter(pl.col("date") == date(2018, 2, 5))
        .row(0, named=True)
    )
    assert day["vix"] == pytest.approx(37.32)
    assert day["change"] < -10_000
    closed = bundled.trace(path, "stop_1x").events.filter(pl.col("event") == "close")
    assert date(2018, 2, 6) in closed["date"].to_list()
    assert set(closed["reason"]) == {"loss >= 1.0 * credit"}


@pytest.mark.data
@pytest.mark.skipif("ALVH_DATA" not in os.environ, reason="ALVH_DATA names no data folder")
def test_three_decades() -> None:
    folder = Path(os.environ["ALVH_DATA"]) / "indices"
    spx = pl.read_parquet(folder / "spx_daily.parquet").select("date", spx="close")
    vix = pl.read_parquet(folder / "cboe_vol_indices_daily.parquet").filter(pl.col("symbol") == "VIX")
    frame = (
        spx.join(vix.select("date", vix="close"), on="date")
        .filter(pl.col("date") >= date(1990, 1, 2))
        .sort("date")
    )
    market = History(frame, rate=0.03, dividend_yield=0.02, gaps="report")
    assert any("1999-12-31" in limit for limit in market.limits)
    result = av.compare(engine_spec.arms(), market, every=21, shares=[0.10, 0.35])
    paths = result.paths().collect()
    assert paths["identity_error"].max() < 1e-12
    plain = paths.filter(pl.col("arm") == "plain")
    assert plain["calls"].max() == 0
    # Doubling met its limits in crises and calm trends alike; plain at a tenth of NAV never did.
    assert plain.filter(pl.col("share") == 0.10)["ruin_tick"].max() == 0
    doubled = paths.filter(pl.col("arm") == "add", pl.col("share") == 0.35)
    assert (doubled["refused"] > 0).sum() > 0
    assert plain["start"].n_unique() == (market.schedule.tradable - YEAR - 1) // 21 + 1
