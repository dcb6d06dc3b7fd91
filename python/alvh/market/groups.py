"""Groups of parameters that several models share: the VIX curve, how it moves, and the smiles."""

from typing import Self

from alvh.described import Described
from alvh.market.defaults import L3F
from alvh.market.number import Number

__all__ = ["Curve", "Dynamics", "Smile", "SmileState", "Triple", "VixSmile"]

Triple = tuple[Number, Number, Number]

_CURVE, _DYNAMICS, _SMILE, _VIX_SMILE, _SMILE_STATE = (
    L3F[each] for each in ("curve", "dynamics", "smile", "vix_smile", "smile_state")
)


class Curve(Described):
    """The VIX and its futures as functions of three factors: VIX = floor + exp(level + x0 + x1 + x2).

    Parameters
    ----------
    floor : float
        Floor of VIX, in points.
    level : float
        Level of ln(VIX - floor) to which futures revert.
    reversion : tuple of 3 floats
        Speeds of mean reversion under the pricing measure, a year: fast, medium, slow.
    vol : tuple of 3 floats
        Volatilities of the factors, a square-root year.
    correlation : tuple of 3 floats
        Correlations of the factors (0,1), (0,2), (1,2).
    slope_short, slope_long : float
        Slope of ln(K - floor) in ln(tenor) below and above 30 days, K being the variance-swap volatility.

    Examples
    --------
    >>> Curve(floor=7).floor
    7.0
    """

    floor: Number = _CURVE["floor"]
    level: Number = _CURVE["level"]
    reversion: Triple = _CURVE["reversion"]
    vol: Triple = _CURVE["vol"]
    correlation: Triple = _CURVE["correlation"]
    slope_short: Number = _CURVE["slope_short"]
    slope_long: Number = _CURVE["slope_long"]


class Dynamics(Described):
    """How the factors and SPX move from session to session.

    Parameters
    ----------
    reversion : tuple of 3 floats
        Speeds of mean reversion of the factors in the real world, a year.
    mean : tuple of 3 floats
        Means of the factors.
    realised_share : float
        Volatility of SPX returns as a share of the spot VIX.
    spot_correlation : tuple of 3 floats
        Correlations of the SPX shock with the factors' shocks.
    wild_probability : float
        Probability that a session is wild.
    wild_variance : float
        Variance of a wild session, the average session's being 1.
    wild_shift : tuple of 4 floats
        Shift of the shocks of SPX and the factors per unit of excess variance.
    overnight_share : float
        Share of a session's variance that falls between the close before and the opening.
    soq_sd : float
        Standard deviation of ln(special quotation / VIX at the opening), the settlement of VIX products.

    Examples
    --------
    >>> Dynamics(wild_probability=0.0).wild_probability
    0.0
    """

    reversion: Triple = _DYNAMICS["reversion"]
    mean: Triple = _DYNAMICS["mean"]
    realised_share: Number = _DYNAMICS["realised_share"]
    spot_correlation: Triple = _DYNAMICS["spot_correlation"]
    wild_probability: Number = _DYNAMICS["wild_probability"]
    wild_variance: Number = _DYNAMICS["wild_variance"]
    wild_shift: tuple[Number, Number, Number, Number] = _DYNAMICS["wild_shift"]
    overnight_share: Number = _DYNAMICS["overnight_share"]
    soq_sd: Number = _DYNAMICS["soq_sd"]


