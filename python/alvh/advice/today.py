"""The market of a decision: a history whose last session is today's, and one more in which nothing moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

import polars as pl

from alvh.errors import HistoryError, SpecError, nearest_names
from alvh.history import ChainHistory, History
from alvh.history.columns import DATE
from alvh.outside import Outside, outside_of
from alvh.playbook import Arm
from alvh.schedule import next_session
from alvh.signals.given import ABSENT, Given, SignalSource, given

__all__ = ["State", "history_of", "signals_until", "unmoved"]

State = History | Mapping[str, Any]
"""A history whose last session is today's, or today's values by name."""

CLOSES: Final = ("date", "spx", "vix", "rate", "dividend_yield")
TERM: Final = ("vix3m", "vix6m")


def history_of(state: State) -> History:
    """Return the history of a state: itself, or that of one day.

    Raises
    ------
    SpecError
        A value is missing, or a name is unknown.
    HistoryError
        A value is not allowed.

    Examples
    --------
    >>> from datetime import date
    >>> today = {"date": date(2024, 2, 2), "spx": 4958.6, "vix": 13.9, "rate": 0.053, "dividend_yield": 0.014}
    >>> len(history_of(today).data)
    1
    """
    if isinstance(state, History):
        return state
    if not isinstance(state, Mapping):
        raise SpecError(f"state is a {type(state).__name__}: a History, or today's values by name")
    for name in state:
        if name not in (*CLOSES, *TERM):
            raise SpecError(f"state: {name}: unknown: {nearest_names(str(name), (*CLOSES, *TERM))}")
    if lacking := next((name for name in CLOSES if state.get(name) is None), None):
        raise SpecError(
            f"state: {lacking}: missing. Mend: give {', '.join(CLOSES)}, optionally {', '.join(TERM)}"
        )
    day = state["date"]
    if not isinstance(day, date):
        raise SpecError(f"state: date = {day!r}: a day, YYYY-MM-DD")
    row = {name: [value] for name, value in state.items() if value is not None}
    try:
        return History(pl.DataFrame(row))
    except HistoryError as error:
        raise HistoryError(f"state: {error}") from None


def unmoved(history: History) -> History:
    """Return the history with one more session in which SPX, VIX and the rates are those of the last.

    What is decided at the last close is filled there: an estimate, since the next close is not known.
    Recorded VIX futures carry their last ratio to the model on.

    Raises
    ------
    SpecError
        Its options trade at recorded quotes, which that session has not.

    Examples
    --------
    >>> from datetime import date
    >>> today = {"date": date(2024, 2, 2), "spx": 4958.6, "vix": 13.9, "rate": 0.053, "dividend_yield": 0.014}
    >>> unmoved(history_of(today)).data.dates
    [datetime.date(2024, 2, 2), datetime.date(2024, 2, 5)]
    """
    if isinstance(history, ChainHistory):
        raise SpecError(
            "advise: the options of this history trade at recorded quotes, and the next session has none. "
            "Mend: give a History of its closes"
        )
    data = history.data
    last = data.frame.tail(1)
    day = next_session(data.dates[-1])
    inside = [name for name in ("open", "high", "low") if name in last.columns]
    row = last.with_columns(pl.lit(day).alias(DATE), *(pl.col("spx").alias(name) for name in inside)).select(
        data.frame.columns
    )
    more = History(replace(data, frame=pl.concat([data.frame, row])), events=history.schedule.events)
    more._set(vx=history.vx, vx_in_state=history.vx_in_state, notes=history.notes)  # noqa: SLF001 -- the same record
    return more


def signals_until(
    signals: SignalSource | Given | None, arm: Arm, history: History, market: History
) -> Outside | None:
    """Return the signals of a history as `market` needs them: in its session after the last nothing is known.

    Raises
    ------
    SpecError
        A rule names a signal and none are given, or they were aligned with other sessions.
    RuleError
        A rule names a signal that is not among those given.
    SignalError
        The frame is refused.
    """
    if signals is None or (isinstance(signals, str) and signals == ABSENT):
        return outside_of([arm], market, signals)
    if not isinstance(signals, Given):
        signals = given(signals, history.data.dates)
    seen = outside_of([arm], history, signals)
    days = market.data.dates
    if not isinstance(seen, Given) or len(days) == len(history.data):
        return seen
    columns = {name: [*values, None] for name, values in seen.columns.items()}
    return replace(seen, columns=columns, days=(days[0], days[-1]))
