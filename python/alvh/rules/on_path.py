"""Why the rules of a layer said what they said at one close of one path."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from alvh import _core
from alvh.errors import SpecError
from alvh.rules import from_spec, names
from alvh.rules.beginning import beginnings
from alvh.rules.explaining import Explanation, explain_seen
from alvh.rules.objects import Condition, Expr

OVERRIDE = "override"
"""What the engine says withheld an action whose permits are all true: a person."""

SAME = 1e-9
"""Up to which two numbers are the same: sums over a window may be rounded in another order."""


@dataclass(frozen=True, slots=True)
class Permit:
    """A condition that openings and rolls of a layer need besides its own rule, at one close (R87, R88)."""

    name: str
    """Of the votes, or the schedule."""
    rolls_only: bool
    """Do rolls alone need it?"""
    decided: bool | None
    """What a person decided for this close in place of all permits; None: nobody did."""
    withheld: bool
    """Was an opening or a roll withheld at this close because this permit was not true?"""

    def __str__(self) -> str:
        told = [] if not self.rolls_only else ["of rolls alone"]
        told += [] if self.decided is None else [f"a person {'allows' if self.decided else 'forbids'} it"]
        told += ["withholds what is due"] if self.withheld else []
        return "".join(f", {each}" for each in told)


@dataclass(frozen=True, slots=True)
class PathExplanation:
    """One rule of a layer at one close; ``str`` says it in words."""

    rule: Literal["enter", "weight", "permit", "exit"]
    """Does it open the layer, weigh its target, permit its openings and rolls, or close a tranche?"""
    tick: int
    """Sessions after session 0."""
    entered: int | None
    """Tick at which the tranche was filled; None where the rule opens."""
    explanation: Explanation
    """The value of every node, and what would turn the gate."""
    permit: Permit | None = None
    """Where the rule is one."""

    def __str__(self) -> str:
        whose = "" if self.entered is None else f" of the tranche filled at tick {self.entered}"
        whose = whose if self.permit is None else f" {self.permit.name}"
        done = "" if self.permit is None else str(self.permit)
        return f"{self.rule}{whose}, tick {self.tick}{done}:\n{self.explanation}"


def explain_path(
    plan: _core.Plan, path: int, layer: int, rules: Mapping[str, Any], *, tick: int, session: int
) -> tuple[PathExplanation, ...]:
    """Explain the rules of a layer of book 0 at a tick, which is a session of the calendar.

    The one that opens, then its weight, then the permits, then that of each tranche held. `rules` is the
    layer's description: ``enter``, ``exit``, ``size``, ``permits`` and ``overrides`` as they travel, or None.
    """
    told = []
    for kind in ("enter", "exit"):
        if kind == "exit":
            told += _weight(plan, path, layer, rules, tick)
            told += _permits(plan, path, layer, rules, tick=tick, session=session)
        found = plan.readings(path, 0, layer, closes=kind == "exit") if rules.get(kind) else None
        if found is None:
            continue
        read, rule = frame_read(found), from_spec(rules[kind])
        assert isinstance(rule, Condition)  # noqa: S101 - the plan compiled it as one
        if kind == "enter":
            told.append(PathExplanation("enter", tick, None, _explained(rule, read, tick, "enter", None)))
            continue
        held = read.filter(pl.col("tick") == tick, pl.col("entered").is_not_null()).sort("entered")
        for slot, entered in held.select("slot", "entered").iter_rows():
            of_slot = read.filter((pl.col("slot") == slot) | (pl.col("tick") < 0))
            # What was filled before the path begins is seen from session 0 on.
            seen_from = max(entered, 0)
            known = pl.col("tick") >= seen_from
            own = _position_names(read.columns)
            tranche = of_slot.with_columns(pl.when(known).then(pl.col(own)).name.keep()) if own else of_slot
            why = _explained(rule, tranche, tick, "exit", seen_from)
            told.append(PathExplanation("exit", tick, entered, why))
    return tuple(told)


def _weight(
    plan: _core.Plan, path: int, layer: int, rules: Mapping[str, Any], tick: int
) -> list[PathExplanation]:
    """Explain the number that the target of a layer counts times, before its bounds (R33)."""
    weight = rules["size"].get("weight")
    if weight is None:
        return []
    found = plan.readings(path, 0, layer, weight=True)
    assert found is not None  # noqa: S101 - the layer has one
    why = _explained(from_spec(weight["by"]), frame_read(found), tick, "enter", None)
    return [PathExplanation("weight", tick, None, why)]


def _permits(
    plan: _core.Plan, path: int, layer: int, rules: Mapping[str, Any], *, tick: int, session: int
) -> list[PathExplanation]:
    """Explain the permits of a layer; what was withheld is told by the engine's own events."""
    permits = rules.get("permits") or ()
    if not permits:
        return []
    told: list[tuple[dict[str, Any], Explanation]] = []
    for index, permit in enumerate(permits):
        found, rule = plan.readings(path, 0, layer, permit=index), from_spec(permit["when"])
        assert found is not None  # noqa: S101 - it is one of the layer's
        assert isinstance(rule, Condition)  # noqa: S101 - the plan compiled it as one
        told.append((permit, _explained(rule, frame_read(found), tick, "enter", None)))
    against = _withheld(plan, path, layer, tick)
    for objections in against:
        _check_objections(objections, told, tick)
    # The last decision for a session stands.
    decided = {each["session"]: each["allow"] for each in rules.get("overrides") or ()}.get(session)
    return [
        PathExplanation(
            "permit",
            tick,
            None,
            why,
            Permit(
                permit["name"],
                permit.get("rolls_only", False),
                decided,
                any(permit["name"] in objections for objections in against),
            ),
        )
        for permit, why in told
    ]


