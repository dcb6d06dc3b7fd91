"""The greek view of P&L: Taylor terms session by session, and the residual that they leave (R6, R75)."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.errors import AlvhError
from alvh.figures.columns import SESSIONS_PER_YEAR, check_horizon, nullable
from alvh.statistics import mean_interval

__all__ = ["GREEK_TERMS", "greek_view"]

GREEK_TERMS = {
    "delta": "∂V/∂S times the move of SPX",
    "gamma": "half of ∂²V/∂S² times its square",
    "theta": "time decay: ∂V along the clock to the next close, calendar days and sessions",
    "vega_fast": "∂V along the fast factor of the VIX curve",
    "vega_medium": "along the medium one",
    "vega_slow": "along the slow one",
    "surface_level": "∂V along the level of the SPX surface, beside what VIX says",
    "surface_skew": "along its skew",
    "surface_curvature": "along its curvature",
    "rate": "∂V along the interest rate",
    "dividend": "∂V along the dividend yield",
    "volga": "half of the second derivative along factors and surface together",
    "vanna": "the mixed one, of SPX with factors and surface",
}
"""Term to what it is, each at the close before, times what moved until the next."""

SIDES = ("core", "hedge")

_SCHEMA = {
    "side": pl.String,
    "term": pl.String,
    "dollars": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "estimate": pl.Float64,
    "share": pl.Float64,
}


def greek_view(ticks: Mapping[str, NDArray[np.float64]], capital: float) -> pl.DataFrame:
    """Return what each Taylor term says that a book's packages earned, and the residual to their revaluation.

    Parameters
    ----------
    ticks : mapping of str to ndarray, shape (paths, sessions + 1)
        Dollars a session, as ``_core.Plan.greeks`` gives them: ``core_revalued`` and the terms of
        `GREEK_TERMS` behind ``core_``, and the same of ``hedge``. Tick 0 has nothing.
    capital : float
        C, dollars.

    Returns
    -------
    DataFrame
        `side` ("core"; "hedge" where it held anything), `term`: those of `GREEK_TERMS` in their order, then
        "residual" (revaluation less the terms) and "revalued"; `dollars`, `low`, `high` (95%): mean over
        paths, a year; `estimate`: of capital; `share`: median over paths of Σ|term| / Σ|revalued| over the
        sessions: how much of what moves a book it is. Terms and residual sum to "revalued".

    Examples
    --------
    >>> none = {f"{side}_{term}": np.zeros((1, 3)) for side in SIDES for term in ("revalued", *GREEK_TERMS)}
    >>> ticks = none | {"core_revalued": np.array([[0.0, 9.0, -5.0]])}
    >>> ticks |= {"core_delta": np.array([[0.0, 8.0, -6.0]])}
    >>> table = greek_view(ticks, 1e6)
    >>> table.filter(term="residual").select("dollars", "share").row(0)
    (252.0, 0.14285714285714285)
    """
    sessions = next(iter(ticks.values())).shape[1] - 1
    check_horizon(capital, sessions)
    lacking = {f"{side}_{name}" for side in SIDES for name in ("revalued", *GREEK_TERMS)} - ticks.keys()
    if lacking:
        raise AlvhError(f"ticks lacks {', '.join(sorted(lacking))}: give what Plan.greeks gives")
    rows: list[tuple[object, ...]] = []
    for side in SIDES:
        revalued = ticks[f"{side}_revalued"]
        gross = np.abs(revalued).sum(axis=1)
        if side == "hedge" and not gross.any():
            continue
        terms = {term: ticks[f"{side}_{term}"] for term in GREEK_TERMS}
        told = terms | {"residual": revalued - sum(terms.values()), "revalued": revalued}
        for term, values in told.items():
            dollars = nullable(mean_interval(values.sum(axis=1) * (SESSIONS_PER_YEAR / sessions)))
            of_gross = np.abs(values).sum(axis=1)[gross > 0.0] / gross[gross > 0.0]
            share = float(np.median(of_gross)) if len(of_gross) else None
            of_capital = None if dollars[0] is None else dollars[0] / capital
            rows.append((side, term, *dollars, of_capital, share))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
