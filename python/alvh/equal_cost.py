"""Rivals at equal cost: one parameter of each is solved on a pilot, then it stands (R19).

The *drag* of an arm is how much less a year than the first arm it earns above bills, of capital, at the
smallest share of the ladder. On a pilot with paths of its own the parameter of a rival is bisected until its
drag is within 5% of that of the arm it matches. All candidates run on the same paths, those that the rivals
ask for at one step in one run. What is found is frozen in the manifest; the comparison runs concrete arms.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from alvh.bisection import HALVINGS, Solution, bisection
from alvh.errors import SpecError, nearest_names
from alvh.figures.columns import excess
from alvh.figures.words import percent
from alvh.market import L3F, History, Simulated
from alvh.outside import feeding, named
from alvh.playbook import Arm
from alvh.rival import EqualCost
from alvh.runner import Advance, Task, run
from alvh.scenario import Scenario
from alvh.signals.given import ABSENT
from alvh.specification import Market, specification, task_of

__all__ = [
    "PILOT_PATHS",
    "Settled",
    "frozen",
    "limits",
    "pilot_market",
    "pilot_paths",
    "pilot_seed",
    "pilot_size",
    "pilot_words",
    "settle",
    "unequal",
]

PILOT_PATHS = 2_048
"""Paths of the pilot."""

RUNS = 2 + HALVINGS
"""Runs of the pilot at most: the arms to match, both ends, one per halving."""


_LIKE_THE_RUN = ("sessions", "capital", "margin", "bars", "costs", "ruin_share")
"""Options that the pilot takes over; seed, size, paths and market are its own."""

_START = ("vix", "vol", "spot")


class Settled(NamedTuple):
    """Arms with nothing left to solve, and what was found.

    Attributes
    ----------
    arms : tuple of Arm
        The arms, in order, each rival at its value.
    facts : dict
        For the manifest: the pilot, and per rival parameter, value, drags, status and digest; empty without
        rivals.
    """

    arms: tuple[Arm, ...]
    facts: dict[str, Any]


class _Rival(NamedTuple):
    """An arm with what is to be solved in it."""

    arm: Arm
    sought: EqualCost


def settle(
    arms: Sequence[Arm], market: Market, *, threads: int = 0, advance: Advance | None = None, **asked: Any
) -> Settled:
    """Solve every rival among `arms`; `asked` are the options of `task_of`.

    Raises
    ------
    SpecError
        A rival is the first arm, or the arm it matches is not there, is the first one, or a rival itself.
    """
    rivals = [_Rival(arm, arm.equal_cost) for arm in arms if arm.equal_cost]
    if not rivals:
        return Settled(tuple(arms), {})
    standing = [arm.varied(arm.equal_cost.between[0]) if arm.equal_cost else arm for arm in arms]
    task_of(standing, market, **asked)  # the mistakes of the question, before any work
    matched = _matched(arms, rivals)
    simulated = pilot_market(market)
    alike = {name: value for name, value in asked.items() if name in _LIKE_THE_RUN}
    signals = asked.get("signals")
    if simulated is market or (isinstance(signals, str) and signals == ABSENT):
        alike["signals"] = signals
    elif signals is not None and (named(standing) or feeding(standing)):
        # A frame has dates, which the pilot of a history has not.
        raise SpecError(
            "equal_cost: its pilot is simulated, and signals of a history are not known there. Mend: run the "
            f"rivals without arms that name signals, or signals={ABSENT!r}"
        )
    spec = specification(
        standing, simulated, seed=pilot_seed(asked["seed"]), shares=(min(asked["shares"]),), **alike
    )
    pilot = _Pilot(spec, pilot_size(asked.get("paths")), threads, advance)
    base, *earned = pilot.earned([arms[0], *matched])
    targets = {arm.name: base - each for arm, each in zip(matched, earned, strict=True)}
    solutions = _searched(rivals, targets, base, pilot)
    pilot.finish()
    found = {rival.arm.name: rival.arm.varied(solutions[rival.arm.name].value) for rival in rivals}
    facts = {
        "base": arms[0].name,
        "pilot": pilot.facts() | {"words": _words(simulated, replayed=isinstance(market, History))},
        "rivals": {
            arm.name: _facts(sought, solutions[arm.name], targets[sought.to])
            | {"digest": found[arm.name].digest}
            for arm, sought in rivals
        },
    }
    return Settled(tuple(found.get(arm.name, arm) for arm in arms), facts)


def frozen(arms: Sequence[Arm], facts: Mapping[str, Any]) -> Settled:
    """Take every rival as an earlier run froze it; `facts` are those of its manifest.

    Raises
    ------
    SpecError
        A rival was not solved there, or is not the same arm any more.
    """
    rivals = facts.get("rivals", {})
    settled = []
    for arm in arms:
        if arm.equal_cost is None:
            settled.append(arm)
            continue
        if arm.name not in rivals:
            known = ", ".join(rivals) or "none"
            raise SpecError(f"arm {arm.name!r}: the comparison given as solved did not solve it: {known}")
        concrete = arm.varied(rivals[arm.name]["value"])
        if concrete.digest != rivals[arm.name]["digest"]:
            raise SpecError(f"arm {arm.name!r}: not the arm that was solved: solve it again")
        settled.append(concrete)
    return Settled(tuple(settled), dict(facts) if any(arm.equal_cost for arm in arms) else {})


def unequal(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the rivals that are not at equal cost, and in words how far they are from it."""
    rivals = facts.get("rivals", {})
    return {arm: found["words"] for arm, found in rivals.items() if found["status"] != "solved"}


