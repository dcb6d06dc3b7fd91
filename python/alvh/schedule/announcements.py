"""Announcement days of recorded markets (R77): a published schedule, a rule, or days of the user's."""

import csv
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from alvh.errors import CalendarError, nearest_names
from alvh.schedule.events import Events, synthetic_events

__all__ = ["BY_RULE", "SCHEDULED", "Days", "Word", "announced", "read_events", "sentences", "spelled"]

Word: TypeAlias = Literal["scheduled", "by_rule"]
"""In place of days: those of the published schedule, or those where a rule puts them."""

Days: TypeAlias = Iterable[date] | Word

SCHEDULED: Final = "scheduled"
BY_RULE: Final = "by_rule"
WORDS: Final = get_args(Word)
COLUMNS: Final = ("kind", "date")
NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@cache
def _published() -> dict[str, tuple[date, ...]]:
    """Return the packaged days by kind, ascending."""
    text = resources.files("alvh").joinpath("data", "announcements.toml").read_text(encoding="utf-8")
    return {
        kind: tuple(date.fromisoformat(f"{year}-{day}") for year, days in years.items() for day in days)
        for kind, years in tomllib.loads(text).items()
    }


def announced(
    events: Mapping[str, Days] | None, sessions: Sequence[date], last: date
) -> dict[str, tuple[date, ...]]:
    """Return the announcement days of a record by kind, words replaced by the days that they stand for.

    Parameters
    ----------
    events : mapping of str to iterable of datetime.date, or "scheduled" or "by_rule", optional
        By kind: ``fomc``, ``cpi``, ``ppi`` are those that rules count the days to, others are told apart in
        figures alone. ``"scheduled"``: the published meetings of the FOMC, 2000 to 2026. ``"by_rule"``:
        where `synthetic_events` puts them, an assumption.
    sessions : sequence of datetime.date
        The record, ascending.
    last : datetime.date
        Last day of the clock, from the record's last session on.

    Returns
    -------
    dict of str to tuple of datetime.date
        Ascending, each day once.

    Raises
    ------
    CalendarError
        A kind or a word is not known, a day is no date, or the schedule does not cover the record.

    Examples
    --------
    >>> days = [date(2024, 3, 1), date(2024, 3, 28)]
    >>> {kind: [f"{day:%d %b}" for day in found] for kind, found in announced(
    ...     {"fomc": "scheduled", "cpi": "by_rule"}, days, days[-1]).items()}
    {'fomc': ['20 Mar'], 'cpi': ['11 Mar']}
    """
    return {kind: _days(kind, days, sessions, last) for kind, days in (events or {}).items()}


def _days(kind: str, days: Days, sessions: Sequence[date], last: date) -> tuple[date, ...]:
    if not NAME.fullmatch(kind):
        raise CalendarError(f"events: kind {kind!r}: a lower-case name, such as fomc")
    first = sessions[0]
    if isinstance(days, str):
        found = _scheduled(kind, sessions) if days == SCHEDULED else _by_rule(kind, days, first, last)
        return tuple(day for day in found if first <= day <= last)
    given = tuple(days)
    for day in given:
        if isinstance(day, datetime) or not isinstance(day, date):
            raise CalendarError(f"events: {kind}: {day!r} is not a datetime.date: give the New York day")
    return tuple(sorted(set(given)))


def _scheduled(kind: str, sessions: Sequence[date]) -> tuple[date, ...]:
    published = _published()
    if kind not in published:
        raise CalendarError(
            f"events: {kind} = {SCHEDULED!r}: only {', '.join(published)} is packaged. "
            f"Mend: days of your own (schedule.read_events), or {BY_RULE!r} where a rule will do"
        )
    days = published[kind]
    for session in (sessions[0], sessions[-1]):
        if not days[0].year <= session.year <= days[-1].year:
            raise CalendarError(
                f"events: {kind} = {SCHEDULED!r}: the record has {session}, and the schedule runs from "
                f"{days[0].year} to {days[-1].year}. Mend: days of your own, or a shorter record"
            )
    return days


