"""Market models: joint paths of SPX and VIX, and what options and futures cost on them.

A model is a frozen description with every parameter and its default; its paths and quotes come from the
compiled core. Conventions: index points; rates and volatilities decimal, a year, continuously compounded; VIX
and VX in points. SPX variance runs in trading sessions (252 a year), carry in calendar days (365 a year).

The defaults were estimated on data of 1990 to 2026 and are starting values, not truths.
"""

import json
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alvh import _core
from alvh.described import Described
from alvh.draws import Draws, draws_spec
from alvh.history import ChainHistory, History
from alvh.scenario import Scenario, scenario, scenarios

__all__ = [
    "GBM",
    "L3F",
    "ChainHistory",
    "Curve",
    "Dynamics",
    "History",
    "Quotes",
    "Scenario",
    "Smile",
    "SmileState",
    "VixSmile",
    "scenario",
    "scenarios",
]

Floats = NDArray[np.float64]
Triple = tuple[float, float, float]

_DAYS_PER_SESSION = 30 / 21  # the one clock: 21 sessions are 30 days
_SIGN = {"C": 1.0, "P": -1.0}


def _defaults(model: str) -> dict[str, Any]:
    """Read every parameter's default from the core, their one place."""
    spec: dict[str, Any] = json.loads(_core.market_spec(json.dumps({"model": model})))
    return spec


_L3F = _defaults("l3f")
_GBM = _defaults("gbm")
_CURVE, _DYNAMICS, _SMILE, _VIX_SMILE, _SMILE_STATE = (
    _L3F[each] for each in ("curve", "dynamics", "smile", "vix_smile", "smile_state")
)


class Quotes(NamedTuple):
    """Options of a market's start state, in the shape of the broadcast arguments."""

    forward: Floats
    """Forward of the expiry: SPX forward, or VX future."""
    discount: Floats
    """Discount factor to expiry."""
    implied_vol: Floats
    """Volatility of the SPX forward, a year of 252 sessions; NaN for VIX options and at expiry."""
    price: Floats
    """Discounted price in index points."""


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

    floor: float = _CURVE["floor"]
    level: float = _CURVE["level"]
    reversion: Triple = _CURVE["reversion"]
    vol: Triple = _CURVE["vol"]
    correlation: Triple = _CURVE["correlation"]
    slope_short: float = _CURVE["slope_short"]
    slope_long: float = _CURVE["slope_long"]


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
    realised_share: float = _DYNAMICS["realised_share"]
    spot_correlation: Triple = _DYNAMICS["spot_correlation"]
    wild_probability: float = _DYNAMICS["wild_probability"]
    wild_variance: float = _DYNAMICS["wild_variance"]
    wild_shift: tuple[float, float, float, float] = _DYNAMICS["wild_shift"]
    overnight_share: float = _DYNAMICS["overnight_share"]
    soq_sd: float = _DYNAMICS["soq_sd"]


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

    skew_level: float = _SMILE["skew_level"]
    skew_slope: float = _SMILE["skew_slope"]
    skew_bounds: tuple[float, float] = _SMILE["skew_bounds"]
    curvature_level: float = _SMILE["curvature_level"]
    curvature_tenor: float = _SMILE["curvature_tenor"]
    curvature_variance: float = _SMILE["curvature_variance"]
    short_dip: float = _SMILE["short_dip"]
    short_dip_sessions: float = _SMILE["short_dip_sessions"]
    index_scale: float = _SMILE["index_scale"]
    low_vix: float = _SMILE["low_vix"]
    low_vix_lag: float = _SMILE["low_vix_lag"]


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

    floor: float = _VIX_SMILE["floor"]
    floor_front: float = _VIX_SMILE["floor_front"]
    floor_decay: float = _VIX_SMILE["floor_decay"]
    floor_share: float = _VIX_SMILE["floor_share"]
    level: float = _VIX_SMILE["level"]
    slope: float = _VIX_SMILE["slope"]
    curvature: float = _VIX_SMILE["curvature"]
    front: float = _VIX_SMILE["front"]
    front_decay: float = _VIX_SMILE["front_decay"]


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

    level_sd: float = _SMILE_STATE["level_sd"]
    level_half_life: float = _SMILE_STATE["level_half_life"]
    skew_sd: float = _SMILE_STATE["skew_sd"]
    skew_half_life: float = _SMILE_STATE["skew_half_life"]
    curvature_sd: float = _SMILE_STATE["curvature_sd"]
    curvature_half_life: float = _SMILE_STATE["curvature_half_life"]
    correlation: Triple = _SMILE_STATE["correlation"]

    @classmethod
    def none(cls) -> Self:
        """Return a surface that is its template on every day."""
        return cls(level_sd=0.0, skew_sd=0.0, curvature_sd=0.0)


