"""Read a daily SPX and VIX history: checked, typed, hashed, with what it lacks."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

import numpy as np
import polars as pl

from alvh.errors import HistoryError
from alvh.history.checks import check_moves, typed_frame
from alvh.history.columns import DATE, find_columns
from alvh.history.gaps import GapReport, find_gaps, refuse_gaps
from alvh.history.source import HistorySource, open_source
from alvh.schedule import Schedule
from alvh.schedule.announcements import Days
from alvh.schedule.clock import TAIL_SESSIONS, WEEKLY_SPXW
from alvh.schedule.expiries import Cadence

Gaps: TypeAlias = Literal["error", "report"]
GAPS: Final = ("error", "report")
HASH_VERSION: Final = b"alvh history 1\n"  # changes when the canonical content does


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HistoryData:
    """A checked daily history.

    Parameters
    ----------
    source : str
        File name, or "frame".
    frame : polars.DataFrame
        ``date`` (Date), ``spx`` (index points), ``vix`` (volatility points), ``rate`` and
        ``dividend_yield`` (decimals a year, continuously compounded), and those of ``open high low vix3m
        vix6m`` that the source has; one row a session.
    gaps : GapReport
        Missing sessions and rows that were kept out; every result prints it.
    constants : mapping of str to float
        Columns that were given as one number.
    ignored : tuple of str
        Columns of the source that were not read.
    """

    source: str
    frame: pl.DataFrame
    gaps: GapReport
    constants: Mapping[str, float]
    ignored: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def dates(self) -> list[date]:
        """Sessions of the history, ascending."""
        days: list[date] = self.frame[DATE].to_list()
        return days

    @property
    def data_hash(self) -> str:
        """SHA-256 of the content: equal values give equal hashes, whatever the format and column order."""
        digest = hashlib.sha256(HASH_VERSION)
        for series in self.frame:
            numbers = series.cast(pl.Int32) if series.name == DATE else series.fill_null(float("nan"))
            digest.update(f"{series.name} {len(series)}\n".encode())
            # Little-endian on every machine; + 0.0 turns -0.0 into 0.0.
            digest.update((numbers.to_numpy().astype(np.dtype("<f8")) + 0.0).tobytes())
        return digest.hexdigest()

    def schedule(
        self,
        *,
        tail_sessions: int = TAIL_SESSIONS,
        listings: Mapping[str, Cadence] = WEEKLY_SPXW,
        events: Mapping[str, Days] | None = None,
        quoted: Mapping[str, Iterable[date]] | None = None,
    ) -> Schedule:
        """Return the clock of these sessions, see `Schedule.from_history`."""
        return Schedule.from_history(
            self.dates, tail_sessions=tail_sessions, listings=listings, events=events, quoted=quoted
        )


def read_history(
    source: HistorySource,
    *,
    rate: float | None = None,
    dividend_yield: float | None = None,
    columns: Mapping[str, str] | None = None,
    gaps: Gaps = "error",
    allow_jumps: bool = False,
) -> HistoryData:
    """Read and check a daily history; nothing is filled, and nothing is left out without being named.

    Parameters
    ----------
    source : str, path or polars.DataFrame
        CSV (comma-separated, UTF-8, with a header) or Parquet file, or a frame. Columns, in any case and
        order: ``date`` (New York day, YYYY-MM-DD), ``spx`` and ``vix`` (closes), ``rate``,
        ``dividend_yield``; optionally ``open``, ``high``, ``low`` of the index, ``vix3m``, ``vix6m``. Other
        columns are ignored and listed in the result.
    rate, dividend_yield : float, optional
        Constants in place of the columns: decimals a year, continuously compounded. One of the two ways is
        required.
    columns : mapping of str to str, optional
        The source's own names, for example ``{"spx": "Close"}``.
    gaps : {"error", "report"}
        What to do with missing sessions, rows on days without a session and rows without spx, vix, rate or
        dividend yield. ``error``: raise, naming the days. ``report``: keep such rows out and carry a
        `GapReport`.
    allow_jumps : bool
        Accept daily index moves above 30%.

    Returns
    -------
    HistoryData

    Raises
    ------
    HistoryError
        Names source, row, column, value, what is allowed, and the mend.

    Examples
    --------
    >>> import polars as pl
    >>> closes = {"Date": ["2018-02-02", "2018-02-05"], "spx": [2762.13, 2648.94], "vix": [17.31, 37.32]}
    >>> data = read_history(pl.DataFrame(closes), rate=0.015, dividend_yield=0.019)
    >>> len(data), str(data.gaps), data.data_hash[:8]
    (2, 'no gaps', '1335f64d')
    """
    if gaps not in GAPS:
        raise HistoryError(f"gaps={gaps!r} is not allowed: choose one of {', '.join(map(repr, GAPS))}")
    given = {"rate": rate, "dividend_yield": dividend_yield}
    constants = {name: value for name, value in given.items() if value is not None}
    opened = open_source(source)
    found = find_columns(opened, columns or {}, constants)
    frame = typed_frame(opened, found, constants)
    report = find_gaps(opened, frame)
    if gaps == "error":
        refuse_gaps(opened, report)
    kept = ~pl.Series(range(1, len(frame) + 1)).is_in([row.row for row in report.dropped])
    if not allow_jumps:
        check_moves(opened, found["spx"], frame, kept)
    return HistoryData(
        source=opened.name,
        frame=frame.filter(kept),
        gaps=report,
        constants=constants,
        ignored=tuple(column for column in opened.columns if column not in found.values()),
    )


def taken(
    source: HistorySource | HistoryData,
    *,
    rate: float | None,
    dividend_yield: float | None,
    columns: Mapping[str, str] | None,
    gaps: Gaps | None,
    allow_jumps: bool,
) -> HistoryData:
    """Return a history that is already read, or read one; the options belong to the reading."""
    if not isinstance(source, HistoryData):
        return read_history(
            source,
            rate=rate,
            dividend_yield=dividend_yield,
            columns=columns,
            gaps=gaps or "error",
            allow_jumps=allow_jumps,
        )
    if (rate, dividend_yield, columns, gaps, allow_jumps) != (None, None, None, None, False):
        raise HistoryError("a HistoryData is already read: give its options to read_history")
    return source
