"""Run what the README quotes and write the figures into it; needs `alvh[history]`, takes some 15 seconds.

    python scripts/quote_readme.py

`tests/test_readme.py` (slow) holds that this changes nothing.
"""

import re
import textwrap
from pathlib import Path
from typing import Any

from alvh.cli import DEMO_ARMS, DEMO_PATHS, DEMO_SEED
from alvh.comparison import Comparison, compare
from alvh.figures.words import amount, span
from alvh.market import L3F, History
from alvh.playbook import preset

README = Path(__file__).parent.parent / "README.md"
RUNGS = (0.10, 0.35, 0.70)
WIDTH = 124


def refreshed(text: str) -> str:
    """Return the README with the figures of today's engine."""
    arms = [preset(name) for name in DEMO_ARMS]
    simulated = compare(arms, L3F(vix=16), paths=DEMO_PATHS, seed=DEMO_SEED)
    replayed = compare(arms, History.bundled(), seed=DEMO_SEED)
    plain = {row["figure"]: row for row in simulated.summary().filter(arm="plain").iter_rows(named=True)}
    counts = replayed.history().counts.iter_rows(named=True)
    lowest = {row["arm"]: amount(row["return_min"], "a year") for row in counts}

    text = _quoted(text, "simulated", simulated.headline())
    text = _quoted(text, "history", replayed.headline())
    for arm in simulated.arms:
        text = _between(text, f"\n| {arm} |", "|\n", f" {' | '.join(_rungs(simulated, arm))} ")
    text = _between(text, "plain earns ", " a year above bills", _figure(plain["return_on_nav"]))
    text = _between(text, "which is ", " on its margin", _figure(plain["return_on_margin"]))
    text = _between(text, "returns is ", " with\nmartingale_recoup", lowest["martingale_recoup"])
    return _between(text, "\nmartingale_recoup against ", " with plain", lowest["plain"])


def _quoted(text: str, name: str, headline: str) -> str:
    lines = textwrap.wrap(headline, WIDTH, break_long_words=False, break_on_hyphens=False)
    return _between(text, f"<!-- headline: {name} -->\n", "\n\n", "\n".join(f"> {line}" for line in lines))


def _rungs(result: Comparison, arm: str) -> list[str]:
    rows = result.ladder().filter(arm=arm, figure="distress").iter_rows(named=True)
    return [_figure(row | {"unit": "probability"}) for row in rows if row["share"] in RUNGS]


def _figure(row: dict[str, Any]) -> str:
    return f"{amount(row['estimate'], row['unit'])} ({span(row['low'], row['high'], row['unit'])})"


def _between(text: str, before: str, after: str, new: str) -> str:
    """Return the text with what stands between the first `before` and the next `after` replaced."""
    pattern = re.compile(f"({re.escape(before)}).*?({re.escape(after)})", re.DOTALL)
    changed, found = pattern.subn(lambda match: f"{match[1]}{new}{match[2]}", text, count=1)
    if not found:
        raise SystemExit(f"README.md: nothing between {before!r} and {after!r}")
    return changed


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text(encoding="utf-8")), encoding="utf-8")
