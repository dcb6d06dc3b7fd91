"""Price, greeks and implied volatility: European options on a forward (Black-76), American ones on an asset.

Conventions: volatilities and rates are decimal, time is in years, vega is per 1.00 of volatility, theta per
year, put deltas are negative, money is in the unit of the forward and of one option (no multiplier). All
arguments broadcast as in NumPy; scalars in, floats out. Bad rows are NaN, bad arguments raise `AlvhError`.

`price` and `implied_vol` are the compiled functions themselves. They and `greeks` read arguments where they
lie, a block of rows at a time: float64, float32 and integers (64-bit integers are rounded to 53 bits), and
one-character strings, in C or Fortran order, transposed, reversed or broadcast. Arrays with gaps such as
`a[::2]`, other types and foreign byte order are copied once, at their own size; so are masked arrays, whose
masked elements are missing. Rights may be a Polars column of strings or categories: it is read without a
Python string per row. Calls with thousands of rows release the interpreter; from 32,768 rows on they
use a thread for every 16,384 rows, up to one per processor.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alvh import _core
from alvh._core import implied_vol, implied_vol_american, price, price_american

__all__ = [
    "AmericanGreeks",
    "Greeks",
    "Status",
    "greeks",
    "greeks_american",
    "implied_vol",
    "implied_vol_american",
    "price",
    "price_american",
]


class Status(IntEnum):
    """Why a row of `implied_vol` has a volatility or none.

    Examples
    --------
    >>> Status(1).name
    'BELOW_INTRINSIC'
    """

    OK = 0
    """There is one volatility that gives the price."""
    BELOW_INTRINSIC = 1
    """The price is below the discounted intrinsic value."""
    ABOVE_MAX = 2
    """The price reaches its bound for infinite volatility: the discounted forward (call) or strike (put)."""
    INVALID = 3
    """A term is NaN or outside its domain."""


class Greeks(NamedTuple):
    """Price and greeks of `greeks`: floats or arrays of one shape; None where not asked for.

    V is the discounted price, F the forward, σ the volatility, T the time to expiry in years, D = exp(-r T)
    the discount factor. The forward is held fixed in every derivative; time derivatives let the discount run
    at its own rate r = -ln(D)/T (zero at T = 0).
    """

    price: float | NDArray[np.float64] | None = None
    """V."""
    delta: float | NDArray[np.float64] | None = None
    """∂V/∂F: in [0, D] for calls, [-D, 0] for puts."""
    gamma: float | NDArray[np.float64] | None = None
    """∂²V/∂F²."""
    vega: float | NDArray[np.float64] | None = None
    """∂V/∂σ, per 1.00 of volatility."""
    theta: float | NDArray[np.float64] | None = None
    """-∂V/∂T: the change as calendar time passes, per year."""
    rho: float | NDArray[np.float64] | None = None
    """∂V/∂r = -T V."""
    vanna: float | NDArray[np.float64] | None = None
    """∂²V/∂F∂σ."""
    volga: float | NDArray[np.float64] | None = None
    """∂²V/∂σ²."""
    charm: float | NDArray[np.float64] | None = None
    """-∂delta/∂T, per year."""
    speed: float | NDArray[np.float64] | None = None
    """∂³V/∂F³."""
    zomma: float | NDArray[np.float64] | None = None
    """∂³V/∂F²∂σ."""
    color: float | NDArray[np.float64] | None = None
    """-∂gamma/∂T, per year."""
    veta: float | NDArray[np.float64] | None = None
    """-∂vega/∂T, per year."""
    ultima: float | NDArray[np.float64] | None = None
    """∂³V/∂σ³."""


def greeks(
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    *,
    discount: ArrayLike = 1.0,
    which: str | Sequence[str] | None = None,
    out: Greeks | None = None,
) -> Greeks:
    """Price and thirteen greeks in one pass.

    Parameters
    ----------
    forward : array_like
        Forward price for the expiry of the option, ≥ 0.
    strike : array_like
        Strike, ≥ 0, in the unit of the forward.
    years : array_like
        Time to expiry in years, ≥ 0.
    vol : array_like
        Volatility, decimal, per square root of a year, ≥ 0.
    right : array_like
        "C" or "P", +1 or -1, or an array or column of either.
    discount : array_like, default 1.0
        Discount factor to expiry, > 0.
    which : str or sequence of str, optional
        The fields to fill; the others are None. Default: those that `out` has arrays for, else all.
    out : Greeks, optional
        Arrays to write into: float64 in C order, of the broadcast shape, sharing no memory with arguments.

    Returns
    -------
    Greeks
        The arrays of `out` where given, else new ones; floats if all arguments are scalars.

    Raises
    ------
    AlvhError
        If shapes do not broadcast, a name in `which` is unknown, an array of `out` does not fit, or an
        argument is no number, right or array of them.

    Notes
    -----
    Definitions, signs and units: `Greeks`. A row with a term outside its domain is NaN. Where σ√T = 0 or a
    wing is so far that the density vanishes, all fields but price, delta, theta, rho and charm are zero. At
    σ√T = 0 with the strike at the forward, delta is half of ±D and the others are limits, which may be
    infinite (gamma is).

    A forward or strike from 2**1000 (1e301) on is outside the domain. A subnormal one counts as 0. Infinite
    `vol` at zero `years`, and infinite `years` at zero `vol`, are NaN: 0 · ∞ has no limit.

    Examples
    --------
    >>> g = greeks(5000.0, 4800.0, 30 / 365, 0.16, "P", which=["delta", "vega"])
    >>> round(g.delta, 6), round(g.vega, 4), g.gamma
    (-0.180654, 376.9963, None)
    """
    return Greeks._make(
        _core.greeks(forward, strike, years, vol, right, discount=discount, which=which, out=out)
    )


class AmericanGreeks(NamedTuple):
    """Price and greeks of `greeks_american`: floats or arrays of one shape; None where not asked for.

    V is the price, S the spot, σ the volatility, T the time to expiry in years, r the rate.
    """

    price: float | NDArray[np.float64] | None = None
    """V."""
    delta: float | NDArray[np.float64] | None = None
    """∂V/∂S: 1 or -1 where the option is exercised now."""
    gamma: float | NDArray[np.float64] | None = None
    """∂²V/∂S², 0 where the option is exercised now."""
    vega: float | NDArray[np.float64] | None = None
    """∂V/∂σ, per 1.00 of volatility."""
    theta: float | NDArray[np.float64] | None = None
    """-∂V/∂T: the change as calendar time passes, per year; 0 where the option is exercised now."""
    rho: float | NDArray[np.float64] | None = None
    """∂V/∂r, the dividend yield held."""


def greeks_american(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    *,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    which: str | Sequence[str] | None = None,
) -> AmericanGreeks:
    """Price and greeks of American options.

    Parameters
    ----------
    spot, strike, years, vol, right, rate, dividend : array_like
        As for `price_american`.
    which : str or sequence of str, optional
        The fields to fill; the others are None. Default: all.

    Returns
    -------
    AmericanGreeks
        Arrays; floats if all arguments are scalars.

    Raises
    ------
    AlvhError
        If shapes do not broadcast, a name in `which` is unknown, or an argument is no number, right or
        array of them.

    Notes
    -----
    Delta and gamma are derivatives of the integral over the boundary, theta what Black and Scholes's equation
    makes of them, vega and rho central differences. A row outside the domain is NaN.

    Examples
    --------
    >>> g = greeks_american(40.0, 45.0, 7 / 12, 0.3, "P", rate=0.0488, which=["delta", "vega"])
    >>> round(g.delta, 4), round(g.vega, 3), g.gamma
    (-0.652, 10.921, None)
    """
    return AmericanGreeks._make(
        _core.greeks_american(spot, strike, years, vol, right, rate=rate, dividend=dividend, which=which)
    )
