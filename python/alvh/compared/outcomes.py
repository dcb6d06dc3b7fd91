"""What became of each arm: distress, size, cost and causes, from the figures recorded per path."""

from __future__ import annotations

from functools import cached_property

import polars as pl

from alvh import figures
from alvh.compared.base import Compared
from alvh.errors import SpecError

__all__ = ["OutcomeFigures"]


class OutcomeFigures(Compared):
    """Tables of what is recorded once a path."""

    @cached_property
    def _ladder(self) -> pl.DataFrame:
        return figures.ladder(self._frame, self.within, independent=not self.replayed)

    def ladder(self) -> pl.DataFrame:
        """Return P(refused), P(call), P(forced), P(ruin) and their union P(distress) per arm and share (R91).

        On a history the estimates are shares of the rolling starts, and there are no intervals.
        """
        return self._ladder

    def capacity(self) -> pl.DataFrame:
        """Return the largest share at which P(distress within 252 sessions) is at most 1% and 5%."""
        self._sampled("capacity")
        return figures.capacity(self._ladder)

    def bar_calls(self) -> pl.DataFrame:
        """Return P(call at the worst bar of a session) per arm and share, calls at closes apart.

        No rows unless `compare` was given a `worst_bar`. On a history there are no intervals.
        """
        return figures.bar_calls(self._frame, self.within, independent=not self.replayed)

    def sizing(
        self,
        *,
        drawdown: float = figures.LARGEST_DRAWDOWN,
        probability: float = figures.LARGEST_PROBABILITY,
    ) -> pl.DataFrame:
        """Return how large each arm may be by its worst drawdown, and by P(distress) (R65)."""
        self._sampled("sizing")
        return figures.sizing(self._frame, self._ladder, drawdown=drawdown, probability=probability)

    def summary(self, share: float | None = None) -> pl.DataFrame:
        """Return every figure of every arm at one share, the smallest unless given, with its interval."""
        return self._shown(
            figures.summary(self._frame, self.capital, self.sessions, self._share(share), within=self.within)
        )

    def against(self, base: str | None = None, share: float | None = None) -> pl.DataFrame:
        """Return paired differences of each arm against `base`, the first arm unless given."""
        share, base = self._share(share), base or self.arms[0]
        return self._shown(
            figures.against(self._frame, self.capital, self.sessions, share, base=base, within=self.within)
        )

    def attribution(self, share: float | None = None) -> pl.DataFrame:
        """Return the mean P&L per arm by cause, in dollars and percent of capital a year (R75)."""
        return self._shown(figures.attribution(self._frame, self.capital, self.sessions, self._share(share)))

    def history(self, share: float | None = None) -> figures.HistorySummary:
        """Return what a replayed history says: counts and dates of rolling starts, and no interval."""
        if not self.replayed:
            raise SpecError("history: this comparison ran on a simulated market")
        return figures.history_summary(
            self._frame, self.capital, self.sessions, self._share(share), within=self.within
        )

    def equal_cost(self) -> pl.DataFrame:
        """Return how each rival was brought to the cost of another arm, and what both cost here (R19).

        Returns
        -------
        DataFrame
            `arm`, `to`, `vary`, `value`, `status` ("solved", "nearest", "unattainable"); `drag` and `target`:
            how much less than the first arm the rival and the matched arm earned above bills on the pilot, a
            year and of capital; `drag_here`, `target_here`: the same on the paths of this comparison, at its
            smallest share; `evaluations`; `digest` of the arm that ran; `words`. No rows without rivals.
        """
        return figures.equal_cost(self._equal_cost.get("rivals", {}), self.against())

    def peaks(self, share: float | None = None) -> pl.DataFrame:
        """Return the distribution of peak over first margin requirement per arm (R15)."""
        return figures.peaks(self._frame, self._share(share))

    def prices(self, share: float | None = None) -> pl.DataFrame:
        """Return how many leg prices of each arm were recorded quotes and how many the model's."""
        if not self.quoted:
            raise SpecError("prices: every option price is the model's: the market replays no quotes")
        return figures.prices(self._frame, self._share(share))

    def stops(self, share: float | None = None) -> pl.DataFrame:
        """Return what stops did: whipsaws, regret, value given up, excursions (R14, R7).

        Returns
        -------
        DataFrame
            What `alvh.figures.stops` says: `arm`, `figure`, `estimate`, `low`, `high`, `unit`.
        """
        return self._shown(figures.stops(self._frame, self.capital, self.sessions, self._share(share)))
