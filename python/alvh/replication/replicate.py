"""A strategy index computed from a daily history alone, and how near a recorded one it comes."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from alvh.errors import HistoryError, SpecError, nearest_names
from alvh.history import History
from alvh.replication.portfolio import Portfolio
from alvh.replication.recorded import Recorded
from alvh.replication.rules import RULES
from alvh.schedule import listed_expiries
from alvh.schedule.exchange import sessions_around

if TYPE_CHECKING:
    from alvh.market import L3F
    from alvh.specification import Costs

__all__ = ["Agreement", "agreement", "replicate"]

BASE: Final = 100.0
HORIZON: Final = timedelta(days=60)  # in which the expiry after any roll lies
MONTHS_PER_YEAR: Final = 12
LEAST_MONTHS: Final = 24
"""Fewest months whose correlation says something."""


class Agreement(NamedTuple):
    """How a replicated index agrees with the recorded one, on their common months."""

    months: int
    correlation: float
    """Of monthly returns."""
    beta: float
    """Of replicated on recorded monthly returns."""
    gap: float
    """Replicated less recorded return a year, compounded; 0.01 is 1%."""
    tracking: float
    """Standard deviation of the difference of monthly returns, a year."""


def replicate(
    index: str, history: History, *, model: L3F | None = None, costs: Costs | None = None
) -> pl.DataFrame:
    """Compute a strategy index from closes, rates and dividends, with options at the template's prices.

    Old options settle at the opening of the roll day, new ones are traded at its close, by the exchange's
    published rules and without anything fitted to the index (docs/replication.md).

    Parameters
    ----------
    index : {"put", "bxm", "cndr", "vxth"}
        Which one.
    history : History
        SPX, VIX, bill rate and dividend yield; openings of SPX and VIX3M where they are known.
    model : L3F, optional
        Whose surface prices options; the default one unless given. Its start is replaced by each day's.
    costs : Costs, optional
        What is paid to spreads; the default ones unless given.

    Returns
    -------
    polars.DataFrame
        ``date`` (last session of each whole month from the first roll on), ``level`` (100 at the first roll),
        ``change`` (monthly return, null in the first row).

    Raises
    ------
    SpecError
        There is no such index, or the model has no curve and dynamics to filter states by.
    HistoryError
        The history holds no two rolls.

    Examples
    --------
    >>> from datetime import timedelta
    >>> from alvh.schedule import sessions
    >>> days = sessions(date(2024, 1, 2), date(2024, 6, 28))
    >>> closes = pl.DataFrame({"date": days}).with_columns(spx=5000.0, vix=14.0)
    >>> calm = History(closes, rate=0.05, dividend_yield=0.01)
    >>> replicate("put", calm)["level"].round(1).to_list()[:3]
    [100.4, 102.1, 103.6]
    """
    from alvh.market import L3F
    from alvh.specification import Costs

    if index not in RULES:
        raise SpecError(f"index {index!r}: {nearest_names(index, RULES)}")
    chosen = model or L3F()
    if not isinstance(chosen, L3F):
        raise SpecError(
            f"model = {chosen.model!r}: closes tell no state of its days. Mend: an L3F with the smile, "
            "curve and dynamics that are meant"
        )
    rule = RULES[index]
    market = Recorded(history, chosen, costs or Costs())
    rolls = _rolls(market, rule.rolls)
    months = _month_ends(market.dates)
    found: list[tuple[date, float]] = []
    value = BASE
    for session, expiry in rolls:
        held: Portfolio = rule.open(market, session, expiry, value)
        settles = market.session_of(expiry)
        last = len(market.dates) - 1 if settles is None else settles - 1
        found += [
            (market.dates[month], held.worth(market, month)) for month in months if session <= month <= last
        ]
        if settles is not None:
            value = held.settled(market, settles)
    levels = pl.DataFrame(found, schema={"date": pl.Date, "level": pl.Float64}, orient="row")
    return levels.with_columns(change=pl.col("level").pct_change())


def agreement(replicated: pl.DataFrame, recorded: pl.DataFrame) -> Agreement:
    """Compare month-end levels with recorded ones.

    A return counts if both records have its month and the month before: over a gap there is none.

    Parameters
    ----------
    replicated : polars.DataFrame
        Of `replicate`.
    recorded : polars.DataFrame
        ``date`` and ``level`` of the index, in any order, one row a month or more; the last one
        of a month counts.

    Raises
    ------
    HistoryError
        There are fewer than 24 common months with the month before, or the last level of a month is empty,
        NaN, infinite or not above 0.

    Examples
    --------
    >>> months = pl.date_range(date(2020, 1, 31), date(2022, 12, 31), "1mo", eager=True)
    >>> levels = pl.DataFrame({"date": months, "level": [100.0 + i % 5 for i in range(36)]})
    >>> round(agreement(levels, levels).correlation, 6)
    1.0
    """
    joined = _by_month(replicated, "ours").join(_by_month(recorded, "theirs"), on="month").sort("month")
    month = pl.col("month")
    adjacent = joined.select(month.shift(1).dt.offset_by("1mo") == month).to_series().fill_null(value=False)
    if (months := int(adjacent.sum())) < LEAST_MONTHS:
        raise HistoryError(
            f"{months} common months of levels, each with the month before: {LEAST_MONTHS} are needed. "
            "Mend: give a longer history"
        )
    changes = joined.select(pl.col("ours", "theirs").pct_change()).filter(adjacent)
    y, x = (changes[name].to_numpy() for name in ("ours", "theirs"))
    covariance = np.cov(x, y)
    yearly = [np.prod(1.0 + each) ** (MONTHS_PER_YEAR / months) for each in (y, x)]
    return Agreement(
        months=months,
        correlation=float(np.corrcoef(x, y)[0, 1]),
        beta=float(covariance[0, 1] / covariance[0, 0]),
        gap=float(yearly[0] - yearly[1]),
        tracking=float(np.std(y - x, ddof=1)) * math.sqrt(MONTHS_PER_YEAR),
    )


def _by_month(levels: pl.DataFrame, name: str) -> pl.DataFrame:
    month = pl.col("date").dt.truncate("1mo").alias("month")
    ends = levels.sort("date").group_by(month, maintain_order=True).agg(pl.col("date", "level").last())
    is_level = pl.col("level").is_finite() & (pl.col("level") > 0.0)
    wrong = ends.filter(~is_level.fill_null(value=False))
    if wrong.height:
        day, level = wrong.select("date", "level").row(0)
        raise HistoryError(
            f"level = {level} on {day}, the last of its month: a number above 0 is needed. Mend: leave out "
            "rows without a level, as recorded_levels does",
            column="level",
            value=level,
        )
    return ends.select("month", pl.col("level").alias(name))


def _rolls(market: Recorded, product: str) -> list[tuple[int, date]]:
    """Return the sessions of the rolls, each with the expiry of what is opened then."""
    first, last = market.dates[0], market.dates[-1]
    expiries = listed_expiries(product, first, last + HORIZON)
    sessions = [(market.session_of(day), day) for day in expiries if day > first]
    within = [(session, day) for session, day in sessions if session is not None]
    if len(within) < 2:
        raise HistoryError(
            f"the history of {first} to {last} holds {len(within)} monthly expiries of {product}: two are "
            "needed. Mend: give a longer history"
        )
    followed = [day for _, day in sessions[1 : len(within) + 1]]
    return [(session, expiry) for (session, _), expiry in zip(within, followed, strict=True)]


def _month_ends(days: list[date]) -> list[int]:
    """Return the last session of each whole month."""
    following = [*days[1:], sessions_around(days[-1], after=1)[-1]]
    return [i for i, (day, later) in enumerate(zip(days, following, strict=True)) if day.month != later.month]
