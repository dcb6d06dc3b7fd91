"""Market models: joint paths of SPX and VIX, and what options and futures cost on them.

A model is a frozen description with every parameter and its default; its paths and quotes come from the
compiled core. Conventions: index points; rates and volatilities decimal, a year, continuously compounded; VIX
and VX in points. SPX variance runs in trading sessions (252 a year), carry in calendar days (365 a year).

The defaults were estimated on data of 1990 to 2026 and are starting values, not truths.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from alvh import _core, market_file
from alvh.described import Described
from alvh.draws import Draws, draws_spec
from alvh.errors import SpecError, nearest_names
from alvh.filtering import INNOVATIONS, filter  # noqa: A004 -- read as alvh.market.filter
from alvh.history import ChainHistory, History, HistoryData, read_history
from alvh.history.replay import AT_CLOSES, OF_THE_TEMPLATE
from alvh.replication import replicate
from alvh.scenario import Scenario, scenario, scenarios
from alvh.validation import Validation, validate

__all__ = [
    "FHS",
    "GBM",
    "L3F",
    "PDV4",
    "Bates",
    "ChainHistory",
    "Closes",
    "Curve",
    "Dynamics",
    "History",
    "PathVolatility",
    "Quotes",
    "Scenario",
    "Simulated",
    "Smile",
    "SmileState",
    "Validation",
    "VixSmile",
    "filter",
    "from_toml",
    "replicate",
    "scenario",
    "scenarios",
    "validate",
]

Floats = NDArray[np.float64]
Triple = tuple[float, float, float]

_DAYS_PER_SESSION = 30 / 21  # the one clock: 21 sessions are 30 days
BUNDLED: Final = "bundled"
_SIGN = {"C": 1.0, "P": -1.0}
_MOST_VARIANCE: Final = 4.0  # of Bates, a year


def _defaults(model: str) -> dict[str, Any]:
    """Read every parameter's default from the core, their one place."""
    spec: dict[str, Any] = json.loads(_core.market_spec(json.dumps({"model": model})))
    return spec


_L3F = _defaults("l3f")
_PDV4 = _defaults("pdv4")
_BATES = _defaults("bates")
_GBM = _defaults("gbm")
_CURVE, _DYNAMICS, _SMILE, _VIX_SMILE, _SMILE_STATE = (
    _L3F[each] for each in ("curve", "dynamics", "smile", "vix_smile", "smile_state")
)
_PATH = _PDV4["path"]


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
        _core.market_spec(self._json())

    def _json(self) -> str:
        """Return what the core reads."""
        return self.model_dump_json()

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

    def to_toml(self) -> str:
        """Return the description as TOML, every parameter written out; `from_toml` reads it back.

        Examples
        --------
        >>> GBM(vol=0.2).to_toml().splitlines()[:3]
        ['schema = 1', 'model = "gbm"', 'vol = 0.2']
        """
        parameters = self._parameters()
        return market_file.write(parameters.pop("model"), parameters)

    def _parameters(self) -> dict[str, Any]:
        return self.spec()

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
            self._json(),
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
        factors: Triple | None = None,
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
        factors : tuple of 3 floats, optional
            State of the curve on that day, x0, x1, x2 of `filter`; by default what VIX says. Not with `GBM`.

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
        return self._quotes(
            "SPX", sessions, days, strike, right, smile=(level, skew, curvature), factors=factors
        )

    def vix_quotes(
        self,
        strike: ArrayLike,
        days: ArrayLike,
        right: ArrayLike = "C",
        *,
        factors: Triple | None = None,
    ) -> Quotes:
        """Quote VIX options at the start; arguments broadcast.

        Parameters
        ----------
        strike : array_like
            VIX points.
        days : array_like
            Calendar days to expiry.
        right : array_like, default "C"
            "C" or +1, "P" or -1.
        factors : tuple of 3 floats, optional
            As in `quotes`.

        Returns
        -------
        Quotes
            `forward` is the VIX future of the expiry.

        Examples
        --------
        >>> round(float(L3F(vix=18).vix_quotes(25, 30).price), 1)
        0.8
        """
        return self._quotes("VIX", days, days, strike, right, factors=factors)

    def futures(self, days: ArrayLike, *, factors: Triple | None = None) -> Floats:
        """Return VIX futures at the start.

        Parameters
        ----------
        days : array_like
            Calendar days to settlement.
        factors : tuple of 3 floats, optional
            As in `quotes`.

        Returns
        -------
        array
            VIX points.

        Examples
        --------
        >>> L3F(vix=14).futures([0, 30, 90]).round(1).tolist()
        [14.0, 15.9, 18.0]
        """
        return self._quotes("VIX", days, days, 1.0, "C", factors=factors).forward

    def _quotes(
        self,
        product: str,
        sessions: ArrayLike,
        days: ArrayLike,
        strike: ArrayLike,
        right: ArrayLike,
        *,
        smile: Triple = (0.0, 0.0, 0.0),
        factors: Triple | None = None,
    ) -> Quotes:
        terms = np.broadcast_arrays(
            *(np.asarray(each, np.float64) for each in (sessions, days, strike)), _sign(right)
        )
        flat = (np.ascontiguousarray(each).ravel() for each in terms)
        columns = _core.market_quotes(self._json(), product, *flat, smile=smile, factors=factors)
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
        columns = _core.market_smile_states(self._json(), first_path, paths, sessions, seed=seed)
        return dict(zip(("level", "skew", "curvature"), columns, strict=True))


