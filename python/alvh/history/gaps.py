"""What a history lacks, by name: missing sessions and rows that were kept out. Nothing is ever filled."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import polars as pl

from alvh.errors import HistoryError
from alvh.history.columns import COLUMNS, DATE
from alvh.history.source import Source
from alvh.schedule import exchange

NO_SESSION: Final = "no session was held on this day"
SHOWN_DATES: Final = 10


@dataclass(frozen=True, slots=True)
class DroppedRow:
    """A row that was kept out: its number (from 1), its line in a CSV file, its day, the reason."""

    row: int
    line: int | None
    day: date
    reason: str


@dataclass(frozen=True, slots=True)
class GapReport:
    """What a history lacks between its first and its last session.

    Parameters
    ----------
    missing_sessions : tuple of datetime.date
        Sessions of the exchange without a usable row, ascending.
    dropped : tuple of DroppedRow
        Rows that were kept out, in file order.
    """

    missing_sessions: tuple[date, ...] = ()
    dropped: tuple[DroppedRow, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.missing_sessions or self.dropped)

    @property
    def non_trading_days(self) -> tuple[date, ...]:
        """Days of the dropped rows on which no session was held."""
        return tuple(row.day for row in self.dropped if row.reason == NO_SESSION)

    def sentences(self) -> tuple[str, ...]:
        """Return the report in sentences that name the days; empty when nothing lacks.

        Examples
        --------
        >>> from datetime import date
        >>> GapReport((date(2024, 3, 15),)).sentences()
        ('1 session has no usable row (2024-03-15); nothing was filled.',)
        """
        texts = []
        if missing := self.missing_sessions:
            lacking = counted(missing, "session has", "sessions have")
            texts.append(f"{lacking} no usable row ({listed(missing)}); nothing was filled.")
        for reason in dict.fromkeys(row.reason for row in self.dropped):
            days = [row.day for row in self.dropped if row.reason == reason]
            texts.append(f"{counted(days, 'row was', 'rows were')} kept out, {reason} ({listed(days)}).")
        return tuple(texts)

    def __str__(self) -> str:
        return " ".join(self.sentences()) or "no gaps"


def counted(things: Sequence[object], one: str, many: str) -> str:
    """Return the number of things with its noun and verb."""
    return f"{len(things)} {one if len(things) == 1 else many}"


def listed(days: Sequence[date]) -> str:
    """Return the first days by name and the number of the others."""
    names = ", ".join(map(str, days[:SHOWN_DATES]))
    return names if len(days) <= SHOWN_DATES else f"{names} and {len(days) - SHOWN_DATES} more"


def find_gaps(source: Source, frame: pl.DataFrame) -> GapReport:
    """Return the sessions without a usable row, and the rows that are not usable, of a typed frame."""
    days: list[date] = frame[DATE].to_list()
    reasons: list[str | None] = [None if exchange.is_session(day) else NO_SESSION for day in days]
    for name, column in COLUMNS.items():
        if column.required:
            for index in frame[name].is_null().arg_true():
                reasons[index] = reasons[index] or f"{name} is missing"
    dropped = tuple(
        DroppedRow(index + 1, source.line(index), day, reason)
        for index, (day, reason) in enumerate(zip(days, reasons, strict=True))
        if reason
    )
    usable = {day for day, reason in zip(days, reasons, strict=True) if not reason}
    if not usable:
        raise HistoryError(f"{source.name} has no usable row: {GapReport((), dropped)}", source=source.name)
    expected = exchange.sessions(min(usable), max(usable))
    return GapReport(tuple(day for day in expected if day not in usable), dropped)


def refuse_gaps(source: Source, gaps: GapReport) -> None:
    """Raise for a history that lacks something, naming all of it."""
    if gaps:
        raise HistoryError(
            f"{source.name}: {gaps} Mend: complete or remove these rows, or pass gaps='report' "
            "to keep such days out and have every result say so",
            source=source.name,
        )
