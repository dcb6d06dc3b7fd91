"""Path-dependent volatility: VIX follows from the past of SPX."""

from typing import Literal

from alvh.described import Described
from alvh.market.defaults import PDV4 as _PDV4
from alvh.market.drawn import Drawn
from alvh.market.groups import Curve, Dynamics, Smile, SmileState, VixSmile
from alvh.market.number import Number

__all__ = ["PDV4", "PathVolatility"]

_PATH = _PDV4["path"]


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

    level: Number = _PATH["level"]
    trend: Number = _PATH["trend"]
    activity: Number = _PATH["activity"]
    trend_decay: tuple[Number, Number] = _PATH["trend_decay"]
    trend_slow: Number = _PATH["trend_slow"]
    activity_decay: tuple[Number, Number] = _PATH["activity_decay"]
    activity_slow: Number = _PATH["activity_slow"]
    residual_keep: Number = _PATH["residual_keep"]
    residual_sd: Number = _PATH["residual_sd"]
    cap: Number = _PATH["cap"]
    lowest_vix: Number = _PATH["lowest_vix"]


class PDV4(Drawn):
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
    vix: Number = _PDV4["vix"]
    spot: Number = _PDV4["spot"]
    rate: Number = _PDV4["rate"]
    dividend_yield: Number = _PDV4["dividend_yield"]
    erp: Number = _PDV4["erp"]
    path: PathVolatility = PathVolatility()
    curve: Curve = Curve()
    dynamics: Dynamics = Dynamics(**_PDV4["dynamics"])
    smile: Smile = Smile()
    vix_smile: VixSmile = VixSmile()
    smile_state: SmileState = SmileState()
    surface_shift: Number = _PDV4["surface_shift"]
