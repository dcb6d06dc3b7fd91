"""What arms were worth at each close: fans, greeks, beta, returns of ledgers, spikes, windows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh import figures
from alvh.compared.logs import Logged
from alvh.errors import SpecError
from alvh.figures.by_session import earned
from alvh.figures.windows import check_window
from alvh.signals.growth import known_growth

__all__ = ["GREEK_PATHS", "SessionFigures"]

GREEK_PATHS = 256
"""Paths of the greek view at most: every package is priced some twenty times more a session."""


class SessionFigures(Logged):
    """Tables of what happens session by session."""

    def fans(self, share: float | None = None) -> pl.DataFrame:
        """Return quantiles of NAV, margin usage and hedge P&L per arm and session, across paths.

        On the paths of `series`.
        """
        return pl.concat(
            figures.fan(series, self.capital).select(pl.lit(arm).alias("arm"), pl.all())
            for arm, series in self._logged("series", share).items()
        )

    def greek_view(
        self, arm: str | None = None, share: float | None = None, *, most: int = GREEK_PATHS
    ) -> pl.DataFrame:
        """Return the Taylor terms of what an arm's packages earned, and the residual they leave (R6, R75).

        Runs again on the first `most` paths of a simulation, or on that many starts of a history at most,
        evenly spread; greeks are kept only then. On bars there is none.

        Returns
        -------
        DataFrame
            What `alvh.figures.greek_view` says behind the `arm`: `side`, `term`, `dollars` a year with their
            interval, `estimate`, `share` of what moves the book.
        """
        arm, plan, paths = self._followed("greek_view", arm, share, most)
        table = figures.greek_view(plan.greeks(0, len(paths), 0, threads=self.threads), self.capital)
        return self._shown(table.select(pl.lit(arm).alias("arm"), pl.all()))

    def series(
        self, arms: Sequence[str] | None = None, share: float | None = None
    ) -> dict[str, dict[str, NDArray[np.float64]]]:
        """Return what arms were worth at every close: what figures by session are made of.

        On the first `SESSION_PATHS` paths of a simulation, or that many starts of a history, evenly spread,
        which run again once: of all arms together.

        Parameters
        ----------
        arms
            All unless given.
        share
            The smallest unless given.

        Returns
        -------
        dict of str to dict of str to ndarray, shape (paths, sessions + 1)
            Arm to `nav`, `requirement`, `hedge` and `core` (P&L of either side so far), `committed` (expected
            cost), `deposited`, `interest`, and of the sleeve `sleeve_nav`, `sleeve_requirement`,
            `sleeve_deposited`, `sleeve_received` (by rules, net) and `sleeve_interest`, dollars; `spot` and
            `vix`, points; `bills`, growth of 1; `available` and `sleeve_available`, what counts against
            requirements; `budget_left`, of the yearly budget (R61), missing without one.

        Examples
        --------
        >>> import alvh as av
        >>> few = {"paths": 4, "sessions": 21, "shares": [0.10], "surface_band": 0}
        >>> av.compare([av.preset("plain")], av.market.GBM(), **few).series()["plain"]["nav"].shape
        (4, 22)
        """
        return self._logged("series", share, arms)

    def announcements(self, window: int = figures.WINDOW) -> dict[str, NDArray[np.bool_]]:
        """Return which sessions of the paths of `series` lie within a window of announcements.

        By kind ("fomc", "cpi", "ppi") and for any of them ("announcements"): shape (paths, sessions). Empty
        where the calendar has none.
        """
        check_window(window)
        _, starts = self._followed_starts()
        events = {name: days for name, days in self.task.spec["schedule"]["events"].items() if days}
        if events:
            events["announcements"] = [day for days in events.values() for day in days]
        return {name: figures.around(starts, self.sessions, days, window) for name, days in events.items()}

    def beta(self, base: str | None = None, share: float | None = None) -> pl.DataFrame:
        """Return beta and alpha against SPX, downside beta, and the price of cutting it (R71).

        On the first `SESSION_PATHS` paths of a simulation, or that many starts of a history, evenly spread.
        `base` is the arm whose downside beta the others cut, the first unless given. Alpha takes SPX with
        its dividend yield; on a history with the mean of what it was on the sessions of these paths.

        Returns
        -------
        DataFrame
            What `alvh.figures.beta` says: `arm`, `figure`, `estimate`, `low`, `high`, `unit`.
        """
        dividends = self.task.spec["market"].get("dividend_yield", 0.0)
        if not isinstance(dividends, int | float):
            _, starts = self._followed_starts()
            dividends = np.mean([dividends[start : start + self.sessions] for start in starts])
        table = figures.beta(
            self.series(share=share),
            self.capital,
            base=base or self.arms[0],
            dividend_yield=float(dividends),
            sampled=not self.replayed,
        )
        return self._shown(table)

    def returns(
        self,
        share: float | None = None,
        *,
        erp: float = 0.05,
        growth: float = 0.0,
        inflation: float = 0.0,
    ) -> pl.DataFrame:
        """Return money-weighted returns per ledger and what they are held against (R67 to R69, R72, R73).

        On the paths of `beta`, whose betas make the cost of equity. `erp`: equity risk premium, `growth`: of
        the hedge's cost, `inflation`: taken off in the Sortino ratio; all a year.

        Returns
        -------
        DataFrame
            What `alvh.figures.returns` says behind the `arm`.
        """
        _, starts = self._followed_starts()
        calendar = np.array(self.task.spec["schedule"]["days"], dtype=np.float64)
        days = np.array([calendar[s : s + self.sessions + 1] - calendar[s] for s in starts])
        betas = dict(self.beta(share=share).filter(figure="beta").select("arm", "estimate").iter_rows())
        ledgers = {book["arm"]: book["ledgers"] or {} for book in self.task.spec["books"]}
        tables = []
        for arm, series in self.series(share=share).items():
            # Compounded once a year, as the return that the hurdle is held against.
            bills = np.expm1(np.log(series["bills"][:, -1]).mean() / (days[:, -1].mean() / 365.0))
            separate = ledgers[arm].get("mode") == "separate"
            table = figures.returns(
                series,
                days,
                self.capital,
                sleeve=ledgers[arm]["sleeve_share"] if separate else None,
                hedged=arm in self.hedged,
                rate=float(bills),
                beta=betas[arm],
                erp=erp,
                growth=growth,
                inflation=inflation,
                sampled=not self.replayed,
            )
            tables.append(table.select(pl.lit(arm).alias("arm"), pl.all()))
        return self._shown(pl.concat(tables))

    def spikes(self, share: float | None = None) -> pl.DataFrame:
        """Return how many successive volatility spikes each arm survives without forced liquidation (R74).

        On the paths of `beta`; what a spike is stands in ``docs/figures.md``.

        Returns
        -------
        DataFrame
            What `alvh.figures.spikes` says: `arm`, `spikes`, `paths`, `survived`, `estimate`, `low`, `high`.
        """
        share = self._share(share)
        paths, _ = self._followed_starts()
        series = self.series(share=share)
        first = pl.min_horizontal(
            pl.when(pl.col(name) > 0).then(pl.col(name)) for name in ("forced_tick", "ruin_tick")
        )
        rows = self._frame.filter(pl.col("share") == share, pl.col("path").is_in(list(paths)))
        told = rows.sort("path").select("arm", first=first.fill_null(0.0))
        forced = {arm: told.filter(arm=arm)["first"].to_numpy() for arm in series}
        return self._shown(figures.spikes(next(iter(series.values()))["vix"], forced))

    def windows(
        self,
        base: str | None = None,
        share: float | None = None,
        *,
        window: int = figures.WINDOW,
        gdp: pl.DataFrame | str | Path | None = None,
    ) -> pl.DataFrame:
        """Return what arms earn around announcements and in regimes, less what `base` does (R20, R92).

        On the paths of `beta`. Announcements are those of the market's calendar: dates that a history was
        given, or in a simulation those of a rule, of which its prices know nothing. Regimes of GDP exist on
        a history, where a frame of its releases is given; a simulated market has none.

        Parameters
        ----------
        base
            The arm that the others are paired with; the first unless given.
        share
            The smallest unless given.
        window
            Sessions before and after an announcement that belong to it.
        gdp
            On a history: levels of GDP with their releases, as `alvh.signals.growth` takes them, or their
            CSV or Parquet file.

        Returns
        -------
        DataFrame
            What `alvh.figures.windows` says: `arm`, `by` ("fomc", "cpi", "ppi", "announcements": any of them;
            "vix", "fall"; with `gdp` "gdp", "gdp_revision"), `when`, `figure`, `estimate`, `low`, `high`,
            `sessions`.

        Raises
        ------
        SpecError
            `gdp` in a simulated market, which has no dates at which GDP was released.
        """
        if gdp is not None and not self.replayed:
            raise SpecError(
                "windows: gdp: a simulated market has no economy, and no dates at which GDP was released. "
                "Mend: leave gdp out, or replay a history"
            )
        series = self.series(share=share)
        masks: dict[tuple[str, str], NDArray[np.bool_]] = {}
        for name, near in self.announcements(window).items():
            masks |= {(name, "inside"): near, (name, "outside"): ~near}
        masks |= figures.regimes(next(iter(series.values())))
        if gdp is not None:
            _, starts = self._followed_starts()
            masks |= figures.gdp_regimes(starts, self.sessions, *known_growth(gdp, self._days))
        return self._shown(figures.windows(series, self.capital, masks, base=base or self.arms[0]))

    def cycles(
        self, share: float | None = None, *, inflation: float = 0.0, fall: float = figures.FALL
    ) -> pl.DataFrame:
        """Return Sortino ratios net of cash and inflation through the cycles of SPX, as an index (R73).

        On the paths of `beta`. `inflation`: a year; `fall`: of SPX from its highest close, which ends a rise.

        Returns
        -------
        DataFrame
            What `alvh.figures.cycles` says: `arm`, `part`, `estimate`, `low`, `high`, `index`, `share`,
            `paths`.

        Examples
        --------
        >>> import alvh as av
        >>> few = {"paths": 64, "sessions": 126, "shares": [0.10], "surface_band": 0}
        >>> result = av.compare([av.preset("plain")], av.market.L3F(vix=30), **few)
        >>> result.cycles(fall=0.10)["part"].to_list()[:4]
        ['whole', 'rise', 'fall', 'cycle 1']
        """
        series = self.series(share=share)
        table = figures.cycles(
            series, self.capital, inflation=inflation, fall=fall, sampled=not self.replayed
        )
        return self._shown(table)

    def dry_powder(self, share: float | None = None) -> pl.DataFrame:
        """Return what the hedges of each arm could still spend, on average, at worst and when needed (R35).

        On the paths of `beta`, of arms with hedges.

        Returns
        -------
        DataFrame
            What `alvh.figures.dry_powder` says: `arm`, `figure` ("funds", "budget"), `ledger`, `when`,
            `estimate`, `low`, `high`, `unit`, `paths`.

        Examples
        --------
        >>> import alvh as av
        >>> few = {"paths": 16, "sessions": 63, "shares": [0.10], "surface_band": 0}
        >>> result = av.compare([av.preset("alvh_0")], av.market.L3F(vix=20), **few)
        >>> sleeve = result.dry_powder().filter(figure="funds", when="start")
        >>> sleeve.select("ledger", "estimate").rows()
        [('sleeve', 0.1)]
        """
        share = self._share(share)
        ledgers = {}
        for book in self.task.spec["books"]:
            if book["arm"] in self.hedged:
                used = {each["ledger"] for each in book["layers"] if each["role"] == "hedge"}
                separate = (book["ledgers"] or {}).get("mode") == "separate"
                ledgers[book["arm"]] = sorted(used) if separate else ["book"]
        arms = [arm for arm in self.hedged if (arm, share) in self.books]
        return self._shown(
            figures.dry_powder(self.series(arms, share) if arms else {}, self.capital, ledgers)
        )

    def dependence(self, share: float | None = None, *, seed: int = 0) -> pl.DataFrame:
        """Return how much worse each arm's sessions are as they came than in any order (R18).

        On the paths of `beta`.

        Returns
        -------
        DataFrame
            What `alvh.figures.dependence` says: `arm`, `figure`, `estimate`, `low`, `high`, `unit`.

        Examples
        --------
        >>> import alvh as av
        >>> few = {"paths": 64, "sessions": 126, "shares": [0.10], "surface_band": 0}
        >>> result = av.compare([av.preset("plain")], av.market.L3F(vix=16), **few)
        >>> result.dependence().filter(figure="clustering")["low"][0] > 0
        True
        """
        return self._shown(figures.dependence(self.series(share=share), self.capital, seed=seed))

    def bootstrap(
        self,
        share: float | None = None,
        *,
        block: int = figures.BLOCK,
        draws: int = 999,
        seed: int = 0,
    ) -> pl.DataFrame:
        """Return the figures of a replayed history with intervals of a block bootstrap (R18).

        Of sessions in blocks of consecutive ones, from starts that do not overlap, put end to end: a history
        is one path, and what it says of itself is all that such an interval knows.

        Parameters
        ----------
        share
            The smallest unless given.
        block
            Sessions of a block.
        draws, seed
            Histories drawn, and the seed.

        Returns
        -------
        DataFrame
            What `alvh.figures.one_history` says: `arm`, `figure`, `estimate`, `low`, `high`, `low_iid`,
            `high_iid`, `unit`, `sessions`.

        Raises
        ------
        SpecError
            The market was simulated: its paths are a sample, and `summary` has their intervals.

        Examples
        --------
        >>> import alvh as av
        >>> few = {"sessions": 63, "every": 63, "shares": [0.10], "surface_band": 0}
        >>> result = av.compare([av.preset("plain")], av.market.History.bundled(), **few)
        >>> told = result.bootstrap(draws=99).row(0, named=True)
        >>> told["low"] < told["estimate"] < told["high"]
        True
        """
        if not self.replayed:
            raise SpecError("bootstrap: this comparison ran on a simulated market: summary() has intervals")
        apart = self._apart()
        series = self.series(share=share)
        pnl = {arm: earned(each, self.capital)[apart].ravel() for arm, each in series.items()}
        return figures.one_history(pnl, block=block, draws=draws, seed=seed)

    def _apart(self) -> list[int]:
        """Return which of the followed starts do not overlap."""
        _, starts = self._followed_starts()
        apart: list[int] = []
        for number, start in enumerate(starts):
            if not apart or start >= starts[apart[-1]] + self.sessions:
                apart.append(number)
        return apart
