"""Whole numbers that go to the core: what it cannot take is refused by name."""

import operator
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
        An integer of Python or NumPy, or an array of shape () of one; a truth value is none.
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
    try:
        found = -1 if isinstance(given, bool) else operator.index(given)
    except TypeError:  # every array has __index__, and only those of one integer can be asked for it
        found = -1
    if not 0 <= found <= most:
        raise SpecError(f"{name} = {given!r}: must be a whole number from 0 to {most}")
    return found
