"""What holding a VIX future costs while nothing happens: the roll, by tenor (R37)."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.errors import AlvhError
from alvh.statistics import mean_interval

__all__ = ["MONTH_DAYS", "MONTH_SESSIONS", "roll_costs"]

MONTH_DAYS, MONTH_SESSIONS = 30, 21  # the one clock: 21 sessions are 30 days

_SCHEMA = {
    "days": pl.Int64,
    "future": pl.Float64,
    "roll_down": pl.Float64,
    "roll_down_low": pl.Float64,
    "roll_down_high": pl.Float64,
    "realised": pl.Float64,
    "realised_low": pl.Float64,
    "realised_high": pl.Float64,
}


def roll_costs(futures: Mapping[int, NDArray[np.float64]]) -> pl.DataFrame:
    """Return what a bought VIX future earns a month, by the tenor at which it is bought; below 0 it costs.

    Parameters
    ----------
    futures : mapping of int to array
        Calendar days to settlement to constant-maturity prices, VIX points, each (independent paths,
        sessions + 1); 0 days is VIX itself. A tenor is measured where the tenor 30 days nearer is there
        too.

    Returns
    -------
    DataFrame
        `days`; `future`, the mean price; `roll_down`, the mean of F(days − 30)/F(days) − 1 at one close:
        the month on an unchanged curve; `realised`, the mean of F(days − 30) 21 sessions later over F(days)
        now, − 1: the month as it went, with what VIX did; decimal, each with `_low` and `_high` (95%, over
        paths).

    Examples
    --------
    >>> contango = {0: np.full((2, 43), 14.0), 30: np.full((2, 43), 16.0)}
    >>> roll_costs(contango).select("days", "roll_down", "realised").rows()
    [(30, -0.125, -0.125)]
    """
    rows = []
    for days, far in sorted(futures.items()):
        near = futures.get(days - MONTH_DAYS)
        if near is None:
            continue
        if near.shape != far.shape or far.ndim != 2 or far.shape[1] <= MONTH_SESSIONS:
            raise AlvhError(
                f"futures[{days}]: shape {far.shape} beside {near.shape}: (paths, sessions + 1), "
                f"equal, with more than {MONTH_SESSIONS} sessions"
            )
        unchanged = (near / far - 1.0).mean(axis=1)
        realised = (near[:, MONTH_SESSIONS:] / far[:, :-MONTH_SESSIONS] - 1.0).mean(axis=1)
        rows.append((days, float(far.mean()), *mean_interval(unchanged), *mean_interval(realised)))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
