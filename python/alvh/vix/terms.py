"""Which two expiries the index is made of, and how many minutes away they settle.

Sources: Cboe, "VIX Index methodology" (2022) for the weekly rule, "The CBOE Volatility Index" (2009) for the
monthly one. Minutes are wall-clock minutes in New York: 1,440 a day, whatever daylight saving does.
"""

from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal, TypeAlias, get_args

import polars as pl

from alvh import contracts
from alvh.errors import VixError
from alvh.schedule import half_days, is_session, third_friday

Terms: TypeAlias = Literal["weekly", "monthly", "bracket"]

MINUTES_PER_DAY: Final = 1_440
TARGET_MINUTES: Final = 30 * MINUTES_PER_DAY

NEAR_DAYS: Final = (24, 30)  # "more than 23 days", and before the week of the next term
NEXT_DAYS: Final = (31, 37)
LEAST_MONTHLY_DAYS: Final = 7  # "at least one week to expiration"
FRIDAY: Final = 4  # date.weekday()

OPENING: Final = time(9, 30)
CLOSE, HALF_DAY_CLOSE = time(16), time(13)
QUOTED_AT_CLOSE, QUOTED_AT_HALF_DAY_CLOSE = time(16, 15), time(13, 15)


def two_terms(quotes: pl.DataFrame, rule: Terms, as_of: datetime | None) -> pl.DataFrame:
    """Return two rows, near and next: root, expiration and settlement where the chain has them, and minutes.

    Raises
    ------
    VixError
        The chain lacks a term, or what is needed to count its minutes.
    """
    if rule not in get_args(Terms):
        raise VixError(f"terms = {rule!r}: allowed are {', '.join(map(repr, get_args(Terms)))}")
    keys = [name for name in ("root", "expiration", "settlement", "minutes") if name in quotes.columns]
    listed = quotes.select(keys).unique().sort(keys, nulls_last=True)
    if rule == "bracket":
        listed = listed if "minutes" in keys else _with_minutes(listed, quote_moment(quotes, as_of))
        return _around_thirty_days(listed)
    for name in ("root", "expiration"):
        if name not in keys:
            raise VixError(
                f"terms = {rule!r}: the chain has no column {name!r}, by which that rule picks. Mend: add "
                "it, or take whatever lies around 30 days with terms='bracket'"
            )
    twice = listed.filter(pl.struct("root", "expiration").is_duplicated())
    if not twice.is_empty():
        root, expiration = twice.select("root", "expiration").row(0)
        raise VixError(
            f"chain, {root} {expiration}: more than one settlement or minutes. Mend: one per expiry"
        )
    now = quote_moment(quotes, as_of)
    chosen = _weekly(listed, now.date()) if rule == "weekly" else _monthly(listed, now.date())
    return chosen if "minutes" in keys else _with_minutes(chosen, now)


def quote_moment(quotes: pl.DataFrame, as_of: datetime | None) -> datetime:
    """Return when the chain was quoted, New York wall time; "close" is 16:15, on a half day 13:15."""
    if as_of is not None:
        if as_of.tzinfo is not None:
            raise VixError(f"as_of = {as_of}: give New York wall time without a time zone")
        return as_of
    day: date = _one(quotes, "quote_date")
    at = _one(quotes, "quote_time") if "quote_time" in quotes.columns else "close"
    if at == "close":
        return datetime.combine(day, QUOTED_AT_HALF_DAY_CLOSE if half_days(day, day) else QUOTED_AT_CLOSE)
    try:
        return datetime.combine(day, time.fromisoformat(at))
    except ValueError:
        raise VixError(f"chain, quote_time = {at!r}: allowed are 'close' and HH:MM, New York") from None


def _one(quotes: pl.DataFrame, name: str) -> Any:
    if name not in quotes.columns:
        raise VixError(
            f"chain: no column {name!r} to count minutes from. Mend: add it or minutes, or give as_of"
        )
    values = quotes[name].unique().sort()
    if len(values) != 1 or values[0] is None:
        raise VixError(
            f"chain, {name}: {len(values)} values, {values[0]} to {values[-1]}; an index has one moment. "
            "Mend: filter the chain to one snapshot"
        )
    return values[0]


