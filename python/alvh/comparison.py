"""Every arm on the same paths: `compare` and what it returns.

Definitions stand in ``docs/engine.md`` (one session, exactly) and ``docs/figures.md`` (every figure); the
tables by theme in `alvh.compared`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from alvh import equal_cost, figures, short_end
from alvh.beside import forget, load_beside, run_beside
from alvh.compared import (
    BesideFigures,
    CallFigures,
    DealFigures,
    HedgeFigures,
    HindsightFigures,
    TracedPaths,
)
from alvh.compared.base import EPOCH
from alvh.compared.beside import PREMIA
from alvh.compared.hindsight import FORESIGHT_PATHS
from alvh.compared.told import EVENTS, Trace
from alvh.draws import Draws
from alvh.errors import SpecError
from alvh.outside import Outside
from alvh.playbook import Arm, Playbook, arms_of
from alvh.run_folder import RunFolder
from alvh.runner import CHUNK, MOST_THREADS, Advance, load, run, stored_task
from alvh.signals.given import SignalSource
from alvh.signals.macro import Macro
from alvh.specification import SHARES, Costs, MarginRule, Market, WorstBar, task_of
from alvh.surface_band import BAND_PATHS, FOLDERS, banded, tasks
from alvh.whole import LARGEST_SEED, MOST_PATHS, MOST_SESSIONS, whole
from alvh.workers import Runner, elsewhere

__all__ = [
    "CLOSE_ONLY",
    "EPOCH",
    "EVENTS",
    "EXTRAPOLATED",
    "FORESIGHT_PATHS",
    "NOT_EQUAL",
    "PREMIA",
    "Comparison",
    "Costs",
    "Trace",
    "compare",
]

CLOSE_ONLY = (
    "* close-only on daily data: the trigger is seen at a close and filled at the next; "
    "shown, not ranked (R13)."
)

EXTRAPOLATED = "‡ the vol of a day is extrapolated: what is said of this arm is undecided (R2)."

NOT_EQUAL = "† not at equal cost (R19):"


def compare(
    arms: Playbook | Sequence[Arm | Playbook],
    market: Market,
    *,
    paths: int | None = None,
    sessions: int = 252,
    capital: float = 1_000_000.0,
    margin: MarginRule = "strategy",
    worst_bar: WorstBar | None = None,
    bars: int | None = None,
    seed: int = 0,
    draws: Draws = "plain",
    shares: Sequence[float] = SHARES,
    every: int = 1,
    costs: Costs | None = None,
    ruin_share: float = 0.20,
    threads: int = 0,
    runner: Runner = "local",
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    chunk: int = CHUNK,
    surface_band: int = BAND_PATHS,
    signals: SignalSource | Macro | Outside | None = None,
    advance: Advance | None = None,
    solved: Comparison | None = None,
) -> Comparison:
    """Run every arm at every margin share on the same market paths (R91).

    Parameters
    ----------
    arms
        The arms, or a playbook of them; differences are paired against the first one.
    market
        `market.L3F(...)` or another simulated model, or `market.History(...)`.
    paths
        Simulated paths, `PATHS` unless given. On a history: the first so many rolling starts, else all.
    sessions
        Sessions after the start of each path.
    capital
        Dollars of every book at the start; idle cash earns the bill rate.
    margin
        ``"strategy"``: package by package, cash against the worst payoff. ``"portfolio"``: the worst of ten
        moves of all that a ledger holds, against its equity. ``"house"``: the same with ranges that widen
        with VIX. Or a `margin.Grid` or `margin.House` of your own.
    worst_bar
        A bar within each session at which the requirement is asked again; calls that it would have brought
        are counted apart.
    bars
        Bars of a session at which stops are asked, and between which they are filled (R13): 1 to 390, see
        `docs/one_day.md`. Without it: 13 where an arm opens inside the session, otherwise closes alone.
    seed
        Seed of the simulated market. Equal seeds give equal bits, for any number of threads.
    draws
        ``"plain"``: figures and their intervals are those of independent, equally weighted paths. Other draws
        are refused; `market.L3F.simulate` has them.
    shares
        The size ladder: margin shares of NAV at which each arm runs.
    every
        On a history: sessions between rolling starts.
    costs
        Spreads and fees.
    ruin_share
        Ruin is NAV at or below this share of the capital.
    threads
        Threads, 0 for one per core. On a cluster: cores of each task, 0 for one.
    runner
        Where chunks run: ``"local"``, here; ``"ray"``, on a Ray cluster (`workers.Ray` names one), with the
        same bits. The pilot of rivals always runs here.
    out
        Folder that receives Parquet parts and a manifest; without it everything stays in memory.
    resume, overwrite
        Finish the same run in `out`, or remove it first.
    chunk
        Paths in a Parquet part, the unit of resume. Figures do not depend on it.
    surface_band
        Paths at most that run again, at the smallest share, with the SPX surface a vol point lower and a vol
        point higher (`Comparison.surface_band`); 0 for none.
    signals
        What rules may name besides the engine's own names (R76 to R82). On a history: a frame or file of
        `signal`, `date`, `released_at`, `value`, or what `alvh.signals.align` or `given` made of it with a
        staleness of your own. In a simulated market: `signals.Macro`, an assumption and not evidence.
        ``"absent"``: what is named is unknown throughout, and what waits for it stays
        closed (C24). Without it a rule that names such a signal is an error.
    advance
        Called with the number of paths just finished, those of the pilot of rivals at equal cost and of the
        surface band among them.
    solved
        A comparison that solved the same rivals at equal cost: they are taken as they were frozen there, and
        so meet another stream or a history unchanged (R19).

    Returns
    -------
    Comparison

    Raises
    ------
    AlvhError
        Something that cannot be computed: the message names it, what is allowed, and the mend.

    Examples
    --------
    >>> import alvh as av
    >>> plain = av.Arm("plain", av.IronCondor(days=45, short_delta=0.16, width=0.01))
    >>> arms = [plain, plain.stop()]
    >>> result = av.compare(arms, av.market.L3F(vix=16), paths=256, sessions=63, shares=[0.10])
    >>> result.summary().columns[:4]
    ['arm', 'figure', 'estimate', 'low']
    """
    _require_market(market)
    shares = _plain_shares(shares)
    paths = None if paths is None else whole("paths", paths, MOST_PATHS)
    sessions = whole("sessions", sessions, MOST_SESSIONS)
    seed = whole("seed", seed, LARGEST_SEED)
    every = whole("every", every, MOST_SESSIONS)
    chunk = whole("chunk", chunk, MOST_PATHS)
    threads = whole("threads", threads, MOST_THREADS)
    surface_band = whole("surface_band", surface_band, MOST_PATHS)
    workers = elsewhere(runner)
    if draws != "plain":
        allowed = "a comparison counts independent paths of equal weight; use 'plain', or simulate the market"
        raise SpecError(f"draws = {draws!r}: {allowed}")
    asked: dict[str, Any] = {
        "paths": paths,
        "sessions": sessions,
        "capital": capital,
        "margin": margin,
        "worst_bar": worst_bar,
        "bars": bars,
        "seed": seed,
        "shares": shares,
        "every": every,
        "costs": costs,
        "ruin_share": ruin_share,
        "chunk": chunk,
        "signals": signals,
    }
    arms = arms_of(arms)
    if out is not None:
        RunFolder.claim(out)  # what is wrong with the folder is said before anything is solved
    if solved is None:
        settled = equal_cost.settle(arms, market, threads=threads, advance=advance, **asked)
    else:
        settled = equal_cost.frozen(arms, solved.manifest["facts"]["equal_cost"])
    task = banded(task_of(settled.arms, market, equal_cost=settled.facts, **asked), surface_band)
    task = short_end.sided(task, surface_band)
    if overwrite and out is not None:
        forget(FOLDERS, out)
        forget(short_end.FOLDERS, out)
    where: dict[str, Any] = {"threads": threads, "workers": workers, "advance": advance}
    result = run(task, out=out, resume=resume, overwrite=overwrite, **where)
    band = run_beside(tasks(task), FOLDERS, out=out, resume=resume, **where)
    sides = run_beside(short_end.sides(task), short_end.FOLDERS, out=out, resume=resume, **where)
    comparison = Comparison(task, result, threads, band, sides)
    if out is not None:
        comparison.write_tables(out)
    return comparison


def _plain_shares(shares: Sequence[float]) -> tuple[float, ...]:
    """Return the ladder as plain numbers: the manifest and the engine's question are JSON."""
    wrong = SpecError(f"shares = {shares!r}: a list of margin shares of NAV, such as [0.10]")
    if isinstance(shares, str | bytes | Mapping) or not isinstance(shares, Iterable):
        raise wrong
    try:
        given = list(shares)
        if any(isinstance(share, str | bytes | bool | np.bool_) or np.ndim(share) for share in given):
            raise wrong
        return tuple(float(share) for share in given)
    except (TypeError, ValueError, OverflowError):
        raise wrong from None


