"""What a page consists of: sections of tables, figures and sentences. `page.html` says how they look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Block", "Cell", "Figure", "Key", "Panel", "Section", "Sentences", "Table"]


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes
    ----------
    text
        The figure, as written.
    below
        What stands smaller beneath it: its interval, its kind.
    """

    text: str
    below: str = ""


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows.

    Attributes
    ----------
    title
        Caption.
    header
        One word or name per column.
    rows
        Cells, as many as the header has.
    note
        Sentences under the caption.
    words
        Columns that hold words and not figures, which are aligned to the left.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    words: frozenset[int] = frozenset({0})
    kind: str = "table"


@dataclass(frozen=True)
class Panel:
    """One chart.

    Attributes
    ----------
    spec
        Vega-Lite; its colours are names of CSS variables.
    description
        What a reader who does not see it is told.
    title
        Above the panel, where a figure has several.
    """

    spec: dict[str, Any]
    description: str
    title: str = ""


@dataclass(frozen=True)
class Key:
    """An entry of a legend: a name and the CSS variable of its colour."""

    label: str
    colour: str


@dataclass(frozen=True)
class Figure:
    """Charts with the table of what they show.

    Attributes
    ----------
    name
        Unique on the page.
    title, note
        Above the charts.
    panels
        One, or several beside and beneath each other.
    data
        The same numbers.
    legend
        Empty where the charts name what they show.
    """

    name: str
    title: str
    note: str
    panels: tuple[Panel, ...]
    data: Table
    legend: tuple[Key, ...] = ()
    grid: bool = False
    kind: str = "figure"


@dataclass(frozen=True)
class Sentences:
    """A list of sentences."""

    title: str
    items: tuple[str, ...]
    kind: str = "sentences"


Block = Table | Figure | Sentences


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading of its own.

    Attributes
    ----------
    name
        Unique on the page: where links lead.
    title, note
        Heading, and what was run.
    blocks
        In order.
    """

    name: str
    title: str
    note: str
    blocks: tuple[Block, ...]

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures among the blocks."""
        return tuple(block for block in self.blocks if isinstance(block, Figure))
