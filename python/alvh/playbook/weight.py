"""How many times a target or a budget counts: a number of the rules, kept between two bounds (R33)."""

from typing import Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from alvh.errors import SpecError, mistakes
from alvh.playbook.frozen import Frozen, counted
from alvh.rules import Number

MOST_TIMES = 100.0
"""Times that a target or a budget can count."""


class Weight(Frozen):
    """The number ``by``, on market and book, at the close that decides: at least ``low``, at most ``high``.

    Where it is missing, ``unknown`` counts in its place, and `Comparison.closed` tells how often (C24).

    Examples
    --------
    >>> Weight(by="1 - 0.5 * macd.zscore(252)").document()
    {'by': '1 - 0.5 * macd.zscore(252)', 'low': 0.5, 'high': 2.0}
    """

    by: Number
    low: float = Field(default=0.5, ge=0, le=MOST_TIMES)
    high: float = Field(default=2.0, ge=0, le=MOST_TIMES)
    unknown: float = Field(default=1.0, ge=0, le=MOST_TIMES)

    @field_validator("by", mode="before")
    @classmethod
    def _by(cls, number: object) -> object:
        return counted(number, "book")

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low = {self.low}: at most high, {self.high}")
        return self

    # Two numbers compare to a condition, their trees to a truth value.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Weight) and self._same() == other._same()

    def __hash__(self) -> int:
        return hash(self._same())

    def _same(self) -> tuple[object, ...]:
        return self.by.tree, str(self.by), self.low, self.high, self.unknown

    def spec(self) -> dict[str, Any]:
        """Return the weight as the engine reads it."""
        return {"by": self.by.spec(), "low": self.low, "high": self.high, "unknown": self.unknown}

    def document(self) -> dict[str, Any]:
        """Return the weight as a TOML table."""
        unknown = {"unknown": self.unknown} if self.unknown != 1 else {}
        return {"by": str(self.by), "low": self.low, "high": self.high, **unknown}


def weight(by: str | Number, *, low: float = 0.5, high: float = 2.0, unknown: float = 1.0) -> Weight:
    """Let a target or a budget count as many times as a number of the rules says (R33, R43, R67, R69).

    Parameters
    ----------
    by
        A number on market and book, or its text.
    low, high
        Times that it counts at least and at most.
    unknown
        Times that it counts while the number is missing.

    Raises
    ------
    SpecError
        The number does not compile, is a condition, or the bounds do not ascend.

    Examples
    --------
    >>> weight("vix / 20", high=1.5).high
    1.5
    """
    try:
        return Weight.model_validate({"by": by, "low": low, "high": high, "unknown": unknown})
    except ValidationError as error:
        raise SpecError(f"weight: {mistakes(error)}") from None
