"""Measure how far VX futures that are reconstructed from volatility indices lie from recorded ones.

    python scripts/vx_reconstruction.py INDEX VX

INDEX is a file that `alvh.market.History` reads, with `date`, `spx`, `vix` and perhaps `vix3m` and `vix6m`;
VX one with `date`, `expiry` and `settle` (docs/history.md). Prints the root mean square error in points by
rank, nearest contract first; docs/history.md and `alvh.history.vx.RECONSTRUCTED` quote it.
"""

import argparse
import json

import numpy as np
import polars as pl

from alvh import _core
from alvh.history import History
from alvh.history.vx import CONTRACTS


def errors(market: History) -> pl.DataFrame:
    """Return rank, count, bias and root mean square error of the model at the recorded prices, in points.

    Parameters
    ----------
    market : History
        With recorded VIX futures.
    """
    if market.vx is None:
        raise ValueError("the history has no recorded VIX futures: give vx=…")
    marks = market.vx.frame.filter(pl.col("session") < pl.col("expiry"))  # at closes, not final settlements
    basis = _core.market_vx_basis(
        json.dumps(market.spec()), marks["session"].to_list(), marks["expiry"].to_list()
    )
    settlements = np.array(market.vx.settlements)
    rank = np.searchsorted(settlements, marks["expiry"]) - np.searchsorted(
        settlements, marks["session"], side="right"
    )
    error = marks["settle"].to_numpy() / basis - marks["settle"].to_numpy()
    return (
        pl.DataFrame({"rank": rank + 1, "error": error})
        .filter(pl.col("rank") <= CONTRACTS)
        .group_by("rank")
        .agg(
            pl.len().alias("prices"),
            pl.col("error").mean().alias("bias"),
            (pl.col("error") ** 2).mean().sqrt().alias("rmse"),
        )
        .sort("rank")
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("index", help="closes of SPX and VIX, CSV or Parquet")
    parser.add_argument("futures", help="settlements of VX futures, CSV or Parquet")
    given = parser.parse_args()
    print(errors(History(given.index, rate=0.0, dividend_yield=0.0, gaps="report", vx=given.futures)))


if __name__ == "__main__":
    main()