class _Simulated(Described):
    """A model that can be simulated from a start state."""

    def model_post_init(self, context: Any, /) -> None:
        """Check every parameter's domain where the formulas live."""
        del context
        _core.market_spec(self.model_dump_json())

    def spec(self) -> dict[str, Any]:
        """Return the description as plain data, ready for JSON.

        Returns
        -------
        dict
            The model's name under "model", and every parameter.

        Examples
        --------
        >>> GBM(vol=0.2).spec()["vol"]
        0.2
        """
        return self.model_dump(mode="json")

    def simulate(
        self,
        paths: int,
        sessions: int,
        *,
        seed: int = 0,
        draws: Draws = "plain",
        warm_up: int = 0,
        vx_days: Sequence[float] | None = None,
        first_path: int = 0,
        threads: int | None = None,
    ) -> dict[str, Floats]:
        """Simulate closes.

        A path is a function of (seed, number of the path) alone: not of how many others run beside it, on how
        many threads, nor of the warm-up.

        Parameters
        ----------
        paths : int
            How many.
        sessions : int
            Sessions after the start.
        seed : int, default 0
            Seed of the draws, below 2**64.
        draws : str or description, default "plain"
            How random numbers are drawn: "plain", "antithetic", "sobol", "importance", or with parameters
            `draws.Antithetic`, `draws.Sobol`, `draws.Importance`.
        warm_up : int, default 0
            Sessions before the start, for indicators: a rough bridge from the start state to itself.
        vx_days : sequence of float, optional
            Calendar days to settlement of constant-maturity VIX futures.
        first_path : int, default 0
            Number of the first path.
        threads : int, optional
            How many threads to use; by default one per core.

        Returns
        -------
        dict of arrays
            "spot", "vix" and, per entry of `vx_days`, "vx1", "vx2" …; each of shape
            (paths, warm_up + 1 + sessions), the start in column ``warm_up``. With importance draws "weight",
            the likelihood ratio of each path: means are means of weight times figure.

        Raises
        ------
        AlvhError
            If an argument is out of its domain, or a history is asked for other than plain draws.

        Examples
        --------
        >>> paths = L3F(vix=16).simulate(100, 21, seed=7, vx_days=[30])
        >>> sorted(paths), paths["vix"].shape
        (['spot', 'vix', 'vx1'], (100, 22))
        """
        spot, vix, vx, weight = _core.market_paths(
            self.model_dump_json(),
            paths,
            sessions,
            seed=seed,
            draws=draws_spec(draws),
            warm_up=warm_up,
            vx_days=[float(days) for days in vx_days or ()],
            first_path=first_path,
            threads=threads,
        )
        found = {"spot": spot, "vix": vix} | {f"vx{k}": each for k, each in enumerate(vx, start=1)}
        return found if weight is None else found | {"weight": weight}

    def quotes(
        self,
        strike: ArrayLike,
        sessions: ArrayLike,
        right: ArrayLike = "C",
        *,
        days: ArrayLike | None = None,
        level: float = 0.0,
        skew: float = 0.0,
        curvature: float = 0.0,
    ) -> Quotes:
        """Quote SPX options at the start; arguments broadcast.

        Parameters
        ----------
        strike : array_like
            Index points.
        sessions : array_like
            Trading sessions to expiry, fractions allowed.
        right : array_like, default "C"
            "C" or +1, "P" or -1.
        days : array_like, optional
            Calendar days to expiry, for carry; by default 30 for every 21 sessions.
        level, skew, curvature : float, default 0
            State of the surface on that day, see `SmileState`; 0 is the template. Not with `GBM`.

        Returns
        -------
        Quotes
            A strike that is not positive, or a tenor below 0, gives NaN.

        Raises
        ------
        AlvhError
            If an argument is out of its domain.

        Examples
        --------
        >>> quotes = L3F(vix=20).quotes([4500, 5000], 21, "P")
        >>> (100 * quotes.implied_vol).round(1).tolist()
        [26.3, 17.3]
        """
        if days is None:
            days = np.asarray(sessions, np.float64) * _DAYS_PER_SESSION
        return self._quotes("SPX", sessions, days, strike, right, smile=(level, skew, curvature))

    def vix_quotes(self, strike: ArrayLike, days: ArrayLike, right: ArrayLike = "C") -> Quotes:
        """Quote VIX options at the start; arguments broadcast.

        Parameters
        ----------
        strike : array_like
            VIX points.
        days : array_like
            Calendar days to expiry.
        right : array_like, default "C"
            "C" or +1, "P" or -1.

        Returns
        -------
        Quotes
            `forward` is the VIX future of the expiry.

        Examples
        --------
        >>> round(float(L3F(vix=18).vix_quotes(25, 30).price), 1)
        0.8
        """
        return self._quotes("VIX", days, days, strike, right)

    def futures(self, days: ArrayLike) -> Floats:
        """Return VIX futures at the start.

        Parameters
        ----------
        days : array_like
            Calendar days to settlement.

        Returns
        -------
        array
            VIX points.

        Examples
        --------
        >>> L3F(vix=14).futures([0, 30, 90]).round(1).tolist()
        [14.0, 15.9, 18.0]
        """
        return self._quotes("VIX", days, days, 1.0, "C").forward

    def _quotes(
        self,
        product: str,
        sessions: ArrayLike,
        days: ArrayLike,
        strike: ArrayLike,
        right: ArrayLike,
        *,
        smile: Triple = (0.0, 0.0, 0.0),
    ) -> Quotes:
        terms = np.broadcast_arrays(
            *(np.asarray(each, np.float64) for each in (sessions, days, strike)), _sign(right)
        )
        flat = (np.ascontiguousarray(each).ravel() for each in terms)
        columns = _core.market_quotes(self.model_dump_json(), product, *flat, smile=smile)
        return Quotes(*(each.reshape(terms[0].shape)[()] for each in columns))


