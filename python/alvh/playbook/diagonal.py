"""The short leg of a call diagonal: a nearer VIX call sold against the one that a layer buys."""

from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from alvh.playbook.frozen import Tenor, Window, compiled, spec_of
from alvh.playbook.monetise import Part, written
from alvh.rules import Condition

LEG = {"right": "C", "ratio": -1}
"""What is sold, a lot."""

LEAST_KEPT = 0.2
"""Of the bought call's dollars per VIX point: at most five times the lots of the calls alone. Ours."""


class Short(Tenor):
    """A nearer call at a higher strike, sold against the call that a layer buys: a call diagonal.

    ``days`` are calendar days to its expiry, which is nearer than that of the bought call. Its strike has the
    absolute forward ``delta``, or lies ``width_points`` above the bought one, product points: exactly one of
    the two; never at or below the bought strike, where the next listed one above is taken. ``share`` are the
    lots sold for a lot held, at most 1, so that each is covered. ``again``: when it has settled, another one
    is sold while the bought call is held and has more days left than that one. ``when`` is a rule on market
    and book that must be true at the decision; none: always. Where the hedge is measured in dollars per VIX
    point (``core.vega``), nothing is bought while what is sold leaves less than the part ``least_kept`` of
    those of the bought call: the fewer are left, the more lots would be wanted.

    Examples
    --------
    >>> Short(days=30, delta=0.15).strike
    {'by': 'delta', 'value': 0.15}
    """

    days: int | Window = 30
    delta: float | None = Field(default=None, gt=0, lt=1)
    width_points: float | None = Field(default=None, gt=0)
    share: Part = 1.0
    again: bool = True
    least_kept: float = Field(default=LEAST_KEPT, ge=0, lt=1)
    when: Condition | None = None

    @field_validator("when", mode="before")
    @classmethod
    def _when(cls, rule: object) -> object:
        return compiled(rule, "book")

    @model_validator(mode="after")
    def _one_strike(self) -> Self:
        if (self.delta is None) == (self.width_points is None):
            raise ValueError(
                "give exactly one of delta (of the sold call) and width_points (above the bought strike)"
            )
        return self

    @property
    def strike(self) -> dict[str, Any]:
        """How its strike is chosen, as the engine reads it."""
        if self.delta is not None:
            return {"by": "delta", "value": self.delta}
        return {"by": "offset", "from": 0, "width": {"points": self.width_points}}

    def spec(self) -> dict[str, Any]:
        """Return the short leg as the engine reads it."""
        terms = {"days": self.window, "strike": self.strike, "share": self.share, "again": self.again}
        terms |= {"least_kept": self.least_kept}
        return terms | {"when": spec_of(self.when)}

    def unless(self, press: Condition) -> "Short":
        """Return the short leg as it is sold while a cash press is known to be off (R89)."""
        return self.model_copy(update={"when": ~press if self.when is None else self.when & ~press})

    def document(self) -> dict[str, Any]:
        """Return the short leg as a TOML table."""
        table = self.model_dump(exclude_none=True, exclude={"when"}) | {"share": written(self.share)}
        return table if self.when is None else table | {"when": str(self.when)}
