"""What facts are computed from: closes of some paths, and VIX futures beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["SESSIONS_PER_YEAR", "TENORS", "Futures", "Panel"]

Floats = NDArray[np.float64]

SESSIONS_PER_YEAR: Final = 252

TENORS: Final = (18, 38, 75, 165)
"""Calendar days to settlement at which the volatility of a VIX future is measured."""


@dataclass(frozen=True, eq=False)
class Futures:
    """VIX futures on the sessions of a panel.

    Parameters
    ----------
    vix, front, second : array
        Closes of VIX and of the two nearest contracts, volatility points, one shape.
    moves : mapping of int to array
        Per entry of `TENORS`, daily changes of the logarithm of one contract about that far from settlement.
    """

    vix: Floats
    front: Floats
    second: Floats
    moves: Mapping[int, Floats]


@dataclass(frozen=True, eq=False)
class Panel:
    """Daily closes of one or more paths of the same length; history is a panel of one path.

    Parameters
    ----------
    spot : array of paths x sessions
        SPX, index points.
    vix : array of paths x sessions
        VIX, volatility points.
    futures : Futures, optional
        VIX futures of the same paths; None where they are not known.

    Examples
    --------
    >>> panel = Panel(np.array([[100.0, 101.0, 99.0]]), np.array([[15.0, 14.0, 18.0]]))
    >>> panel.returns.round(4).tolist(), round(panel.years, 4)
    ([[0.01, -0.02]], 0.0119)
    """

    spot: Floats
    vix: Floats
    futures: Futures | None = None

    @cached_property
    def returns(self) -> Floats:
        """Daily log returns of SPX."""
        return np.diff(np.log(self.spot), axis=1)

    @cached_property
    def ln_vix(self) -> Floats:
        """Logarithm of VIX."""
        return np.log(self.vix)

    @cached_property
    def vix_moves(self) -> Floats:
        """Daily changes of ln VIX."""
        return np.diff(self.ln_vix, axis=1)

    @property
    def years(self) -> float:
        """Length of all paths together, years of 252 sessions."""
        return self.vix.size / SESSIONS_PER_YEAR

    def path(self, number: int, years: int | None = None) -> Panel:
        """Return one path as a panel, of its first `years` only if given."""
        one = (slice(number, number + 1), slice(None if years is None else years * SESSIONS_PER_YEAR))
        held = self.futures
        if held is not None:
            moves = {days: each[one] for days, each in held.moves.items()}
            held = Futures(held.vix[one], held.front[one], held.second[one], moves)
        return Panel(self.spot[one], self.vix[one], held)

    def __len__(self) -> int:
        return len(self.vix)
