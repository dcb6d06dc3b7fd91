"""Runs on a Ray cluster of two cores: the same bits, lost workers, interruption, what is refused."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from threading import Thread

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import alvh as av
from alvh import chain, runner, schedule
from alvh.errors import RunError, ScoreError
from alvh.scoring import ScoreJob, score_files
from alvh.workers import Ray
from alvh.workers.build import Build
from alvh.workers.cluster import _at_once, _became
from run_samples import CHUNK, OPTIONS, PATHS, command, stamps, surroundings, task
from worker_samples import (
    PATIENCE,
    die,
    hold,
    hold_all_but_the_first,
    hold_paths,
    refuse,
    square,
    stumble,
    threads_of_polars,
)

ray = pytest.importorskip("ray")

TASK = task()
FILES = 4


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """One local cluster for all of these; its workers find the samples."""
    here = {"env_vars": {"PYTHONPATH": str(Path(__file__).parent)}}
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env=here)
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()


@pytest.fixture(scope="module", autouse=True)
def threads_of_the_first(cluster):
    """Asked before any test: a worker that has read Polars keeps the threads it has."""
    return dict(Ray().completed(threads_of_polars, [0]))


@pytest.fixture(scope="module")
def chains(tmp_path_factory):
    path, day = tmp_path_factory.mktemp("chains"), date(2024, 3, 1)
    for _ in range(FILES):
        quotes = chain.synthetic(day, longest=3).drop("line", "status", "problem")
        quotes.write_parquet(path / f"{day}.parquet")
        day = schedule.next_session(day)
    (path / "broken.csv").write_text("not a chain")
    return path


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def test_polars_takes_the_cores_of_its_task(threads_of_the_first):
    assert threads_of_the_first == {0: 1}


# The same bits


def test_a_run_has_the_same_bits_and_rows(tmp_path):
    expected = runner.run(TASK)
    counts = []
    found = runner.run(TASK, workers=Ray(), advance=counts.append)
    assert found.frame.collect().equals(expected.frame.collect())
    assert found.manifest["digests"] == expected.manifest["digests"]
    assert sorted(counts) == sorted([*[CHUNK] * (PATHS // CHUNK), PATHS % CHUNK])
    stored = runner.run(TASK, out=tmp_path / "run", workers=Ray(), threads=2)
    assert stored.manifest["digests"] == expected.manifest["digests"]
    assert runner.verify(tmp_path / "run")


def test_a_comparison_has_the_same_tables():
    arms = [av.preset("plain"), av.preset("stop_2x")]
    options = {"paths": 80, "sessions": 30, "shares": [0.1], "chunk": 32, "surface_band": 16}
    here, there = (
        av.compare(arms, av.market.L3F(vix=16), **options, runner=runner) for runner in ("local", "ray")
    )
    assert there.manifest["digests"] == here.manifest["digests"]
    assert_frame_equal(there.summary(), here.summary(), check_exact=True)


@pytest.mark.parametrize("elsewhere", [{"runner": "ray"}, {"workers": 2}], ids=str)
def test_files_have_the_same_rows(chains, tmp_path, elsewhere):
    job = ScoreJob(width=25.0, top=20, rank_by=pl.col("credit") / pl.col("requirement"))
    expected = score_files(chains, job)
    assert set(expected.files["became"]) == {"scored", "unreadable"}
    seen = []
    found = score_files(chains, job, out=tmp_path / "best.parquet", track=lambda *_: seen.append, **elsewhere)
    assert_frame_equal(found.frame, expected.frame, check_exact=True)
    assert_frame_equal(found.files, expected.files)
    assert sum(seen) == found.candidates
    again = score_files(chains, job, out=tmp_path / "best.parquet", resume=True)
    assert_frame_equal(again.frame, expected.frame, check_exact=True)


def test_relative_names_are_those_of_the_caller(chains, monkeypatch):
    monkeypatch.chdir(chains.parent)
    found = score_files(chains.name, ScoreJob(width=25.0, top=5), runner="ray")
    assert set(found.frame["file"]) <= {f"{chains.name}/{each.name}" for each in chains.iterdir()}
    assert found.frame.height == 5


# What is lost, interrupted, refused


def test_a_lost_worker_is_replaced(tmp_path):
    """Killed while it works: its task begins again in another process."""
    found = []
    asked = Ray().completed(partial(hold, tmp_path), [7])
    thread = Thread(target=lambda: found.extend(asked))
    thread.start()
    (first,) = wait_for(lambda: list(tmp_path.glob("7.*")))
    subprocess.run(["kill", "-9", first.suffix[1:]], check=True)
    wait_for(lambda: len(list(tmp_path.glob("7.*"))) == 2)
    (tmp_path / "go").touch()
    thread.join(PATIENCE)
    assert found == [(7, 7)]


@dataclass
class Held:
    """The cluster, its tasks telling in a folder who works on them, and waiting there for `go`."""

    folder: Path

    def completed(self, work, items, *, cpus=1):
        return Ray().completed(partial(hold_paths, self.folder, work), items, cpus=cpus)


def test_a_run_that_loses_a_worker_has_the_same_bits(tmp_path):
    """Whichever process computes is killed, once; every part is there once."""

    def kill():
        first, *_ = wait_for(lambda: list(tmp_path.glob("*.*")))
        os.kill(int(first.suffix[1:]), signal.SIGKILL)
        (tmp_path / "go").touch()
        return first.stem

    with ThreadPoolExecutor() as other:
        killing = other.submit(kill)
        found = runner.run(TASK, out=tmp_path / "run", workers=Held(tmp_path))
        assert len(list(tmp_path.glob(f"{killing.result()}.*"))) == 2
    assert found.manifest["digests"] == runner.run(TASK).manifest["digests"]


def working():
    """The process of a task of alvh on the cluster of these tests, as Ray names it while it works."""
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if each.read_bytes().startswith(b"ray::alvh") and os.getpid() in ancestors(int(each.parent.name)):
                return int(each.parent.name)
        except OSError:
            continue
    return None


def ancestors(process):
    """What began a process, and that in turn."""
    while process > 1:
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        yield process


def test_what_dies_again_and_again_is_an_error():
    with pytest.raises(RunError, match="a worker was lost, and the task with it, 4 times"):
        list(Ray().completed(die, [1]))


def test_closed_early_no_more_is_handed_out(tmp_path):
    found = Ray().completed(partial(hold_all_but_the_first, tmp_path), range(100))
    assert next(found) == (0, 0)
    found.close()
    (tmp_path / "go").touch()
    wait_for(lambda: not working())
    assert {each.stem for each in tmp_path.glob("*.*")} <= {"1", "2", "3"}


def test_interrupted_and_resumed(cluster, tmp_path):
    folder = tmp_path / "run"
    authentication = {name: value for name, value in os.environ.items() if name.startswith("RAY_AUTH")}
    options = (*OPTIONS, "--paths=1200", "--chunk=50", "--surface-band=0", f"--out={folder}")
    away = (*options, "--runner=ray", f"--ray-address={cluster}")
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("held_command.py")), "12", "compare", *away],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=surroundings(PYTHONWARNINGS="", **authentication),
    )
    wait_for(lambda: len(stamps(folder)) == 12 or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (
        130,
        "alvh: interrupted: finished parts in --out are kept, --resume goes on\n",
    )
    kept = stamps(folder)
    assert len(kept) == 12
    wait_for(lambda: not working())
    ran = command("compare", *options, "--resume")
    assert ran.returncode == 0, ran.stderr
    assert kept.items() <= stamps(folder).items()


def test_mistakes_come_back_as_errors_of_alvh():
    with pytest.raises(ScoreError, match="number = 4: not this one"):
        list(Ray().completed(refuse, [4]))
    with pytest.raises(RunError, match="a task failed on a worker: ZeroDivisionError"):
        list(Ray().completed(stumble, [0]))
    assert dict(Ray().completed(square, range(5))) == {n: n * n for n in range(5)}


def test_workers_that_would_give_other_bits_are_refused(monkeypatch):
    for other, words in (
        (Build("0.0.9", "avx2"), r"a worker has alvh .*, the process that asks 0\.0\.9"),
        (Build(Build.here().version, "sse2"), "the process that asks sse2, which rounds otherwise"),
    ):
        monkeypatch.setattr(Build, "here", classmethod(lambda _, other=other: other))
        with pytest.raises(RunError, match=words):
            runner.run(TASK, workers=Ray())


def test_tasks_handed_out_fit_into_machines(monkeypatch):
    """Two machines of two cores have no room for a task of three, and dead ones for none."""

    def node(cores, alive=True):
        return {"Alive": alive, "Resources": {"CPU": cores} if cores else {}}

    monkeypatch.setattr(ray, "nodes", lambda: [node(5.0), node(2.0), node(0), node(64.0, alive=False)])
    assert [_at_once(ray, cpus) for cpus in (1, 2, 3, 5)] == [7, 3, 1, 1]
    with pytest.raises(RunError, match="a task wants 6 cores, the largest machine of the cluster has 5"):
        _at_once(ray, 6)


def test_what_ends_a_task_is_told_by_its_kind():
    told = ray.exceptions
    for error, words in (
        (told.OutOfMemoryError("x"), "want of memory"),
        (told.TaskCancelledError(), "cancelled"),
        (told.NodeDiedError("x"), "a machine was lost"),
        (told.RuntimeEnvSetupError("x"), "could not be prepared"),
        (told.RayError("x"), "Ray gave up"),
    ):
        assert words in _became(ray, error)


def test_a_cluster_that_is_too_small_or_not_there_is_said(cluster, tmp_path):
    words = r"a task wants 64 cores, the largest machine of the cluster has 2\. Mend: threads"
    with pytest.raises(RunError, match=words):
        runner.run(TASK, workers=Ray(), threads=64)
    with pytest.raises(ScoreError, match="one of the two"):
        score_files(tmp_path, ScoreJob(), workers=2, runner="ray")
