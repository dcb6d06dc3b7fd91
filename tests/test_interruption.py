"""Runs that are killed, interrupted or begun twice: nothing is lost, doubled or computed again."""

import fcntl
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alvh import runner
from alvh.errors import RunError
from run_samples import OPTIONS, command, files, manifest, refused, stamps, surroundings, task

PATIENCE = 60.0
PATHS, CHUNK, CHUNKS = 1_600, 16, 100
TASK = task(paths=PATHS, chunk=CHUNK, shares=(0.10,))
OPTIONS_IN_PARTS = (*OPTIONS, "--shares=0.10", f"--paths={PATHS}", f"--chunk={CHUNK}", "--threads=1")


def begun(folder: Path, *more: str, most: int = CHUNKS) -> subprocess.Popen[str]:
    """Begin the command; it waits where it would write more than so many parts."""
    program = [sys.executable, str(Path(__file__).with_name("held_command.py")), str(most)]
    arguments = [*program, "compare", *OPTIONS_IN_PARTS, f"--out={folder}", *more]
    return subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=surroundings()
    )


def wait_for_parts(process: subprocess.Popen[str], folder: Path, count: int) -> None:
    end = time.monotonic() + PATIENCE
    while len(stamps(folder)) < count and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.001)


def ends_well(process: subprocess.Popen[str]) -> None:
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")


def test_killed_at_random_moments_and_resumed(tmp_path):
    chance = random.Random(20260101)  # noqa: S311 -- moments, not secrets
    folder = tmp_path / "run"
    expected = runner.run(TASK).manifest["digests"]
    done: dict[str, tuple[int, int]] = {}
    for attempt in range(5):
        process = begun(folder, "--resume", most=len(done) + 10)
        if attempt == 1:  # while it is still starting
            time.sleep(chance.uniform(0.1, 1.0))
        else:
            wait_for_parts(process, folder, len(done) + chance.randint(1, 8))
            time.sleep(chance.uniform(0, 0.01))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        after = stamps(folder)
        assert done.items() <= after.items()
        done = after
    assert 0 < len(done) < CHUNKS
    assert manifest(folder)["status"] == "running"
    assert "not finished: run the same command with --resume" in refused("verify", folder)

    ends_well(begun(folder, "--resume"))
    after = stamps(folder)
    assert done.items() <= after.items()
    assert len(after) == CHUNKS
    assert not [name for name in files(folder) if name.endswith(".tmp")]
    assert manifest(folder)["digests"] == expected
    assert runner.load(folder).frame.collect().select("path", "book").is_unique().all()
    assert runner.verify(folder)


def test_interrupted_by_the_user_and_resumed(tmp_path):
    folder = tmp_path / "run"
    process = begun(folder, most=50)
    wait_for_parts(process, folder, 3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert err == "alvh: interrupted: finished parts in --out are kept, --resume goes on\n"
    assert out == ""
    assert not [name for name in files(folder) if name.endswith(".tmp")]
    kept = stamps(folder)
    assert 3 <= len(kept) < CHUNKS
    ends_well(begun(folder, "--resume"))
    assert kept.items() <= stamps(folder).items()


def test_second_process_is_refused_and_the_lock_dies_with_the_first(tmp_path):
    folder = tmp_path / "run"
    first = begun(folder, most=50)
    wait_for_parts(first, folder, 1)
    first.send_signal(signal.SIGSTOP)
    for option in ("--resume", "--overwrite"):
        words = refused("compare", *OPTIONS_IN_PARTS, f"--out={folder}", option)
        assert words == f"{folder}: another process is writing to it"
    first.kill()
    first.communicate()
    assert len(stamps(folder)) < CHUNKS
    assert command("compare", *OPTIONS_IN_PARTS, f"--out={folder}", "--resume").returncode == 0


def test_lock_within_one_process(tmp_path):
    few = task(paths=8)
    runner.run(few, out=tmp_path)
    with (tmp_path / ".lock").open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="another process is writing to it"):
            runner.run(few, out=tmp_path, resume=True)
    runner.run(few, out=tmp_path, resume=True)
