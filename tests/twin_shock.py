"""Standard moves of a state: where the factors go, on average, when VIX or SPX moves within a session."""

from dataclasses import replace
from math import exp, log, sqrt
from typing import Any

import numpy as np

from twin_surface import CALENDAR_YEAR, CURVE, MONTH_DAYS, SESSION_YEAR, State, averaged
from twin_vix import VOL, factor_covariance

DYNAMICS = {"realised_share": 0.82, "spot_correlation": (-0.5624, -0.57095, -0.532)}


class Shock:
    """Regressions of the factors' moves on those of VIX and of ln S, from the daily covariance."""

    def __init__(self, market: dict[str, Any]) -> None:
        self.curve: dict[str, Any] = CURVE | market.get("curve", {})
        self.dynamics: dict[str, Any] = DYNAMICS | market.get("dynamics", {})
        rows = factor_covariance(self.curve).sum(axis=1)
        self.on_vix = rows / rows.sum()
        self.on_spot = np.array(self.dynamics["spot_correlation"]) * np.array(self.curve.get("vol", VOL))

    def vix_point(self, state: State, points: float = 1.0) -> State:
        """VIX rises by so many points; SPX stays."""
        above = exp(self.curve["level"] + sum(state.x))
        return moved(state, self.on_vix * log((above + points) / above))

    def vix_factor(self, state: State, factor: float) -> State:
        """VIX is multiplied; SPX stays."""
        above = exp(self.curve["level"] + sum(state.x))
        vix = self.curve["floor"] + above
        return moved(state, self.on_vix * log((factor * vix - self.curve["floor"]) / above))

    def spot_move(self, state: State, ln_move: float) -> State:
        """SPX moves by `ln_move`, the factors by their mean given that move."""
        c = self.curve
        loading = np.array([1 / averaged(k * MONTH_DAYS / CALENDAR_YEAR) for k in c["reversion"]])
        spot_vol = c["floor"] + exp(c["level"] + float(loading @ np.array(state.x)))
        sd = self.dynamics["realised_share"] * spot_vol / 100 * sqrt(1 / SESSION_YEAR)
        there = moved(state, self.on_spot * sqrt(1 / SESSION_YEAR) * ln_move / sd)
        return replace(there, spot=state.spot * exp(ln_move))


def moved(state: State, dx: np.ndarray) -> State:
    """The state with its factors moved."""
    x0, x1, x2 = (float(x + d) for x, d in zip(state.x, dx, strict=True))
    return replace(state, x=(x0, x1, x2))
