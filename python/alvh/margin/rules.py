"""Rule books: rates by class of underlying and the choices that brokers differ in, as data."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from alvh.errors import BookError, nearest_names

CLASSES: Final = ("broad_index", "narrow_index", "equity", "volatility")
PRODUCTS: Final = "products"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """A strategy-based rule book.

    Parameters
    ----------
    rates : mapping of str to (float, float)
        By class: share of the underlying that an uncovered short ties up less what it is out of the money,
        and the least share.
    calendars : frozenset of str
        Classes in which a long covers a short that expires before it.
    sides_apart : bool
        Whether a condor with unequal wings is two spreads.
    cheaper_uncovered : bool
        Whether a short that a long could cover is left uncovered where that ties up less.
    long_loan : float
        Share of a long option that may be borrowed when it has more than `long_loan_days` calendar days
        to run.
    long_loan_days : int
        See `long_loan`.
    stock : mapping of str to (float, float)
        ``long`` and ``short``: initial and maintenance share of the value.
    futures_initial : float
        Initial over maintenance margin of a future.

    Examples
    --------
    >>> from alvh import margin
    >>> margin.rule_book("exchange").rates["broad_index"]
    (0.15, 0.1)
    """

    rates: Mapping[str, tuple[float, float]]
    calendars: frozenset[str]
    sides_apart: bool = False
    cheaper_uncovered: bool = False
    long_loan: float = 0.25
    long_loan_days: int = 270
    stock: Mapping[str, tuple[float, float]]
    futures_initial: float = 1.10


@dataclass(frozen=True, slots=True)
class ProductClass:
    """What a product is to a rule book.

    Its class; the underlying whose options cover each other; and the family whose gains offset losses fully
    under portfolio margin.
    """

    name: str
    underlying: str
    family: str


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(resources.files("alvh").joinpath("data/margin.toml").read_text(encoding="utf-8"))


def rule_books() -> tuple[str, ...]:
    """Return the names of the rule books that come with alvh.

    Examples
    --------
    >>> from alvh import margin
    >>> margin.rule_books()
    ('exchange', 'ibkr', 'tastytrade')
    """
    return tuple(name for name in _tables() if name != PRODUCTS)


def rule_book(name: str) -> RuleBook:
    """Return a rule book by name; `dataclasses.replace` changes what your broker does otherwise.

    Raises
    ------
    BookError
        No such rule book.
    """
    if not isinstance(name, str) or name not in rule_books():
        raise BookError(f"rules = {name!r}: {nearest_names(str(name), rule_books())}")
    table = dict(_tables()[name])
    rates = {each: (table[each]["basic"], table.pop(each)["minimum"]) for each in CLASSES}
    stock = {side: (initial, kept) for side, (initial, kept) in table.pop("stock").items()}
    return RuleBook(rates=rates, stock=stock, calendars=frozenset(table.pop("calendars")), **table)


@cache
def product_classes() -> dict[str, ProductClass]:
    """Return the class and underlying of the products that alvh knows."""
    rows = _tables()[PRODUCTS].items()
    return {product: ProductClass(row["class"], row["underlying"], row["family"]) for product, row in rows}
