"""What a book pays at expiry: break-evens and the worst loss, net of what it cost."""

import math
from datetime import date
from itertools import pairwise

import polars as pl

from alvh.errors import BookError
from alvh.margin.book import Classes, checked, refuse


def break_evens(book: pl.DataFrame, *, as_of: date, product_class: Classes | None = None) -> list[float]:
    """Return the settlements at which options of one underlying and expiry pay what they cost, ascending.

    Parameters
    ----------
    book : DataFrame
        As in `strategy_based`, options of one underlying and one expiry at the prices paid.
    as_of : date
        Day of valuation.
    product_class
        As in `strategy_based`.

    Returns
    -------
    list of float
        Points of the underlying; empty where the book gains or loses everywhere.

    Raises
    ------
    BookError
        A row that cannot be used, or several underlyings or expiries.

    Examples
    --------
    >>> from datetime import date
    >>> import polars as pl
    >>> from alvh import margin
    >>> spread = pl.DataFrame(
    ...     {
    ...         "product": "SPX",
    ...         "right": "P",
    ...         "strike": [4600.0, 4650.0],
    ...         "expiration": date(2025, 3, 21),
    ...         "quantity": [1, -1],
    ...         "price": [8.0, 10.0],
    ...     }
    ... )
    >>> margin.break_evens(spread, as_of=date(2025, 2, 10))
    [4648.0]
    """
    rows = checked(book, as_of, product_class)
    refuse(rows)
    if (rows["kind"] != "option").any():
        raise BookError("break-evens of stock or futures: of options alone", column="book")
    several = rows.select("underlying", "order").n_unique()
    if several != 1:
        raise BookError(
            f"break-evens of {several} underlyings and expiries: of one. Mend: filter the book", column="book"
        )
    legs = rows.select("dollars", "sign", "point", "value").rows()

    def profit(settle: float) -> float:
        pays = (n * (max(sign * (settle - strike), 0.0) - value) for n, sign, strike, value in legs)
        return float(sum(pays))

    kinks = sorted({0.0, *(strike for _, _, strike, _ in legs)})
    found = []
    for low, high in pairwise(kinks):
        left, right = profit(low), profit(high)
        if left * right < 0.0:
            found.append(low + (high - low) * left / (left - right))
        elif left == 0.0 != right:
            found.append(low)
    last = kinks[-1]
    slope = sum(n for n, sign, _, _ in legs if sign > 0.0)
    beyond = last - profit(last) / slope if slope else math.nan
    if profit(last) == 0.0 or beyond > last:
        found.append(last if profit(last) == 0.0 else beyond)
    return found
