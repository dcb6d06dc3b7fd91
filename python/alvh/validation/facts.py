"""The facts a market model is held to: each a number of a panel of closes, whether simulated or recorded."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alvh.validation.panel import SESSIONS_PER_YEAR, TENORS, Floats, Futures, Panel

__all__ = ["FACTS", "FUTURES", "Fact"]

Statistic = Callable[[Panel], float]

MONTH: Final = 21  # sessions
QUARTER: Final = 63
HIGH_VIX: Final = 28.0
CALM_VIX: Final = 20.0
SPELL: Final = 3  # sessions in a row
JUMP: Final = 0.30  # rise of VIX in one session
ANNUAL: Final = math.sqrt(SESSIONS_PER_YEAR)
LONGEST_LAG: Final = 1_000  # sessions in which the autocorrelation of ln VIX is looked for below one half


@dataclass(frozen=True)
class Fact:
    """A stylised fact.

    Parameters
    ----------
    name : str
        Key of `alvh/data/facts.toml`.
    group : str
        Heading of its table.
    about : str
        What it is, with its unit.
    statistic : callable
        Panel to number; NaN where the panel does not have it.
    pooled : bool
        Whether all paths together are one sample, as for shares, quantiles and spells. Otherwise the value of
        a simulation is the median over its paths.
    """

    name: str
    group: str
    about: str
    statistic: Statistic
    pooled: bool = False


def _quantile(series: Callable[[Panel], Floats], probability: float, unit: float = 1.0) -> Statistic:
    return lambda panel: unit * float(np.quantile(series(panel), probability))


def _returns(panel: Panel) -> Floats:
    return panel.returns


def _vix(panel: Panel) -> Floats:
    return panel.vix


def _vix_moves(panel: Panel) -> Floats:
    return panel.vix_moves


def _return_vol(panel: Panel) -> float:
    return float(panel.returns.std()) * ANNUAL


def _excess_kurtosis(panel: Panel) -> float:
    deviations = panel.returns - panel.returns.mean()
    variance = float((deviations**2).mean())
    return float((deviations**4).mean()) / variance**2 - 3.0 if variance > 0.0 else float("nan")


def _correlation(x: Floats, y: Floats) -> float:
    """Return the correlation; NaN if one of the two does not move."""
    if min(float(np.ptp(x)), float(np.ptp(y))) == 0.0:
        return float("nan")
    return float(np.corrcoef(x.ravel(), y.ravel())[0, 1])


def _return_vix_correlation(panel: Panel) -> float:
    return _correlation(panel.returns, panel.vix_moves)


def _share_above(level: float) -> Statistic:
    return lambda panel: float((panel.vix > level).mean())


def _in_spell(panel: Panel) -> NDArray[np.bool_]:
    """Say of each session from the third on whether it and the two before had a high VIX."""
    lowest = np.lib.stride_tricks.sliding_window_view(panel.vix, SPELL, axis=1).min(axis=2)
    high: NDArray[np.bool_] = lowest > HIGH_VIX
    return high


def _spells(panel: Panel) -> float:
    inside = _in_spell(panel)
    return float((inside[:, 1:] & ~inside[:, :-1]).sum()) / panel.years


def _spell_out_of_calm(panel: Panel) -> float:
    """Share of calm sessions after which, within a quarter, VIX was high for three sessions in a row."""
    inside = _in_spell(panel)
    ahead = np.lib.stride_tricks.sliding_window_view(inside[:, 1:], QUARTER, axis=1).max(axis=2)
    calm = panel.vix[:, SPELL - 1 :][:, : ahead.shape[1]] < CALM_VIX
    return float(ahead[calm].mean()) if calm.any() else float("nan")


def _realised_over_implied(panel: Panel) -> float:
    """E[variance realised over the next 21 sessions] / E[VIX²]."""
    summed = np.cumsum(np.pad(panel.returns**2, ((0, 0), (1, 0))), axis=1)
    realised = (summed[:, MONTH:] - summed[:, :-MONTH]) * SESSIONS_PER_YEAR / MONTH
    implied = (panel.vix[:, : realised.shape[1]] / 100) ** 2
    return float(realised.mean() / implied.mean())


def _autocorrelation(series: Callable[[Panel], Floats], lag: int) -> Statistic:
    def statistic(panel: Panel) -> float:
        values = series(panel)
        return _correlation(values[:, lag:], values[:, :-lag])

    return statistic


def _absolute_returns(panel: Panel) -> Floats:
    return np.abs(panel.returns)


def _squared_returns(panel: Panel) -> Floats:
    return panel.returns**2


def _ln_vix(panel: Panel) -> Floats:
    return panel.ln_vix


def _half_life(panel: Panel) -> float:
    """Return the first lag at which ln VIX correlates with itself by less than one half, sessions."""
    lags = min(LONGEST_LAG, panel.vix.shape[1] // 2)
    below = (k for k in range(1, lags) if not _autocorrelation(_ln_vix, k)(panel) >= 0.5)
    return float(next(below, lags))


def _jumps(panel: Panel) -> float:
    return float((np.exp(panel.vix_moves) - 1.0 > JUMP).sum()) / panel.years


def _of_futures(statistic: Callable[[Futures], float]) -> Statistic:
    def known(panel: Panel) -> float:
        return float("nan") if panel.futures is None else float(statistic(panel.futures))

    return known


def _slope(probability: float) -> Statistic:
    return _of_futures(lambda vx: float(np.quantile(vx.second / vx.front - 1.0, probability)))


def _future_vol(days: int) -> Statistic:
    return _of_futures(lambda vx: float(vx.moves[days].std()) * ANNUAL)


def _contango(panel: Panel) -> float:
    return _of_futures(lambda vx: float((vx.second > vx.front).mean()))(panel)


def _front_above_vix(panel: Panel) -> float:
    return _of_futures(lambda vx: float((vx.front > vx.vix).mean()))(panel)


_RETURNS: Final = "SPX returns"
_LEVEL: Final = "VIX"
_MOVES: Final = "moves of VIX"
_CRISES: Final = "crises"
_CLUSTERS: Final = "clustering and persistence"
FUTURES: Final = "VIX futures"

FACTS: Final[tuple[Fact, ...]] = (
    Fact("return_vol", _RETURNS, "volatility of daily returns, a year", _return_vol),
    Fact("return_kurtosis", _RETURNS, "excess kurtosis of daily returns", _excess_kurtosis),
    *(
        Fact(
            f"return_q{percent:02}",
            _RETURNS,
            f"{percent}% quantile of daily returns, %",
            _quantile(_returns, percent / 100, unit=100.0),
            pooled=True,
        )
        for percent in (1, 5, 95, 99)
    ),
    Fact(
        "realised_over_implied",
        _RETURNS,
        "mean variance of the next 21 sessions over mean VIX²",
        _realised_over_implied,
    ),
    Fact("vix_mean", _LEVEL, "mean of VIX", lambda panel: float(panel.vix.mean())),
    Fact("vix_median", _LEVEL, "median of VIX", lambda panel: float(np.median(panel.vix)), pooled=True),
    *(
        Fact(
            f"vix_q{percent:02}",
            _LEVEL,
            f"{percent}% quantile of VIX",
            _quantile(_vix, percent / 100),
            pooled=True,
        )
        for percent in (1, 5, 25, 75, 95, 99)
    ),
    Fact("vix_max", _LEVEL, "largest VIX", lambda panel: float(panel.vix.max())),
    Fact("ln_vix_sd", _LEVEL, "standard deviation of ln VIX", lambda panel: float(panel.ln_vix.std())),
    Fact(
        "ln_vix_move_sd",
        _MOVES,
        "standard deviation of daily changes of ln VIX",
        lambda panel: float(panel.vix_moves.std()),
    ),
    Fact(
        "return_vix_correlation",
        _MOVES,
        "correlation of returns with changes of ln VIX",
        _return_vix_correlation,
    ),
    Fact(
        "ln_vix_move_q999",
        _MOVES,
        "99.9% quantile of changes of ln VIX",
        _quantile(_vix_moves, 0.999),
        pooled=True,
    ),
    Fact(
        "ln_vix_move_max",
        _MOVES,
        "largest daily change of ln VIX",
        lambda panel: float(panel.vix_moves.max()),
    ),
    Fact("vix_jumps", _MOVES, "days a year on which VIX rose by more than 30%", _jumps, pooled=True),
    *(
        Fact(
            f"share_above_{level}",
            _CRISES,
            f"share of sessions with VIX above {level}",
            _share_above(level),
            pooled=True,
        )
        for level in (25, 28, 35, 50)
    ),
    Fact("spells", _CRISES, "starts a year of VIX above 28 for 3 sessions", _spells, pooled=True),
    Fact(
        "spell_out_of_calm",
        _CRISES,
        "share of sessions with VIX below 20 followed by such a start within 63",
        _spell_out_of_calm,
        pooled=True,
    ),
    *(
        Fact(
            f"absolute_return_acf_{lag}",
            _CLUSTERS,
            f"autocorrelation of |return| at {lag} sessions",
            _autocorrelation(_absolute_returns, lag),
        )
        for lag in (1, 20, 60)
    ),
    *(
        Fact(
            f"squared_return_acf_{lag}",
            _CLUSTERS,
            f"autocorrelation of return² at {lag} sessions",
            _autocorrelation(_squared_returns, lag),
        )
        for lag in (1, 20)
    ),
    *(
        Fact(
            f"ln_vix_acf_{lag}",
            _CLUSTERS,
            f"autocorrelation of ln VIX at {lag} sessions",
            _autocorrelation(_ln_vix, lag),
        )
        for lag in (21, 63, 252)
    ),
    Fact(
        "ln_vix_half_life",
        _CLUSTERS,
        "sessions until the autocorrelation of ln VIX falls below one half",
        _half_life,
    ),
    Fact(
        "second_above_front",
        FUTURES,
        "share of sessions with the second future above the first",
        _contango,
        pooled=True,
    ),
    Fact(
        "front_above_vix",
        FUTURES,
        "share of sessions with the first future above VIX",
        _front_above_vix,
        pooled=True,
    ),
    *(
        Fact(
            f"slope_q{percent:02}",
            FUTURES,
            f"{percent}% quantile of second over first future, less 1",
            _slope(percent / 100),
            pooled=True,
        )
        for percent in (5, 25, 50, 75, 95)
    ),
    *(
        Fact(
            f"future_vol_{days}",
            FUTURES,
            f"volatility of a future {days} days from settlement, a year",
            _future_vol(days),
        )
        for days in TENORS
    ),
)
"""Every fact, in the order of the table."""
