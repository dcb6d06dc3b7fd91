"""Holds the U of variance inside a session (`alvh.market.Profile`) to minutes of recorded SPX options.

    python scripts/intraday_profile.py DATA

DATA is the data folder. Forwards come from put-call parity of the strike with the narrowest quotes in each
minute of the week of 2021-01-04, for the expiry of 2021-01-08; their variance is that of returns over three
minutes, in which the noise of quotes is small. Prints the share of each session's variance by part of the
day, the mean over the five sessions with its standard error, and the profile's own share. Five sessions
cannot fit three numbers; they can contradict them.
"""

import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.market import Profile

QUOTES = "chains/spx_minute_quotes_lean.parquet"
EXPIRY = date(2021, 1, 8)
OPENING = 9 * 60 + 30
MINUTES = 390
STEP = 3
EDGES = (0, 30, 60, 120, 180, 240, 300, 330, 360, 390)


def forwards(data: Path) -> list[NDArray[np.float64]]:
    """Read a forward per minute of each session, NaN at its opening and where no quote has two sides."""
    quotes = (
        pl.read_parquet(data / QUOTES)
        .filter(pl.col("expiration") == EXPIRY, pl.col("bid") > 0, pl.col("ask") > pl.col("bid"))
        .with_columns(mid=(pl.col("bid") + pl.col("ask")) / 2, width=pl.col("ask") - pl.col("bid"))
    )
    calls, puts = (quotes.filter(pl.col("right") == right) for right in ("C", "P"))
    pairs = calls.join(puts, on=("bar_start", "root", "strike"), suffix="_put").with_columns(
        forward=pl.col("strike") + pl.col("mid") - pl.col("mid_put"),
        width=pl.col("width") + pl.col("width_put"),
    )
    best = pairs.sort("width").group_by("bar_start", maintain_order=True).first().sort("bar_start")
    sessions = []
    for _, session in best.group_by(pl.col("bar_start").dt.date(), maintain_order=True):
        start = session["bar_start"]
        end = (start.dt.hour().cast(pl.Int64) * 60 + start.dt.minute() - OPENING + 1).to_numpy()
        inside = (end >= 1) & (end <= MINUTES)
        values = np.full(MINUTES + 1, np.nan)
        values[end[inside]] = session["forward"].to_numpy()[inside]
        sessions.append(values)
    return sessions


def shares(forward: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of a session's variance in each part of the day."""
    known = np.flatnonzero(~np.isnan(forward))
    level = np.log(np.interp(np.arange(len(forward)), known, forward[known]))
    parts = [np.sum(np.diff(level[max(low, 1) : high + 1 : STEP]) ** 2) for low, high in pairwise(EDGES)]
    return np.array(parts) / sum(parts)


def modelled(profile: Profile) -> NDArray[np.float64]:
    """Return the same by the profile."""
    edges = np.array(EDGES, float)
    opening = profile.open * profile.decay * -np.expm1(-edges / profile.decay)
    closing = profile.close * profile.decay * np.exp((edges - MINUTES) / profile.decay)
    return np.diff(edges + opening + closing) / np.ptp(edges + opening + closing)


def main() -> None:
    """Print the table."""
    measured = np.array([shares(forward) for forward in forwards(Path(sys.argv[1]))])
    error = measured.std(axis=0, ddof=1) / np.sqrt(len(measured))
    print("minutes    mean  error  profile")
    rows = zip(pairwise(EDGES), measured.mean(axis=0), error, modelled(Profile()), strict=True)
    for (low, high), mean, spread, own in rows:
        print(f"{low:3} to {high:3}  {mean:.3f}  {spread:.3f}  {own:.3f}")


if __name__ == "__main__":
    main()
