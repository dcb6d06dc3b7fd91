"""Writes tests/golden/american_computed.csv: American options by methods that share nothing with the core's.

The exercise boundary is found from smooth pasting by Newton's method on a Chebyshev polynomial, the integral
of early exercise from Gauss–Legendre points; what is left of value matching between the nodes says how good
that is. Finite differences, which know neither boundary nor integral, must say the same. Last comes what Li's
QD+ approximation of the boundary says of two options, which collections of test values have for their price.
"""

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy.interpolate import BarycentricInterpolator
from scipy.linalg import solve_banded
from scipy.optimize import brentq
from scipy.stats import norm

Floats = NDArray[np.float64]
TARGET: Final = Path(__file__).parent.parent / "tests" / "golden" / "american_computed.csv"
NODES: Final = (6, 12, 24, 40)
SOURCE: Final = f"scripts/golden_american.py: collocation of smooth pasting at {NODES[-1]} nodes"
POINTS: Final = 120
"""Gauss–Legendre points of an integral."""
STEPS: Final = (1_000, 2_000)
NEWTON: Final = 40
SETTLED: Final = 1e-10
"""Slope at the boundary, beyond −1, at which Newton's method ends."""
CHANGE: Final = 1e-6
"""Of a depth, by which the slopes are differentiated."""
POLICIES: Final = 60
UNMATCHED: Final = 1e-7
"""Of the strike, that values at the boundary may be from those of exercise …"""
BESIDE: Final = 3e-6
"""… and finite differences from the integral."""
WIDTH: Final = 7.0
"""Standard deviations that finite differences see on either side."""


@dataclass(frozen=True)
class Put:
    """A put that may be exercised at any time; rates continuously compounded."""

    spot: float
    strike: float
    years: float
    vol: float
    rate: float
    dividend: float

    @property
    def top(self) -> float:
        """The boundary just before expiry."""
        return self.strike * (min(1.0, self.rate / self.dividend) if self.dividend > 0 else 1.0)

    def deviates(self, ratio: Floats, years: Floats) -> tuple[Floats, Floats]:
        """Black and Scholes' d₊ and d₋ of a ratio of spot to strike."""
        sd = self.vol * np.sqrt(years)
        middle = (np.log(ratio) + (self.rate - self.dividend) * years) / sd
        return middle + sd / 2, middle - sd / 2

    def european(self, spot: Floats, years: Floats) -> Floats:
        high, low = self.deviates(spot / self.strike, years)
        paid = self.strike * np.exp(-self.rate * years) * norm.cdf(-low)
        return paid - spot * np.exp(-self.dividend * years) * norm.cdf(-high)


class Boundary:
    """Spots below which a put is exercised: ln² of their share of the top is a polynomial in √(time left)."""

    def __init__(self, put: Put, depths: Floats) -> None:
        """`depths` are ln(top / boundary) at the Chebyshev points but the last, from all the time left on."""
        self.put = put
        self.nodes = np.cos(np.pi * np.arange(len(depths) + 1) / len(depths))
        self.depths = np.append(depths, 0.0)
        self.curve = BarycentricInterpolator(self.nodes, self.depths**2)
        at, weights = leggauss(POINTS)
        # With u = τ sin² both √u and √(τ − u) are smooth.
        self.angles, self.weights = (at + 1) * math.pi / 4, weights * math.pi / 4

    def at(self, years: Floats) -> Floats:
        z = 2 * np.sqrt(np.asarray(years) / self.put.years) - 1
        return self.put.top * np.exp(-np.sqrt(np.maximum(self.curve(z), 0.0)))

    def lags(self, years: Floats) -> tuple[Floats, Floats, Floats]:
        """Times until the exercise, their weights, and the boundary then: a row for each time left."""
        left = np.asarray(years)[:, None]
        lag = left * np.sin(self.angles) ** 2
        weights = self.weights * left * np.sin(2 * self.angles)
        return lag, weights, self.at(np.maximum(left - lag, 0.0).ravel()).reshape(lag.shape)

    def value(self, spot: Floats, years: Floats) -> Floats:
        """Of the put that is held above the boundary: Kim's integral."""
        put, spot = self.put, np.asarray(spot)
        lag, weights, boundary = self.lags(years)
        high, low = put.deviates(spot[:, None] / boundary, lag)
        interest = put.rate * put.strike * np.exp(-put.rate * lag) * norm.cdf(-low)
        yielded = put.dividend * spot[:, None] * np.exp(-put.dividend * lag) * norm.cdf(-high)
        return put.european(spot, np.asarray(years)) + ((interest - yielded) * weights).sum(axis=1)

    def slope_left(self, years: Floats) -> Floats:
        """What delta at the boundary is above −1: 0 where it pastes smoothly."""
        put, years = self.put, np.asarray(years)
        spot = self.at(years)
        lag, weights, boundary = self.lags(years)
        high, low = put.deviates(spot[:, None] / boundary, lag)
        sd, kept = put.vol * np.sqrt(lag), np.exp(-put.dividend * lag)
        held = put.dividend * kept * (norm.pdf(high) / sd - norm.cdf(-high))
        paid = put.rate * put.strike / spot[:, None] * np.exp(-put.rate * lag) * norm.pdf(low) / sd
        high, _ = put.deviates(spot / put.strike, years)
        return 1 - np.exp(-put.dividend * years) * norm.cdf(-high) + ((held - paid) * weights).sum(axis=1)