def _require_market(market: object) -> None:
    """Refuse what no annotation keeps a notebook from passing."""
    if not isinstance(market, Market):
        raise SpecError(
            f"market is a {type(market).__name__}: a model of alvh.market, such as market.L3F(vix=16), "
            "market.History(…) or market.ChainHistory(…)"
        )


class Comparison(BesideFigures, HedgeFigures, HindsightFigures, CallFigures, DealFigures, TracedPaths):
    """The figures of every arm at every share, and the tables made of them.

    Attributes
    ----------
    task
        What was asked for.
    result
        The figures per path, lazily, and the manifest.
    threads
        Threads of what is run again (`premium`), 0 for one per core.
    band
        The figures of the surface band, by shift in vol points.
    sides
        The figures at the short end, by what the vol of one session is multiplied with.
    """

    @classmethod
    def load(cls, folder: str | Path) -> Comparison:
        """Open the folder of a finished run."""
        task = stored_task(folder)
        return cls(
            task,
            load(folder),
            band=load_beside(tasks(task), FOLDERS, folder),
            sides=load_beside(short_end.sides(task), short_end.FOLDERS, folder),
        )

    @property
    def limits(self) -> tuple[str, ...]:
        """Sentences that must stand beside the figures."""
        limits = (*self.task.facts["limits"], *equal_cost.limits(self._equal_cost))
        if self._governed_arms:
            limits = (*limits, *figures.governed_words(self._governed))
        # Only where signals from outside are read: what else a rule reads is there, or said to be lacking.
        return (*limits, *figures.closed_words(self._closed)) if "signals" in self.task.facts else limits

    @property
    def pilot(self) -> str:
        """The pilot on which rivals were brought to equal cost, in words; empty without rivals."""
        return equal_cost.pilot_words(self._equal_cost)

    def headline(self) -> str:
        """Say in words whether blow-ups were avoided, and at what cost (R91)."""
        share, base = self._share(None), self.label(self.arms[0])
        if self.replayed:
            told = self.history()
            shown = told._replace(counts=self.labelled(told.counts), episodes=self.labelled(told.episodes))
            words = figures.history_headline(shown, base)
        else:
            words = figures.headline(
                self.labelled(self._ladder),
                self.labelled(self.capacity()),
                self.labelled(self.against()),
                base_share=share,
                base=base,
                within=self.within,
            )
        if self.task.facts["close_only"]:
            words += f" {CLOSE_ONLY}"
        if self.near:
            words += f" {EXTRAPOLATED}"
        if self._unequal:
            unequal = "; ".join(
                f"{arm} {why.removeprefix('not equal: ')}" for arm, why in self._unequal.items()
            )
            words += f" {NOT_EQUAL} {unequal}."
        return words

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return every table by name, but those that run paths again.

        These are `fans`, `calls`, `call_rates` and those of `session_tables`.
        """
        tables = {
            "ladder": self.ladder(),
            "summary": self.summary(),
            "against": self.against(),
            "attribution": self.attribution(),
            "peaks": self.peaks(),
            "margin_calls": self.margin_calls(),
        }
        asked: dict[str, tuple[object, Callable[[], pl.DataFrame]]] = {
            "surface_band": (self.band, self.surface_band),
            "stops": (self.task.spec.get("bars"), self.stops),
            "one_day": (self.near, self.one_day),
            "equal_cost": (self._equal_cost, self.equal_cost),
            "protection": (self.hedged, self.protection),
            "protection_words": (self.hedged, lambda: figures.protection_words(tables["protection"])),
            "layer_pnl": (self.hedged, self.layer_pnl),
            "forced_cost": (self._held_pairs(), self.forced_cost),
            "governed": (self._governed_arms, self.governed),
            "prices": (self.quoted, self.prices),
            "bar_calls": (self.task.spec.get("worst_bar"), self.bar_calls),
        }
        for name, (wanted, table) in asked.items():
            if wanted:
                tables[name] = table()
        if self.replayed:
            told = self.history()
            days = {f"days_of_{name}": each.days for name, each in self.told.items()}
            return tables | {"history": told.counts, "episodes": told.episodes} | days
        return tables | {"capacity": self.capacity(), "sizing": self.sizing(), "premium": self.premium()}

    def session_tables(self) -> dict[str, pl.DataFrame]:
        """Return every table that is made of sessions, deals and openings, of all arms, by name.

        At the smallest share; at most 1,024 paths, or starts of a history, run again, once for all tables and
        arms. `dry_powder` is of the arms with hedges, where there are any; a history has `bootstrap` where it
        has two blocks of sessions or more.

        Examples
        --------
        >>> import alvh as av
        >>> few = {"paths": 16, "sessions": 42, "shares": [0.10], "surface_band": 0}
        >>> sorted(av.compare([av.preset("plain")], av.market.L3F(vix=20), **few).session_tables())[:4]
        ['beta', 'cycles', 'dependence', 'discipline']
        """
        share = self._share(None)
        arms = [arm for arm in self.arms if (arm, share) in self.books]
        tables = {
            "discipline": self.discipline(),
            "entries": pl.concat(self.entries(arm) for arm in arms),
            "beta": self.beta(),
            "returns": self.returns(),
            "spikes": self.spikes(),
            "windows": self.windows(),
            "cycles": self.cycles(),
            "dependence": self.dependence(),
            "whipsaw": pl.concat(self.whipsaw(arm) for arm in arms),
            "pin_risk": pl.concat(self.pin_risk(arm) for arm in arms),
        }
        if any(arm in self.hedged for arm in arms):
            tables["dry_powder"] = self.dry_powder()
        # Of fewer than two blocks every draw is the same sessions in the same order.
        enough = self.replayed and len(self._apart()) * self.sessions >= 2 * figures.BLOCK
        return tables | {"bootstrap": self.bootstrap()} if enough else tables

    def to_parquet(self, folder: str | Path) -> None:
        """Write ``paths.parquet`` (what `paths` returns) and every table as ``NAME.parquet`` into a folder.

        Examples
        --------
        >>> import tempfile, alvh as av
        >>> result = av.compare([av.preset("plain")], av.market.GBM(), paths=64, sessions=21, shares=[0.10])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     result.to_parquet(folder)
        ...     sorted(path.name for path in Path(folder).iterdir())[:3]
        ['against.parquet', 'attribution.parquet', 'capacity.parquet']
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in {"paths": self._frame, **self.tables()}.items():
            table.write_parquet(folder / f"{name}.parquet")

    def to_html(self, path: str | Path, *, start: date | None = None) -> None:
        """Write one self-contained HTML page: answer, charts, tables, limits, manifest.

        What is on it and from which method: ``docs/report.md``.

        Parameters
        ----------
        path
            The file; its folder exists. An earlier file is replaced.
        start
            On a history: the rolling start whose days are told, the worst one unless given.

        Raises
        ------
        ReportError
            The path is a folder or in none, or `alvh[report]` is not installed.
        SpecError
            There is no such start.
        """
        from alvh.report.page import write_page

        write_page(path, [self], start=start)

    def write_tables(self, folder: str | Path) -> None:
        """Write every table as Parquet into ``folder/tables`` and each arm as TOML into ``folder/arms``."""
        files = {f"tables/{name}.parquet": table.write_parquet for name, table in self.tables().items()}
        for name, facts in self.task.facts["arms"].items():
            files[f"arms/{name}.toml"] = partial(_write_text, text=facts["toml"])
        RunFolder(Path(folder)).write_beside(files)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
