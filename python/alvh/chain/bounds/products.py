"""What a bound must know of a root: dollars a point, what a trade costs, how it is exercised."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final

from alvh.contracts import contract, products
from alvh.errors import ChainError, nearest_names

Fees = float | Mapping[str, float] | None

COMMISSION: Final = 0.50
"""US dollars per contract and trade, on top of the exchange's fee: that of `alvh.Costs`."""

MULTIPLIER: Final = 100.0  # of every listed option without a contract row
SAME_TERMS: Final = {"SPXPM": "SPXW", "VIXW": "VIX"}  # roots listed under the terms of another one
AMERICAN: Final = ("SPY", "VXX")


@dataclass(frozen=True, slots=True)
class Product:
    """Terms of a root; `fee` in US dollars per contract and trade, all told."""

    multiplier: float
    fee: float
    american: bool
    of_vix: bool


def of_roots(roots: Iterable[str | None], fees: Fees) -> dict[str | None, Product]:
    """Return the terms of each root; one whose fee nobody says is refused."""
    _check(fees)
    return {root: _of_root(root, fees) for root in roots}


def future(product: str, fees: Fees) -> Product:
    """Return the terms of a future."""
    row = contract(product)
    fee = _given(product, fees)
    return Product(row.multiplier, row.exchange_fee + COMMISSION if fee is None else fee, False, True)


def _of_root(root: str | None, fees: Fees) -> Product:
    name = SAME_TERMS.get(root or "", root)
    row = contract(name) if name in products() else None
    fee = _given(root, fees)
    if fee is None:
        if row is None:
            raise ChainError(
                f"fees: nobody says those of root {root!r}: {nearest_names(str(root), products())}. "
                f"Allowed: US dollars per contract and trade. Mend: fees=1.15, or fees={{{root!r}: 1.15}}",
                column="root",
                value=root,
            )
        fee = row.exchange_fee + COMMISSION
    multiplier = MULTIPLIER if row is None else row.multiplier
    return Product(multiplier, fee, root in AMERICAN, row is not None and row.underlying == "VIX")


def _given(root: str | None, fees: Fees) -> float | None:
    return fees.get(root or "") if isinstance(fees, Mapping) else fees


def _check(fees: Fees) -> None:
    for fee in fees.values() if isinstance(fees, Mapping) else (fees,):
        if fee is not None and not (isinstance(fee, int | float) and 0.0 <= fee < inf):
            raise ChainError(
                f"fees: {fee!r}. Allowed: US dollars per contract and trade, 0 or more, for all or by root",
                column="fees",
                value=fee,
            )
