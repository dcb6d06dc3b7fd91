"""The stress set: every arm through the same made paths, and what its hedge costs while nothing happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from alvh import figures
from alvh.comparison import compare
from alvh.equal_cost import limits as equal_cost_limits
from alvh.equal_cost import settle
from alvh.history import History
from alvh.market import L3F, Simulated
from alvh.playbook import Arm, Playbook, arms_of
from alvh.runner import Advance
from alvh.scenario import LIMITS, Scenario, scenario, scenarios
from alvh.specification import Costs, MarginRule

__all__ = ["CRASH", "ROLL_DAYS", "StressReport", "stress", "stress_report", "vx_roll"]

CRASH: Final = "crash_day"
"""The scenario whose pay-off is held against the yearly cost of a hedge."""

ROLL_DAYS: Final = (30, 60, 90, 120, 150, 180)
"""Tenors of the roll table, calendar days: the VIX futures that one can buy."""

SHARE: Final = 0.10
PATHS: Final = 4_096
ROLL_PATHS: Final = 1_024
SESSIONS: Final = 252


def stress(
    arms: Playbook | Sequence[Arm | Playbook],
    *,
    capital: float = 1_000_000.0,
    share: float = SHARE,
    scenarios: Sequence[Scenario | str] | None = None,
    margin: MarginRule = "strategy",
    costs: Costs | None = None,
    ruin_share: float = 0.20,
) -> pl.DataFrame:
    """Put every arm through every scenario.

    Parameters
    ----------
    arms
        The arms: arms, playbooks or both.
    capital
        Dollars of every book at the start.
    share
        Margin share of NAV.
    scenarios
        `market.Scenario` objects, or names of those that ship with alvh; all of these unless given.
    margin, costs, ruin_share
        As in `compare`.

    Returns
    -------
    DataFrame
        `scenario` and, for each arm, what `alvh.figures.outcomes` says.

    Examples
    --------
    >>> import alvh as av
    >>> plain = av.preset("plain")
    >>> table = stress([plain, plain.fewer_lots()], scenarios=["crash_day", "vol_spike"])
    >>> crash, half = table.filter(scenario="crash_day")["pnl"]
    >>> bool(crash < half < 0)
    True
    """
    tables, arms = [], arms_of(arms)
    for market in _chosen(scenarios):
        options: dict[str, Any] = {"capital": capital, "shares": [share], "margin": margin, "costs": costs}
        options["surface_band"] = 0
        whole, eve = (
            compare(arms, market, sessions=sessions, ruin_share=ruin_share, threads=1, **options).paths()
            for sessions in (market.sessions, market.quiet)
        )
        outcome = figures.outcomes(whole, eve)
        tables.append(outcome.select(pl.lit(market.name).alias("scenario"), pl.all()))
    return pl.concat(tables)


def _chosen(given: Sequence[Scenario | str] | None) -> list[Scenario]:
    """Return the scenarios asked for, all of them if none is; an unknown name raises."""
    asked = scenarios() if given is None else given
    return [scenario(each) if isinstance(each, str) else each for each in asked]


def vx_roll(
    market: Simulated,
    *,
    days: Sequence[int] = ROLL_DAYS,
    paths: int = ROLL_PATHS,
    sessions: int = SESSIONS,
    seed: int = 0,
    threads: int | None = None,
) -> pl.DataFrame:
    """Return what a bought VIX future of each tenor earns a month in a market: `figures.roll_costs`.

    Examples
    --------
    >>> table = vx_roll(L3F(vix=14), days=[30, 120], paths=64, sessions=42)
    >>> bool((table["roll_down"] < 0).all())
    True
    """
    maturities = sorted({each for day in days for each in (day, day - figures.MONTH_DAYS)})
    simulated = market.simulate(
        paths, sessions, seed=seed, vx_days=[float(each) for each in maturities], threads=threads
    )
    curve = {each: simulated[f"vx{k}"] for k, each in enumerate(maturities, start=1)}
    return figures.roll_costs(curve).filter(pl.col("days").is_in(list(days)))


@dataclass(frozen=True)
class StressReport:
    """What `alvh stress` prints.

    Attributes
    ----------
    tables
        By name: ``outcomes``, ``vx_roll``; with hedges ``hedge_failures`` and ``break_even``; with a
        history ``falls``.
    limits
        Sentences that must stand beside the figures.
    """

    tables: dict[str, pl.DataFrame]
    limits: tuple[str, ...]

    def to_parquet(self, folder: str | Path) -> None:
        """Write every table as ``NAME.parquet`` into a folder."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        for name, table in self.tables.items():
            table.write_parquet(target / f"{name}.parquet")


def stress_report(
    arms: Playbook | Sequence[Arm | Playbook],
    *,
    scenarios: Sequence[Scenario | str] | None = None,
    history: History | None = None,
    vix: float = 16.0,
    share: float = SHARE,
    capital: float = 1_000_000.0,
    paths: int = PATHS,
    seed: int = 0,
    threads: int = 0,
    advance: Advance | None = None,
) -> StressReport:
    """Run the stress set, and a simulation of a year that says what hedges cost and when they fail.

    Rivals at equal cost (R19) are solved for that simulation; the same arms meet the scenarios.

    Parameters
    ----------
    arms, scenarios, share, capital
        As in `stress`.
    history
        A recorded market whose falls are counted.
    vix
        VIX at the start of the simulation.
    paths, seed, threads, advance
        As in `compare`.
    """
    market, scenarios = L3F(vix=vix), _chosen(scenarios)
    asked: dict[str, Any] = {"sessions": SESSIONS, "capital": capital, "shares": [share], "seed": seed}
    arms, facts = settle(arms_of(arms), market, threads=threads, advance=advance, paths=paths, **asked)
    asked["surface_band"] = 0
    tables = {"outcomes": stress(arms, capital=capital, share=share, scenarios=scenarios)}
    limits = (*LIMITS, *equal_cost_limits(facts))
    simulated = compare(arms, market, paths=paths, threads=threads, advance=advance, **asked).paths()
    crash = stress(arms, capital=capital, share=share, scenarios=[CRASH])
    hedged = {
        "hedge_failures": figures.hedge_failures(simulated, share),
        "break_even": figures.break_even(simulated, crash, capital, SESSIONS, share),
    }
    tables |= {name: table for name, table in hedged.items() if not table.is_empty()}
    tables["vx_roll"] = vx_roll(market, paths=min(paths, ROLL_PATHS), seed=seed, threads=threads or None)
    if history is not None:
        tables["falls"] = figures.fall_frequency(history.data.frame)
        source, dates = history.data.source, history.data.dates
        counted = f"Falls: the closes of one history: {source}, {dates[0]} to {dates[-1]}."
        limits = (*limits, counted)
    return StressReport(tables, limits)
