"""Bars inside sessions: paths of SPX and VIX from the opening to a close that stays as it is."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh import _core
from alvh.draws import Draws, draws_spec
from alvh.whole import LARGEST_SEED, MOST_PATHS, MOST_SESSIONS, whole

__all__ = ["Bars", "Profile"]


class Profile(NamedTuple):
    """How the variance between opening and close is spread over the minutes of a day.

    A minute's variance is proportional to ``1 + open exp(-t / decay) + close exp(-(390 - t) / decay)``, t
    minutes after the opening, with 210 for 390 on a half day: a U. The shape is that of Andersen and
    Bollerslev (1997), Journal of Empirical Finance 4; the numbers are ours, no fit.
    """

    open: float = _core.market_profile()[0]
    """What the opening has more than midday, as a multiple of midday's variance; 0 to 100."""
    close: float = _core.market_profile()[1]
    """The same at the close."""
    decay: float = _core.market_profile()[2]
    """Minutes over which either fades by a factor e; 1 to 390."""


class Bars(NamedTuple):
    """Paths inside sessions; arrays of paths x sessions x (bars + 1), session 1 first.

    The first column of a session is its opening, the last its close.
    """

    spot: NDArray[np.float64]
    """SPX."""
    vix: NDArray[np.float64]
    """VIX in points, of the same state."""
    minutes: NDArray[np.uint32]
    """Minutes since the opening, one per column."""
    extreme: NDArray[np.bool_] | None
    """Where a bar is the recorded high or low of its day, a price at which no hedge may be filled; None for a
    simulated market."""
    recorded: NDArray[np.bool_]
    """Per session, whether its bars reproduce a recorded opening, high and low; all others are drawn."""
    weight: NDArray[np.float64] | None
    """Likelihood ratio of each path, for importance draws."""
    half_days: NDArray[np.bool_]
    """Per session, whether it closes at 13:00: its columns end at `half_minutes`, not at `minutes`."""
    half_minutes: NDArray[np.uint32]
    """Minutes since the opening on half days, one per column: 0 to 210."""


def drawn(
    market: str | dict[str, Any],
    paths: int,
    sessions: int,
    *,
    bars: int,
    profile: Profile | None,
    seed: int,
    first_path: int,
    threads: int | None,
    start: int = 0,
    draws: Draws = "plain",
    half_days: Sequence[bool] = (),
) -> Bars:
    """Draw the bars of a market that is described for the core."""
    found = _core.market_bars(
        market if isinstance(market, str) else json.dumps(market),
        whole("paths", paths, MOST_PATHS),
        whole("sessions", sessions, MOST_SESSIONS),
        bars=whole("bars", bars, MOST_SESSIONS),
        profile=profile or Profile(),
        seed=whole("seed", seed, LARGEST_SEED),
        first_path=whole("first_path", first_path, MOST_PATHS),
        start=whole("start", start, MOST_SESSIONS),
        threads=None if threads is None else whole("threads", threads, MOST_SESSIONS),
        draws=draws_spec(draws),
        half_days=list(half_days),
    )
    spot, vix, extreme, minutes, recorded, weight, half_minutes = found
    half = np.array(half_days or [False] * sessions, dtype=np.bool_)
    return Bars(spot, vix, minutes, extreme, recorded, weight, half, half_minutes)
