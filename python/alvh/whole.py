"""Whole numbers that go to the core: what it cannot take is refused by name."""

from typing import Any, Final

from alvh.errors import SpecError

__all__ = ["LARGEST_SEED", "MOST_PATHS", "MOST_SESSIONS", "whole"]

LARGEST_SEED: Final = 2**64 - 1
MOST_PATHS: Final = 2**48
MOST_SESSIONS: Final = 2**32 - 1


def whole(name: str, given: Any, most: int) -> int:
    """Return a whole number from 0 to `most`.

    Parameters
    ----------
    name : str
        What it is called in the error.
    given : int
        An integer of Python or NumPy; a truth value is none.
    most : int
        The largest that is allowed.

    Raises
    ------
    SpecError
        It is no whole number, or outside the range.

    Examples
    --------
    >>> whole("paths", 100, MOST_PATHS)
    100
    >>> whole("seed", -1, LARGEST_SEED)
    Traceback (most recent call last):
    alvh.SpecError: seed = -1: must be a whole number from 0 to 18446744073709551615
    """
    fits = hasattr(given, "__index__") and not isinstance(given, bool)
    if not fits or not 0 <= given.__index__() <= most:
        raise SpecError(f"{name} = {given!r}: must be a whole number from 0 to {most}")
    return int(given.__index__())
