"""What a claim is, what a row of the audit holds, and where an interval lies against a claimed range."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import polars as pl

from alvh.statistics import Estimate

__all__ = ["ABOVE_0", "BELOW_0", "SCHEMA", "Claim", "Measured", "Range", "Reading"]

Reading = Literal["inside", "outside", "straddles", "-"]

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "claim": pl.String,
    "variant": pl.String,
    "claimed": pl.String,
    "measured": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
    "n": pl.Int64,
    "p_value": pl.Float64,
    "market": pl.String,
    "reading": pl.String,
    "readings": pl.List(pl.Struct({"market": pl.String, "measured": pl.Float64, "reading": pl.String})),
    "verdict": pl.String,
    "why": pl.String,
}


@dataclass(frozen=True)
class Claim:
    """A claim in our own words.

    Attributes
    ----------
    id
        Requirement.
    text
        What is claimed.
    needs
        What must be built before it can be measured; empty for claims that `audit` measures.
    """

    id: str
    text: str
    needs: str = ""


class Range(NamedTuple):
    """What is claimed: the values from `low` to `high`, and how the audit writes them."""

    low: float
    high: float
    words: str

    def reading(self, estimate: Estimate) -> Reading:
        """Say where the interval of an estimate lies.

        Examples
        --------
        >>> claimed = Range(0.4, 0.6, "40 to 60%")
        >>> [claimed.reading(Estimate(0.5, *bounds)) for bounds in ((0.45, 0.55), (0.3, 0.5), (0.1, 0.2))]
        ['inside', 'straddles', 'outside']
        """
        if estimate.low >= self.low and estimate.high <= self.high:
            return "inside"
        if estimate.high < self.low or estimate.low > self.high:
            return "outside"
        return "straddles"


_LEAST = math.ulp(0.0)

ABOVE_0 = Range(_LEAST, math.inf, "above 0")
BELOW_0 = Range(-math.inf, -_LEAST, "below 0")
"""Without 0 itself: where two arms do the same on every path the claimed difference is not there."""


@dataclass(frozen=True)
class Measured:
    """A row of the audit: what was measured for one variant of a claim.

    Attributes
    ----------
    claimed
        The claimed range, or words where the reading does not follow from one.
    note
        What must stand beside the figure.
    estimate
        The figure and its interval; what has no interval, such as the mean of one path, is not shown.
    reading
        Where the interval lies; from `claimed` unless given.
    p_value
        Of the paired test, where two arms are compared by one.
    """

    claim: Claim
    variant: str
    claimed: Range | str
    unit: str
    n: int
    note: str
    estimate: Estimate | None = None
    reading: Reading | None = None
    p_value: float | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Name the row, whatever market it was measured in."""
        return self.claim.id, self.claim.text, self.variant

    def row(self) -> dict[str, object]:
        """Return what the row says of its own market: everything but verdict and votes."""
        shown = self._shown()
        value, low, high = shown or (None, None, None)
        return {
            "id": self.claim.id,
            "claim": self.claim.text,
            "variant": self.variant,
            "claimed": self.claimed.words if isinstance(self.claimed, Range) else self.claimed,
            "measured": value,
            "low": low,
            "high": high,
            "unit": self.unit,
            "n": self.n,
            "p_value": self.p_value,
            "reading": self._read(shown),
            "why": self.note,
        }

    def _shown(self) -> Estimate | None:
        return None if self.estimate is None or any(map(math.isnan, self.estimate)) else self.estimate

    def _read(self, shown: Estimate | None) -> Reading:
        if shown is None:
            return "-"
        if self.reading is not None:
            return self.reading
        return self.claimed.reading(shown) if isinstance(self.claimed, Range) else "-"
