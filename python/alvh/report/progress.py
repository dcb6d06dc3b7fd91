"""The progress bar of a long command: on stderr, only on a terminal, and gone at the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

__all__ = ["Track", "progress"]

Track = Callable[[str, int], Callable[[int], None] | None]
"""Called with a title and the number of paths; returns what to call with the paths just finished."""

LONGEST_TITLE = 40


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Track]:
    """Yield a function that starts a bar; without a terminal, or if `quiet`, it starts none.

    Parameters
    ----------
    quiet : bool
        Never show a bar.
    """
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _title, _total: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} paths"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:

        def track(title: str, total: int) -> Callable[[int], None]:
            task = bar.add_task(title[:LONGEST_TITLE], total=total)
            return lambda count: bar.advance(task, count)

        yield track
