"""The exchange calendar, listed expiries, synthetic announcements and the clock."""

import csv
import json
import os
import pickle
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh import schedule
from alvh.errors import CalendarError, ContractError
from alvh.schedule import Schedule
from alvh.schedule.clock import tail_for

GOLDEN = Path(__file__).parent / "golden"
FIRST, LAST = schedule.span()
ONE_DAY = timedelta(days=1)
AFTER_THE_ATTACKS = date(2001, 9, 17)
DAYS = st.dates(date(1990, 2, 1), date(2035, 11, 30))

CLOSED = {
    "Nixon": "1994-04-27",
    "attacks, first day": "2001-09-11",
    "attacks, last day": "2001-09-14",
    "Reagan": "2004-06-11",
    "Ford": "2007-01-02",
    "Sandy, first day": "2012-10-29",
    "Sandy, second day": "2012-10-30",
    "Bush": "2018-12-05",
    "Carter": "2025-01-09",
    "Good Friday 2000": "2000-04-21",
    "Good Friday 2025": "2025-04-18",
    "Good Friday 2031": "2031-04-11",
    "Juneteenth 2022 on a Sunday, observed": "2022-06-20",
    "Independence Day 2026 on a Saturday, observed": "2026-07-03",
    "Christmas 2021 on a Saturday, observed": "2021-12-24",
}
OPEN = {
    "after the attacks": "2001-09-17",
    "New Year 2022 on a Saturday, not observed": "2021-12-31",
    "Juneteenth before it was a holiday": "2020-06-19",
    "Columbus Day": "2024-10-14",
    "Veterans Day": "2024-11-11",
}
SHORT = {
    "after Thanksgiving 1993": "1993-11-26",
    "after Thanksgiving 2018": "2018-11-23",
    "after Thanksgiving 2024": "2024-11-29",
    "after Thanksgiving 2035": "2035-11-23",
    "Christmas Eve 2024": "2024-12-24",
    "before Independence Day 2023": "2023-07-03",
    "after Independence Day 2002": "2002-07-05",
}


@pytest.mark.parametrize("day", CLOSED.values(), ids=CLOSED.keys())
def test_closed(day):
    assert not schedule.is_session(date.fromisoformat(day))


@pytest.mark.parametrize("day", OPEN.values(), ids=OPEN.keys())
def test_open(day):
    assert schedule.is_session(date.fromisoformat(day))


@pytest.mark.parametrize("day", SHORT.values(), ids=SHORT.keys())
def test_half_day(day):
    short = date.fromisoformat(day)
    assert schedule.half_days(short, short) == [short]
    assert schedule.is_session(short)


def test_every_friday_after_thanksgiving_is_short():
    for year in range(1993, 2036):
        thanksgiving = next(d for d in (date(year, 11, n) for n in range(22, 29)) if d.weekday() == 3)
        assert not schedule.is_session(thanksgiving)
        friday = thanksgiving + ONE_DAY
        assert schedule.half_days(friday, friday) == [friday]


def test_a_year_has_about_252_sessions():
    counts = {
        year: len(schedule.sessions(date(year, 1, 1), date(year, 12, 31))) for year in range(1990, 2036)
    }
    assert set(counts.values()) <= set(range(248, 255))
    assert counts[2001] == 248
    assert counts[2024] == 252
    assert counts[2025] == 250


@given(DAYS)
def test_neighbours_invert_each_other(day):
    after = schedule.next_session(day)
    assert after > day
    assert not any(schedule.is_session(day + n * ONE_DAY) for n in range(1, (after - day).days))
    before = schedule.previous_session(after)
    assert before == (day if schedule.is_session(day) else schedule.previous_session(day))


@given(DAYS, DAYS)
def test_ordinals_count_sessions(a, b):
    first, last = schedule.next_session(min(a, b)), schedule.next_session(max(a, b))
    assert schedule.ordinal(last) - schedule.ordinal(first) == len(schedule.sessions(first, last)) - 1


@pytest.mark.parametrize(
    "day", [FIRST - ONE_DAY, LAST + ONE_DAY, datetime(2024, 1, 2, tzinfo=UTC), "2024-01-02", None]
)
def test_a_day_that_the_calendar_cannot_know(day):
    with pytest.raises(CalendarError):
        schedule.is_session(day)


def test_the_ends_of_the_calendar():
    with pytest.raises(CalendarError, match="starts on 1990-01-01"):
        schedule.previous_session(date(1990, 1, 2))
    with pytest.raises(CalendarError, match="ends on 2035-12-31"):
        schedule.next_session(LAST)
    assert schedule.sessions(LAST, FIRST) == []


