"""What a layout is: which column of a source is which column of the schema."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from alvh.chain.schema import REQUIRED

ISO: Final = "%Y-%m-%d"
AMERICAN: Final = "%m/%d/%Y"

Names: TypeAlias = str | tuple[str, ...]
"""Column of the source, folded; of several the mean is taken."""

Preamble: TypeAlias = Callable[[str, Sequence[str], Mapping[str, Any]], dict[str, Any]]
"""Constants from the lines above the header, given file name and the constants that the user gave."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the rows that a line holds, such as its call: its own columns and constants."""

    columns: Mapping[str, Names] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A file format: schema column to source column, names folded to lower case.

    A line becomes one row for each side.
    """

    name: str
    about: str
    columns: Mapping[str, Names]
    sides: tuple[Side, ...] = (Side(),)
    days: tuple[str, ...] = (ISO,)
    constants: Mapping[str, Any] = field(default_factory=dict)
    preamble: Preamble | None = None
    verified: bool = True

    def named(self, column: str) -> list[str]:
        """Return the source columns that stand for a column of the schema, of all sides."""
        given = [self.columns.get(column, ()), *(side.columns.get(column, ()) for side in self.sides)]
        return [name for names in given for name in ((names,) if isinstance(names, str) else names)]

    def lacking(self, header: Sequence[str], given: Mapping[str, Any]) -> list[str]:
        """Return the source columns that the layout cannot do without and the header has not."""
        wanted = [name for column in REQUIRED if column not in given for name in self.named(column)]
        return [name for name in wanted if name not in header]
