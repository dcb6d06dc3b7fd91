"""Chunks of paths to Parquet parts: progress, Ctrl-C, resume and verification of a run.

The engine is a pure function from path numbers to figures. A run is that function over chunks of `CHUNK` paths; a chunk
is the unit of resume and becomes one Parquet part, written under a temporary name, synced and renamed: it exists or it
does not. Figures are folded from the parts in order, so neither threads nor the order of chunks can change a bit.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import random
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from alvh import _core
from alvh.errors import RunError

CHUNK = 16_384
"""Paths in a part."""

SLICE = 1_024
"""Paths computed between two looks at Ctrl-C and two steps of the progress bar."""

MANIFEST = "manifest.json"
PLAN = "plan.json"

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
    """

    spec: dict[str, Any]
    paths: int
    facts: dict[str, Any]

    @property
    def text(self) -> str:
        """The specification as canonical JSON."""
        return json.dumps(self.spec, sort_keys=True, allow_nan=False)

    @property
    def digest(self) -> str:
        """Hash of the specification and the number of paths."""
        return hashlib.sha256(f"{self.paths}\n{self.text}".encode()).hexdigest()

    @property
    def chunks(self) -> int:
        """Number of parts."""
        return -(-self.paths // CHUNK)

    def chunk(self, index: int) -> range:
        """Paths of a part."""
        return range(index * CHUNK, min((index + 1) * CHUNK, self.paths))


@dataclass(frozen=True)
class Result:
    """The figures of a finished run: one row per path and book, in that order.

    Attributes
    ----------
    frame : polars.LazyFrame
        ``path``, ``book`` and the figures of ``docs/engine.md``.
    manifest : dict
        What determined them, and a digest of their bits per arm.
    """

    frame: pl.LazyFrame
    manifest: dict[str, Any]


def compute(
    plan: _core.Plan, paths: range, *, threads: int = 0, advance: Advance | None = None
) -> pl.DataFrame:
    """Compute the figures of some paths, a slice at a time, so that Ctrl-C is heard between slices."""
    books = len(plan.books)
    slices = []
    for first in range(paths.start, paths.stop, SLICE):
        count = min(SLICE, paths.stop - first)
        figures = plan.run(first, count, threads=threads)
        numbers = np.arange(first, first + count, dtype=np.int64)
        slices.append(
            pl.DataFrame(
                {
                    "path": np.repeat(numbers, books),
                    "book": np.tile(np.arange(books, dtype=np.int16), count),
                    **figures,
                }
            )
        )
        if advance:
            advance(count)
    return pl.concat(slices)


def run(
    task: Task,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    threads: int = 0,
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
        Remove an earlier run in `out` first.
    threads
        Threads of the engine, 0 for one per core. The result does not depend on it.
    advance
        Called with the number of paths just finished.
    order
        Order in which chunks are computed; the result does not depend on it.

    Raises
    ------
    RunError
        The folder holds another run, or another process is writing to it.
    """
    plan = _core.Plan(task.text)
    sequence = range(task.chunks) if order is None else order
    if out is None:
        frames = {index: compute(plan, task.chunk(index), threads=threads, advance=advance) for index in sequence}
        frame = pl.concat([frames[index] for index in range(task.chunks)])
        manifest = _manifest(task, plan) | _finish(plan, iter([frame]))
        return Result(frame.lazy(), manifest)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        manifest = _prepare(folder, task, plan, resume=resume, overwrite=overwrite)
        for index in sequence:
            part = _part(folder, index)
            if part.exists():
                if advance:
                    advance(len(task.chunk(index)))
                continue
            frame = compute(plan, task.chunk(index), threads=threads, advance=advance)
            with _replacing(part) as temporary:
                frame.write_parquet(temporary, compression="zstd")
        manifest |= _finish(plan, (pl.read_parquet(_part(folder, index)) for index in range(task.chunks)))
        _write_json(folder / MANIFEST, manifest)
    return load(folder)


def load(folder: str | Path) -> Result:
    """Open a finished run.

    Raises
    ------
    RunError
        The folder holds no finished run.
    """
    folder = Path(folder)
    manifest = _read_manifest(folder)
    if manifest["status"] != "complete":
        raise RunError(f"{folder}: the run is not finished: run the same command with --resume")
    parts = [_part(folder, index) for index in range(manifest["chunks"])]
    return Result(pl.scan_parquet(parts), manifest)


def stored_task(folder: str | Path) -> Task:
    """Read back what a run folder was asked to compute."""
    folder = Path(folder)
    manifest = _read_manifest(folder)
    spec = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    task = Task(spec, manifest["paths"], manifest["facts"])
    if task.digest != manifest["plan"]:
        raise RunError(f"{folder / PLAN}: does not match the manifest: the folder was altered")
    return task


def verify(folder: str | Path, *, chunks: int = 2, threads: int = 0, advance: Advance | None = None) -> list[int]:
    """Compute random chunks of a finished run again and compare every bit; check the digests of all parts.

    Returns
    -------
    list of int
        The chunks that were computed again.

    Raises
    ------
    RunError
        A bit differs, or this machine cannot run the SIMD variant of the run.
    """
    folder = Path(folder)
    result, task = load(folder), stored_task(folder)
    if result.manifest["simd"] != _core.simd_variant():
        raise RunError(
            f"{folder}: computed with the SIMD variant {result.manifest['simd']}, this process uses "
            f"{_core.simd_variant()}: set ALVH_SIMD={result.manifest['simd']} where the processor has it"
        )
    plan = _core.Plan(task.text)
    found = _finish(plan, (pl.read_parquet(_part(folder, index)) for index in range(task.chunks)))
    if found["digests"] != result.manifest["digests"]:
        raise RunError(f"{folder}: the parts do not have the digests of the manifest: they were altered")
    chosen = sorted(random.SystemRandom().sample(range(task.chunks), min(chunks, task.chunks)))
    for index in chosen:
        again = compute(plan, task.chunk(index), threads=threads, advance=advance)
        if not _same_bits(again, pl.read_parquet(_part(folder, index))):
            raise RunError(f"{_part(folder, index)}: computed again, the figures differ")
    return chosen


def _prepare(
    folder: Path, task: Task, plan: _core.Plan, *, resume: bool, overwrite: bool
) -> dict[str, Any]:
    """Make the folder ready for the missing parts of the task, and nothing else."""
    if overwrite:
        _clear(folder)
    for leftover in folder.glob("parts/*.tmp"):
        leftover.unlink()
    if (folder / MANIFEST).exists():
        manifest = _read_manifest(folder)
        if not resume:
            raise RunError(f"{folder}: holds a run already: give --resume, --overwrite or another folder")
        if manifest["plan"] != task.digest:
            raise RunError(f"{folder}: holds the run of another plan: resume needs the same command")
        if manifest["simd"] != _core.simd_variant():
            raise RunError(f"{folder}: was begun with the SIMD variant {manifest['simd']}")
        return manifest
    (folder / "parts").mkdir(exist_ok=True)
    with _replacing(folder / PLAN) as temporary:
        temporary.write_text(task.text, encoding="utf-8")
    manifest = _manifest(task, plan)
    _write_json(folder / MANIFEST, manifest)
    return manifest


def _clear(folder: Path) -> None:
    """Remove what a run writes; a folder that holds anything else keeps it."""
    for name in ("parts", "tables", "arms"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in (MANIFEST, PLAN):
        (folder / name).unlink(missing_ok=True)


def _manifest(task: Task, plan: _core.Plan) -> dict[str, Any]:
    return {
        "alvh": _core.__version__,
        "status": "running",
        "plan": task.digest,
        "seed": task.spec["seed"],
        "paths": task.paths,
        "sessions": task.spec["sessions"],
        "capital": task.spec["capital"],
        "chunk": CHUNK,
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
    }


def _finish(plan: _core.Plan, parts: Iterator[pl.DataFrame]) -> dict[str, Any]:
    """Digest of the result bits per book, rows in path order: independent of how the paths were cut."""
    books = plan.books
    hashes = [hashlib.sha256() for _ in books]
    for part in parts:
        figures = part.drop("path", "book").to_numpy(order="c").reshape(-1, len(books), part.width - 2)
        for book, digest in enumerate(hashes):
            digest.update(np.ascontiguousarray(figures[:, book]).tobytes())
    digests = {f"{arm}@{share:g}": digest.hexdigest() for (arm, share), digest in zip(books, hashes, strict=True)}
    return {"status": "complete", "finished": _now(), "digests": digests}


def _same_bits(a: pl.DataFrame, b: pl.DataFrame) -> bool:
    return a.columns == b.columns and all(a[name].to_numpy().tobytes() == b[name].to_numpy().tobytes() for name in a.columns)


def _part(folder: Path, index: int) -> Path:
    return folder / "parts" / f"part-{index:05d}.parquet"


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(f"{folder}: no {MANIFEST}: not the folder of a run") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{folder / MANIFEST}: {error}") from None
    return manifest


def _write_json(path: Path, value: dict[str, Any]) -> None:
    with _replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Write under a temporary name, sync, rename, sync the folder: the file exists whole or not at all."""
    temporary = path.with_name(f"{path.name}.tmp")
    yield temporary
    _sync(temporary)
    temporary.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process per folder; the kernel drops the lock of a process that dies."""
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(f"{folder}: another process is writing to it") from None
        yield


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
