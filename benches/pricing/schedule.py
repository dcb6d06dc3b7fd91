"""Rounds that visit every entrant and task in turn, one process working at a time, all on the same processor.

A machine's speed drifts within minutes; what is compared is therefore measured side by side, several times.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benches.pricing.entrants import Entrant

ROOT = Path(__file__).parents[2]
SECONDS = 0.4
"""Of timing per visit; one call at least."""

JOBS = (
    ("price", "market"),
    ("greeks5", "market"),
    ("implied_vol", "otm"),
    ("implied_vol", "hard many"),
    ("greeks14", "market"),
    ("greeks14_out", "market"),
    ("delta_vega", "market"),
    ("delta_vega_out", "market"),
    ("price_float_signs", "market"),
    ("price_flags", "market"),
    ("price_polars_flags", "market"),
    ("price_expr", "market"),
    ("price_flags_expr", "market"),
    ("implied_vol_expr", "otm"),
    ("price", "small"),
    ("implied_vol", "small"),
    ("scalar_price", "small"),
    ("scalar_implied_vol", "small"),
)
"""Task and inputs."""

THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("NUMBA_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS"),
)
SIMD = "ALVH_SIMD"


@dataclass
class Found:
    """What one entrant did: seconds per call by job, errors by check, or why it did nothing."""

    versions: dict[str, str]
    times: dict[str, list[float]]
    errors: dict[str, Any]
    problem: str | None = None


class Worker:
    """The process of one entrant; see `worker`."""

    def __init__(self, entrant: Entrant, folder: Path) -> None:
        cores = sorted(os.sched_getaffinity(0))[-entrant.threads :]
        environment = dict(os.environ) | dict.fromkeys(THREADS, str(entrant.threads))
        environment.pop(SIMD, None)
        if entrant.variant:
            environment[SIMD] = entrant.variant
        command = [
            sys.executable,
            "-m",
            "benches.pricing.worker",
            entrant.module,
            str(folder),
            json.dumps(cores),
        ]
        self._process = subprocess.Popen(  # noqa: S603 -- this very package
            command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.hello = self._answer()

    def __enter__(self) -> Self:
        """Let the process live inside a block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process: it stops when the questions end."""
        self._process.communicate()

    def ask(self, **question: Any) -> dict[str, Any]:
        """Return the answer, or `{"error": …}`."""
        if self._process.poll() is None:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"error": f"the process ended with code {self._process.wait()}"}


def run(
    entrants: Sequence[Entrant], folder: Path, rounds: int, *, tell: Callable[[str], None]
) -> dict[str, Found]:
    """Check and time every entrant; `folder` holds the inputs."""
    with ExitStack() as stack:
        workers = {each.name: stack.enter_context(Worker(each, folder)) for each in entrants}
        found = {name: Found(w.hello.get("versions", {}), {}, {}) for name, w in workers.items()}
        for name, worker in workers.items():
            tell(f"checks: {name}")
            answer = worker.hello if "error" in worker.hello else worker.ask(check=True)
            found[name].problem = answer.get("error")
            found[name].errors = {} if "error" in answer else answer
        for number in range(rounds):
            for task, inputs in JOBS:
                tell(f"round {number + 1} of {rounds}: {task}, {inputs}")
                for name, worker in workers.items():
                    if task in worker.hello.get("tasks", ()):
                        answer = worker.ask(task=task, inputs=inputs, seconds=SECONDS)
                        found[name].times.setdefault(f"{task}, {inputs}", []).extend(answer.get("times", ()))
                        found[name].problem = found[name].problem or answer.get("error")
        return found
