"""The slices of one root in time: total variance, forward and discount at any moment, and the density."""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

RAW: Final = ("a", "b", "rho", "m", "sigma")
"""The raw SVI parameters: w = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2))."""


def total_variance(k: str) -> pl.Expr:
    """Return w of a column of log-moneyness from the columns of `RAW`."""
    a, b, rho, m, sigma = (pl.col(name) for name in RAW)
    x = pl.col(k) - m
    return a + b * (rho * x + (x**2 + sigma**2).sqrt())


class Term(NamedTuple):
    """Slices by time, none at the time of another."""

    years: Floats
    forward: Floats
    discount: Floats
    raw: Floats  # a row for each of `RAW`

    @classmethod
    def of(cls, expiries: pl.DataFrame) -> "Term":
        """Return the slices of rows of `Surface.expiries` that ascend in time."""
        years, forward, discount = (expiries[name].to_numpy() for name in ("years", "forward", "discount"))
        return cls(years, forward, discount, expiries.select(RAW).to_numpy().T)

    def variance(self, k: Floats, years: Floats) -> Floats:
        """Return w: in time a straight line between two slices at the same log-moneyness."""
        later = np.clip(np.searchsorted(self.years, years), 0, len(self.years) - 1)
        earlier = np.maximum(later - 1, 0)
        above, below = self._slice(later, k), self._slice(earlier, k)
        start, end = self.years[earlier], self.years[later]
        with np.errstate(invalid="ignore", divide="ignore"):
            inside = below + (above - below) * ((years - start) / (end - start))
        first = above * (years / self.years[0])
        beyond = np.maximum(years / self.years[-1] - 1.0, 0.0)
        last = above + beyond * self._slice(later, np.zeros_like(k))
        w: Floats = np.where(years <= self.years[0], first, np.where(beyond > 0.0, last, inside))
        return w

    def terms(self, years: Floats) -> tuple[Floats, Floats]:
        """Return forward and discount: ln forward and the rate are straight lines in time."""
        forward = np.exp(np.interp(years, self.years, np.log(self.forward)))
        rate = -np.log(self.discount) / self.years
        return forward, np.exp(-years * np.interp(years, self.years, rate))

    def density(self, strike: Floats) -> Floats:
        """Return the density of the settlement of the first slice: g phi(d2) / (K sqrt w)."""
        _, b, rho, m, sigma = self.raw[:, 0]
        k = np.log(strike / self.forward[0])
        w = self._slice(np.zeros(k.shape, dtype=np.intp), k)
        q = np.sqrt((k - m) ** 2 + sigma**2)
        slope, curvature = b * (rho + (k - m) / q), b * sigma**2 / q**3
        g = (1.0 - 0.5 * k * slope / w) ** 2 - 0.25 * slope**2 * (1.0 / w + 0.25) + 0.5 * curvature
        d2 = -k / np.sqrt(w) - 0.5 * np.sqrt(w)
        found: Floats = g * np.exp(-0.5 * d2**2) / np.sqrt(2.0 * np.pi * w) / strike
        return found

    def _slice(self, index: NDArray[np.intp], k: Floats) -> Floats:
        a, b, rho, m, sigma = self.raw[:, index]
        x = k - m
        w: Floats = a + b * (rho * x + np.sqrt(x**2 + sigma**2))
        return w