class PathVolatility(Described):
    """How volatility follows from the path of SPX: V = level + trend R_1 + activity sqrt(R_2), at most `cap`.

    R_1 is an average of past returns a year, R_2 of their squares, each of a fast and a slow exponential one;
    VIX is ``100 V exp(u)`` with a residual u that reverts to 0. The defaults are the regression of VIX on
    SPX, 2000 to 2018, of Guyon and Lekeufack (2023).

    Parameters
    ----------
    level : float
        Volatility without a past, a year.
    trend : float
        What R_1 adds: negative, a falling SPX raises volatility. -1 to 0.
    activity : float
        What the root of R_2 adds.
    trend_decay : tuple of 2 floats
        How fast returns are forgotten, a year: fast, slow.
    trend_slow : float
        Share of the slow average in R_1.
    activity_decay : tuple of 2 floats
        How fast squared returns are forgotten, a year: fast, slow.
    activity_slow : float
        Share of the slow average in R_2.
    residual_keep : float
        Share of u that is left after a session.
    residual_sd : float
        Standard deviation of what a session adds to u.
    cap : float
        Most that V can be, a year.
    lowest_vix : float
        Least that VIX can be, in points: above the curve's floor.

    Examples
    --------
    >>> PathVolatility(cap=1.2).cap
    1.2
    """

    level: float = _PATH["level"]
    trend: float = _PATH["trend"]
    activity: float = _PATH["activity"]
    trend_decay: tuple[float, float] = _PATH["trend_decay"]
    trend_slow: float = _PATH["trend_slow"]
    activity_decay: tuple[float, float] = _PATH["activity_decay"]
    activity_slow: float = _PATH["activity_slow"]
    residual_keep: float = _PATH["residual_keep"]
    residual_sd: float = _PATH["residual_sd"]
    cap: float = _PATH["cap"]
    lowest_vix: float = _PATH["lowest_vix"]


class PDV4(_Simulated):
    """Path-dependent volatility: VIX follows from the past of SPX, but for a residual.

    The factors that price options and futures are filtered from its VIX, which they have exactly.

    Parameters
    ----------
    vix, spot : float
        The start, in points: of a path on which volatility has been what VIX says.
    rate, dividend_yield : float
        A year, continuously compounded.
    erp : float
        Equity risk premium: excess of the mean return of SPX over `rate`, a year.
    path : PathVolatility
        How volatility follows from the path.
    curve : Curve
        The VIX futures, given the factors.
    dynamics : Dynamics
        How factors are filtered from VIX; wild sessions, openings; `realised_share` is the volatility of SPX
        returns as a share of VIX. Correlations are those of the standard shocks only.
    smile, vix_smile, smile_state, surface_shift
        As in `L3F`.

    Examples
    --------
    >>> paths = PDV4(vix=16).simulate(200, 252, seed=7)
    >>> bool(paths["vix"].min() >= 9)
    True
    """

    model: Literal["pdv4"] = "pdv4"
    vix: float = _PDV4["vix"]
    spot: float = _PDV4["spot"]
    rate: float = _PDV4["rate"]
    dividend_yield: float = _PDV4["dividend_yield"]
    erp: float = _PDV4["erp"]
    path: PathVolatility = PathVolatility()
    curve: Curve = Curve()
    dynamics: Dynamics = Dynamics(**_PDV4["dynamics"])
    smile: Smile = Smile()
    vix_smile: VixSmile = VixSmile()
    smile_state: SmileState = SmileState()
    surface_shift: float = _PDV4["surface_shift"]


