"""Selling a hedge in parts as it gains (R36, R89)."""

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from numbers import Real
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from alvh.playbook.frozen import Frozen

_FRACTION = re.compile(r"(\d{1,4})\s*/\s*(\d{1,4})")
_PART: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        {"type": "string", "pattern": rf"^{_FRACTION.pattern}$"},
    ]
}
LARGEST_DENOMINATOR = 100
ROUNDING = 1e-9
"""What sums of thirds and tenths are off by."""


def _fraction(part: object) -> object:
    if not isinstance(part, str):
        return part
    found = _FRACTION.fullmatch(part.strip())
    if found is None or int(found[2]) == 0:
        raise ValueError("a part above 0 up to 1, or a fraction as text: '1/3'")
    return int(found[1]) / int(found[2])


Part = Annotated[float, BeforeValidator(_fraction), Field(gt=0, le=1), WithJsonSchema(_PART)]
"""A number above 0 up to 1, or a fraction as text: "1/3"."""


def written(part: float) -> str | float:
    """Return a part as TOML has it: a small fraction as text, so that nothing is rounded."""
    fraction = Fraction(part).limit_denominator(LARGEST_DENOMINATOR)
    small = fraction.denominator > 1 and fraction.numerator / fraction.denominator == part
    return str(fraction) if small else part


class Rung(Frozen):
    """Sell the part ``sell`` of the lots of the entry once the value is ``at`` times what was paid.

    ``sell`` is a number above 0 up to 1, or a fraction as text: "1/3".
    """

    at: float = Field(gt=0)
    sell: Part

    def document(self) -> dict[str, Any]:
        """Return the rung as a TOML table."""
        return {"at": self.at, "sell": written(self.sell)}


def ladder(rungs: object) -> object:
    """Take the rungs of a ladder: a mapping ``{2.0: 1/3}``, or tables."""
    if isinstance(rungs, Mapping):
        ascending = sorted(rungs.items(), key=lambda rung: rung[0] if isinstance(rung[0], Real) else math.inf)
        return tuple({"at": at, "sell": sell} for at, sell in ascending)
    return rungs


def checked(rungs: tuple[Rung, ...]) -> tuple[Rung, ...]:
    """Refuse a ladder that does not ascend or sells more than there is."""
    starts = [rung.at for rung in rungs]
    if starts != sorted(set(starts)):
        raise ValueError("at: multiples of what was paid, ascending")
    if math.fsum(rung.sell for rung in rungs) > 1 + ROUNDING:
        raise ValueError("sell: parts that sum to at most 1")
    return rungs
