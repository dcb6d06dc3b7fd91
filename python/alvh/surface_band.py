"""The same paths with the surface a vol point lower or higher: is the edge of a condor the template's bias.

An option surface that a function of VIX draws can be a vol point off for months. A comparison therefore runs
some of its paths again, at the smallest share, on a market whose SPX options are a vol point cheaper, and
dearer; SPX, VIX and VX are the same bits. Each of the two is a run of its own, with parts and a manifest, in
a folder of the main one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from alvh.errors import SpecError
from alvh.runner import Task

__all__ = ["BAND_PATHS", "FOLDERS", "band_size", "banded", "tasks"]

BAND_PATHS = 2_048
"""Paths of either side of the band at most."""

FOLDERS: Mapping[float, str] = {-1.0: "surface/lower", 1.0: "surface/higher"}
"""Where a run folder keeps the runs of the band, by shift in vol points."""

WIDEST = 5.0
"""Largest shift that a market takes, in vol points."""

SHIFTED = frozenset({"l3f", "pdv4", "fhs", "bates", "gbm", "replay"})
"""Models whose surface can be shifted."""


def band_size(paths: int, wanted: int, *, replayed: bool) -> tuple[int, int]:
    """Return how many paths either side of the band has, and their distance in the comparison.

    They are the first of a simulation, and evenly spread starts of a history.

    Examples
    --------
    >>> band_size(20_000, 2_048, replayed=False), band_size(3_000, 2_048, replayed=True)
    ((2048, 1), (1500, 2))
    """
    if not wanted:
        return 0, 1
    distance = math.ceil(paths / wanted) if replayed else 1
    return min(wanted, math.ceil(paths / distance)), distance


def banded(task: Task, wanted: int) -> Task:
    """Return the task with a band of at most `wanted` paths a side among its facts; 0 asks for none.

    Raises
    ------
    SpecError
        `wanted` is negative, or the surface is shifted so far already that a point more is refused.
    """
    if wanted < 0:
        raise SpecError(f"surface_band = {wanted}: paths with the surface a vol point off, 0 for none")
    paths, distance = band_size(task.paths, wanted, replayed=bool(task.spec["starts"]))
    market = task.spec["market"]
    # Recorded quotes are no template: there is nothing to shift.
    if not paths or market["model"] not in SHIFTED or market.get("chain") is not None:
        return replace(task, facts={**task.facts, "surface_band": None})
    shift = market.get("surface_shift", 0.0)
    if abs(shift) + max(FOLDERS) > WIDEST:
        raise SpecError(
            f"surface_shift = {shift}: a point more is beyond {WIDEST:g}. "
            "Mend: surface_band = 0, which compares no shifted surfaces, or a smaller shift"
        )
    wide = replace(task, facts={**task.facts, "surface_band": {"paths": paths, "distance": distance}})
    beside = {FOLDERS[shift]: side.digest for shift, side in tasks(wide).items()}
    return replace(wide, facts={**wide.facts, "beside": beside})


def tasks(task: Task) -> dict[float, Task]:
    """Return the tasks of the band by shift in vol points; none where the task has no band."""
    band: dict[str, int] | None = task.facts.get("surface_band")
    if band is None:
        return {}
    share = min(book["share"] for book in task.spec["books"])
    facts = {**task.facts, "surface_band": None, "beside": {}}

    def side(points: float) -> Task:
        market: dict[str, Any] = task.spec["market"]
        spec = {
            **task.spec,
            "market": {**market, "surface_shift": market.get("surface_shift", 0.0) + points},
            "books": [book for book in task.spec["books"] if book["share"] == share],
            "starts": task.spec["starts"][:: band["distance"]],
        }
        return Task(spec, band["paths"], facts, task.chunk)

    return {points: side(points) for points in FOLDERS}
