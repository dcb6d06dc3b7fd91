"""The process of one library: pinned, one line of JSON in per question and one line out per answer.

`python -m benches.pricing.worker MODULE FOLDER CORES`: a module of `peers`, the folder with the inputs, the
processors to run on. Questions are {"task", "inputs", "seconds"} for timings and {"check": true} for errors.
"""

import importlib
import json
import math
import os
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

REPEATS = 9
"""Timings per visit at most."""
LEAST_SECONDS = 2e-3
"""A timing covers as many calls as take this long: clocks and interrupts are then small."""


def main() -> None:
    """Answer until the questions end."""
    module, folder, cores = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
    os.sched_setaffinity(0, cores)  # before any library counts processors
    answers = _own_the_output()
    from benches.pricing.checks import reason

    warnings.simplefilter("ignore")  # the libraries' own; what they get wrong is counted
    try:
        library = Library(module, folder)
    except Exception as problem:  # noqa: BLE001 -- whatever keeps a library from loading is its row of the table
        _tell(answers, {"error": reason(problem)})
        return
    _tell(answers, {"tasks": sorted(library.peer.tasks), "versions": library.versions()})
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = library.errors() if "check" in question else {"times": library.times(**question)}
        except Exception as problem:  # noqa: BLE001 -- as above
            answer = {"error": reason(problem)}
        _tell(answers, answer)


class Library:
    """One peer with the inputs that all share."""

    def __init__(self, module: str, folder: Path) -> None:
        from benches.pricing.inputs import load

        self.peer = importlib.import_module(f"benches.pricing.peers.{module}").peer()
        self.inputs = load(folder)
        self.cache = folder.parent

    def versions(self) -> dict[str, str]:
        """Of the packages, by name."""
        return {name: version(name) for name in self.peer.distributions}

    def times(self, task: str, inputs: str, seconds: float) -> list[float]:
        """Return seconds per call, a warm-up first, then repeated for about this long."""
        return timed(self.peer.tasks[task](self.inputs[inputs]), seconds)

    def errors(self) -> dict[str, Any]:
        """Return what `checks.errors` finds."""
        from benches.pricing.checks import errors

        return errors(self.peer, self.inputs, self.cache)


def timed(call: Any, seconds: float) -> list[float]:
    """Seconds per call: at most `REPEATS` times, at least once, until the time is spent."""
    call()
    begin = time.perf_counter()
    call()
    once = time.perf_counter() - begin
    calls = max(1, math.ceil(LEAST_SECONDS / once))
    times = [once] if calls == 1 else []
    while not times or (len(times) < REPEATS and time.perf_counter() - begin < seconds):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        times.append((time.perf_counter() - start) / calls)
    return times


def _own_the_output() -> TextIO:
    """Return the answers' stream; whatever a library prints goes to the standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _tell(answers: TextIO, what: dict[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
