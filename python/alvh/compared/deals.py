"""What an arm dealt in: openings, overlap and turnover, whipsaws, and the discipline that they show."""

from __future__ import annotations

import polars as pl

from alvh import figures
from alvh.compared.base import SESSION_PATHS
from alvh.compared.logs import Log
from alvh.compared.sessions import SessionFigures

__all__ = ["DealFigures"]


class DealFigures(SessionFigures):
    """Tables of openings, deals and tranches."""

    def entries(self, arm: str | None = None, share: float | None = None) -> pl.DataFrame:
        """Return what the core of one book was paid at its openings, and where its shorts lay (C1, C19).

        Credit, delta of the shorts, their distance in expected moves, width and lots by layer, over all
        openings of the paths of `beta`; see `alvh.figures.entries`.
        """
        asked = arm or self.arms[0]
        return self._told("entries", asked, share)

    def openings(self, arm: str | None = None, share: float | None = None) -> pl.DataFrame:
        """Return what each hedge layer of an arm opened after SPX had risen, and after it had fallen (C15).

        On the paths of `beta`; the first arm with a hedge unless given.

        Returns
        -------
        DataFrame
            What `alvh.figures.openings` says behind the `arm`.
        """
        asked = arm or next(iter(self.hedged), self.arms[0])
        tranches, _ = self.tranches(asked, share)
        told = enumerate(self._layers(asked))
        layers = {index: layer["name"] for index, layer in told if layer["role"] == "hedge"}
        series = self.series([asked], share)[asked]
        table = figures.openings(tranches, layers, series["spot"], series["vix"])
        return self._shown(table.select(pl.lit(asked).alias("arm"), pl.all()))

    def turnover(self, arm: str | None = None, share: float | None = None) -> pl.DataFrame:
        """Return how much an arm deals in, layer by layer, and how its tranches overlap (R82).

        On the paths of `beta`; the first arm unless given.

        Returns
        -------
        DataFrame
            What `alvh.figures.turnover` says behind the `arm`: `layer`, `figure`, `estimate`, `low`, `high`,
            `unit`.
        """
        asked, plan, paths = self._followed("turnover", arm, share, SESSION_PATHS)
        deals = plan.deals(0, len(paths), 0, threads=self.threads)
        table = figures.turnover(
            deals, self._layer_names(asked), paths=len(paths), sessions=self.sessions, capital=self.capital
        )
        return self._shown(table.select(pl.lit(asked).alias("arm"), pl.all()))

    def rolls(self, arm: str | None = None, share: float | None = None) -> pl.DataFrame:
        """Return what the rolls of an arm's hedges sold and bought of the variance curve (R58, R83).

        On the paths of `beta`; the first arm unless given.

        Returns
        -------
        DataFrame
            What `alvh.figures.rolls` says behind the `arm`: `layer`, `figure`, `estimate`, `low`, `high`,
            `unit`; no row of a layer that rolled nothing.
        """
        asked, plan, paths = self._followed("rolls", arm, share, SESSION_PATHS)
        deals = plan.deals(0, len(paths), 0, threads=self.threads)
        table = figures.rolls(deals, self._layer_names(asked), paths=len(paths), sessions=self.sessions)
        return self._shown(table.select(pl.lit(asked).alias("arm"), pl.all()))

    def rounding(self, arm: str | None = None, share: float | None = None) -> pl.DataFrame:
        """Return how much of what each layer of an arm wanted whole lots left out (R42).

        On the paths of `beta`; the first arm unless given.

        Returns
        -------
        DataFrame
            What `alvh.figures.rounding` says behind the `arm`: `layer`, `figure`, `estimate`, `low`, `high`,
            `unit`; no row of a layer that never came to be sized.

        Examples
        --------
        >>> import alvh as av
        >>> few = {"paths": 16, "sessions": 21, "shares": [0.10], "surface_band": 0, "capital": 100_000}
        >>> small = av.preset("plain").replace(name="small", sell={"product": "XSP"})
        >>> result = av.compare([av.preset("plain"), small], av.market.GBM(vol=0.16), **few)
        >>> [round(result.rounding(arm)["estimate"][4], 2) for arm in result.arms]
        [1.0, 0.02]
        """
        asked, plan, paths = self._followed("rounding", arm, share, SESSION_PATHS)
        deals = plan.deals(0, len(paths), 0, threads=self.threads)
        table = figures.rounding(deals, self._layers(asked), paths=len(paths), sessions=self.sessions)
        return self._shown(table.select(pl.lit(asked).alias("arm"), pl.all()))

    def pin_risk(
        self, arm: str | None = None, share: float | None = None, *, within: float = figures.PIN_POINTS
    ) -> pl.DataFrame:
        """Return how often SPX settles within some points of a short strike, and what is at stake (R79).

        As the surface said at the last close before each expiry, and as it went; on the paths of `beta`, of
        one arm, the first unless given.

        Returns
        -------
        DataFrame
            What `alvh.figures.pin_risk` says behind the `arm`: `layer`, `side`, `figure`, `estimate`, `low`,
            `high`, `unit`, `tranches`, `unpriced`.

        Examples
        --------
        >>> import alvh as av
        >>> few = {"paths": 64, "sessions": 63, "shares": [0.10], "surface_band": 0}
        >>> result = av.compare([av.preset("plain")], av.market.L3F(vix=20), **few)
        >>> result.pin_risk().filter(side="put")["figure"].to_list()[:3]
        ['expected', 'realised', 'realised_less_expected']
        """
        asked = arm or self.arms[0]
        if within == figures.PIN_POINTS:
            return self._shown(self._told("pins", asked, share))
        _, plan, paths = self._followed("pin_risk", asked, share, SESSION_PATHS)
        told = plan.pins(0, len(paths), 0, threads=self.threads)
        table = figures.pin_risk(told, self._layer_names(asked), paths=len(paths), within=within)
        return self._shown(table.select(pl.lit(asked).alias("arm"), pl.all()))

    def whipsaw(
        self,
        arm: str | None = None,
        share: float | None = None,
        *,
        within: int = figures.WHIPSAW_SESSIONS,
    ) -> pl.DataFrame:
        """Return how often signals opened each layer of an arm and closed it again at a loss (R37).

        On the paths of `beta`; the first arm with a hedge unless given, the first of all without one.

        Returns
        -------
        DataFrame
            What `alvh.figures.whipsaw` says behind the `arm`: `layer`, `figure`, `estimate`, `low`, `high`,
            `unit`.

        Examples
        --------
        >>> import alvh as av
        >>> few = {"paths": 16, "sessions": 42, "shares": [0.10], "surface_band": 0}
        >>> result = av.compare([av.preset("stop_1x")], av.market.L3F(vix=26), **few)
        >>> result.whipsaw()["figure"].to_list()
        ['opened', 'flipped', 'flipped_share', 'reversed', 'flip_cost']
        """
        asked = arm or next(iter(self.hedged), self.arms[0])
        tranches, paths = self.tranches(asked, share)
        table = figures.whipsaw(
            tranches,
            self._layer_names(asked),
            paths=paths,
            sessions=self.sessions,
            capital=self.capital,
            within=within,
        )
        return self._shown(table.select(pl.lit(asked).alias("arm"), pl.all()))

    def discipline(self, share: float | None = None) -> pl.DataFrame:
        """Return how disciplined each arm was: what a promoter does, counted, and a score (R85, C14).

        On the paths of `beta`, for the deals of each arm.

        Returns
        -------
        DataFrame
            What `alvh.figures.discipline` says: `arm`, `figure`, `estimate`, `low`, `high`, `unit`.
        """
        share = self._share(share)
        paths, _ = self._spread(SESSION_PATHS)
        acts = {
            arm: figures.vices(tranches, self._layers(arm), len(paths))
            for arm, tranches in self._logged("deals", share).items()
        }
        rows = self._frame.filter(pl.col("path").is_in(list(paths)))
        return self._shown(figures.discipline(rows, self.capital, self.sessions, share, acts))

    def tranches(self, arm: str | None = None, share: float | None = None) -> tuple[pl.DataFrame, int]:
        """Return every tranche of one book, and on how many paths: what figures of deals are made of.

        On the paths of `beta`, numbered from 0.

        Returns
        -------
        tuple of DataFrame and int
            What `alvh.figures.tranches_of` says: a row per tranche with `path`, `layer` (its number),
            `slot`, ticks `opened` and `ended`, `lots`, `pnl`, `rolled`, `how`; and the number of paths.
        """
        asked = arm or self.arms[0]
        paths, _ = self._spread(SESSION_PATHS)
        return self._logged("deals", share, [asked])[asked], len(paths)

    def _told(self, log: Log, arm: str, share: float | None) -> pl.DataFrame:
        """Return the table of a log of one arm, behind the arm."""
        table: pl.DataFrame = self._logged(log, share, [arm])[arm]
        return table.select(pl.lit(arm).alias("arm"), pl.all())
