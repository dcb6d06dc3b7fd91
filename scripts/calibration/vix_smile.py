"""VIX options of 2016-06-01 against forms that price them off the future of their expiry."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import ndtr

from alvh import chain
from calibration.template import CURVE, KQ, Floats, covariance

MINUTE = "close"
DELTAS = (0.03, 1.0)
RATE = 0.004


@dataclass(frozen=True)
class VixExpiry:
    """Out-of-the-money quotes of an expiry, and its parity forward."""

    days: float
    forward: float
    discount: float
    strike: Floats
    sign: Floats
    mid: Floats
    half: Floats

    @property
    def years(self) -> float:
        return self.days / 365

    def in_half_spreads(self, price: Floats) -> Floats:
        return (price * self.discount - self.mid) / self.half


def variance(years: float) -> float:
    """Return v, the variance of the future's logarithm until it settles."""
    k = np.add.outer(KQ, KQ)
    return float((covariance() * -np.expm1(-k * years) / k).sum())


def black(forward: Floats, strike: Floats, sd: Floats, sign: Floats) -> Floats:
    """Return Black's price, intrinsic where the strike is not positive."""
    usable = np.where(strike > 0, strike, forward)
    d1 = np.log(forward / usable) / sd + sd / 2
    value = sign * (forward * ndtr(sign * d1) - usable * ndtr(sign * (d1 - sd)))
    return np.where(strike > 0, value, np.maximum(sign * (forward - strike), 0.0))


def expiries(data: Path, moment: str = MINUTE) -> list[VixExpiry]:
    """Return the expiries of the recorded chain, nearest first."""
    quotes = chain.read(data / "chains" / "vix_20160601.parquet").filter(
        (pl.col("root") == "VIX") & (pl.col("quote_time") == moment)
    )
    full = chain.enrich(quotes, rate=RATE, settlement="AM", greeks=["delta"])
    full = full.filter(
        (pl.col("status") == "ok")
        & pl.col("vol").is_finite()
        & (pl.col("days") > 1)
        & ((pl.col("right") == "P") == (pl.col("strike") < pl.col("forward")))
        & (pl.col("delta").abs() > DELTAS[0])
    )
    found = []
    for _, each in full.sort("expiration", "strike").group_by("expiration", maintain_order=True):
        first = each.row(0, named=True)
        found.append(
            VixExpiry(
                first["days"] - 0.28,  # to the opening, from the close
                first["forward"],
                first["discount"],
                each["strike"].to_numpy(),
                np.where(each["right"].to_numpy() == "C", 1.0, -1.0),
                each["mid"].to_numpy(),
                ((each["ask"] - each["bid"]) / 2).to_numpy(),
            )
        )
    return found
