"""Announcement days of a replay (R77): the published schedule, rules that say so, files of one's own."""

import csv
import json
import os
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import alvh as av
from alvh import market, schedule
from alvh.errors import CalendarError, SpecError
from alvh.history import History
from alvh.schedule import read_events
from alvh.schedule.announcements import announced, spelled
from history_samples import DAYS, RATES, frame
from run_samples import command, refused

YEARS = range(2000, 2027)


def scheduled(year=None):
    days = [date(year or 2000, 1, 3), date(year or 2026, 12, 31)]
    return announced({"fomc": "scheduled"}, days, days[-1])["fomc"]


# The packaged schedule


def test_eight_meetings_a_year_on_sessions_weeks_apart():
    for year in YEARS:
        days = scheduled(year)
        assert len(days) == 8
        assert all(schedule.is_session(day) and 1 <= day.weekday() <= 3 for day in days)
    gaps = np.diff(scheduled()).astype("timedelta64[D]").astype(int)
    assert (gaps.min(), gaps.max()) == (34, 58)


@pytest.mark.data
def test_the_schedule_is_that_of_two_lists():
    """Days of the lists that are not here were decided between meetings, or are the first of two days."""
    root = os.environ.get("ALVH_DATA")
    if root is None:
        pytest.skip("ALVH_DATA is not set")
    with (Path(root) / "macro" / "fomc_dates.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    listed = {date.fromisoformat(row["date"]) for row in rows}
    ours = set(scheduled())
    assert ours - listed == {date(2020, 3, 18)}  # cancelled on the 15th: until then it was the next
    assert {date.fromisoformat(row["date"]) for row in rows if row["kind"] == "scheduled"} <= ours
    first_days = {date(2003, 9, 15), date(2012, 10, 23)}
    between = {day for day in listed - ours if day.year >= 2019}
    assert listed - ours == first_days | between
    assert len(between) == 8


def test_a_rule_counts_the_days_to_a_scheduled_meeting():
    days = schedule.sessions(date(2024, 1, 2), date(2024, 6, 28))
    closes = pl.DataFrame({"date": days, "spx": 5000.0, "vix": 15.0})
    history = History(closes, **RATES, events={"fomc": "scheduled"})
    arm = av.Arm("before", av.IronCondor(days=30, every="day", enter="days_to_fomc <= 2"))
    few = {"sessions": 100, "every": 200, "shares": [0.1], "surface_band": 0}
    result = av.compare([arm], history, **few)
    events = result.trace(0).events.filter(pl.col("event").is_in(["open", "skip"]))
    meetings = [date(2024, 1, 31), date(2024, 3, 20), date(2024, 5, 1), date(2024, 6, 12)]
    near = [i for i, day in enumerate(days[:100]) if min((m - day).days for m in meetings if m >= day) <= 2]
    assert events["tick"].to_list() == [tick + 1 for tick in near]
    assert any("scheduled meetings" in limit for limit in result.limits)
    assert not any("FOMC" in limit and "No announcement" in limit for limit in result.limits)
    assert set(result.announcements()) == {"fomc", "announcements"}


def test_days_by_rule_are_those_of_simulations_and_are_called_an_assumption():
    history = History(frame(), **RATES, events={"cpi": "by_rule", "ppi": "by_rule"})
    clock = history.schedule
    expected = schedule.synthetic_events(clock.dates[0], clock.dates[-1])
    assert clock.events["cpi"] == tuple(expected["cpi"])
    assert clock.events["ppi"] == tuple(expected["ppi"])
    assert sum("CPI and PPI days are where a rule puts them" in limit for limit in history.limits) == 1
    assert "No announcement dates for FOMC:" in " ".join(history.limits)


def test_the_tail_has_its_days_as_well():
    """The next meeting after the last session is known to rules that count the days to it."""
    clock = History(frame(), **RATES, events={"fomc": "scheduled"}).schedule
    assert clock.events["fomc"][0] == date(2024, 3, 20)
    assert clock.events["fomc"][-1] > DAYS[-1]


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ({"cpi": "scheduled"}, "only fomc is packaged. Mend: days of your own"),
        ({"gdp": "by_rule"}, "rules exist for fomc, cpi, ppi"),
        ({"fomc": "schedule"}, "fomc = 'schedule': did you mean 'scheduled'"),
        ({"FOMC": "scheduled"}, "kind 'FOMC': a lower-case name"),
        ({"fomc": ["2024-03-20"]}, "fomc: '2024-03-20' is not a datetime.date"),
    ],
)
def test_what_is_not_known_is_refused(events, words):
    with pytest.raises(CalendarError, match=words):
        History(frame(), **RATES, events=events)


