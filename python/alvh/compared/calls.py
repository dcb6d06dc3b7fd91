"""Margin calls: how many, what they led to, in which states they opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh import figures
from alvh.compared.base import Compared

__all__ = ["CALL_PATHS", "CallFigures"]

CALL_PATHS = 1_024
"""Paths at most whose margin calls are told one by one, and counted by the state that they opened in."""


class CallFigures(Compared):
    """Tables of margin calls."""

    def margin_calls(self, share: float | None = None) -> pl.DataFrame:
        """Return margin calls per arm, what they led to, and how liquid the ledgers were (R17, R63, R64)."""
        return self._shown(figures.margin_calls(self._frame, self.capital, self.sessions, self._share(share)))

    def forced_cost(self, share: float | None = None) -> pl.DataFrame:
        """Return what closing by force cost each arm against holding on the same paths (R17).

        Compares every arm with the one beside it that differs only in that its calls are never acted on:
        `Arm.held`. No rows without such a pair.

        Examples
        --------
        >>> import alvh as av
        >>> plain = av.preset("plain")
        >>> few = {"paths": 64, "sessions": 21, "shares": [0.35], "surface_band": 0}
        >>> result = av.compare([plain, plain.held()], av.market.L3F(vix=30), **few)
        >>> result.forced_cost()["figure"].to_list()
        ['cost', 'cost_when_forced', 'held_better']
        """
        pairs = self._held_pairs()
        return self._shown(
            figures.forced_cost(self._frame, self.capital, self.sessions, self._share(share), pairs)
        )

    @property
    def answering(self) -> list[str]:
        """Names of the arms that say what their margin calls lead to, or how liquid they stay."""
        said = {book["arm"] for book in self.task.spec["books"] if {"calls", "liquidity"} & book.keys()}
        return [arm for arm in self.arms if arm in said]

    def _held_pairs(self) -> dict[str, str]:
        """Arm to its counterfactual: books that agree in all but what their calls lead to."""
        books = {book["arm"]: book for book in self.task.spec["books"] if book["share"] == self.shares[0]}
        held = {arm for arm, book in books.items() if book.get("calls", {}).get("policy") == "hold"}

        def traded(book: dict[str, Any]) -> dict[str, Any]:
            return {key: value for key, value in book.items() if key not in {"arm", "calls"}}

        return {
            arm: other
            for arm, book in books.items()
            for other in held
            if arm not in held and traded(book) == traded(books[other])
        }

    def calls(self, arm: str | None = None, share: float | None = None) -> pl.DataFrame:
        """Return every margin call of one book with the state of market and indicators (R12).

        Runs again on the first `CALL_PATHS` paths of a simulation, or on that many starts of a history at
        most, evenly spread. The columns are those of `alvh.figures.call_log` behind the `arm`.
        """
        arm, ticks, paths = self._called(arm, share)
        log = figures.call_log(ticks)
        numbers = pl.col("path").replace_strict(dict(enumerate(paths)), return_dtype=pl.Int64)
        return log.select(pl.lit(arm).alias("arm"), numbers, pl.exclude("path"))

    def call_rates(self, arm: str | None = None, share: float | None = None) -> pl.DataFrame:
        """Return how often a margin call of one book opens in each state of VIX, SPX and indicators (R12).

        On the same paths as `calls`; see `alvh.figures.call_rates`.
        """
        arm, ticks, _ = self._called(arm, share)
        return self._shown(figures.call_rates(ticks).select(pl.lit(arm).alias("arm"), pl.all()))

    def call_ticks(
        self, arm: str | None = None, share: float | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Return what `calls` and `call_rates` are made of: paths by closes of calls, market and indicators.

        Returns
        -------
        dict of str to ndarray, shape (paths, sessions + 1)
            `short_core` and `short_sleeve`, dollars that a ledger lacked when a call opened, 0 without one;
            `equity_…` then; `available_…`, `requirement_…`, `nav`, dollars; `spot`, `vix`; `rsi_14`, `macd`,
            `macd_signal`, `realised_vol_21`, `drawdown`, NaN where unknown.

        Examples
        --------
        >>> import alvh as av
        >>> few = {"paths": 8, "sessions": 21, "shares": [0.70], "surface_band": 0}
        >>> av.compare([av.preset("plain")], av.market.L3F(vix=30), **few).call_ticks()["rsi_14"].shape
        (8, 22)
        """
        return self._called(arm, share)[1]

    def _called(
        self, arm: str | None, share: float | None
    ) -> tuple[str, dict[str, NDArray[np.float64]], Sequence[int]]:
        """Return the arm, what `_core.Plan.calls` records of it, and the numbers of the paths."""
        arm, plan, paths = self._followed("calls", arm, share, CALL_PATHS)
        return arm, plan.calls(0, len(paths), 0, threads=self.threads), paths
