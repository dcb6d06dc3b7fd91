"""Episodes of a history told day by day: what each layer did and why, margin, and cost."""

from __future__ import annotations

import math
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.errors import SpecError, nearest_names

__all__ = [
    "MATURE",
    "Episode",
    "Known",
    "days_told",
    "episodes",
    "known",
    "passages",
    "paths_through",
    "sentence",
]

MATURE = 60
"""Sessions that a book has run at least when its episode begins: by then it holds all its tranches."""

_VERBS = {
    "open": "opened",
    "skip": "not opened",
    "keep": "not rolled",
    "refuse": "order refused",
    "settle": "settled",
    "close": "closed",
    "monetise": "sold",
    "resize": "sold down",
    "write": "sold against",
    "buy_back": "bought back",
    "settle_short": "short leg settled",
    "transfer": "transferred",
    "call": "margin call",
    "ruin": "ruin",
}
_PASSAGES = {
    "path": pl.Int64,
    "start": pl.Date,
    "pnl": pl.Float64,
    "hedge_pnl": pl.Float64,
    "hedged": pl.Boolean,
}


class Known(NamedTuple):
    """An episode of the market.

    Attributes
    ----------
    first, last
        Sessions told, both included.
    why
        What happened.
    """

    first: date
    last: date
    why: str


@dataclass(frozen=True)
class Episode:
    """What happened to one book in an episode of a history.

    Attributes
    ----------
    name
        Of a known episode, else its dates.
    why
        What happened in the market, where it is known.
    arm, share
        The book.
    path, start
        The rolling start that is told: its number, as `Comparison.trace` takes it, and its date.
    passages
        What every start through the episode made of it, see the function of that name.
    days
        A row per session, see `days_told`.
    actions
        What happened to each tranche, as in `Trace.events`, of the same sessions.
    """

    name: str
    why: str
    arm: str
    share: float
    path: int
    start: date
    passages: pl.DataFrame
    days: pl.DataFrame
    actions: pl.DataFrame


@cache
def _shipped() -> dict[str, Known]:
    text = resources.files("alvh").joinpath("data", "episodes.toml").read_text(encoding="utf-8")
    return {name: Known(**row) for name, row in tomllib.loads(text).items()}


def episodes() -> tuple[str, ...]:
    """Return the names of the episodes that ship with alvh, in order of time.

    Examples
    --------
    >>> episodes()
    ('october_2008', 'august_2015', 'february_2018', 'march_2020')
    """
    return tuple(_shipped())


def known(name: str) -> Known:
    """Return an episode that ships with alvh.

    Raises
    ------
    SpecError
        There is none of that name.

    Examples
    --------
    >>> known("february_2018").first
    datetime.date(2018, 1, 29)
    """
    if name not in _shipped():
        raise SpecError(f"episode {name!r}: {nearest_names(name, episodes())}")
    return _shipped()[name]


def paths_through(
    days: Sequence[date], starts: Sequence[int], sessions: int, first: date, last: date
) -> range:
    """Return the rolling starts whose book is `MATURE` when an episode begins, and that reach its end.

    Parameters
    ----------
    days : sequence of date
        Sessions, ascending.
    starts : sequence of int
        Indices of `days`, ascending: the rolling starts.
    sessions : int
        Sessions after each start.
    first, last : date
        The episode, both included.

    Examples
    --------
    >>> from datetime import timedelta
    >>> days = [date(2025, 1, 1) + timedelta(days) for days in range(200)]
    >>> paths_through(days, range(0, 100, 10), 100, days[75], days[90])
    range(0, 2)
    >>> len(paths_through(days, range(0, 100, 10), 70, days[75], days[90]))
    0
    """
    begins, ends = bisect_left(days, first), bisect_right(days, last) - 1
    if ends < begins:
        return range(0)
    return range(bisect_left(starts, ends - sessions), bisect_right(starts, begins - MATURE))


def passages(
    series: Mapping[str, NDArray[np.float64]],
    paths: range,
    starts: Sequence[date],
    eves: Sequence[int],
    sessions: int,
) -> pl.DataFrame:
    """Return what each rolling start through an episode made of it: one start alone may be luck.

    Parameters
    ----------
    series : mapping of str to ndarray
        What the engine's `Plan.series` returns for `paths`: `nav`, `deposited` and `hedge`, dollars, from
        session 0.
    paths : range
        Their numbers.
    starts : sequence of date
        Their dates.
    eves : sequence of int
        The session of each path before the first of the episode.
    sessions : int
        Sessions of the episode.

    Returns
    -------
    DataFrame
        `path`, `start`; `pnl`, the change of NAV less cash from outside from the eve to the last session;
        `hedge_pnl`, that of the hedge layers in it; `hedged`, whether the hedge moved at all.
    """
    rows = []
    for index, (path, start, eve) in enumerate(zip(paths, starts, eves, strict=True)):
        told = (series[name][index, eve : eve + sessions + 1] for name in ("nav", "deposited", "hedge"))
        nav, deposited, hedge = told
        own = nav - deposited
        rows.append((path, start, own[-1] - own[0], hedge[-1] - hedge[0], bool(np.ptp(hedge))))
    return pl.DataFrame(rows, schema=_PASSAGES, orient="row")


