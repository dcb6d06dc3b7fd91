"""Recorded VX futures of a history: read, checked, put on its clock, and counted."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from alvh.errors import HistoryError, nearest_names
from alvh.history.checks import read_days, read_numbers
from alvh.history.columns import DATE, VOLATILITY, Column, find_names
from alvh.history.data import HistoryData
from alvh.history.source import HistorySource, Source, open_source
from alvh.schedule import Schedule, listed_expiries

EXPIRY: Final = "expiry"
SETTLE: Final = Column("settle", *VOLATILITY, required=True)
NAMES: Final = (DATE, EXPIRY, SETTLE.name)
CONTRACTS: Final = 7  # nearest ones whose marks are counted
HASH_VERSION: Final = b"alvh vx 1\n"
MOST_TIMES_VIX: Final = 4.0  # recorded: 0.4 (VIX 80) to 2 (VIX 9)

# Measured by scripts/vx_reconstruction.py; docs/history.md has the table.
RECONSTRUCTED: Final = (
    "VIX futures without a recorded price are reconstructed from volatility indices up to that day: in 2006 "
    "to 2015 VIX alone missed them by 1.0 points (nearest contract) to 2.0 (seventh), root mean square; with "
    "VIX3M and VIX6M in 2009 to 2015 by 0.6 to 1.0."
)


class Marks(NamedTuple):
    """How many prices of the nearest contracts, one a session and contract, come from where."""

    recorded: int
    carried: int  # no price on that session: the contract's last known ratio to the model
    reconstructed: int  # no price until that session: the model's


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VxRecord:
    """Recorded settlement prices on the clock of a history, one element a mark.

    Parameters
    ----------
    source : str
        File name, or "frame".
    frame : polars.DataFrame
        ``session`` (row of the history), ``expiry`` (session of the clock on which the contract settles),
        ``days`` (calendar days between them), ``settle`` (points; on the session of expiry the final
        settlement); sorted by contract and session.
    unused : mapping of str to int
        Rows of the source that were not used, by reason.
    settlements : tuple of int
        Sessions of the clock on which monthly contracts settle.
    marks : Marks
        Where the prices of the nearest seven contracts come from.
    """

    source: str
    frame: pl.DataFrame
    unused: Mapping[str, int]
    settlements: tuple[int, ...]
    marks: Marks

    @property
    def data_hash(self) -> str:
        """SHA-256 of what is used: sessions, contracts and prices."""
        digest = hashlib.sha256(HASH_VERSION)
        for series in self.frame:
            numbers = series.cast(pl.Float64).to_numpy().astype(np.dtype("<f8"))
            digest.update(f"{series.name} {len(series)}\n".encode() + numbers.tobytes())
        return digest.hexdigest()

    def spec(self) -> dict[str, Any]:
        """Return the marks as JSON-able data for the core."""
        return {name: self.frame[name].to_list() for name in self.frame.columns}

    def sentences(self) -> tuple[str, ...]:
        """Return what was used of the record, in sentences."""
        recorded, carried, reconstructed = self.marks
        counts = (
            f"VIX futures ({self.source}): of the prices of the nearest {CONTRACTS} contracts {recorded} are "
            f"recorded, {carried} carry the contract's last known ratio to the model, "
            f"{reconstructed} are the model's."
        )
        unused = (
            f"{rows} {'row' if rows == 1 else 'rows'} of {self.source} not used: {reason}."
            for reason, rows in self.unused.items()
        )
        return (counts, *unused)


def read_vx(
    source: HistorySource, data: HistoryData, clock: Schedule, columns: Mapping[str, str] | None = None
) -> VxRecord:
    """Read recorded VX futures and put them on the clock of a history.

    Parameters
    ----------
    source : str, path or polars.DataFrame
        One row a session and contract, in any order: ``date``, ``expiry`` (the day on which the contract
        settles), ``settle`` (settlement price in points; on the day of expiry the final settlement).
    data : HistoryData
        The sessions.
    clock : alvh.schedule.Schedule
        Their clock.
    columns : mapping of str to str, optional
        The source's own names, for example ``{"date": "trade_date"}``.

    Raises
    ------
    HistoryError
        Names source, row, column, value, what is allowed, and the mend.
    """
    opened = open_source(source)
    frame, found = read_settlements(opened, columns or {}, option="vx_columns")
    settlements = _settlements(clock)
    placed = _placed(frame, data, clock, settlements)
    _check_level(opened, found[SETTLE.name], placed)
    used = placed.filter(pl.col("unused").is_null()).select("session", "expiry", "days", "settle")
    if used.is_empty():
        first = placed["unused"][0] if len(placed) else "it has no rows"
        raise HistoryError(
            f"{opened.name} has no price that this history can use: {first}. Mend: give prices of monthly "
            f"contracts between {data.dates[0]} and {data.dates[-1]}",
            source=opened.name,
        )
    unused = placed["unused"].drop_nulls().value_counts(sort=True)
    return VxRecord(
        source=opened.name,
        frame=used.sort("expiry", "session"),
        unused=dict(unused.iter_rows()),
        settlements=settlements,
        marks=_count(used, settlements, len(data)),
    )


def read_settlements(
    source: Source, columns: Mapping[str, str], *, option: str
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return `date`, `expiry`, `settle`, each contract once a day and not after its end, and their names.

    Raises
    ------
    HistoryError
        A column that lacks, to be named by `option`; a row that cannot be read.
    """
    found = find_names(source, columns, NAMES, option=option)
    if lacking := [name for name in NAMES if name not in found]:
        raise HistoryError(
            f"{source.name} has no column {' nor '.join(map(repr, lacking))} "
            f"({nearest_names(lacking[0], source.columns)}). "
            f"Mend: say which one it is with {option}={{{lacking[0]!r}: …}}",
            source=source.name,
        )
    frame = pl.DataFrame(
        [
            read_days(source, found[DATE]),
            read_days(source, found[EXPIRY]).alias(EXPIRY),
            read_numbers(source, found[SETTLE.name], SETTLE),
        ]
    )
    source.refuse_where(
        frame[DATE] > frame[EXPIRY],
        found[DATE],
        "comes after its contract's settlement",
        allowed="days up to the expiry",
        mend="correct the row",
    )
    source.refuse_where(
        ~frame.select(pl.struct(DATE, EXPIRY).is_first_distinct()).to_series(),
        found[DATE],
        "stands twice for one contract",
        allowed="one row a day and contract",
        mend="keep one of them",
    )
    return frame, found


