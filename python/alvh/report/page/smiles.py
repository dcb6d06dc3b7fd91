"""The smile of an expiry: a bar from the volatility of the bid to that of the ask, the fit as a line."""

from typing import Any, Final

import altair as alt
import numpy as np
import polars as pl

from alvh import expr
from alvh.chain.surface import Surface
from alvh.report.page.spec import data, panel_spec

__all__ = ["COLOURS", "drawn_quotes", "smile_chart"]

COLOURS: Final = {"P": "var(--arm-1)", "C": "var(--arm-2)"}
MOST_BARS: Final = 90  # of an expiry; more are drawn upon each other
REACH: Final = 6.0  # deviations from the forward
POINTS: Final = 60
HEIGHT: Final = 150


def drawn_quotes(surface: Surface) -> pl.DataFrame:
    """Return the quotes that were fitted, with the volatilities of bid and ask, percent, thinned evenly."""
    width = pl.col("vol") * pl.col("years").sqrt()
    near = surface.quotes.filter(pl.col("used") & (pl.col("k").abs() <= REACH * width))
    key = ("root", "expiration", "settlement")
    order = pl.int_range(pl.len()).over(key)
    step = (pl.len().over(key) / MOST_BARS).ceil()
    terms = ("forward", "strike", "years", "right")
    return (
        near.sort(*key, "strike")
        .filter(order % step == 0)
        .with_columns(
            (100.0 * expr.implied_vol(side, *terms, discount="discount")).alias(f"{side}_vol")
            for side in ("bid", "ask")
        )
        .with_columns(pl.col("vol", "model_vol") * 100.0)
    )


def smile_chart(quotes: pl.DataFrame, surface: Surface) -> dict[str, Any]:
    """Return the smile of one expiry.

    Parameters
    ----------
    quotes : DataFrame
        Its rows of `drawn_quotes`.
    surface : Surface
        Fitted to them.
    """
    first = quotes.row(0, named=True)
    lowest, highest = quotes.select(low=pl.min("strike"), high=pl.max("strike")).row(0)
    strikes = np.geomspace(lowest, highest, POINTS)
    fitted = 100.0 * np.asarray(surface.vol(strikes, first["expiration"], root=first["root"]))
    line = pl.DataFrame({"strike": strikes, "fitted": fitted})
    axis = alt.Axis(tickCount=4, format="~s")
    x = alt.X("strike:Q", title=None, scale=alt.Scale(zero=False, nice=False, padding=6), axis=axis)
    scale = alt.Scale(zero=False)
    written = quotes.select(
        "strike",
        "right",
        "bid_vol",
        "ask_vol",
        quote=pl.format("{} / {}", "bid", "ask"),
        vol=pl.col("vol").round(2),
        model=pl.col("model_vol").round(2),
    )
    told = {"strike": "strike", "right": "", "quote": "bid / ask", "vol": "vol of the mid", "model": "fitted"}
    tips = [alt.Tooltip(field, type="nominal", title=name or "right") for field, name in told.items()]
    colour = alt.Color(
        "right:N", scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())), legend=None
    )
    bars = (
        alt.Chart(data(written))
        .mark_rule(strokeWidth=2.5)
        .encode(
            x=x,
            y=alt.Y("bid_vol:Q", title=None, scale=scale, axis=alt.Axis(tickCount=4)),
            y2="ask_vol:Q",
            color=colour,
            tooltip=tips,
        )
    )
    curve = (
        alt.Chart(data(line))
        .mark_line(stroke="var(--ink)", strokeWidth=1.2, aria=False)
        .encode(x=x, y=alt.Y("fitted:Q", title=None, scale=scale))
    )
    return panel_spec(bars, curve, height=HEIGHT)
