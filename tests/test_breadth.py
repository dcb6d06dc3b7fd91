"""Breadth from the closes of members (R76): a naive twin, what is missing, and when it is known."""

import math
from datetime import date, datetime, time

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alvh as av
from alvh import schedule, signals
from alvh.errors import SignalError

DAYS = schedule.sessions(date(2024, 1, 2), date(2024, 4, 30))
TICKERS = [f"T{n}" for n in range(12)]


def members(seed=1, missing=0.05, days=DAYS):
    """Walks with a common part; some closes are missing, and one member is listed late, one leaves."""
    draw = np.random.default_rng(seed)
    steps = 0.01 * draw.standard_normal((len(days), 1)) + 0.01 * draw.standard_normal((len(days), 12))
    closes = np.round(50 * np.exp(steps.cumsum(axis=0)), 1)  # coarse: some do not move
    closes[draw.random(closes.shape) < missing] = np.nan
    closes[:30, 0] = closes[40:, 1] = np.nan
    return pl.DataFrame({"date": days} | dict(zip(TICKERS, closes.T, strict=True)))


def index(days=DAYS):
    return pl.DataFrame({"date": days, "close": 5000 + 40 * np.sin(np.arange(len(days)) / 5.0)})


def known(value):
    return value is not None and not math.isnan(value)


def twin(closes, prices, sessions, least):
    """Day by day and member by member."""
    rows = closes.rows()
    net, line, divergence = [], [], []
    total = 0.0
    for i, row in enumerate(rows):
        listed = counted = value = 0
        for before, now in zip(rows[i - 1][1:], row[1:], strict=True) if i else ():
            if known(before):
                listed += 1
                if known(now):
                    counted += 1
                    value += (now > before) - (now < before)
        usable = counted > 0 and counted >= least * listed
        total += value if usable else 0
        net.append(float(value) if usable else None)
        line.append(total if usable else None)
        place = []
        for series in (prices, line):
            window = series[i + 1 - sessions : i + 1] if i + 1 >= sessions else [None]
            if all(map(known, window)) and max(window) > min(window):
                place.append((window[-1] - min(window)) / (max(window) - min(window)))
        divergence.append(place[0] - place[1] if len(place) == 2 else None)
    return {
        "advance_decline": net,
        "advance_decline_line": line,
        "advance_decline_divergence": divergence,
    }


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 50), st.sampled_from([0.0, 0.05, 0.2]), st.integers(2, 30), st.floats(0, 1))
def test_it_is_what_the_twin_says(seed, missing, sessions, least):
    closes = members(seed, missing)
    made = signals.breadth(closes, index=index(), sessions=sessions, least=least)
    for name, expected in twin(closes, index()["close"].to_list(), sessions, least).items():
        rows = made.filter(signal=name)
        assert rows["date"].to_list() == DAYS
        assert rows["value"].to_list() == pytest.approx(expected, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, len(DAYS)))
def test_cutting_the_future_never_changes_the_past(kept):
    closes = members()
    whole = signals.breadth(closes, index=index(), sessions=5)
    cut = signals.breadth(closes[:kept], index=index(), sessions=5)
    assert cut.equals(whole.filter(pl.col("date") <= DAYS[kept - 1]))


def test_a_row_for_each_member_is_the_same():
    closes = members()
    long = closes.unpivot(index="date", variable_name="ticker", value_name="close")
    shuffled = long.sample(fraction=1.0, shuffle=True, seed=3)
    assert signals.breadth(shuffled, index=index()).equals(signals.breadth(closes, index=index()))
    # A row that is not there is a close that is missing.
    there = shuffled.filter(pl.col("close").is_not_nan())
    assert signals.breadth(there).equals(signals.breadth(closes))


