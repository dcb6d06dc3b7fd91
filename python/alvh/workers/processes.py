"""Processes of this machine, for work that holds the interpreter."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from typing import TypeVar

from alvh.errors import RunError

__all__ = ["MOST", "Processes"]

Item = TypeVar("Item")
Found = TypeVar("Found")

AHEAD = 2
"""Pieces of work handed out for each process: one in work, one that waits."""

MOST = 1_024
"""More processes than any machine has cores would only be a slip of the pen."""


@dataclass(frozen=True)
class Processes:
    """So many processes of this machine; they end with the process that began them.

    A script that asks for them needs ``if __name__ == "__main__":`` around its own work: each begins with a
    fresh interpreter.

    Parameters
    ----------
    count : int
        How many, 1 or more.
    """

    count: int

    def __post_init__(self) -> None:
        if not (isinstance(self.count, int) and 1 <= self.count <= MOST):
            raise RunError(f"workers = {self.count!r}: processes, a whole number from 1 to {MOST:,}")

    def completed(
        self, work: Callable[[Item], Found], items: Iterable[Item], *, cpus: int = 1
    ) -> Generator[tuple[Item, Found]]:
        """Yield each item with what `work` makes of it, as they are done."""
        waiting, pending = iter(items), dict[Future[Found], Item]()
        pool = ProcessPoolExecutor(
            self.count, mp_context=get_context("spawn"), initializer=_begin, initargs=(cpus,)
        )
        try:
            while True:
                for item in islice(waiting, AHEAD * self.count - len(pending)):
                    pending[pool.submit(work, item)] = item
                if not pending:
                    return
                wait(pending, return_when=FIRST_COMPLETED)
                # Those that are done by now in the order they were handed out, not in that of a set.
                for done in [future for future in pending if future.done()]:
                    yield pending.pop(done), done.result()
        except BrokenProcessPool:
            raise RunError(
                f"a process of workers = {self.count} ended before its work was done. Either it was killed, "
                "perhaps for want of memory (what is done is kept where there is an out: resume, with fewer "
                "workers), or it could not begin: a script keeps its own work below "
                'if __name__ == "__main__":'
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def _begin(cpus: int) -> None:
    """Prepare a worker: Ctrl-C is for the process that began it, and it does not outlive that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("POLARS_MAX_THREADS", str(cpus))
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
