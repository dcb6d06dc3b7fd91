"""R19 and the placebo: the hedge against what costs as much, where there is something to avoid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from alvh import figures
from alvh.claims import table
from alvh.claims.claim import ABOVE_0, Claim, Measured, Reading
from alvh.claims.hedges import ALVH
from alvh.figures.words import percent
from alvh.playbook import Arm, preset
from alvh.statistics import Estimate

__all__ = ["EXPOSED_SHARE", "PLACEBO", "PLAIN", "RIVALS", "at_that_cost", "rival_arms", "rival_rows"]

EXPOSED_SHARE = 0.70
"""The largest rung of the ladder: at 50% plain is in distress on one path in a thousand from VIX 16."""

PLAIN = "plain"
RIVALS = ("fewer_lots_equal_mean", "wider_wings", "bigger_buffer", "spx_put_overlay_equal_cost")
PLACEBO = "random_timing_equal_cost"

BETWEEN = {"spx_put_overlay_equal_cost": (0.5, 3.0), PLACEBO: (0.025, 0.13)}
"""Times their preset's size: near what this share asks for, so that few runs of the pilot find it."""

_FIGURES = {"p_distress": "P(distress)", "max_drawdown": "mean drawdown", "return_on_nav": "mean return"}


def rival_arms() -> list[Arm]:
    """Return plain, the hedge, its rivals and its placebo, each at equal cost."""
    return [preset(PLAIN), preset(ALVH), *map(_sought_nearby, (*RIVALS, PLACEBO))]


def _sought_nearby(name: str) -> Arm:
    arm = preset(name)
    return arm.rival("overlay", BETWEEN[name], to=ALVH, name=name) if name in BETWEEN else arm


def rival_rows(
    paths: pl.DataFrame, costs: pl.DataFrame, capital: float, sessions: int, share: float
) -> Iterator[Measured]:
    """Measure the rivals of the hedge, then its placebo.

    Parameters
    ----------
    paths
        A row per path and arm of `rival_arms`, at `share`.
    costs
        What `Comparison.equal_cost` says of them.
    capital, sessions, share
        Dollars of every arm, horizon, and margin share of the paths.
    """
    found = {row["arm"]: row for row in costs.iter_rows(named=True)}
    within = min(figures.WITHIN, sessions)
    rungs = figures.ladder(paths, within)
    for claim, arms in ((table.RIVALS, RIVALS), (table.TIMING, (PLACEBO,))):
        family = paths.filter(pl.col("arm").is_in([ALVH, *arms]))
        tests = figures.against(family, capital, sessions, share, base=ALVH, within=within)
        for arm in arms:
            rows = tests.filter(arm=arm).iter_rows(named=True)
            yield from _rows(claim, rows, found[arm], _levels(rungs, arm), paths["path"].n_unique())


def _rows(
    claim: Claim, tests: Iterator[dict[str, Any]], cost: Mapping[str, Any], levels: str, n: int
) -> Iterator[Measured]:
    """Hold a rival less the hedge against "worse"; the return of the two is the cost itself."""
    for test in tests:
        figure = test["figure"]
        variant = f"{test['arm']} less {ALVH}: {_FIGURES[figure]}"
        claimed = "the cost itself" if figure == "return_on_nav" else ABOVE_0
        bounds = (test["estimate"], test["low"], test["high"])
        estimate = None if None in bounds else Estimate(*bounds)
        reading = at_that_cost(ABOVE_0.reading(estimate), cost) if estimate else "-"
        yield Measured(
            claim,
            variant,
            claimed,
            test["unit"],
            n,
            f"{cost['words']}. {levels}",
            estimate,
            reading if figure != "return_on_nav" else "-",
            test["p_holm"],
        )


def at_that_cost(reading: Reading, cost: Mapping[str, Any], *, cheaper: Reading = "inside") -> Reading:
    """Drop what the costs explain.

    Parameters
    ----------
    reading
        Where an interval lies, of a figure of a rival and the arm that it matches.
    cost
        The rival's row of `Comparison.equal_cost`.
    cheaper
        What the reading would be for no other reason than that the rival costs less; the opposite if it costs
        more. Of protection "inside": a rival that costs less may protect less.
    """
    if cost["status"] == "solved":
        return reading
    dearer: Reading = "outside" if cheaper == "inside" else "inside"
    explained = cheaper if cost["drag"] < cost["target"] else dearer
    return "-" if reading == explained else reading


def _levels(rungs: pl.DataFrame, arm: str) -> str:
    """Say how often the rival, the hedge and plain are in distress and ruined."""
    each = {
        event: ", ".join(f"{name} {_chance(rungs, name, event)}" for name in (arm, ALVH, PLAIN))
        for event in ("distress", "call", "ruin")
    }
    return f"In distress: {each['distress']}, by a call: {each['call']}, ruined: {each['ruin']}"


def _chance(rungs: pl.DataFrame, arm: str, event: str) -> str:
    return percent(rungs.filter(arm=arm, figure=event)["estimate"][0])
