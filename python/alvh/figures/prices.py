"""How many of the prices of a replay are recorded quotes, and how many the model's."""

import polars as pl

from alvh.figures.columns import Frame, at_share

__all__ = ["PRICES", "prices"]

PRICES = {
    "marks": "legs of what was held, once each session",
    "fills": "legs of what was opened or closed before its expiry",
}
"""What is counted: see `prices`."""


def prices(paths: Frame, share: float) -> pl.DataFrame:
    """Return per arm how many leg prices were recorded quotes, at one margin share.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per path, arm and share with `marks_recorded`, `marks_modelled`, `fills_recorded`,
        `fills_modelled`.
    share : float
        Margin share of the ladder.

    Returns
    -------
    DataFrame
        `arm`, `prices` (a key of `PRICES`), `recorded` and `modelled`, sums over the paths, and
        `modelled_share`, missing where there were none. Only legs of the product whose quotes are recorded
        count.

    Examples
    --------
    >>> columns = {"marks_recorded": [70, 50], "marks_modelled": [10, 30]}
    >>> columns |= {"fills_recorded": [4, 4], "fills_modelled": [0, 0]}
    >>> paths = pl.DataFrame(columns | {"path": [0, 1], "start": 0, "arm": "plain", "share": 0.1})
    >>> prices(paths, 0.1).select("prices", "modelled_share").rows()
    [('marks', 0.25), ('fills', 0.0)]
    """
    columns = [f"{name}_{kind}" for name in PRICES for kind in ("recorded", "modelled")]
    summed = at_share(paths, share, columns).group_by("arm", maintain_order=True).agg(pl.col(columns).sum())
    tables = [
        summed.select(
            "arm",
            pl.lit(name).alias("prices"),
            pl.col(f"{name}_recorded").cast(pl.Int64).alias("recorded"),
            pl.col(f"{name}_modelled").cast(pl.Int64).alias("modelled"),
        )
        for name in PRICES
    ]
    total = pl.col("recorded") + pl.col("modelled")
    order = summed.select("arm").with_row_index("_arm")
    return (
        pl.concat(tables)
        .join(order, on="arm", maintain_order="left")
        .sort("_arm", maintain_order=True)
        .drop("_arm")
        .with_columns(modelled_share=pl.when(total > 0).then(pl.col("modelled") / total))
        .collect()
    )
