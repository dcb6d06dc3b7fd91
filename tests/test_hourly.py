"""RSI and MACD on the hour: what they are, and when they are known (R55)."""

import csv
import json
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alvh as av
from alvh import _core, signals
from alvh.bars import drawn
from alvh.errors import AlvhError, SignalError
from alvh.specification import specification
from twin_indicators import macd, macd_signal, rsi

TWINS = {"rsi_14_hourly": rsi, "macd_hourly": macd, "macd_signal_hourly": macd_signal}
ENDS = [(10, 30), (11, 30), (12, 30), (13, 30), (14, 30), (15, 30), (16, 0)]
DAYS = [date(2024, 7, day) for day in (1, 2, 3, 5, 8, 9, 10, 11, 12)]


def bars(closes, days=DAYS):
    ends = [datetime.combine(day, time(*end)) for day in days for end in ENDS]
    return pl.DataFrame({"time": ends[: len(closes)], "close": np.asarray(closes, float)})


def walk(count, seed=1):
    return 5000 * np.exp(0.004 * np.random.default_rng(seed).standard_normal(count).cumsum())


def minutes(seed=2, days=DAYS[:5], step=5):
    """Five-minute bars of whole sessions, with one outside of them."""
    begins = [datetime.combine(day, time(9, 30)) for day in days]
    ends = [begin + timedelta(minutes=step * (n + 1)) for begin in begins for n in range(390 // step)]
    frame = pl.DataFrame({"time": ends, "close": walk(len(ends), seed)})
    late = pl.DataFrame({"time": [ends[-1] + timedelta(minutes=10)], "close": [9999.0]})
    return pl.concat([frame, late])


def test_they_are_the_published_ones() -> None:
    rows = list(
        csv.DictReader((Path(__file__).parent / "golden/rsi14_stockcharts.csv").read_text().splitlines())
    )
    made = signals.hourly(bars([float(row["close"]) for row in rows])).filter(signal="rsi_14_hourly")
    for row, value in zip(rows, made["value"], strict=True):
        if row["rsi_published_2dp"]:
            assert value == pytest.approx(float(row["rsi_published_2dp"]), abs=0.00501)
        else:
            assert value is None


def test_they_are_those_of_the_last_bar_of_each_hour() -> None:
    frame = minutes()
    made = signals.hourly(frame)
    inside = frame[:-1]
    per_day = [n for n in range(390 // 5) if (n + 1) % 12 == 0 or n == 390 // 5 - 1]
    last = inside["close"].to_numpy().reshape(5, -1)[:, per_day]
    released = inside["time"].to_numpy().reshape(5, -1)[:, per_day].ravel()
    for name, twin in TWINS.items():
        rows = made.filter(signal=name)
        np.testing.assert_array_equal(rows["released_at"].to_numpy(), released)
        found = rows["value"].fill_null(float("nan")).to_numpy()
        np.testing.assert_allclose(found, twin(last.ravel()), rtol=1e-9, atol=1e-9)
    assert (made["released_at"].dt.date() == made["date"]).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5 * 78))
def test_cutting_the_future_never_changes_the_past(kept: int) -> None:
    """What was released by the end of the last bar is the same without what came later."""
    frame = minutes()
    until = frame["time"][kept - 1]
    whole, cut = signals.hourly(frame), signals.hourly(frame[:kept])
    known = pl.col("released_at") <= until
    assert cut.filter(known).equals(whole.filter(known))


def test_a_day_sees_its_last_hour_and_no_later_one() -> None:
    made = signals.hourly(bars(walk(len(DAYS) * 7)))
    seen = signals.align(made, DAYS)
    rows = made.filter(signal="rsi_14_hourly").group_by("date", maintain_order=True).last()
    assert seen["rsi_14_hourly"].to_list() == rows["value"].to_list()


def test_zones_are_heeded_and_half_days_end_early() -> None:
    frame = bars(walk(21))
    zoned = frame.with_columns(
        pl.col("time").dt.replace_time_zone("America/New_York").dt.convert_time_zone("UTC")
    )
    assert signals.hourly(zoned).equals(signals.hourly(frame))
    half = frame.filter(~((pl.col("time").dt.date() == DAYS[2]) & (pl.col("time").dt.hour() > 13)))
    made = signals.hourly(half).filter(signal="rsi_14_hourly", date=DAYS[2])
    assert made["released_at"].max() == datetime.combine(DAYS[2], time(13, 30))


GOOD = bars(walk(14))


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (GOOD.rename({"close": "closes"}), "no column 'close'; did you mean 'closes'?"),
        (GOOD.with_columns(pl.col("time").cast(pl.String)), "column time: datetimes, the end of each bar"),
        (GOOD.with_columns(pl.col("close").cast(pl.String)), "column close: numbers"),
        (GOOD[::-1], "row 2, column time: .* is not a datetime after the one before"),
        (
            GOOD.with_columns(close=pl.when(pl.col("close") == GOOD["close"][4]).then(0.0).otherwise(1.0)),
            "row 5,",
        ),
        (GOOD.with_columns(pl.col("time") + pl.duration(hours=8)), "none ends between 9:30 and 16:00"),
    ],
)
def test_bad_bars_are_named(frame: pl.DataFrame, words: str) -> None:
    with pytest.raises(SignalError, match=words.replace("?", r"\?")):
        signals.hourly(frame)


