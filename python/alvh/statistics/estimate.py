"""What every function of this package returns."""

from typing import NamedTuple

from alvh.errors import AlvhError

__all__ = ["LEVEL", "Estimate", "check_level"]

LEVEL = 0.95


class Estimate(NamedTuple):
    """A figure and its interval, in the figure's own unit."""

    value: float
    low: float
    high: float


def check_level(level: float) -> None:
    """Refuse a confidence that is none."""
    if not 0.0 < level < 1.0:
        raise AlvhError(f"level = {level}: a confidence between 0 and 1, such as {LEVEL}")
