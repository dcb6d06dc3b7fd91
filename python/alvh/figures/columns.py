"""What the figures read: the columns of `paths`, and the choice of one margin share."""

import math
from collections.abc import Iterable
from typing import cast

import polars as pl

from alvh.errors import AlvhError
from alvh.statistics import Estimate

__all__ = [
    "BUCKETS",
    "EARNED",
    "ESTIMATES",
    "SAME_SHARE",
    "SESSIONS_PER_YEAR",
    "Frame",
    "arms",
    "at_share",
    "check_horizon",
    "earnings_by",
    "excess",
    "nullable",
    "require",
]

Frame = pl.DataFrame | pl.LazyFrame

SESSIONS_PER_YEAR = 252
EARNED = ("nav", "bills", "deposited_bills")
"""What `excess` reads."""
BUCKETS = ("time", "spot", "level", "smile", "settlement", "fills", "fees", "interest")
ESTIMATES = {
    "arm": pl.String,
    "figure": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
}
"""The schema of a table of figures with intervals."""
SAME_SHARE = 1e-9  # shares are written decimals, not results


def require(paths: Frame, columns: Iterable[str]) -> pl.LazyFrame:
    """Return `paths` as a lazy frame, or raise an `AlvhError` naming the columns that it lacks."""
    lazy = paths.lazy()
    known = lazy.collect_schema().names()
    if missing := [name for name in columns if name not in known]:
        raise AlvhError(f"paths lacks {', '.join(missing)}: it has {', '.join(known)}")
    return lazy


def at_share(paths: Frame, share: float, columns: Iterable[str]) -> pl.LazyFrame:
    """Return the rows of one margin share, or raise an `AlvhError` naming the shares there are."""
    lazy = require(paths, ["path", "start", "arm", "share", *columns])
    known = lazy.select(pl.col("share").unique().sort()).collect()["share"].to_list()
    if not any(abs(each - share) < SAME_SHARE for each in known):
        raise AlvhError(f"share = {share}: the paths have {', '.join(map(str, known)) or 'no rows'}")
    return lazy.filter((pl.col("share") - share).abs() < SAME_SHARE)


def check_horizon(capital: float, sessions: int) -> None:
    """Refuse capital and horizons by which nothing can be divided."""
    if not 0.0 < capital < math.inf:
        raise AlvhError(f"capital = {capital}: dollars above 0")
    if sessions < 1:
        raise AlvhError(f"sessions = {sessions}: at least 1")


def excess(capital: float, sessions: int) -> pl.Expr:
    """Return the dollars a year that a path earned above bills.

    Formula: (NAV − C · bills − D) · 252 / sessions, D what came from outside to meet margin calls, with
    interest: arithmetic, not compounded, so that it adds up over arms, layers and buckets, and exists for a
    NAV below 0.
    """
    put_in = capital * pl.col("bills") + pl.col("deposited_bills")
    return (pl.col("nav") - put_in) * (SESSIONS_PER_YEAR / sessions)


def nullable(estimate: Estimate) -> tuple[float | None, float | None, float | None]:
    """Return the estimate as a row writes it: what does not exist is null."""
    value, low, high = (None if math.isnan(part) else part for part in estimate)
    return value, low, high


def arms(frame: pl.DataFrame) -> list[str]:
    """Return the arms in the order of their first appearance."""
    return cast("list[str]", frame["arm"].unique(maintain_order=True).to_list())


def earnings_by(part: str) -> dict[str, type[pl.DataType]]:
    """Return the schema of mean P&L by arm and `part`: in dollars and of capital, with intervals."""
    money = ("dollars", "dollars_low", "dollars_high", "estimate", "low", "high")
    return {"arm": pl.String, part: pl.String, **dict.fromkeys(money, pl.Float64)}
