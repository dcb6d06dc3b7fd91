"""The same paths run again beside: another surface, another short end, another premium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import polars as pl

from alvh import figures, short_end
from alvh.compared.outcomes import OutcomeFigures
from alvh.errors import SpecError
from alvh.runner import Task, run
from alvh.surface_band import tasks

__all__ = ["PREMIA", "PREMIUM_PATHS", "BesideFigures"]

PREMIA = (0.0, 0.05, 0.08)
"""Equity risk premia at which every simulated report shows the returns again (MODELS)."""

PREMIUM_PATHS = 1_024
"""Paths of that table at most: it shows a direction, not a third decimal."""


class BesideFigures(OutcomeFigures):
    """Tables of what runs beside the comparison."""

    def surface_band(self) -> pl.DataFrame:
        """Return what each arm earns where the SPX surface lies a vol point lower and higher.

        At the smallest share, on the first paths of a simulation or on evenly spread starts of a history.
        SPX, VIX and VX are the same as in the comparison: differences to it are paired.

        Returns
        -------
        DataFrame
            What `alvh.figures.surface_band` says: `arm`, `shift` (vol points), the mean return on NAV a year
            above bills with its interval, and its difference to shift 0. No rows without a band.
        """
        return self._surface_band

    @cached_property
    def _surface_band(self) -> pl.DataFrame:
        sides = tasks(self.task)
        paths: dict[float, pl.LazyFrame] = {
            shift: type(self)(task, self.band[shift]).paths() for shift, task in sides.items()
        }
        if sides:
            paths[0.0] = self._beside(self.task.facts["surface_band"])
        return self._shown(figures.surface_band(paths, self.capital, self.sessions, self._share(None)))

    def _beside(self, band: Mapping[str, int]) -> pl.LazyFrame:
        """Return the paths of this comparison that runs beside it repeat, numbered as there."""
        number, distance = pl.col("path"), band["distance"]
        here = self._frame.lazy().filter(number % distance == 0, number // distance < band["paths"])
        return here.with_columns(number // distance)

    def one_day(self) -> pl.DataFrame:
        """Return what a condor earns, costs and may cost, at .9, 1.0 and 1.1 times the vol of a day (R2).

        Of arms whose core expires within a week, at the smallest share, on the paths of `surface_band`.

        Returns
        -------
        DataFrame
            What `alvh.figures.one_day` says: `arm`, `short_end`, `figure`, `estimate`, `low`, `high`, `unit`,
            `paths`. Without runs beside, 1.0 alone; no rows without such an arm.
        """
        near = self.near
        sides = short_end.sides(self.task)
        paths = {times: type(self)(task, self.sides[times]).paths() for times, task in sides.items()}
        paths[1.0] = self._beside(self.task.facts["short_end"]) if sides else self._frame.lazy()
        return self._shown(figures.one_day(paths, self.capital, self.sessions, self._share(None), near))

    def premium(self) -> pl.DataFrame:
        """Return P(distress) and the return in excess of bills per arm at equity risk premia of 0, 5% and 8%.

        Runs the smallest share again on at most `PREMIUM_PATHS` of the same paths.
        """
        if self.replayed:
            raise SpecError("premium: a replayed history has the returns that it had")
        return self._premium

    @cached_property
    def _premium(self) -> pl.DataFrame:
        share = self._share(None)
        books = [book for book in self.task.spec["books"] if book["share"] == share]
        tables = []
        for erp in PREMIA:
            table = self._at_premium(erp, share, books)
            shown = table.filter(pl.col("figure").is_in(["p_distress", "return_on_nav"]))
            tables.append(shown.select(pl.lit(erp).alias("erp"), pl.all()))
        return pl.concat(tables)

    def _at_premium(self, erp: float, share: float, books: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
        """Return the summary of books of a share on `PREMIUM_PATHS` paths: run again, unless they ran so."""
        paths = min(self.task.paths, PREMIUM_PATHS)
        if self.task.spec["market"]["erp"] == erp:
            ran = self.paths().filter(pl.col("path") < paths, share=share).collect()
            return figures.summary(ran, self.capital, self.sessions, share, within=self.within)
        spec = {**self.task.spec, "market": {**self.task.spec["market"], "erp": erp}, "books": books}
        task = Task(spec, paths, self.task.facts)
        return type(self)(task, run(task, threads=self.threads)).summary(share)
