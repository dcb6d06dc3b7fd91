"""What the parts of an arm have in common: frozen values, expiry windows, rules compiled when given."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Strict, field_validator

from alvh.keys import KnownKeys
from alvh.rules import Condition, Expr, Number, parse
from alvh.rules.outside import outside

Every = Literal["day", "week", "month", "flat"]

Event = Literal["fomc", "cpi", "ppi"]
"""Kinds of announcements."""

Window = Annotated[tuple[int, int], Strict(strict=False)]
"""Two numbers; TOML has lists where Python has tuples."""

HALF_WINDOW = 7
"""``days=45`` accepts expiries from 45 - 7 to 45 + 7 calendar days and prefers 45."""

LONGEST_DAYS = 730
"""Calendar days to expiry: farther than any of the products is listed."""


class Frozen(KnownKeys):
    """A part of an arm: it cannot change, knows no other keys and converts nothing silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class KeyMistakeError(ValueError):
    """A mistake that concerns several keys: the words begin with the path of the one that is at fault."""

    def __init__(self, key: str, words: str) -> None:
        super().__init__(f"{key}: {words}")
        self.key = tuple(key.split("."))


def listed(parts: object) -> tuple[Any, ...]:
    """Return what was given as a list; what is none as its one element, which the model refuses by key."""
    return tuple(parts) if isinstance(parts, Iterable) else (parts,)


class Tenor(Frozen):
    """An expiry window in calendar days."""

    days: int | Window = 45

    @field_validator("days")
    @classmethod
    def _window(cls, days: int | tuple[int, int]) -> int | tuple[int, int]:
        low, high = (days, days) if isinstance(days, int) else days
        if not 1 <= low <= high <= LONGEST_DAYS:
            raise ValueError(
                f"calendar days to expiry: 1 to {LONGEST_DAYS}, and [low, high] with low <= high"
            )
        return days

    @property
    def window(self) -> dict[str, int]:
        """Lowest, highest and preferred calendar days to expiry."""
        if isinstance(self.days, int):
            low = max(1, self.days - HALF_WINDOW)
            return {"low": low, "high": self.days + HALF_WINDOW, "target": self.days}
        low, high = self.days
        return {"low": low, "high": high, "target": (low + high) // 2}


class Listed(Tenor):
    """What is traded, by its expiry window in calendar days and the cadence of the decisions."""

    every: Every = "week"


def compiled(rule: object, scope: str) -> object:
    """Take a rule from text or an object and compile it once, so that its mistakes are found here.

    Which signals from outside there are is known only where a run is given some: until then their names are
    taken as given.
    """
    condition = parse(rule) if isinstance(rule, str) else rule
    if condition is None:
        return None
    if not isinstance(condition, Condition):
        raise ValueError("a condition, such as 'loss >= 2 * credit'")  # noqa: TRY004 -- pydantic reads ValueError
    condition.check(scope, signals=outside(condition))
    return condition


def counted(number: object, scope: str) -> object:
    """Take a number of the rules from text or an object and compile it once, as `compiled` does a rule."""
    found = parse(number) if isinstance(number, str) else number
    if not isinstance(found, Number):
        raise ValueError("a number, such as '1 + 0.5 * macd.zscore(252)'")  # noqa: TRY004 -- pydantic reads ValueError
    found.check(scope, signals=outside(found))
    return found


def spec_of(rule: Condition | None) -> dict[str, Any] | None:
    """Return a rule as the engine reads it, if there is one."""
    return None if rule is None else rule.spec()


def warm_up_of(rule: Expr | None, scope: str) -> int:
    """Sessions of data before the first one that a rule needs, if there is one."""
    return 0 if rule is None else rule.warm_up(scope, signals=outside(rule))
