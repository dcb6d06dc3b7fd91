"""The one clock of a run: sessions, half days, listed expiries and announcements as arrays for the core."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, Self

from alvh.errors import CalendarError
from alvh.schedule import exchange
from alvh.schedule.announcements import Days, announced
from alvh.schedule.events import synthetic_events
from alvh.schedule.expiries import Cadence, listed_expiries

SYNTHETIC_START: Final = date(2025, 1, 2)
TAIL_SESSIONS: Final = 90  # some 130 calendar days: the longest default tenor (R41) still has a listed expiry
WEEK: Final = 7  # calendar days, of which at most five are sessions
SESSIONS_A_WEEK: Final = 5
WEEKLY_SPXW: Final[Mapping[str, Cadence]] = {"SPXW": "weekly"}
EVENT_NAMES: Final = ("fomc", "cpi", "ppi")
EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The sessions of a run and what happens on them.

    Built by `synthetic` for simulated markets and by `from_history` for recorded ones.

    Parameters
    ----------
    dates : tuple of datetime.date
        Sessions, ascending: warm-up, tradable sessions, then a tail that carries no market data but later
        expiries.
    ordinals : tuple of int
        Index of each session in the exchange calendar: differences count real sessions even where a file
        lacks some.
    half_day : tuple of bool
        Whether the session closes early.
    origin : int
        Index of the session that lane start 0 denotes.
    tradable : int
        Number of leading sessions that carry market data.
    expiries, events : mapping of str to tuple of datetime.date
        By product and by name; every date is one of `dates`.
    unlisted : mapping of str to tuple of datetime.date
        Expiries that fall on a session which the history file lacks: they are not tradable and therefore
        not listed.
    """

    dates: tuple[date, ...]
    ordinals: tuple[int, ...]
    half_day: tuple[bool, ...]
    origin: int
    tradable: int
    expiries: Mapping[str, tuple[date, ...]]
    events: Mapping[str, tuple[date, ...]]
    unlisted: Mapping[str, tuple[date, ...]]

    @classmethod
    def synthetic(
        cls,
        sessions: int,
        *,
        start: date = SYNTHETIC_START,
        tail_sessions: int = TAIL_SESSIONS,
        warm_up: int = 0,
        listings: Mapping[str, Cadence] = WEEKLY_SPXW,
    ) -> Self:
        """Build the clock of a simulated market on the real calendar from `start` on.

        Parameters
        ----------
        sessions : int
            Sessions after `start`: the run has the ticks 0 … sessions.
        start : datetime.date
            Session 0; must be a session.
        tail_sessions : int
            Sessions after the last tick, for expiries beyond the end.
        warm_up : int
            Sessions before `start`.
        listings : mapping of str to str
            Cadence of listed expiries by product, see `listed_expiries`.

        Raises
        ------
        CalendarError
            `start` is no session, or the calendar ends before the run.

        Examples
        --------
        >>> clock = Schedule.synthetic(252, warm_up=60)
        >>> clock.dates[clock.origin], clock.tradable
        (datetime.date(2025, 1, 2), 313)
        """
        for name, count, least in (
            ("sessions", sessions, 1),
            ("tail_sessions", tail_sessions, 0),
            ("warm_up", warm_up, 0),
        ):
            _at_least(name, count, least)
        days = exchange.sessions_around(start, before=warm_up, after=sessions + tail_sessions)
        events = synthetic_events(days[0], days[-1])
        return cls._build(
            days, origin=warm_up, tradable=warm_up + sessions + 1, listings=listings, events=events
        )

    @classmethod
    def from_history(
        cls,
        dates: Sequence[date],
        *,
        tail_sessions: int = TAIL_SESSIONS,
        listings: Mapping[str, Cadence] = WEEKLY_SPXW,
        events: Mapping[str, Days] | None = None,
        quoted: Mapping[str, Iterable[date]] | None = None,
    ) -> Self:
        """Build the clock of a recorded market: its own sessions, then a tail from the exchange calendar.

        Lane starts are indices of `dates` (origin 0): the warm-up of a lane is the recorded sessions before
        its start.

        Parameters
        ----------
        dates : sequence of datetime.date
            Sessions of the record, ascending, no day twice. Sessions may lack; days without a session may
            not occur.
        tail_sessions : int
            Sessions after the last date, so that expiries beyond the record exist.
        listings : mapping of str to str
            Cadence of listed expiries by product.
        events : mapping of str to iterable of datetime.date, "scheduled" or "by_rule", optional
            Announcement days by name, or the word for those of `announced`; a day without a session in the
            clock counts on the next one. Without it there are none: dates are never invented for a recorded
            market unless asked for.
        quoted : mapping of str to iterable of datetime.date, optional
            Expiries by product that are known from quotes: they replace those by rule.

        Raises
        ------
        CalendarError
            A date is no session, out of order, or the tail runs beyond the calendar; `events` are refused.
        """
        if not dates:
            raise CalendarError("a schedule needs at least one session")
        _at_least("tail_sessions", tail_sessions, 0)
        for earlier, later in pairwise(dates):
            if later <= earlier:
                raise CalendarError(f"{later} follows {earlier}: sessions must ascend, no day twice")
        tail = exchange.sessions_around(dates[-1], after=tail_sessions)[1:]
        return cls._build(
            [*dates, *tail],
            origin=0,
            tradable=len(dates),
            listings=listings,
            events=announced(events, dates, tail[-1] if tail else dates[-1]),
            quoted=quoted or {},
        )

    @classmethod
    def _build(
        cls,
        days: Sequence[date],
        *,
        origin: int,
        tradable: int,
        listings: Mapping[str, Cadence],
        events: Mapping[str, Iterable[date]],
        quoted: Mapping[str, Iterable[date]] = MappingProxyType({}),
    ) -> Self:
        known, short = set(days), set(exchange.half_days(days[0], days[-1]))
        expiries, unlisted = {}, {}
        for product, cadence in listings.items():
            if product in quoted:
                listed = [day for day in sorted(quoted[product]) if days[0] <= day <= days[-1]]
            else:
                listed = listed_expiries(product, days[0], days[-1], cadence=cadence)
            expiries[product] = tuple(day for day in listed if day in known)
            unlisted[product] = tuple(day for day in listed if day not in known)
        names = dict.fromkeys((*EVENT_NAMES, *events))
        return cls(
            dates=tuple(days),
            ordinals=tuple(map(exchange.ordinal, days)),
            half_day=tuple(day in short for day in days),
            origin=origin,
            tradable=tradable,
            expiries=expiries,
            events={name: _on_clock(events.get(name, ()), days) for name in names},
            unlisted=unlisted,
        )

    def __len__(self) -> int:
        return len(self.dates)

    def spec(self) -> dict[str, Any]:
        """Return the schedule as JSON-able data for the core: days since 1970-01-01 and indices into them.

        Examples
        --------
        >>> spec = Schedule.synthetic(5, tail_sessions=5).spec()
        >>> spec["days"][:2], spec["expiries"], spec["events"]["cpi"]
        ([20090, 20091], {'SPXW': [1, 5, 10]}, [6])
        """
        index = {day: i for i, day in enumerate(self.dates)}
        return {
            "days": [(day - EPOCH).days for day in self.dates],
            "ordinals": list(self.ordinals),
            "half_days": list(self.half_day),
            "origin": self.origin,
            "tradable": self.tradable,
            "expiries": {product: [index[day] for day in days] for product, days in self.expiries.items()},
            "events": {name: [index[day] for day in days] for name, days in self.events.items()},
        }


def tail_for(days: int) -> int:
    """Return a tail that reaches `days` calendar days beyond the last session, and never below the default.

    Examples
    --------
    >>> tail_for(105), tail_for(180)
    (90, 130)
    """
    return max(TAIL_SESSIONS, SESSIONS_A_WEEK * -(-days // WEEK))


def _at_least(name: str, count: int, least: int) -> None:
    if count < least:
        raise CalendarError(f"{name} is {count}: at least {least} is allowed")


def _on_clock(announced: Iterable[date], days: Sequence[date]) -> tuple[date, ...]:
    """Return the sessions on which announcements take effect: the day itself or the next session."""
    inside = {day for day in announced if days[0] <= day <= days[-1]}
    return tuple(sorted({days[bisect_left(days, day)] for day in inside}))
