"""Recorded quotes end to end: the real SPXW month of 2018-01, and the command on files."""

import json
import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import alvh as av
from alvh import chain, schedule
from alvh.market import L3F, ChainHistory
from alvh.playbook import Arm
from run_samples import command, refused

SESSIONS = 20


def core(**more) -> av.Layer:
    return av.IronCondor(days=(8, 30), short_delta=0.16, width=0.01, **more)


@pytest.fixture(scope="module")
def january() -> tuple[pl.DataFrame, ChainHistory]:
    folder = Path(os.environ["ALVH_DATA"])
    closes = pl.read_parquet(folder / "indices" / "spx_daily.parquet").select("date", spx="close")
    indices = pl.read_parquet(folder / "indices" / "cboe_vol_indices_daily.parquet")
    for symbol in ("VIX", "VIX3M"):
        column = pl.col("close").alias(symbol.lower())
        closes = closes.join(indices.filter(symbol=symbol).select("date", column), on="date")
    closes = closes.filter(pl.col("date").is_between(date(2016, 1, 4), date(2018, 1, 31))).sort("date")
    file = folder / "chains" / "spxw_20180131_daily.parquet"
    return pl.read_parquet(file), ChainHistory(file, closes=closes, rate=0.014, dividend_yield=0.019)


@pytest.mark.data
@pytest.mark.skipif("ALVH_DATA" not in os.environ, reason="ALVH_DATA names no data folder")
def test_a_real_month_is_compared(january):
    """Credits of plain, stop, doubling and the layered hedge are those of the file's bids and asks."""
    raw, market = january
    plain = av.Arm("plain", core())
    hedged = av.preset("alvh_0").replace(name="alvh", sell=plain.core.sell)
    arms = [plain, plain.stop(), plain.doubling(), hedged]
    result = av.compare(arms, market, sessions=SESSIONS, shares=[0.35])
    assert result.paths().select(pl.col("identity_error").max()).collect().item() < 1e-12
    prices = result.prices()
    assert prices.filter(prices="fills")["modelled"].sum() == 0
    assert prices.filter(prices="marks")["modelled_share"].max() < 0.05
    quotes = {
        row[:3]: row[3:] for row in raw.select("quote_date", "right", "strike", "bid", "ask").iter_rows()
    }
    for arm in result.arms:
        opened = result.trace(0, arm).events.filter(event="open", layer="core")
        assert opened.height == 4
        for day, strikes, price in opened.select("date", "strikes", "price").iter_rows():
            legs = [quotes[day, right, k] for right, k in zip("PPCC", strikes, strict=True)]
            by_hand = sum(
                ratio * (bid + ask) / 2 + 0.35 * (ask - bid) / 2
                for ratio, (bid, ask) in zip((-1, 1, -1, 1), legs, strict=True)
            )
            assert price == pytest.approx(-by_hand, abs=1e-9)
    settled = result.trace(0, "plain").events.filter(event="settle")
    assert settled["date"].unique().to_list() == [date(2018, 1, 31)]


@pytest.mark.data
@pytest.mark.skipif("ALVH_DATA" not in os.environ, reason="ALVH_DATA names no data folder")
def test_shorts_have_the_delta_that_is_asked_for(january):
    """The vendor's own deltas of the strikes sold lie as near to 0.16 as strikes allow."""
    raw, market = january
    result = av.compare([av.Arm("plain", core())], market, sessions=SESSIONS, shares=[0.35])
    deltas = {row[:3]: row[3] for row in raw.select("quote_date", "right", "strike", "delta").iter_rows()}
    for day, strikes in result.trace(0).events.filter(event="open").select("date", "strikes").iter_rows():
        assert deltas[day, "P", strikes[0]] == pytest.approx(-0.16, abs=0.02)
        assert deltas[day, "C", strikes[2]] == pytest.approx(0.16, abs=0.02)


