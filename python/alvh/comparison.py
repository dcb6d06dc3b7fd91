"""Every arm on the same paths: `compare` and what it returns.

Definitions stand in ``docs/engine.md`` (one session, exactly) and ``docs/figures.md`` (every figure).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh import _core, equal_cost, figures, short_end
from alvh.beside import forget, load_beside, run_beside
from alvh.break_evens import Of, break_evens
from alvh.draws import Draws
from alvh.episode import MATURE, Episode, days_told, episodes, known, passages, paths_through
from alvh.errors import SpecError, nearest_names
from alvh.figures.windows import check_window
from alvh.hindsight import PLENTY, everything_on_offer
from alvh.outside import Outside
from alvh.playbook import Arm, Playbook, arms_of
from alvh.run_folder import RunFolder
from alvh.runner import CHUNK, Advance, Result, Task, load, run, stored_task
from alvh.signals.given import SignalSource
from alvh.signals.growth import known_growth
from alvh.signals.macro import Macro
from alvh.specification import SHARES, Costs, MarginRule, Market, WorstBar, task_of
from alvh.surface_band import BAND_PATHS, FOLDERS, banded, tasks
from alvh.workers import Runner, elsewhere
from alvh.worst import WorstPath, explained, worst

if TYPE_CHECKING:
    from alvh.rules.on_path import PathExplanation

PREMIA = (0.0, 0.05, 0.08)
"""Equity risk premia at which every simulated report shows the returns again (MODELS)."""

PREMIUM_PATHS = 1_024
"""Paths of that table at most: it shows a direction, not a third decimal."""

FAN_PATHS = 1_024
"""Paths of the fans at most: a 5% quantile is then one of 51 paths."""

CALL_PATHS = 1_024
"""Paths at most whose margin calls are told one by one, and counted by the state that they opened in."""

SESSION_PATHS = 1_024
"""Paths at most of figures that are made of sessions: ledgers, beta, windows, spikes."""

FORESIGHT_PATHS = 256
"""Paths of the hindsight bound at most: it buys of every hedge layer every day."""

GREEK_PATHS = 256
"""Paths of the greek view at most: every package is priced some twenty times more a session."""

GATE_PATHS = 1_024
"""Paths at most on which it is counted how often layers were closed for lack of data."""

CLOSE_ONLY = (
    "* close-only on daily data: the trigger is seen at a close and filled at the next; "
    "shown, not ranked (R13)."
)

HYPOTHETICAL = " (hypothetical)"
"""Behind the name of an arm with an offset, whatever its name says (R62)."""

EXTRAPOLATED = "‡ the vol of a day is extrapolated: what is said of this arm is undecided (R2)."

NOT_EQUAL = "† not at equal cost (R19):"

EPOCH = date(1970, 1, 1)

EVENTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "tick": pl.UInt32,
    "minute": pl.UInt32,
    "date": pl.Date,
    "event": pl.String,
    "reason": pl.String,
    "layer": pl.String,
    "slot": pl.Int64,
    "lots": pl.Float64,
    "price": pl.Float64,
    "cash": pl.Float64,
    "pnl": pl.Float64,
    "strikes": pl.List(pl.Float64),
    "expiry": pl.Date,
}
"""Columns of the events of a trace."""


class Trace(NamedTuple):
    """One path of one book.

    Attributes
    ----------
    ledger
        A row per tick: date, index, vix, cash, nav, requirement, call, the cumulative attribution buckets.
    events
        What happened to each tranche, when and why; `minute` counts from the opening, null at a close.
    """

    ledger: pl.DataFrame
    events: pl.DataFrame


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


@dataclass(frozen=True)
class Comparison:
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

    task: Task
    result: Result
    threads: int = 0
    band: Mapping[float, Result] = field(default_factory=dict)
    sides: Mapping[float, Result] = field(default_factory=dict)

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
    def manifest(self) -> dict[str, Any]:
        """What determined the figures, and a digest of their bits per arm and share."""
        return self.result.manifest

    @property
    def capital(self) -> float:
        """Dollars of every book at the start."""
        return float(self.task.spec["capital"])

    @property
    def sessions(self) -> int:
        """Sessions after the start."""
        return int(self.task.spec["sessions"])

    @property
    def within(self) -> int:
        """Sessions within which distress counts: a year, or the whole shorter horizon."""
        return min(figures.WITHIN, self.sessions)

    @property
    def replayed(self) -> bool:
        """Was a history replayed? Then figures are counts and dates, without intervals."""
        return bool(self.task.facts["market"] == "replay")

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

    @property
    def books(self) -> list[tuple[str, float]]:
        """Arm and margin share of each book."""
        return [(book["arm"], book["share"]) for book in self.task.spec["books"]]

    @property
    def arms(self) -> list[str]:
        """Names of the arms, in the order given."""
        return list(dict.fromkeys(arm for arm, _ in self.books))

    @property
    def shares(self) -> list[float]:
        """The size ladder, ascending."""
        return sorted({share for _, share in self.books})

    @property
    def hedged(self) -> list[str]:
        """Names of the arms with a hedge layer, in the order given."""
        return [arm for arm in self.arms if any(layer["role"] == "hedge" for layer in self._layers(arm))]

    @property
    def budgets(self) -> dict[str, float]:
        """Of the arms that have a budget: the expected cost a year that it allows, of NAV (R61)."""
        ledgers = {book["arm"]: book["ledgers"] or {} for book in self.task.spec["books"]}
        return {arm: each["budget_per_year"] for arm, each in ledgers.items() if each.get("budget_per_year")}

    def paths(self) -> pl.LazyFrame:
        """Return a row per path and book: path, start, arm, share, and the figures of ``docs/engine.md``."""
        books = pl.LazyFrame(
            {
                "book": range(len(self.books)),
                "arm": [arm for arm, _ in self.books],
                "share": [share for _, share in self.books],
            },
            schema={"book": pl.Int16, "arm": pl.String, "share": pl.Float64},
        )
        starts = self.task.spec["starts"]
        schedule = self.task.spec["schedule"]
        first = starts or [schedule["origin"]] * self.task.paths
        days = pl.LazyFrame(
            {
                "path": range(len(first)),
                "start": [EPOCH + timedelta(schedule["days"][index]) for index in first],
            },
            schema={"path": pl.Int64, "start": pl.Date},
        )
        figure_columns = [
            name for name in self.result.frame.collect_schema().names() if name not in {"path", "book"}
        ]
        joined = self.result.frame.join(books, on="book", how="left", maintain_order="left")
        joined = joined.join(days, on="path", how="left", maintain_order="left")
        return joined.select("path", "start", "arm", "share", *figure_columns)

    @cached_property
    def _frame(self) -> pl.DataFrame:
        return self.paths().collect()

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
            shift: Comparison(task, self.band[shift]).paths() for shift, task in sides.items()
        }
        if sides:
            paths[0.0] = self._beside(self.task.facts["surface_band"])
        return self._shown(figures.surface_band(paths, self.capital, self.sessions, self._share(None)))

    def _beside(self, band: Mapping[str, int]) -> pl.LazyFrame:
        """Return the paths of this comparison that runs beside it repeat, numbered as there."""
        number, distance = pl.col("path"), band["distance"]
        here = self._frame.lazy().filter(number % distance == 0, number // distance < band["paths"])
        return here.with_columns(number // distance)

    @cached_property
    def near(self) -> list[str]:
        """Names of the arms whose core expires within a week, with hedges or without, in the order given."""
        return short_end.extrapolated(self.task.spec)

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
        paths = {times: Comparison(task, self.sides[times]).paths() for times, task in sides.items()}
        paths[1.0] = self._beside(self.task.facts["short_end"]) if sides else self._frame.lazy()
        return self._shown(figures.one_day(paths, self.capital, self.sessions, self._share(None), near))

    def stops(self, share: float | None = None) -> pl.DataFrame:
        """Return what stops did: whipsaws, regret, value given up, excursions (R14, R7).

        Returns
        -------
        DataFrame
            What `alvh.figures.stops` says: `arm`, `figure`, `estimate`, `low`, `high`, `unit`.
        """
        return self._shown(figures.stops(self._frame, self.capital, self.sessions, self._share(share)))

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
            spec = {**self.task.spec, "market": {**self.task.spec["market"], "erp": erp}, "books": books}
            task = Task(spec, min(self.task.paths, PREMIUM_PATHS), self.task.facts)
            table = Comparison(task, run(task, threads=self.threads)).summary(share)
            shown = table.filter(pl.col("figure").is_in(["p_distress", "return_on_nav"]))
            tables.append(shown.select(pl.lit(erp).alias("erp"), pl.all()))
        return pl.concat(tables)

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

    @property
    def _equal_cost(self) -> dict[str, Any]:
        facts: dict[str, Any] = self.task.facts["equal_cost"]
        return facts

    @property
    def _unequal(self) -> dict[str, str]:
        return equal_cost.unequal(self._equal_cost)

    def closed(self) -> pl.DataFrame:
        """Return how often each layer with an enter rule was closed for lack of data (C24).

        Runs the smallest share again, on the first `GATE_PATHS` paths of a simulation, or on that many
        starts of a history at most, evenly spread.

        Returns
        -------
        DataFrame
            `arm`, `layer`, `rule`; `sessions` at which it was asked, over all paths; of these `unknown` while
            data were missing that the rule reads, now or in one of its windows; openings `withheld` then,
            which were due; `missing`: names and the sessions of each. A rule that is unknown for another
            reason, such as ``core_challenge`` while no core is held, does not count.
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
        layer's own rule wanted them; hard checks where they cut or stopped a fill.

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

    @property
    def _governed_arms(self) -> list[str]:
        governed = {
            book["arm"]
            for book in self.task.spec["books"]
            if any({"permits", "overrides"} & layer.keys() for layer in book["layers"])
        }
        return [arm for arm in self.arms if arm in governed]

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

    def _asked_again(self, arms: Sequence[str]) -> tuple[Task, int]:
        """Return the task of arms at the smallest share on a part of the paths, and how many these are."""
        starts = self.task.spec["starts"]
        starts = starts[:: math.ceil(len(starts) / GATE_PATHS)] if starts else []
        share = self._share(None)
        books = [book for book in self.task.spec["books"] if book["share"] == share and book["arm"] in arms]
        task = Task({**self.task.spec, "starts": starts, "books": books}, self.task.paths, self.task.facts)
        return task, len(starts) or min(self.task.paths, GATE_PATHS)

    def peaks(self, share: float | None = None) -> pl.DataFrame:
        """Return the distribution of peak over first margin requirement per arm (R15)."""
        return figures.peaks(self._frame, self._share(share))

    @property
    def quoted(self) -> bool:
        """Were recorded option quotes replayed? Then `prices` counts them."""
        return "chain" in self.task.spec["market"]

    def prices(self, share: float | None = None) -> pl.DataFrame:
        """Return how many leg prices of each arm were recorded quotes and how many the model's."""
        if not self.quoted:
            raise SpecError("prices: every option price is the model's: the market replays no quotes")
        return figures.prices(self._frame, self._share(share))

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

    def fans(self, share: float | None = None) -> pl.DataFrame:
        """Return quantiles of NAV, margin usage and hedge P&L per arm and session, across paths.

        Runs again on the first `FAN_PATHS` paths of a simulation, or on that many starts of a history at
        most, evenly spread.
        """
        share = self._share(share)
        starts = self.task.spec["starts"]
        starts = starts[:: math.ceil(len(starts) / FAN_PATHS)] if starts else []
        paths = len(starts) or min(self.task.paths, FAN_PATHS)
        fans = {
            arm: self._alone(arm, share, starts).series(0, paths, 0, threads=self.threads)
            for arm in self.arms
            if (arm, share) in self.books
        }
        return pl.concat(
            figures.fan(series, self.capital).select(pl.lit(arm).alias("arm"), pl.all())
            for arm, series in fans.items()
        )

    def margin_calls(self, share: float | None = None) -> pl.DataFrame:
        """Return margin calls per arm, what they led to, and how liquid the ledgers were (R17, R63, R64)."""
        return self._shown(figures.margin_calls(self._frame, self.capital, self.sessions, self._share(share)))

    def discipline(self, share: float | None = None) -> pl.DataFrame:
        """Return how disciplined each arm was: losses chased, stops, budget, size, and a score (R85, C14)."""
        return self._shown(figures.discipline(self._frame, self.capital, self.sessions, self._share(share)))

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

    def entries(self, arm: str | None = None, share: float | None = None) -> pl.DataFrame:
        """Return what the core of one book was paid at its openings, and where its shorts lay (C1, C19).

        Credit, delta of the shorts, their distance in expected moves, width and lots by layer, over all
        openings of the paths of `calls`; see `alvh.figures.entries`.
        """
        arm, plan, paths = self._followed("entries", arm, share, CALL_PATHS)
        told = plan.entries(0, len(paths), 0, threads=self.threads)
        names = [layer["name"] for layer in self._layers(arm)]
        return figures.entries(told, names).select(pl.lit(arm).alias("arm"), pl.all())

    def _called(
        self, arm: str | None, share: float | None
    ) -> tuple[str, dict[str, NDArray[np.float64]], Sequence[int]]:
        """Return the arm, what `_core.Plan.calls` records of it, and the numbers of the paths."""
        arm, plan, paths = self._followed("calls", arm, share, CALL_PATHS)
        return arm, plan.calls(0, len(paths), 0, threads=self.threads), paths

    def _followed(
        self, what: str, arm: str | None, share: float | None, most: int, *, offered: bool = False
    ) -> tuple[str, _core.Plan, Sequence[int]]:
        """Return an arm, its book alone on at most so many paths, and the numbers of these.

        The first paths of a simulation, or starts of a history, evenly spread; of what is `offered` to
        hindsight, or of the book itself.
        """
        arm, share = arm or self.arms[0], self._share(share)
        if (arm, share) not in self.books:
            raise SpecError(
                f"{what}: arm = {arm!r} at share = {share}: known arms are {', '.join(self.arms)}"
            )
        starts = self.task.spec["starts"]
        step = math.ceil(len(starts) / most) if starts else 1
        paths = range(0, len(starts), step) if starts else range(min(self.task.paths, most))
        alone = starts[::step] if starts else []
        return arm, (self._offered if offered else self._alone)(arm, share, alone), paths

    def greek_view(self, arm: str | None = None, share: float | None = None) -> pl.DataFrame:
        """Return the Taylor terms of what an arm's packages earned, and the residual they leave (R6, R75).

        Runs again on the first `GREEK_PATHS` paths of a simulation, or on that many starts of a history at
        most, evenly spread; greeks are kept only then. On bars there is none.

        Returns
        -------
        DataFrame
            What `alvh.figures.greek_view` says behind the `arm`: `side`, `term`, `dollars` a year with their
            interval, `estimate`, `share` of what moves the book.
        """
        arm, plan, paths = self._followed("greek_view", arm, share, GREEK_PATHS)
        table = figures.greek_view(plan.greeks(0, len(paths), 0, threads=self.threads), self.capital)
        return self._shown(table.select(pl.lit(arm).alias("arm"), pl.all()))

    def series(
        self, arms: Sequence[str] | None = None, share: float | None = None
    ) -> dict[str, dict[str, NDArray[np.float64]]]:
        """Return what arms were worth at every close: what figures by session are made of.

        On the first `SESSION_PATHS` paths of a simulation, or that many starts of a history, evenly spread,
        each arm run again once.

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
            `vix`, points; `bills`, growth of 1.

        Examples
        --------
        >>> import alvh as av
        >>> few = {"paths": 4, "sessions": 21, "shares": [0.10], "surface_band": 0}
        >>> av.compare([av.preset("plain")], av.market.GBM(), **few).series()["plain"]["nav"].shape
        (4, 22)
        """
        share = self._share(share)
        wanted = [arm for arm in arms or self.arms if arms or (arm, share) in self.books]
        for arm in wanted:
            if (arm, share) not in self._kept:
                _, plan, paths = self._followed("series", arm, share, SESSION_PATHS)
                self._kept[arm, share] = plan.series(0, len(paths), 0, threads=self.threads)
        return {arm: self._kept[arm, share] for arm in wanted}

    @cached_property
    def _kept(self) -> dict[tuple[str, float], dict[str, NDArray[np.float64]]]:
        return {}

    def announcements(self, window: int = figures.WINDOW) -> dict[str, NDArray[np.bool_]]:
        """Return which sessions of the paths of `series` lie within a window of announcements.

        By kind ("fomc", "cpi", "ppi") and for any of them ("announcements"): shape (paths, sessions). Empty
        where the calendar has none.
        """
        check_window(window)
        _, starts = self._followed_starts(None)
        events = {name: days for name, days in self.task.spec["schedule"]["events"].items() if days}
        if events:
            events["announcements"] = [day for days in events.values() for day in days]
        return {name: figures.around(starts, self.sessions, days, window) for name, days in events.items()}

    def _followed_starts(
        self, share: float | None, most: int = SESSION_PATHS
    ) -> tuple[Sequence[int], list[int]]:
        """Return the numbers of the paths followed, and the session of the calendar each begins at."""
        _, _, paths = self._followed("series", None, share, most)
        starts = self.task.spec["starts"]
        return paths, [starts[path] if starts else self.task.spec["schedule"]["origin"] for path in paths]

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
            _, starts = self._followed_starts(share)
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
        _, starts = self._followed_starts(share)
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
        paths, _ = self._followed_starts(share)
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
            _, starts = self._followed_starts(share)
            masks |= figures.gdp_regimes(starts, self.sessions, *known_growth(gdp, self._days))
        return self._shown(figures.windows(series, self.capital, masks, base=base or self.arms[0]))

    def foresight(
        self, arm: str | None = None, chance: str | None = None, share: float | None = None
    ) -> pl.DataFrame:
        """Return what a hedge with hindsight could have earned at the same cost, and where an arm lies.

        On the first `FORESIGHT_PATHS` paths of a simulation, or that many starts of a history at most, evenly
        spread: the layers of the arm's hedge, opened at every session and closed at any later one.

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
        _, starts = self._followed_starts(share, FORESIGHT_PATHS)
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

    def openings(self, arm: str | None = None, share: float | None = None) -> pl.DataFrame:
        """Return what each hedge layer of an arm opened after SPX had risen, and after it had fallen (C15).

        On the paths of `beta`; the first arm with a hedge unless given.

        Returns
        -------
        DataFrame
            What `alvh.figures.openings` says behind the `arm`.
        """
        asked = arm or next(iter(self.hedged), self.arms[0])
        _, plan, paths = self._followed("openings", asked, share, SESSION_PATHS)
        tranches = figures.tranches_of(plan.deals(0, len(paths), 0, threads=self.threads))
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
        names = [layer["name"] for layer in self._layers(asked)]
        table = figures.turnover(deals, names, paths=len(paths), sessions=self.sessions, capital=self.capital)
        return self._shown(table.select(pl.lit(asked).alias("arm"), pl.all()))

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

    def label(self, arm: str) -> str:
        """Return the name of an arm as reports show it.

        Close-only stops carry a star (R13), rivals that are not at equal cost a dagger (R19), arms that sell
        options of a week or less a double dagger (R2), arms whose hedge offsets what their core requires the
        word hypothetical (R62).
        """
        star = "*" if arm in self.task.facts["close_only"] else ""
        dagger = "†" if arm in self._unequal else ""
        double = "‡" if arm in self.near else ""
        return f"{arm}{star}{dagger}{double}{HYPOTHETICAL if self._offset(arm) else ''}"

    def _offset(self, arm: str) -> bool:
        ledgers = next(book["ledgers"] for book in self.task.spec["books"] if book["arm"] == arm) or {}
        return bool(ledgers.get("mode") == "offset")

    def labelled(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return a table with the arms named as reports show them."""
        return table.with_columns(pl.col("arm").replace({arm: self.label(arm) for arm in self.arms}))

    def _sampled(self, name: str) -> None:
        if self.replayed:
            raise SpecError(f"{name}: rolling starts of one history are not a sample: see history()")

    def _shown(self, table: pl.DataFrame) -> pl.DataFrame:
        """Overlapping starts are not independent: on a history no interval and no p-value is shown."""
        if not self.replayed:
            return table
        bounds = ("low", "high", "dollars_low", "dollars_high", "difference_low", "difference_high")
        known = (*bounds, "p_value", "p_holm")
        inferred = [name for name in known if name in table.columns]
        return table.with_columns(pl.lit(None, pl.Float64).alias(name) for name in inferred)

    def trace(self, path: int, arm: str | None = None, share: float | None = None) -> Trace:
        """Run one path of one book again and return its ledger and events, day by day."""
        arm = arm or self.arms[0]
        share = self._share(share)
        self._known_path("trace", path, arm, share)
        plan = self._alone(arm, share, self.task.spec["starts"])
        return _trace(plan.trace(path, 0), [layer["name"] for layer in self._layers(arm)])

    def explain(
        self,
        path: int,
        arm: str | None = None,
        layer: str | None = None,
        *,
        at: int | date,
        share: float | None = None,
    ) -> tuple[PathExplanation, ...]:
        """Say why a layer opened or closed, or did not, at one close of one path.

        Runs the path again and keeps what the rules read, their warm-up included. What the sessions retell of
        a rule or permit is held to what the engine said.

        Parameters
        ----------
        path
            Its number, from 0.
        arm, layer
            By name; the first of each unless given.
        at
            The close: sessions after session 0, but the last, or its day. What is decided then is filled
            at the next one.
        share
            The smallest unless given.

        Returns
        -------
        tuple of PathExplanation
            The rule that opens the layer, then its permits (the votes of governance, the schedule), with what
            they withheld at this close and what a person decided instead, then the rule that closes it for
            each tranche held, the oldest first; empty where the layer has no rules.

        Raises
        ------
        SpecError
            No such path, arm, layer, share or close; or what the sessions of the path retell of the rule is
            not what the engine said.

        Examples
        --------
        >>> import alvh as av
        >>> core = av.IronCondor(days=30, every="week", enter="vix < 25")
        >>> few = {"paths": 8, "sessions": 21, "shares": [0.10], "surface_band": 0}
        >>> result = av.compare([av.Arm("calm", core)], av.market.GBM(vol=0.20), **few)
        >>> print(result.explain(0, at=3)[0])
        enter, tick 3:
        true  vix < 25
          20  vix
          25  25
        false if vix < 25 were false: a change of 0.2
        """
        from alvh.rules.on_path import explain_path

        arm, share = arm or self.arms[0], self._share(share)
        if (arm, share) not in self.books:
            raise SpecError(
                f"explain: arm = {arm!r} at share = {share}: known arms are {', '.join(self.arms)}"
            )
        if not 0 <= path < self.task.paths:
            raise SpecError(
                f"explain: path = {path}: this comparison has the paths 0 to {self.task.paths - 1}"
            )
        layers = self._layers(arm)
        known = [each["name"] for each in layers]
        if layer is not None and layer not in known:
            raise SpecError(f"explain: layer = {layer!r}: {nearest_names(layer, known)}")
        index = 0 if layer is None else known.index(layer)
        plan = self._alone(arm, share, self.task.spec["starts"])
        tick = self._tick(path, at)
        session = self._first(path) + tick
        return explain_path(plan, path, index, layers[index], tick=tick, session=session)

    def explain_worst(
        self, arm: str | None = None, share: float | None = None, *, explains: float = 0.8
    ) -> WorstPath:
        """Tell the worst path of a book: the shortest list of events that led to its distress.

        Parameters
        ----------
        arm, share
            The book; the first arm and the smallest share unless given.
        explains
            Share of the fall, from the highest value to the distress, that the sessions told make up at
            least: the largest losses first, so that no shorter list does.

        Returns
        -------
        WorstPath
            The path that came to the gravest distress, with the lowest NAV of these; without any distress the
            one of the deepest drawdown. Its events, and `text()` in words.

        Raises
        ------
        SpecError
            No such arm or share, or `explains` is not above 0 and up to 1.

        Examples
        --------
        >>> import alvh as av
        >>> few = {"paths": 64, "sessions": 63, "shares": [0.35], "surface_band": 0}
        >>> result = av.compare([av.preset("plain")], av.market.L3F(vix=20), **few)
        >>> told = result.explain_worst(explains=0.5)
        >>> told.end, set(told.events["kind"])
        ('drawdown', {'market'})
        """
        arm, share = arm or self.arms[0], self._share(share)
        if (arm, share) not in self.books:
            raise SpecError(
                f"explain_worst: arm = {arm!r} at share = {share}: known arms are {', '.join(self.arms)}"
            )
        fall = worst(self._frame.filter(arm=arm, share=share))
        hedges = frozenset(layer["name"] for layer in self._layers(arm) if layer["role"] == "hedge")
        told = self.trace(fall.path, arm, share)
        return explained(told.ledger, told.events, fall, arm=arm, share=share, hedges=hedges, least=explains)

    def scores(self, path: int, arm: str | None = None, share: float | None = None) -> pl.DataFrame:
        """Tell what each term gave to scores in the rules that open layers, close by close of a path (R33).

        Parameters
        ----------
        path
            Its number, from 0.
        arm, share
            The book; the first arm and the smallest share unless given.

        Returns
        -------
        polars.DataFrame
            A row per layer with a rule that opens it and has a `score` in it, close, score and term: `tick`
            (sessions after session 0) and `date`, the text of the `score` and its `total`, the `term`, its
            `weight` and `value` (a condition is 1 or 0), and its `contribution`; these add up to the total.
            Null is missing: the term then gives nothing, and the weights of the others are scaled up.

        Raises
        ------
        SpecError
            No such path, arm or share.

        Examples
        --------
        >>> import alvh as av
        >>> calm = av.IronCondor(days=30, every="week", enter="score(2, vix < 25, 1, rsi_14 > 30) > 0.5")
        >>> few = {"paths": 8, "sessions": 21, "shares": [0.10], "surface_band": 0}
        >>> result = av.compare([av.Arm("calm", calm)], av.market.GBM(vol=0.20), **few)
        >>> result.scores(0).select("term", "weight", pl.col("contribution").round(3)).row(0)
        ('vix < 25', 2.0, 0.667)
        """
        from alvh.rules.score_log import score_log

        arm, share = arm or self.arms[0], self._share(share)
        self._known_path("scores", path, arm, share)
        log = score_log(self._alone(arm, share, self.task.spec["starts"]), path, self._layers(arm))
        days = self._closes(path)
        dates = pl.DataFrame(
            {"tick": range(len(days)), "date": days}, schema={"tick": pl.Int64, "date": pl.Date}
        )
        first, *others = log.columns
        return log.join(dates, on="tick", maintain_order="left").select(first, "tick", "date", *others[1:])

    def break_evens(
        self, path: int, arm: str | None = None, share: float | None = None, *, of: Of = "book"
    ) -> pl.DataFrame:
        """Tell where SPX must settle for each condor to break even, before and after each event (R8).

        Parameters
        ----------
        path
            Its number, from 0.
        arm, share
            The book; the first arm and the smallest share unless given.
        of
            ``"tranche"``: its credit alone. ``"ledger"``: with what a chain of doubling has lost since its
            last win (R11), and with the cash of the hedges that are kept in the core's ledger: all of them if
            the book is commingled, none if it is not (R62). ``"book"``: with that of every hedge.

        Returns
        -------
        polars.DataFrame
            A row per event and tranche that it moves: `tick`, `date`, `event` and the layer it is `by`; the
            tranche's `layer`, `slot`, `expiry`, `lots`; its `notional`, lots times the wider wing, dollars;
            what is `carried` besides its credit, dollars, paid is negative; `lower_before`, `upper_before`,
            `lower` and `upper`, SPX points; `best`, dollars that the best level earns. Null where there is
            no such level: with `best` below 0 none breaks even. What a hedge cost counts in full and what it
            may yet bring not at all; it is spread over the tranches open at its fill by their lots.

        Raises
        ------
        SpecError
            No such path, arm or share, or `of` is none of the three.

        Examples
        --------
        >>> import alvh as av
        >>> few = {"paths": 8, "sessions": 42, "shares": [0.10], "surface_band": 0}
        >>> result = av.compare([av.preset("plain")], av.market.L3F(vix=20), **few)
        >>> first = result.break_evens(0).row(0, named=True)
        >>> first["lower"] < 5000 < first["upper"], first["lower_before"]
        (True, None)
        """
        if of not in get_args(Of):
            raise SpecError(f"break_evens: of = {of!r}: {nearest_names(str(of), get_args(Of))}")
        arm, share = arm or self.arms[0], self._share(share)
        events = self.trace(path, arm, share).events
        value = {
            name: contract["multiplier"] * contract["index_fraction"]
            for name, contract in self.task.spec["contracts"].items()
        }
        ledgers = self.task.spec["books"][self.books.index((arm, share))]["ledgers"]
        mixed = ledgers is not None and ledgers["mode"] != "separate"
        return break_evens(events, self._layers(arm), value, of, commingled=mixed)

    def _first(self, path: int) -> int:
        """Return the session of the calendar at which a path begins."""
        starts = self.task.spec["starts"]
        return int(starts[path] if starts else self.task.spec["schedule"]["origin"])

    def _tick(self, path: int, at: int | date) -> int:
        """Return the tick of a close of a path, at which something may be decided."""
        days = self._closes(path)
        if isinstance(at, date) and at in days:
            return days.index(at)
        if isinstance(at, int) and 0 <= at < self.sessions:
            return at
        raise SpecError(
            f"explain: at = {at}: path {path} decides at the closes 0 to {self.sessions - 1}, "
            f"{days[0]} to {days[-1]}"
        )

    def _closes(self, path: int) -> list[date]:
        """Return the days of a path at whose closes something may be decided."""
        first = self._first(path)
        return self._days[first : first + self.sessions]

    def _known_path(self, of: str, path: int, arm: str, share: float) -> None:
        """Refuse a book or a path that this comparison does not have."""
        if (arm, share) not in self.books:
            raise SpecError(f"{of}: arm = {arm!r} at share = {share}: known arms are {', '.join(self.arms)}")
        if not 0 <= path < self.task.paths:
            raise SpecError(f"{of}: path = {path}: this comparison has the paths 0 to {self.task.paths - 1}")

    def _alone(self, arm: str, share: float, starts: Sequence[int]) -> _core.Plan:
        """Return the plan of one book: what runs beside it changes no bit, and takes time."""
        book = self.task.spec["books"][self.books.index((arm, share))]
        task = Task({**self.task.spec, "starts": starts, "books": [book]}, self.task.paths, self.task.facts)
        return _core.Plan(task.text)

    def _offered(self, arm: str, share: float, starts: Sequence[int]) -> _core.Plan:
        """Return the plan of what hindsight chooses from, with capital for all of it."""
        book = everything_on_offer(self.task.spec["books"][self.books.index((arm, share))])
        spec = {**self.task.spec, "starts": starts, "books": [book], "capital": PLENTY * self.capital}
        return _core.Plan(Task(spec, self.task.paths, self.task.facts).text)

    def episode(
        self, which: str | tuple[date, date], arm: str | None = None, share: float | None = None
    ) -> Episode:
        """Tell an episode of a replayed history session by session: actions and reasons, margin, cost.

        Runs the last rolling start at least `MATURE` sessions before the episode again, and says beside it
        what all starts through the episode made of it.

        Parameters
        ----------
        which
            A name of `alvh.episode.episodes`, or the first and last day.
        arm
            The first arm with a hedge unless given; without any, the first arm.
        share
            The smallest unless given.

        Raises
        ------
        SpecError
            The market was simulated, or no rolling start reaches from before the episode to its end.
        """
        name, why = (which, known(which).why) if isinstance(which, str) else (f"{which[0]} to {which[1]}", "")
        first, last = known(which)[:2] if isinstance(which, str) else which
        if not self.task.spec["starts"]:
            raise SpecError(f"episode {name}: this comparison ran on a simulated market, without dates")
        if first > last:
            raise SpecError(f"episode {name}: the first day comes before the last")
        paths = self._paths_through(first, last)
        if not paths:
            run = self.paths().select(first=pl.col("start").min(), last=pl.col("start").max()).collect()
            raise SpecError(
                f"episode {name}: none of the runs of {self.sessions} sessions from {run['first'][0]} to "
                f"{run['last'][0]} begins at least {MATURE} sessions before it and reaches its end. "
                "Mend: a history that covers both, more sessions, or other dates"
            )
        arm, share = arm or next(iter(self.hedged), self.arms[0]), self._share(share)
        ledger, events = self.trace(paths[-1], arm, share)
        ledgers = next(book["ledgers"] for book in self.task.spec["books"] if book["arm"] == arm) or {}
        hedges = [layer["name"] for layer in self._layers(arm) if layer["role"] == "hedge"]
        days = days_told(ledger, events, first, last, hedges=hedges, sleeve=ledgers.get("mode") == "separate")
        actions = events.filter(pl.col("date").is_between(first, last))
        starts = [self._days[self.task.spec["starts"][path]] for path in paths]
        plan = self._alone(arm, share, self.task.spec["starts"])
        series = plan.series(paths[0], len(paths), 0, threads=self.threads)
        eves = [self._days.index(days["date"][0]) - self._days.index(start) - 1 for start in starts]
        made = passages(series, paths, starts, eves, days.height)
        return Episode(name, why, arm, share, paths[-1], starts[-1], made, days, actions)

    @cached_property
    def told(self) -> dict[str, Episode]:
        """The known episodes that a replayed history covers, of the first arm with a hedge; else none."""
        return {name: self.episode(name) for name in self.covered} if self.hedged else {}

    @property
    def covered(self) -> list[str]:
        """Names of the known episodes through which a rolling start of this comparison runs."""
        return [name for name in episodes() if self._paths_through(*known(name)[:2])]

    @cached_property
    def _days(self) -> list[date]:
        return [EPOCH + timedelta(day) for day in self.task.spec["schedule"]["days"]]

    def _paths_through(self, first: date, last: date) -> range:
        return paths_through(self._days, self.task.spec["starts"], self.sessions, first, last)

    def _layers(self, arm: str) -> list[dict[str, Any]]:
        return next(book["layers"] for book in self.task.spec["books"] if book["arm"] == arm)

    def _share(self, share: float | None) -> float:
        if share is None:
            return self.shares[0]
        if share not in self.shares:
            raise SpecError(f"share = {share}: this comparison ran {', '.join(map(str, self.shares))}")
        return share

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return every table by name, but those that run paths again: `fans`, `calls` and `call_rates`."""
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


def _trace(raw: dict[str, Any], layers: list[str]) -> Trace:
    ledger = pl.DataFrame(raw["ledger"]).with_row_index("tick")
    ledger = ledger.with_columns(pl.col("day").cast(pl.Date)).rename({"day": "date"})
    dates = ledger["date"].to_list()
    events = pl.DataFrame(
        [
            {
                **event,
                "date": dates[event["tick"]],
                "layer": None if event["layer"] is None else layers[event["layer"]],
                "expiry": EPOCH + timedelta(event["expiry_day"]) if event["expiry_day"] else None,
            }
            for event in raw["events"]
        ],
        schema=EVENTS,
    )
    return Trace(ledger, events)
