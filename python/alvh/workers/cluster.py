"""A Ray cluster: it schedules, moves and tries again; here is only what it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar

from alvh.errors import AlvhError, RunError
from alvh.workers.build import Build

__all__ = ["RETRIES", "Ray"]

Item = TypeVar("Item")
Found = TypeVar("Found")

AHEAD: Final = 2
"""Tasks handed out for each one that the cluster has cores for: one in work, one that waits."""

RETRIES: Final = 3
"""How often a task is begun again whose worker or machine was lost."""

KEPT: Final = "What is done is kept where there is an out: resume"

TASK: Final = "alvh"
"""Name of the tasks in the tools of Ray."""


@dataclass(frozen=True)
class Ray:
    """A Ray cluster; ``alvh[ray]`` brings the package.

    Where the caller is connected to a cluster, that one is taken. Otherwise the process connects to
    `address`, and stays connected until it ends or calls ``ray.shutdown()``.

    Parameters
    ----------
    address : str, optional
        As ``ray.init`` takes it: ``"auto"``, ``"HOST:PORT"``, ``"ray://HOST:PORT"``. Without it that of the
        environment variable ``RAY_ADDRESS``, else a cluster that runs on this machine, else a new one on it.

    Examples
    --------
    >>> Ray("10.0.0.5:6379")
    Ray(address='10.0.0.5:6379')
    """

    address: str | None = None

    def completed(
        self, work: Callable[[Item], Found], items: Iterable[Item], *, cpus: int = 1
    ) -> Generator[tuple[Item, Found]]:
        """Yield each item with what `work` makes of it, as they are done.

        A task whose worker is lost begins again, `RETRIES` times. Closed early, no more is handed out: what
        was, two tasks for each that there is room for, ends by itself, or with this process.

        Raises
        ------
        RunError
            Ray is not installed or not reached, no machine of the cluster has the cores, a worker has
            another alvh or rounds otherwise, or Ray gave up on a task: lost again and again, out of memory.
        """
        ray = self._connected()
        room = AHEAD * _at_once(ray, cpus)
        task = ray.remote(_done).options(num_cpus=cpus, max_retries=RETRIES, name=TASK)
        shared, asks = ray.put(work), Build.here()  # the work travels once to each machine
        waiting, pending = iter(items), dict[Any, Item]()
        # Tasks are not cancelled: one that answers meanwhile ends this process, by a check inside Ray.
        while True:
            for item in islice(waiting, room - len(pending)):
                pending[task.remote(shared, item, asks, cpus)] = item
            if not pending:
                return
            (done,), _ = ray.wait(list(pending))
            yield pending.pop(done), _result(ray, done)

    def _connected(self) -> Any:
        try:
            import ray
        except ImportError:
            raise RunError(
                "runner = 'ray': ray is not installed here. Mend: pip install 'alvh[ray]'"
            ) from None
        if not ray.is_initialized():
            try:
                ray.init(self.address, log_to_driver=False, logging_level="ERROR")
            except (ConnectionError, RuntimeError, ValueError) as error:
                told = self.address or os.environ.get("RAY_ADDRESS") or "this machine"
                words = str(error).strip().splitlines() or [type(error).__name__]
                raise RunError(f"runner = 'ray': no cluster at {told}: {words[0]}") from error
        return ray


def _at_once(ray: Any, cpus: int) -> int:
    """Return how many tasks of so many cores the cluster has room for; each fits into one machine."""
    alive = (node for node in ray.nodes() if node["Alive"])
    cores = [int(node["Resources"].get("CPU", 0)) for node in alive]
    room = sum(each // cpus for each in cores)
    if not room:
        most = max(cores, default=0)
        raise RunError(
            f"runner = 'ray': a task wants {cpus} cores, the largest machine of the cluster has {most}. "
            "Mend: threads"
        )
    return room


def _done(work: Callable[[Item], Found], item: Item, asks: Build, cpus: int) -> Found:
    """Do a piece of work in a worker."""
    os.environ.setdefault("POLARS_MAX_THREADS", str(cpus))
    Build.here().require(asks)
    return work(item)


def _result(ray: Any, done: Any) -> Any:
    """Return what a task found, or raise what stopped it as an error of alvh."""
    try:
        return ray.get(done)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, AlvhError):
            raise error.cause from None
        raise RunError(f"a task failed on a worker: {_last_line(error)}") from error
    except ray.exceptions.RayError as error:
        raise RunError(f"{_became(ray, error)}: {_last_line(error)}. {KEPT}") from error


def _became(ray: Any, error: Exception) -> str:
    """Say what became of a task that ended with an error of Ray itself."""
    told = ray.exceptions
    words = {
        told.OutOfMemoryError: "a worker was killed for want of memory",
        told.WorkerCrashedError: f"a worker was lost, and the task with it, {RETRIES + 1} times",
        told.NodeDiedError: f"a machine was lost, and the task with it, {RETRIES + 1} times",
        told.TaskCancelledError: "a task was cancelled by somebody else",
        told.RuntimeEnvSetupError: "a worker could not be prepared (runtime_env)",
        told.TaskUnschedulableError: "a task fits no machine of the cluster any more",
        told.ObjectLostError: "what a task found was lost with its machine",
    }
    return next((text for kind, text in words.items() if isinstance(error, kind)), "Ray gave up on a task")


def _last_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__
