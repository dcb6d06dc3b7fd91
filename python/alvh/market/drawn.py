"""What every model that draws its paths offers: paths, and quotes at its start."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alvh import _core, market_file
from alvh.bars import Bars, Profile, drawn
from alvh.described import Described
from alvh.draws import Draws, draws_spec
from alvh.errors import SpecError
from alvh.market.groups import Triple
from alvh.whole import LARGEST_SEED, MOST_PATHS, MOST_SESSIONS, whole

__all__ = ["Drawn", "Floats", "Quotes"]

Floats = NDArray[np.float64]

_DAYS_PER_SESSION: Final = 30 / 21  # the one clock: 21 sessions are 30 days
_SIGN: Final = {"C": 1.0, "P": -1.0}


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


class Drawn(Described):
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
        >>> from alvh.market import GBM
        >>> GBM(vol=0.2).spec()["vol"]
        0.2
        """
        return self.model_dump(mode="json")

    def to_toml(self) -> str:
        """Return the description as TOML, every parameter written out; `from_toml` reads it back.

        Examples
        --------
        >>> from alvh.market import GBM
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
        >>> from alvh.market import L3F
        >>> paths = L3F(vix=16).simulate(100, 21, seed=7, vx_days=[30])
        >>> sorted(paths), paths["vix"].shape
        (['spot', 'vix', 'vx1'], (100, 22))
        """
        spot, vix, vx, weight = _core.market_paths(
            self._json(),
            whole("paths", paths, MOST_PATHS),
            whole("sessions", sessions, MOST_SESSIONS),
            seed=whole("seed", seed, LARGEST_SEED),
            draws=draws_spec(draws),
            warm_up=whole("warm_up", warm_up, MOST_SESSIONS),
            vx_days=_days(vx_days),
            first_path=whole("first_path", first_path, MOST_PATHS),
            threads=None if threads is None else whole("threads", threads, MOST_SESSIONS),
        )
        found = {"spot": spot, "vix": vix} | {f"vx{k}": each for k, each in enumerate(vx, start=1)}
        return found if weight is None else found | {"weight": weight}

    def bars(
        self,
        paths: int,
        sessions: int,
        *,
        bars: int = 13,
        profile: Profile | None = None,
        seed: int = 0,
        draws: Draws = "plain",
        first_path: int = 0,
        threads: int | None = None,
    ) -> Bars:
        """Simulate what lies between closes: openings and bars of equal length, which end at the closes.

        Closes are those of `simulate`, bit for bit. Every number of bars shows points of one path of 390
        minutes. Night and day have their shares of a session's variance, minutes theirs by `profile`; a jump
        is in one interval. These sessions are whole days: they have no dates.

        Parameters
        ----------
        paths : int
            How many.
        sessions : int
            Sessions after the start.
        bars : int, default 13
            Bars of a session, 1 to 390, of equal length to the minute.
        profile : Profile, optional
            How variance is spread over the day.
        seed, draws, first_path, threads
            As for `simulate`.

        Returns
        -------
        Bars
            Arrays of paths x sessions x (bars + 1): 16 bytes a cell.

        Raises
        ------
        AlvhError
            If an argument is out of its domain.

        Examples
        --------
        >>> from alvh.market import L3F
        >>> model = L3F(vix=16)
        >>> found = model.bars(100, 5, bars=13, seed=7)
        >>> found.spot.shape, found.minutes[1]
        ((100, 5, 14), np.uint32(30))
        >>> bool((found.spot[..., -1] == model.simulate(100, 5, seed=7)["spot"][:, 1:]).all())
        True
        """
        return drawn(
            self._json(),
            paths,
            sessions,
            bars=bars,
            profile=profile,
            seed=seed,
            draws=draws,
            first_path=first_path,
            threads=threads,
        )

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
            A strike that is not positive gives a NaN price, a tenor below 0 NaN throughout.

        Raises
        ------
        AlvhError
            If an argument is out of its domain.

        Examples
        --------
        >>> from alvh.market import L3F
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
        >>> from alvh.market import L3F
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
            VIX points; NaN for days below 0.

        Examples
        --------
        >>> from alvh.market import L3F
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


def _days(given: Sequence[float] | None) -> list[float]:
    """Return the tenors of futures as numbers."""
    if given is None:
        return []
    wrong = SpecError(f"vx_days = {given!r}: must be calendar days, such as [30, 60]")
    if isinstance(given, str | bytes):  # float would read their characters one by one
        raise wrong
    try:
        tenors = list(given)
        if any(isinstance(days, str | bytes | bool | np.bool_) for days in tenors):
            raise wrong
        return [float(days) for days in tenors]
    except (TypeError, ValueError, OverflowError):
        raise wrong from None


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
