"""Listed expiries by rule: weekly and monthly SPX options, and the VIX complex.

Rules of the exchange's product specifications: SPX monthlies expire on the third Friday, SPXW weeklies on
Fridays (and, since 2022, on every session), both on the preceding session when the day is a holiday. VIX
options and futures expire on the Wednesday 30 days before the third Friday of the following month, or on
the business day before that Wednesday when either day is a holiday.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias

from alvh.errors import ContractError, nearest_names
from alvh.schedule import exchange

Cadence: TypeAlias = Literal["daily", "weekly", "monthly"]

FRIDAY: Final = 4  # date.weekday()
DAYS_PER_WEEK: Final = 7
MONTHS_PER_YEAR: Final = 12
VIX_DAYS_BEFORE_SPX_EXPIRY: Final = 30

# The cadences that can be asked of a product; the first one is its default.
CADENCES: Final[dict[str, tuple[Cadence, ...]]] = {
    "SPX": ("monthly",),
    "SPXW": ("weekly", "daily", "monthly"),
    "XSP": ("weekly", "daily", "monthly"),
    "VIX": ("monthly",),
    "VX": ("monthly",),
    "VXM": ("monthly",),
    "VXX": ("weekly", "monthly"),
    "UVXY": ("weekly", "monthly"),
}
VOLATILITY: Final = frozenset({"VIX", "VX", "VXM"})


def third_friday(year: int, month: int) -> date:
    """Return the third Friday of a month, holiday or not.

    Examples
    --------
    >>> third_friday(2025, 4)
    datetime.date(2025, 4, 18)
    """
    first = date(year, month, 1)
    to_friday = (FRIDAY - first.weekday()) % DAYS_PER_WEEK
    return first + timedelta(days=to_friday + 2 * DAYS_PER_WEEK)


def monthly_expiration(year: int, month: int) -> date:
    """Return the expiry session of a month's SPX options: the third Friday or the session before it."""
    return _on_or_before(third_friday(year, month))


def vix_expiration(year: int, month: int) -> date:
    """Return the session on which the month's VIX options and futures settle (in the morning).

    Examples
    --------
    >>> vix_expiration(2025, 3)  # 2025-04-18 is Good Friday
    datetime.date(2025, 3, 18)
    """
    years, next_month = divmod(month, MONTHS_PER_YEAR)
    spx_expiry = third_friday(year + years, next_month + 1)
    wednesday = spx_expiry - timedelta(days=VIX_DAYS_BEFORE_SPX_EXPIRY)
    if exchange.is_session(spx_expiry) and exchange.is_session(wednesday):
        return wednesday
    return exchange.previous_session(wednesday)


def listed_expiries(product: str, first: date, last: date, *, cadence: Cadence | None = None) -> list[date]:
    """Return the sessions from `first` to `last`, both included, on which a product expires.

    Parameters
    ----------
    product : {"SPXW", "XSP", "SPX", "VIX", "VX", "VXM", "VXX", "UVXY"}
        SPXW and XSP settle at the close, options on shares of VXX and UVXY end there; the others to the
        opening.
    first, last : datetime.date
        Inside the exchange calendar's span. VIX products cannot reach into its last month: their rule looks
        at the month after.
    cadence : {"weekly", "daily", "monthly"}, optional
        ``weekly``: every Friday, the default of SPXW, XSP and options on shares. ``daily``: every session, as
        listed for SPXW since May 2022 and needed by one-day condors (R2); earlier dates are a hypothesis.
        ``monthly``: the third Friday (VIX products: by their own rule, options and futures on the same
        dates).

    Returns
    -------
    list of datetime.date
        Ascending, no day twice. A Friday without a session expires on the session before it.

    Raises
    ------
    ContractError
        Unknown product, or a cadence that it does not list.
    CalendarError
        A date outside the exchange calendar.

    Examples
    --------
    >>> from datetime import date
    >>> [str(day) for day in listed_expiries("SPXW", date(2025, 4, 7), date(2025, 4, 25))]
    ['2025-04-11', '2025-04-17', '2025-04-25']
    """
    known = CADENCES.get(product)
    if known is None:
        raise ContractError(f"no listed expiries for product {product!r}: {nearest_names(product, CADENCES)}")
    chosen = known[0] if cadence is None else cadence
    if chosen not in known:
        raise ContractError(f"{product} lists no {chosen!r} expiries: {nearest_names(str(chosen), known)}")
    days = exchange.sessions(first, last)
    if chosen == "daily" or not days:
        return days
    if product in VOLATILITY:
        expiries = {vix_expiration(year, month) for year, month in _months(first, last)}
    elif chosen == "monthly":
        expiries = {monthly_expiration(year, month) for year, month in _months(first, last)}
    else:
        expiries = {_on_or_before(friday) for friday in _fridays(first, last)}
    return sorted(expiries.intersection(days))


def _on_or_before(day: date) -> date:
    return day if exchange.is_session(day) else exchange.previous_session(day)


def _fridays(first: date, last: date) -> Iterator[date]:
    """Yield the Fridays of the weeks that touch [first, last] and lie inside the calendar."""
    _, end = exchange.span()
    friday = first + timedelta(days=(FRIDAY - first.weekday()) % DAYS_PER_WEEK)
    while friday < last + timedelta(days=DAYS_PER_WEEK) and friday <= end:
        yield friday
        friday += timedelta(days=DAYS_PER_WEEK)


def _months(first: date, last: date) -> Iterator[tuple[int, int]]:
    for n in range(first.year * MONTHS_PER_YEAR + first.month - 1, last.year * MONTHS_PER_YEAR + last.month):
        yield n // MONTHS_PER_YEAR, n % MONTHS_PER_YEAR + 1
