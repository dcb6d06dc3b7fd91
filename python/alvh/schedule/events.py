"""Announcement days of the synthetic calendar, by rule.

An assumption, not a record: the rules put each announcement where it usually falls (R28, R56), so that
simulated years have the right number of events at the right spacing. Real histories take real dates.
"""

from datetime import date, timedelta
from typing import Final, TypeAlias

from alvh.schedule import exchange

Events: TypeAlias = dict[str, list[date]]

WEDNESDAY: Final = 2  # date.weekday()
DAYS_PER_WEEK: Final = 7
LAST: Final = -1
# The Wednesday, counted within its month, that ends each of the eight scheduled meetings.
FOMC_WEDNESDAYS: Final = {1: LAST, 3: 3, 4: LAST, 6: 3, 7: LAST, 9: 3, 10: LAST, 12: 2}
CPI_EARLIEST_DAY: Final = 11  # releases cluster on the 10th to 15th; this rule gives the 11th to 14th


def synthetic_events(first: date, last: date) -> Events:
    """Return plausible announcement sessions from `first` to `last`, both included: an assumption.

    - ``fomc``: the last Wednesday of January, April, July and October, the third of March, June and
      September, the second of December (the session before when that is a holiday). Announced at 14:00 New
      York time.
    - ``cpi``: each month's first session from the 11th on. ``ppi``: the session after it. Both at 08:30.

    Parameters
    ----------
    first, last : datetime.date
        Inside the exchange calendar's span.

    Returns
    -------
    dict of str to list of datetime.date
        Keys ``fomc``, ``cpi``, ``ppi``; ascending sessions.

    Examples
    --------
    >>> from datetime import date
    >>> [f"{day:%d %b}" for day in synthetic_events(date(2025, 6, 1), date(2025, 9, 30))["fomc"]]
    ['18 Jun', '30 Jul', '17 Sep']
    """
    inside = set(exchange.sessions(first, last))
    years = range(first.year, last.year + 1)
    fomc = [_session_by(_wednesday(year, month, n)) for year in years for month, n in FOMC_WEDNESDAYS.items()]
    cpi = [_session_from(date(year, month, CPI_EARLIEST_DAY)) for year in years for month in range(1, 13)]
    ppi = [exchange.next_session(day) for day in cpi]
    return {
        name: sorted(inside.intersection(days)) for name, days in (("fomc", fomc), ("cpi", cpi), ("ppi", ppi))
    }


def _wednesday(year: int, month: int, n: int) -> date:
    """Return the n-th Wednesday of a month, or its last one."""
    if n == LAST:
        fifth = _wednesday(year, month, 5)
        return fifth if fifth.month == month else fifth - timedelta(days=DAYS_PER_WEEK)
    first = date(year, month, 1)
    return first + timedelta(days=(WEDNESDAY - first.weekday()) % DAYS_PER_WEEK + (n - 1) * DAYS_PER_WEEK)


def _session_by(day: date) -> date:
    return day if exchange.is_session(day) else exchange.previous_session(day)


def _session_from(day: date) -> date:
    return day if exchange.is_session(day) else exchange.next_session(day)
