"""A twin of `alvh.score`: every condor of one expiry in NumPy, from quotes, with none of its code."""

import numpy as np
import polars as pl
from scipy.stats import norm

from alvh import chain


def condors(quotes: pl.DataFrame, keys: dict, *, delta, width, fill=0.5, sides_apart=False) -> pl.DataFrame:
    """Every condor of the expiry `keys` with its figures, short put below short call."""
    surface = chain.fit_surface(quotes)
    greeks = chain.enrich(quotes).select("delta", "gamma", "vega", "theta")
    rows = pl.concat([surface.quotes.drop(greeks.columns, strict=False), greeks], how="horizontal")
    rows = rows.filter(
        *(pl.col(name).eq_missing(pl.lit(value)) for name, value in keys.items()),
        pl.col("status") == "ok",
        pl.col("vol") > 0,
    )
    expiry = surface.expiries.filter(*(pl.col(n).eq_missing(pl.lit(v)) for n, v in keys.items())).row(
        0, named=True
    )
    put, call = (_spreads(rows.filter(right=right), right, delta, width, fill) for right in "PC")
    pairs = put.join(call, how="cross", suffix="_call").filter(pl.col("short") < pl.col("short_call"))

    def both(name):
        return pairs[name].to_numpy() + pairs[name + "_call"].to_numpy()

    credit, widths = both("sale"), pairs.select("width", "width_call").to_numpy()
    low, high = pairs["short"].to_numpy() - credit, pairs["short_call"].to_numpy() + credit
    # A side can lose if the seller has less than nothing beyond its long leg.
    put_loses, call_loses = (credit[:, None] - widths < 0).T
    two = sides_apart & (widths[:, 0] != widths[:, 1])
    requirement = np.where(two, widths.sum(axis=1), widths.max(axis=1))
    pnl = credit - both("fitted")
    return pl.DataFrame(
        {
            "put_long": pairs["long"],
            "put_short": pairs["short"],
            "call_short": pairs["short_call"],
            "call_long": pairs["long_call"],
            "credit_mid": both("mid"),
            "credit": credit,
            "credit_natural": both("natural"),
            "max_loss": widths.max(axis=1) - credit,
            "requirement": requirement,
            "break_even_low": pl.Series(np.where(put_loses, low, np.nan)).fill_nan(None),
            "break_even_high": pl.Series(np.where(call_loses, high, np.nan)).fill_nan(None),
            "p_profit": np.maximum(
                np.where(call_loses, _below(high, expiry), 1.0)
                - np.where(put_loses, _below(low, expiry), 0.0),
                0.0,
            ),
            "p_touch": np.minimum(both("touch"), 1.0),
            "expected_pnl": pnl,
            **{name: both(name) for name in ("delta", "gamma", "vega", "theta")},
            "return_on_margin": credit / requirement,
            "expected_return": pnl / requirement,
        }
    )


def _spreads(rows, right, delta, width, fill):
    sign = 1.0 if right == "C" else -1.0
    half = (pl.col("ask") - pl.col("bid")) / 2
    total = pl.col("vol") * pl.col("years").sqrt()
    rows = rows.with_columns(half=half, _total=total)
    d1 = ((pl.col("forward") / pl.col("strike")).log() / pl.col("_total") + 0.5 * pl.col("_total")).alias(
        "d1"
    )
    rows = rows.with_columns(d1)
    d1 = rows["d1"].to_numpy()
    d2 = d1 - rows["_total"].to_numpy()
    ratio = (rows["forward"] / rows["strike"]).to_numpy()
    touch = np.minimum(norm.cdf(sign * d2) + ratio * norm.cdf(sign * d1), 1.0)
    forward_delta = np.abs(sign * norm.cdf(sign * d1))
    rows = rows.with_columns(touch=pl.Series(touch), short_delta=pl.Series(forward_delta))
    pairs = rows.filter(pl.col("short_delta").is_between(*delta)).join(rows, how="cross", suffix="_long")
    away = sign * (pl.col("strike_long") - pl.col("strike"))
    pairs = pairs.with_columns(width=away.round(6)).filter(
        pl.col("width").is_between(width[0] - 1e-9, width[1] + 1e-9)
    )
    return pairs.select(
        "width",
        "touch",
        short="strike",
        long="strike_long",
        mid=pl.col("mid") - pl.col("mid_long"),
        sale=pl.col("mid") - pl.col("mid_long") - fill * (pl.col("half") + pl.col("half_long")),
        natural=pl.col("bid") - pl.col("ask_long"),
        fitted=pl.col("model_price") - pl.col("model_price_long"),
        **{name: pl.col(f"{name}_long") - pl.col(name) for name in ("delta", "gamma", "vega", "theta")},
    )


def _below(x, expiry):
    """Numerically: the slope of the fitted slice's undiscounted put price."""
    a, b, rho, m, sigma = (expiry[name] for name in ("a", "b", "rho", "m", "sigma"))

    def put(strike):
        k = np.log(strike / expiry["forward"])
        root = np.sqrt(a + b * (rho * (k - m) + np.sqrt((k - m) ** 2 + sigma**2)))
        d1 = -k / root + root / 2
        return strike * norm.cdf(root - d1) - expiry["forward"] * norm.cdf(-d1)

    h = 1e-4 * expiry["forward"] ** 0.5
    return (put(x + h) - put(x - h)) / (2 * h)