def _withheld(plan: _core.Plan, path: int, layer: int, tick: int) -> list[tuple[str, ...]]:
    """Return, for each action withheld at a tick, the permits that the engine says were against."""
    events = plan.trace(path, 0)["events"]
    wanted = ("withhold", layer, tick)
    here = (each for each in events if (each["event"], each["layer"], each["tick"]) == wanted)
    return [tuple(each["reason"].split(", ")) for each in here]


def _check_objections(
    names: tuple[str, ...], told: Sequence[tuple[Mapping[str, Any], Explanation]], tick: int
) -> None:
    """Refuse to explain what the engine withheld for another reason than these permits retell."""

    def against(*, rolls: bool) -> tuple[str, ...]:
        needed = [each for each in told if rolls or not each[0].get("rolls_only", False)]
        return tuple(permit["name"] for permit, why in needed if why.outcome is not True)

    retold = {against(rolls=False), against(rolls=True)}
    if names not in {found or (OVERRIDE,) for found in retold}:
        raise SpecError(
            f"explain: at tick {tick} the engine withheld for {', '.join(names)}, and the permits retell "
            f"{' or '.join(', '.join(each) or 'none' for each in retold)}: an explanation would be untrue"
        )


def frame_read(found: Mapping[str, Any]) -> pl.DataFrame:
    """Return what a rule read on a path, a row per close and tranche, as a frame with a column per name."""
    columns = dict(found["names"])
    if "core_challenge" in columns:
        columns.setdefault("breakeven_challenge", columns["core_challenge"])  # its name where a rule opens
    every = {name: found[name] for name in ("tick", "slot", "entered", "answer")} | columns
    frame = pl.DataFrame(every).with_columns(pl.col(pl.Float64).fill_nan(None))
    return frame.with_columns(pl.col("entered").cast(pl.Int64))


def _position_names(columns: list[str]) -> list[str]:
    of_position = {row.name for row in names() if row.scope == "position"}
    return [name for name in columns if name in of_position]


def _explained(
    rule: Expr, read: pl.DataFrame, tick: int, kind: Literal["enter", "exit"], entered: int | None
) -> Explanation:
    until = read.filter(pl.col("tick") <= tick)
    ticks = until["tick"]
    begins = {
        node: int((ticks < first).sum()) for node, first in beginnings(rule.tree, kind, entered).items()
    }
    told, said = explain_seen(rule, until, begins), until["answer"][-1]
    if not _agree(told.outcome, said):
        raise SpecError(
            f"explain: at tick {tick} the engine said {said} of {rule}, and the sessions of the path retell "
            f"{told.outcome}: an explanation would be untrue. Mend: ask for the parts of the rule"
        )
    return told


def _agree(retold: bool | float | None, said: float | None) -> bool:
    """Say whether what the sessions retell of a rule, or of a number, is what the engine said."""
    if retold is None or said is None:
        return retold is None and said is None
    return math.isclose(retold, said, rel_tol=SAME, abs_tol=SAME)
