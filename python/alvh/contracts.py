"""Contract rows: multiplier, ticks, strike grid, spread, margin and fee of each product, as data.

An instrument is a row of `data/contracts.toml`, where the sources of its figures stand.
"""

import math
import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from alvh.errors import ContractError, nearest_names

__all__ = ["Contract", "HalfSpread", "ReverseSplit", "SharesOf", "contract", "products"]

Rungs = tuple[tuple[float, float], ...]
"""``(from, value)``, ascending: the value of the last rung that starts at or below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfSpread:
    """Half of the quoted width of one contract with mid price p: max(tick / 2, floor(p), scale · p^power).

    All in the contract's own points, at a VIX up to the knee of :class:`alvh.Costs`.

    Parameters
    ----------
    floors : tuple of (float, float)
        ``(from price, least half-spread)``, ascending, the first from 0; empty: the tick alone.
    scale, power : float
        Of the price.
    """

    floors: Rungs
    scale: float
    power: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseSplit:
    """When shares that have become cheap are put together.

    Parameters
    ----------
    below : float
        Dollars: after a close at which a share is worth less, from the next session on …
    ratio : float
        … so many shares are one.
    """

    below: float
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SharesOf:
    """What shares are of: a fund of VIX futures (`alvh.etp.Fund`).

    Parameters
    ----------
    leverage : float
        Multiple of the daily change of the index of short-term VIX futures.
    fee : float
        Of its value, a year.
    price : float
        What a share is worth at the start of every path, dollars.
    reverse_split : ReverseSplit, optional
        None: never, however little a share is worth.
    """

    leverage: float
    fee: float
    price: float
    reverse_split: ReverseSplit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One product as its exchange defines it.

    Parameters
    ----------
    product : str
        Root symbol.
    underlying : {"SPX", "VIX"}
        What its points are points of.
    kind : {"option", "future", "share"}
        What is traded: a share is one of a fund of VIX futures, see :mod:`alvh.etp`.
    index_fraction : float
        Underlying of the contract divided by the index.
    multiplier : float
        US dollars per point of the contract's own underlying.
    ticks : tuple of (float, float)
        ``(from price, price step)`` in the contract's own points, ascending, the first from 0.
    strike_steps : tuple of (float, float)
        ``(from strike, distance of listed strikes)`` near the money, in the contract's own points, ascending,
        the first from 0; empty for a future.
    settlement : {"PM", "AM"}
        To the closing index, or to the special opening quotation.
    exchange_fee : float
        US dollars per contract and side, without the broker's commission.
    half_spread : HalfSpread
        Of a quote.
    margin : tuple of (float, float)
        Of a future: ``(from calendar days to settlement, initial margin as a share of its price)``,
        ascending, the first from 0; empty for an option.
    margin_stress : tuple of (float, float)
        Of a future: ``(from VIX, multiple)`` of that margin, ascending; once below the first.
    stress : float
        Of a future: fall of its price in one day, as a share, that every purchase must leave funds for
        (R64).
    fund : SharesOf, optional
        Of a share: leverage and fee of its fund, and what a share is worth at the start of a run.
    on : str, optional
        Of an option on shares: the product that it delivers. It is American.
    """

    product: str
    underlying: Literal["SPX", "VIX"]
    kind: Literal["option", "future", "share"]
    index_fraction: float
    multiplier: float
    ticks: Rungs
    strike_steps: Rungs
    settlement: Literal["PM", "AM"]
    exchange_fee: float
    half_spread: HalfSpread
    margin: Rungs = ()
    margin_stress: Rungs = ()
    stress: float = 0.0
    fund: SharesOf | None = None
    on: str | None = None

    @property
    def dollars_per_point(self) -> float:
        """US dollars per point of the index (S&P 500, VIX) and contract."""
        return self.multiplier * self.index_fraction

    def tick(self, price: float) -> float:
        """Return the smallest price step at `price`, both in the contract's own points.

        Examples
        --------
        >>> contract("SPXW").tick(2.95), contract("SPXW").tick(3.00)
        (0.05, 0.1)
        """
        return self._rung(self.ticks, price, "price")

    def strike_step(self, strike: float) -> float:
        """Return the distance of listed strikes at `strike`, both in the contract's own points.

        Examples
        --------
        >>> contract("VIX").strike_step(14.5), contract("VIX").strike_step(15.0)
        (0.5, 1.0)
        """
        if not self.strike_steps:
            raise ContractError(f"{self.product} is a {self.kind}: it has no strikes")
        return self._rung(self.strike_steps, strike, "strike")

    def initial_margin(self, price: float, days: float, *, vix: float | None = None) -> float:
        """Return what one future asks for, in US dollars: its price times the rate of its term (R15).

        Where VIX is high it asks for a multiple of that, the row's `margin_stress`.

        Parameters
        ----------
        price : float
            Of the future, points.
        days : float
            Calendar days to settlement.
        vix : float, optional
            VIX, points; without it there is no stress.

        Examples
        --------
        >>> contract("VX").initial_margin(20.0, days=45), contract("VX").initial_margin(20.0, days=100)
        (11000.0, 8000.0)
        >>> contract("VX").initial_margin(20.0, days=45, vix=45.0)
        13750.0
        """
        if not self.margin:
            kind = "an option" if self.kind == "option" else "a share"
            raise ContractError(f"{self.product} is {kind}: bought, it is paid in full and asks no margin")
        if not 0.0 <= price < math.inf:
            raise ContractError(f"price of {self.product} is {price}: a finite price, 0 or more")
        if vix is not None and not 0.0 < vix < math.inf:
            raise ContractError(f"vix beside {self.product} is {vix}: a finite number above 0, or None")
        reached = [multiple for start, multiple in self.margin_stress if vix is not None and vix >= start]
        stress = reached[-1] if reached else 1.0
        return price * self.multiplier * self._rung(self.margin, days, "days") * stress

    def spec(self) -> dict[str, Any]:
        """Return the row as JSON-able data for the core."""
        row = asdict(self)
        return {name: row[name] for name in row if name not in {"fund", "on"} or row[name] is not None}

    def _rung(self, rungs: Rungs, at: float, what: str) -> float:
        if not at >= 0.0:
            raise ContractError(f"{what} of {self.product} is {at}: 0 or more")
        return next(value for start, value in reversed(rungs) if at >= start)


@cache
def _rows() -> dict[str, Contract]:
    text = resources.files("alvh").joinpath("data/contracts.toml").read_text(encoding="utf-8")
    return {product: _contract(product, row) for product, row in tomllib.loads(text).items()}


def _contract(product: str, row: dict[str, Any]) -> Contract:
    row["half_spread"]["floors"] = _rungs(row["half_spread"]["floors"])
    row["half_spread"] = HalfSpread(**row["half_spread"])
    for table in {"ticks", "strike_steps", "margin", "margin_stress"} & set(row):
        row[table] = _rungs(row[table])
    if "fund" in row:
        split = row["fund"].pop("reverse_split", None)
        row["fund"] = SharesOf(**row["fund"], reverse_split=ReverseSplit(**split) if split else None)
    return Contract(product=product, **row)


def _rungs(table: list[list[float]]) -> Rungs:
    return tuple((start, value) for start, value in table)


def products() -> tuple[str, ...]:
    """Return the products that have a contract row.

    Examples
    --------
    >>> products()
    ('SPXW', 'SPX', 'XSP', 'VIX', 'VX', 'VXM', 'VXX shares', 'UVXY shares', 'VXX', 'UVXY')
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
