"""Why the rules of a layer said what they said at one close of one path."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from alvh import _core
from alvh.errors import SpecError
from alvh.rules import from_spec, names
from alvh.rules.beginning import beginnings
from alvh.rules.explaining import Explanation, explain_seen
from alvh.rules.objects import Condition


@dataclass(frozen=True, slots=True)
class PathExplanation:
    """One rule of a layer at one close; ``str`` says it in words."""

    rule: Literal["enter", "exit"]
    """Does it open the layer, or close a tranche?"""
    tick: int
    """Sessions after session 0."""
    entered: int | None
    """Tick at which the tranche was filled; None where the rule opens."""
    explanation: Explanation
    """The value of every node, and what would turn the gate."""

    def __str__(self) -> str:
        whose = "" if self.entered is None else f" of the tranche filled at tick {self.entered}"
        return f"{self.rule}{whose}, tick {self.tick}:\n{self.explanation}"


def explain_path(
    plan: _core.Plan, path: int, layer: int, rules: Mapping[str, Any], tick: int
) -> tuple[PathExplanation, ...]:
    """Explain the rules of a layer of book 0 at a tick: the one that opens, then that of each tranche held.

    `rules` is the layer's description: ``enter`` and ``exit`` as they travel, or None.
    """
    told = []
    for kind in ("enter", "exit"):
        found = plan.readings(path, 0, layer, closes=kind == "exit") if rules.get(kind) else None
        if found is None:
            continue
        read, rule = _frame(found), from_spec(rules[kind])
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


def _frame(found: Mapping[str, Any]) -> pl.DataFrame:
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
    rule: Condition, read: pl.DataFrame, tick: int, kind: Literal["enter", "exit"], entered: int | None
) -> Explanation:
    until = read.filter(pl.col("tick") <= tick)
    ticks = until["tick"]
    begins = {
        node: int((ticks < first).sum()) for node, first in beginnings(rule.tree, kind, entered).items()
    }
    told, said = explain_seen(rule, until, begins), until["answer"][-1]
    if told.outcome is not (None if said is None else math.isclose(said, 1.0)):
        raise SpecError(
            f"explain: at tick {tick} the engine said {said} of {rule}, and the sessions of the path retell "
            f"{told.outcome}: an explanation would be untrue. Mend: ask for the parts of the rule"
        )
    return told
