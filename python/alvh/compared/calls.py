"""Margin calls: how many, what they led to, in which states they opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh import figures
from alvh.compared.base import Compared
from alvh.errors import SpecError

__all__ = ["CALL_PATHS", "CallFigures"]

CALL_PATHS = 1_024
"""Paths at most whose margin calls are told one by one, and counted by the state that they opened in."""


AT_ONCE = 4
"""Arms whose sessions are held at once: a thousand paths of a year are 33 MB each."""


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
        arm = arm or self.arms[0]
        paths, _ = self._spread(CALL_PATHS)
        log = figures.call_log(next(self._called([arm], share)))
        numbers = pl.col("path").replace_strict(dict(enumerate(paths)), return_dtype=pl.Int64)
        return log.select(pl.lit(arm).alias("arm"), numbers, pl.exclude("path"))

    def call_rates(self, arm: str | Sequence[str] | None = None, share: float | None = None) -> pl.DataFrame:
        """Return how often a margin call of one book opens in each state of VIX, SPX and indicators (R12).

        On the same paths as `calls`; see `alvh.figures.call_rates`. Several arms one below the other.
        """
        asked = [arm or self.arms[0]] if arm is None or isinstance(arm, str) else list(arm)
        if not asked:
            known = ", ".join(self.arms)
            raise SpecError(
                f"call_rates: arm = {arm!r}: give one or several of {known}, or None for the first"
            )
        tables = [
            figures.call_rates(ticks).select(pl.lit(each).alias("arm"), pl.all())
            for each, ticks in zip(asked, self._called(asked, share), strict=True)
        ]
        return self._shown(pl.concat(tables))

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
        return next(self._called([arm or self.arms[0]], share))

    def _called(self, arms: Sequence[str], share: float | None) -> Iterator[dict[str, NDArray[np.float64]]]:
        """Yield what `_core.Plan.calls` records of each arm, a few in one run of the paths."""
        paths, starts = self._spread(CALL_PATHS)
        for first in range(0, len(arms), AT_ONCE):
            few = arms[first : first + AT_ONCE]
            plan = self._together(few, self._share(share), starts, what="calls")
            told = plan.logs(0, len(paths), range(len(few)), ["calls"], threads=self.threads)
            while told:
                yield told.pop(0)["calls"]
