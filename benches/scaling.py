"""Measure how runs scale over cores, what they move, and where the collecting process is the limit.

    PYTHONPATH=. python benches/scaling.py --workers 1,2,4,8,16 --write

Two tables as Markdown, for `docs/scaling.md`. Work grows with the cores: each has so many chunks or files.
Ray is measured where `alvh[ray]` is installed; every number of workers is a cluster of its own.
"""

import argparse
import pickle
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import alvh as av
from alvh import _core, runner, schedule
from alvh.chain import synthetic
from alvh.scoring import ScoreJob, score_files
from alvh.specification import SHARES, task_of
from alvh.workers import Ray
from benches.pages import put

ARMS = ("plain", "stop_2x")
CHUNK, CHUNKS_A_CORE = 512, 2
FILES_A_CORE, LONGEST = 8, 60
JOB = ScoreJob(rank_by="expected_return", top=50)

Run = Callable[[], object]


def task(chunks: int) -> runner.Task:
    """Return so many chunks of a comparison of a year."""
    arms = [av.preset(name) for name in ARMS]
    return task_of(
        arms,
        av.market.L3F(vix=16),
        paths=chunks * CHUNK,
        sessions=252,
        capital=1_000_000.0,
        seed=1,
        shares=SHARES,
        chunk=CHUNK,
    )


def chains(folder: Path, count: int) -> list[Path]:
    """Write so many days of a whole chain and return their files."""
    day, files = date(2024, 3, 1), []
    while len(files) < count:
        file = folder / f"{day}.parquet"
        if not file.exists():
            synthetic(day, longest=LONGEST).drop("line", "status", "problem").write_parquet(file)
        files.append(file)
        day = schedule.next_session(day)
    return files


@contextmanager
def cluster(cores: int) -> Iterator[None]:
    """Run a Ray cluster of so many cores on this machine, each of its workers begun."""
    import ray

    ray.init("local", num_cpus=cores, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        runner.run(task(cores), workers=Ray())
        yield
    finally:
        ray.shutdown()


def seconds(run: Run) -> float:
    """Return how long it took."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def has_ray() -> bool:
    """Return whether `alvh[ray]` is installed."""
    try:
        import ray  # noqa: F401
    except ImportError:
        return False
    return True


def measured(cores: int, folder: Path) -> Iterator[tuple[str, str, float]]:
    """Yield what ran on so many cores, the unit, and how many a second."""
    asked = task(CHUNKS_A_CORE * cores)
    files = chains(folder, FILES_A_CORE * cores)
    condors = sum(JOB.score(file).candidates for file in files[:1]) * len(files)
    run = partial(runner.run, asked)
    yield (
        "compare, threads",
        "paths",
        asked.paths / seconds(partial(run, threads=cores, out=folder / f"t{cores}")),
    )
    score = partial(score_files, files, JOB)
    yield "score, processes", "condors", condors / seconds(partial(score, workers=cores))
    if has_ray():
        with cluster(cores):
            out = folder / f"r{cores}"
            yield "compare, ray", "paths", asked.paths / seconds(partial(run, workers=Ray(), out=out))
            yield "score, ray", "condors", condors / seconds(partial(score, runner="ray"))


class Watched:
    """A worker in the process itself: what a piece takes and moves."""

    def __init__(self) -> None:
        self.work, self.elapsed, self.there, self.back, self.pieces = 0.0, 0.0, 0, 0, 0

    def completed(
        self, work: Callable[[Any], Any], items: Iterable[Any], *, cpus: int = 1
    ) -> Iterator[tuple[Any, Any]]:
        """Do the work here."""
        del cpus  # a piece has the one core that it asks for
        self.there = len(pickle.dumps(work))
        for item in items:
            start, spent = time.perf_counter(), time.process_time()
            found = work(item)
            self.work += time.process_time() - spent
            self.elapsed += time.perf_counter() - start
            self.back += len(pickle.dumps(found))
            self.pieces += 1
            yield item, found


def moved(folder: Path) -> Iterator[tuple[str, Watched, float]]:
    """Yield of chunks and of files what watching told, and seconds of the collecting process for each."""
    files = chains(folder, FILES_A_CORE)
    runs: dict[str, Callable[[Watched], object]] = {
        "chunk": lambda workers: runner.run(task(CHUNKS_A_CORE), out=folder / "watched", workers=workers),
        "file": lambda workers: score_files(files, JOB, out=folder / "best.parquet", runner=workers),
    }
    for piece, run in runs.items():
        workers = Watched()
        took = seconds(partial(run, workers))
        yield piece, workers, (took - workers.elapsed) / workers.pieces


def speeds(counts: list[int], folder: Path) -> Iterator[str]:
    """Yield the lines of the table over cores."""
    yield "| what | cores | a second | a second and core | of the first |"
    yield "|---|---|---|---|---|"
    first: dict[str, float] = {}
    for cores in counts:
        for what, unit, rate in measured(cores, folder):
            share = (rate / cores) / first.setdefault(what, rate / cores)
            yield f"| {what} | {cores} | {rate:,.0f} {unit} | {rate / cores:,.0f} | {share:.0%} |"


def pieces(folder: Path) -> Iterator[str]:
    """Yield the lines of the table of what moves; on so many cores the collecting process has no rest."""
    yield "| piece | seconds of a core | bytes there | bytes back | seconds to collect | cores |"
    yield "|---|---|---|---|---|---|"
    for piece, told, collect in moved(folder):
        work, back = told.work / told.pieces, told.back // told.pieces
        most = f"{work / collect:,.0f}"
        yield f"| {piece} | {work:.3f} | {told.there:,} | {back:,} | {collect:.4f} | {most} |"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="Measure how runs scale over cores, and what they move.")
    parser.add_argument("--workers", default="1,2", help="cores to measure, such as 1,2,4,8,16")
    parser.add_argument("--write", action="store_true", help="into benches/results and docs/scaling.md, too")
    given = parser.parse_args()
    counts = [int(each) for each in given.workers.split(",")]
    books = len(SHARES) * len(ARMS)
    lines = [f"alvh {_core.__version__}, SIMD {_core.simd_variant()}, {books} books of a year.", ""]
    with tempfile.TemporaryDirectory() as name:
        for line in chain(speeds(counts, Path(name)), [""], pieces(Path(name))):
            print(line, flush=True)
            lines.append(line)
    if given.write:
        put("scaling", "\n".join(lines) + "\n", "docs/scaling.md")


if __name__ == "__main__":
    main()
