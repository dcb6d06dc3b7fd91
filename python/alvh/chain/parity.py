"""Forward and discount of each expiry by put–call parity: call − put = D (F − K), robustly, all at once.

The line through the pairs is fitted with weights by spread. It starts at the median of the pairs nearest the
money, passes rounds of Cauchy weights, then of biweights, and ends with least squares on the pairs near it:
outliers have no say, and a line through clean pairs is found to the last digits. Where it starts and how wide
it may be is said by the tight pairs alone: far in the money, quotes can be ten times as wide and their mids
wrong all together. The underlying's own price is never used: an index closes before its options, and VIX
options price off a future.
"""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

RATE: Final = 0.04
"""A year, decimal, continuously compounded: discounts expiries whose pairs tell no discount."""

FITS: Final = {
    "parity": "forward and discount from the pairs",
    "rate": "forward from the pairs, discount from `rate`: the pairs are too few or their strikes too near",
    "none": "no call and put of one strike both have a two-sided quote",
}
FIT: Final = pl.Enum(list(FITS))

LEAST_PAIRS: Final = 5
RATE_ERROR: Final = 0.02  # standard error of the implied rate, a year, up to which it is believed
DISCOUNTS: Final = (0.5, 1.1)
NEAREST: Final = 15  # pairs that start the fit
ROUNDS: Final = 3
CAUCHY: Final = 2.385  # deviations; 95% efficient under normal errors, as is
BIWEIGHT: Final = 4.685
DEVIATIONS: Final = 1.4826  # of a normal distribution, in medians of its absolute value
KEPT: Final = 4.0  # deviations
TIGHT: Final = (0.25, 2.0)  # spreads up to twice their lower quartile say where the line is
LEAST_DEVIATION: Final = 0.05  # of the spread: pairs are not believed to be nearer the line
DAYS_A_YEAR: Final = 365.0

Floats = NDArray[np.float64]


def fitted(pairs: pl.DataFrame, expiries: pl.DataFrame, rate: float) -> pl.DataFrame:
    """Return `expiries` with their forward and discount.

    Parameters
    ----------
    pairs : DataFrame
        `expiry`, an index into `expiries`; `strike`; `difference`, call mid less put mid; `half_spread` of
        both together, all points.
    expiries : DataFrame
        With `days`, calendar.
    rate : float
        For expiries that tell no discount.

    Returns
    -------
    DataFrame
        With `forward`, `discount`, `fit`, `pairs`, `trimmed` pairs, and `parity_error`, the root mean square
        of what the kept pairs miss the line by, points.
    """
    n = expiries.height
    pairs = pairs.sort("expiry")
    segment = pairs["expiry"].to_numpy().astype(np.intp)
    strike, difference = pairs["strike"].to_numpy(), pairs["difference"].to_numpy()
    count = np.bincount(segment, minlength=n)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = pairs["half_spread"].to_numpy()
        # a locked quote is not infinitely right: half of a tight spread is added to its own
        spread = spread + 0.5 * _ordered(segment, spread, count, TIGHT[0])[segment] + 1e-9 * strike
        years = expiries["days"].cast(pl.Float64).to_numpy() / DAYS_A_YEAR
        fallback = np.exp(-rate * years)
        line = _Lines(segment, strike, difference, spread, count, discount=fallback)
        forward, discount, error, missed, kept = line.fit()
        used = np.bincount(segment, kept, minlength=n)
        told = (used >= LEAST_PAIRS) & (error <= RATE_ERROR * np.maximum(years, 1.0 / DAYS_A_YEAR))
        told &= (discount > DISCOUNTS[0]) & (discount < DISCOUNTS[1])
        # where the discount is only assumed, pairs far from the money say less about the forward
        doubt = RATE_ERROR * years[segment] * difference
        weight = kept / (spread**2 + doubt**2)
        assumed = _sum(segment, weight * (strike + difference / fallback[segment]), n) / _sum(
            segment, weight, n
        )
    forward = np.where(told, forward, assumed)
    discount = np.where(told, discount, fallback)
    found = count > 0
    fit = np.where(told, 0, np.where(found & np.isfinite(forward) & (forward > 0.0), 1, 2)).astype(np.uint8)
    none = fit == 2
    forward[none], discount[none], missed[none] = np.nan, np.nan, np.nan
    return expiries.with_columns(
        pl.Series("forward", forward).fill_nan(None),
        pl.Series("discount", discount).fill_nan(None),
        pl.Series("fit", fit).replace_strict(dict(enumerate(FITS)), return_dtype=FIT),
        pl.Series("pairs", count, dtype=pl.UInt32),
        pl.Series("trimmed", (count - used).astype(np.int64), dtype=pl.UInt32),
        pl.Series("parity_error", missed).fill_nan(None),
    )


