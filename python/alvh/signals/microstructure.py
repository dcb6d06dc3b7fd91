"""One score of how strained trading is, from whichever of four series a user has (R81)."""

import math

import polars as pl

from alvh.errors import SignalError, nearest_names
from alvh.signals.frame import read
from alvh.signals.transform import zscore

__all__ = ["microstructure_stress"]

_SIGNS = {"quoted_spread": 1.0, "depth": -1.0, "quote_to_trade": 1.0, "opening_gap": 1.0}
"""Which way each series points when trading is strained."""

_NAME = "microstructure_stress"


def microstructure_stress(frame: pl.DataFrame, *, window: int = 252, least: int = 60) -> pl.DataFrame:
    """Return how strained trading is, the mean z-score of spread, depth, quotes per trade and gaps (R81).

    Parameters
    ----------
    frame : polars.DataFrame
        As `read` takes it, with any of `quoted_spread`, `depth`, `quote_to_trade` and `opening_gap`; other
        signals are not read.
    window : int
        Latest days over which each is scored, the day itself among them.
    least : int
        With fewer a series is not known.

    Returns
    -------
    polars.DataFrame
        As `read` returns it: `microstructure_stress`, in standard deviations, above 0 is strain. Depth counts
        against it, a gap by its size either way. A day has as many rows as it has releases, each the mean of
        what was known of that day by then: a series that is absent is neutral, because it leaves the mean to
        the others, and null where none is known.

    Raises
    ------
    SignalError
        The frame is refused, an argument is, or none of the four series is in it.

    Examples
    --------
    >>> from datetime import date
    >>> days = [date(2024, 1, day) for day in (2, 3, 4)]
    >>> spreads = pl.DataFrame(
    ...     {"signal": ["quoted_spread"] * 3, "date": days, "released_at": days, "value": [0.01, 0.01, 0.04]}
    ... )
    >>> microstructure_stress(spreads, window=3, least=3)["value"].round(3).to_list()
    [None, None, 1.155]
    """
    frame = read(frame)
    given = frame.filter(pl.col("signal").is_in(list(_SIGNS)))
    if given.is_empty():
        names = frame["signal"].unique().sort().to_list()
        told = "; ".join(f"{name}: {nearest_names(name, _SIGNS)}" for name in names[:1]) or ", ".join(_SIGNS)
        raise SignalError(f"{_NAME}: the frame has none of its series: {told}", column="signal", value=names)
    size = pl.when(signal="opening_gap").then(pl.col("value").abs()).otherwise("value")
    # A pivot has null where nothing was released; what was released and cannot be used is told apart.
    scored = zscore(given.with_columns(size.alias("value")), window=window, least=least, suffix="")
    sign = pl.col("signal").replace_strict(_SIGNS, return_dtype=pl.Float64)
    wide = (
        scored.with_columns((pl.col("value") * sign).fill_null(math.nan))
        .pivot("signal", index=["date", "released_at"], values="value")
        .sort("date", "released_at")
    )
    series = [name for name in _SIGNS if name in wide.columns]
    known = wide.with_columns(pl.col(series).forward_fill().over("date").fill_nan(None))
    return read(
        known.select(
            pl.lit(_NAME).alias("signal"), "date", "released_at", pl.mean_horizontal(series).alias("value")
        )
    )
