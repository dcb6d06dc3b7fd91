"""Pin risk: how often SPX settles near a short strike, by the surface and as it went (R79)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.errors import AlvhError
from alvh.figures.columns import nullable
from alvh.pricing import greeks, implied_vol
from alvh.statistics import Estimate, ratio_interval

__all__ = ["PINS", "PIN_POINTS", "pin_chance", "pin_risk"]

PIN_POINTS: Final = 10.0
"""Points of SPX on either side of a strike within which it is pinned: two strikes of SPXW. Ours."""

PINS: Final = {
    "expected": (
        "share",
        "settling within the points of the short strike, as the surface said at the last close",
    ),
    "realised": ("share", "that settled there"),
    "realised_less_expected": ("share", "the second less the first, tranche by tranche"),
    "near": (
        "share",
        "of the tranches, with the strike within an expected move of the forward at that close",
    ),
    "at_stake": ("dollars", "that the points beyond the strike cost a tranche, from nothing at the strike"),
    "at_stake_lot": ("dollars", "the same of one lot"),
}
"""Figure to its unit and meaning."""

DAYS_PER_YEAR: Final = 365.0

_SCHEMA: dict[str, Any] = {
    "layer": pl.String,
    "side": pl.String,
    "figure": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
    "tranches": pl.Int64,
    "unpriced": pl.Int64,
}

Column = NDArray[np.float64]


def pin_chance(forward: Column, strike: Column, deviation: Column, points: float) -> Column:
    """Return P(|S_T − K| ≤ points) where ln S_T is normal about the forward.

    Formula: N(d₂(K − points)) − N(d₂(K + points)), d₂(k) = (ln(F / k) − s² / 2) / s, s the standard deviation
    to the expiry that the option at K implies. How the smile slopes moves both ends alike, so that for points
    that are few it cancels.

    Examples
    --------
    >>> at, far = pin_chance(np.array([5000.0]), np.array([[5000.0], [5200.0]]), np.array([0.01]), 10.0)
    >>> at.round(3), far.round(6)
    (array([0.159]), array([7.5e-05]))
    """

    def above(level: Column) -> Column:
        # N(d₂) is the forward delta of a call on the forward less a variance.
        call = greeks(forward * np.exp(-(deviation**2)), level, 1.0, deviation, "C", which=["delta"])
        return np.asarray(call.delta, dtype=np.float64)

    return above(np.maximum(strike - points, 0.0)) - above(strike + points)


def pin_risk(
    told: Mapping[str, Column], layers: Sequence[str], *, paths: int, within: float = PIN_POINTS
) -> pl.DataFrame:
    """Return how often SPX settles near a short strike, by the surface and as it went (R79).

    Parameters
    ----------
    told : mapping of str to ndarray
        As ``_core.Plan.pins`` gives them: an element per tranche that was held at the last close before its
        expiry.
    layers : sequence of str
        Names of the arm's layers.
    paths : int
        How many paths.
    within : float
        Points of SPX, above 0.

    Returns
    -------
    DataFrame
        `layer`, `side` ("put", "call"), `figure`, `estimate`, `low`, `high` (95%, over paths), `unit`;
        `tranches` that settled by T and have that short; of these `unpriced`, whose options were worth
        nothing on both sides: no surface says anything of them, and they are left out.

    Raises
    ------
    AlvhError
        Points that are not above 0.

    Examples
    --------
    >>> one = dict.fromkeys(("path", "tick", "layer", "rate", "dividend_yield", "morning"), np.zeros(1))
    >>> one |= {"lots": np.array([2.0]), "days": np.ones(1), "dpp": np.array([100.0])}
    >>> one |= {"put_strike": np.array([5000.0]), "put_price": np.array([20.0]), "spot": np.array([5000.0])}
    >>> one |= {"call_strike": np.full(1, np.nan), "call_price": np.full(1, np.nan)}
    >>> table = pin_risk(one | {"settled": np.array([5009.0])}, ["core"], paths=1)
    >>> table.select("side", "figure", pl.col("estimate").round(3)).rows()[:2]
    [('put', 'expected', 0.158), ('put', 'realised', 1.0)]
    """
    if not 0.0 < within < np.inf:
        raise AlvhError(f"within = {within}: points of SPX on either side of a strike, above 0")
    years = told["days"] / DAYS_PER_YEAR
    discount = np.exp(-told["rate"] * years)
    forward = told["spot"] * np.exp((told["rate"] - told["dividend_yield"]) * years)
    implied = {
        side: np.asarray(
            implied_vol(told[f"{side}_price"], forward, told[f"{side}_strike"], 1.0, right, discount=discount)
        )
        for side, right in (("put", "P"), ("call", "C"))
    }
    rows: list[tuple[object, ...]] = []
    for index, layer in enumerate(layers):
        for side, other in (("put", "call"), ("call", "put")):
            strike = told[f"{side}_strike"]
            held = (told["layer"] == index) & np.isfinite(strike) & np.isfinite(told["settled"])
            if not held.any():
                continue
            # An option that is worth nothing implies no volatility: that of the other short stands in.
            deviation = np.where(implied[side] > 0.0, implied[side], implied[other])
            priced = held & (deviation > 0.0)
            at = told["path"][priced].astype(np.int64)
            count = np.bincount(at, minlength=paths).astype(np.float64)

            def mean(values: Column, at: NDArray[np.int64] = at, count: Column = count) -> Estimate:
                return ratio_interval(np.bincount(at, weights=values, minlength=paths), count)

            k, f, s = strike[priced], forward[priced], deviation[priced]
            chance = pin_chance(f, k, s, within)
            pinned = (np.abs(told["settled"][priced] - k) <= within).astype(np.float64)
            lot = within * told["dpp"][priced]
            found = {
                "expected": mean(chance),
                "realised": mean(pinned),
                "realised_less_expected": mean(pinned - chance),
                "near": mean((np.abs(np.log(k / f)) <= s).astype(np.float64)),
                "at_stake": mean(lot * told["lots"][priced]),
                "at_stake_lot": mean(lot),
            }
            counts = int(held.sum()), int((held & ~priced).sum())
            rows += [
                (layer, side, name, *nullable(value), PINS[name][0], *counts) for name, value in found.items()
            ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
