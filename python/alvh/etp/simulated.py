"""The index of short-term VIX futures, and shares of a fund on it, on the paths of a market."""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alvh import _core
from alvh.errors import AlvhError
from alvh.etp.fund import Fund
from alvh.etp.roll import roll_spec
from alvh.market.drawn import Drawn
from alvh.schedule import Schedule
from alvh.schedule.clock import SYNTHETIC_START
from alvh.whole import LARGEST_SEED, MOST_PATHS, MOST_SESSIONS, whole

__all__ = ["MOST_CELLS", "Shares", "simulate"]

MOST_CELLS: Final = 2**28
"""Most changes at once, a million paths of a year: 2 GB in an array, of which there are some."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """A fund on simulated paths.

    Parameters
    ----------
    dates : tuple of datetime.date
        Sessions, session 0 first.
    change : ndarray
        Changes of the index from close to close, decimal: paths x sessions.
    value : ndarray
        What a share is worth at each close, dollars: paths x (sessions + 1).
    """

    dates: tuple[date, ...]
    change: Floats = field(repr=False)
    value: Floats = field(repr=False)


def simulate(
    market: Drawn,
    paths: int,
    sessions: int,
    *,
    fund: Fund | None = None,
    price: float = 100.0,
    start: date = SYNTHETIC_START,
    seed: int = 0,
    first_path: int = 0,
) -> Shares:
    """Simulate a fund of short-term VIX futures on a market's own curve.

    The paths are those of ``market.simulate`` with the same seed; futures settle on the dates of the calendar
    from `start` on, and the index rolls between them as `roll` says.

    Parameters
    ----------
    market : a model such as alvh.market.L3F
        Not a replay: its recorded settlements go to `strategy_index`.
    paths, sessions : int
        How many, and sessions after the start: paths times sessions is at most 2**28. More paths come in
        portions, with `first_path`.
    fund : Fund, optional
        By default once the index, 0.89% a year.
    price : float, default 100.0
        What a share is worth at the start, dollars.
    start : datetime.date
        Session 0.
    seed, first_path : int, default 0
        As in ``market.simulate``.

    Returns
    -------
    Shares
        Changes of the index and values of a share.

    Raises
    ------
    AlvhError
        An argument outside its domain.
    CalendarError
        `start` is no session, or the calendar ends before the run.

    Examples
    --------
    >>> from alvh.market import L3F
    >>> shares = simulate(L3F(vix=16), 1_000, 21, seed=7)
    >>> bool(np.median(shares.value[:, -1]) < 100)  # in contango the roll costs
    True
    """
    if not isinstance(market, Drawn):
        raise AlvhError(
            f"market is {type(market).__name__}: must be a model that is drawn, such as L3F. Mend: the "
            "index of a record is strategy_index of its settlements"
        )
    paths = whole("paths", paths, MOST_PATHS)
    sessions = whole("sessions", sessions, MOST_SESSIONS)
    seed = whole("seed", seed, LARGEST_SEED)
    first_path = whole("first_path", first_path, MOST_PATHS)
    for name, count in (("paths", paths), ("sessions", sessions)):
        if count < 1:
            raise AlvhError(f"{name} is {count}: at least 1 is allowed")
    if paths * sessions > MOST_CELLS:
        raise AlvhError(
            f"paths = {paths}, sessions = {sessions}: at most {MOST_CELLS} changes are computed at once, "
            "paths times sessions. Mend: ask for portions of the paths with first_path"
        )
    clock = Schedule.synthetic(sessions, start=start)
    dates = clock.dates[: clock.tradable]
    change = _core.market_strategy_index(
        market.model_dump_json(),
        json.dumps(clock.spec()),
        json.dumps(roll_spec(clock)),
        first_path,
        paths,
        sessions,
        seed=seed,
    )
    days = np.diff(np.array(dates, np.datetime64)).astype(np.float64)
    rate = market.spec()["rate"]
    values = (fund or Fund()).values(change, days=days, rate=rate, start=price)
    return Shares(dates, change, values)