class _Lines:
    """Weighted lines through the pairs of every expiry, strikes measured from a first forward."""

    def __init__(
        self,
        segment: NDArray[np.intp],
        strike: Floats,
        difference: Floats,
        spread: Floats,
        count: NDArray[np.intp],
        *,
        discount: Floats,
    ) -> None:
        self.segment, self.count, self.n = segment, count, len(count)
        self.y, self.spread, self.discount = difference, spread, discount
        quartile = _ordered(segment, spread, count, TIGHT[0])
        self.tight = np.flatnonzero(spread <= TIGHT[1] * quartile[segment])
        self.start = self._near_the_money(strike)
        self.x = (strike - self.start[segment]) / self.start[segment]

    def _near_the_money(self, strike: Floats) -> Floats:
        segment = self.segment[self.tight]
        order = self.tight[np.lexsort((np.abs(self.y[self.tight]), segment))]
        count = np.bincount(segment, minlength=self.n)
        near = order[np.arange(len(order)) - (np.cumsum(count) - count)[segment] < NEAREST]
        segment = self.segment[near]
        forwards = strike[near] + self.y[near] / self.discount[segment]
        return _median(segment, forwards, np.bincount(segment, minlength=self.n))

    def fit(self) -> tuple[Floats, Floats, Floats, Floats, NDArray[np.bool_]]:
        """Return forward, discount, relative error of the discount, root mean square miss, and pairs kept."""
        base = self.spread**-2.0
        level, slope = np.zeros(self.n), -self.discount * self.start
        admitted = np.zeros_like(base)
        admitted[self.tight] = base[self.tight]
        for _ in range(ROUNDS):  # to the tight pairs: every one has some say
            miss, scale = self._misses(level, slope)
            level, slope, _ = self._line(admitted / (1.0 + (miss / (CAUCHY * scale[self.segment])) ** 2))
        for _ in range(ROUNDS):  # to all pairs: what is far has none
            miss, scale = self._misses(level, slope)
            off = np.minimum(miss / (BIWEIGHT * scale[self.segment]), 1.0)
            level, slope, _ = self._line(base * (1.0 - off**2) ** 2)
        miss, scale = self._misses(level, slope)
        kept = miss <= KEPT * scale[self.segment]
        weight = base * kept
        level, slope, deviation = self._line(weight)
        residual = self.y - level[self.segment] - slope[self.segment] * self.x
        used = np.bincount(self.segment, kept, minlength=self.n)
        variance = _sum(self.segment, weight * residual**2, self.n) / np.maximum(used - 2.0, 1.0)
        variance = np.maximum(variance, LEAST_DEVIATION**2)  # on a coarse tick pairs agree by chance
        error = np.sqrt(variance / deviation) / np.abs(slope)
        missed = np.sqrt(_sum(self.segment, kept * residual**2, self.n) / used)
        return self.start * (1.0 - level / slope), -slope / self.start, error, missed, kept

    def _misses(self, level: Floats, slope: Floats) -> tuple[Floats, Floats]:
        """Return how many spreads each pair lies off its line, and the deviation of that by expiry."""
        miss = np.abs(self.y - level[self.segment] - slope[self.segment] * self.x) / self.spread
        tight = self.segment[self.tight]
        scale = DEVIATIONS * _median(tight, miss[self.tight], np.bincount(tight, minlength=self.n))
        return miss, np.maximum(scale, LEAST_DEVIATION)

    def _line(self, weight: Floats) -> tuple[Floats, Floats, Floats]:
        """Return level, slope and weighted squared deviation of x of each expiry's line."""
        total = _sum(self.segment, weight, self.n)
        x = _sum(self.segment, weight * self.x, self.n) / total
        y = _sum(self.segment, weight * self.y, self.n) / total
        off = self.x - x[self.segment]
        deviation = _sum(self.segment, weight * off**2, self.n)
        slope = _sum(self.segment, weight * off * (self.y - y[self.segment]), self.n) / deviation
        slope = np.where(deviation > 0.0, slope, -self.discount * self.start)
        return y - slope * x, slope, deviation


def _sum(segment: NDArray[np.intp], values: Floats, n: int) -> Floats:
    return np.bincount(segment, values, minlength=n).astype(np.float64, copy=False)


def _median(segment: NDArray[np.intp], values: Floats, count: NDArray[np.intp]) -> Floats:
    return _ordered(segment, values, count, 0.5)


def _ordered(segment: NDArray[np.intp], values: Floats, count: NDArray[np.intp], share: float) -> Floats:
    """Return the lower quantile of each segment's values, NaN of none; `segment` ascends."""
    rows = np.full((len(count), max(count.max(initial=0), 1)), np.inf)
    rows[segment, np.arange(len(values)) - (np.cumsum(count) - count)[segment]] = values
    rows.sort(axis=1)
    rank = (share * np.maximum(count - 1, 0)).astype(np.intp)
    return np.where(count > 0, rows[np.arange(len(count)), rank], np.nan)
