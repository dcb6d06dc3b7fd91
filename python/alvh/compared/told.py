"""One path told: its trace, its rules, its break-evens, the worst one, an episode of a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import polars as pl

from alvh import figures
from alvh.break_evens import Of, about_forwards, break_evens
from alvh.compared.base import EPOCH, Compared
from alvh.episode import MATURE, Episode, days_told, episodes, known, passages, paths_through
from alvh.errors import SpecError, nearest_names
from alvh.worst import WorstPath, explained, worst

if TYPE_CHECKING:
    from alvh.rules.on_path import PathExplanation

__all__ = ["EVENTS", "Trace", "TracedPaths"]

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
    "product": pl.String,
    "unrounded": pl.Float64,
}
"""Columns of the events of a trace; `product` is what the layer traded, of several (R42).

`unrounded` are the lots of an opening, or of what came to less than one, within all limits before they were
made whole; else NaN."""


class Trace(NamedTuple):
    """One path of one book.

    Attributes
    ----------
    ledger
        A row per tick: date, index, vix, cash, nav, requirement, call, the cumulative attribution buckets.
    events
        What happened to each tranche, when and why; `minute` counts from the opening, null at a close;
        `pnl` is NaN where nothing ended (``events["pnl"].fill_nan(None).sum()``).
    """

    ledger: pl.DataFrame
    events: pl.DataFrame


class TracedPaths(Compared):
    """What is told of single paths."""

    def trace(self, path: int, arm: str | None = None, share: float | None = None) -> Trace:
        """Run one path of one book again and return its ledger and events, day by day."""
        arm = arm or self.arms[0]
        share = self._share(share)
        self._known_path("trace", path, arm, share)
        plan = self._alone(arm, share, self.task.spec["starts"])
        return _trace(plan.trace(path, 0), self._layers(arm))

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
            The rule that opens the layer, the number that its target counts times, before its bounds, then
            its permits (the votes of governance, the schedule), with what they withheld at this close and
            what a person decided instead, then the rule that closes it for each tranche held, the oldest
            first; empty where the layer has no rules.

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
        """Tell what each term gave to the scores of layers, close by close of a path (R33).

        Scores in the rules that open them, and in the weights of their sizes.

        Parameters
        ----------
        path
            Its number, from 0.
        arm, share
            The book; the first arm and the smallest share unless given.

        Returns
        -------
        polars.DataFrame
            A row per layer, place of the score (`of`: "enter" or "weight"), close, score and term: `tick`
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
        layer, of, _, *others = log.columns
        return log.join(dates, on="tick", maintain_order="left").select(layer, of, "tick", "date", *others)

    def break_evens(
        self,
        path: int,
        arm: str | None = None,
        share: float | None = None,
        *,
        of: Of = "book",
        dividend_adjustment: float = 0.0,
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
        dividend_adjustment
            Added to the dividend yield of a year in the forward (R79): what is known of dividends beside the
            market's, such as the weight of REITs times what they pay above the index.

        Returns
        -------
        polars.DataFrame
            A row per event and tranche that it moves: `tick`, `date`, `event` and the layer it is `by`; the
            tranche's `layer`, `slot`, `expiry`, `lots`; its `notional`, lots times the wider wing, dollars;
            what is `carried` besides its credit, dollars, paid is negative; `lower_before`, `upper_before`,
            `lower` and `upper`, SPX points; `best`, dollars that the best level earns; the `forward` of the
            expiry at that close, the points that `dividends` take off it, and how far the break-evens lie
            from it, `lower_move` and `upper_move`, decimal. Null where there is
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
        ledger, events = self.trace(path, arm, share)
        value = {
            name: contract["multiplier"] * contract["index_fraction"]
            for name, contract in self.task.spec["contracts"].items()
        }
        ledgers = self.task.spec["books"][self.books.index((arm, share))]["ledgers"]
        mixed = ledgers is not None and ledgers["mode"] != "separate"
        told = break_evens(events, self._layers(arm), value, of, commingled=mixed)
        return about_forwards(told, ledger, dividend_adjustment)

    def conversions(self, path: int, arm: str | None = None, share: float | None = None) -> pl.DataFrame:
        """Tell what call and put at the strikes of each opening miss put-call parity by (R80).

        Of every layer of one path; reported, and never traded. Where quotes are replayed, the pairs are
        those recorded on the day of the fill; prices of the model keep parity.

        Parameters
        ----------
        path
            Its number, from 0.
        arm, share
            The book; the first arm and the smallest share unless given.

        Returns
        -------
        DataFrame
            What `alvh.figures.conversions` says: a row per leg of an opening, with `residual`, `low`,
            `high`, `net`, `held` and `source`.

        Raises
        ------
        SpecError
            No such path, arm or share.

        Examples
        --------
        >>> import alvh as av
        >>> few = {"paths": 8, "sessions": 21, "shares": [0.10], "surface_band": 0}
        >>> result = av.compare([av.preset("plain")], av.market.L3F(vix=20), **few)
        >>> result.conversions(0).select("right", "residual", "held", "source").row(0)
        ('P', 0.0, 0.0, 'model: parity holds')
        """
        arm, share = arm or self.arms[0], self._share(share)
        events = self.trace(path, arm, share).events
        chain = self.task.spec["market"].get("chain")
        slices, recorded = (chain["slices"], chain["product"]) if chain else ((), None)
        days = self.task.spec["schedule"]["days"]
        by_expiry = {
            (EPOCH + timedelta(days[each["session"]]), EPOCH + timedelta(days[each["expiry"]])): {
                "forward": each["forward"],
                "discount": each["discount"],
                "puts": _two_sided(each["puts"]),
                "calls": _two_sided(each["calls"]),
            }
            for each in slices
        }
        return figures.conversions(events, self._layers(arm), by_expiry, recorded)

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

    def _paths_through(self, first: date, last: date) -> range:
        return paths_through(self._days, self.task.spec["starts"], self.sessions, first, last)


def _two_sided(quotes: dict[str, list[float | None]]) -> dict[float, tuple[float, float]]:
    """Return mid and half-spread by strike, of what was quoted on both sides on that day."""
    return {
        strike: (mid, half)
        for strike, mid, half in zip(quotes["strike"], quotes["mid"], quotes["half_spread"], strict=True)
        if strike is not None and mid is not None and half is not None
    }


def _trace(raw: dict[str, Any], layers: Sequence[Mapping[str, Any]]) -> Trace:
    ledger = pl.DataFrame(raw["ledger"]).with_row_index("tick")
    ledger = ledger.with_columns(pl.col("day").cast(pl.Date)).rename({"day": "date"})
    dates = ledger["date"].to_list()
    events = pl.DataFrame(
        [
            {
                **event,
                "date": dates[event["tick"]],
                "layer": None if event["layer"] is None else layers[event["layer"]]["name"],
                "product": None
                if event["layer"] is None
                else _product(layers[event["layer"]], event["other"]),
                "expiry": EPOCH + timedelta(event["expiry_day"]) if event["expiry_day"] else None,
            }
            for event in raw["events"]
        ],
        schema=EVENTS,
    )
    return Trace(ledger, events)


def _product(layer: Mapping[str, Any], other: int) -> str:
    """Return the product of one of a layer's packages: its own, or another."""
    # What is sold against its calls is of their product.
    package = layer if other == 0 or layer.get("short") else layer["others"][other - 1]
    return str(package["product"])
