"""Chunks of paths to Parquet parts: progress, Ctrl-C, resume and verification of a run.

The engine is a pure function from path numbers to figures. A run is that function over chunks of paths; a
chunk is the unit of resume and becomes one Parquet part. Figures are folded from the parts in order, so
neither threads nor the order of chunks can change a bit.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import random
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from alvh import _core
from alvh.errors import RunError, SpecError
from alvh.run_folder import COMPRESSION, KEYS, MANIFEST, PLAN, RunFolder
from alvh.workers import Workers
from alvh.workers.build import round_alike

__all__ = ["CHUNK", "MANIFEST", "PLAN", "Result", "Task", "compute", "load", "run", "stored_task", "verify"]

CHUNK = 16_384
"""Paths in a part, unless the task says otherwise."""

SLICE = 1_024
"""Paths computed between two looks at Ctrl-C and two steps of the progress bar."""

MOST_THREADS = 1_024
"""More threads than any machine has cores would only be a slip of the pen, and take minutes to start."""

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Task:
    """What is to be computed: the engine's specification and the number of paths.

    Attributes
    ----------
    spec : dict
        The comparison as the engine reads it.
    paths : int
        Paths 0 … paths - 1.
    facts : dict
        What the manifest records besides: arms, market, data hash.
    chunk : int
        Paths in a part; the figures do not depend on it.
    """

    spec: dict[str, Any]
    paths: int
    facts: dict[str, Any]
    chunk: int = CHUNK

    def __post_init__(self) -> None:
        for name, value in (("paths", self.paths), ("chunk", self.chunk)):
            if value < 1:
                raise SpecError(f"{name} = {value}: at least 1")

    @cached_property
    def text(self) -> str:
        """The specification as canonical JSON."""
        try:
            return json.dumps(self.spec, sort_keys=True, allow_nan=False)
        except ValueError:
            raise SpecError(f"{next(_not_finite(self.spec))}: every number must be finite") from None

    @property
    def digest(self) -> str:
        """Hash of the specification and the number of paths."""
        return hashlib.sha256(f"{self.paths}\n{self.text}".encode()).hexdigest()

    @property
    def chunks(self) -> int:
        """Number of parts."""
        return -(-self.paths // self.chunk)

    def paths_of(self, part: int) -> range:
        """Paths of a part."""
        return range(part * self.chunk, min((part + 1) * self.chunk, self.paths))


@dataclass(frozen=True)
class Result:
    """The figures of a finished run: one row per path and book, in that order.

    Attributes
    ----------
    frame : polars.LazyFrame
        ``path``, ``book`` and the figures of ``docs/engine.md``.
    manifest : dict
        What determined them, and digests of their bits per arm and share, and per part.
    """

    frame: pl.LazyFrame
    manifest: dict[str, Any]


def compute(
    plan: _core.Plan, paths: range, *, threads: int = 0, advance: Advance | None = None
) -> pl.DataFrame:
    """Compute the figures of some paths, a slice at a time, so that Ctrl-C is heard between slices."""
    slices = []
    for first in range(paths.start, paths.stop, SLICE):
        some = range(first, min(first + SLICE, paths.stop))
        figures = plan.run(some.start, len(some), threads=threads)
        columns = [pl.Series(name, values) for name, values in figures.items()]
        slices.append(_keys(some, len(plan.books)).hstack(columns))
        if advance:
            advance(len(some))
    return pl.concat(slices)


def run(
    task: Task,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    threads: int = 0,
    workers: Workers | None = None,
    advance: Advance | None = None,
    order: Sequence[int] | None = None,
) -> Result:
    """Run a task, in memory or into a folder.

    Parameters
    ----------
    task
        What to compute.
    out
        Folder of the run; without it nothing is written.
    resume
        Keep the finished parts of the same task in `out` and compute the missing ones.
    overwrite
        Remove an earlier run in `out` first: what it wrote, and nothing else.
    threads
        Threads of the engine, 0 for one per core; of each chunk on `workers`, 0 for one. The result does not
        depend on it.
    workers
        Where chunks are computed, in this process unless given. The result does not depend on it.
    advance
        Called with the number of paths just finished.
    order
        Order in which chunks are computed; the result does not depend on it.

    Raises
    ------
    RunError
        The folder holds another run or other files, or another process is writing to it.
    """
    _check_threads(threads)
    sequence = list(range(task.chunks) if order is None else order)
    if sorted(sequence) != list(range(task.chunks)):
        raise SpecError(f"order = {sequence}: each of the {task.chunks} chunks once")
    if out is None and (resume or overwrite):
        raise SpecError("resume and overwrite are about a folder: give out as well")
    if resume and overwrite:
        raise SpecError("resume keeps what overwrite removes: give one of them")
    plan = _core.Plan(task.text)
    computed = partial(_computed, task, plan, threads=threads, workers=workers, advance=advance)
    if out is None:
        with closing(computed(sequence)) as found:
            frames = dict(found)
        parts = [_frame(frames[index]) for index in range(task.chunks)]
        return Result(pl.concat(parts).lazy(), _manifest(task, plan) | _finish(plan, parts))
    folder = RunFolder.claim(out)
    with folder.locked():
        manifest = _prepare(folder, task, plan, resume=resume, overwrite=overwrite)
        missing = [index for index in sequence if not folder.part(index).exists()]
        if advance:
            for index in set(sequence) - set(missing):
                advance(len(task.paths_of(index)))
        with closing(computed(missing)) as found:
            for index, part in found:
                folder.write_part(index, part)
        if missing or manifest["status"] != "complete":
            finished = _finish(plan, _parts(folder, task, plan))
            if manifest.get("digests", finished["digests"]) != finished["digests"]:
                raise RunError(f"{folder.path}: finished again, the figures differ: the folder was altered")
            folder.write_manifest(manifest | finished)
    return load(folder.path)


def load(folder: str | Path) -> Result:
    """Open a finished run.

    Raises
    ------
    RunError
        The folder holds no finished run.
    """
    opened = RunFolder(Path(folder))
    manifest = opened.manifest()
    if manifest["status"] != "complete":
        raise RunError(f"{folder}: the run is not finished: run the same command with --resume")
    parts = [opened.part(index) for index in range(manifest["chunks"])]
    if gone := [str(part) for part in parts if not part.exists()]:
        raise RunError(f"{gone[0]}: missing: run the same command with --resume")
    return Result(pl.scan_parquet(parts, glob=False), manifest)


def stored_task(folder: str | Path) -> Task:
    """Read back what a run folder was asked to compute.

    Raises
    ------
    RunError
        The folder holds no run, or its plan is not the one that the manifest names.
    """
    opened = RunFolder(Path(folder))
    manifest = opened.manifest()
    task = Task(opened.plan(), manifest["paths"], manifest["facts"], manifest["chunk"])
    if task.digest != manifest["plan"] or task.chunks != manifest["chunks"]:
        raise RunError(f"{opened.path / PLAN}: does not match the manifest: the folder was altered")
    return task


def verify(
    folder: str | Path, *, chunks: int = 2, threads: int = 0, advance: Advance | None = None
) -> list[int]:
    """Compute random chunks of a finished run again and compare every bit; check the digests of all parts.

    The runs that belong to it, such as those of its surface band, are verified likewise.

    Returns
    -------
    list of int
        The chunks of the run itself that were computed again.

    Raises
    ------
    RunError
        A bit differs, or this machine cannot run the SIMD variant of the run.
    """
    _check_threads(threads)
    opened, manifest, task = RunFolder(Path(folder)), load(folder).manifest, stored_task(folder)
    check_variant(folder, manifest)
    plan = _core.Plan(task.text)
    found = _finish(plan, _parts(opened, task, plan))
    for index, (was, now) in enumerate(zip(manifest["parts"], found["parts"], strict=True)):
        if was != now:
            raise RunError(f"{opened.part(index)}: not the figures that were computed: the file was altered")
    if found["digests"] != manifest["digests"]:
        raise RunError(f"{opened.path / MANIFEST}: not the digests of the parts: the manifest was altered")
    chosen = sorted(random.SystemRandom().sample(range(task.chunks), min(chunks, task.chunks)))
    for index in chosen:
        again = compute(plan, task.paths_of(index), threads=threads, advance=advance)
        if _finish(plan, [again])["parts"] != [manifest["parts"][index]]:
            by = f" (computed by alvh {manifest['alvh']}, now by {_core.__version__})"
            raise RunError(f"{opened.part(index)}: computed again, the figures differ{by}")
    for name, digest in task.facts.get("beside", {}).items():
        beside = Path(folder) / name
        if stored_task(beside).digest != digest:
            raise RunError(f"{beside / PLAN}: not the plan that belongs to this run: the folder was altered")
        verify(beside, chunks=chunks, threads=threads, advance=advance)
    return chosen


def _prepare(
    folder: RunFolder, task: Task, plan: _core.Plan, *, resume: bool, overwrite: bool
) -> dict[str, Any]:
    """Make the folder ready for the missing parts of the task, and nothing else."""
    folder.sweep()
    if folder.begun and not overwrite:
        manifest = folder.manifest()
        if not resume:
            raise RunError(
                f"{folder.path}: holds a run already: give --resume, --overwrite or another folder"
            )
        if manifest["plan"] != task.digest:
            raise RunError(f"{folder.path}: holds the run of another plan: resume needs the same command")
        if manifest["chunk"] != task.chunk:
            raise RunError(f"{folder.path}: was begun with {manifest['chunk']} paths a part: give --chunk so")
        if manifest["alvh"] != _core.__version__:
            raise RunError(
                f"{folder.path}: was begun by alvh {manifest['alvh']}: finish it with that version"
            )
        check_variant(folder.path, manifest)
        return manifest
    if folder.begun:
        folder.clear()
    manifest = _manifest(task, plan)
    folder.begin(task.text, manifest)
    return manifest


def _computed(
    task: Task,
    plan: _core.Plan,
    sequence: Iterable[int],
    *,
    threads: int,
    workers: Workers | None,
    advance: Advance | None,
) -> Generator[tuple[int, pl.DataFrame | bytes]]:
    """Yield parts as they are finished: a frame made here, or the Parquet file that a worker sent."""
    if workers is None:
        for index in sequence:
            yield index, compute(plan, task.paths_of(index), threads=threads, advance=advance)
        return
    cores = max(threads, 1)
    work = partial(_part, task.text, threads=cores)
    chunks = {task.paths_of(index): index for index in sequence}
    with closing(workers.completed(work, chunks, cpus=cores)) as done:
        for paths, part in done:
            yield chunks[paths], part
            if advance:
                advance(len(paths))


def _part(text: str, paths: range, *, threads: int) -> bytes:
    """Compute a part on a worker, as a Parquet file: a fraction of the bytes of the frame."""
    file = BytesIO()
    compute(_plan(text), paths, threads=threads).write_parquet(file, compression=COMPRESSION)
    return file.getvalue()


def _frame(part: pl.DataFrame | bytes) -> pl.DataFrame:
    return pl.read_parquet(part) if isinstance(part, bytes) else part


@lru_cache(maxsize=1)
def _plan(text: str) -> _core.Plan:
    """Return the plan of a specification; a worker computes many chunks of one."""
    return _core.Plan(text)


def _check_threads(threads: int) -> None:
    if not 0 <= threads <= MOST_THREADS:
        raise SpecError(f"threads = {threads}: 0 for one per core, at most {MOST_THREADS}")


def check_variant(folder: str | Path, manifest: dict[str, Any]) -> None:
    """Only instruction sets that round alike give the same bits."""
    was, now = manifest["simd"], _core.simd_variant()
    if not round_alike(was, now):
        raise RunError(
            f"{folder}: computed with the SIMD variant {was}, this process uses {now}, which rounds "
            f"otherwise: set ALVH_SIMD={was} where the processor has it"
        )


def _manifest(task: Task, plan: _core.Plan) -> dict[str, Any]:
    return {
        "alvh": _core.__version__,
        "status": "running",
        "plan": task.digest,
        "seed": task.spec["seed"],
        "paths": task.paths,
        "sessions": task.spec["sessions"],
        "capital": task.spec["capital"],
        "chunk": task.chunk,
        "chunks": task.chunks,
        "books": [{"arm": arm, "share": share} for arm, share in plan.books],
        "simd": _core.simd_variant(),
        "started": _now(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "polars": pl.__version__,
        "numpy": np.__version__,
        "command": sys.argv,
        "facts": task.facts,
        "files": [],
    }


def _finish(plan: _core.Plan, parts: Iterable[pl.DataFrame]) -> dict[str, Any]:
    """Digests of the result bits: per book, rows in path order, however the paths were cut; and per part."""
    books = plan.books
    hashes = [hashlib.sha256() for _ in books]
    whole = []
    for part in parts:
        figures = part.drop(*KEYS).to_numpy(order="c").reshape(-1, len(books), part.width - len(KEYS))
        whole.append(hashlib.sha256(figures.tobytes()).hexdigest())
        for book, digest in enumerate(hashes):
            digest.update(figures[:, book].tobytes())
    digests = {
        f"{arm}@{share!r}": digest.hexdigest() for (arm, share), digest in zip(books, hashes, strict=True)
    }
    return {"status": "complete", "finished": _now(), "digests": digests, "parts": whole}


def _parts(folder: RunFolder, task: Task, plan: _core.Plan) -> Iterator[pl.DataFrame]:
    """Read every part in order, one at a time."""
    books = len(plan.books)
    return (folder.read_part(index, _keys(task.paths_of(index), books)) for index in range(task.chunks))


def _keys(paths: range, books: int) -> pl.DataFrame:
    """Path and book of each row."""
    return pl.DataFrame(
        {
            "path": np.repeat(np.arange(paths.start, paths.stop), books),
            "book": np.tile(np.arange(books), len(paths)),
        },
        schema=KEYS,
    )


def _not_finite(value: Any, path: str = "") -> Iterator[str]:
    """Say where a number is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{path} = {value}"
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _not_finite(item, f"{path}.{key}" if path else str(key))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
