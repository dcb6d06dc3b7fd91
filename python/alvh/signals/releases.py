"""Release days for series that come without them: the usual lag after the period."""

from collections.abc import Mapping

import polars as pl

from alvh.errors import SignalError, nearest_names
from alvh.signals.frame import SCHEMA, checked
from alvh.signals.registry import registry

__all__ = ["released"]

_PERIODS = {"day": "1d", "month": "1mo", "quarter": "1q"}


def released(frame: pl.DataFrame, lags: Mapping[str, int] | None = None) -> pl.DataFrame:
    """Return the frame with a `released_at` that is assumed: the end of each period and the usual lag.

    A series of today's vintage, dated by the period that it describes, looks ahead in a backtest twice:
    values are used before they were published, and revised values stand where first ones did. This mends
    the former; nothing but a frame of vintages mends the latter.

    Parameters
    ----------
    frame : polars.DataFrame
        `signal`, `date` and `value`; a `released_at` is replaced.
    lags : mapping of str to int, optional
        Calendar days by signal, in place of the registry's and for signals that it does not have (whose
        dates are days).

    Returns
    -------
    polars.DataFrame
        As `read` returns it.

    Raises
    ------
    SignalError
        A signal has no lag, or a negative one.

    Examples
    --------
    >>> from datetime import date
    >>> july = pl.DataFrame({"signal": ["cpi"], "date": [date(2008, 7, 1)], "value": [219.96]})
    >>> released(july)["released_at"][0].date()  # 17 days after the end of July
    datetime.date(2008, 8, 17)
    """
    named, given = registry(), dict(lags or {})
    if "signal" not in frame.columns or "date" not in frame.columns:
        return checked(frame, "frame")  # says which
    parts = []
    for (name,), rows in frame.group_by("signal", maintain_order=True):
        known = named.get(str(name))
        lag = given.get(str(name), known.lag_days if known else None)
        if lag is None:
            raise SignalError(
                f"{name!r} has no usual lag: {nearest_names(str(name), named)}. "
                f"Mend: lags={{{str(name)!r}: days}}, or a column released_at",
                column="signal",
                value=name,
            )
        if lag < 0:
            raise SignalError(f"lags[{str(name)!r}] = {lag}: 0 days or more", column="signal", value=lag)
        period = _PERIODS[known.period if known else "day"]
        last = pl.col("date").cast(pl.Date).dt.truncate(period).dt.offset_by(period).dt.offset_by("-1d")
        parts.append(rows.with_columns(released_at=last.dt.offset_by(f"{lag}d")))
    if not parts:
        return checked(pl.DataFrame(schema=SCHEMA), "frame")
    return checked(pl.concat(parts), "frame")
