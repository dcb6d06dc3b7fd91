"""Signals from outside that the rules of arms name, and what a comparison gives them (R76 to R82, C24)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from alvh.errors import RuleError, SpecError
from alvh.history import History
from alvh.playbook import Arm
from alvh.rules.checking import Found, rules_of_arm
from alvh.rules.outside import made_of, outside
from alvh.scenario import Scenario
from alvh.signals.given import ABSENT, Given, SignalSource, given
from alvh.signals.macro import Macro


class Outside(Protocol):
    """What rules may name besides the engine's own names."""

    def spec(self) -> dict[str, Any]:
        """Return it as the engine reads it."""

    def facts(self) -> dict[str, Any]:
        """Return what a manifest records of it."""

    @property
    def limits(self) -> tuple[str, ...]:
        """What every result that used it has to say."""


@dataclass(frozen=True)
class Absent:
    """Signals that are unknown throughout."""

    names: tuple[str, ...]
    chosen: bool = True
    """By choice; else nobody gave them."""

    def spec(self) -> dict[str, Any]:
        """Return them as the engine reads them."""
        return {"absent": list(self.names)}

    def facts(self) -> dict[str, Any]:
        """Return what a manifest records of them."""
        return {"source": ABSENT, "names": list(self.names)}

    @property
    def limits(self) -> tuple[str, ...]:
        """What every result that used them has to say."""
        why = "absent by choice" if self.chosen else "that nobody gave"
        return (f"Signals {why}, unknown throughout: {', '.join(self.names)} (C24).",)


_MENDS = {True: "a frame of signal, date, released_at, value", False: "signals.Macro(), a model of them"}
"""What gives signals to a history, and to a simulated market."""


def named(arms: Sequence[Arm]) -> Mapping[str, str]:
    """Return the signals from outside that rules of the arms name, each with the first place that does."""
    found: dict[str, str] = {}
    for place, rule in _rules(arms):
        for name in outside(rule.rule):  # type: ignore[arg-type]  # rules of arms are read
            found.setdefault(name, place)
    return found


def feeding(arms: Sequence[Arm]) -> tuple[str, ...]:
    """Return the signals of which the engine makes names that rules of the arms read."""
    found = [name for _, rule in _rules(arms) for name in made_of(rule.rule)]  # type: ignore[arg-type]
    return tuple(dict.fromkeys(found))


def outside_of(
    arms: Sequence[Arm], market: object, signals: SignalSource | Macro | Outside | None
) -> Outside | None:
    """Return what the arms are given; None where they name nothing and nothing is given.

    Signals of which the engine makes names are unknown where they are not given, and are told to be so.

    Raises
    ------
    SpecError
        A rule names a signal and none are given, or a simulated market is given a frame.
    RuleError
        A rule names a signal that is not among those given.
    SignalError
        The frame is refused.
    """
    wanted = named(arms)
    if signals is None:
        if wanted:
            name, place = next(iter(wanted.items()))
            raise SpecError(
                f"{place}: {name} is a signal from outside, and none are given. "
                f"Mend: signals=, {_MENDS[isinstance(market, History)]}, or signals={ABSENT!r}: unknown "
                "throughout, so that what waits for it stays closed"
            )
        return _nobody_gave(arms)
    found = _found(signals, market, tuple(wanted))
    if found is None:
        return _nobody_gave(arms)
    names = found.facts()["names"]
    for place, rule in _rules(arms):
        try:
            rule.rule.check(rule.scope or "book", signals=names)  # type: ignore[union-attr]
        except RuleError as error:
            raise RuleError(f"{place}: {error}") from None
    return found


def _nobody_gave(arms: Sequence[Arm]) -> Absent | None:
    lacking = feeding(arms)
    return Absent(lacking, chosen=False) if lacking else None


def _found(
    signals: SignalSource | Macro | Outside, market: object, wanted: tuple[str, ...]
) -> Outside | None:
    """Return the signals of a source in this market; a source without a list of names makes those wanted."""
    if isinstance(signals, Macro):
        if isinstance(market, History | Scenario):
            raise SpecError(
                "signals: a model of them is for simulated markets, and this one is recorded or made. "
                f"Mend: {_MENDS[True]}, or {ABSENT!r}"
            )
        return signals.of(wanted) if wanted else None
    if isinstance(signals, str) and signals == ABSENT:
        return Absent(wanted) if wanted else None
    if not isinstance(signals, pl.DataFrame | pl.LazyFrame | str | Path):
        if isinstance(signals, Given) and isinstance(market, History):
            _check_days(signals, market)
        return signals
    if not isinstance(market, History):
        raise SpecError(
            "signals: a frame has dates, and a simulated market has none. "
            f"Mend: {_MENDS[False]}, or a history"
        )
    return given(signals, market.data.dates)


def _check_days(signals: Given, market: History) -> None:
    """Refuse signals that were aligned with other sessions: they would stand at other days without a word."""
    days = market.data.dates
    if signals.days != (days[0], days[-1]):
        raise SpecError(
            f"signals: given for {signals.days[0]} to {signals.days[1]}, and the history is of {days[0]} to "
            f"{days[-1]}. Mend: signals.given(frame, market.data.dates)"
        )


def _rules(arms: Sequence[Arm]) -> Iterator[tuple[str, Found]]:
    """Give every rule of every arm, and in words where it stands."""
    for arm in arms:
        for found in rules_of_arm(arm):
            yield f"arm {arm.name!r}, {found.where}", found
