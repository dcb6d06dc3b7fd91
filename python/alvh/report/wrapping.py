"""Tables whose columns are arms: as many tables below each other as the width of the console needs."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import NamedTuple

from rich import box
from rich.console import Console, ConsoleOptions
from rich.table import Table
from rich.text import Text

__all__ = ["ArmColumns", "plain_table"]

GAP = 3  # characters between two columns of a table
SHORTEST = 12  # characters that the name of an arm may always have


def plain_table(title: str, caption: str | None = None) -> Table:
    """Return an empty table in the one style of every report."""
    return Table(
        title=title,
        caption=caption,
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        title_justify="left",
        caption_justify="left",
        title_style="bold",
    )


class ArmColumns(NamedTuple):
    """Labelled rows and a column per arm; a cell may have several lines.

    Parameters
    ----------
    title : str
        Above each of the tables.
    rows : sequence of str
        Labels, top to bottom.
    cells : mapping of str to sequence of str
        Arm to its cells, top to bottom.
    """

    title: str
    rows: Sequence[str]
    cells: Mapping[str, Sequence[str]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table | Text]:
        """Yield tables that fit the width."""
        widest = max((len(line) for cells in self.cells.values() for line in _lines(cells)), default=0)
        widest = max(widest, SHORTEST)
        for arms in self._batches(options.max_width, widest):
            table = plain_table(self.title)
            table.add_column("", no_wrap=True)
            for arm in arms:
                table.add_column(Text(_narrow(arm, widest)), justify="right", overflow="fold")
            for index, label in enumerate(self.rows):
                table.add_row(Text(label), *(Text(self.cells[arm][index]) for arm in arms))
            yield table
            yield Text()

    def _batches(self, width: int, widest: int) -> Iterator[list[str]]:
        arms = list(self.cells)
        each = max(1, (width - max(map(len, self.rows), default=0)) // (widest + GAP))
        return (arms[first : first + each] for first in range(0, len(arms), each))


def _lines(cells: Sequence[str]) -> Iterator[str]:
    return (line for cell in cells for line in cell.splitlines())


def _narrow(name: str, width: int) -> str:
    """Break a name after underscores where it is wider than its column."""
    return "\n".join(line.replace("_ ", "_") for line in wrap(name.replace("_", "_ "), width))
