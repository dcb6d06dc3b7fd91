"""Geometric Brownian motion: an oracle."""

from typing import Literal

from alvh.market.defaults import GBM as _GBM
from alvh.market.drawn import Drawn
from alvh.market.number import Number

__all__ = ["GBM"]


class GBM(Drawn):
    """Geometric Brownian motion: constant volatility, an oracle with closed forms.

    VIX and VIX futures are 100 times `vol` at all times.

    Parameters
    ----------
    vol : float
        Volatility, a year.
    spot : float
        The start, in points.
    rate, dividend_yield : float
        A year, continuously compounded.
    erp : float
        Equity risk premium: excess of the mean return of SPX over `rate`, a year.
    surface_shift : float
        Vol points by which options are dearer than `vol`, -5 to 5; VIX and SPX stay.

    Examples
    --------
    >>> float(GBM(vol=0.2).quotes(5000, 21).implied_vol.round(6))
    0.2
    """

    model: Literal["gbm"] = "gbm"
    vol: Number = _GBM["vol"]
    spot: Number = _GBM["spot"]
    rate: Number = _GBM["rate"]
    dividend_yield: Number = _GBM["dividend_yield"]
    erp: Number = _GBM["erp"]
    surface_shift: Number = _GBM["surface_shift"]
