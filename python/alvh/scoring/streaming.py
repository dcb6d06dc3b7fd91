"""The best condors of many files: one file is one job and one part; only the best are held."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from alvh.errors import ChainError, ScoreError, VixError
from alvh.run_folder import replacing
from alvh.scoring.figures import ADDED, FIGURES
from alvh.scoring.job import ScoreJob
from alvh.scoring.parts import Parts, content
from alvh.scoring.scores import OF_EXPIRY, PLACES
from alvh.scoring.sources import chain_files

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["FILE_BECAME", "FileScores", "score_files"]

FILE_BECAME: Final = {
    "scored": "its condors were scored",
    "no_condors": "none of its condors satisfies the limits",
    "unreadable": "it cannot be scored: `reason` says why",
}
"""What became of a file."""

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
    track: Track | None = None,
) -> FileScores:
    """Score the chains of many files, and keep the best condors of all.

    Files are read one after the other; memory is that of one file and of the best. With `out` each finished
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
    track : callable, optional
        Called with the number of files and of finished ones; returns what is called with the number of
        condors whenever a file is done.

    Returns
    -------
    FileScores
        The best condors, and what became of every file; one that cannot be read does not stop the others.

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
    if resume and overwrite:
        raise ScoreError("resume keeps what overwrite removes: give one of them", column="resume")
    if target is None:
        if resume or overwrite:
            raise ScoreError("resume and overwrite are about a result: give out as well", column="resume")
        return _folded(chain_files(files), job, None, track)
    found = chain_files(files, target)
    claimed: AbstractContextManager[Parts] = Parts.claimed(target, job, resume=resume, overwrite=overwrite)
    with claimed as parts:
        best = _folded(found, job, parts, track)
        with replacing(target) as temporary:
            best.frame.write_parquet(temporary, compression="zstd")
    return best


def _folded(paths: list[Path], job: ScoreJob, parts: Parts | None, track: Track | None) -> FileScores:
    """Score what is not finished, file by file, and hold the best of what is."""
    finished = {path for path in paths if parts is not None and parts.finished(path)}
    advance = track(len(paths), len(finished)) if track else None
    best, table = pl.DataFrame(schema=ROWS), []
    for path in paths:
        counts = dict.fromkeys(COUNTS, 0)
        became, reason = "scored", None
        try:
            if parts is not None and path in finished:
                frame, counts = parts.read(path)
            else:
                frame, counts = _scored(path, job, parts)
        except (ChainError, VixError) as error:
            became, reason = "unreadable", str(error)
        else:
            became = "scored" if frame.height else "no_condors"
            best = _best(best, frame, job)
        table.append((path.as_posix(), became, *(counts[name] for name in COUNTS), reason))
        if advance and path not in finished:
            advance(counts["candidates"])
    frame = best.with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32))
    return FileScores(frame, pl.DataFrame(table, schema=TABLE, orient="row"), job)


def _scored(path: Path, job: ScoreJob, parts: Parts | None) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the best condors of a file and what was counted; leave its part.

    The content is hashed before it is read: a file that is replaced meanwhile is scored again on resume.
    """
    try:
        before = content(path) if parts is not None else ""
    except OSError as error:
        raise ChainError(f"{path.name} cannot be read: {error.strerror}", source=str(path)) from None
    found = job.score(path)
    counts = {name: int(found.expiries[name].sum()) for name in COUNTS}
    frame = found.frame.with_columns(file=pl.lit(path.as_posix())).select(*ROWS)
    if parts is not None:
        parts.write(path, before, frame, counts)
    return frame, counts


def _best(best: pl.DataFrame, more: pl.DataFrame, job: ScoreJob) -> pl.DataFrame:
    """Return the best of both; where two are equal, what came first stays first."""
    rank = pl.col(job.rank_by) if isinstance(job.rank_by, str) else job.rank_by
    merged = pl.concat([best, more])
    return merged.sort(rank, descending=job.descending, nulls_last=True, maintain_order=True).head(job.top)
