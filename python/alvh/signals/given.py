"""Signals that a replay is given: what was known of each at every close, as the engine reads it."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from alvh.errors import SignalError
from alvh.signals.align import align
from alvh.signals.frame import NAME, read

__all__ = ["ABSENT", "Given", "SignalSource", "given"]

ABSENT = "absent"
"""Every signal that a rule names is unknown throughout, by choice."""

SignalSource = pl.DataFrame | pl.LazyFrame | str | Path
"""A frame as `read` takes it, its CSV or Parquet file, what `align` returns, or ``"absent"``."""

_AGE = "_age"
"""What `align` writes behind a name for the column of its ages."""

_SHOWN = 8
"""Names that a sentence lists."""


@dataclass(frozen=True)
class Given:
    """Signals at every close of a market.

    Attributes
    ----------
    columns : dict of str to list
        A number or None per session, by name.
    source : str
        File name, or "frame".
    days : tuple of date
        First and last session.
    released : bool
        Whether release days were heeded here; else the frame came aligned.
    ages : dict of str to int
        Calendar days before the last session on which what was known last was released, stale or not, by
        name; None before a first release. Nothing of what came aligned.
    """

    columns: dict[str, list[float | None]]
    source: str
    days: tuple[date, date]
    released: bool = True
    ages: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of names and values."""
        found = hashlib.sha256()
        for name, values in self.columns.items():
            found.update(f"{name}\n".encode())
            found.update(pl.Series(values, dtype=pl.Float64).fill_null(float("nan")).to_numpy().tobytes())
        return found.hexdigest()

    def spec(self) -> dict[str, Any]:
        """Return them as the engine reads them."""
        return {"columns": self.columns}

    def facts(self) -> dict[str, Any]:
        """Return what a manifest records of them."""
        return {"source": self.source, "digest": self.digest, "names": list(self.columns)}

    @property
    def limits(self) -> tuple[str, ...]:
        """What every result that used them has to say."""
        names = list(self.columns)
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        listed = ", ".join(names[:_SHOWN]) + more
        known = (
            "each from its release on, revisions only where the source has them"
            if self.released
            else "aligned by the user, release days not checked"
        )
        return (f"Signals from outside ({self.source}): {listed}; {known}.",)


def given(
    signals: SignalSource,
    sessions: Iterable[date],
    *,
    staleness: int | Mapping[str, int] | None = None,
) -> Given:
    """Return what was known of the signals at the close of each session.

    Parameters
    ----------
    signals : polars.DataFrame, path or str
        As `read` takes it, with the registry's staleness; or what `align` returned, whose rows must hold
        every session.
    sessions : iterable of date
        Of the market, ascending: `History.data.dates`.
    staleness : int or mapping of str to int, optional
        As `align` takes it; not for what it returned.

    Raises
    ------
    SignalError
        The frame is refused, holds no signal, or lacks a session.

    Examples
    --------
    >>> frame = pl.DataFrame({"date": [date(2024, 1, 2), date(2024, 1, 3)], "put_call": [1.1, None]})
    >>> given(frame, [date(2024, 1, 2), date(2024, 1, 3)]).columns
    {'put_call': [1.1, None]}
    """
    days = pl.Series("date", sessions, dtype=pl.Date)
    if days.is_empty():
        raise SignalError("sessions: at least one")
    if isinstance(signals, pl.DataFrame | pl.LazyFrame):
        frame, source = signals.lazy().collect(), "frame"
        released = "signal" in frame.columns
        if staleness is not None and not released:
            raise SignalError("staleness: of what is aligned here; this frame is. Mend: give it to align")
    else:
        frame, source, released = read(signals), Path(signals).name, True
    seen = align(frame, days, staleness=staleness) if released else _aligned(frame, days)
    columns = {name: seen[name].to_list() for name in seen.columns if name != "date"}
    if not columns:
        raise SignalError(f"{source}: no signals. Mend: rows of signal, date, released_at, value")
    return Given(columns, source, (days[0], days[-1]), released, _ages(frame, days) if released else {})


def _ages(frame: pl.DataFrame, days: pl.Series) -> dict[str, int | None]:
    """Return how many days before the last session each signal was released last."""
    told = align(frame, days.tail(1), staleness=0, ages=True).row(0, named=True)
    return {name.removesuffix(_AGE): age for name, age in told.items() if name.endswith(_AGE)}


def _aligned(frame: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
    """Take a frame that `align` returned: a row for every session, a column per signal."""
    if frame.schema.get("date") != pl.Date:
        raise SignalError(
            "frame: columns signal, date, released_at, value, or what alvh.signals.align returned: date and "
            f"a column per signal; it has {', '.join(frame.columns) or 'none'}"
        )
    for name in (column for column in frame.columns if column != "date"):
        if not NAME.fullmatch(name):
            raise SignalError(f"frame, column {name!r}: a lower-case name of letters, digits and _")
        if not (frame.schema[name].is_numeric() or frame.schema[name] == pl.Null):
            raise SignalError(f"frame, column {name!r}: numbers, not {frame.schema[name]}", column=name)
    if frame["date"].is_duplicated().any():
        raise SignalError("frame, column 'date': each session once", column="date")
    if len(lacking := days.filter(~days.is_in(frame["date"].implode()))):
        raise SignalError(
            f"frame: no row for {lacking[0]}, the first of {len(lacking)} sessions of the market. "
            "Mend: alvh.signals.align(frame, market.schedule.dates)",
            column="date",
            value=lacking[0],
        )
    numbers = pl.exclude("date").cast(pl.Float64)
    finite = pl.when(numbers.is_finite()).then(numbers)  # missing is null, whatever it was
    return days.to_frame().join(frame.with_columns(finite), on="date", how="left", maintain_order="left")
