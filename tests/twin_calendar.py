"""The dated calendar of the twin: cadences, listed expiries, and how many slots a layer needs."""

from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

BEFORE_THE_OPENING = ("cpi", "ppi")  # announced at 8:30; the FOMC speaks at 14:00
EPOCH = date(1970, 1, 1)


class Calendar:
    """Sessions by index, as the spec's `schedule` gives them."""

    def __init__(self, schedule: dict[str, Any]) -> None:
        self.day: list[int] = schedule["days"]
        self.ordinal: list[int] = schedule["ordinals"]
        self.tradable: int = schedule["tradable"]
        self.listed: dict[str, list[int]] = schedule["expiries"]
        self.events: dict[str, list[int]] = schedule.get("events") or {}

    def sessions(self, now: int, then: int) -> int:
        """Exchange sessions between two sessions."""
        return self.ordinal[then] - self.ordinal[now]

    def days(self, now: int, then: int) -> int:
        """Calendar days between two sessions."""
        return self.day[then] - self.day[now]

    def decisions(self, every: str) -> list[bool]:
        """Per session: does the cadence decide on it? (Never by the calendar, for `flat`.)"""

        def period(day: int) -> object:
            when = EPOCH + timedelta(days=day)
            return {"day": day, "week": when.isocalendar()[:2], "month": (when.year, when.month)}[every]

        if every == "flat":
            return [False] * len(self.day)
        before = [self.day[0] - 1, *self.day]  # the first session decides only if it opens a period
        return [period(now) != period(last) for now, last in zip(self.day, before, strict=False)]

    def weekday(self, session: int) -> float:
        """1 on Mondays; before the calendar every weekday is a session."""
        if session >= 0:
            return float((EPOCH + timedelta(days=self.day[session])).isoweekday())
        return float((min((EPOCH + timedelta(days=self.day[0])).weekday(), 4) + session) % 5 + 1)

    def ends_week(self, session: int) -> bool:
        """Is this the last session of its week? Before the calendar every weekday is a session."""
        if session < 0:
            weekday = min((EPOCH + timedelta(days=self.day[0])).weekday(), 4)
            return (weekday + session) % 5 == 4
        monday = [(day + 3) // 7 for day in self.day[session : session + 2]]
        return len(set(monday)) > 1 or len(monday) == 1

    def days_to(self, event: str, now: int) -> float | None:
        """Calendar days to the next event of a kind; None after the last."""
        following = [session for session in self.events[event] if session >= now]
        return float(self.days(now, following[0])) if following else None

    def front(self, product: str, now: int) -> list[int]:
        """The listed expiries on later sessions."""
        return [expiry for expiry in self.listed[product] if expiry > now]

    def expiry(
        self,
        product: str,
        window: dict[str, int],
        fill: int,
        after: str | None = None,
        *,
        morning: bool = False,
    ) -> int | None:
        """The listed expiry nearest to the target within the window; the earlier of two as near.

        With `after` the first one that settles after the next announcement of that kind, if it lies there.
        """
        listed, today = self.listed[product], self.day[fill]
        if after is not None:
            told = [event for event in self.events.get(after, []) if event > fill]
            late = morning and after not in BEFORE_THE_OPENING
            listed = [e for e in listed if told and (e > told[0] or (e == told[0] and not late))][:1]
        first = bisect_left(listed, today + window["low"], key=self.day.__getitem__)
        last = bisect_right(listed, today + window["high"], key=self.day.__getitem__)
        inside = [e for e in listed[first:last] if e > fill]
        return min(inside, key=lambda e: (abs(self.days(fill, e) - window["target"]), e), default=None)

    def slots(self, decides: list[bool], product: str, window: dict[str, int], **after: Any) -> int:
        """The fewest slots such that the package of a slot has settled when its turn comes round again."""
        decisions = [i for i in range(self.tradable) if decides[i]]

        def settles(decision: int) -> int:
            fill = decision + 1
            found = self.expiry(product, window, fill, **after) if fill < len(self.day) else None
            return decision if found is None else found

        latest = list(accumulate(map(settles, decisions), max))
        slots = 1
        for j, now in enumerate(decisions):
            while slots <= j and latest[j - slots] > now:
                slots += 1
        return slots