def solved(put: Put) -> Boundary:
    """The boundary that pastes smoothly at its nodes, from few to many of them."""
    # Merton's perpetual put bounds it from below.
    drift = put.rate - put.dividend - put.vol**2 / 2
    power = (drift + math.sqrt(drift**2 + 2 * put.rate * put.vol**2)) / put.vol**2
    deepest = math.log(put.top / (put.strike * power / (1 + power)))
    nodes = np.cos(np.pi * np.arange(NODES[0]) / NODES[0])
    sds = put.vol * math.sqrt(put.years) * (1 + nodes) / 2
    depths = deepest * (1 - np.exp(-2 * sds / max(deepest, 1e-3)))
    for count in NODES:
        times = put.years * ((1 + np.cos(np.pi * np.arange(count) / count)) / 2) ** 2
        if len(depths) != count:
            depths = np.log(put.top / Boundary(put, depths).at(times))
        for _ in range(NEWTON):
            left = Boundary(put, depths).slope_left(times)
            if np.abs(left).max() < SETTLED:
                break
            moved = depths + CHANGE * np.eye(count)
            slopes = [(Boundary(put, each).slope_left(times) - left) / CHANGE for each in moved]
            step = np.linalg.solve(np.array(slopes).T, left)
            # Not beyond the perpetual boundary, nor above the top.
            depths = np.clip(depths - step, depths / 2, (depths + deepest) / 2 + SETTLED)
    return Boundary(put, depths)


def unmatched(boundary: Boundary) -> float:
    """How far the value at the boundary is from that of exercise between the nodes, of the strike."""
    put = boundary.put
    years = put.years * np.linspace(0.05, 0.97, 24) ** 2
    spots = boundary.at(years)
    return float(np.abs(boundary.value(spots, years) - (put.strike - spots)).max() / put.strike)


def finite_differences(put: Put) -> float:
    """Crank and Nicolson's steps in ln spot, exercise by policy iteration; extrapolated from two grids."""
    coarse, fine = (grid(put, steps) for steps in STEPS)
    return fine + (fine - coarse) / 3


def grid(put: Put, steps: int) -> float:
    reach = WIDTH * put.vol * math.sqrt(put.years) + abs(put.rate - put.dividend) * put.years
    reach += abs(math.log(put.spot / put.strike))
    step = reach / steps
    spots = put.spot * np.exp(step * np.arange(-steps, steps + 1))
    exercised = np.maximum(put.strike - spots, 0.0)
    diffusion, drift = put.vol**2 / step**2, (put.rate - put.dividend - put.vol**2 / 2) / step
    below, here, above = (diffusion - drift) / 2, -diffusion - put.rate, (diffusion + drift) / 2
    times = put.years * (np.arange(steps + 1) / steps) ** 2
    # The payoff has a corner: the first four steps are implicit, half as long.
    times = np.concatenate([times[0] + (times[2] - times[0]) * np.arange(4) / 4, times[2:]])
    values = exercised.copy()
    for number, length in enumerate(np.diff(times)):
        share = 1.0 if number < 4 else 0.5
        moved = here * values
        moved[1:] += below * values[:-1]
        moved[:-1] += above * values[1:]
        known = values + (1 - share) * length * moved
        early = (values <= exercised) & (exercised > 0)
        for _ in range(POLICIES):
            bands = np.empty((3, len(spots)))
            bands[0, 1:] = np.where(early[:-1], 0.0, -share * length * above)
            bands[1] = np.where(early, 1.0, 1 - share * length * here)
            bands[2, :-1] = np.where(early[1:], 0.0, -share * length * below)
            right = np.where(early, exercised, known)
            bands[0, 1], bands[1, 0], right[0] = 0.0, 1.0, put.strike - spots[0]
            bands[2, -2], bands[1, -1], right[-1] = 0.0, 1.0, 0.0
            values = solve_banded((1, 1), bands, right)
            residual = (1 - share * length * here) * values - known
            residual[1:] -= share * length * below * values[:-1]
            residual[:-1] -= share * length * above * values[1:]
            chosen = (values - exercised <= residual) & (exercised > 0)
            if (chosen == early)[1:-1].all():
                break
            early = chosen
        else:
            raise ArithmeticError(f"{put}: no policy after {POLICIES} iterations")
    return float(values[steps])


