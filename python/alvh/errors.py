"""The exceptions of alvh.

All derive from `AlvhError`, a `ValueError`: the message names what is wrong, what is allowed and the mend.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from alvh._core import AlvhError, RuleError, SpecError

LONGEST_NAME = 40  # of a name that a damaged file may hold
MOST_NAMES = 30

__all__ = [
    "AlvhError",
    "CalendarError",
    "ContractError",
    "HistoryError",
    "RuleError",
    "RunError",
    "SpecError",
    "nearest_names",
]


class CalendarError(AlvhError):
    """A date outside the packaged exchange calendar, or without a session where one is needed."""


class ContractError(AlvhError):
    """A product that has no contract row, or no such listing."""


class HistoryError(AlvhError):
    """A history file that cannot be replayed as it is.

    Parameters
    ----------
    message : str
        Source, place, value, what is allowed and the mend, in one text.
    source : str, optional
        File name, or "frame".
    row : int, optional
        Data row, counted from 1.
    line : int, optional
        Line of the CSV file, counted from 1.
    column : str, optional
        Name of the column in the source.
    value : object, optional
        The refused value.
    """

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        row: int | None = None,
        line: int | None = None,
        column: str | None = None,
        value: Any = None,
    ) -> None:
        super().__init__(message)
        self.source = source
        self.row = row
        self.line = line
        self.column = column
        self.value = value


def nearest_names(name: str, known: Iterable[str]) -> str:
    """Return the tail of an error message: the nearest known name, if any, and all known ones.

    Parameters
    ----------
    name : str
        What the user wrote; compared without regard to case.
    known : iterable of str
        The names that exist.

    Returns
    -------
    str
        For example ``did you mean 'SPXW'? Known: 'SPXW', 'XSP'``.

    Examples
    --------
    >>> nearest_names("spwx", ["SPXW", "XSP"])
    "did you mean 'SPXW'? Known: 'SPXW', 'XSP'"
    """
    names = [each[:LONGEST_NAME] for each in known]
    folded = {each.casefold(): each for each in names}
    matches = get_close_matches(name[:LONGEST_NAME].casefold(), folded, n=1)
    hint = f"did you mean {folded[matches[0]]!r}? " if matches else ""
    others = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{hint}Known: {', '.join(map(repr, names[:MOST_NAMES]))}{others}"


class RunError(AlvhError):
    """A run folder that cannot be used as asked: in use, of another plan, incomplete, or altered."""
