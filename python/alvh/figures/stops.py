"""What stops did: how many whipsawed, what was given up, and how far tranches went either way (R7, R14)."""

from __future__ import annotations

import polars as pl

from alvh.figures.columns import ESTIMATES, SESSIONS_PER_YEAR, Frame, arms, at_share, check_horizon, nullable
from alvh.statistics import mean_interval, ratio_interval

__all__ = ["STOPS", "stops"]

STOPS = {
    "stopped_share": ("share", "tranches closed by rule, of those opened"),
    "recovered_share": ("share", "of them, held to expiry would have been better"),
    "whipsawed_share": ("share", "of them, would have expired with a profit"),
    "regret": ("a year", "held minus closed, of capital; above 0 holding was better"),
    "given_up": ("a year", "time value that closing bought back, of capital (R7)"),
    "adverse": ("dollars a condor", "lowest P&L of a condor on its mark, mean"),
    "favourable": ("dollars a condor", "highest likewise"),
}
"""Figures: unit and meaning."""

_READ = (
    *("opened", "closed_early", "closed_forced", "unresolved", "unresolved_forced"),
    *("recovered", "whipsawed", "regret_rule", "given_up", "adverse", "favourable", "lots"),
)


def stops(paths: Frame, capital: float, sessions: int, share: float) -> pl.DataFrame:
    """Return the figures of `STOPS` per arm at one margin share (R14, R7).

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per *independent* path, arm and share, with what the engine records (docs/engine.md).
    capital : float
        C of every arm, dollars.
    sessions : int
        Horizon of the paths.
    share : float
        Margin share of the ladder.

    Returns
    -------
    DataFrame
        `arm`, `figure`, `estimate`, `low`, `high` (95%), `unit`; only arms that closed something by rule on
        some path, and before them the others' excursions.
    """
    check_horizon(capital, sessions)
    ruled = pl.col("closed_early") - pl.col("closed_forced")
    table = (
        at_share(paths, share, _READ)
        .with_columns(
            ruled=ruled,
            resolved=ruled - (pl.col("unresolved") - pl.col("unresolved_forced")),
        )
        .collect()
    )
    rows: list[tuple[object, ...]] = []
    a_year = SESSIONS_PER_YEAR / sessions / capital
    for arm in arms(table):
        mine = table.filter(arm=arm)
        column = {name: mine[name].cast(pl.Float64).to_numpy() for name in (*_READ, "ruled", "resolved")}
        found = {
            "adverse": ratio_interval(column["adverse"], column["lots"]),
            "favourable": ratio_interval(column["favourable"], column["lots"]),
        }
        if column["ruled"].any():
            found |= {
                "stopped_share": ratio_interval(column["ruled"], column["opened"]),
                "recovered_share": ratio_interval(column["recovered"], column["resolved"]),
                "whipsawed_share": ratio_interval(column["whipsawed"], column["resolved"]),
                "regret": mean_interval(column["regret_rule"] * a_year),
                "given_up": mean_interval(column["given_up"] * a_year),
            }
        rows += [
            (arm, name, *nullable(found[name]), unit) for name, (unit, _) in STOPS.items() if name in found
        ]
    return pl.DataFrame(rows, schema=ESTIMATES, orient="row")
