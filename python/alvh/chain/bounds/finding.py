"""`arbitrage`: every bound of a chain that its quotes break by more than it costs to trade, ranked."""

from collections.abc import Sequence
from math import isnan
from typing import Final

import polars as pl

from alvh.chain.bounds import box, butterfly, calendar, crossed, parity, vertical
from alvh.chain.bounds import futures as vx
from alvh.chain.bounds.book import Book, opened
from alvh.chain.bounds.products import Fees
from alvh.chain.bounds.trades import ranked
from alvh.chain.enriching import prepared
from alvh.chain.parity import RATE
from alvh.errors import ChainError, nearest_names

KINDS: Final = {
    "crossed": "bid above ask of one contract",
    "conversion": "call sold, put bought, against the forward that the chain implies",
    "reversal": "call bought, put sold, against that forward",
    "future_conversion": "call sold, put and VX future bought",
    "future_reversal": "call bought, put and VX future sold",
    "box": "the synthetic forward of one strike against that of another",
    "vertical": "a spread of two strikes below 0, or above their discounted distance",
    "butterfly": "an option above the line between two others around it",
    "calendar": "an option above the next expiry's at the same strike over forward",
}
"""The kinds of bounds, and what breaks each."""

FINDERS: Final = {
    "crossed": crossed.crossed,
    "conversion": parity.conversion,
    "reversal": parity.reversal,
    "box": box.box,
    "vertical": vertical.vertical,
    "butterfly": butterfly.butterfly,
    "calendar": calendar.calendar,
}
AGAINST_FUTURES: Final = {
    "future_conversion": vx.future_conversion,
    "future_reversal": vx.future_reversal,
}


def arbitrage(
    quotes: pl.DataFrame,
    *,
    fees: Fees = None,
    futures: pl.DataFrame | None = None,
    min_edge: float = 0.0,
    kinds: Sequence[str] | None = None,
    rate: float | None = None,
) -> pl.DataFrame:
    """Find the bounds that hold in any model and that the quotes of a chain break, net of all costs (R80).

    A leg is bought at its ask and sold at its bid. Quotes that are stale, expired or without an ask are no
    legs; crossed ones are a kind of their own. Of a strike that breaks a bound with several others, the best
    trade is told.

    Parameters
    ----------
    quotes : DataFrame
        From `read`.
    fees : float or mapping of str to float, optional
        US dollars per contract and trade, for all roots or by root, that of the future as ``"VX"``. Default:
        the exchange's fee of the contract row and a commission of 0.50.
    futures : DataFrame, optional
        VX futures for VIX options of the same `expiration`: `bid` and `ask`, or `price`, points; `quote_date`
        and `quote_time` where the chain has several.
    min_edge : float, default 0.0
        US dollars a unit, net of spreads and fees, that a trade must earn more than. Below 0: trades that
        lose less, too.
    kinds : sequence of str, optional
        Names of `ARBITRAGE`. Default: all.
    rate : float, optional
        A year, decimal, continuously compounded, for expiries whose pairs tell no discount. Without it, what
        needs a discount is not looked for there.

    Returns
    -------
    DataFrame
        One row for each broken bound, best first: `kind`; `quote_date`, `quote_time`, `root`, `settlement`,
        `expiration` of the near leg and `strikes` of the legs; `edge`, points that one unit earns at the
        quotes; `mid_edge`, the same at the mids, missing where a leg has none; `fees` and `net` of them,
        points; `dollars`, net of one unit; `size`, units at the quotes, and `total` dollars of them, missing
        where a size is not recorded; `legs`, each with `right` (``F``: forward or future), `strike`,
        `expiration`, `quantity` (below 0: sold) and `price`.

    Raises
    ------
    ChainError
        The frame is no chain, an option is out of range, or nobody says the fee of a root.

    Examples
    --------
    >>> from alvh import chain
    >>> quotes = chain.synthetic(longest=30)
    >>> chain.arbitrage(quotes).height
    0
    >>> one = (pl.col("root") == "SPX") & (pl.col("strike") == 5000) & (pl.col("right") == "C")
    >>> cheaper = quotes.with_columns(pl.col("bid", "ask") - pl.when(one).then(10.0).otherwise(0.0))
    >>> chain.arbitrage(cheaper).select("kind", pl.col("edge", "fees", "dollars").round(2)).row(0)
    ('reversal', 8.97, 0.02, 894.95)
    """
    wanted = _wanted(kinds)
    if not isinstance(min_edge, int | float) or isnan(min_edge):
        raise ChainError(f"min_edge = {min_edge!r}: US dollars a unit", column="min_edge", value=min_edge)
    book = opened(prepared(quotes, RATE if rate is None else rate, None), fees, rate)
    found = [finder(book) for kind, finder in FINDERS.items() if kind in wanted]
    found += _against_futures(book, futures, fees, wanted)
    return ranked(pl.concat(found), book, min_edge)


def _against_futures(
    book: Book, futures: pl.DataFrame | None, fees: Fees, wanted: Sequence[str]
) -> list[pl.DataFrame]:
    if futures is None:
        return []
    pairs = vx.future_pairs(book, futures, fees)
    return [finder(pairs) for kind, finder in AGAINST_FUTURES.items() if kind in wanted]


def _wanted(kinds: Sequence[str] | None) -> Sequence[str]:
    if kinds is None:
        return list(KINDS)
    names = [kinds] if isinstance(kinds, str) else list(kinds)
    for name in names:
        if name not in KINDS:
            raise ChainError(
                f"kinds: {name!r} is none: {nearest_names(str(name), KINDS)}", column="kinds", value=name
            )
    if not names:
        raise ChainError(
            "kinds: none. Allowed: names of chain.ARBITRAGE. Mend: leave it out for all", column="kinds"
        )
    return names
