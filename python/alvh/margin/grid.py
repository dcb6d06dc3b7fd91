"""Grids of moves for portfolio margin, as data."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from alvh.errors import BookError, nearest_names
from alvh.margin.rules import CLASSES

STEPS: Final = 5
"""Equidistant moves to each side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The moves of a portfolio-margin rule.

    Parameters
    ----------
    ranges : mapping of str to (float, float)
        By class: the largest fall, negative, and the largest rise, shares of the underlying.
    groups : mapping of str to str
        Product group by class: within one, gains offset losses of other families. A class without one offsets
        nothing beyond its own family.
    offset : float
        Share of a gain that offsets the losses of other families of the product group.
    minimum : float
        Dollars for each standard contract.

    Examples
    --------
    >>> from alvh import margin
    >>> margin.grid("exchange").moves("broad_index").round(3).tolist()
    [-0.08, -0.064, -0.048, -0.032, -0.016, 0.012, 0.024, 0.036, 0.048, 0.06]
    """

    ranges: Mapping[str, tuple[float, float]]
    groups: Mapping[str, str]
    offset: float = 0.90
    minimum: float = 37.5

    def moves(self, name: str) -> NDArray[np.float64]:
        """Return the ten moves of a class, ascending, shares."""
        down, up = self.ranges[name]
        steps = np.arange(1, STEPS + 1) / STEPS
        return np.concatenate([down * steps[::-1], up * steps])

    @staticmethod
    def numbers() -> list[int]:
        """Return the numbers of the scenarios: -5 … -1, 1 … 5."""
        return [*range(-STEPS, 0), *range(1, STEPS + 1)]


@cache
def _tables() -> dict[str, Any]:
    text = resources.files("alvh").joinpath("data/portfolio_margin.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def grids() -> tuple[str, ...]:
    """Return the names of the grids that come with alvh.

    Examples
    --------
    >>> from alvh import margin
    >>> margin.grids()
    ('exchange', 'house_calm', 'house_wild')
    """
    return tuple(_tables())


def grid(name: str) -> Grid:
    """Return a grid by name; `dataclasses.replace` changes one of its ranges.

    Raises
    ------
    BookError
        No such grid.
    """
    if not isinstance(name, str) or name not in _tables():
        raise BookError(f"rules = {name!r}: {nearest_names(str(name), _tables())}")
    table = _tables()[name]
    ranges = {each: (table[each][0], table[each][1]) for each in CLASSES}
    return Grid(ranges=ranges, groups=table["groups"], offset=table["offset"], minimum=table["minimum"])
