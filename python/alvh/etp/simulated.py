"""The index of short-term VIX futures, and shares of a fund on it, on the paths of a market."""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh import _core
from alvh.errors import AlvhError, CalendarError
from alvh.etp.fund import Fund
from alvh.etp.roll import roll
from alvh.market.drawn import Drawn
from alvh.schedule import Schedule
from alvh.schedule.clock import SYNTHETIC_START

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
        How many, and sessions after the start.
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
    for name, count in (("paths", paths), ("sessions", sessions)):
        if count < 1:
            raise AlvhError(f"{name} is {count}: at least 1 is allowed")
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


def roll_spec(clock: Schedule) -> dict[str, Any]:
    """Return what the index holds from each tradable session on, as sessions of a clock, for the core."""
    held = roll(clock.dates[: clock.tradable])
    place = {day: index for index, day in enumerate(clock.dates)}
    lacking = [day for name in ("first", "second") for day in held[name].unique().sort() if day not in place]
    if lacking:
        raise CalendarError(
            f"the clock has no session {lacking[0]}, on which a VIX future that the index holds settles. "
            "Mend: add the day to the history, or give the clock a longer tail"
        )
    contracts = {name: [place[day] for day in held[name]] for name in ("first", "second")}
    return contracts | {"weight": held["weight"].to_list()}
