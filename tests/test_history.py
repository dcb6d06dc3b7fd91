"""Reading and replaying a recorded market: good files in any dress, gaps, the replay and its limits."""

import json
import os
import pickle
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from alvh import schedule
from alvh.errors import HistoryError
from alvh.history import LIMITS, GapReport, History, read_history
from history_samples import DAYS, LOST_EXPIRY, RATES, frame, refusal


@pytest.fixture
def csv_file(tmp_path):
    path = tmp_path / "closes.csv"
    frame().write_csv(path)
    return path


# Good sources


def test_frame_csv_and_parquet_read_alike(tmp_path, csv_file):
    parquet = tmp_path / "closes.parquet"
    frame().select("vix", "date", "spx").write_parquet(parquet)
    results = [read_history(source, **RATES) for source in (frame(), csv_file, str(csv_file), parquet)]
    assert {result.data_hash for result in results} == {results[0].data_hash}
    assert all(result.frame.equals(results[0].frame) for result in results)
    assert results[0].frame.columns == ["date", "spx", "vix", "rate", "dividend_yield"]
    assert [result.source for result in results] == ["frame", "closes.csv", "closes.csv", "closes.parquet"]


@pytest.mark.parametrize("column", ["spx", "vix", "rate", "dividend_yield"])
def test_the_hash_sees_every_value(column):
    data = read_history(frame(), **RATES)
    other = data.frame.with_columns(
        pl.when(pl.col("date") == DAYS[9]).then(pl.col(column) + 1e-12 * 64).otherwise(column).alias(column)
    )
    assert read_history(other).data_hash != data.data_hash
    assert read_history(data.frame).data_hash == data.data_hash


def test_names_in_any_case_and_by_mapping():
    renamed = frame().rename({"date": " Date", "spx": "Close", "vix": "VIX"}).with_columns(Volume=1)
    data = read_history(renamed, columns={"spx": "Close"}, **RATES)
    assert len(data) == len(DAYS)
    assert data.ignored == ("Volume",)


def test_optional_columns_may_have_holes():
    data = read_history(
        frame().with_columns(vix3m=pl.Series([None, 15.0] + [16.0] * (len(DAYS) - 2)), rate=0.05),
        dividend_yield=0.01,
    )
    assert data.frame["vix3m"].null_count() == 1
    assert data.constants == {"dividend_yield": 0.01}


@pytest.mark.parametrize(
    "dates",
    [
        pl.Series(DAYS).cast(pl.Datetime("us")),
        pl.Series(DAYS).cast(pl.Datetime("ms")).dt.replace_time_zone("America/New_York"),
        pl.Series([f" {day} " for day in DAYS]),
        pl.Series([f"{day} 00:00:00" for day in DAYS]),
        pl.Series([f"{day}T00:00:00.000Z" for day in DAYS]),
    ],
    ids=["datetime", "zoned", "padded", "midnight", "ISO midnight"],
)
def test_dates_in_other_dress(dates):
    assert read_history(frame().with_columns(date=dates), **RATES).dates == DAYS


