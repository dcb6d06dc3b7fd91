"""`python -m benches.pricing`: time and check; print what was found, save it, put it into the README."""

import argparse
import os
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markdown import Markdown

from benches.pricing import inputs as options
from benches.pricing.entrants import ALL, SUBJECT
from benches.pricing.reference import references
from benches.pricing.results import Results, machine
from benches.pricing.schedule import ROOT, SIMD, run
from benches.pricing.table import page, placed, shown

WORK = ROOT / ".bench"
PAGE, RAW, README = (
    ROOT / name for name in ("benches/results/pricing.md", "benches/results/pricing.json", "README.md")
)
ROWS, CHECKED, HARD_ROWS = 1_000_000, 2_000, 100_000


def main() -> None:
    """Run, write and print."""
    arguments = _arguments()
    os.environ.pop(SIMD, None)  # the schedule sets it per entrant
    console = Console(stderr=True)
    raw, markdown, readme = (
        arguments.out / path.name if arguments.out else path for path in (RAW, PAGE, README)
    )
    if not arguments.again:
        inputs = draw(arguments.rows, CHECKED)
        folder = WORK / "inputs"
        options.save(inputs, folder)
        chosen = [
            each for each in ALL if not arguments.only or each.module in {SUBJECT.module, *arguments.only}
        ]
        with console.status("inputs") as status:
            found = run(chosen, folder, arguments.rounds, tell=status.update)
        Results.of(found, inputs, machine(arguments.rows, arguments.rounds)).write(raw)
    results = Results.read(raw)
    markdown.write_text(page(results), encoding="utf-8")
    if not arguments.out:
        readme.write_text(placed(readme.read_text(encoding="utf-8"), shown(results)), encoding="utf-8")
    Console().print(Markdown(page(results)))


def draw(rows: int, checked: int) -> dict[str, options.Columns]:
    """Every set of inputs: the hard one also at its true prices and many times over, to time it."""
    inputs = options.draw(rows, checked)
    true = inputs["hard"].priced(references(inputs["hard"], WORK)["forward"].price)
    order = np.random.default_rng(options.SEED).permutation(np.arange(HARD_ROWS) % len(true))
    return {**inputs, "hard many": true.take(order)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benches.pricing", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="visits to every entrant and task")
    parser.add_argument("--rows", type=int, default=ROWS, help="options per call")
    parser.add_argument(
        "--only", nargs="*", metavar="MODULE", help="alvh and these modules of benches/pricing/peers"
    )
    parser.add_argument("--out", type=Path, help="write there instead, and leave the README as it is")
    parser.add_argument("--again", action="store_true", help="write the pages again from the last results")
    arguments = parser.parse_args()
    if not arguments.out and (arguments.only or arguments.rows != ROWS):
        parser.error("--only and --rows need --out: what is kept in the repository is the whole run")
    return arguments


if __name__ == "__main__":
    main()
