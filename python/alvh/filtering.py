"""The states of a recorded history, and the shocks that led from one session to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from alvh import _core
from alvh.errors import HistoryError
from alvh.history import History, HistoryData
from alvh.history.columns import DATE
from alvh.history.data import Gaps
from alvh.history.source import HistorySource

if TYPE_CHECKING:
    from alvh.market import Curve, Dynamics

__all__ = ["INNOVATIONS", "filter"]

FACTORS: Final = ("x0", "x1", "x2")
INNOVATIONS: Final = ("z", "g0", "g1", "g2")
VARIANCES: Final = ("g0_variance", "g1_variance", "g2_variance")
ERP: Final = 0.05


def filter(  # noqa: A001 -- the name of what it does; used as alvh.market.filter
    history: History | HistoryData | HistorySource,
    *,
    rate: float | None = None,
    dividend_yield: float | None = None,
    columns: Mapping[str, str] | None = None,
    gaps: Gaps | None = None,
    allow_jumps: bool = False,
    vx: HistorySource | None = None,
    vx_columns: Mapping[str, str] | None = None,
    curve: Curve | None = None,
    dynamics: Dynamics | None = None,
    erp: float = ERP,
) -> pl.DataFrame:
    """Find the states of a history under L3F, and the innovation of each session.

    An extended Kalman filter under the real-world dynamics: VIX is exact; ln VIX3M and ln VIX6M have errors
    of standard deviation 0.03, the logarithm of a VX settlement 0.015. A session's state knows its own closes
    and those before.

    Parameters
    ----------
    history : History, HistoryData, str, path or polars.DataFrame
        Closes, as `alvh.history.read_history` takes them: date, spx, vix, and where known vix3m and vix6m.
    rate, dividend_yield, columns, gaps, allow_jumps
        As in `read_history`; not with a history that is already read.
    vx : str, path or polars.DataFrame, optional
        VX settlements, as `History` takes them: date, expiry, settle. Those of a `History` are used, too.
    vx_columns : mapping of str to str, optional
        The names that `vx` uses.
    curve : Curve, optional
        The VIX and its futures; by default those of `L3F`.
    dynamics : Dynamics, optional
        How the factors and SPX move; by default as in `L3F`.
    erp : float, default 0.05
        Equity risk premium that z is measured against, a year.

    Returns
    -------
    polars.DataFrame
        ``date``; the state ``x0 x1 x2``; the innovations ``z g0 g1 g2`` of the session that ends there, null
        in the first row; the variances ``g0_variance g1_variance g2_variance`` that the filter expects of g
        (that of z is 1); and ``g0_standardised g1_standardised g2_standardised``, g over the root of its
        variance.

    Raises
    ------
    HistoryError
        The history cannot be read as it is.
    AlvhError
        A parameter is out of its domain.

    Examples
    --------
    >>> import polars as pl
    >>> closes = {"date": ["2018-02-02", "2018-02-05"], "spx": [2762.13, 2648.94], "vix": [17.31, 37.32]}
    >>> found = filter(pl.DataFrame(closes), rate=0.015, dividend_yield=0.019)
    >>> found.select("date", pl.col("z", "g0", "g2").round(1)).row(1)
    (datetime.date(2018, 2, 5), -4.9, 6.4, 9.5)
    """
    reading = {
        "rate": rate,
        "dividend_yield": dividend_yield,
        "columns": columns,
        "gaps": gaps,
        "allow_jumps": allow_jumps,
        "vx": vx,
        "vx_columns": vx_columns,
    }
    market = read(history, **reading)
    spec = market.spec()
    for name, parameters in (("curve", curve), ("dynamics", dynamics)):
        if parameters is not None:
            spec[name] = parameters.model_dump(mode="json")
    rows = _core.market_filter(json.dumps(spec), erp)
    names = (*FACTORS, *INNOVATIONS, *VARIANCES)
    frame = pl.DataFrame(rows, schema=list(names)).with_columns(pl.all().fill_nan(None))
    standardised = (
        (pl.col(name) / pl.col(variance).sqrt()).alias(f"{name}_standardised")
        for name, variance in zip(INNOVATIONS[1:], VARIANCES, strict=True)
    )
    return frame.with_columns(standardised).insert_column(0, market.data.frame[DATE])


def read(history: History | HistoryData | HistorySource, **reading: Any) -> History:
    """Return a history that is already read, or read one; the options belong to the reading."""
    if not isinstance(history, History):
        return History(history, **reading)
    given = [name for name, value in reading.items() if value is not None and value is not False]
    if given:
        raise HistoryError(f"{', '.join(given)}: a History is already read: give its options to History")
    return history