def _weekly(listed: pl.DataFrame, today: date) -> pl.DataFrame:
    rows = [row for row in listed.iter_rows(named=True) if _is_weekly_term(row["root"], row["expiration"])]
    chosen = []
    for name, (low, high) in (("near", NEAR_DAYS), ("next", NEXT_DAYS)):
        found = [row for row in rows if low <= (_friday_of(row["expiration"]) - today).days <= high]
        if not found:
            first, last = today + timedelta(days=low), today + timedelta(days=high)
            raise VixError(
                f"no {name} term: no Friday expiry (SPXW; SPX on a third Friday) from {first} to {last}. "
                "Mend: give the whole chain, or take what lies around 30 days with terms='bracket'"
            )
        chosen += found[:1]
    return pl.DataFrame(chosen, schema=listed.schema)


def _is_weekly_term(root: str, expiration: date) -> bool:
    """Say whether an expiry is one of the method's: SPX on third Fridays, SPXW on the others."""
    friday = _friday_of(expiration)
    if expiration != friday and (expiration.weekday() != FRIDAY - 1 or is_session(friday)):
        return False
    return root == ("SPX" if friday == third_friday(friday.year, friday.month) else "SPXW")


def _friday_of(expiration: date) -> date:
    """Return the Friday of the week: a holiday's expiry is the session before, and counts as that Friday."""
    return expiration + timedelta(days=FRIDAY - expiration.weekday())


def _monthly(listed: pl.DataFrame, today: date) -> pl.DataFrame:
    first = today + timedelta(days=LEAST_MONTHLY_DAYS)
    standard = listed.filter(pl.col("root") == "SPX", pl.col("expiration") >= first).sort("expiration")
    if standard.height < 2:
        raise VixError(
            f"{standard.height} SPX expiries from {first} on: the monthly rule takes the first two with a "
            "week or more to go. Mend: give the whole chain, or terms='bracket'"
        )
    return standard.head(2)


def _around_thirty_days(listed: pl.DataFrame) -> pl.DataFrame:
    live = listed.filter(pl.col("minutes") > 0).sort("minutes")
    near = live.filter(pl.col("minutes") <= TARGET_MINUTES).tail(1)
    after = live.filter(pl.col("minutes") > TARGET_MINUTES).head(1)
    for name, term, side in (("near", near, "at or below"), ("next", after, "above")):
        if term.is_empty():
            raise VixError(
                f"no {name} term: no expiry {side} 30 days ({TARGET_MINUTES:,} minutes) among {live.height}. "
                "Mend: give a chain with expiries on both sides"
            )
    return pl.concat([near, after])


def _with_minutes(listed: pl.DataFrame, now: datetime) -> pl.DataFrame:
    return listed.with_columns(
        pl.Series("minutes", [_minutes(row, now) for row in listed.iter_rows(named=True)], dtype=pl.Float64)
    )


def _minutes(term: dict[str, Any], now: datetime) -> float:
    expiration = term.get("expiration")
    if not isinstance(expiration, date):
        raise VixError("chain: an expiry without a date. Mend: fill the column expiration, or give minutes")
    at = OPENING
    if _settlement(term) == "PM":
        at = HALF_DAY_CLOSE if half_days(expiration, expiration) else CLOSE
    return (datetime.combine(expiration, at) - now) / timedelta(minutes=1)


def _settlement(term: dict[str, Any]) -> str:
    given, root = term.get("settlement"), term.get("root")
    if isinstance(given, str):
        return given
    if root not in contracts.products():
        raise VixError(
            f"root {root!r}: AM or PM settlement is not known. Mend: add a column settlement (AM or PM) or "
            "minutes, or leave its rows out"
        )
    return contracts.contract(str(root)).settlement
