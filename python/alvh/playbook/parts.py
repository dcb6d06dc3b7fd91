"""A hedge bought in parts: tranches of one layer that scale in one after the other (R28)."""

import math
from typing import Any

from pydantic import Field, field_validator

from alvh.playbook.frozen import Frozen, compiled
from alvh.playbook.monetise import ROUNDING, Part, written
from alvh.rules import Condition

MOST_TRANCHES = 16
"""Tranches of a layer, as in the engine."""


class Tranche(Frozen):
    """A part of a layer's target that is bought by itself (R28).

    The first opens by the rule of the layer. Each further one is added at the first close at which its rule
    ``when`` is true while the layer holds something, once until the layer is flat again; its size is what the
    shares of all bought so far ask for, less what is held.
    """

    share: Part
    when: Condition | None = None

    @field_validator("when", mode="before")
    @classmethod
    def _when(cls, rule: object) -> object:
        return compiled(rule, "book")

    def document(self) -> dict[str, Any]:
        """Return the tranche as a TOML table."""
        table: dict[str, Any] = {"share": written(self.share)}
        return table if self.when is None else table | {"when": str(self.when)}


def checked(tranches: tuple[Tranche, ...]) -> tuple[Tranche, ...]:
    """Refuse shares that are more than the target, and rules that are missing or one too many."""
    if len(tranches) > MOST_TRANCHES:
        raise ValueError(f"{len(tranches)} tranches: at most {MOST_TRANCHES}")
    if math.fsum(tranche.share for tranche in tranches) > 1 + ROUNDING:
        raise ValueError("share: parts of the target that sum to at most 1")
    if tranches and tranches[0].when is not None:
        raise ValueError("when: the first tranche opens by the layer's enter rule: write it there")
    if any(tranche.when is None for tranche in tranches[1:]):
        raise ValueError("when: each tranche after the first needs a rule that adds it")
    return tranches


class RollLimits(Frozen):
    """What a roll may cost at most: one that costs more is not done, and is asked for again (R58).

    ``extrinsic_per_day``: the time value a calendar day of what is bought, at most so many times that of what
    is sold. ``forward_variance``: the variance of SPX between the two expiries, a session, at most so many
    times that until the nearer one: what the roll buys over what it sells.
    """

    extrinsic_per_day: float | None = Field(default=None, gt=0)
    forward_variance: float | None = Field(default=None, gt=0)
