"""Where a hedge lies between chance and perfect foresight."""

from __future__ import annotations

import json

import numpy as np
import polars as pl

from alvh import figures
from alvh.compared.base import Compared
from alvh.errors import SpecError, nearest_names

__all__ = ["FORESIGHT_PATHS", "HindsightFigures"]

FORESIGHT_PATHS = 256
"""Paths of the hindsight bound at most: it buys of every hedge layer every day."""


class HindsightFigures(Compared):
    """The bound of hindsight."""

    def foresight(
        self, arm: str | None = None, chance: str | None = None, share: float | None = None
    ) -> pl.DataFrame:
        """Return what a hedge with hindsight could have earned at the same cost, and where an arm lies.

        On the first `FORESIGHT_PATHS` paths of a simulation, or that many starts of a history at most, evenly
        spread: the layers of the arm's hedge, opened at every session and closed at any later one.
        Shares never expire, so that an arm with shares takes time with the square of the sessions: seconds
        for a year, minutes for ten.

        Parameters
        ----------
        arm
            The first with a hedge unless given; without bars and without a governance.
        chance
            The arm that opens the same layers by chance: its hedge has the same products, legs, days and
            strikes. The first such one whose rules read `chance` unless given.
        share
            The smallest unless given.

        Returns
        -------
        DataFrame
            What `alvh.figures.foresight` says behind the `arm`: `figure`, `estimate`, `low`, `high`, `unit`.

        Raises
        ------
        SpecError
            No such arm, or one without a hedge, or one that is governed: a withheld roll holds a tranche
            beyond what is followed. Or `chance` is the arm itself, or hedges with other instruments.
        """
        share = self._share(share)
        asked = arm or next(iter(self.hedged), None)
        if asked not in self.hedged:
            known = nearest_names(str(asked), self.hedged)
            raise SpecError(f"foresight: arm = {asked!r}: give one with a hedge, {known}")
        if asked in self._governed_arms:
            raise SpecError(f"foresight: arm = {asked!r} is governed: give the arm without its governance")
        alike = [
            other
            for other in self.hedged
            if other != asked and self._instruments(other) == self._instruments(asked)
        ]
        chance = chance or next(filter(self._by_chance, alike), None)
        if chance is not None and chance not in self.hedged:
            raise SpecError(f"foresight: chance = {chance!r}: {nearest_names(chance, self.hedged)}")
        if chance is not None and chance not in alike:
            raise SpecError(
                f"foresight: chance = {chance!r} against arm = {asked!r}: give another arm whose hedge has "
                f"the same products, legs, days and strikes; here {', '.join(alike) or 'there is none'}"
            )
        _, plan, paths = self._followed("foresight", asked, share, FORESIGHT_PATHS, offered=True)
        tranches = plan.foresight(0, len(paths), 0, threads=self.threads)
        rows = self._frame.filter(pl.col("share") == share, pl.col("path").is_in(list(paths))).sort("path")
        ours = rows.filter(arm=asked)
        theirs = rows.filter(arm=chance) if chance else None
        _, starts = self._followed_starts(FORESIGHT_PATHS)
        calendar = self.task.spec["schedule"]["days"]
        days = np.array([calendar[start + self.sessions] - calendar[start] for start in starts])
        allowed = self.budgets.get(asked, 0.0) * self.capital * days / 365.0
        committed = [each["expected_cost"].to_numpy() for each in (ours, theirs) if each is not None]
        budget = np.maximum.reduce([*committed, allowed])
        ledgers = next(book["ledgers"] for book in self.task.spec["books"] if book["arm"] == asked) or {}
        separate = ledgers.get("mode") == "separate"
        cash = self.capital * (ledgers["sleeve_share"] if separate else 1.0)
        bound, attained = figures.hindsight(tranches, budget, cash)
        table = figures.foresight(
            ours["hedge_pnl"].to_numpy(),
            None if theirs is None else theirs["hedge_pnl"].to_numpy(),
            bound,
            attained,
            capital=self.capital,
            sessions=self.sessions,
        )
        return self._shown(table.select(pl.lit(asked).alias("arm"), pl.all()))

    def _instruments(self, arm: str) -> set[str]:
        """Return what the hedge layers of an arm buy: products, legs with their strikes, days."""
        hedges = [layer for layer in self._layers(arm) if layer["role"] == "hedge"]
        return {json.dumps([layer[key] for key in ("product", "legs", "days")]) for layer in hedges}

    def _by_chance(self, arm: str) -> bool:
        """Say whether chance opens some hedge layer of an arm."""
        hedges = [layer for layer in self._layers(arm) if layer["role"] == "hedge"]
        return any('"chance"' in json.dumps(layer["enter"]) for layer in hedges)
