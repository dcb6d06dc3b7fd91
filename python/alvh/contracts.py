"""Contract rows: multiplier, ticks, strike grid, settlement and exchange fee of each product, as data.

An instrument is a row of `data/contracts.toml`, where the sources of its figures stand.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from alvh.errors import ContractError, nearest_names

__all__ = ["Contract", "contract", "products"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One product as its exchange defines it.

    Parameters
    ----------
    product : str
        Root symbol.
    index_fraction : float
        Underlying of the contract divided by the S&P 500 index.
    multiplier : float
        US dollars per point of the contract's own underlying.
    ticks : tuple of (float, float)
        ``(from price, price step)`` in the contract's own points, ascending, the first from 0.
    strike_step : float
        Distance of listed strikes near the money, in the contract's own points.
    settlement : {"PM", "AM"}
        To the closing index, or to the special opening quotation.
    exchange_fee : float
        US dollars per contract and side, without the broker's commission.
    """

    product: str
    index_fraction: float
    multiplier: float
    ticks: tuple[tuple[float, float], ...]
    strike_step: float
    settlement: Literal["PM", "AM"]
    exchange_fee: float

    @property
    def dollars_per_point(self) -> float:
        """US dollars per S&P 500 point and contract."""
        return self.multiplier * self.index_fraction

    @property
    def strike_grid(self) -> float:
        """Distance of listed strikes in S&P 500 points."""
        return self.strike_step / self.index_fraction

    def tick(self, price: float) -> float:
        """Return the smallest price step at `price`, both in the contract's own points.

        Examples
        --------
        >>> contract("SPXW").tick(2.95), contract("SPXW").tick(3.00)
        (0.05, 0.1)
        """
        if not price >= 0.0:
            raise ContractError(f"price of {self.product} is {price}: an option price is 0 or more")
        return next(step for start, step in reversed(self.ticks) if price >= start)

    def spec(self) -> dict[str, Any]:
        """Return the row as JSON-able data for the core."""
        return {
            "product": self.product,
            "index_fraction": self.index_fraction,
            "multiplier": self.multiplier,
            "ticks": [list(rung) for rung in self.ticks],
            "strike_step": self.strike_step,
            "settlement": self.settlement,
            "exchange_fee": self.exchange_fee,
        }


@cache
def _rows() -> dict[str, Contract]:
    text = resources.files("alvh").joinpath("data/contracts.toml").read_text(encoding="utf-8")
    return {product: _contract(product, row) for product, row in tomllib.loads(text).items()}


def _contract(product: str, row: dict[str, Any]) -> Contract:
    ticks = tuple((start, step) for start, step in row.pop("ticks"))
    return Contract(product=product, ticks=ticks, **row)


def products() -> tuple[str, ...]:
    """Return the products that have a contract row.

    Examples
    --------
    >>> products()
    ('SPXW', 'XSP')
    """
    return tuple(_rows())


def contract(product: str) -> Contract:
    """Return the contract row of a product.

    Parameters
    ----------
    product : str
        Root symbol in capitals, one of `products`.

    Raises
    ------
    ContractError
        No such row; the message names the nearest one.

    Examples
    --------
    >>> contract("XSP").dollars_per_point
    10.0
    """
    rows = _rows()
    if product not in rows:
        raise ContractError(f"no contract row for {product!r}: {nearest_names(product, rows)}")
    return rows[product]