def pilot_words(facts: Mapping[str, Any]) -> str:
    """Return what the pilot was, in words; empty without rivals."""
    return (
        "{paths:,} paths of {sessions} sessions, {words}, seed {seed}, "
        "at a margin share of {share:.0%}".format(**facts["pilot"])
        if facts
        else ""
    )


def limits(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the sentences that must stand beside figures of rivals."""
    if not facts:
        return ()
    pilot = pilot_words(facts)
    solved = f"Equal cost was solved on a pilot of {pilot}: on other paths and at other sizes costs differ."
    return (solved, *(f"{arm}: {words}." for arm, words in unequal(facts).items()))


def pilot_paths(arms: Sequence[Arm], paths: int | None = None) -> int:
    """Return how many paths `settle` reports as finished, whatever it needs; none without rivals."""
    return RUNS * pilot_size(paths) if any(arm.equal_cost for arm in arms) else 0


def pilot_size(paths: int | None = None) -> int:
    """Return the paths of the pilot of a run of so many: four times as many, at most `PILOT_PATHS`.

    Examples
    --------
    >>> pilot_size(), pilot_size(64), pilot_size(20_000)
    (2048, 256, 2048)
    """
    return PILOT_PATHS if paths is None else min(PILOT_PATHS, 4 * paths)


def pilot_seed(seed: int) -> int:
    """Return the seed of the pilot: the first 8 bytes of SHA-256 of ``alvh pilot SEED``, big-endian.

    In the one case in 2⁶⁴ in which that is the seed itself, the next integer is hashed.

    Examples
    --------
    >>> pilot_seed(0)
    7954853994851543174
    """
    found = seed
    while found == seed:
        found = int.from_bytes(hashlib.sha256(f"alvh pilot {seed}".encode()).digest()[:8])
    return found


def pilot_market(market: Market) -> Simulated:
    """Return the market of the pilot: the same, and for a history the default L3F at its medians.

    Those of VIX, SPX, bill rate and dividend yield: a replay cannot be drawn from.
    """
    if isinstance(market, Scenario):
        raise SpecError(
            f"scenario {market.name!r} is one made path: no mean cost to match on it: solve equal_cost on a "
            "simulated market first, with alvh.equal_cost.settle"
        )
    if not isinstance(market, History):
        return market
    frame = market.data.frame
    names = {"vix": "vix", "spot": "spx", "rate": "rate", "dividend_yield": "dividend_yield"}
    return L3F(**{name: frame[column].median() for name, column in names.items()})


class _Pilot:
    """The paths on which candidates are tried."""

    def __init__(self, spec: dict[str, Any], paths: int, threads: int, advance: Advance | None) -> None:
        self.spec = spec
        self.paths = paths
        self.threads = threads
        self.advance = advance
        self.share = spec["books"][0]["share"]
        self.runs = 0

    def earned(self, arms: Iterable[Arm]) -> list[float]:
        """Return the mean P&L a year above bills of each arm, of capital."""
        books = [arm.book(self.share) for arm in arms]
        task = Task({**self.spec, "books": books}, self.paths, {})
        result = run(task, threads=self.threads, advance=self.advance)
        self.runs += 1
        a_year = excess(self.spec["capital"], self.spec["sessions"]) / self.spec["capital"]
        rows = result.frame.select("book", earned=a_year).collect()
        # fsum: the same bits whichever candidates run beside.
        sums = [math.fsum(rows.filter(book=index)["earned"]) for index in range(len(books))]
        return [each / self.paths for each in sums]

    def finish(self) -> None:
        """Report the runs that were not needed, so that what was reported is `pilot_paths`."""
        if self.advance:
            self.advance((RUNS - self.runs) * self.paths)

    def facts(self) -> dict[str, Any]:
        """Say what it was."""
        kept = ("market", "seed", "sessions", "capital")
        return {name: self.spec[name] for name in kept} | {"share": self.share, "paths": self.paths}


def _searched(
    rivals: Sequence[_Rival], targets: Mapping[str, float], base: float, pilot: _Pilot
) -> dict[str, Solution]:
    """Bisect all rivals in step: what they ask for at one step runs together."""
    searches = [bisection(targets[sought.to], *sought.between) for _, sought in rivals]
    asked = dict(enumerate(map(next, searches)))
    solutions: dict[str, Solution] = {}
    while asked:
        tried = [rivals[index].arm.varied(value) for index, values in asked.items() for value in values]
        drags = iter([base - earned for earned in pilot.earned(tried)])
        still: dict[int, tuple[float, ...]] = {}
        for index, values in asked.items():
            try:
                still[index] = searches[index].send(tuple(islice(drags, len(values))))
            except StopIteration as end:
                solutions[rivals[index].arm.name] = end.value
        asked = still
    return solutions


def _matched(arms: Sequence[Arm], rivals: Sequence[_Rival]) -> list[Arm]:
    """Return the arms whose cost is matched; refuse what has no cost to match."""
    first, named = arms[0], {arm.name: arm for arm in arms}
    if first.equal_cost:
        raise SpecError(
            f"arm {first.name!r}: equal_cost: drags are measured against the first arm, and this is it: "
            "put another arm first"
        )
    for arm, sought in rivals:
        what = f"arm {arm.name!r}: equal_cost.to = {sought.to!r}"
        if sought.to not in named:
            others = [each.name for each in arms[1:] if each.equal_cost is None]
            raise SpecError(f"{what}: not among the arms: add it, or {nearest_names(sought.to, others)}")
        if sought.to == first.name:
            raise SpecError(f"{what}: drags are measured against the first arm: its own is 0, name another")
        if named[sought.to].equal_cost:
            raise SpecError(f"{what}: is to be solved itself: name an arm that stands")
    return [named[name] for name in dict.fromkeys(sought.to for _, sought in rivals)]


def _facts(sought: EqualCost, solution: Solution, target: float) -> dict[str, Any]:
    """Return what the manifest keeps of one rival."""
    return {
        **sought.model_dump(mode="json"),
        "value": solution.value,
        "drag": solution.cost,
        "target": target,
        "status": solution.status,
        "evaluations": solution.evaluations,
        "words": _verdict(sought, solution, target),
    }


def _verdict(sought: EqualCost, solution: Solution, target: float) -> str:
    """Say whether the costs are equal, as plainly when they are not."""
    ours, theirs = percent(solution.cost), percent(target)
    match solution.status:
        case "solved":
            return f"equal cost: {ours} a year, {sought.to} {theirs}"
        case "nearest":
            return f"not equal: costs {ours} a year, not the {theirs} of {sought.to}: the nearest step"
        case "unattainable":
            low, high = sought.between
            return (
                f"not equal: costs {ours} a year, not the {theirs} of {sought.to}: "
                f"out of reach with {sought.vary} between {low:g} and {high:g}"
            )


def _words(market: Simulated, *, replayed: bool) -> str:
    """Name the market of the pilot by its start and by what differs from the defaults."""
    fields = type(market).model_fields
    given = {name: value for name, value in market if name in _START or value != fields[name].default}
    words = ", ".join(
        f"{name}={value:.6g}" if isinstance(value, float) else f"{name}=…" for name, value in given.items()
    )
    return f"{type(market).__name__}({words})" + (", the medians of the history" if replayed else "")
