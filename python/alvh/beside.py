"""Runs beside a run: its paths on another surface, each with parts and a manifest in a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from alvh.run_folder import RunFolder
from alvh.runner import Advance, Result, Task, load, run
from alvh.workers import Workers

__all__ = ["forget", "load_beside", "run_beside"]


def run_beside(
    tasks: Mapping[float, Task],
    folders: Mapping[float, str],
    *,
    out: str | Path | None,
    resume: bool,
    threads: int,
    advance: Advance | None,
    workers: Workers | None = None,
) -> dict[float, Result]:
    """Run tasks, each in its folder of the run in `out`; options as in `run`."""

    def folder(key: float) -> Path | None:
        return None if out is None else Path(out) / folders[key]

    return {
        key: run(task, out=folder(key), resume=resume, threads=threads, workers=workers, advance=advance)
        for key, task in tasks.items()
    }


def load_beside(
    tasks: Mapping[float, Task], folders: Mapping[float, str], out: str | Path
) -> dict[float, Result]:
    """Open the finished runs beside the run in `out`.

    Raises
    ------
    RunError
        One of them is not finished.
    """
    return {key: load(Path(out) / folders[key]) for key in tasks}


def forget(folders: Mapping[float, str], out: str | Path) -> None:
    """Remove the runs of an earlier comparison."""
    for name in folders.values():
        folder = RunFolder(Path(out) / name)
        if folder.begun:
            folder.remove()