def days_told(
    ledger: pl.DataFrame,
    events: pl.DataFrame,
    first: date,
    last: date,
    *,
    hedges: Collection[str] = (),
    sleeve: bool = False,
) -> pl.DataFrame:
    """Tell a trace session by session.

    Parameters
    ----------
    ledger, events : DataFrame
        Of `Comparison.trace`.
    first, last : date
        Sessions told, both included; the ledger has an earlier one, the eve.
    hedges : collection of str
        Names of the hedge layers.
    sleeve : bool
        Whether the hedge has a ledger of its own.

    Returns
    -------
    DataFrame
        `date`; `spx`, `move` (decimal, since the close before), `vix`; in dollars `nav`; `core_pnl` and
        `hedge_pnl` of the session, without interest, and both since the eve (`core_so_far`,
        `hedge_so_far`); `cash`, `requirement` and `free` (cash − requirement) of the core's ledger, or of the
        only one; the same of the hedge's (`sleeve_cash`, `sleeve_requirement`, `sleeve_free`), null without;
        `call`, whether a margin call stands; `hedge_cash`, what trades of hedge layers brought in the
        session (bought is negative; variation of futures is no trade); `trading_cost`, slips and fees of all
        layers in the session, and `cost_so_far`; `actions`, a list of sentences.
    """
    told = ledger.with_columns(
        core=pl.col("nav") - pl.col("interest") - pl.col("hedge"), trading=-pl.col("fills") - pl.col("fees")
    )
    eve = told.filter(pl.col("date") < first)
    if eve.is_empty():
        raise SpecError(f"episode from {first}: the book starts on {ledger['date'][0]}, there is no eve")
    before = eve.row(-1, named=True)
    core_requirement = pl.col("requirement") - pl.col("sleeve_requirement")
    # A sleeve that does not exist has no cash, which is not the same as none left.
    sleeve_cash, sleeve_requirement = (
        pl.when(sleeve).then(pl.col(name)) for name in ("sleeve", "sleeve_requirement")
    )
    traded = (
        events.filter(pl.col("layer").is_in(list(hedges)))
        .group_by("date")
        .agg(hedge_cash=pl.col("cash").sum())
    )
    return (
        told.with_columns(
            move=pl.col("index").pct_change(),
            core_pnl=pl.col("core").diff(),
            hedge_pnl=pl.col("hedge").diff(),
            trading_cost=pl.col("trading").diff(),
        )
        .filter(pl.col("date").is_between(first, last))
        .join(_sentences(events), on="date", how="left", maintain_order="left")
        .join(traded, on="date", how="left", maintain_order="left")
        .select(
            "date",
            pl.col("index").alias("spx"),
            "move",
            "vix",
            "nav",
            "core_pnl",
            pl.col("core").sub(before["core"]).alias("core_so_far"),
            "hedge_pnl",
            pl.col("hedge").sub(before["hedge"]).alias("hedge_so_far"),
            "cash",
            core_requirement.alias("requirement"),
            (pl.col("cash") - core_requirement).alias("free"),
            sleeve_cash.alias("sleeve_cash"),
            sleeve_requirement.alias("sleeve_requirement"),
            (sleeve_cash - sleeve_requirement).alias("sleeve_free"),
            "call",
            pl.col("hedge_cash").fill_null(0.0),
            "trading_cost",
            pl.col("trading").sub(before["trading"]).alias("cost_so_far"),
            pl.col("actions").fill_null(pl.lit([], pl.List(pl.String))),
        )
    )


def _sentences(events: pl.DataFrame) -> pl.DataFrame:
    """Return what happened on each date, a sentence per event."""
    told: dict[date, list[str]] = {}
    for event in events.iter_rows(named=True):
        told.setdefault(event["date"], []).append(sentence(event))
    return pl.DataFrame(
        list(told.items()), schema={"date": pl.Date, "actions": pl.List(pl.String)}, orient="row"
    )


def sentence(event: dict[str, Any]) -> str:
    """Write one event: layer, what was done with how much at which price, why, and what it brought.

    Examples
    --------
    >>> event = {"event": "open", "layer": "calls", "lots": 39.0, "price": -0.85, "strikes": [25.0]}
    >>> sentence(event | {"expiry": date(2025, 3, 18), "reason": "schedule; target met", "pnl": math.nan})
    'calls: opened 39 × 25 2025-03-18, 0.85 paid: schedule; target met'
    """
    return "".join(_parts(event))


def _parts(event: dict[str, Any]) -> Iterator[str]:
    verb = _VERBS[event["event"]]
    if event["event"] == "close" and event["reason"] == "roll":
        yield f"{event['layer']}: rolled"
    else:
        yield f"{event['layer']}: {verb}" if event["layer"] else verb
    if event["lots"]:
        yield f" {event['lots']:g}"
        if event["expiry"]:
            strikes = "/".join(f"{strike:g}" for strike in event["strikes"]) or "future"
            yield f" × {strikes} {event['expiry']}"
        # The cash of a future is its slip alone: its gains are paid out every session.
        if event["strikes"] and not math.isnan(event["price"]):
            yield f", {_price(event['price'])}"
    if event["reason"] != "roll":
        yield f": {' '.join(event['reason'].split())}"
    if not math.isnan(event["pnl"]):
        yield f"; P&L {event['pnl']:,.0f}"


def _price(price: float) -> str:
    if price == 0.0:
        return "worthless"
    return f"{abs(price):.2f} {'paid' if price < 0.0 else 'received'}"