class Closes(Described):
    """The file that a bootstrapped market takes its innovations from, and how it is read.

    Parameters
    ----------
    path : str
        CSV or Parquet file, see `alvh.history.read_history`; "bundled" is what the package `arch` ships.
    rate, dividend_yield, columns, gaps
        As in `read_history`.
    sha256 : str
        Hash of its content, `HistoryData.data_hash`; another content is refused.

    Examples
    --------
    >>> Closes(path="closes.csv", rate=0.02, dividend_yield=0.02).gaps
    'error'
    """

    path: str
    rate: float | None = None
    dividend_yield: float | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    gaps: Literal["error", "report"] = "error"
    sha256: str | None = None

    def read(self) -> HistoryData:
        """Return the checked history."""
        if self.path == BUNDLED:
            data = History.bundled(rate=self.rate, dividend_yield=self.dividend_yield).data
        else:
            data = read_history(
                self.path,
                rate=self.rate,
                dividend_yield=self.dividend_yield,
                columns=self.columns,
                gaps=self.gaps,
            )
        if self.sha256 not in {None, data.data_hash}:
            raise SpecError(
                f"history.path = {self.path!r}: its content has changed (SHA-256 {data.data_hash}, not "
                f"{self.sha256}). Mend: restore the file, or leave history.sha256 out"
            )
        return data


# What is said beside every result of a bootstrap.
OF_INNOVATIONS: Final = (
    "Innovations are those of one history, one path and not a sample: no shock occurs that it did not have.",
    "They are filtered from closes up to each session: VIX, and VIX3M, VIX6M and VIX futures if given.",
    *OF_THE_TEMPLATE,
    *AT_CLOSES,
)
OF_NO_FILE: Final = (
    "No file is known of the innovations, nor its hash: which history they are of cannot be checked."
)


