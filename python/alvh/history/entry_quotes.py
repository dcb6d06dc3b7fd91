"""Quotes of times inside recorded sessions, at which layers may be opened."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from alvh.errors import HistoryError
from alvh.history.gaps import listed
from alvh.history.quotes import QuoteRecord, record
from alvh.history.snapshots import QuotesRead, spx_of

OPENING: Final = 9 * 60 + 30
SESSION: Final = 390
"""Minutes of a session from its opening to its close."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EntryQuotes:
    """The quotes of one time of day on the sessions that have them.

    Parameters
    ----------
    time : str
        "HH:MM" in New York.
    minute : int
        Minutes since the opening.
    record : QuoteRecord
        What can be traded then.
    spots : mapping of datetime.date to float
        Price of the index then, as the quotes name it, points.
    """

    time: str
    minute: int
    record: QuoteRecord
    spots: Mapping[date, float]

    def slices(self, sessions: Mapping[date, int]) -> list[dict[str, Any]]:
        """Return the slices as the core reads them; see `QuoteRecord.spec`."""
        spots = {sessions[day]: spot for day, spot in self.spots.items()}
        return [
            each | {"minute": self.minute, "spot": spots[each["session"]]}
            for each in self.record.spec(sessions)["slices"]
        ]

    def sentences(self, days: Sequence[date]) -> tuple[str, ...]:
        """Return what is replayed at this time, and on which of `days` nothing is."""
        told = tuple(f"At {self.time}: {text}" for text in self.record.sentences())
        known = set(self.record.days)
        if lacking := [day for day in days if day not in known]:
            told += (f"No quotes at {self.time} on {listed(lacking)}: nothing opens at that time then.",)
        return told


def entry_quotes(
    read: QuotesRead, times: Sequence[str], root: str, rates: Mapping[date, float]
) -> tuple[EntryQuotes, ...]:
    """Fit the quotes of times of entry.

    Parameters
    ----------
    read : QuotesRead
        All snapshots of the source.
    times : sequence of str
        "HH:MM" in New York, after the opening and before the close.
    root, rates
        As for `record`.

    Raises
    ------
    HistoryError
        A time is none, or no session has quotes then beside those that are its close.
    """
    if isinstance(times, str) or not all(isinstance(time, str) for time in times):
        raise HistoryError(f"times = {times!r}: a list of times of day such as '15:45'")
    return tuple(_at(read, time, root, rates) for time in sorted(set(times)))


def _at(read: QuotesRead, time: str, root: str, rates: Mapping[date, float]) -> EntryQuotes:
    named = re.fullmatch(r"([0-2][0-9]):([0-5][0-9])", time)
    minute = 60 * int(named[1]) + int(named[2]) - OPENING if named else 0
    if not 0 < minute < SESSION:
        raise HistoryError(f"times: {time!r}: a time of day in New York, 09:31 to 15:59, as HH:MM")
    quotes = read.at(time).filter(pl.col("root") == root)
    if quotes.is_empty():
        known = ", ".join(read.times(root)) or "none: one snapshot a day"
        raise HistoryError(
            f"times: {read.source} has no quotes of {root} at {time} beside those of the close. "
            f"Other times in it: {known}",
            source=read.source,
        )
    days = quotes.partition_by("quote_date", as_dict=True)
    return EntryQuotes(
        time=time,
        minute=minute,
        record=record(read.source, quotes, quotes.clear(), root, rates),
        spots={day: spx_of(read.source, day, snapshot) for (day,), snapshot in days.items()},
    )
