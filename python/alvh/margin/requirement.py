"""What a book ties up, and why."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class Requirement:
    """The strategy-based requirement of a book, US dollars.

    Attributes
    ----------
    initial : float
        To open the book: `premium` + `risk` + `stock` + `futures`, less what short options are worth if the
        caller asked for that.
    maintenance : float
        To keep it.
    premium : float
        Long options, paid in full but for their loan value.
    risk : float
        Short options: spread groups, strangles and uncovered shorts, the value of the last two included.
    stock, futures : float
        Initial margin of stock and of futures.
    credit : float
        What the short options are worth.
    pairing : DataFrame
        One row for each leg of each group: `group`; `treatment`, ``spread``, ``strangle``, ``uncovered``,
        ``covered by stock``, ``long``, ``stock`` or ``future``; `product`, `right`, `strike`, `expiration`,
        `quantity`, contracts; `requirement` of the whole group, dollars; `settle`, where a spread loses
        most; `payoff` of the leg there, dollars.
    """

    initial: float
    maintenance: float
    premium: float
    risk: float
    stock: float
    futures: float
    credit: float
    pairing: pl.DataFrame