class FHS(_Simulated):
    """Filtered historical simulation: L3F driven by blocks of a history's innovations (see `FHS.of`).

    Parameters
    ----------
    vix, spot : float
        The start, in points. VIX must lie above ``curve.floor``.
    rate, dividend_yield : float
        A year, continuously compounded.
    erp : float
        Equity risk premium of the simulation, a year: innovations of SPX are centred.
    block : float
        Mean length of a block of consecutive sessions, at least 1.
    innovations : tuple of tuples of 4 floats
        z, g0, g1, g2 of each session, as `filter` finds them.
    curve : Curve
        The VIX and its futures; that of the filter.
    dynamics : Dynamics
        How the factors revert, as for the filter, and openings. Wild sessions are the history's own: those
        with z beyond 3 standard deviations.
    smile, vix_smile, smile_state, surface_shift
        As in `L3F`.
    history : Closes, optional
        Where the innovations come from.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> shocks = rng.standard_normal((250, 1)) * [1.0, -0.6, -0.6, -0.5]
    >>> market = FHS(vix=16, innovations=shocks.tolist())
    >>> market.simulate(100, 21, seed=7)["spot"].shape
    (100, 22)
    """

    model: Literal["fhs"] = "fhs"
    vix: float = _L3F["vix"]
    spot: float = _L3F["spot"]
    rate: float = _L3F["rate"]
    dividend_yield: float = _L3F["dividend_yield"]
    erp: float = _L3F["erp"]
    block: float = 10.0
    innovations: tuple[tuple[float, float, float, float], ...] = Field(repr=False)
    curve: Curve = Curve()
    dynamics: Dynamics = Dynamics()
    smile: Smile = Smile()
    vix_smile: VixSmile = VixSmile()
    smile_state: SmileState = SmileState()
    surface_shift: float = _L3F["surface_shift"]
    history: Closes | None = None

    @property
    def source(self) -> str:
        """Where the innovations come from, in words."""
        return "FHS" if self.history is None else f"FHS of {self.history.path}"

    @property
    def data_hash(self) -> str | None:
        """SHA-256 of the history; None where it came from no file."""
        return None if self.history is None else self.history.sha256

    @property
    def limits(self) -> tuple[str, ...]:
        """What every result of this market has to say about itself, in sentences."""
        return (*OF_INNOVATIONS, OF_NO_FILE) if self.data_hash is None else OF_INNOVATIONS

    @classmethod
    def of(cls, history: Closes | History | HistoryData, /, **parameters: Any) -> Self:
        """Filter a history and bootstrap its innovations.

        Parameters
        ----------
        history : Closes, History or HistoryData
            SPX and VIX; `Closes` names a file, and the market can then be written as TOML. VIX3M, VIX6M and
            VX settlements of a `History` take part in the filter.
        **parameters
            Of the market, such as ``vix=20`` or ``block=21``.

        Raises
        ------
        SpecError
            A parameter is out of its domain, or is what the history says.

        Examples
        --------
        >>> FHS.of(History.bundled(), vix=14).simulate(10, 5)["vix"].shape
        (10, 6)
        """
        if said := [name for name in ("history", "innovations") if name in parameters]:
            raise SpecError(
                f"{said[0]}: innovations are those of the history that is given. Mend: leave it out"
            )
        curve, dynamics = (
            _group(kind, name, parameters.get(name, {}))
            for kind, name in ((Curve, "curve"), (Dynamics, "dynamics"))
        )
        data: History | HistoryData = history.read() if isinstance(history, Closes) else history
        shocks = filter(data, curve=curve, dynamics=dynamics).select(INNOVATIONS).drop_nulls().rows()
        if isinstance(history, Closes):
            source = history.model_copy(update={"sha256": data.data_hash})
            return cls(innovations=shocks, history=source, **parameters)
        return cls(innovations=shocks, **parameters)

    def _json(self) -> str:
        return self.model_dump_json(exclude={"history"})

    def _parameters(self) -> dict[str, Any]:
        if self.history is None:
            raise SpecError(
                "history: TOML names the file of the innovations, and these came from none. "
                "Mend: FHS.of(Closes(path=…))"
            )
        return self.model_dump(mode="json", exclude={"innovations"})

    def spec(self) -> dict[str, Any]:
        """Return the description as plain data, ready for the core.

        Examples
        --------
        >>> FHS(innovations=[(0.1, 0, 0, 0)] * 20, block=5).spec()["block"]
        5.0
        """
        return self.model_dump(mode="json", exclude={"history"})