class L3F(_Simulated):
    """The default market: a three-factor VIX with SPX moving jointly, fat tails, and the smile of both.

    Parameters
    ----------
    vix, spot : float
        The start, in points. VIX must lie above ``curve.floor``.
    rate, dividend_yield : float
        A year, continuously compounded.
    erp : float
        Equity risk premium: excess of the mean return of SPX over `rate`, a year.
    curve : Curve
        The VIX and its futures.
    dynamics : Dynamics
        How the factors and SPX move.
    smile : Smile
        The SPX volatility surface.
    vix_smile : VixSmile
        The VIX option surface.
    smile_state : SmileState
        How the SPX surface departs from its template from day to day.
    surface_shift : float
        Vol points by which SPX options are dearer than the state says, -5 to 5; VIX, VX and SPX stay.

    Examples
    --------
    >>> market = L3F(vix=16, dynamics=Dynamics(realised_share=0.85))
    >>> float(market.simulate(1, 1)["vix"][0, 0].round(6))
    16.0
    """

    model: Literal["l3f"] = "l3f"
    vix: float = _L3F["vix"]
    spot: float = _L3F["spot"]
    rate: float = _L3F["rate"]
    dividend_yield: float = _L3F["dividend_yield"]
    erp: float = _L3F["erp"]
    curve: Curve = Curve()
    dynamics: Dynamics = Dynamics()
    smile: Smile = Smile()
    vix_smile: VixSmile = VixSmile()
    smile_state: SmileState = SmileState()
    surface_shift: float = _L3F["surface_shift"]

    def smile_states(
        self, paths: int, sessions: int, *, seed: int = 0, first_path: int = 0
    ) -> dict[str, Floats]:
        """Return the state of the SPX surface on simulated paths.

        Parameters
        ----------
        paths : int
            How many.
        sessions : int
            Sessions after the start.
        seed, first_path : int, default 0
            As in `simulate`: the same paths.

        Returns
        -------
        dict of arrays
            "level", "skew" and "curvature", each of shape (paths, 1 + sessions).

        Examples
        --------
        >>> states = L3F(smile_state=SmileState(level_sd=0.03)).smile_states(10_000, 1)
        >>> float(states["level"][:, 0].std().round(3))
        0.03
        """
        columns = _core.market_smile_states(self.model_dump_json(), first_path, paths, sessions, seed=seed)
        return dict(zip(("level", "skew", "curvature"), columns, strict=True))


class GBM(_Simulated):
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
    vol: float = _GBM["vol"]
    spot: float = _GBM["spot"]
    rate: float = _GBM["rate"]
    dividend_yield: float = _GBM["dividend_yield"]
    erp: float = _GBM["erp"]
    surface_shift: float = _GBM["surface_shift"]


def _sign(right: ArrayLike) -> Floats:
    """Return +1 for calls and -1 for puts."""
    given = np.asarray(right)
    if given.dtype.kind in "iuf":
        signs = given.astype(np.float64)
        known = np.abs(signs) == 1.0
    else:
        signs = np.vectorize(lambda each: _SIGN.get(each, np.nan), otypes=[np.float64])(given)
        known = np.isfinite(signs)
    if not np.all(known):
        wrong = given[~known].tolist()[0]
        raise _core.AlvhError(f"right = {wrong!r}: must be 'C' or +1 for calls, 'P' or -1 for puts")
    return signs