def _by_rule(kind: str, word: str, first: date, last: date) -> list[date]:
    if word != BY_RULE:
        raise CalendarError(f"events: {kind} = {word!r}: {nearest_names(word, WORDS)}, or days")
    rules: Events = synthetic_events(first, last)
    if kind not in rules:
        raise CalendarError(f"events: {kind} = {BY_RULE!r}: rules exist for {', '.join(rules)}. Mend: days")
    return rules[kind]


def sentences(events: Mapping[str, Days] | None) -> list[str]:
    """Say which kinds of announcements are no days of the user's.

    Examples
    --------
    >>> sentences({"cpi": "by_rule", "ppi": "by_rule"})
    ['CPI and PPI days are where a rule puts them, an assumption: true releases lie some days off.']
    """
    by_word = {
        word: " and ".join(kind.upper() for kind, days in (events or {}).items() if days == word)
        for word in WORDS
    }
    told = {
        SCHEDULED: "days are those of scheduled meetings; decisions between meetings are not among them.",
        BY_RULE: "days are where a rule puts them, an assumption: true releases lie some days off.",
    }
    return [f"{kinds} {told[word]}" for word, kinds in by_word.items() if kinds]


def read_events(path: str | Path) -> dict[str, tuple[date, ...]]:
    r"""Return the announcement days of a CSV file, for `events` of a history.

    Parameters
    ----------
    path : str or Path
        UTF-8 with the columns ``kind`` (lower-case name: fomc, cpi, ppi, or of your own) and ``date``
        (YYYY-MM-DD, New York), in any order; other columns are not read.

    Returns
    -------
    dict of str to tuple of datetime.date
        By kind in the order of the file, days ascending.

    Raises
    ------
    CalendarError
        The file cannot be read, lacks a column or rows, a day stands twice; the message names the line.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "days.csv"
    ...     _ = file.write_text("kind,date\ncpi,2024-03-12\ncpi,2024-02-13\n")
    ...     read_events(file)
    {'cpi': (datetime.date(2024, 2, 13), datetime.date(2024, 3, 12))}
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(csv.DictReader(file), str(path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CalendarError(f"{path}: cannot be read: {error}") from error


def _read(rows: "csv.DictReader[str]", source: str) -> dict[str, tuple[date, ...]]:
    header = rows.fieldnames or []
    if lacking := [column for column in COLUMNS if column not in header]:
        raise CalendarError(f"{source}: no column {lacking[0]!r}; {nearest_names(lacking[0], header)}")
    found: dict[str, set[date]] = {}
    for row in rows:
        kind, text = (row[column] or "" for column in COLUMNS)
        where = f"{source}, line {rows.line_num}"
        if not NAME.fullmatch(kind):
            raise CalendarError(f"{where}: kind {kind!r}: a lower-case name, such as fomc")
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise CalendarError(f"{where}: date {text!r}: YYYY-MM-DD, such as 2024-03-20") from None
        if day in found.setdefault(kind, set()):
            raise CalendarError(f"{where}: {kind} on {day} stands twice. Mend: leave one row out")
        found[kind].add(day)
    if not found:
        raise CalendarError(f"{source}: no rows. Mend: a row of kind and date for each announcement")
    return {kind: tuple(sorted(days)) for kind, days in found.items()}


def spelled(texts: Iterable[str]) -> dict[str, Days]:
    """Return what the command line says of announcements: files of days, and ``KIND=WORD``.

    Raises
    ------
    CalendarError
        A kind is named twice, or a text is neither.

    Examples
    --------
    >>> spelled(["fomc=scheduled", "cpi=by_rule"])
    {'fomc': 'scheduled', 'cpi': 'by_rule'}
    """
    found: dict[str, Days] = {}
    for text in texts:
        kind, equals, word = text.partition("=")
        named: dict[str, Days]
        if not equals:
            named = dict(read_events(text))
        elif word == SCHEDULED:
            named = {kind: SCHEDULED}
        elif word == BY_RULE:
            named = {kind: BY_RULE}
        else:
            raise CalendarError(f"events: {text!r}: {nearest_names(word, WORDS)} after {kind}=, or a file")
        if twice := found.keys() & named.keys():
            raise CalendarError(f"events: {min(twice)} is given twice. Mend: one file or word for each kind")
        found |= named
    return found