class Bates(_Simulated):
    """Stochastic variance with jumps: an oracle whose options have closed forms.

    VIX is that of the process itself. The factors that price options and futures here are filtered from it;
    with ``erp=0`` the paths are those of the pricing measure, and ``jump_rate=0`` is Heston's model.

    Parameters
    ----------
    spot : float
        The start, in points.
    rate, dividend_yield : float
        A year, continuously compounded.
    erp : float
        Equity risk premium: excess of the mean return of SPX over `rate`, a year.
    variance : float
        Of the diffusion at the start, a year: 0.0225 is a volatility of 15%.
    mean_variance : float
        To which it reverts, a year.
    reversion : float
        Speed of that, a year.
    vol_of_variance : float
        Volatility of variance.
    correlation : float
        Of variance with SPX.
    jump_rate : float
        Jumps a year, up to 50.
    jump_mean, jump_sd : float
        Mean and standard deviation of the logarithm of a jump.
    curve, dynamics, smile, vix_smile, smile_state, surface_shift
        As in `PDV4`.

    Examples
    --------
    >>> Bates(variance=0.04, jump_rate=0.0).simulate(2, 5)["vix"][:, 0].round(2).tolist()
    [19.62, 19.62]
    """

    model: Literal["bates"] = "bates"
    spot: float = _BATES["spot"]
    rate: float = _BATES["rate"]
    dividend_yield: float = _BATES["dividend_yield"]
    erp: float = _BATES["erp"]
    variance: float = _BATES["variance"]
    mean_variance: float = _BATES["mean_variance"]
    reversion: float = _BATES["reversion"]
    vol_of_variance: float = _BATES["vol_of_variance"]
    correlation: float = _BATES["correlation"]
    jump_rate: float = _BATES["jump_rate"]
    jump_mean: float = _BATES["jump_mean"]
    jump_sd: float = _BATES["jump_sd"]
    curve: Curve = Curve()
    dynamics: Dynamics = Dynamics()
    smile: Smile = Smile()
    vix_smile: VixSmile = VixSmile()
    smile_state: SmileState = SmileState()
    surface_shift: float = _BATES["surface_shift"]

    @classmethod
    def at_vix(cls, vix: float, **parameters: Any) -> Self:
        """Return the market whose variance gives that VIX at the start.

        Parameters
        ----------
        vix : float
            In points.
        **parameters
            Others than `variance`.

        Raises
        ------
        SpecError
            No variance gives that VIX with these parameters.

        Examples
        --------
        >>> round(float(Bates.at_vix(21).simulate(1, 1)["vix"][0, 0]), 9)
        21.0
        """
        if "variance" in parameters:
            raise SpecError("variance: follows from vix. Mend: leave it out, or Bates(variance=…)")

        def vix_at(variance: float) -> float:
            return float(cls(variance=variance, **parameters).simulate(1, 0)["vix"][0, 0])

        lowest, highest = vix_at(0.0), vix_at(_MOST_VARIANCE)
        if not lowest <= vix <= highest:
            raise SpecError(
                f"vix = {vix!r}: {lowest:.2f} to {highest:.2f} with these parameters, at variances of 0 to "
                f"{_MOST_VARIANCE:g}. Mend: a VIX in between, or another mean_variance or jumps"
            )
        none, one = lowest**2, vix_at(1.0) ** 2  # a line in variance
        return cls(variance=(vix**2 - none) / (one - none), **parameters)


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


Simulated: TypeAlias = L3F | PDV4 | FHS | Bates | GBM
"""A market that is drawn, not replayed."""

MODELS: Final[dict[str, type[Simulated]]] = {
    "l3f": L3F,
    "pdv4": PDV4,
    "fhs": FHS,
    "bates": Bates,
    "gbm": GBM,
}
"""Simulated markets by the name in their TOML."""


def from_toml(text: str, source: str = "market") -> Simulated:
    """Read a market from TOML: ``schema = 1``, ``model = "l3f"`` and its parameters.

    What is left out is the default.

    A file of innovations is read and filtered again, and refused if its content has changed.

    Parameters
    ----------
    text : str
        The document.
    source : str
        Its name in errors.

    Raises
    ------
    SpecError
        Names the key, its value and what is allowed.

    Examples
    --------
    >>> market = from_toml(PDV4(vix=20, path=PathVolatility(cap=1.2)).to_toml())
    >>> market.vix, market.path.cap
    (20.0, 1.2)
    """
    name, parameters = market_file.parse(text, source)
    if name not in MODELS:
        raise SpecError(f"{source}: model = {name!r}: {nearest_names(name, MODELS)}")
    if name != "fhs":
        return MODELS[name](**parameters)
    closes = parameters.pop("history", None)
    if not isinstance(closes, dict):
        raise SpecError(f"{source}: history: name the file of the innovations in a table [history], as path")
    return FHS.of(Closes(**closes), **parameters)


def _group(kind: type[Described], name: str, given: Any) -> Any:
    """Return a group of parameters that is given as such or as a table."""
    if isinstance(given, kind):
        return given
    if not isinstance(given, Mapping):
        raise SpecError(f"{name} = {given!r}: a table of parameters, see alvh.market.{kind.__name__}")
    return kind(**given)


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
