"""The same paths with the vol of one session a tenth lower or higher: what a one-day condor cannot know (R2).

Listed options of one session are dearer or cheaper than the surface says by some tenth on ordinary days, and
by more on others (MODELS). A comparison of condors that expire within a week therefore runs some of its paths
again, at the smallest share, on a market whose short end trades at .9 and at 1.1 times its vol: one session
wholly, longer tenors less and less. SPX, VIX and VX are the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from alvh.errors import SpecError
from alvh.market import Smile
from alvh.runner import Task
from alvh.surface_band import band_size

__all__ = [
    "FOLDERS",
    "LIMIT",
    "NEAR_DAYS",
    "extrapolated",
    "sided",
    "sides",
]

FOLDERS: Mapping[float, str] = {0.9: "short_end/lower", 1.1: "short_end/higher"}
"""Where a run folder keeps the runs, by what the vol of one session is multiplied with."""

NEAR_DAYS = 7
"""Calendar days to the expiry that a layer prefers, below which its options are of the short end."""

LIMIT = (
    "Vol of a day is extrapolated: single-day credits can be off by a factor (MODELS); arms "
    "that sell condors of a week or less carry ‡, and what is said of them is undecided; they are "
)

SHOWN: Final = "shown at .9, 1.0 and 1.1 times it."
NOT_ASKED: Final = "not shown at .9 and 1.1 times it: surface_band = 0 leaves that out."
NO_TEMPLATE: Final = (
    "not shown at .9 and 1.1 times it: recorded quotes, and markets of one volatility, cannot move it."
)

LARGEST_DIP = 0.5
"""Largest `smile.short_dip` that a market takes, either way."""

_SMILE = frozenset({"l3f", "pdv4", "fhs", "replay"})
"""Models whose surface has a short end."""


def extrapolated(spec: Mapping[str, Any]) -> list[str]:
    """Return the arms of a comparison whose core expires within a week."""
    near = [
        book["arm"]
        for book in spec["books"]
        if any(layer["role"] == "core" and layer["days"]["target"] < NEAR_DAYS for layer in book["layers"])
    ]
    return list(dict.fromkeys(near))


def sided(task: Task, wanted: int) -> Task:
    """Return the task with runs of the short end among its facts, where an arm needs them; 0: none.

    Raises
    ------
    SpecError
        The short end is so far off already that a tenth more is refused.
    """
    paths, distance = band_size(task.paths, wanted, replayed=bool(task.spec["starts"]))
    if not extrapolated(task.spec):
        return task
    market = task.spec["market"]
    # Recorded quotes are no template: there is nothing to shorten.
    templated = market["model"] in _SMILE and market.get("chain") is None
    said = LIMIT + ((SHOWN if paths else NOT_ASKED) if templated else NO_TEMPLATE)
    facts = {**task.facts, "limits": [*task.facts["limits"], said]}
    if not (paths and templated):
        return replace(task, facts=facts)
    for times in FOLDERS:
        dip = _shortened(market, times)["smile"]["short_dip"]
        if abs(dip) > LARGEST_DIP:
            raise SpecError(
                f"smile.short_dip: at {times:g} times the vol of a session it is {dip:.3g}, "
                f"beyond {LARGEST_DIP:g} either way. "
                "Mend: surface_band = 0, which compares no other short ends, or a dip nearer to 0"
            )
    wide = replace(task, facts={**facts, "short_end": {"paths": paths, "distance": distance}})
    beside = {FOLDERS[share]: side.digest for share, side in sides(wide).items()}
    return replace(wide, facts={**wide.facts, "beside": {**task.facts.get("beside", {}), **beside}})


def sides(task: Task) -> dict[float, Task]:
    """Return the tasks of either side by what the vol of one session is multiplied with; none without."""
    band: dict[str, int] | None = task.facts.get("short_end")
    if band is None:
        return {}
    share = min(book["share"] for book in task.spec["books"])
    near = extrapolated(task.spec)
    facts = {**task.facts, "surface_band": None, "short_end": None, "beside": {}}

    def side(times: float) -> Task:
        spec = {
            **task.spec,
            "market": _shortened(task.spec["market"], times),
            "books": [book for book in task.spec["books"] if book["share"] == share and book["arm"] in near],
            "starts": task.spec["starts"][:: band["distance"]],
        }
        return Task(spec, band["paths"], facts, task.chunk)

    return {times: side(times) for times in FOLDERS}


def _shortened(market: dict[str, Any], times: float) -> dict[str, Any]:
    """Return a market whose vol of one session is so many times what it was."""
    smile = {**Smile().model_dump(), **(market.get("smile") or {})}
    smile["short_dip"] = 1.0 - times * (1.0 - smile["short_dip"])
    return {**market, "smile": smile}
