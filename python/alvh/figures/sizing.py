"""How large each arm may be: by its worst drawdown, and by its probability of distress (R65)."""

import polars as pl

from alvh.errors import AlvhError
from alvh.figures.columns import Frame, arms, require
from alvh.figures.distress import last_within, size_words

__all__ = ["LARGEST_DRAWDOWN", "LARGEST_PROBABILITY", "sizing"]

LARGEST_DRAWDOWN = 0.25
"""Of the peak: the worst path may fall this far."""

LARGEST_PROBABILITY = 0.01
"""Of distress within a year."""

_SCHEMA = {
    "arm": pl.String,
    "by": pl.String,
    "limit": pl.Float64,
    "size": pl.Float64,
    "words": pl.String,
    "n": pl.Int64,
}


def sizing(
    paths: Frame,
    ladder: pl.DataFrame,
    *,
    drawdown: float = LARGEST_DRAWDOWN,
    probability: float = LARGEST_PROBABILITY,
) -> pl.DataFrame:
    """Return the largest margin share of each arm by both rules.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per *independent* path, arm and share, with `max_drawdown`.
    ladder : DataFrame
        What `alvh.figures.ladder` makes of the same paths.
    drawdown : float
        Largest fall from the peak that the worst path may have.
    probability : float
        Largest probability of distress.

    Returns
    -------
    DataFrame
        `arm`; `by`, "worst drawdown" or "P(distress)"; its `limit`; `size`, the largest share of the ladder
        up to which the limit is kept, at every smaller share too, null below the smallest; `words`; `n`,
        paths. Shares at which an arm never traded are left out.

    Notes
    -----
    The worst of more paths is worse: a size by the worst drawdown falls as the sample grows, one by a
    probability does not. Neither has an interval here; `capacity` has one.
    """
    for name, limit in {"drawdown": drawdown, "probability": probability}.items():
        if not 0 < limit <= 1:
            raise AlvhError(f"{name} = {limit}: a share above 0, at most 1")
    worst = (
        require(paths, ["arm", "share", "max_drawdown"])
        .group_by("arm", "share")
        .agg(pl.col("max_drawdown").max())
        .collect()
    )
    rungs = ladder.filter(pl.col("opened") > 0, figure="distress").join(worst, on=["arm", "share"])
    rows: list[tuple[object, ...]] = []
    for arm in arms(ladder):
        steps = rungs.filter(arm=arm).sort("share")
        shares, n = steps["share"].to_list(), max(steps["n"], default=0)
        limits = {"worst drawdown": ("max_drawdown", drawdown), "P(distress)": ("estimate", probability)}
        for by, (column, limit) in limits.items():
            size = last_within(shares, steps[column].to_list(), limit)
            rows.append((arm, by, limit, size, size_words(size, shares, "below"), n))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
