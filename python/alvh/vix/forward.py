"""Where a term's money is: its forward by put–call parity, and the strike K0 at or below it.

Source: Cboe, "VIX Index methodology" (2022), step 1.
"""

from math import exp
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.errors import VixError

NEAR_THE_MONEY: Final = 0.10  # of the strike where call and put cost most nearly the same
LEAST_PAIRS: Final = 3  # strikes, for the discount that parity implies
NARROWEST: Final = 0.05  # points: a locked market weighs no more than one a tick wide
LIKELY_RATES: Final = (-0.05, 0.25)

QUOTED: Final = (pl.col("bid") > 0) & (pl.col("ask") > 0)


class Level(NamedTuple):
    """Growth e^{RT}, forward, and the listed strike equal to or immediately below it."""

    growth: float
    forward: float
    k0: float


def level(quotes: pl.DataFrame, growth: float | None, years: float, name: str) -> Level:
    """Return the forward and K0 of a term; without a growth, with the one that put–call parity implies.

    Parameters
    ----------
    quotes : DataFrame
        One term: strike, right, bid, ask.
    growth : float or None
        e^{RT}.
    years : float
        To settlement, of 365 days.
    name : str
        Of the term, for messages.
    """
    sides = quotes.filter(QUOTED).select(
        "strike", "right", mid=(pl.col("bid") + pl.col("ask")) / 2, width=pl.col("ask") - pl.col("bid")
    )
    calls, puts = (sides.filter(right=right).drop("right") for right in ("C", "P"))
    pairs = calls.join(puts, on="strike", suffix="_put").sort("strike")
    if pairs.is_empty():
        raise VixError(
            f"{name} term: no strike at which both call and put have a bid and an ask, so no forward. "
            "Mend: give quotes near the money"
        )
    strike, call, call_width, put, put_width = (column.to_numpy() for column in pairs)
    gap, width = call - put, call_width + put_width
    at = int(np.abs(gap).argmin())  # the lowest of equals
    if growth is None:
        near = np.abs(strike / strike[at] - 1) <= NEAR_THE_MONEY
        growth = 1 / _parity_discount(strike[near], gap[near], width[near], years, name)
    forward = float(strike[at] + growth * gap[at])
    listed = quotes["strike"].to_numpy()
    below = listed[listed <= forward]
    if not below.size:
        raise VixError(
            f"{name} term: no strike at or below the forward {forward:.2f}. Mend: give the lower strikes"
        )
    k0 = float(below.max())
    if k0 not in strike:
        raise VixError(
            f"{name} term: put and call at K0 = {k0:g} do not both have a bid and an ask, so the index "
            "cannot be calculated. Mend: give a snapshot in which they do"
        )
    return Level(growth, forward, k0)


def _parity_discount(
    strike: NDArray[np.float64],
    gap: NDArray[np.float64],
    width: NDArray[np.float64],
    years: float,
    name: str,
) -> float:
    """Return what call less put falls by per point of strike: least squares, weighted by quoted widths."""
    if strike.size < LEAST_PAIRS:
        raise VixError(
            f"{name} term: {strike.size} strikes within {NEAR_THE_MONEY:.0%} of the money quote call and "
            f"put: parity needs {LEAST_PAIRS} to imply the discount. Mend: give rate"
        )
    weight = np.maximum(width, NARROWEST) ** -2
    away = strike - np.average(strike, weights=weight)
    discount = float(-(weight * away * gap).sum() / (weight * away * away).sum())
    low, high = (exp(-rate * years) for rate in reversed(LIKELY_RATES))
    if not low <= discount <= high:
        raise VixError(
            f"{name} term: put–call parity implies a discount of {discount:.5f} over {years:.4f} years; "
            f"allowed is {low:.5f} to {high:.5f}. Mend: give rate, or quotes of one moment"
        )
    return discount
