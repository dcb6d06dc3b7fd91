"""The peak of the margin requirement as a multiple of the first, as a distribution (R15)."""

import polars as pl

from alvh.figures.columns import Frame, arms, at_share
from alvh.figures.fans import QUANTILES
from alvh.statistics import quantile_interval

__all__ = ["peaks"]

_SCHEMA = {"arm": pl.String, "n": pl.Int64, **dict.fromkeys((*QUANTILES, "largest"), pl.Float64)}


def peaks(paths: Frame, share: float) -> pl.DataFrame:
    """Return quantiles of peak / first requirement per arm at one margin share.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per path, arm and share with `first_requirement` and `peak_requirement`.
    share : float
        Margin share of the ladder.

    Returns
    -------
    DataFrame
        `arm`; `n`, the paths on which a base lot was priced, the others are left out; a column per quantile,
        defined as `peak_multiple_median` of the summary, and `largest`; null without such a path.
    """
    first = pl.col("first_requirement")
    table = (
        at_share(paths, share, ("first_requirement", "peak_requirement"))
        .select("arm", multiple=pl.when(first > 0.0).then(pl.col("peak_requirement") / first))
        .collect()
    )
    rows = []
    for arm in arms(table):
        multiples = table.filter(arm=arm)["multiple"].drop_nulls()
        levels = [quantile_interval(multiples, q).value for q in QUANTILES.values()]
        shown = (*levels, multiples.max()) if len(multiples) else (None,) * (len(QUANTILES) + 1)
        rows.append((arm, len(multiples), *shown))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
