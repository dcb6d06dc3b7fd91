"""How far results are from the truth; what is not a number is counted, never skipped."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from benches.pricing.inputs import Floats

HALF_UNIT = 2.0**-53
LEAST_SOLVABLE_PRICE = 1e-290
WELL_POSED = 0.005
"""A volatility is asked for if its attainable error is smaller than this part of it."""
GROSS = 1e-9
UNITS = 16.0
"""A volatility is wrong if off by more than `GROSS` of itself and by more than `UNITS` attainable errors.

Solvers that iterate stop at a tolerance, 1e-12 or so: far more than is attainable, but a right answer. What
they lose is told by the largest error, not by the count of wrong answers.
"""


@dataclass(frozen=True)
class Error:
    """The largest error, None if a row is no number, and how many rows are none."""

    worst: float | None
    missing: int

    def asdict(self) -> dict[str, float | None]:
        """As JSON has it."""
        return asdict(self)


@dataclass(frozen=True)
class VolError:
    """Implied volatilities against those that made the prices.

    `solvable` rows determine their volatility to `WELL_POSED` or better; `wrong` of these are wrong and
    `missing` are no numbers; `units` is the largest error of the others in attainable errors, None if there
    are no others.
    """

    solvable: int
    wrong: int
    missing: int
    units: float | None

    @property
    def unsolved(self) -> float:
        """The share of solvable rows without a right answer."""
        return (self.wrong + self.missing) / self.solvable

    def asdict(self) -> dict[str, float | None]:
        """As JSON has it."""
        return asdict(self) | {"unsolved": self.unsolved}


def relative(found: Floats, truth: Floats, *, above: float) -> Error:
    """Largest relative error of the rows whose truth is above a bound."""
    asked = truth > above
    return _worst(np.abs(found - truth)[asked] / truth[asked])


def of_the_largest(found: Mapping[str, Floats], truth: Mapping[str, Floats]) -> Error:
    """Largest error of any column, each in units of the largest magnitude of its column."""
    errors = [
        np.abs(np.asarray(column) - truth[name]) / np.abs(truth[name]).max() for name, column in found.items()
    ]
    return _worst(np.concatenate(errors))


def implied_vol(found: Floats, vol: Floats, price: Floats, vega: Floats) -> VolError:
    """Errors in attainable ones: what half a unit in the last place of price and half a unit of vol move."""
    with np.errstate(divide="ignore", invalid="ignore"):
        attainable = HALF_UNIT * (price / vega + vol)
        solvable = (attainable < WELL_POSED * vol) & (price > LEAST_SOLVABLE_PRICE)
    error, attainable, vol, found = (x[solvable] for x in (np.abs(found - vol), attainable, vol, found))
    missing = ~np.isfinite(found)
    wrong = ~missing & (error > np.maximum(UNITS * attainable, GROSS * vol))
    good = ~missing & ~wrong
    units = float(np.max(error[good] / attainable[good])) if good.any() else None
    return VolError(int(solvable.sum()), int(wrong.sum()), int(missing.sum()), units)


def _worst(errors: Floats) -> Error:
    missing = int((~np.isfinite(errors)).sum())
    return Error(None if missing else float(np.max(errors, initial=0.0)), missing)
