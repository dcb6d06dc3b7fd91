"""What hedge layers cost and brought, and what kept layers closed."""

from __future__ import annotations

import math
from functools import cached_property

import polars as pl

from alvh import _core, figures
from alvh.compared.base import GATE_PATHS, Compared

__all__ = ["HedgeFigures"]


class HedgeFigures(Compared):
    """Tables of hedge layers, gates and governance."""

    def protection(self, share: float | None = None) -> pl.DataFrame:
        """Return cost, coverage, limits and deeds of the hedge of every arm with one (R22, R39, R61, R66)."""
        return self._shown(
            figures.protection(self._frame, self.capital, self.sessions, self._share(share), self.budgets)
        )

    def layer_pnl(self, share: float | None = None) -> pl.DataFrame:
        """Return the mean P&L a year per layer of every arm with a hedge, by the name of the layer."""
        named = {arm: [layer["name"] for layer in self._layers(arm)] for arm in self.hedged}
        return self._shown(
            figures.layer_pnl(self._frame, self.capital, self.sessions, self._share(share), named)
        )

    def closed(self) -> pl.DataFrame:
        """Return how often each layer with an enter rule was closed for lack of data (C24).

        Runs the smallest share again, on the first `GATE_PATHS` paths of a simulation, or on that many
        starts of a history at most, evenly spread.

        Returns
        -------
        DataFrame
            `arm`, `layer`, what the rule is `of` ("enter", "weight", or "budget", which has no layer),
            `rule`; `sessions` at which it was asked, over all paths; of these `unknown` while data were
            missing that the rule reads, now or in one of its windows; openings `withheld` then, which were
            due (a weight withholds none); `missing`: names and the sessions of each. A rule that is unknown
            for another reason, such as ``core_challenge`` while no core is held, does not count.
        """
        return self._closed

    @cached_property
    def _closed(self) -> pl.DataFrame:
        task, paths = self._asked_again(self.arms)
        arms = [book["arm"] for book in task.spec["books"]]
        layers = {arm: [layer["name"] for layer in self._layers(arm)] for arm in arms}
        return figures.closed(_core.Plan(task.text).gates(0, paths, threads=self.threads), arms, layers)

    def governed(self) -> pl.DataFrame:
        """Return what governance withheld of each arm that has one, and why (R87, R88).

        Runs the smallest share again, on the paths of `closed`. Openings and rolls are counted where the
        layer's own rule wanted them; hard checks where they cut or stopped a fill. What a cash press keeps
        from being sold against calls (`buy.short`) is no opening, and in no row.

        Returns
        -------
        DataFrame
            What `alvh.figures.governed` says: `arm`, `layer`, `action`, `wanted`, `withheld`, `overridden`,
            `by`. No rows where no arm is governed.

        Examples
        --------
        >>> import alvh as av
        >>> governance = av.Governance(signals={"calm": "vix < 16", "trend": "rsi_14 > 45"})
        >>> arm = av.preset("plain").replace(name="desk", governance=governance)
        >>> few = {"paths": 16, "sessions": 42, "shares": [0.10], "surface_band": 0}
        >>> told = av.compare([arm], av.market.L3F(vix=16), **few).governed()
        >>> told.select("layer", "action")[0].row(0), told["withheld"][0] > 0
        (('core', 'open'), True)
        """
        return self._governed

    @cached_property
    def _governed(self) -> pl.DataFrame:
        task, paths = self._asked_again(self._governed_arms)
        arms = [book["arm"] for book in task.spec["books"]]
        layers = {arm: [layer["name"] for layer in self._layers(arm)] for arm in arms}
        if not arms:
            return figures.governed([], {}, arms, layers)
        starts = self.task.spec["starts"]
        distance = math.ceil(len(starts) / GATE_PATHS) if starts else 1
        number = pl.col("path")
        same = (number % distance == 0) & (number // distance < paths)
        sums = [pl.col(name).sum().cast(pl.Int64).alias(check) for name, check in figures.CHECKS.items()]
        at_fills = self.paths().filter(same, share=self._share(None)).group_by("arm").agg(sums).collect()
        counts = {row.pop("arm"): row for row in at_fills.iter_rows(named=True) if row["arm"] in arms}
        rows = _core.Plan(task.text).governed(0, paths, threads=self.threads)
        return figures.governed(rows, {arm: counts[arm] for arm in arms}, arms, layers)
