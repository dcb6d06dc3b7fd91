"""What the index of short-term VIX futures holds from one close to the next: two contracts and their weights.

S&P Dow Jones Indices, "S&P VIX Futures Indices Methodology" (Short-Term index). A roll period runs from one
settlement of VIX futures, which it includes, to the next, which it does not. On the close before it begins
all contracts held are the first future's; on every session of it the same number of them moves to the second,
so that their average maturity stays about a month.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

import polars as pl

from alvh.errors import CalendarError
from alvh.schedule import listed_expiries, next_session, ordinal

SCHEMA: Final = {"date": pl.Date, "first": pl.Date, "second": pl.Date, "weight": pl.Float64}
MONTH: Final = timedelta(days=40)  # more than lies between two settlements
TWO_MONTHS: Final = timedelta(days=80)


class Held(NamedTuple):
    """What is held from one close to the next."""

    first: date
    second: date
    weight: float


def roll(days: Sequence[date]) -> pl.DataFrame:
    """Return what the index holds from the close of each session on, by rule.

    Parameters
    ----------
    days : sequence of datetime.date
        Sessions, ascending.

    Returns
    -------
    polars.DataFrame
        ``date``; ``first`` and ``second``, the settlements of the two VIX futures held; ``weight``, the share
        of the *contracts* (not of the dollars) that are the first one's, between 0 and 1.

    Raises
    ------
    CalendarError
        A day without a session, no days, or days so near the end of the exchange calendar that a settlement
        is unknown.

    Notes
    -----
    With dt the sessions of the roll period and dr those of them that are left after the next close, the next
    session included, the weight is dr/dt: 1 on the close before a settlement, 1/dt two closes before the next
    one.

    Examples
    --------
    >>> from datetime import date
    >>> roll([date(2025, 1, 21), date(2025, 1, 22)]).rows()[-1]
    (datetime.date(2025, 1, 22), datetime.date(2025, 2, 19), datetime.date(2025, 3, 18), 0.9473684210526315)
    """
    if not days:
        raise CalendarError("days is empty: a roll needs at least one session")
    settlements = listed_expiries("VX", days[0] - MONTH, days[-1] + MONTH + TWO_MONTHS)
    held = (_held(day, settlements) for day in days)
    return pl.DataFrame([(day, *each) for day, each in zip(days, held, strict=True)], SCHEMA, orient="row")


def _held(day: date, settlements: Sequence[date]) -> Held:
    """Return what is held from the close of `day` on; `settlements` reach back and ahead of it."""
    ordinal(day)  # a day without a session is refused by its name
    tomorrow = next_session(day)
    following = bisect_right(settlements, tomorrow)
    began, first, second = settlements[following - 1 : following + 2]
    period = ordinal(first) - ordinal(began)
    left = ordinal(first) - ordinal(tomorrow)
    return Held(first, second, left / period)