def test_vix_expirations_by_rule():
    with (GOLDEN / "vix_expirations.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 36
    for row in rows:
        year, month = map(int, row["contract_month"].split("-"))
        assert (
            str(schedule.third_friday(year + month // 12, month % 12 + 1))
            == row["spx_third_friday_next_month"]
        )
        assert str(schedule.vix_expiration(year, month)) == row["expiration_date"], row["contract_month"]
    listed = schedule.listed_expiries("VIX", date(2024, 1, 1), date(2026, 12, 31))
    assert [str(day) for day in listed] == [row["expiration_date"] for row in rows]


def test_weeklies_move_to_thursday_before_a_holiday():
    listed = schedule.listed_expiries("SPXW", date(2024, 3, 25), date(2024, 4, 5))
    assert listed == [date(2024, 3, 28), date(2024, 4, 5)]


def test_a_window_that_ends_before_friday_has_no_weekly():
    assert schedule.listed_expiries("SPXW", date(2025, 4, 7), date(2025, 4, 10)) == []
    assert schedule.listed_expiries("SPXW", date(2025, 4, 14), date(2025, 4, 17)) == [date(2025, 4, 17)]


def test_daily_is_every_session_and_monthly_the_third_friday():
    first, last = date(2025, 1, 1), date(2025, 12, 31)
    assert schedule.listed_expiries("SPXW", first, last, cadence="daily") == schedule.sessions(first, last)
    monthly = schedule.listed_expiries("SPX", first, last)
    assert len(monthly) == 12
    assert date(2025, 4, 17) in monthly  # Good Friday is the third Friday


@given(DAYS, st.integers(0, 400), st.sampled_from(["SPXW", "XSP", "SPX", "VIX", "VX"]))
def test_a_window_lists_what_the_whole_lists(first, length, product):
    last = min(first + length * ONE_DAY, date(2035, 11, 30))
    whole = schedule.listed_expiries(product, date(1990, 1, 2), date(2035, 11, 30))
    assert schedule.listed_expiries(product, first, last) == [day for day in whole if first <= day <= last]


@pytest.mark.parametrize("cadence", ["weekly", "daily", "hourly"])
def test_a_cadence_that_the_product_does_not_list(cadence):
    with pytest.raises(ContractError, match="'monthly'"):
        schedule.listed_expiries("VIX", date(2025, 1, 1), date(2025, 2, 1), cadence=cadence)


def test_an_unknown_product():
    with pytest.raises(ContractError, match="did you mean 'SPXW'"):
        schedule.listed_expiries("SPXWW", date(2025, 1, 1), date(2025, 2, 1))


def test_synthetic_events_have_the_right_number_and_spacing():
    for year in range(1990, 2036):
        events = schedule.synthetic_events(date(year, 1, 1), date(year, 12, 31))
        assert [len(events[name]) for name in ("fomc", "cpi", "ppi")] == [8, 12, 12]
        gaps = [(b - a).days for a, b in zip(events["fomc"], events["fomc"][1:], strict=False)]
        assert min(gaps) >= 34
        assert max(gaps) <= 57
        assert all(11 <= day.day <= 14 for day in events["cpi"] if day != AFTER_THE_ATTACKS)
        assert [schedule.next_session(day) for day in events["cpi"]] == events["ppi"]


@pytest.mark.data
def test_synthetic_fomc_falls_in_the_week_of_the_real_meetings():
    root = os.environ.get("ALVH_DATA")
    if root is None:
        pytest.skip("ALVH_DATA is not set")
    with (Path(root) / "macro" / "fomc_dates.csv").open(encoding="utf-8", newline="") as file:
        real = [date.fromisoformat(row["date"]) for row in csv.DictReader(file) if row["kind"] == "scheduled"]
    rule = schedule.synthetic_events(date(2019, 1, 1), date(2026, 12, 31))["fomc"]
    distance = [min(abs((day - each).days) for each in rule) for day in real]
    assert max(distance) <= 8
    assert sum(d == 0 for d in distance) >= len(real) // 2


def test_synthetic_clock():
    clock = Schedule.synthetic(252, warm_up=60)
    assert clock.dates[clock.origin] == date(2025, 1, 2)
    assert clock.tradable == 60 + 252 + 1
    assert len(clock) == clock.tradable + 90
    assert date(2025, 1, 9) not in clock.dates
    assert clock.half_day[clock.dates.index(date(2025, 11, 28))]
    assert clock.unlisted == {"SPXW": ()}


def test_spec_is_json_and_consistent():
    clock = Schedule.synthetic(300, warm_up=20, listings={"SPXW": "daily", "VIX": "monthly"})
    spec = json.loads(json.dumps(clock.spec()))
    assert list(spec) == ["days", "ordinals", "half_days", "origin", "tradable", "expiries", "events"]
    assert [date(1970, 1, 1) + n * ONE_DAY for n in spec["days"]] == list(clock.dates)
    assert spec["ordinals"] == list(range(spec["ordinals"][0], spec["ordinals"][0] + len(clock)))
    assert spec["expiries"]["SPXW"] == list(range(len(clock)))
    assert [clock.dates[i] for i in spec["expiries"]["VIX"]] == list(clock.expiries["VIX"])
    assert all(spec["events"][name] == sorted(set(spec["events"][name])) for name in ("fomc", "cpi", "ppi"))
    assert all(len(spec[name]) == len(clock) for name in ("days", "ordinals", "half_days"))


def test_history_clock_counts_real_sessions_and_reports_lost_expiries():
    full = schedule.sessions(date(2024, 3, 4), date(2024, 3, 28))
    lacking = [day for day in full if day not in {date(2024, 3, 15), date(2024, 3, 19)}]
    clock = Schedule.from_history(lacking, tail_sessions=30)
    assert clock.origin == 0
    assert clock.tradable == len(lacking)
    assert clock.dates[clock.tradable :] == tuple(schedule.sessions(date(2024, 4, 1), clock.dates[-1]))
    assert (
        clock.ordinals[lacking.index(date(2024, 3, 18))] - clock.ordinals[lacking.index(date(2024, 3, 14))]
        == 2
    )
    assert clock.unlisted == {"SPXW": (date(2024, 3, 15),)}
    assert clock.expiries["SPXW"][:4] == (
        date(2024, 3, 8),
        date(2024, 3, 22),
        date(2024, 3, 28),
        date(2024, 4, 5),
    )
    assert clock.events == {"fomc": (), "cpi": (), "ppi": ()}


def test_history_events_take_effect_on_the_next_session():
    days = schedule.sessions(date(2020, 3, 2), date(2020, 4, 30))
    announced = [date(2020, 3, 15), date(2020, 3, 16), date(2020, 1, 29), date(2020, 4, 10)]
    clock = Schedule.from_history(days, tail_sessions=0, events={"fomc": announced})
    assert clock.events["fomc"] == (date(2020, 3, 16), date(2020, 4, 13))


@pytest.mark.parametrize(
    "dates",
    [
        [],
        [date(2024, 1, 1)],
        [date(2024, 1, 6)],
        [date(2024, 1, 3), date(2024, 1, 2)],
        [date(2024, 1, 3), date(2024, 1, 3)],
        [date(1989, 12, 29)],
        [date(2035, 12, 20)],
    ],
    ids=[
        "empty",
        "holiday",
        "Saturday",
        "unsorted",
        "twice",
        "before the calendar",
        "tail beyond the calendar",
    ],
)
def test_history_clock_refuses(dates):
    with pytest.raises(CalendarError):
        Schedule.from_history(dates)


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": date(2025, 1, 1)},
        {"sessions": 0},
        {"warm_up": -1},
        {"tail_sessions": -1},
        {"sessions": 9000},
        {"warm_up": 9000},
    ],
)
def test_synthetic_clock_refuses(wrong):
    with pytest.raises(CalendarError):
        Schedule.synthetic(**{"sessions": 252, **wrong})


def test_a_clock_survives_pickling():
    clock = Schedule.synthetic(30)
    assert pickle.loads(pickle.dumps(clock)) == clock  # noqa: S301 - made one line above


def test_import_needs_neither_pandas_nor_polars():
    code = (
        "import sys, alvh.schedule; alvh.schedule.Schedule.synthetic(252); "
        "sys.exit(bool({'pandas', 'polars'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_vix_futures_settle_with_the_options():
    first, last = date(2024, 1, 1), date(2026, 12, 31)
    options = schedule.listed_expiries("VIX", first, last)
    assert (
        schedule.listed_expiries("VX", first, last) == schedule.listed_expiries("VXM", first, last) == options
    )


@given(st.integers(1, 730), st.integers(20, 300))
def test_tail_reaches_the_farthest_expiry(days, sessions):
    clock = Schedule.synthetic(sessions, tail_sessions=tail_for(days))
    assert (clock.dates[-1] - clock.dates[clock.tradable - 1]).days >= days
