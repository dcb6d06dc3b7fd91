"""Distress, its probability on the ladder of sizes, and capacity (R91)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from alvh.errors import AlvhError
from alvh.figures.columns import Frame, arms, require
from alvh.figures.words import share_of_nav
from alvh.statistics import proportion

__all__ = [
    "CAPACITY_LEVELS",
    "EVENTS",
    "KINDS",
    "NO_TRADE",
    "WITHIN",
    "capacity",
    "commonest",
    "distress",
    "ladder",
    "last_within",
    "size_words",
]

WITHIN = 252  # sessions within which distress counts
KINDS = ("refused", "call", "forced", "ruin")  # distress is any of them, in order of gravity
EVENTS = (*KINDS, "negative", "distress")
CAPACITY_LEVELS = (0.01, 0.05)
NO_TRADE = "no trade"  # in place of a figure of a book that never opened a tranche

_LADDER = {
    "arm": pl.String,
    "share": pl.Float64,
    "figure": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "hits": pl.Int64,
    "n": pl.Int64,
    "opened": pl.Float64,
}
_CAPACITY = {
    "arm": pl.String,
    "level": pl.Float64,
    "capacity": pl.Float64,
    "capacity_words": pl.String,
    "shown": pl.Float64,
    "shown_words": pl.String,
}


def distress(paths: Frame, within: int = WITHIN) -> pl.LazyFrame:
    """Mark the paths on which something happened at one of the ticks 1 … `within`.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per path, arm and share with the first ticks `refused_tick`, `call_tick`, `forced_tick`,
        `ruin_tick` and `negative_tick`, 0 for never.
    within : int
        Sessions.

    Returns
    -------
    LazyFrame
        `paths` with the booleans `any_refused`, `any_call`, `any_forced`, `any_ruin`, `any_negative` and
        `any_distress`, the union of the first four: a negative NAV is ruin already.

    Examples
    --------
    >>> ticks = {f"{kind}_tick": [0.0, 0.0] for kind in ("refused", "forced", "ruin", "negative")}
    >>> distress(pl.DataFrame(ticks | {"call_tick": [0.0, 17.0]})).collect()["any_distress"].to_list()
    [False, True]
    """
    if within < 1:
        raise AlvhError(f"within = {within}: at least 1 session")
    ticks = (*KINDS, "negative")
    return (
        require(paths, [f"{event}_tick" for event in ticks])
        .with_columns(pl.col(f"{event}_tick").is_between(1, within).alias(f"any_{event}") for event in ticks)
        .with_columns(any_distress=pl.any_horizontal(f"any_{kind}" for kind in KINDS))
    )


def ladder(paths: Frame, within: int = WITHIN, *, independent: bool = True) -> pl.DataFrame:
    """Return the probability of every kind of distress per arm and margin share.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per path, arm and share.
    within : int
        Sessions within which an event counts.
    independent : bool
        Whether the paths are. Without it (rolling starts of a history) the estimate is a mere share of the
        starts, and `low` and `high` are null.

    Returns
    -------
    DataFrame
        `arm`, `share`, `figure` ("refused", "call", "forced", "ruin", "negative", "distress"), `estimate`,
        `low`, `high` (95%), `hits`, `n`, `opened` (mean number of tranches opened: 0 is a book that never
        traded, of which its probabilities say nothing): arms in their order of appearance, shares ascending.
    """
    table = (
        distress(require(paths, ["arm", "share", "opened"]), within)
        .group_by("arm", "share", maintain_order=True)
        .agg(
            pl.len().alias("n"), pl.col("opened").mean(), *(pl.col(f"any_{event}").sum() for event in EVENTS)
        )
        .collect()
    )
    rows = [
        (
            arm,
            row["share"],
            event,
            *proportion(hits := row[f"any_{event}"], row["n"]),
            hits,
            row["n"],
            row["opened"],
        )
        for arm in arms(table)
        for row in table.filter(arm=arm).sort("share").iter_rows(named=True)
        for event in EVENTS
    ]
    rungs = pl.DataFrame(rows, schema=_LADDER, orient="row")
    if independent:
        return rungs
    return rungs.with_columns(pl.lit(None, pl.Float64).alias(bound) for bound in ("low", "high"))


def commonest(rungs: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the kind of distress that a book met on most paths, the graver of equals; None without any.

    Parameters
    ----------
    rungs : mapping
        Rows of `ladder` of one arm and share by `figure`.
    """
    if not rungs["distress"]["hits"]:
        return None
    return max(reversed(KINDS), key=lambda kind: rungs[kind]["hits"])  # max keeps the first of equals


def capacity(ladder: pl.DataFrame, levels: Sequence[float] = CAPACITY_LEVELS) -> pl.DataFrame:
    """Return how large each arm may be while P(distress) stays at or below a level.

    Parameters
    ----------
    ladder : DataFrame
        What `ladder` returns.
    levels : sequence of float
        Probabilities.

    Returns
    -------
    DataFrame
        `arm`, `level`; `capacity`, the largest share up to which the estimate is within the level, at every
        smaller share too, null below the smallest; `capacity_words`; `shown` and `shown_words`, the same by
        the upper bound of the interval: the size that the paths do not merely suggest but show. Rungs on
        which the arm never traded are left out; without any other, null and "no trade".

    Examples
    --------
    >>> rungs = pl.DataFrame({"arm": "plain", "share": [0.1, 0.2], "figure": "distress", "opened": 9.0})
    >>> both = capacity(rungs.with_columns(estimate=pl.Series([0.0, 0.02]), high=pl.Series([0.003, 0.03])))
    >>> both["capacity_words"].to_list()
    ['10%', 'at least 20%']
    """
    rungs = ladder.filter(figure="distress")
    rows: list[tuple[str | float | None, ...]] = []
    for arm in arms(rungs):
        steps = rungs.filter(pl.col("opened") > 0, arm=arm).sort("share")
        shares = steps["share"].to_list()
        for level in levels:
            estimated = last_within(shares, steps["estimate"].to_list(), level)
            shown = last_within(shares, steps["high"].fill_null(math.inf).to_list(), level)
            words = size_words(estimated, shares, "below"), size_words(shown, shares, "not shown at")
            rows.append((arm, level, estimated, words[0], shown, words[1]))
    return pl.DataFrame(rows, schema=_CAPACITY, orient="row")


def last_within(shares: list[float], probabilities: list[float], level: float) -> float | None:
    """Return the last share before the first probability, or drawdown, above `level`."""
    last = None
    for share, probability in zip(shares, probabilities, strict=True):
        if probability > level:
            break
        last = share
    return last


def size_words(share: float | None, shares: list[float], none: str) -> str:
    """Return a size in words; `none` stands before the smallest share where even that is too large."""
    if not shares:
        return NO_TRADE
    if share is None:
        return f"{none} {share_of_nav(shares[0])}"
    return f"at least {share_of_nav(share)}" if share == shares[-1] else share_of_nav(share)
