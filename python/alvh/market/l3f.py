"""The default market: a three-factor VIX with SPX moving jointly."""

from typing import Literal

from alvh import _core
from alvh.market.defaults import L3F as _L3F
from alvh.market.drawn import Drawn, Floats
from alvh.market.groups import Curve, Dynamics, Smile, SmileState, VixSmile
from alvh.market.number import Number
from alvh.whole import LARGEST_SEED, MOST_PATHS, MOST_SESSIONS, whole

__all__ = ["L3F"]


class L3F(Drawn):
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
    vix: Number = _L3F["vix"]
    spot: Number = _L3F["spot"]
    rate: Number = _L3F["rate"]
    dividend_yield: Number = _L3F["dividend_yield"]
    erp: Number = _L3F["erp"]
    curve: Curve = Curve()
    dynamics: Dynamics = Dynamics()
    smile: Smile = Smile()
    vix_smile: VixSmile = VixSmile()
    smile_state: SmileState = SmileState()
    surface_shift: Number = _L3F["surface_shift"]

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
        columns = _core.market_smile_states(
            self._json(),
            whole("first_path", first_path, MOST_PATHS),
            whole("paths", paths, MOST_PATHS),
            whole("sessions", sessions, MOST_SESSIONS),
            seed=whole("seed", seed, LARGEST_SEED),
        )
        return dict(zip(("level", "skew", "curvature"), columns, strict=True))
