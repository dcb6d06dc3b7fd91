"""The accuracy tables of pricing, and what the kernels make of them on each instruction set.

As a script, with the name of a file: writes the results of this process there.
"""

import csv
import sys
from pathlib import Path

import numpy as np

from alvh import pricing

GOLDEN = Path(__file__).parent / "golden"
TERMS = ("forward", "strike", "years", "vol", "sign")
TEXT = ("group", "source")


def table(name):
    """The columns of tests/golden/accuracy_NAME.csv."""
    with (GOLDEN / f"accuracy_{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([row[key] if key in TEXT else float(row[key]) for row in rows]) for key in rows[0]}


def results():
    """Column by column what the public functions give for the tables."""
    prices, greeks, vols = table("price"), table("greeks"), table("implied_vol")
    found = {"price": pricing.price(*(prices[k] for k in TERMS), discount=prices["discount"])}
    values = pricing.greeks(*(greeks[k] for k in TERMS), discount=greeks["discount"])
    found |= {f"greeks.{name}": column for name, column in values._asdict().items()}
    arguments = (vols[k] for k in ("price", "forward", "strike", "years", "sign"))
    found["vol"], found["status"] = pricing.implied_vol(*arguments, discount=vols["discount"], status=True)
    return found


if __name__ == "__main__":
    np.savez(sys.argv[1], **results())
