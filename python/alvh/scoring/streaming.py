"""The best condors of many files: one file is one job and one part; only the best are held."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from alvh.errors import AlvhError, ScoreError
from alvh.run_folder import replacing
from alvh.scoring.figures import ADDED, FIGURES
from alvh.scoring.job import ScoreJob
from alvh.scoring.parts import Parts, content
from alvh.scoring.scores import OF_EXPIRY, PLACES
from alvh.scoring.sources import chain_files
from alvh.workers import Processes, Runner, Workers, elsewhere

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["FILE_BECAME", "FileScores", "score_files"]

FILE_BECAME: Final = {
    "scored": "its condors were scored",
    "no_condors": "none of its condors satisfies the limits",
    "unreadable": "it cannot be scored: `reason` says why",
}
"""What became of a file."""

PARQUET: Final = (".parquet", ".pq")
COUNTS: Final = ("candidates", "visited", "accepted")
TABLE: Final = {
    "file": pl.String(),
    "became": pl.String(),
    **dict.fromkeys(COUNTS, pl.Int64()),
    "reason": pl.String(),
}
ROWS: Final = {
    "rank": pl.UInt32(),
    "file": pl.String(),
    **OF_EXPIRY,
    **dict.fromkeys((*PLACES[len(OF_EXPIRY) :], *FIGURES, *ADDED), pl.Float64()),
}

Advance = Callable[[int], None]
Track = Callable[[int, int], Advance | None]
"""Called with the number of files and of finished ones; returns what to call with the condors of a file."""


@dataclass(frozen=True, eq=False)
class FileScores:
    """The best condors of many files, from `score_files`.

    Parameters
    ----------
    frame : DataFrame
        The best condors of all files, best first: the columns of `Scores.frame`, and `file`.
    files : DataFrame
        Every file: `became`, a key of `FILE_BECAME`; `candidates`, `visited` and `accepted` as in
        `Scores.expiries`; `reason` of those that could not be read.
    job : ScoreJob
        What was asked of each.
    """

    frame: pl.DataFrame
    files: pl.DataFrame
    job: ScoreJob

    @property
    def candidates(self) -> int:
        """Condors of all files within the limits of their legs and widths."""
        return int(self.files["candidates"].sum())

    @property
    def unreadable(self) -> pl.DataFrame:
        """The files that could not be scored, with the reason."""
        return self.files.filter(became="unreadable").select("file", "reason")


def score_files(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    job: ScoreJob,
    *,
    out: str | PathLike[str] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    workers: int = 1,
    runner: Runner = "local",
    track: Track | None = None,
) -> FileScores:
    """Score the chains of many files, and keep the best condors of all.

    Memory is that of the files in work and of the best. With `out` each finished
    file leaves a part in the folder ``out.parts``, which exists whole or not at all: a run that was killed
    goes on with the files that have none. A file whose content changed is scored again. Ties between files
    go to the earlier name.

    Parameters
    ----------
    files : path or list of paths
        Files that `chain.read` knows, folders, patterns such as ``"chains/2018-*.parquet"``.
    job : ScoreJob
        What is asked of each file.
    out : path, optional
        Parquet file of the best condors. Without it nothing is written.
    resume : bool
        Keep the parts of the same job beside `out`, and score the other files.
    overwrite : bool
        Remove those parts first.
    workers : int, default 1
        Processes of this machine that read and score files. The result does not depend on it. Each begins
        with a fresh interpreter: a script that asks for more than one keeps its own work below
        ``if __name__ == "__main__":``.
    runner : {"local", "ray"} or workers.Ray, default "local"
        Where files are scored: with ``"ray"`` on a cluster, whose machines all see the files.
    track : callable, optional
        Called with the number of files and of finished ones; returns what is called with the number of
        condors whenever a file is done.

    Returns
    -------
    FileScores
        The best condors, and what became of every file; one that cannot be scored does not stop the others.

    Raises
    ------
    ScoreError
        No files, or an option that cannot be used.
    RunError
        What is beside `out` was made with other options or by another version, or is in use.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from alvh import chain
    >>> from alvh.scoring import ScoreJob, score_files
    >>> with TemporaryDirectory() as folder:
    ...     chain.synthetic(longest=7).drop("line").write_parquet(Path(folder, "friday.parquet"))
    ...     found = score_files(folder, ScoreJob(width=25.0, top=3))
    >>> found.files["became"].to_list(), found.frame.height
    (['scored'], 3)
    """
    target = None if out is None else Path(out)
    pool = _pool(workers, runner)
    if resume and overwrite:
        raise ScoreError("resume keeps what overwrite removes: give one of them", column="resume")
    if target is None:
        if resume or overwrite:
            raise ScoreError("resume and overwrite are about a result: give out as well", column="resume")
        return _folded(chain_files(files), job, None, pool, track)
    if target.suffix.casefold() not in PARQUET:
        raise ScoreError(
            f"out = {str(target)!r}: a Parquet file. Mend: a name that ends in .parquet",
            column="out",
            value=str(target),
        )
    found = chain_files(files, target)
    claimed: AbstractContextManager[Parts] = Parts.claimed(target, job, resume=resume, overwrite=overwrite)
    with claimed as parts:
        best = _folded(found, job, parts, pool, track)
        with replacing(target) as temporary:
            best.frame.write_parquet(temporary, compression="zstd")
    return best


class Outcome(NamedTuple):
    """What became of one file.

    Attributes
    ----------
    frame : DataFrame
        Its best condors.
    counts : dict
        Its condors, by `COUNTS`.
    content : str
        Hash of the content that was scored.
    reason : str, optional
        Why it could not be.
    """

    frame: pl.DataFrame
    counts: dict[str, int]
    content: str
    reason: str | None = None

    @property
    def became(self) -> str:
        """A key of `FILE_BECAME`."""
        if self.reason is not None:
            return "unreadable"
        return "scored" if self.frame.height else "no_condors"


def of_file(job: ScoreJob, folder: Path, path: Path) -> Outcome:
    """Score one file, named from `folder`, wherever this runs.

    The content is hashed before it is read: a file that is replaced meanwhile is scored again on resume.
    """
    nothing = pl.DataFrame(schema=ROWS)
    try:
        before = content(folder / path)
        found = job.score(folder / path)
    except OSError as error:
        reason = f"{path.name} cannot be read: {error.strerror}"
    except AlvhError as error:  # options were checked before: what is left is about this file
        reason = str(error)
    else:
        counts = {name: int(found.expiries[name].sum()) for name in COUNTS}
        return Outcome(found.frame.with_columns(file=pl.lit(path.as_posix())).select(*ROWS), counts, before)
    return Outcome(nothing, dict.fromkeys(COUNTS, 0), "", reason)


def _pool(workers: int, runner: Runner) -> Workers | None:
    """Return where files are scored; None for this process."""
    processes = Processes(workers)
    cluster = elsewhere(runner)
    if cluster is not None and workers != 1:
        raise ScoreError(
            f"workers = {workers}: processes of this machine, and runner = {runner!r} takes the cores of a "
            "cluster. Mend: one of the two",
            column="workers",
            value=workers,
        )
    return cluster or (processes if workers > 1 else None)


def _folded(
    paths: list[Path], job: ScoreJob, parts: Parts | None, pool: Workers | None, track: Track | None
) -> FileScores:
    """Score what is not finished, wherever and in whatever order, and hold the best of what is."""
    finished = {path for path in paths if parts is not None and parts.finished(path)}
    advance = track(len(paths), len(finished)) if track else None
    best, became = pl.DataFrame(schema=ROWS), dict[Path, tuple[object, ...]]()
    missing = [path for path in paths if path not in finished]
    with closing(_outcomes(sorted(finished), missing, job, parts, pool)) as outcomes:
        for path, one in outcomes:
            best = _best(best, one.frame, job)
            counts = (one.counts[name] for name in COUNTS)
            became[path] = (path.as_posix(), one.became, *counts, one.reason)
            if path in finished:
                continue
            if parts is not None and one.reason is None:
                parts.write(path, one.content, one.frame, one.counts)
            if advance:
                advance(one.counts["candidates"])
    frame = best.with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32))
    table = pl.DataFrame([became[path] for path in paths], schema=TABLE, orient="row")
    return FileScores(frame, table, job)


def _outcomes(
    finished: list[Path], missing: list[Path], job: ScoreJob, parts: Parts | None, pool: Workers | None
) -> Generator[tuple[Path, Outcome]]:
    """Yield what became of each file: first what parts say, then what is scored, as it is done."""
    if parts is not None:
        yield from ((path, Outcome(*parts.read(path), "")) for path in finished)
    if pool is None:
        yield from ((path, of_file(job, Path(), path)) for path in missing)
        return
    threads = job.threads or 1  # files, not the condors of one, are what the cores are for
    work = partial(of_file, replace(job, threads=threads), Path.cwd())
    with closing(pool.completed(work, missing, cpus=threads)) as done:
        yield from done


def _best(best: pl.DataFrame, more: pl.DataFrame, job: ScoreJob) -> pl.DataFrame:
    """Return the best of both; of equal ones the earlier file is first, and in a file the earlier rank."""
    rank = pl.col(job.rank_by) if isinstance(job.rank_by, str) else job.rank_by
    order = [job.descending, False, False]
    return pl.concat([best, more]).sort(rank, "file", "rank", descending=order, nulls_last=True).head(job.top)
