"""VIX options of 2016-06-01 against forms that price them off the future of their expiry."""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import polars as pl
from scipy.optimize import least_squares
from scipy.special import ndtr

from alvh import chain, market
from calibration.template import CURVE, KQ, REFERENCE_VIX, Floats, covariance, factors

MINUTE = "close"
DELTAS = (0.03, 1.0)
RATE = 0.004
LEAST_VIX = 9.2
EVERY = 4  # sessions: VVIX of neighbouring days says the same


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


@dataclass(frozen=True)
class Form:
    """A lognormal around the future of the expiry, displaced by a floor that rises as expiry nears.

    With m = ln(VIX/18): floor(τ) = min(floor + floor_front e^{−floor_decay τ}, floor_share F),
    ln ν = level + slope m + curvature m², and the total standard deviation is
    ν √v(τ) (1 − front e^{−front_decay τ}) (F − curve.floor)/(F − floor(τ)).
    """

    floor: float
    floor_share: float
    level: float
    slope: float
    curvature: float
    front: float
    front_decay: float
    floor_front: float = 0.0
    floor_decay: float = 1.0

    @classmethod
    def default(cls) -> "Form":
        """Return that of the core."""
        known = {field.name for field in fields(cls)}
        return cls(**{k: v for k, v in market.VixSmile().model_dump().items() if k in known})

    def floors(self, forward: Floats, years: float) -> Floats:
        raised = self.floor + self.floor_front * np.exp(-self.floor_decay * years)
        return np.minimum(raised, self.floor_share * forward)

    def deviation(self, forward: Floats, years: float, ln_nu: Floats) -> Floats:
        """Return the total standard deviation of ln(VIX at expiry − floor)."""
        tenor = 1 - self.front * np.exp(-self.front_decay * years)
        moved = (forward - CURVE.floor) / (forward - self.floors(forward, years))
        return np.exp(ln_nu) * tenor * np.sqrt(variance(years)) * moved

    def ln_nu(self, vix: Floats) -> Floats:
        m = np.log(vix / REFERENCE_VIX)
        return self.level + m * (self.slope + m * self.curvature)

    def price(self, expiry: VixExpiry, ln_nu: float) -> Floats:
        """Return undiscounted prices of an expiry's quotes at its own forward."""
        floor = self.floors(expiry.forward, expiry.years)
        sd = self.deviation(expiry.forward, expiry.years, ln_nu)
        return black(expiry.forward - floor, expiry.strike - floor, sd, expiry.sign)

    def misses(self, expiry: VixExpiry, ln_nu: float) -> Floats:
        """Return model less mid, in half-spreads of each quote."""
        return expiry.in_half_spreads(self.price(expiry, ln_nu))


SHAPE = ("floor_front", "floor_decay", "front", "front_decay")
SHAPE_BOUNDS = ([0.0, 0.1, 0.0, 1.0, -1.0], [12.0, 20.0, 0.95, 80.0, 1.0])
SHAPE_START = (6.0, 2.0, 0.4, 15.0, 0.28)


def fit_shape(chain: list[VixExpiry], start: Form) -> tuple[Form, float]:
    """Return the form whose tenor shape fits the chain best, and the day's own ln ν."""

    def misses(p: Floats) -> Floats:
        form = replace(start, **dict(zip(SHAPE, p[:4], strict=True)))
        return np.concatenate([form.misses(e, p[4]) / np.sqrt(len(e.strike)) for e in chain])

    found = least_squares(misses, SHAPE_START, bounds=SHAPE_BOUNDS, loss="soft_l1").x
    return replace(start, **dict(zip(SHAPE, map(float, found[:4]), strict=True))), float(found[4])


def own_level(form: Form, chain: list[VixExpiry]) -> float:
    """Return the ln ν at which a form fits a chain best."""
    return float(
        least_squares(
            lambda p: np.concatenate([form.misses(e, p[0]) / np.sqrt(len(e.strike)) for e in chain]),
            [0.3],
            loss="soft_l1",
        ).x[0]
    )


def vvix(forward: Floats, floor: Floats, sd: Floats, years: float) -> Floats:
    """Return the volatility of the log contract on a displaced lognormal, points."""
    z = np.linspace(-6, 6, 401)
    weight = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    sd = sd[:, None]
    vix = floor[:, None] + (forward - floor)[:, None] * np.exp(sd * z - sd**2 / 2)
    return 100 * np.sqrt(-2 * (np.log(vix / forward[:, None]) * weight).sum(axis=1) / years)


def fit_level(indices: pl.DataFrame, form: Form) -> tuple[Form, pl.DataFrame]:
    """Return the form whose level follows VVIX, and each day's `vix`, `vvix`, `ln_nu` and the rule's."""
    table = indices.drop_nulls(["vix", "vix3m", "vvix"]).filter(
        (pl.col("date") >= pl.date(2010, 1, 4)) & (pl.col("vix") > LEAST_VIX)
    )[::EVERY]
    years = 30 / 365
    x = np.array([factors(*row) for row in table.select("vix", "vix3m").iter_rows()])
    forward = CURVE.floor + np.exp(CURVE.level + variance(years) / 2 + x @ np.exp(-KQ * years))
    floor, wanted = form.floors(forward, years), table["vvix"].to_numpy()
    low, high = np.full(len(floor), np.log(0.1)), np.full(len(floor), np.log(4.0))
    for _ in range(40):
        middle = (low + high) / 2
        above = vvix(forward, floor, form.deviation(forward, years, middle), years) > wanted
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    m = np.log(table["vix"].to_numpy() / REFERENCE_VIX)
    level, slope, curvature = np.linalg.lstsq(np.vander(m, 3, increasing=True), middle, rcond=None)[0]
    form = replace(form, level=float(level), slope=float(slope), curvature=float(curvature))
    rule = pl.Series("rule", form.ln_nu(table["vix"].to_numpy()))
    return form, table.select("date", "vix", "vvix").with_columns(pl.Series("ln_nu", middle), rule)