def test_too_few_members_are_no_day_and_the_line_goes_on_from_the_last_one():
    closes = members(missing=0).with_columns(
        pl.when(pl.col("date") == DAYS[10]).then(None).otherwise(pl.col(name)).alias(name)
        for name in TICKERS[2:6]
    )
    net, line = (
        signals.breadth(closes).filter(signal=name)["value"].to_list()
        for name in ("advance_decline", "advance_decline_line")
    )
    assert (net[10], line[10]) == (None, None)
    assert known(net[11])  # of those that closed on the day before
    assert line[11] == line[9] + net[11]


def test_what_diverges_by_hand():
    """The index at its high on the back of one member in three: at 1 of its range, the line at 0."""
    days = DAYS[:4]
    closes = {"A": [10.0, 20.0, 40.0, 80.0], "B": [9.0, 8.0, 7.0, 6.0], "C": [9.0, 8.0, 7.0, 6.0]}
    prices = {"close": [28.0, 36.0, 54.0, 92.0]}
    made = signals.breadth(
        pl.DataFrame({"date": days} | closes), index=pl.DataFrame({"date": days} | prices), sessions=3
    )
    told = {name: rows["value"].to_list() for (name,), rows in made.group_by("signal")}
    assert told["advance_decline"] == [None, -1.0, -1.0, -1.0]
    assert told["advance_decline_line"] == [None, -1.0, -2.0, -3.0]
    assert told["advance_decline_divergence"] == [None, None, None, 1.0]


def test_a_layer_opens_where_the_index_is_held_up_by_few():
    closes = members(missing=0)
    made = signals.breadth(closes, index=index())
    assert set(made["signal"]) <= set(signals.registry())
    assert made["released_at"][0] == datetime.combine(DAYS[0], time(16))
    spot = index()["close"]
    history = av.market.History(
        pl.DataFrame({"date": DAYS, "spx": spot, "vix": 14.0}), rate=0.05, dividend_yield=0.014
    )
    arm = av.Arm("narrow", av.IronCondor(days=30, every="day", enter="advance_decline_divergence > 0.2"))
    few = {"sessions": 60, "every": 90, "shares": [0.1], "surface_band": 0}
    result = av.compare([arm], history, signals=made, **few)
    values = made.filter(signal="advance_decline_divergence")["value"].to_list()
    told = result.trace(0).events.filter(pl.col("event").is_in(["open", "skip"]))["tick"].to_list()
    assert told == [tick + 1 for tick in range(60) if known(values[tick]) and values[tick] > 0.2]
    assert told


WIDE = members(days=DAYS[:6], missing=0)
LONG = WIDE.unpivot(index="date", variable_name="ticker", value_name="close")


@pytest.mark.parametrize(
    ("frame", "options", "words"),
    [
        (WIDE.drop("date"), {}, "column date: dates, not absent"),
        (WIDE.with_columns(pl.col("date").cast(pl.String)), {}, "column date: dates, not String"),
        (WIDE.with_columns(date=pl.lit(None, dtype=pl.Date)), {}, "row 1, column date: missing"),
        (WIDE.select("date"), {}, "no tickers"),
        (pl.concat([WIDE, WIDE[:1]]), {}, "closes: 2024-01-02 stands twice"),
        (pl.concat([LONG, LONG[:1]]), {}, "T0 on 2024-01-02 stands twice"),
        (WIDE.with_columns(T3=pl.lit("x")), {}, "column T3: numbers"),
        (WIDE.with_columns(T3=pl.lit(-1.0)), {}, "row 1, column T3: -1.0 is not above 0"),
        (WIDE, {"sessions": 1}, "sessions = 1: a whole number of at least 2"),
        (WIDE, {"least": 1.5}, "least = 1.5: a share from 0 to 1"),
        (WIDE, {"index": WIDE}, "index: no column 'close'"),
        (WIDE, {"index": pl.concat([index(), index()])}, "index: 2024-01-02 stands twice"),
    ],
)
def test_bad_closes_are_named(frame, options, words):
    with pytest.raises(SignalError, match=words):
        signals.breadth(frame, **options)
