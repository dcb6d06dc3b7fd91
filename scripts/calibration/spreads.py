"""Half-spreads of quotes against the model that fills are charged with: max(tick / 2, scale · mid^power)."""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import ndtr

from alvh import contracts
from calibration.quotes import Floats

KNEE, VIX_POWER = 20.0, 1.25  # of the engine: wider in proportion to (VIX / 20)^1.25 above
LONGEST = 200
LEAST_MID = 0.10
DELTAS = (0.01, 0.55)
TENORS = {"0–2": (0, 2), "3–14": (3, 14), "15–45": (15, 45), "46–200": (46, LONGEST)}


def quoted(quotes: pl.DataFrame) -> pl.DataFrame:
    """Return out-of-the-money quotes with `mid`, `half` spread, `tick` and `widening` by VIX."""
    sd = pl.col("vol") * pl.col("years").sqrt()
    told = quotes.filter(
        (pl.col("status") == "ok")
        & pl.col("vol").is_finite()
        & (pl.col("days") <= LONGEST)
        & pl.col("quote_time").is_in(["close", "15:55"])
        & ((pl.col("right") == "P") == (pl.col("strike") < pl.col("forward")))
        & (pl.col("ask") > pl.col("bid"))
    ).with_columns(d1=(pl.col("forward") / pl.col("strike")).log() / sd + sd / 2)
    call = ndtr(told["d1"].to_numpy())
    told = told.with_columns(pl.Series("size", np.minimum(call, 1 - call)))
    return told.filter(pl.col("size").is_between(*DELTAS)).select(
        "root",
        "episode",
        "quote_date",
        "days",
        "mid",
        "size",
        "vix",
        half=(pl.col("ask") - pl.col("bid")) / 2,
        tick=pl.when(pl.col("mid") < 3).then(0.05).otherwise(0.10),
        widening=(pl.max_horizontal(pl.col("vix"), pl.lit(KNEE)) / KNEE) ** VIX_POWER,
    )


def model(table: pl.DataFrame, scale: float, power: float, days: float = 0.0) -> Floats:
    """Return the half-spread of every quote, points; `days` is the power of tenor over 30 days."""
    mid, tick, widening = (table[name].to_numpy() for name in ("mid", "tick", "widening"))
    tenor = np.maximum(table["days"].to_numpy(), 1) / 30
    return np.maximum(tick / 2, scale * mid**power * tenor**days) * widening


def row(root: str) -> tuple[float, float]:
    """Return scale and power of the contract's row."""
    half = contracts.contract(root).half_spread
    return half.scale, half.power


def fit(table: pl.DataFrame, *, with_days: bool = False) -> tuple[float, ...]:
    """Return scale, power (and the power of days) by robust least squares of logarithms, episodes alike."""
    half, episode = table["half"].to_numpy(), table["episode"].to_numpy()
    weight = np.sqrt(1 / _count(episode))

    def misses(p: Floats) -> Floats:
        days = p[2] if with_days else 0.0
        return weight * np.log(model(table, np.exp(p[0]), p[1], days) / half) / np.mean(weight)

    start = [-2.7, 0.45, 0.0] if with_days else [-2.7, 0.45]
    found = least_squares(misses, start, loss="soft_l1", f_scale=0.3).x
    return (float(np.exp(found[0])), *map(float, found[1:]))


def out_of_sample(table: pl.DataFrame, *, with_days: bool = False) -> Floats:
    """Return ln(model / quoted) of each episode under the fit to all others."""
    episode, half = table["episode"].to_numpy(), table["half"].to_numpy()
    found = np.full(len(half), np.nan)
    for name in np.unique(episode):
        held = episode == name
        found[held] = np.log(
            model(table.filter(held), *fit(table.filter(~held), with_days=with_days)) / half[held]
        )
    return found


def median_errors(error: Floats, episode: NDArray) -> tuple[float, float]:
    """Return medians over episodes of the median signed and absolute error."""
    names = np.unique(episode)
    signed = [np.median(error[episode == name]) for name in names]
    return float(np.median(signed)), float(
        np.median([np.median(np.abs(error[episode == name])) for name in names])
    )


def _count(values: NDArray) -> Floats:
    _, where, count = np.unique(values, return_inverse=True, return_counts=True)
    return count[where].astype(float)
