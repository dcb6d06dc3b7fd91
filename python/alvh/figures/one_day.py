"""What a condor earns and costs, and what it may cost, where the short end of the surface is open (R2)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from alvh.errors import AlvhError
from alvh.figures.columns import EARNED, Frame, arms, at_share, check_horizon, excess, nullable
from alvh.statistics import Estimate, mean_interval, ratio_interval

__all__ = ["ONE_DAY", "one_day"]

ONE_DAY = {
    "condors": ("count", "condors opened a session"),
    "return_on_nav": ("a year", "P&L above bills, of capital, arithmetic"),
    "result": ("dollars a condor", "P&L of a condor, after what trading it cost; its hedge apart"),
    "fees": ("dollars a condor", "fees of a condor, closings among them"),
    "slips": ("dollars a condor", "half-spreads that a condor paid, closings among them"),
    "break_even_cost": (
        "dollars a condor",
        "what a condor may cost in fees and slips before it earns nothing",
    ),
    "hedge": ("dollars a condor", "P&L of the hedge for each condor, its fees and slips within; 0 without"),
}
"""Figures: unit and meaning."""

_SCHEMA = {
    "arm": pl.String,
    "short_end": pl.Float64,
    "figure": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
    "paths": pl.Int64,
}
_READ = (
    *(*EARNED, "lots", "core_pnl", "fills", "fees"),
    *("hedge_pnl", "hedge_trading", "hedge_fees"),
)


def one_day(
    paths: Mapping[float, Frame], capital: float, sessions: int, share: float, near: list[str]
) -> pl.DataFrame:
    """Return what a condor of each arm earns, costs and may cost, per short end of the surface.

    Parameters
    ----------
    paths : mapping of float to DataFrame or LazyFrame
        By what the vol of one session is multiplied with: a row per *independent* path, arm and share.
    capital : float
        C of every arm, dollars.
    sessions : int
        Horizon of the paths.
    share : float
        Margin share of the ladder.
    near : list of str
        The arms to tell of: their core expires within a week. What a hedge trades is no cost of a condor.

    Returns
    -------
    DataFrame
        `arm`, `short_end`, `figure` (those of `ONE_DAY`), `estimate`, `low`, `high` (95%), `unit`, `paths`.

    Examples
    --------
    >>> path = {"arm": "a", "share": 0.1, "nav": 90.0, "bills": 1.0, "deposited_bills": 0.0, "lots": 2.0}
    >>> path |= {"core_pnl": -10.0, "fills": -7.0, "fees": -8.0}
    >>> path |= {"hedge_pnl": -4.0, "hedge_trading": -3.0, "hedge_fees": -1.0}
    >>> frame = pl.DataFrame([{**path, "path": i, "start": None} for i in range(2)])
    >>> table = one_day({1.0: frame}, 100.0, 1, 0.1, ["a"])
    >>> dict(table.filter(pl.col("unit") == "dollars a condor").select("figure", "estimate").iter_rows())
    {'result': -5.0, 'fees': 3.5, 'slips': 2.5, 'break_even_cost': 1.0, 'hedge': -2.0}
    """
    check_horizon(capital, sessions)
    rows: list[tuple[object, ...]] = []
    for short_end, frame in sorted(paths.items()):
        read = at_share(frame, share, _READ)
        table = read.with_columns(earned=excess(capital, sessions) / capital).collect()
        if missing := [arm for arm in near if arm not in arms(table)]:
            raise AlvhError(f"paths of short end {short_end} lack the arms {', '.join(missing)}")
        for arm in near:
            mine = table.filter(arm=arm)
            values = {name: mine[name].to_numpy() for name in (*_READ, "earned")}
            for figure, estimate in _figures(values, sessions).items():
                rows.append((arm, short_end, figure, *nullable(estimate), ONE_DAY[figure][0], mine.height))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row").sort(
        pl.col("arm").cast(pl.Enum(near)), "short_end", maintain_order=True
    )


def _figures(path: Mapping[str, np.ndarray], sessions: int) -> dict[str, Estimate]:
    lots, fees = path["lots"], path["hedge_fees"] - path["fees"]
    slips = path["hedge_trading"] - path["hedge_fees"] - path["fills"]
    return {
        "condors": mean_interval(lots / sessions),
        "return_on_nav": mean_interval(path["earned"]),
        "result": ratio_interval(path["core_pnl"], lots),
        "fees": ratio_interval(fees, lots),
        "slips": ratio_interval(slips, lots),
        "break_even_cost": ratio_interval(path["core_pnl"] + fees + slips, lots),
        "hedge": ratio_interval(path["hedge_pnl"], lots),
    }
