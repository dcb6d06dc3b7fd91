"""The progress bar of a long command: on stderr, only on a terminal, and gone at the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

__all__ = ["FileTrack", "Track", "file_progress", "progress"]

Track = Callable[[str, int], Callable[[int], None] | None]
"""Called with a title and the number of paths; returns what to call with the paths just finished."""

FileTrack = Callable[[int, int], Callable[[int], None]]
"""Called with the number of files and of finished ones; returns what to call with the condors of a file."""

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


@contextmanager
def file_progress(*, quiet: bool = False) -> Iterator[FileTrack | None]:
    """Yield a function that starts a bar of files and the condors in them; None where there is no bar.

    Parameters
    ----------
    quiet : bool
        Never show a bar.
    """
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TextColumn("files"),
        _Condors(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:

        def track(total: int, finished: int) -> Callable[[int], None]:
            # What was finished before is no progress of this run: neither rate nor remaining time count it.
            task = bar.add_task("files", total=total, completed=finished, condors=0)

            def advance(condors: int) -> None:
                bar.update(task, advance=1, condors=bar.tasks[task].fields["condors"] + condors)

            return advance

        yield track


class _Condors(ProgressColumn):
    """Condors so far, and how many a second."""

    def render(self, task: Task) -> Text:
        condors, seconds = task.fields["condors"], task.elapsed or 0.0
        rate = condors / seconds / 1e6 if seconds > 0.0 else 0.0
        return Text(f"{condors:,} condors, {rate:,.1f}M/s")
