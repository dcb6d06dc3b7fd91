"""Every arm against one of them, path by path (R19, R20)."""

import polars as pl

from alvh.errors import AlvhError
from alvh.figures.columns import EARNED, Frame, arms, at_share, check_horizon, excess, nullable
from alvh.figures.distress import WITHIN, distress
from alvh.statistics import holm, mcnemar, paired_mean, paired_proportion

__all__ = ["BASE", "against"]

BASE = "plain"

_PATH = ["path", "start"]
_SCHEMA = {
    "arm": pl.String,
    "base": pl.String,
    "figure": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
    "n01": pl.Int64,
    "n10": pl.Int64,
    "p_value": pl.Float64,
    "p_holm": pl.Float64,
}


def against(
    paths: Frame, capital: float, sessions: int, share: float, *, base: str = BASE, within: int = WITHIN
) -> pl.DataFrame:
    """Return the paired differences arm minus `base` at one margin share.

    All arms run on the same paths: a difference has a much narrower interval than the two figures apart.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per *independent* path, arm and share; every arm has every path of `base`.
    capital : float
        C of every arm, dollars.
    sessions : int
        Horizon of the paths.
    share : float
        Margin share of the ladder.
    base : str
        The arm to compare with.
    within : int
        Sessions within which distress counts.

    Returns
    -------
    DataFrame
        `arm`, `base`, `figure`, `estimate`, `low`, `high` (95%), `unit`, and for "p_distress" `n01` (paths
        with distress in this arm alone), `n10` (in the base alone), `p_value` (exact McNemar) and `p_holm`
        (adjusted for the number of arms). "return_on_nav" and "max_drawdown" are mean differences.
    """
    check_horizon(capital, sessions)
    read = (*EARNED, "max_drawdown")
    table = (
        distress(at_share(paths, share, read), within)
        .with_columns(return_on_nav=excess(capital, sessions) / capital)
        .select(*_PATH, "arm", "any_distress", "return_on_nav", "max_drawdown")
        .collect()
    )
    if base not in (known := arms(table)):
        raise AlvhError(f"base = {base!r}: the arms are {', '.join(known)}")
    ours = table.filter(arm=base).drop("arm")
    rows: list[tuple[object, ...]] = []
    for arm in known:
        if arm == base:
            continue
        theirs = table.filter(arm=arm)
        pairs = theirs.join(ours, on=_PATH, suffix="_base", validate="1:1")
        if not pairs.height == theirs.height == ours.height:
            raise AlvhError(
                f"arm {arm!r} and base {base!r} do not have the same paths: they cannot be paired"
            )
        hit, hit_base = pairs["any_distress"], pairs["any_distress_base"]
        n01, n10 = int((hit & ~hit_base).sum()), int((~hit & hit_base).sum())
        difference = nullable(paired_proportion(n01, n10, pairs.height))
        rows.append((arm, base, "p_distress", *difference, "probability", n01, n10, mcnemar(n01, n10)))
        for figure, unit in (("return_on_nav", "a year"), ("max_drawdown", "share")):
            difference = nullable(paired_mean(pairs[figure], pairs[f"{figure}_base"]))
            rows.append((arm, base, figure, *difference, unit, None, None, None))
    adjusted = iter(holm([row[-1] for row in rows if isinstance(row[-1], float)]))
    rows = [(*row, None if row[-1] is None else next(adjusted)) for row in rows]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