class Smile(Described):
    """The SPX volatility surface: eSSVI slices.

    With l = ln(sessions / 21) and t = ln(theta / 0.0025), where theta is the at-the-money total variance,
    ``|rho| = clip(skew_level + skew_slope t, skew_bounds)`` and
    ``ln zeta = curvature_level + curvature_tenor l + curvature_variance t``.

    Parameters
    ----------
    skew_level, skew_slope : float
        Of the absolute value of rho, as above.
    skew_bounds : tuple of 2 floats
        Bounds of the absolute value of rho.
    curvature_level, curvature_tenor, curvature_variance : float
        Of ln zeta, as above.
    short_dip : float
        Share by which the variance swap of one session lies below the curve.
    short_dip_sessions : float
        Sessions over which that fades by a factor e.
    index_scale : float
        VIX over the square root of the surface's own variance swap.
    low_vix : float
        VIX below which every volatility falls faster than VIX, in points.
    low_vix_lag : float
        How far they fall behind: there, the variance swap is multiplied by
        1 - low_vix_lag (1 - VIX / low_vix).

    Examples
    --------
    >>> Smile(skew_level=0.6).skew_level
    0.6
    """

    skew_level: Number = _SMILE["skew_level"]
    skew_slope: Number = _SMILE["skew_slope"]
    skew_bounds: tuple[Number, Number] = _SMILE["skew_bounds"]
    curvature_level: Number = _SMILE["curvature_level"]
    curvature_tenor: Number = _SMILE["curvature_tenor"]
    curvature_variance: Number = _SMILE["curvature_variance"]
    short_dip: Number = _SMILE["short_dip"]
    short_dip_sessions: Number = _SMILE["short_dip_sessions"]
    index_scale: Number = _SMILE["index_scale"]
    low_vix: Number = _SMILE["low_vix"]
    low_vix_lag: Number = _SMILE["low_vix_lag"]


class VixSmile(Described):
    """VIX options: displaced lognormal around the VX future.

    The displacement is ``min(floor + floor_front exp(-floor_decay years), floor_share F)``: what VIX cannot
    fall below until expiry. The volatility of ln(VIX - displacement) is that of the future times
    ``exp(level + slope m + curvature m^2) (1 - front exp(-front_decay years))`` with m = ln(VIX / 18).

    Parameters
    ----------
    floor : float
        Displacement of the longest options, in points.
    floor_front : float
        By how much that of the shortest lies above, in points.
    floor_decay : float
        How fast that fades with tenor, a year.
    floor_share : float
        Share of the future above which no displacement goes.
    level, slope, curvature : float
        Of the logarithm of the multiplier, as above.
    front : float
        Share by which the shortest options lie below.
    front_decay : float
        How fast that fades, a year.

    Examples
    --------
    >>> VixSmile(floor=8).floor
    8.0
    """

    floor: Number = _VIX_SMILE["floor"]
    floor_front: Number = _VIX_SMILE["floor_front"]
    floor_decay: Number = _VIX_SMILE["floor_decay"]
    floor_share: Number = _VIX_SMILE["floor_share"]
    level: Number = _VIX_SMILE["level"]
    slope: Number = _VIX_SMILE["slope"]
    curvature: Number = _VIX_SMILE["curvature"]
    front: Number = _VIX_SMILE["front"]
    front_decay: Number = _VIX_SMILE["front_decay"]


class SmileState(Described):
    """The daily state of the SPX surface: how it departs from its template, apart from VIX and its past.

    Level, skew and curvature revert to 0 session by session and start with their stationary law. SPX, VIX and
    VX futures do not see them: a market with and without has the same paths.

    Parameters
    ----------
    level_sd : float
        Standard deviation of the logarithm of the surface's variance-swap volatility over that of the VIX
        curve, the same at all tenors: 0.05 is five per cent of the volatility.
    skew_sd : float
        Standard deviation of what is added to the absolute value of rho, before its bounds.
    curvature_sd : float
        Standard deviation of what is added to ln zeta, before its bound.
    level_half_life, skew_half_life, curvature_half_life : float
        Sessions after which half of a departure is left.
    correlation : tuple of 3 floats
        Correlations on one day: (level, skew), (level, curvature), (skew, curvature).

    Examples
    --------
    >>> SmileState(level_sd=0.02).level_sd, SmileState.none().skew_sd
    (0.02, 0.0)
    """

    level_sd: Number = _SMILE_STATE["level_sd"]
    level_half_life: Number = _SMILE_STATE["level_half_life"]
    skew_sd: Number = _SMILE_STATE["skew_sd"]
    skew_half_life: Number = _SMILE_STATE["skew_half_life"]
    curvature_sd: Number = _SMILE_STATE["curvature_sd"]
    curvature_half_life: Number = _SMILE_STATE["curvature_half_life"]
    correlation: Triple = _SMILE_STATE["correlation"]

    @classmethod
    def none(cls) -> Self:
        """Return a surface that is its template on every day."""
        return cls(level_sd=0.0, skew_sd=0.0, curvature_sd=0.0)
