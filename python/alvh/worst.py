"""The worst path of a book, and the shortest list of events that led to its distress."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from alvh.episode import sentence
from alvh.errors import SpecError
from alvh.figures.columns import BUCKETS

__all__ = ["ENDS", "Fall", "WorstPath", "explained", "worst"]

ENDS: Final = {
    "negative": "NAV below zero",
    "ruin": "ruin",
    "forced": "forced liquidation",
    "call": "margin call",
    "refused": "refused order",
}
"""Kinds of distress, the gravest first, and their words."""

DRAWDOWN: Final = "drawdown"
"""What the worst path of a book without distress ends in: its deepest drawdown."""

DISTRESS: Final = frozenset({"call", "deposit", "reduce", "ruin", "refuse", "block"})
"""Events that are distress, or an answer to it."""

_NOT: Final = {"skip": "not opened", "withhold": "not permitted", "keep": "not rolled"}
"""Events of a layer that did not act, told once with how often, and their words."""

ROUTINE: Final = frozenset({"expiry", "roll"})
"""Reasons of closings that nobody decided."""

_EVENTS: Final = {
    "tick": pl.Int64,
    "date": pl.Date,
    "kind": pl.String,
    "what": pl.String,
    "dollars": pl.Float64,
}


class Fall(NamedTuple):
    """Where a path ends for this purpose.

    Attributes
    ----------
    path
        Its number.
    end
        A key of `ENDS`, or ``"drawdown"``.
    tick
        When, 0 for a drawdown, whose deepest point only the path itself tells.
    """

    path: int
    end: str
    tick: int


@dataclass(frozen=True)
class WorstPath:
    """The worst path of a book, from its highest value to its distress.

    Attributes
    ----------
    arm, share, path, start
        Which book, and which path, with its first session.
    end
        What it ended in: a key of `ENDS`, or ``"drawdown"`` where no path of the book was in distress.
    high, last
        The session of the highest value before the end, and that of the end.
    fall
        Dollars lost from the one to the other, cash from outside not counted.
    events
        The list, by date: `tick`, `date`; `kind`, one of ``market`` (a session that lost), ``size`` (an
        opening larger than any before), ``rule`` (closed before expiry), ``hedge`` (a layer that did not act,
        told once) and ``distress``; `what`, in words; `dollars`, what a session of ``market`` brought.
    explains
        Share of the fall that the sessions of the list make up; null without a fall.
    """

    arm: str
    share: float
    path: int
    start: date
    end: str
    high: date
    last: date
    fall: float
    events: pl.DataFrame
    explains: float | None

    def text(self) -> str:
        """Return the list in words, a line per event."""
        end = ENDS.get(self.end, "its deepest drawdown, no distress")
        about = (
            f"{self.arm} at {self.share:.0%} of NAV, path {self.path} from {self.start}: {end} on "
            f"{self.last}, {self.fall:,.0f} dollars below {self.high}."
        )
        lines = [f"{event['date']}  {event['what']}" for event in self.events.iter_rows(named=True)]
        return "\n".join([about, *lines])


def worst(frame: pl.DataFrame) -> Fall:
    """Return the path that came to the gravest distress, of these the one with the lowest NAV at the end.

    Without any distress it is the path of the deepest drawdown.

    Parameters
    ----------
    frame : DataFrame
        Rows of one book, as in `Comparison.paths`.

    Examples
    --------
    >>> ticks = {f"{end}_tick": [0.0, 0.0, 0.0] for end in ENDS} | {"call_tick": [9.0, 7.0, 0.0]}
    >>> figures = {"path": [0, 1, 2], "nav": [5.0, 4.0, 3.0], "max_drawdown": [0.1, 0.2, 0.3]}
    >>> book = pl.DataFrame(figures | ticks)
    >>> worst(book)
    Fall(path=1, end='call', tick=7)
    >>> worst(book.with_columns(call_tick=0.0))
    Fall(path=2, end='drawdown', tick=0)
    """
    for end in ENDS:
        reached = frame.filter(pl.col(f"{end}_tick") > 0.0)
        if not reached.is_empty():
            row = reached.sort("nav", "path").row(0, named=True)
            return Fall(row["path"], end, int(row[f"{end}_tick"]))
    row = frame.sort("max_drawdown", "path", descending=[True, False]).row(0, named=True)
    return Fall(row["path"], DRAWDOWN, 0)


def explained(
    ledger: pl.DataFrame,
    events: pl.DataFrame,
    fall: Fall,
    *,
    arm: str,
    share: float,
    hedges: frozenset[str],
    least: float = 0.8,
) -> WorstPath:
    """Tell a path from its highest value to its end by the fewest sessions, and by what its rules did.

    Parameters
    ----------
    ledger, events : DataFrame
        Of `Comparison.trace`.
    fall : Fall
        Which end.
    arm, share : str, float
        The book.
    hedges : frozenset of str
        Names of its hedge layers.
    least : float
        Share of the fall that the sessions told make up at least, above 0 and up to 1. The largest losses
        come first: no shorter list of sessions does.

    Raises
    ------
    SpecError
        `least` is no such share.
    """
    if not 0.0 < least <= 1.0:
        raise SpecError(f"explain_worst: explains = {least}: a share above 0 and up to 1")
    earned = sum((ledger[name].to_numpy() for name in BUCKETS), start=np.zeros(ledger.height))
    last = fall.tick or int(np.argmin(earned - np.maximum.accumulate(earned)))
    high = int(np.argmax(earned[: last + 1]))
    lost = float(earned[high] - earned[last])
    sessions = _fewest(np.diff(earned), high, last, least * lost)
    told = [_session(ledger, tick) for tick in sessions]
    told += _decided(events.filter(pl.col("tick").is_between(high + 1, last)), hedges, _largest(events, high))
    dates = ledger["date"]
    return WorstPath(
        arm,
        share,
        fall.path,
        dates[0],
        fall.end,
        dates[high],
        dates[last],
        lost,
        pl.DataFrame(told, schema=_EVENTS, orient="row").sort("tick", maintain_order=True),
        float(earned[sessions].sum() - earned[[tick - 1 for tick in sessions]].sum()) / -lost
        if lost > 0.0
        else None,
    )


def _fewest(change: Any, high: int, last: int, wanted: float) -> list[int]:
    """Return the fewest ticks after `high` and up to `last` whose losses add up to what is wanted."""
    found: list[int] = []
    total = 0.0
    for tick in sorted(range(high + 1, last + 1), key=lambda tick: change[tick - 1]):
        if total >= wanted or change[tick - 1] >= 0.0:
            break
        total -= change[tick - 1]
        found.append(tick)
    return sorted(found)


def _session(ledger: pl.DataFrame, tick: int) -> tuple[Any, ...]:
    """Tell one session: what the market did, what it cost, and by which bucket above all."""
    before, now = (ledger.row(each, named=True) for each in (tick - 1, tick))
    parts = {name: now[name] - before[name] for name in BUCKETS}
    brought = sum(parts.values())
    bucket = min(parts, key=parts.__getitem__)
    hedge = now["hedge"] - before["hedge"]
    words = (
        f"SPX {now['index'] / before['index'] - 1.0:+.1%}, VIX {before['vix']:.1f} to {now['vix']:.1f}: "
        f"P&L {brought:,.0f}, mostly {bucket}"
    )
    if hedge:
        words += f"; of the hedge {hedge:+,.0f}"
    return (tick, now["date"], "market", words, brought)


def _largest(events: pl.DataFrame, high: int) -> dict[str, float]:
    """Return the most lots that each layer had opened at once by the high."""
    opened = events.filter((pl.col("event") == "open") & (pl.col("tick") <= high))
    most = opened.group_by("layer").agg(pl.col("lots").max())
    return dict(most.iter_rows())


def _decided(
    events: pl.DataFrame, hedges: frozenset[str], largest: dict[str, float]
) -> list[tuple[Any, ...]]:
    """Tell what the book did: larger openings, closings by rule, hedges that did not act, distress."""
    told: list[tuple[Any, ...]] = []
    idle: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for event in events.iter_rows(named=True):
        layer, kind = event["layer"], None
        if event["event"] in DISTRESS:
            kind = "distress"
        elif event["event"] in _NOT and layer in hedges:
            idle.setdefault((layer, _NOT[event["event"]], event["reason"]), []).append(event)
        elif event["event"] == "close" and event["reason"] not in ROUTINE:
            kind = "rule"
        elif event["event"] == "open" and event["lots"] > largest.get(layer, 0.0):
            kind = "size" if layer in largest else None
            largest[layer] = event["lots"]
        if kind is not None:
            told.append((event["tick"], event["date"], kind, sentence(event), None))
    for (layer, verb, reason), same in idle.items():
        times = f"{len(same)} times until {same[-1]['date']}" if len(same) > 1 else "once"
        words = f"{layer}: {verb}, {times}: {' '.join(reason.split())}"
        told.append((same[0]["tick"], same[0]["date"], "hedge", words, None))
    return told
