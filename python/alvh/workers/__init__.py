"""Where pieces of work are done: in this process, in more processes of this machine, or on a Ray cluster.

What is computed does not depend on it: every piece is a pure function of its description, and whoever puts
the pieces together does so in their own order.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from alvh.errors import RunError
from alvh.workers.cluster import Ray
from alvh.workers.processes import Processes

__all__ = ["Processes", "Ray", "Runner", "Workers", "elsewhere"]

Item = TypeVar("Item")
Found = TypeVar("Found")


@runtime_checkable
class Workers(Protocol):
    """Other processes that do pieces of work."""

    def completed(
        self, work: Callable[[Item], Found], items: Iterable[Item], *, cpus: int = 1
    ) -> Generator[tuple[Item, Found]]:
        """Yield each item with what `work` makes of it, as they are done; closed early, drop the others.

        Parameters
        ----------
        work : callable
            Can be pickled, and depends on nothing but its item.
        items : iterable
            Taken up in this order, a few more than are being worked on.
        cpus : int
            Cores that one piece of work uses.
        """
        ...


Runner: TypeAlias = Literal["local", "ray"] | Workers
"""Where the parts of a run are computed: ``"local"``, ``"ray"``, a `Ray` with its address, or workers."""


def elsewhere(runner: Runner) -> Workers | None:
    """Return the workers that `runner` names; None for this process.

    Raises
    ------
    RunError
        It names none.

    Examples
    --------
    >>> elsewhere("local") is None, elsewhere("ray")
    (True, Ray(address=None))
    """
    if isinstance(runner, Workers):
        return runner
    if runner not in ("local", "ray"):
        raise RunError(f"runner = {runner!r}: 'local', 'ray', or workers such as alvh.workers.Ray")
    return Ray() if runner == "ray" else None