def qd_plus(put: Put, points: int = 8) -> float:
    """Kim's integral over the boundary that Li's QD+ (2010) gives at so many Chebyshev points."""

    def lack(spot: float, years: float) -> float:
        one = np.array([spot])
        (high,), (low,) = put.deviates(one / put.strike, np.array([years]))
        (price,) = put.european(one, np.array([years]))
        growth = 1 - math.exp(-put.rate * years)
        twice, slope = 2 * put.rate / put.vol**2, 2 * (put.rate - put.dividend) / put.vol**2 - 1
        root = math.sqrt(slope**2 + 4 * twice / growth)
        power, steeper = -(slope + root) / 2, twice / (growth**2 * root)
        kept, paid = math.exp(-put.dividend * years), put.strike * math.exp(-put.rate * years)
        decay = put.rate * paid * norm.cdf(-low) - put.dividend * spot * kept * norm.cdf(-high)
        decay -= put.vol * spot * kept * norm.pdf(high) / (2 * math.sqrt(years))
        gain = put.strike - spot - price
        scale = (1 - growth) * twice / (2 * power + slope)
        # c₀ times the gain, which may be 0.
        correction = -scale * (
            gain / growth
            - decay * math.exp(put.rate * years) / put.rate
            + gain * steeper / (2 * power + slope)
        )
        return float((1 - kept * norm.cdf(-high)) * spot + power * gain + correction)

    count = points - 1
    times = put.years * ((1 + np.cos(np.pi * np.arange(count) / count)) / 2) ** 2
    found = [brentq(lack, 1e-3 * put.strike, put.top * 1.5, (years,), 1e-12) for years in times]
    depths = np.log(put.top / np.array(found))
    return float(Boundary(put, depths).value(np.array([put.spot]), np.array([put.years]))[0])


PUTS: Final = (
    Put(100.0, 120.0, 10.0, 0.25, 0.10, 0.03),
    Put(100.0, 100.0, 1.0, 0.25, 0.025, 0.0),
    Put(100.0, 100.0, 1.0, 0.25, 0.05, 0.05),
    Put(100.0, 100.0, 1.0, 0.25, 0.075, 0.05),
    Put(100.0, 95.0, 1.0, 0.25, 0.075, 0.05),
    Put(100.0, 110.0, 0.25, 0.20, 0.04, 0.08),
    Put(100.0, 90.0, 2.0, 0.40, 0.05, 0.02),
    Put(20.0, 25.0, 0.25, 0.80, 0.05, 0.0089),
    Put(20.0, 18.0, 0.08, 1.00, 0.05, 0.0089),
    Put(100.0, 100.0, 3.0, 0.15, 0.01, 0.03),
    Put(40.0, 45.0, 7 / 12, 0.30, 0.0488, 0.0),
)
TAKEN_FOR: Final = (22.97383256003585, 8.871505915120776)
"""What collections of test values have for the first two."""


def main() -> None:
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*Put.__annotations__, "right", "value", "source"])
        for put in PUTS:
            boundary = solved(put)
            value = float(boundary.value(np.array([put.spot]), np.array([put.years]))[0])
            beside, left = finite_differences(put), unmatched(boundary)
            print(f"{put}: {value:.10f}, finite differences {beside:.10f}, value matching to {left:.1e}")
            if left > UNMATCHED or abs(beside - value) > BESIDE * put.strike:
                raise ArithmeticError(f"{put}: {value} is not sure")
            table.writerow([*vars(put).values(), "P", repr(value), SOURCE])
    for put, told in zip(PUTS, TAKEN_FOR, strict=False):
        print(f"{put}: QD+ {qd_plus(put):.10f}, of collections {told:.10f}")


if __name__ == "__main__":
    main()
