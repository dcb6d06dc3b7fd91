"""What is claimed of how condors lose and of margin calls: sharp moves, momentum (R6, R12)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from alvh.claims import table
from alvh.claims.claim import ABOVE_0, Measured, Range
from alvh.comparison import Comparison
from alvh.figures.by_session import earned
from alvh.figures.columns import SESSIONS_PER_YEAR
from alvh.playbook import Arm, preset
from alvh.statistics import Estimate, mean_interval, ratio_interval

__all__ = ["CALLED_MARGIN", "CALLED_SHARE", "call_rows", "called_arms", "loss_rows"]

SHARP = 1.5
"""Ours: a move is sharp from so many of the moves that VIX implied for the session at the close before."""

EXPANSION = 0.10
"""Ours: implied volatility expands where VIX closes so much higher than the session before."""

R6_MOST = Range(0.5, 1.0, "above 50%")
"""R6 names no number: losses come from where more than half of their dollars do, ours."""

RSI_LOW, RSI_HIGH = 40.0, 60.0
"""Ours: with MACD on the same side of its signal line, momentum."""

PERSISTENT = 3
"""Sessions in a row that make momentum persistent, ours."""

CALLED_MARGIN, CALLED_SHARE = "portfolio", 0.50
"""Strategy margin holds the worst payoff in cash and calls no condor: this rule, at this size, has calls."""

LEAST = 1e-12
"""Of capital: a loss that nothing is divided by."""

FEWEST = 2
"""Paths with a call, below which nothing is told."""


def loss_rows(result: Comparison, share: float) -> Iterator[Measured]:
    """Measure what the first arm lost in sharp moves or as VIX expanded, of all that it lost (R6)."""
    arm = result.arms[0]
    series = result.series([arm], share)[arm]
    lost = np.maximum(-earned(series, result.capital), 0.0)
    spot, vix = series["spot"], series["vix"]
    implied = vix[:, :-1] / 100.0 / SESSIONS_PER_YEAR**0.5
    sharp = np.abs(np.diff(np.log(spot), axis=1)) >= SHARP * implied
    expands = vix[:, 1:] >= (1.0 + EXPANSION) * vix[:, :-1]
    total = lost.sum(axis=1)

    def told(where: NDArray[np.bool_]) -> str:
        return f"{(lost * where).sum() / max(lost.sum(), LEAST):.0%} in {where.mean():.0%} of the sessions"

    note = (
        f"moves of SPX from {SHARP:g} times what VIX implied: {told(sharp)}; "
        f"VIX up by {EXPANSION:.0%} or more: {told(expands)}"
    )
    estimate = ratio_interval((lost * (sharp | expands)).sum(axis=1), total)
    variant = f"{arm}: of what losing sessions lost"
    yield Measured(table.LOSSES, variant, R6_MOST, "share", len(total), note, estimate)


def called_arms() -> list[Arm]:
    """Return plain, and doubling, for which calls are claimed."""
    plain = preset("plain")
    return [plain, plain.doubling()]


def call_rows(result: Comparison) -> Iterator[Measured]:
    """Measure how much likelier a call opens after persistent momentum than without (R12)."""
    for arm in result.arms:
        ticks = result.call_ticks(arm)
        opened = ((ticks["short_core"] > 0) | (ticks["short_sleeve"] > 0))[:, 1:].astype(np.float64)
        momentum = _persistent(ticks)[:, :-1]
        calls = int(opened.sum())
        then = int((opened * momentum).sum())
        note = (
            f"RSI below {RSI_LOW:g} and MACD below its signal, or above {RSI_HIGH:g} and above it, "
            f"{PERSISTENT} closes in a row until the one before; {then} of {calls} calls then, in "
            f"{momentum.mean():.0%} of the sessions, those after a ruin among them; "
            f"{CALLED_MARGIN} margin at {CALLED_SHARE:.0%}"
        )
        estimate = None
        if (opened.sum(axis=1) > 0).sum() >= FEWEST:
            estimate = _difference(opened, momentum)
        variant = f"{arm}: rate of calls then, less at other times"
        yield Measured(table.CALLED, variant, ABOVE_0, "a session", len(opened), note, estimate)


def _persistent(ticks: dict[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Return whether momentum has lasted, at each close: shape (paths, ticks)."""
    above = ticks["macd"] > ticks["macd_signal"]
    sides = ((ticks["rsi_14"] < RSI_LOW) & ~above, (ticks["rsi_14"] > RSI_HIGH) & above)
    lasted = np.zeros(above.shape, dtype=np.bool_)
    for side in sides:
        run = side.copy()
        for back in range(1, PERSISTENT):
            run[:, back:] &= side[:, :-back]
            run[:, :back] = False
        lasted |= run
    return lasted


def _difference(opened: NDArray[np.float64], momentum: NDArray[np.bool_]) -> Estimate:
    """Return the difference of two rates, each a ratio over paths, with the interval of the delta method."""
    value, deviations = 0.0, np.zeros(len(opened))
    for sign, where in ((1.0, momentum), (-1.0, ~momentum)):
        calls, sessions = (opened * where).sum(axis=1), where.sum(axis=1).astype(np.float64)
        rate = calls.sum() / sessions.sum()
        value += sign * rate
        deviations += sign * (calls - rate * sessions) / sessions.mean()
    return mean_interval(value + deviations)