@pytest.mark.data
@pytest.mark.skipif("ALVH_DATA" not in os.environ, reason="ALVH_DATA names no data folder")
def test_a_whole_chain_tells_its_own_closes():
    """Five days of 2011 without closes: VIX by the exchange's method is the published one; SPX settle AM."""
    folder = Path(os.environ["ALVH_DATA"])
    file = folder / "chains" / "spx_ivolatility_201101.parquet"
    market = ChainHistory(file, rate=0.002, dividend_yield=0.019, root="SPX")
    indices = pl.read_parquet(folder / "indices" / "cboe_vol_indices_daily.parquet").filter(symbol="VIX")
    published = market.data.frame.join(indices.select("date", published="close"), on="date")
    assert (published["vix"] - published["published"]).abs().max() < 0.03
    plain = av.Arm("plain", av.IronCondor(days=(8, 30), every="day", product="SPX"))
    result = av.compare([plain], market, sessions=4, shares=[0.35])
    assert result.trace(0).events.filter(event="open").height == 4
    assert result.prices()["modelled"].sum() == 0


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A folder of synthetic chains, the closes, and a playbook whose expiries are quoted."""
    folder = tmp_path_factory.mktemp("quotes")
    (folder / "chains").mkdir()
    days = schedule.sessions(date(2024, 3, 1), date(2024, 3, 28))
    spots = [5100 + 8.0 * (i % 5) for i in range(len(days))]
    for day, spot in zip(days, spots, strict=True):
        quotes = chain.synthetic(day, market=L3F(spot=spot), longest=36)
        quotes.filter(root="SPXW").write_parquet(folder / "chains" / f"{day}.parquet")
    closes = {"date": days, "spx": spots, "vix": 16.0}
    pl.DataFrame(closes).write_csv(folder / "closes.csv")
    (folder / "near.toml").write_text(Arm("near", av.IronCondor(days=(14, 35))).to_toml())
    return folder


def asked(files: Path, *more: str) -> list[object]:
    return [
        "compare",
        f"--chains={files / 'chains'}",
        f"--history={files / 'closes.csv'}",
        *(
            "--rate=0.04",
            "--dividend-yield=0.013",
            "--shares=0.10",
            f"--playbook={files / 'near.toml'}",
            *more,
        ),
    ]


def test_the_command_trades_recorded_quotes(files, tmp_path):
    ran = command(*asked(files, "--sessions=17", "--json", f"--out={tmp_path / 'run'}"))
    assert (ran.returncode, ran.stderr) == (0, "")
    told = json.loads(ran.stdout)
    fills = next(row for row in told["prices"] if row["prices"] == "fills")
    assert fills["recorded"] > 0
    assert fills["modelled"] == 0
    assert any("two-sided quotes" in limit for limit in told["limits"])
    assert pl.read_parquet(tmp_path / "run" / "tables" / "prices.parquet").height == 2
    assert command("verify", tmp_path / "run").returncode == 0


def test_the_command_says_where_prices_come_from(files):
    ran = command(*asked(files, "--sessions=17"))
    assert ran.returncode == 0
    assert "Leg prices from recorded quotes, and from the model" in ran.stdout


def test_the_command_refuses_what_changes_nothing(files):
    assert "--root changes nothing here: it is about --chains" in refused("compare", "--root=SPX")
    assert "--vix changes nothing here" in refused(*asked(files, "--sessions=17", "--vix=20"))
    assert "a run of 40 after a warm-up of 0 needs 41" in refused(*asked(files, "--sessions=40"))


def test_the_page_says_where_prices_come_from(files, tmp_path):
    ran = command(*asked(files, "--sessions=17", "--quiet", f"--report={tmp_path / 'report.html'}"))
    assert ran.returncode == 0, ran.stderr
    assert "Leg prices from recorded quotes, and from the model" in (tmp_path / "report.html").read_text()


def test_the_command_opens_at_recorded_times(files, tmp_path):
    """Where files have 15:45 beside the close; where they have none, or nobody asked, it is refused."""
    (tmp_path / "chains").mkdir()
    for path in (files / "chains").iterdir():
        close = pl.read_parquet(path)
        early = close.with_columns(quote_time=pl.lit("15:45"))
        pl.concat([close, early]).write_parquet(tmp_path / "chains" / path.name)
    timed = Arm("near", av.IronCondor(days=(14, 35), at="15:45"))
    (tmp_path / "near.toml").write_text(timed.to_toml())
    (tmp_path / "closes.csv").write_bytes((files / "closes.csv").read_bytes())
    few = ("--sessions=17", "--surface-band=0", "--json")
    ran = command(*asked(tmp_path, *few, "--entry-time=15:45", f"--out={tmp_path / 'run'}"))
    assert (ran.returncode, ran.stderr) == (0, "")
    told = json.loads(ran.stdout)
    assert any("Openings at 15:45 fill at the quotes then" in limit for limit in told["limits"])
    events = json.loads(command("trace", tmp_path / "run", 0, "--json").stdout)["events"]
    opened = [each for each in events if each["event"] == "open"]
    assert opened
    assert {each["minute"] for each in opened} == {375}
    assert "recorded at closes, and none at a time inside" in refused(*asked(tmp_path, *few))
    assert "no quotes of SPXW at 15:45" in refused(*asked(files, *few, "--entry-time=15:45"))
    assert "--entry-time changes nothing here: it is about --chains" in refused(
        "compare", "--entry-time=9:40"
    )
