"""The index: two terms' variances, interpolated to thirty days.

Source: Cboe, "VIX Index methodology" (2022), steps 2 and 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import exp, isfinite, log, sqrt
from typing import Any, Final, TypeAlias

import polars as pl

from alvh.errors import VixError
from alvh.vix.forward import level
from alvh.vix.quotes import checked
from alvh.vix.strip import EXCLUDED, strip_of
from alvh.vix.terms import MINUTES_PER_DAY, TARGET_MINUTES, Terms, two_terms

MINUTES_PER_YEAR: Final = 365 * MINUTES_PER_DAY
RATES: Final = (-0.05, 0.5)  # as for chains
NAMES: Final = ("near", "next")

Rate: TypeAlias = float | Sequence[float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VixTerm:
    """One of the two expiries of the index.

    Parameters
    ----------
    root : str or None
        Such as "SPXW", where the chain says it.
    expiration : datetime.date or None
        Where the chain says it.
    minutes : float
        To settlement.
    years : float
        Minutes over 525,600: the T of the formulas.
    rate : float
        Annual, continuously compounded, as given or as put–call parity implies it.
    forward : float
        F, index points, by put–call parity at the strike where call and put cost most nearly the same.
    k0 : float
        The listed strike equal to or immediately below F.
    strip_sum : float
        Σ ΔK / K² · e^{RT} · mid over the strip.
    variance : float
        σ² = 2/T · strip_sum − 1/T · (F/K0 − 1)², a year.
    """

    root: str | None
    expiration: date | None
    minutes: float
    years: float
    rate: float
    forward: float
    k0: float
    strip_sum: float
    variance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VixIndex:
    """The index of one snapshot, with all that it was made of.

    Parameters
    ----------
    value : float
        In points: 100 times the annual volatility. The exchange publishes two decimals.
    near, next : VixTerm
        The two terms.
    strip : DataFrame
        A row per out-of-the-money option of the two terms, by strike: term, expiration, strike, option
        ("put", "call"; at K0 "both", whose prices are averages), bid, ask, mid, delta_k, contribution, and
        excluded: null where it counts, else "no_bid", "no_ask" or "beyond_two_zero_bids".
    """

    value: float
    near: VixTerm
    next: VixTerm
    strip: pl.DataFrame = field(repr=False, compare=False)

    def sides(self) -> pl.DataFrame:
        """Return the strip in brief, a row per term and option.

        Returns
        -------
        DataFrame
            term, option, strikes (that count), lowest, highest, share (of the term's strip sum), and how many
            options are out for each reason.
        """
        counts = pl.col("excluded").is_null()
        strike = pl.col("strike").filter(counts)
        parts = self.strip.group_by("term", "option", maintain_order=True).agg(
            strikes=counts.sum(),
            lowest=strike.min(),
            highest=strike.max(),
            share=pl.col("contribution").sum(),
            **{reason: (pl.col("excluded") == reason).sum() for reason in EXCLUDED},
        )
        return parts.with_columns(pl.col("share") / pl.col("share").sum().over("term"))


def vix_index(
    chain: pl.DataFrame,
    *,
    rate: Rate = None,
    terms: Terms = "weekly",
    as_of: datetime | None = None,
) -> VixIndex:
    """Volatility index of an option chain by the exchange's published method.

    Parameters
    ----------
    chain : DataFrame
        One snapshot, a row per option: strike (index points), right ("C" or "P"), bid and ask (index points;
        0, null or NaN is none); to pick the terms and count their minutes root, expiration, quote_date and
        quote_time ("close" or "HH:MM", New York), or minutes (to settlement). Settlement follows from the
        root unless a column settlement says "AM" or "PM". Other columns are left alone.
    rate : float or (float, float), optional
        Annual rate to settlement, decimal (0.04 is 4%), continuously compounded, -0.05 to 0.5, for both terms
        or for each. Without it the discount is the one that put–call parity implies near the money.
    terms : {"weekly", "monthly", "bracket"}
        ``weekly``, the rule since October 2014: Friday expiries (SPX on third Fridays, SPXW on the others) of
        24 to 30 and of 31 to 37 days. ``monthly``, the rule before: the first two SPX expiries with a week or
        more to go. ``bracket``: the last expiry at or below 30 days and the first above, of any root.
    as_of : datetime.datetime, optional
        Moment of the quotes, New York wall time; overrides quote_date and quote_time.

    Returns
    -------
    VixIndex
        Value, near, next, strip.

    Raises
    ------
    VixError
        A wrong value in the chain, or an index that its quotes do not determine: no two terms, no
        forward, no quotes at K0, no option with a bid on a side. The message says how to mend it.
    CalendarError
        The exchange calendar does not know a date of the chain.

    Examples
    --------
    A chain priced at 20% by Black-76, as wide as needed:

    >>> import numpy as np, polars as pl
    >>> from alvh import pricing, vix_index
    >>> strikes = np.arange(1500.0, 12000.0, 5.0)
    >>> parts = []
    >>> for days in (24, 37):
    ...     for right in ("C", "P"):
    ...         mid = pricing.price(5000.0, strikes, days / 365, 0.20, right)
    ...         parts.append(pl.DataFrame({"strike": strikes, "bid": mid, "ask": mid}).with_columns(
    ...             right=pl.lit(right), minutes=pl.lit(days * 1440)))
    >>> index = vix_index(pl.concat(parts), rate=0.0, terms="bracket")
    >>> round(index.value, 2), index.near.forward, index.next.k0
    (20.0, 5000.0, 5000.0)
    """
    quotes = checked(chain)
    picked = two_terms(quotes, terms, as_of)
    rates = _rates(rate)
    made = [
        _term(quotes, row, given, name)
        for name, row, given in zip(NAMES, picked.iter_rows(named=True), rates, strict=True)
    ]
    (near, _), (later, _) = made
    return VixIndex(
        value=_thirty_days(near, later), near=near, next=later, strip=pl.concat(strip for _, strip in made)
    )


def _rates(rate: Rate) -> tuple[float | None, float | None]:
    if rate is None:
        return None, None
    pair = tuple(rate) if isinstance(rate, Sequence) else (rate, rate)
    match pair:
        case (float() | int() as near, float() | int() as later) if isfinite(near) and isfinite(later):
            if all(RATES[0] <= each <= RATES[1] for each in (near, later)):
                return float(near), float(later)
            raise VixError(
                f"rate = {rate!r}: allowed is {RATES[0]} to {RATES[1]} a year, decimal, continuously "
                "compounded. Mend: if this is percent, divide by 100"
            )
    raise VixError(f"rate = {rate!r}: allowed is one finite number, or two: near and next")


def _term(
    quotes: pl.DataFrame, picked: dict[str, Any], rate: float | None, name: str
) -> tuple[VixTerm, pl.DataFrame]:
    is_here = pl.all_horizontal(
        pl.col(key).eq_missing(pl.lit(picked[key])) for key in picked if key in quotes.columns
    )
    here = quotes.filter(is_here)
    _refuse_twice(here, name)
    minutes = picked["minutes"]
    years = minutes / MINUTES_PER_YEAR
    if years <= 0:
        raise VixError(
            f"{name} term: settles {-minutes:g} minutes before the quotes. Mend: correct as_of or expiration"
        )
    money = level(here, None if rate is None else exp(rate * years), years, name)
    strip = strip_of(here, money, name)
    total = float(strip["contribution"].sum())
    term = VixTerm(
        root=picked.get("root"),
        expiration=picked.get("expiration"),
        minutes=minutes,
        years=years,
        rate=log(money.growth) / years,
        forward=money.forward,
        k0=money.k0,
        strip_sum=total,
        variance=(2 * total - (money.forward / money.k0 - 1) ** 2) / years,
    )
    named = strip.select(
        pl.lit(name).alias("term"), pl.lit(term.expiration, pl.Date).alias("expiration"), pl.all()
    )
    return term, named


def _refuse_twice(quotes: pl.DataFrame, name: str) -> None:
    twice = quotes.filter(pl.struct("strike", "right").is_duplicated())
    if not twice.is_empty():
        strike, right = twice.select("strike", "right").row(0)
        raise VixError(
            f"{name} term: the {right} at {strike:g} occurs more than once. Mend: keep one row per option, "
            "of one moment"
        )


def _thirty_days(near: VixTerm, later: VixTerm) -> float:
    """Interpolate total variance linearly in minutes; the monthly rule also extrapolates."""
    weight = (later.minutes - TARGET_MINUTES) / (later.minutes - near.minutes)
    total = near.years * near.variance * weight + later.years * later.variance * (1 - weight)
    if total < 0:
        raise VixError(
            f"variances {near.variance:.6f} and {later.variance:.6f} give a negative one at 30 days. "
            "Mend: give quotes of one moment, or terms closer to 30 days"
        )
    return 100 * sqrt(total * MINUTES_PER_YEAR / TARGET_MINUTES)
