"""Run what the README quotes and write the figures into it; needs `alvh[history]`, takes some 15 seconds.

    python scripts/quote_readme.py

`tests/test_readme.py` (slow) holds that this changes nothing.
"""

from pathlib import Path
from typing import Any

from alvh.cli import DEMO_ARMS, DEMO_PATHS, DEMO_SEED
from alvh.comparison import Comparison, compare
from alvh.figures.words import amount, span
from alvh.market import L3F, History
from alvh.playbook import preset
from quoting import between, tabulated

README = Path(__file__).parent.parent / "README.md"
RUNGS = (0.10, 0.35, 0.70)
LEVEL = 0.01  # of P(distress), for the capacity
UNRANKED = "stop_"  # close-only on daily data (R13)


def refreshed(text: str) -> str:
    """Return the README with the figures of today's engine."""
    arms = [preset(name) for name in DEMO_ARMS]
    simulated = compare(arms, L3F(vix=16), paths=DEMO_PATHS, seed=DEMO_SEED)
    replayed = compare(arms, History.bundled(), seed=DEMO_SEED, solved=simulated)
    plain = {row["figure"]: row for row in simulated.summary().filter(arm="plain").iter_rows(named=True)}
    lowest = {
        row["arm"]: amount(row["return_min"], "a year")
        for row in replayed.history().counts.iter_rows(named=True)
    }

    text = tabulated(text, "simulated", _simulated(simulated))
    text = tabulated(text, "history", _replayed(replayed))
    text = between(text, "plain earns ", " a year above bills", _figure(plain["return_on_nav"]))
    text = between(text, "which is ", " on its margin", _figure(plain["return_on_margin"]))
    text = between(text, "returns is ", " with\nmartingale_recoup", lowest["martingale_recoup"])
    return between(text, "\nmartingale_recoup against ", " with plain", lowest["plain"])


def _simulated(result: Comparison) -> list[list[str]]:
    header = ["arm", *(f"{share:.0%} of NAV" for share in RUNGS), "return a year", "capacity"]
    ladder = result.ladder().filter(figure="distress")
    gains = result.against("plain").filter(figure="return_on_nav")
    capacity = result.capacity().filter(level=LEVEL)
    rows = [header]
    for arm in result.arms:
        chances = [
            _figure(row | {"unit": "probability"})
            for row in ladder.filter(arm=arm).iter_rows(named=True)
            if row["share"] in RUNGS
        ]
        gain = [_figure(row) for row in gains.filter(arm=arm).iter_rows(named=True)] or ["0"]
        sizes = capacity.filter(arm=arm).row(0, named=True)
        estimated, shown = sizes["capacity_words"], sizes["shown_words"]
        agree = sizes["capacity"] == sizes["shown"]
        size = estimated if agree else f"{estimated} ({shown})"
        rows.append([_label(arm), *chances, *gain, size])
    return rows


def _replayed(result: Comparison) -> list[list[str]]:
    rows = [["arm", "starts in distress", "median return a year", "lowest"]]
    for row in result.history().counts.iter_rows(named=True):
        returns = [amount(row[name], "a year") for name in ("return_median", "return_min")]
        rows.append([_label(row["arm"]), f"{row['distress']:,} of {row['starts']:,}", *returns])
    return rows


def _label(arm: str) -> str:
    return f"{arm}*" if arm.startswith(UNRANKED) else arm


def _figure(row: dict[str, Any]) -> str:
    return f"{amount(row['estimate'], row['unit'])} ({span(row['low'], row['high'], row['unit'])})"


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text(encoding="utf-8")), encoding="utf-8")
