"""What was known of each signal at each close."""

from collections.abc import Iterable, Mapping
from datetime import date, time

import numpy as np
import polars as pl

from alvh.errors import SignalError, nearest_names
from alvh.signals.frame import read
from alvh.signals.registry import registry

__all__ = ["align", "newest"]

CLOSE = time(16)
"""New York. On half days, too: nothing is scheduled between their close and this."""


def align(
    frame: pl.DataFrame,
    sessions: Iterable[date] | pl.Series,
    *,
    staleness: int | Mapping[str, int] | None = None,
    ages: bool = False,
) -> pl.DataFrame:
    """Return one row per session with the value of every signal that was known at its close.

    A value is known from its release on, until that of a later period is released or it is stale. A
    revision of an earlier period never displaces a later one. Cutting off what was released later never
    changes a row.

    Parameters
    ----------
    frame : polars.DataFrame
        As `read` takes it.
    sessions : iterable of date
        Ascending, such as the dates of a history.
    staleness : int or mapping of str to int, optional
        Calendar days from the release after which a value counts as unknown, for all signals or by signal;
        the registry's where it is not given. Signals that the registry does not have need one.
    ages : bool
        Add a column `NAME_age`: calendar days since the release of what was known last, stale or not.

    Returns
    -------
    polars.DataFrame
        `date` and a column per signal, in order of names; null where nothing is known. A column of nothing
        but nulls is a signal that is absent: rules see it as unknown.

    Raises
    ------
    SignalError
        The frame is refused by `read`; the sessions do not ascend; a signal has no staleness, or a negative
        one.

    Examples
    --------
    >>> from datetime import date
    >>> frame = pl.DataFrame(
    ...     {
    ...         "signal": ["cpi", "cpi"],
    ...         "date": [date(2024, 1, 1), date(2024, 2, 1)],
    ...         "released_at": [date(2024, 2, 13), date(2024, 3, 12)],
    ...         "value": [308.4, 310.3],
    ...     }
    ... )
    >>> days = [date(2024, 2, 12), date(2024, 2, 13), date(2024, 3, 12), date(2024, 5, 31)]
    >>> align(frame, days)["cpi"].to_list()  # stale 45 days after the last release
    [None, 308.4, 310.3, None]
    """
    frame = read(frame)
    days = _ascending(sessions)
    closes = days.dt.combine(CLOSE).cast(pl.Datetime("us"))
    columns = {"date": days}
    for (name,), rows in frame.group_by("signal", maintain_order=True):
        limit = _limit(str(name), staleness)
        kept = newest(rows)
        last = kept["released_at"].search_sorted(closes, side="right").cast(pl.Int64) - 1
        seen = kept[np.maximum(last.to_numpy(), 0)]
        never = last < 0
        age = (days - seen["released_at"].dt.date()).dt.total_days().set(never, None)
        columns[str(name)] = seen["value"].set(never | (age > limit).fill_null(value=True), None)
        if ages:
            columns[f"{name}_age"] = age
    return pl.DataFrame(columns)


def newest(releases: pl.DataFrame) -> pl.DataFrame:
    """Return the releases of one signal that tell of the latest period known by then, one per moment."""
    ordered = releases.sort("released_at", "date")
    return ordered.filter(pl.col("date") >= pl.col("date").cum_max()).unique(
        "released_at", keep="last", maintain_order=True
    )


def _ascending(sessions: Iterable[date] | pl.Series) -> pl.Series:
    days = pl.Series("date", sessions, dtype=pl.Date)
    if days.null_count() or not (days.diff().drop_nulls().dt.total_days() > 0).all():
        raise SignalError("sessions: dates in ascending order, each once")
    return days


def _limit(name: str, staleness: int | Mapping[str, int] | None) -> int:
    given = staleness.get(name) if isinstance(staleness, Mapping) else staleness
    if given is None:
        known = registry().get(name)
        if known is None:
            raise SignalError(
                f"{name!r} has no usual staleness: {nearest_names(name, registry())}. "
                f"Mend: staleness={{{name!r}: days}}",
                column="signal",
                value=name,
            )
        given = known.stale_days
    if given < 0:
        raise SignalError(f"staleness of {name!r} = {given}: 0 days or more", column="signal", value=given)
    return given
