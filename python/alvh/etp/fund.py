"""A fund that pays a multiple of the daily change of an index of VIX futures, less its fee."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from alvh.described import Described
from alvh.errors import AlvhError

DAYS_A_YEAR: Final = 365.0
LARGEST_LEVERAGE: Final = 3.0
LARGEST_FEE: Final = 0.10


class Fund(Described):
    """A fund on the index of short-term VIX futures: its leverage is reset at every close.

    Parameters
    ----------
    leverage : float, default 1.0
        Multiple of the index's daily change, -3 to 3: 1 of VXX and VIXY, 2 and since 2018-02-28 1.5 of
        UVXY, -1 and since then -0.5 of SVXY.
    fee : float, default 0.0089
        Of its value, a year: 0.89% of VXX; 0.95% of SVXY and UVXY, brokerage apart.

    Raises
    ------
    SpecError
        A parameter out of its range.

    Notes
    -----
    From one close to the next, with c the change of the index (excess return), L the leverage, r the bill
    rate, f the fee and d calendar days between the closes::

        P' = P · max(1 + L c + exp(r d/365) − 1, 0) · (1 − f d/365)

    The collateral earns the bill rate whatever the leverage is; the fee is taken from what is left, as the
    pricing supplements of the notes define it. A fund is worth no less than nothing: where L c reaches −1 it
    ends there, and stays there. Notes end earlier, by a clause of acceleration (XIV on 2018-02-05), which is
    not modelled. Sources: the issuers' prospectuses.

    Examples
    --------
    >>> Fund(leverage=-1, fee=0.0095).values([0.02, -0.01], days=[1, 3]).round(3).tolist()
    [100.0, 97.997, 98.97]
    """

    leverage: float = Field(default=1.0, ge=-LARGEST_LEVERAGE, le=LARGEST_LEVERAGE)
    fee: float = Field(default=0.0089, ge=0.0, le=LARGEST_FEE)

    def values(
        self, change: ArrayLike, *, days: ArrayLike, rate: ArrayLike = 0.0, start: float = 100.0
    ) -> NDArray[np.float64]:
        """Return what a share is worth at every close.

        Parameters
        ----------
        change : array_like
            Changes of the index from close to close, decimal; time along the last axis.
        days : array_like
            Calendar days of each change; broadcasts against `change`.
        rate : array_like, default 0.0
            Bill rate over each change, a year, continuously compounded; likewise.
        start : float, default 100.0
            What a share is worth before the first change, dollars.

        Returns
        -------
        ndarray
            One element more along the last axis than `change`, `start` first. A missing change (NaN)
            leaves all values after it missing.

        Raises
        ------
        AlvhError
            `start` is not positive, or shapes do not broadcast.
        """
        if not (start > 0.0 and np.isfinite(start)):
            raise AlvhError(f"start = {start!r}: must be positive dollars, what a share is worth at first")
        try:
            moves, nights, rates = np.broadcast_arrays(
                *(np.asarray(each, np.float64) for each in (np.atleast_1d(change), days, rate))
            )
        except ValueError as error:
            raise AlvhError(f"change, days, rate do not broadcast: {error}. Mend: give one shape") from None
        grown = np.maximum(1.0 + self.leverage * moves + np.expm1(rates * nights / DAYS_A_YEAR), 0.0)
        kept = grown * (1.0 - self.fee * nights / DAYS_A_YEAR)
        first = np.full((*kept.shape[:-1], 1), start)
        return np.concatenate([first, start * np.cumprod(kept, axis=-1)], axis=-1)
