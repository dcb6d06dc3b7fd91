"""The exceptions of alvh.

All derive from `AlvhError`, a `ValueError`: the message names what is wrong, what is allowed and the mend.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from alvh._core import AlvhError, RuleError, SpecError

if TYPE_CHECKING:
    from pydantic import ValidationError

LONGEST_NAME = 40  # of a name that a damaged file may hold
MOST_NAMES = 30
MOST_MISTAKES = 5
LONGEST_VALUE = 60

__all__ = [
    "AlvhError",
    "BookError",
    "CalendarError",
    "ChainError",
    "ContractError",
    "HistoryError",
    "ReportError",
    "RuleError",
    "RunError",
    "ScoreError",
    "SignalError",
    "SpecError",
    "VixError",
    "mistakes",
    "nearest_names",
]


class CalendarError(AlvhError):
    """A date outside the packaged exchange calendar, or without a session where one is needed."""


class ContractError(AlvhError):
    """A product that has no contract row, or no such listing."""


class _SourceError(AlvhError):
    """A file or frame that cannot be used as it is.

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


class BookError(_SourceError):
    """A book of positions, or what margin is asked with, that cannot be used as it is."""


class ChainError(_SourceError):
    """A file or frame that is no option chain, or not as a whole; single bad rows have a status instead."""


class HistoryError(_SourceError):
    """A history file that cannot be replayed as it is."""


class ScoreError(_SourceError):
    """An option of `alvh.score` that cannot be used, or a condor that does not exist."""


class SignalError(_SourceError):
    """A file or frame of signals that cannot be used as it is, or an argument about them."""


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


class ReportError(AlvhError):
    """A page that cannot be written where, or with what, was asked."""


class RunError(AlvhError):
    """A run folder that cannot be used as asked: in use, of another plan, incomplete, or altered."""


class VixError(AlvhError):
    """A chain whose quotes do not determine a volatility index, or an argument that asks for none."""


def mistakes(error: "ValidationError", path: str = "") -> str:
    """Return the first mistakes that pydantic found, in one line: key path, value, what is wanted.

    Parameters
    ----------
    error : pydantic.ValidationError
        What it raised.
    path : str
        Stands before each key, for example ``"layer 1 (core): "``.

    Returns
    -------
    str
        For example ``size.value = -1: Input should be greater than or equal to 0``.
    """
    found = error.errors(include_url=False)
    return "; ".join(f"{path}{_mistake(item)}" for item in found[:MOST_MISTAKES])


def _mistake(item: Any) -> str:
    key = ".".join(str(part) for part in item["loc"])
    match item["type"]:
        case "missing":
            return f"{key}: missing"
        case "unknown_key":
            return f"{key + '.' if key else ''}{item['ctx']['key']}: unknown key: {item['ctx']['hint']}"
        case "value_error":  # our own validators: pydantic would put "Value error" before the sentence
            words = str(item["ctx"]["error"])
        case _:
            words = item["msg"]
    value = repr(item["input"])
    value = value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"
    return f"{key} = {value}: {words}" if key else words
