"""`PYTHONPATH=scripts python -m estimation HISTORY`: fits the dynamics of L3F to closes; prints what changed.

HISTORY is a CSV or Parquet file with `date`, `spx` and `vix`. Takes minutes; docs/validation.md quotes it.
With `--score FILE` nothing is fitted: the markets of TOML files are compared on the same parts of history.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from alvh.market import L3F, Simulated
from alvh.market.models import simulated_from_toml
from alvh.market_file import read_text
from alvh.validation import closes, history_panel
from estimation.moments import MATCHED, Moments
from estimation.parameters import FREE
from estimation.search import fit


def main() -> None:
    """Print the parameters before and after; of each fact history, before, after."""
    parser = argparse.ArgumentParser(prog="estimation", description=__doc__)
    parser.add_argument("history", type=Path)
    parser.add_argument("--first", type=int, default=1990, help="first year that is fitted")
    parser.add_argument("--last", type=int, default=2023, help="last year that is fitted")
    parser.add_argument("--paths", type=int, default=48)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--evaluations", type=int, default=9)
    parser.add_argument("--score", type=Path, metavar="FILE", action="append", help="TOML of a market")
    given = parser.parse_args()
    whole = closes(given.history)
    parts = {}
    for name, first, last in (("fitted", given.first, given.last), ("left out", given.last + 1, 9999)):
        part = whole.data.frame.filter(pl.col("date").dt.year().is_between(first, last))
        if len(part) > 2 * 252:
            panel = history_panel(closes(part.select("date", "spx", "vix")))
            parts[name] = Moments(panel, given.paths, given.seed)
    if given.score:
        score(parts, given.score)
        return
    default, fitted = L3F(), fit(parts["fitted"], FREE, evaluations=given.evaluations)
    print(fitted.to_toml())
    for name, moments in parts.items():
        far = [moments.distance(market) for market in (default, fitted)]
        print("{}: sum of squared deviations {:.1f}, then {:.1f}".format(name, *far))
        figures = [moments.recorded, *(moments.figures(market) for market in (default, fitted))]
        for fact, *row in zip(MATCHED, *figures, strict=True):
            print("  {:24}{:10.4g}{:10.4g}{:10.4g}".format(fact.name, *row))


def score(parts: dict[str, Moments], files: list[Path]) -> None:
    """Print how far the default and the markets of files lie from each part."""
    markets: dict[str, Simulated] = {"default": L3F()}
    markets |= {path.name: simulated_from_toml(read_text(path), str(path)) for path in files}
    for name, market in markets.items():
        far = [f"{part} {moments.distance(market):.1f}" for part, moments in parts.items()]
        print(f"{name}: sum of squared deviations, {', '.join(far)}")


if __name__ == "__main__":
    main()
