"""Every decision of a playbook over a history: `decision_log`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate, pairwise
from typing import Any

import polars as pl

from alvh import _core
from alvh.advice.advising import ESTIMATED, arm_of, decided, is_ruined, put_prices
from alvh.advice.book import is_finite, shown
from alvh.advice.decision import Decision
from alvh.advice.scoring import weights_of
from alvh.advice.today import signals_until, unmoved
from alvh.errors import SpecError
from alvh.history import ChainHistory, History
from alvh.playbook import Arm, Playbook
from alvh.report import DISCLAIMER
from alvh.report.plain_json import to_json
from alvh.signals.given import Given, SignalSource
from alvh.specification import Costs, MarginRule, specification

__all__ = ["DecisionLog", "decision_log"]


@dataclass(frozen=True, slots=True)
class DecisionLog:
    """Every decision of one book over a history; ``str`` tells it session by session, skips with reasons."""

    arm: str
    """The playbook."""
    decisions: tuple[Decision, ...]
    """One per close, without the values of the rules: `advise` has those of the last."""
    limits: tuple[str, ...]
    """What a replay of this history has to say about itself."""

    @property
    def frame(self) -> pl.DataFrame:
        """A row per close: day, SPX, VIX, NAV, call, ruin, the action with the highest score, each score."""
        rows = [
            {
                "day": each.day,
                "spx": each.market["spx"],
                "vix": each.market["vix"],
                "nav": each.ledger["nav"],
                "call": each.ledger["call"],
                "ruined": each.ledger["ruined"],
                "action": each.action,
                **dict(sorted(each.actions.iter_rows())),
                "orders": each.orders["order"].n_unique(),
            }
            for each in self.decisions
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    @property
    def orders(self) -> pl.DataFrame:
        """The orders of all closes, with the day on which they were decided; filled at the next close."""
        return self._all(lambda each: each.orders)

    @property
    def skips(self) -> pl.DataFrame:
        """What was not done, and why, with the day; not the layers whose calendar asked for nothing."""
        return self._all(lambda each: each.skips.filter(pl.col("event") != "waits"))

    def _all(self, table: Callable[[Decision], pl.DataFrame]) -> pl.DataFrame:
        return pl.concat(
            [table(each).select(pl.lit(each.day).alias("day"), pl.all()) for each in self.decisions]
        )

    def data(self) -> dict[str, Any]:
        """Return the tables, the limits and the disclaimer."""
        return {
            "arm": self.arm,
            "decisions": self.frame,
            "orders": self.orders,
            "skips": self.skips,
            "limits": list(self.limits),
            "disclaimer": DISCLAIMER,
        }

    def json(self) -> str:
        """Return `data` as JSON."""
        return to_json(self.data())

    def text(self) -> str:
        """Return the log in words."""
        return "\n".join([*self._lines(), "", *self.limits, DISCLAIMER])

    def __str__(self) -> str:
        return self.text()

    def _lines(self) -> Iterator[str]:
        for each in self.decisions:
            scored = ", ".join(
                f"{action} {score:.2f}" for action, score in each.actions.iter_rows() if score is not None
            )
            yield f"{each.day} SPX {each.market['spx']:,.2f} VIX {each.market['vix']:.2f}: {scored}"
            for legs in each.orders.partition_by("order", maintain_order=True):
                row = legs.row(0, named=True)
                lots = "" if row["lots"] is None else f" {row['lots']:g} {row['product']}"
                strikes = "/".join(f"{strike:g}" for strike in legs["strike"].drop_nulls())
                yield (
                    f"    {row['layer'] or 'book'}: {row['action']}{lots} {strikes or ''} "
                    f"{row['expiry'] or ''}, "
                    f"{row['cash']:+,.0f} dollars ({row['reason']})"
                )
            for layer, event, reason in each.skips.filter(pl.col("event") != "waits").iter_rows():
                yield f"    {layer or 'book'}: {event}: {reason}"


def decision_log(
    playbook: Arm | Playbook,
    history: History,
    *,
    capital: float = 1_000_000.0,
    start: date | None = None,
    share: float = 0.10,
    margin: MarginRule = "strategy",
    costs: Costs | None = None,
    signals: SignalSource | Given | None = None,
    weights: Mapping[str, float] | None = None,
    prices: Mapping[str, float] | None = None,
) -> DecisionLog:
    """Return every decision of a playbook over a history, from a book with nothing but cash on.

    The decisions are those of `compare` on the same start, to the bit. The orders of a close are what was
    filled in the next session, what was closed on its mark inside it included; those of the last close are
    estimated as in `advise`, and where options trade at recorded quotes left out.

    Parameters
    ----------
    playbook, share, margin, costs, signals, weights
        As in `advise`.
    history : History
        The record.
    capital : float
        Dollars at the start.
    start : datetime.date, optional
        First close at which something is decided; the first that the rules' looking back allows unless given.
    prices : mapping of str to float, optional
        What a share of a fund of VIX futures is worth at that close, dollars, by product; that of its
        contract row unless given.

    Raises
    ------
    SpecError
        `start` is no session of the history, or too early or too late in it.

    Examples
    --------
    >>> import polars as pl
    >>> import alvh as av
    >>> days = ["2024-02-01", "2024-02-02", "2024-02-05", "2024-02-06"]
    >>> closes = {"date": days, "spx": [4906.2, 4958.6, 4942.8, 4954.2], "vix": [13.9, 13.9, 13.7, 13.1]}
    >>> record = av.market.History(pl.DataFrame(closes), rate=0.053, dividend_yield=0.014)
    >>> log = decision_log(av.preset("plain"), record)
    >>> log.frame["action"].to_list(), log.orders["day"].unique().to_list()
    (['hold', 'hold', 'hold', 'hold'], [datetime.date(2024, 2, 5)])
    """
    arm, weights = arm_of(playbook), weights_of(weights)
    if not isinstance(history, History):
        raise SpecError(f"decision_log: history is a {type(history).__name__}: a History")
    if not is_finite(capital) or capital <= 0:
        raise SpecError(f"decision_log: capital = {shown(capital)}: dollars, a finite number above 0")
    market = history if isinstance(history, ChainHistory) else unmoved(history)
    dates = market.data.dates
    if start is not None and start not in history.data.dates:
        raise SpecError(
            f"start = {start}: no session of {history.source}, {dates[0]} to {history.data.dates[-1]}"
        )
    first = arm.warm_up if start is None else dates.index(start)
    sessions = len(dates) - 1 - first
    if first < arm.warm_up or sessions < 1:
        raise SpecError(
            f"start = {start or dates[min(first, len(dates) - 1)]}: {first} sessions before, {sessions} "
            f"after: the rules of {arm.name} look back {arm.warm_up}, and at least one must follow"
        )
    outside = signals_until(signals, arm, history, market)
    spec = specification(
        [arm],
        market,
        sessions=sessions,
        capital=capital,
        seed=0,
        shares=[share],
        margin=margin,
        costs=costs,
        signals=outside,
    )
    spec["starts"] = [first]
    put_prices(spec, prices or {})
    steps = list(iter(_core.Plan(json.dumps(spec)).begin(0, 0).step, None))
    ruined: list[bool] = list(accumulate(map(is_ruined, steps), lambda before, now: before or now))
    decisions = tuple(
        decided(arm, now, then, weights, dates[: first + tick + 1], inside=True, ruined=ruined[tick])
        for tick, (now, then) in enumerate(pairwise(steps))
    )
    told = () if outside is None else outside.limits
    if market is history:
        return DecisionLog(arm.name, decisions, (*history.limits, *told))
    decisions = (*decisions[:-1], replace(decisions[-1], notes=(ESTIMATED,)))
    return DecisionLog(arm.name, decisions, (*history.limits, *told, f"Of {decisions[-1].day}: {ESTIMATED}"))