def test_a_layer_opens_by_the_hour_on_a_history() -> None:
    days = av.schedule.sessions(date(2024, 1, 2), date(2024, 6, 28))
    spot = 4700 + 40 * np.sin(np.arange(len(days)) / 3)
    closes = pl.DataFrame({"date": days, "spx": spot, "vix": 14.0})
    history = av.market.History(closes, rate=0.05, dividend_yield=0.014)
    made = signals.hourly(bars(walk(len(days) * 7, seed=8), days))
    arm = av.Arm("hour", av.IronCondor(days=30, every="day", enter="rsi_14_hourly > 50"))
    few = {"sessions": 42, "shares": [0.1], "surface_band": 0}
    result = av.compare([arm], history, every=60, signals=made, **few)
    seen = signals.align(made, days)["rsi_14_hourly"].to_list()
    start = result.task.spec["starts"][0]
    told = result.trace(0).events.filter(pl.col("event").is_in(["open", "skip"]))["tick"].to_list()
    assert told == [tick + 1 for tick in range(42) if (seen[start + tick] or 0) > 50]


# In simulations

SESSIONS, SEED = 130, 11  # of them 2025-07-03, a half day
LEVELS = {"rsi_14_hourly": 52.0, "macd_hourly": 2.0, "macd_signal_hourly": 1.0}


def hours_of(spec, path: int):
    """Closes of the hours of a simulated path, a list a session: those of its bars of a minute."""
    days = spec["schedule"]["half_days"][1 : SESSIONS + 1]
    asked = {"bars": 390, "seed": spec["seed"], "first_path": path, "half_days": days}
    asked |= {"profile": None, "threads": 1}
    found = drawn(spec["market"], 1, SESSIONS, **asked)
    assert sum(days) == 1
    return [
        found.spot[0, session, [list(minutes).index(end) for end in ends]]
        for session, half in enumerate(days)
        for minutes, ends in [
            (found.half_minutes, (60, 120, 180, 210))
            if half
            else (found.minutes, (60, 120, 180, 240, 300, 360, 390))
        ]
    ]


@pytest.mark.parametrize("model", [av.market.L3F(vix=18), av.market.PDV4(vix=18), av.market.GBM()])
@pytest.mark.parametrize("name", LEVELS)
def test_simulated_hours_are_those_of_the_bars(name: str, model) -> None:
    one = av.Size(target="lots", value=1)
    arm = av.Arm("hour", av.IronCondor(days=30, every="day", enter=f"{name} > {LEVELS[name]}", size=one))
    asked = {"sessions": SESSIONS, "capital": 1e8, "seed": SEED, "shares": (0.1,)}
    spec = specification([arm], model, signals=signals.Macro(), **asked)
    plan = _core.Plan(json.dumps(spec))
    for path in (0, 300):
        hours = hours_of(spec, path)
        values = TWINS[name](np.concatenate(hours))
        at_close = [np.nan, *values[np.cumsum([len(each) for each in hours]) - 1]]
        wanted = [tick + 1 for tick in range(SESSIONS) if at_close[tick] > LEVELS[name]]
        told = [each["tick"] for each in plan.trace(path, 0)["events"] if each["event"] in {"open", "skip"}]
        assert told == wanted
        assert 5 < len(wanted) < 125


def test_hours_change_no_other_bit_with_bars_and_without() -> None:
    one = av.Size(target="lots", value=1)
    arm = av.Arm("hour", av.IronCondor(days=30, every="day", enter="rsi_14_hourly > 52", size=one))
    few = {"paths": 300, "sessions": 15, "shares": [0.1], "surface_band": 0, "signals": signals.Macro()}
    plain, market = av.preset("stop_1x"), av.market.L3F(vix=18)
    for bars in (None, 13):
        alone = av.compare([plain], market, bars=bars, **few).paths().filter(arm="stop_1x").collect()
        both = av.compare([plain, arm], market, bars=bars, **few)
        assert both.paths().filter(arm="stop_1x").collect().equals(alone)
        assert any(limit.startswith("Hours are drawn between simulated closes") for limit in both.limits)
        opened = both.paths().filter(arm="hour").collect()["opened"]
        assert 0 < opened.mean() < 13  # known from session 3 on: fourteen changes
        if bars is None:
            first = opened
    assert opened.equals(first)
    assert both.manifest["facts"]["signals"]["names"] == ["rsi_14_hourly"]


def test_hours_of_what_has_none_are_refused() -> None:
    arm = av.Arm("hour", av.IronCondor(days=30, enter="rsi_14_hourly > 52"))
    spec = specification(
        [arm],
        av.market.L3F(),
        sessions=5,
        capital=1e6,
        seed=0,
        shares=(0.1,),
        signals=signals.Macro(),
    )
    spec["signals"]["hourly"]["rsi_14_hourly"] = "drawdown"
    with pytest.raises(AlvhError, match="one of rsi_14, macd, macd_signal"):
        _core.Plan(json.dumps(spec))
