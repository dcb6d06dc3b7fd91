"""Pieces of work for the tests of workers: importable, so that other processes find them."""

import os
import signal
import time
from pathlib import Path

from alvh.errors import ScoreError

PATIENCE = 60.0


def square(number):
    return number * number


def refuse(number):
    raise ScoreError(f"number = {number}: not this one", column="number", value=number)


def stumble(number):
    return 1 // number


def die(number):
    os.kill(os.getpid(), signal.SIGKILL)


def hold_all_but_the_first(folder, number):
    return hold(folder, number) if number else number


def hold_paths(folder, work, paths):
    """Work on a part of a run once told to."""
    hold(folder, paths.start)
    return work(paths)


def threads_of_polars(_):
    import polars as pl

    return pl.thread_pool_size()


def hold(folder, number):
    """Say who works, and wait until told to go on: whoever comes first is stuck until it is killed."""
    mine = Path(folder, f"{number}.{os.getpid()}")
    mine.touch()
    end = time.monotonic() + PATIENCE
    while not Path(folder, "go").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    return number