def test_a_record_beyond_the_schedule_is_refused():
    days = schedule.sessions(date(1999, 12, 1), date(2000, 3, 1))
    with pytest.raises(CalendarError, match="the record has 1999-12-01, and the schedule runs from 2000 to"):
        History(frame(days), **RATES, events={"fomc": "scheduled"})


# Files


def test_a_file_is_read_by_kind(tmp_path):
    path = tmp_path / "days.csv"
    path.write_text("note,date,kind\nlate,2024-04-10,cpi\n,2024-03-12,cpi\n,2024-03-20,fomc\n")
    found = read_events(path)
    assert found == {"cpi": (date(2024, 3, 12), date(2024, 4, 10)), "fomc": (date(2024, 3, 20),)}
    assert History(frame(), **RATES, events=found).schedule.events["cpi"] == found["cpi"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kinds,date\ncpi,2024-03-12\n", "no column 'kind'; did you mean 'kinds'"),
        ("kind,date\ncpi,12.3.2024\n", "line 2: date '12.3.2024': YYYY-MM-DD"),
        ("kind,date\ncpi\n", "line 2: date ''"),
        ("kind,date\nCPI,2024-03-12\n", "line 2: kind 'CPI': a lower-case name"),
        ("kind,date\ncpi,2024-03-12\ncpi,2024-03-12\n", "line 3: cpi on 2024-03-12 stands twice"),
        ("kind,date\n", "no rows"),
        ("", "no column 'kind'"),
    ],
)
def test_a_bad_file_is_named_by_line(tmp_path, text, words):
    path = tmp_path / "days.csv"
    path.write_text(text)
    with pytest.raises(CalendarError, match=words.replace("?", r"\?")):
        read_events(path)
    with pytest.raises(CalendarError, match="cannot be read"):
        read_events(tmp_path / "absent.csv")


def test_words_and_files_survive_toml(tmp_path):
    path = tmp_path / "closes.csv"
    frame().write_csv(path)
    events = {"fomc": "scheduled", "cpi": [date(2024, 3, 12)], "ppi": "by_rule"}
    history = History(path, **RATES, events=events)
    again = market.from_toml(history.to_toml())
    assert again.schedule == history.schedule
    assert again.notes == history.notes
    with pytest.raises(SpecError, match="events"):
        market.from_toml(history.to_toml().replace('"scheduled"', '"planned"'))


# The command


def test_the_command_takes_words_and_files(tmp_path):
    days, closes = tmp_path / "days.csv", tmp_path / "closes.csv"
    days.write_text("kind,date\ncpi,2024-03-12\n")
    frame().with_columns(rate=0.05, dividend_yield=0.014).write_csv(closes)
    asked = ("compare", "--arm", "plain", "--history", closes, "--sessions", 5, "--shares", 0.1, "--paths", 2)
    ran = command(*asked, "--events", "fomc=scheduled", "--events", days, "--json")
    assert ran.returncode == 0, ran.stderr
    limits = " ".join(json.loads(ran.stdout)["limits"])
    assert "FOMC days are those of scheduled meetings" in limits
    assert "No announcement dates for PPI:" in limits
    assert "changes nothing here" in refused("compare", "--events", "fomc=scheduled")
    with pytest.raises(CalendarError, match="cpi is given twice"):
        spelled([str(days), "cpi=by_rule"])
    with pytest.raises(CalendarError, match="did you mean 'by_rule'"):
        spelled(["cpi=by_rules"])
