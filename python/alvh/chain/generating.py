"""A realistic SPX chain from the market model, for documentation and tests: no real quotes are needed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh import schedule
from alvh.chain.clock import clocked
from alvh.chain.reading import read
from alvh.chain.schema import CLOSE, RIGHT, SETTLEMENT, SETTLEMENTS
from alvh.contracts import contract
from alvh.errors import ChainError

if TYPE_CHECKING:
    from alvh.market import L3F

START: Final = date(2024, 3, 1)
DAILY, WEEKLY, MONTHLY = 10, 70, 400
"""Calendar days up to which SPXW expires every session and every Friday, and SPX every month."""

# (share of the forward, steps of the finest grid): how far from the forward strikes are listed, how densely.
GRID: Final = ((0.08, 1), (0.20, 5), (0.45, 20))
FINEST: Final = 5.0


def synthetic(
    quote_date: date = START, *, market: L3F | None = None, ticks: bool = True, longest: int = MONTHLY
) -> pl.DataFrame:
    """Make the closing quotes of a whole SPX and SPXW chain from a market model.

    Mid prices are those of the model's surface, spreads those of the contract rows.

    Parameters
    ----------
    quote_date : datetime.date
        A session.
    market : L3F, optional
        Gives level, smile, rate and dividends. Default: ``L3F()``.
    ticks : bool
        Whether bids are rounded down and asks up to the tick. Without, and but for the smallest prices,
        the mid is the model's price to the last digits.
    longest : int
        Calendar days to the last expiry.

    Returns
    -------
    DataFrame
        In the chain schema, as `read` gives it; `vendor_iv` is the model's volatility on the one clock.

    Raises
    ------
    ChainError
        `quote_date` is no session, or nothing is listed up to `longest`.

    Examples
    --------
    >>> from alvh import chain
    >>> quotes = chain.synthetic(longest=30)
    >>> quotes["root"].unique().sort().to_list()
    ['SPX', 'SPXW']
    """
    if not schedule.is_session(quote_date):
        raise ChainError(
            f"quote_date = {quote_date} is no session. Mend: {schedule.next_session(quote_date)} is",
            column="quote_date",
            value=quote_date,
        )
    expiries = _expiries(quote_date, longest)
    if not expiries:
        least = (schedule.next_session(quote_date) - quote_date).days
        raise ChainError(
            f"longest = {longest}: no expiry is listed so few calendar days after {quote_date}. Allowed: the "
            f"next session, {least}, or more",
            column="longest",
            value=longest,
        )
    from alvh.market import L3F  # a market may be a recorded chain: it knows this package

    model = L3F() if market is None else market
    spot = float(model.quotes(1.0, 0, days=0).forward)
    return read(pl.concat([_expiry(model, spot, *row, ticks=ticks) for row in expiries]))


def _expiries(quote_date: date, longest: int) -> list[tuple[dict[str, object], float, int]]:
    """Return the keys of each listed expiry, and its years and calendar days."""
    listings: tuple[tuple[str, schedule.Cadence, int], ...] = (
        ("SPXW", "daily", DAILY),
        ("SPXW", "weekly", WEEKLY),
        ("SPX", "monthly", MONTHLY),
    )
    first = schedule.next_session(quote_date)
    keys = {
        (root, day)
        for root, cadence, days in listings
        for day in schedule.listed_expiries(
            root, first, _after(quote_date, min(days, longest)), cadence=cadence
        )
    }
    table = pl.DataFrame(sorted(keys), schema={"root": pl.String, "expiration": pl.Date}, orient="row")
    table = table.with_columns(
        quote_date=pl.lit(quote_date),
        quote_time=pl.lit(CLOSE),
        settlement=pl.col("root").replace_strict(SETTLEMENTS, return_dtype=SETTLEMENT),
    ).sort("expiration", "root")
    return [
        ({name: row[name] for name in table.columns}, row["years"], row["days"])
        for row in clocked(table).iter_rows(named=True)
    ]


def _after(day: date, days: int) -> date:
    return date.fromordinal(day.toordinal() + days)


def _strikes(forward: float) -> NDArray[np.float64]:
    listed = [
        np.arange(np.ceil(forward * (1 - share) / step), forward * (1 + share) / step) * step
        for share, steps in GRID
        for step in (FINEST * steps,)
    ]
    strikes: NDArray[np.float64] = np.unique(np.concatenate(listed))
    return strikes


def _expiry(
    model: L3F, spot: float, keys: dict[str, object], years: float, days: int, *, ticks: bool
) -> pl.DataFrame:
    strikes = _strikes(float(model.quotes(spot, years * 252.0, days=days).forward))
    sides = []
    for right in "CP":
        quotes = model.quotes(strikes, years * 252.0, right, days=days)
        half = _half_spread(str(keys["root"]), quotes.price)
        bid, ask = quotes.price - half, quotes.price + half
        if ticks:
            tick = np.where(ask < 3.0, 0.05, 0.10)
            bid, ask = np.floor(bid / tick + 1e-9) * tick, np.ceil(ask / tick - 1e-9) * tick
        side = pl.DataFrame(
            {"strike": strikes, "bid": bid.clip(0.0), "ask": ask, "vendor_iv": quotes.implied_vol}
        )
        sides.append(side.with_columns(pl.lit(right, RIGHT).alias("right")))
    frame = pl.concat(sides).with_columns(underlying_price=pl.lit(spot))
    return frame.with_columns(
        *(pl.lit(value).alias(name) for name, value in keys.items() if name != "settlement"),
        pl.lit(keys["settlement"], SETTLEMENT).alias("settlement"),
    )


def _half_spread(root: str, price: NDArray[np.float64]) -> NDArray[np.float64]:
    row = contract(root)
    half = row.half_spread.scale * price**row.half_spread.power
    return np.maximum(half, np.where(price < 3.0, row.tick(0.0), row.tick(3.0)) / 2.0)
