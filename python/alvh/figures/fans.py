"""How NAV and margin usage spread over the sessions: quantiles across paths (R15)."""

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.errors import AlvhError

__all__ = ["MEASURES", "QUANTILES", "fan"]

QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q95": 0.95}
"""Column and level: the median, and the bands that hold half and nine tenths of the paths."""

POINTS = 42
"""Sessions of a fan, about: a year in steps of six sessions shows what its daily closes show."""

MEASURES = {
    "nav": "NAV less cash from outside, of capital",
    "usage": "margin requirement, of NAV",
    "hedge": "P&L of the hedge so far, of capital",
    "committed": "budget burn: expected cost committed by hedge purchases so far, of capital",
}
"""What a fan shows; everything is a share."""


def fan(series: dict[str, NDArray[np.float64]], capital: float) -> pl.DataFrame:
    """Return quantiles across paths of NAV, margin usage and, with a hedge, its P&L and budget burn (R61).

    Parameters
    ----------
    series : dict of str to ndarray, shape (paths, sessions + 1)
        ``"nav"``, ``"requirement"``, ``"hedge"``, ``"committed"`` and ``"deposited"``, dollars, from
        session 0.
    capital : float
        C, dollars.

    Returns
    -------
    DataFrame
        `measure` (see `MEASURES`), `session`, and a column per quantile: the smallest value with at least
        that share of the paths at or below it. Shares are decimal. Margin usage is requirement / NAV, 0
        without a requirement, infinite where NAV does not exceed 0. There are about `POINTS` sessions, the
        first and the last among them. "hedge" and "committed" are left out where they are 0 throughout.

    Examples
    --------
    >>> nav = np.array([[100.0, 90.0], [100.0, 120.0]])
    >>> none = 0.0 * nav
    >>> series = {"nav": nav, "requirement": 0.1 * nav, "hedge": none, "committed": none, "deposited": none}
    >>> fan(series, 100.0)["q50"].to_list()
    [1.0, 0.9, 0.1, 0.1]
    """
    if not 0.0 < capital < math.inf:
        raise AlvhError(f"capital = {capital}: dollars above 0")
    nav, requirement = series["nav"], series["requirement"]
    measured = {"nav": (nav - series["deposited"]) / capital, "usage": _usage(nav, requirement)}
    measured |= {name: series[name] / capital for name in ("hedge", "committed") if series[name].any()}
    sessions = nav.shape[1] - 1
    shown = sorted({*range(0, sessions, math.ceil(sessions / POINTS)), sessions})
    return pl.concat(_quantiles(measure, values, shown) for measure, values in measured.items())


def _usage(nav: NDArray[np.float64], requirement: NDArray[np.float64]) -> NDArray[np.float64]:
    usage = np.full_like(nav, math.inf)
    np.divide(requirement, nav, out=usage, where=nav > 0.0)
    usage[requirement == 0.0] = 0.0
    return usage


def _quantiles(measure: str, values: NDArray[np.float64], sessions: list[int]) -> pl.DataFrame:
    levels = np.quantile(values[:, sessions], list(QUANTILES.values()), axis=0, method="inverted_cdf")
    columns = dict(zip(QUANTILES, levels, strict=True))
    return pl.DataFrame({"session": sessions, **columns}, schema_overrides={"session": pl.Int64}).select(
        pl.lit(measure).alias("measure"), pl.all()
    )
