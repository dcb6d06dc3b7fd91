"""The exchange calendar of S&P 500 index options: sessions and half days.

The table ships with the package (`data/sessions.json`, written by `scripts/make_calendar.py`); outside its
span every function raises `CalendarError` rather than guess holidays.
"""

import json
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources

from alvh.errors import CalendarError

ONE_DAY = timedelta(days=1)
SATURDAY = 5  # date.weekday()


@dataclass(frozen=True, slots=True)
class _Calendar:
    first: date
    last: date
    days: tuple[date, ...]
    half_days: tuple[date, ...]


@cache
def _calendar() -> _Calendar:
    table = json.loads(resources.files("alvh").joinpath("data/sessions.json").read_text(encoding="utf-8"))
    first, last = date.fromisoformat(table["first"]), date.fromisoformat(table["last"])
    closed = set(map(date.fromisoformat, table["closed_weekdays"]))
    every_day = (first + n * ONE_DAY for n in range((last - first).days + 1))
    days = tuple(day for day in every_day if day.weekday() < SATURDAY and day not in closed)
    return _Calendar(first, last, days, tuple(map(date.fromisoformat, table["half_days"])))


def _covered(day: date) -> _Calendar:
    """Return the calendar if it knows `day`."""
    if isinstance(day, datetime) or not isinstance(day, date):
        raise CalendarError(f"{day!r} is not a datetime.date: give the exchange's (New York) date")
    calendar = _calendar()
    if not calendar.first <= day <= calendar.last:
        raise CalendarError(
            f"{day} lies outside the exchange calendar, which runs from {calendar.first} to {calendar.last}: "
            "choose dates inside it"
        )
    return calendar


def span() -> tuple[date, date]:
    """Return the first and last day that the calendar knows.

    Examples
    --------
    >>> [str(day) for day in span()]
    ['1990-01-01', '2035-12-31']
    """
    calendar = _calendar()
    return calendar.first, calendar.last


def sessions(first: date, last: date) -> list[date]:
    """Return the sessions from `first` to `last`, both included, ascending.

    Parameters
    ----------
    first, last : datetime.date
        Any days inside the calendar's span; empty when `last` is before `first`.

    Raises
    ------
    CalendarError
        A day lies outside the span.

    Examples
    --------
    >>> from datetime import date
    >>> [str(day) for day in sessions(date(2001, 9, 10), date(2001, 9, 17))]
    ['2001-09-10', '2001-09-17']
    """
    _covered(first)
    days = _covered(last).days
    return list(days[bisect_left(days, first) : bisect_right(days, last)])


def half_days(first: date, last: date) -> list[date]:
    """Return the sessions from `first` to `last` that close early, ascending.

    The cash index closes at 13:00 New York time (14:00 before 1993), the options a quarter of an hour later.
    """
    _covered(first)
    days = _covered(last).half_days
    return list(days[bisect_left(days, first) : bisect_right(days, last)])


def is_session(day: date) -> bool:
    """Return whether the exchange holds a session on `day`."""
    days = _covered(day).days
    index = bisect_left(days, day)
    return index < len(days) and days[index] == day


def next_session(day: date) -> date:
    """Return the first session strictly after `day`."""
    calendar = _covered(day)
    index = bisect_right(calendar.days, day)
    if index == len(calendar.days):
        raise CalendarError(f"the exchange calendar ends on {calendar.last}: it knows no session after {day}")
    return calendar.days[index]


def previous_session(day: date) -> date:
    """Return the last session strictly before `day`."""
    calendar = _covered(day)
    index = bisect_left(calendar.days, day)
    if index == 0:
        raise CalendarError(
            f"the exchange calendar starts on {calendar.first}: it knows no session before {day}"
        )
    return calendar.days[index - 1]


def ordinal(day: date) -> int:
    """Return the index of session `day` in the exchange calendar.

    The difference of two ordinals is the number of sessions between them, whatever a data file lacks.

    Raises
    ------
    CalendarError
        No session is held on `day`.

    Examples
    --------
    >>> from datetime import date
    >>> ordinal(date(2025, 1, 10)) - ordinal(date(2025, 1, 8))  # 2025-01-09 was a day of mourning
    1
    """
    days = _covered(day).days
    index = bisect_left(days, day)
    if index == len(days) or days[index] != day:
        raise CalendarError(f"the exchange holds no session on {day} ({day:%A}): choose a session")
    return index


def sessions_around(day: date, *, before: int = 0, after: int = 0) -> list[date]:
    """Return `before` sessions before session `day`, the day itself and `after` sessions after it.

    Raises
    ------
    CalendarError
        `day` is not a session, or the calendar has too few sessions on one side.
    """
    calendar, index = _covered(day), ordinal(day)
    if index < before:
        raise CalendarError(
            f"{before} sessions before {day} reach back beyond the calendar's start, {calendar.first}: "
            "start later"
        )
    if index + after >= len(calendar.days):
        raise CalendarError(
            f"{after} sessions after {day} run beyond the calendar's end, {calendar.last}: "
            "start earlier or ask for fewer sessions"
        )
    return list(calendar.days[index - before : index + after + 1])
