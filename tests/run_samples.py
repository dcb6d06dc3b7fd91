"""A small run for the tests of runner and command: quick to compute, several parts, several books."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import alvh as av
from alvh.market import L3F
from alvh.runner import Task
from alvh.specification import task_of

SEED = 3
PATHS = 300
CHUNK = 64
SESSIONS = 42
SHARES = (0.10, 0.70)
ARMS = ("plain", "martingale_add")

# The same run through the command.
OPTIONS = (
    *(f"--arm={name}" for name in ARMS),
    f"--paths={PATHS}",
    f"--sessions={SESSIONS}",
    f"--shares={','.join(map(str, SHARES))}",
    f"--seed={SEED}",
)


def task(**more: Any) -> Task:
    options = {
        "paths": PATHS,
        "sessions": SESSIONS,
        "capital": 1_000_000,
        "seed": SEED,
        "shares": SHARES,
        "chunk": CHUNK,
        **more,
    }
    return task_of([av.preset(name) for name in ARMS], L3F(vix=16), **options)


def command(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "alvh", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=480,  # an audit on one thread of a busy machine
        check=False,
        env=surroundings(**environment),
    )


def surroundings(**more: str) -> dict[str, str]:
    """A terminal of 80 columns; of the variables of the caller only the instruction set changes a result."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "ALVH_SIMD") if name in os.environ}
    return {**kept, "COLUMNS": "80", "LANG": "C.UTF-8", "PYTHONWARNINGS": "error", **more}


def refused(*arguments: object, **environment: str) -> str:
    """What the command says when it cannot do what was asked: one line on stderr, exit code 2."""
    ran = command(*arguments, **environment)
    assert ran.returncode == 2, ran.stderr
    assert ran.stdout == ""
    assert ran.stderr.startswith("alvh: ")
    assert ran.stderr.count("\n") == 1, ran.stderr
    return ran.stderr.removeprefix("alvh: ").rstrip("\n")


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text())


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of every part: unchanged where nothing was computed again."""
    return {
        part.name: (part.stat().st_ino, part.stat().st_mtime_ns) for part in folder.glob("parts/*.parquet")
    }


def files(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}