def test_byte_order_mark_blank_lines_and_dos_line_ends(tmp_path):
    path = tmp_path / "dos.csv"
    text = frame().write_csv().replace("\n", "\r\n\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_history(path, **RATES).data_hash == read_history(frame(), **RATES).data_hash


def test_integers_decimals_and_text_are_numbers():
    typed = frame().with_columns(
        spx=pl.Series([5100] * len(DAYS)), vix=pl.Series(["14.5"] * len(DAYS)).cast(pl.Decimal(6, 2))
    )
    data = read_history(typed, **RATES)
    assert data.frame["vix"].to_list() == [14.5] * len(DAYS)


# Gaps


def test_missing_sessions_are_named():
    error = refusal(frame().filter(pl.col("date") != LOST_EXPIRY))
    assert "1 session has no usable row (2024-03-15); nothing was filled." in str(error)
    assert "gaps='report'" in str(error)


def test_rows_on_days_without_a_session_are_named():
    error = refusal(frame([*DAYS[:20], date(2024, 3, 29), *DAYS[20:]]))
    assert "1 row was kept out, no session was held on this day (2024-03-29)." in str(error)


def test_many_missing_sessions_are_counted():
    error = refusal(frame([DAYS[0], *DAYS[15:]]))
    assert "14 sessions have no usable row (2024-03-04" in str(error)
    assert "2024-03-15 and 4 more" in str(error)


def test_reported_gaps_stay_out_of_the_clock():
    days = [*DAYS[:20], date(2024, 3, 29), *DAYS[20:]]
    holed = (
        frame(days)
        .filter(pl.col("date") != LOST_EXPIRY)
        .with_columns(
            vix=pl.when(pl.col("date") == DAYS[3]).then(None).otherwise("vix"),
            spx=pl.when(pl.col("date") == DAYS[5]).then(float("nan")).otherwise("spx"),
        )
    )
    assert "vix is missing" in str(refusal(holed))
    data = read_history(holed, **RATES, gaps="report")
    assert data.gaps.missing_sessions == (DAYS[3], DAYS[5], LOST_EXPIRY)
    assert [(row.row, row.day, row.reason) for row in data.gaps.dropped] == [
        (4, DAYS[3], "vix is missing"),
        (6, DAYS[5], "spx is missing"),
        (20, date(2024, 3, 29), "no session was held on this day"),
    ]
    assert data.gaps.non_trading_days == (date(2024, 3, 29),)
    assert data.dates == [day for day in DAYS if day not in {DAYS[3], DAYS[5], LOST_EXPIRY}]
    clock = data.schedule()
    assert clock.ordinals[4] - clock.ordinals[2] == 4  # two rows on, four sessions on: two lack between them
    assert clock.unlisted["SPXW"] == (DAYS[5], LOST_EXPIRY)
    limits = " ".join(History(data).limits)
    assert "3 sessions have no usable row" in limits
    assert "2 SPXW expiries fall on missing sessions, not listed (2024-03-08, 2024-03-15)." in limits


def test_a_jump_is_measured_between_usable_rows():
    days = [*DAYS[:20], date(2024, 3, 29), *DAYS[20:]]
    odd = frame(days).with_columns(
        spx=pl.when(pl.col("date") == date(2024, 3, 29)).then(9999.0).otherwise("spx")
    )
    assert len(read_history(odd, **RATES, gaps="report")) == len(DAYS)


def test_a_file_without_any_session():
    assert "no usable row" in str(refusal(frame([date(2024, 3, 2), date(2024, 3, 3)]), gaps="report"))


def test_no_gaps_is_false_and_silent():
    assert not GapReport()
    assert GapReport().sentences() == ()


# The replay


def test_spec_is_what_the_core_reads():
    market = History(frame(), **RATES)
    spec = json.loads(json.dumps(market.spec()))
    assert list(spec) == ["model", "spot", "vix", "rate", "dividend_yield"]
    assert spec["model"] == "replay"
    assert all(len(spec[name]) == market.schedule.tradable == len(DAYS) for name in list(spec)[1:])
    assert spec["spot"] == frame()["spx"].to_list()


def test_starts_leave_room_for_warm_up_and_run():
    market = History(frame(), **RATES)
    starts = market.starts(10, every=5, warm_up=7)
    assert starts[0] == 7
    assert all(b - a == 5 for a, b in pairwise(starts))
    assert starts[-1] + 10 <= len(DAYS) - 1 < starts[-1] + 5 + 10
    assert market.starts(len(DAYS) - 1) == (0,)


@pytest.mark.parametrize(
    "wrong", [{"sessions": len(DAYS)}, {"sessions": 0}, {"every": 0}, {"warm_up": -1}, {"warm_up": 99}]
)
def test_starts_refuse(wrong):
    with pytest.raises(HistoryError):
        History(frame(), **RATES).starts(**{"sessions": 5, **wrong})


def test_limits_are_said():
    limits = History(frame(), **RATES).limits
    assert limits[: len(LIMITS)] == LIMITS
    text = " ".join(limits)
    for part in (
        "VIX closes up to it",
        "template",
        "May 2022",
        "before 2004",
        "auction",
        "65.7",
        "rate 5.00%",
        "FOMC, CPI, PPI",
    ):
        assert part in text


def test_events_and_cadence_reach_the_clock():
    market = History(frame(), **RATES, events={"fomc": [date(2024, 3, 20)]}, listings={"SPXW": "daily"})
    assert market.schedule.events["fomc"] == (date(2024, 3, 20),)
    assert len(market.schedule.expiries["SPXW"]) == len(market.schedule)
    assert "No announcement dates for CPI, PPI" in " ".join(market.limits)


def test_options_for_data_that_is_read_already():
    with pytest.raises(HistoryError, match="already read"):
        History(read_history(frame(), **RATES), rate=0.05)


def test_a_market_is_frozen_and_survives_pickling():
    market = History(frame(), **RATES)
    with pytest.raises(AttributeError):
        market.data = None
    again = pickle.loads(pickle.dumps(market))  # noqa: S301 - made in this line
    assert again.spec() == market.spec()
    assert again.schedule == market.schedule
    assert repr(again) == "History('frame', 2024-03-01 to 2024-04-30, 42 sessions)"


def test_the_bundled_history():
    pytest.importorskip("arch")
    market = History.bundled()
    assert (market.data.dates[0], market.data.dates[-1]) == (date(2014, 1, 3), date(2018, 12, 31))
    assert market.data.dates == schedule.sessions(date(2014, 1, 3), date(2018, 12, 31))
    assert not market.data.gaps
    closes = {row["date"]: (row["spx"], row["vix"]) for row in market.data.frame.iter_rows(named=True)}
    assert closes[date(2018, 2, 5)] == pytest.approx((2648.94, 37.32), abs=0.01)
    assert closes[date(2015, 8, 24)][1] == pytest.approx(40.74, abs=0.01)
    assert "from memory" in market.limits[-1]
    own = History.bundled(rate=0.01, dividend_yield=0.02)
    assert own.spec()["rate"][0] == 0.01
    assert "from memory" not in " ".join(own.limits)


def test_the_bundled_history_without_arch(monkeypatch):
    monkeypatch.setitem(sys.modules, "arch.data", None)
    with pytest.raises(HistoryError, match=r"pip install 'alvh\[history\]'"):
        History.bundled()


def test_import_needs_no_pandas():
    code = "import sys, alvh.history; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Real data, where the developer has it


@pytest.mark.data
def test_index_closes_of_35_years():
    root = os.environ.get("ALVH_DATA")
    if root is None:
        pytest.skip("ALVH_DATA is not set")
    indices = Path(root) / "indices"
    spx = pl.read_parquet(indices / "spx_daily.parquet").select("date", "open", "high", "low", spx="close")
    volatility = pl.read_parquet(indices / "cboe_vol_indices_daily.parquet").pivot(
        "symbol", index="date", values="close"
    )
    joined = spx.join(volatility.select("date", "VIX", "VIX3M", "VIX6M"), on="date", how="left").filter(
        pl.col("date") >= date(1990, 1, 1)
    )
    assert "4 rows were kept out, vix is missing" in str(refusal(joined.sort("date")))
    data = read_history(joined.sort("date"), **RATES, gaps="report")
    assert (data.dates[0], data.dates[-1]) == (date(1990, 1, 2), date(2024, 12, 31))
    assert data.gaps.non_trading_days == ()
    assert data.gaps.missing_sessions == (
        date(1991, 3, 1),
        date(1997, 1, 31),
        date(1997, 11, 26),
        date(1999, 12, 31),
    )
    assert len(data) == len(schedule.sessions(date(1990, 1, 2), date(2024, 12, 31))) - 4
    market = History(data)
    assert date(1997, 1, 31) in market.schedule.unlisted["SPXW"]
    assert len(market.starts(252, every=21, warm_up=252)) > 390
