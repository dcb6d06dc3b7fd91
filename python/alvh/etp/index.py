"""The index of short-term VIX futures from recorded settlement prices."""

from collections.abc import Mapping
from datetime import date
from typing import Final

import polars as pl

from alvh.errors import HistoryError
from alvh.etp.roll import roll
from alvh.history.columns import DATE
from alvh.history.source import HistorySource, open_source
from alvh.history.vx import EXPIRY, SETTLE, read_settlements
from alvh.schedule import sessions

BASE: Final = 100.0


def strategy_index(
    settlements: HistorySource, first: date, last: date, *, columns: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """Return the index of short-term VIX futures, session by session, from recorded settlements.

    Parameters
    ----------
    settlements : str, path or polars.DataFrame
        One row a session and contract: ``date``, ``expiry`` (the day on which the contract settles),
        ``settle`` (points), as for `alvh.market.History`; other rows are left alone.
    first, last : datetime.date
        Closes from which on and up to which the index is wanted.
    columns : mapping of str to str, optional
        The source's own names.

    Returns
    -------
    polars.DataFrame
        ``date``; ``first``, ``second`` and ``weight`` as of `roll`: held from that close on; ``change`` since
        the close before, decimal, null on the first; ``index``, its level from 100 on. An excess return:
        without interest on the collateral.

    Raises
    ------
    HistoryError
        The price of a contract that is held lacks at a close, with the day and the contract; a row that
        cannot be read.
    CalendarError
        Days outside the exchange calendar, or no session between them.

    Notes
    -----
    With the contracts and weights w of the close before, F₁ and F₂ their settlements::

        change = (w F₁' + (1 − w) F₂') / (w F₁ + (1 − w) F₂) − 1

    S&P Dow Jones Indices, "S&P VIX Futures Indices Methodology".

    Examples
    --------
    >>> from datetime import date
    >>> import polars as pl
    >>> days, contracts = [date(2025, 1, 21), date(2025, 1, 22)], [date(2025, 2, 19), date(2025, 3, 18)]
    >>> rows = [(day, contract, 20.0 + index) for index, day in enumerate(days) for contract in contracts]
    >>> found = strategy_index(pl.DataFrame(rows, ["date", "expiry", "settle"], orient="row"), *days)
    >>> found["change"].to_list(), found["index"].to_list()
    ([None, 0.050000000000000044], [100.0, 105.0])
    """
    source = open_source(settlements)
    frame, _ = read_settlements(source, columns or {}, option="columns")
    quoted = frame.drop_nulls(SETTLE.name)
    held = roll(sessions(first, last))
    before = held.select(pl.col("date"), *(pl.col(name).shift(1) for name in ("first", "second", "weight")))
    changed = _basket(before, quoted, source.name) / _basket(held, quoted, source.name).shift(1) - 1.0
    return held.with_columns(change=changed, index=BASE * (1.0 + changed.fill_null(0.0)).cum_prod())


def _basket(held: pl.DataFrame, quoted: pl.DataFrame, name: str) -> pl.Series:
    """Return w F₁ + (1 − w) F₂ at each close; null where nothing is held, an error where a price lacks."""
    priced = held
    for contract in ("first", "second"):
        price = pl.col(SETTLE.name).alias(f"{contract} price")
        prices = quoted.select(DATE, pl.col(EXPIRY).alias(contract), price)
        priced = priced.join(prices, on=[DATE, contract], how="left", maintain_order="left")
        lacking = priced.filter(
            pl.col(contract).is_not_null() & pl.col(f"{contract} price").is_null() & _counts(contract)
        )
        if len(lacking):
            day, expiry = lacking[DATE][0], lacking[contract][0]
            raise HistoryError(
                f"{name} has no settlement on {day} of the VIX future that settles on {expiry}, which the "
                "index holds. Mend: add the row, or choose days on which both contracts are recorded",
                source=name,
                column=SETTLE.name,
                value=day,
            )
    weight = pl.col("weight")
    # A contract of which none is held may lack: 0 × null is null.
    first, second = (pl.col(f"{contract} price").fill_null(0.0) for contract in ("first", "second"))
    return priced.select(weight * first + (1.0 - weight) * second).to_series()


def _counts(contract: str) -> pl.Expr:
    return pl.col("weight") > 0.0 if contract == "first" else pl.col("weight") < 1.0
