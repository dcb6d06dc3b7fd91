"""How far a market's facts lie from those of a history, in deviations that count alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alvh.market import L3F, Simulated
from alvh.validation import FACTS, Panel, facts_of, targets
from alvh.validation.panel import SESSIONS_PER_YEAR

Floats = NDArray[np.float64]

LEFT_OUT = {"ln_vix_half_life"}  # says what the autocorrelations say, in steps
MATCHED = tuple(each for each in FACTS if each.group != "VIX futures" and each.name not in LEFT_OUT)
IMPOSSIBLE = 1e3  # deviations of a vector that is no market


@dataclass(frozen=True)
class Moments:
    """The facts of a history of closes, and simulations to hold to them.

    Parameters
    ----------
    history : Panel
        One path.
    paths : int
        Simulated paths, each as long as the history, after a year that is left out.
    seed : int
        Of the draws: the same for every market, so that differences are those of the markets.
    """

    history: Panel
    paths: int
    seed: int

    def figures(self, market: Simulated) -> Floats:
        """Return the facts of a market: pooled or medians, as in validation."""
        panel = self.panel(market)
        singles = [panel.path(number) for number in range(self.paths)]
        return np.array(
            [
                fact.statistic(panel) if fact.pooled else np.median([fact.statistic(one) for one in singles])
                for fact in MATCHED
            ]
        )

    def deviations(self, market: L3F | None) -> Floats:
        """Return (simulated - history) / scale, a fact each."""
        if market is None:
            return np.full(len(MATCHED), IMPOSSIBLE)
        return (self.figures(market) - self.recorded) / self.scale

    @cached_property
    def recorded(self) -> Floats:
        """The facts of the history."""
        found = facts_of(self.history)
        return np.array([found[fact.name] for fact in MATCHED])

    @cached_property
    def spread(self) -> Floats:
        """Standard deviation of each fact of single paths under the default market: 5% to 95% over 3.29."""
        panel = self.panel(L3F())
        singles = [panel.path(number) for number in range(self.paths)]
        figures = np.array([[fact.statistic(one) for one in singles] for fact in MATCHED])
        low, high = np.quantile(figures, [0.05, 0.95], axis=1)
        spread: Floats = (high - low) / 3.29
        return spread

    @cached_property
    def scale(self) -> Floats:
        """What is fitted by: `spread`, or a quarter of the accepted range if that is less.

        The value of many paths must lie in that range.
        """
        accepted = np.array([targets()[fact.name].high - targets()[fact.name].low for fact in MATCHED])
        return np.minimum(self.spread, accepted / 4.0)

    def distance(self, market: Simulated) -> float:
        """Return the sum of squared deviations, in standard deviations of single paths."""
        return float((((self.figures(market) - self.recorded) / self.spread) ** 2).sum())

    def panel(self, market: Simulated) -> Panel:
        """Return closes of simulated paths."""
        sessions = self.history.vix.shape[1]
        found = market.simulate(self.paths, SESSIONS_PER_YEAR + sessions - 1, seed=self.seed)
        return Panel(found["spot"][:, SESSIONS_PER_YEAR:], found["vix"][:, SESSIONS_PER_YEAR:])
