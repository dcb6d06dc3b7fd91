"""Stochastic variance with jumps: an oracle."""

from typing import Any, Final, Literal, Self

from alvh.errors import SpecError
from alvh.market.defaults import BATES as _BATES
from alvh.market.drawn import Drawn
from alvh.market.groups import Curve, Dynamics, Smile, SmileState, VixSmile
from alvh.market.number import Number

__all__ = ["Bates"]

_MOST_VARIANCE: Final = 4.0  # a year


class Bates(Drawn):
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
    spot: Number = _BATES["spot"]
    rate: Number = _BATES["rate"]
    dividend_yield: Number = _BATES["dividend_yield"]
    erp: Number = _BATES["erp"]
    variance: Number = _BATES["variance"]
    mean_variance: Number = _BATES["mean_variance"]
    reversion: Number = _BATES["reversion"]
    vol_of_variance: Number = _BATES["vol_of_variance"]
    correlation: Number = _BATES["correlation"]
    jump_rate: Number = _BATES["jump_rate"]
    jump_mean: Number = _BATES["jump_mean"]
    jump_sd: Number = _BATES["jump_sd"]
    curve: Curve = Curve()
    dynamics: Dynamics = Dynamics()
    smile: Smile = Smile()
    vix_smile: VixSmile = VixSmile()
    smile_state: SmileState = SmileState()
    surface_shift: Number = _BATES["surface_shift"]

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
