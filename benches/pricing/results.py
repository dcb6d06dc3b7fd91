"""What a run found, as it is kept in JSON: plain numbers, and the ways to read them."""

import datetime as dt
import json
import os
import platform
import statistics
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benches.pricing.entrants import SUBJECT, Entrant
from benches.pricing.inputs import Columns
from benches.pricing.schedule import ROOT, Found

SLICES = ROOT / "target" / "criterion"
SLICE_ROWS = 4096
VARIANTS = ("avx512", "avx2", "baseline")


class Results:
    """Timings and errors by entrant.

    `raw` has `machine`, `entrants` (by name: `versions`, `problem`, `errors` by check, `times` by job: `rows`
    and the `median`, `least` and number of the seconds per call) and `slices` (criterion's, by variant).
    """

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    @classmethod
    def of(cls, found: dict[str, Found], inputs: dict[str, Columns], machine: dict[str, Any]) -> "Results":
        """Summarise a run."""
        entrants = {}
        for name, each in found.items():
            times = {
                job: {
                    "rows": 1 if job.startswith("scalar") else len(inputs[job.split(", ")[1]]),
                    "median": statistics.median(seconds),
                    "least": min(seconds),
                    "timings": len(seconds),
                }
                for job, seconds in each.times.items()
                if seconds
            }
            entrants[name] = asdict(each) | {"times": times}
        return cls({"machine": machine, "entrants": entrants, "slices": slices()})

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Read a file that `write` wrote."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Keep everything."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.raw, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def seconds(self, entrant: Entrant, job: str, which: str = "median") -> float | None:
        """Seconds per call, or None if there are none."""
        times = self.raw["entrants"].get(entrant.name, {}).get("times", {})
        return times[job][which] if job in times else None

    def ns(self, entrant: Entrant, job: str, which: str = "median") -> float | None:
        """Nanoseconds per row."""
        seconds = self.seconds(entrant, job, which)
        if seconds is None:
            return None
        return 1e9 * seconds / self.raw["entrants"][entrant.name]["times"][job]["rows"]

    def ratio(self, entrant: Entrant, job: str, to: Entrant = SUBJECT, which: str = "median") -> float | None:
        """How many times as long as another takes for the same."""
        mine, other = self.seconds(entrant, job, which), self.seconds(to, job, which)
        return None if mine is None or other is None else mine / other

    def error(self, entrant: Entrant, check: str, key: str) -> float | None:
        """One figure of a check: None if it was not asked, infinite if there was no number."""
        found = self.raw["entrants"].get(entrant.name, {}).get("errors", {}).get(check)
        if found is None:
            return None
        value = found.get(key)
        return float("inf") if value is None else value

    def slice_ns(self, variant: str, name: str, which: str = "median") -> float | None:
        """Nanoseconds per row of a slice in cache."""
        seconds = self.raw["slices"].get(variant, {}).get(name, {}).get(which)
        return None if seconds is None else 1e9 * seconds / SLICE_ROWS


def slices(folder: Path = SLICES) -> dict[str, dict[str, dict[str, float]]]:
    """Seconds per pass from criterion's last run, by variant and benchmark, unless the code is newer."""
    code = max(path.stat().st_mtime for path in (ROOT / "rust" / "core" / "src").rglob("*.rs"))
    found: dict[str, dict[str, dict[str, float]]] = {}
    for variant in VARIANTS:
        for path in sorted((folder / f"pricing {variant}").glob("*/new/sample.json")):
            if path.stat().st_mtime < code:
                continue
            sample = json.loads(path.read_text(encoding="utf-8"))
            each = [time / n * 1e-9 for time, n in zip(sample["times"], sample["iters"], strict=True)]
            name = path.parent.parent.name
            found.setdefault(variant, {})[name] = {"median": statistics.median(each), "least": min(each)}
    return found


def machine(rows: int, rounds: int) -> dict[str, Any]:
    """Where and when, and what else decides the figures."""
    from alvh import _core

    names = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(":")[1].strip() for line in names if line.startswith("model name")), "unknown")
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "simd": _core.simd_variant(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "alvh": version("alvh"),
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "rows": rows,
        "rounds": rounds,
    }
