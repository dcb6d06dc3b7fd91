"""The cheapest way to be worth no less than an option at any strike: the lower convex hull of the asks."""

from typing import Final

import numpy as np
import polars as pl

from alvh.chain.bounds.book import SERIES

ON_THE_LINE: Final = 1e-9  # points


def corners(quotes: pl.DataFrame) -> pl.DataFrame:
    """Return the corners of each series' hull.

    An option is convex in its strike, so it is worth no more than any two others that enclose it, weighted
    by their distances; the hull holds the cheapest two of each place.

    Parameters
    ----------
    quotes : DataFrame
        Of a `Book`, in its order.
    """
    series = quotes["expiry"].to_numpy() * 2 + (quotes["right"] == "C").to_numpy()
    strike, ask = quotes["strike"].to_numpy(), quotes["ask"].to_numpy()
    kept = np.arange(quotes.height)
    while True:  # who lies above a line between two others is no corner, whether these are or not
        s, k, a = series[kept], strike[kept], ask[kept]
        share = (k[2:] - k[1:-1]) / np.where(k[2:] != k[:-2], k[2:] - k[:-2], 1.0)
        above = (s[2:] == s[:-2]) & (a[1:-1] >= share * a[:-2] + (1.0 - share) * a[2:] - ON_THE_LINE)
        if not above.any():
            return quotes[kept]
        kept = np.delete(kept, np.flatnonzero(above) + 1)


def enclosed(wanted: pl.DataFrame, hull: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of `wanted` with the two corners that enclose their `strike`.

    Parameters
    ----------
    wanted : DataFrame
        With `expiry`, `right`, `strike`.
    hull : DataFrame
        Of `corners`.

    Returns
    -------
    DataFrame
        With `lower` and `upper`, quotes, and the `share` of the lower one; missing where no corners enclose
        the strike.
    """
    held = hull.select(
        *SERIES,
        at="strike",
        lower="quote",
        upper=pl.coalesce(pl.col("quote").shift(-1).over(SERIES), "quote"),
        next=pl.col("strike").shift(-1).over(SERIES),
    ).sort("at")
    found = wanted.sort("strike").join_asof(
        held, left_on="strike", right_on="at", by=SERIES, strategy="backward", check_sortedness=False
    )
    between = (pl.col("next") - pl.col("strike")) / (pl.col("next") - pl.col("at"))
    found = found.with_columns(share=pl.when(pl.col("strike") == pl.col("at")).then(1.0).otherwise(between))
    told = pl.when(pl.col("share").is_not_null())
    return found.with_columns(told.then(name).alias(name) for name in ("lower", "upper"))