def _placed(
    frame: pl.DataFrame, data: HistoryData, clock: Schedule, settlements: Sequence[int]
) -> pl.DataFrame:
    """Return the rows with session, days, the day's VIX, and why a row is not used."""
    sessions = data.frame.select(DATE, "vix").with_row_index("session")
    contracts = pl.DataFrame(
        {EXPIRY: [clock.dates[index] for index in settlements], "settles": settlements},
        schema={EXPIRY: pl.Date, "settles": pl.UInt32},
    )
    placed = frame.join(sessions, on=DATE, how="left", maintain_order="left").join(
        contracts, on=EXPIRY, how="left", maintain_order="left"
    )
    span = f"{data.dates[0]} to {data.dates[-1]}"
    return placed.select(
        "session",
        pl.col("settles").alias("expiry"),
        (pl.col(EXPIRY) - pl.col(DATE)).dt.total_days().cast(pl.Float64).alias("days"),
        "settle",
        "vix",
        pl.when(pl.col("settle").is_null())
        .then(pl.lit("no settlement price"))
        .when(pl.col("session").is_null())
        .then(pl.lit(f"on no session of the history ({span})"))
        .when(pl.col("settles").is_null())
        .then(pl.lit("the contract settles on no monthly VIX expiry of the clock"))
        .when(pl.col("settles") == 0)
        .then(pl.lit("a final settlement on the first session, whose opening is not known"))
        .alias("unused"),
    )


def _check_level(source: Source, column: str, placed: pl.DataFrame) -> None:
    times = placed["settle"] / placed["vix"]
    source.refuse_where(
        (times > MOST_TIMES_VIX) | (times < 1.0 / MOST_TIMES_VIX),
        column,
        "is far from the day's VIX",
        allowed=f"{1.0 / MOST_TIMES_VIX:g} to {MOST_TIMES_VIX:g} times VIX",
        mend="correct the value (before 2007-03-26 prices were quoted times ten), or leave the cell empty",
    )


def _settlements(clock: Schedule) -> tuple[int, ...]:
    """Return the sessions of the clock on which monthly VX futures settle by rule."""
    by_rule = set(listed_expiries("VIX", clock.dates[0], clock.dates[-1]))
    return tuple(index for index, day in enumerate(clock.dates) if day in by_rule)


def _count(used: pl.DataFrame, settlements: Sequence[int], rows: int) -> Marks:
    """Return how many marks of the nearest contracts are recorded, carried, reconstructed."""
    recorded: dict[int, list[int]] = {}
    for session, expiry in used.select("session", "expiry").iter_rows():
        recorded.setdefault(expiry, []).append(session)
    exact = carried = before = 0
    # A contract is among the nearest from the settlement of the one `CONTRACTS` places before it.
    since: Iterable[int] = chain(repeat(0, CONTRACTS), settlements)
    for first, expiry in zip(since, settlements, strict=False):
        span = range(first, min(expiry + 1, rows))
        known = recorded.get(expiry, [])
        quoted = min(known, default=rows)
        inside = sum(session in span for session in known)
        unquoted = len(range(span.start, min(span.stop, quoted)))
        exact += inside
        before += unquoted
        carried += len(span) - inside - unquoted
    return Marks(exact, carried, before)
