"""Grids of moves for portfolio margin, as data."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from alvh.errors import BookError, nearest_names
from alvh.margin.rules import CLASSES

STEPS: Final = 5
"""Equidistant moves to each side."""

LARGEST_MINIMUM: Final = 1_000_000
"""Dollars a contract: the engine takes less."""

IN_THE_ENGINE: Final = ("broad_index", "volatility")
"""Classes of the products that the engine trades."""


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
        Share of a gain that offsets the losses of other families of the product group, 0 to 1.
    minimum : float
        Dollars for each standard contract, 0 or more.

    Raises
    ------
    BookError
        A class that does not exist or has a group and no range, a fall or a rise that is none, another number
        out of its range.

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

    def __post_init__(self) -> None:
        for argument, given in (("ranges", self.ranges), ("groups", self.groups)):
            for name in given:
                if name not in CLASSES:
                    raise BookError(f"{argument} of class {name!r}: {nearest_names(str(name), CLASSES)}")
        if not self.ranges:
            raise BookError(f"ranges = {{}}: at least one of the classes {', '.join(CLASSES)}")
        for name, (down, up) in self.ranges.items():
            if not (-1.0 < down <= 0.0 <= up < math.inf):
                raise BookError(
                    f"ranges of {name} = {(down, up)}: shares, the fall above -1 and at most 0, "
                    "the rise 0 or more"
                )
        if not 0.0 <= self.offset <= 1.0:
            raise BookError(f"offset = {self.offset}: a share of gains from 0 to 1")
        if not 0.0 <= self.minimum < LARGEST_MINIMUM:
            raise BookError(
                f"minimum = {self.minimum}: dollars a contract from 0 to below {LARGEST_MINIMUM:,}"
            )

    def moves(self, name: str) -> NDArray[np.float64]:
        """Return the ten moves of a class, ascending, shares."""
        if name not in self.ranges:
            raise BookError(f"ranges of {', '.join(sorted(self.ranges))}: the book holds {name}, too")
        down, up = self.ranges[name]
        steps = np.arange(1, STEPS + 1) / STEPS
        return np.concatenate([down * steps[::-1], up * steps])

    def spec(self) -> dict[str, Any]:
        """Return the grid as the engine reads it: one that does not scale with VIX.

        Raises
        ------
        BookError
            SPX and VIX products in one product group (in the engine they stand apart), or no range of one of
            them.
        """
        return House(calm=self, wild=self).spec()

    @staticmethod
    def numbers() -> list[int]:
        """Return the numbers of the scenarios: -5 … -1, 1 … 5."""
        return [*range(-STEPS, 0), *range(1, STEPS + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A house rule that scales with VIX: one grid up to the lower VIX, another from the upper one on.

    Between the two every range is linear in VIX.

    Parameters
    ----------
    calm, wild : Grid
        The two ends; groups, offset and minimum are the same.
    vix : (float, float), default (20, 30)
        Lower and upper VIX, points.

    Examples
    --------
    >>> from alvh import margin
    >>> margin.house().at(25.0).ranges["broad_index"]
    (-0.175, 0.125)
    """

    calm: Grid
    wild: Grid
    vix: tuple[float, float] = (20.0, 30.0)

    def __post_init__(self) -> None:
        low, high = self.vix
        if not 0.0 < low < high < math.inf:
            raise BookError(f"vix = {self.vix!r}: lower and upper VIX, points, 0 < lower < upper")
        for name in ("groups", "offset", "minimum"):
            if getattr(self.calm, name) != getattr(self.wild, name):
                raise BookError(f"{name} of calm and wild differ: only ranges scale with VIX")
        if self.calm.ranges.keys() != self.wild.ranges.keys():
            calm, wild = (sorted(each.ranges) for each in (self.calm, self.wild))
            raise BookError(
                f"ranges of calm are of {calm}, those of wild of {wild}: the same classes in both"
            )

    def at(self, vix: float) -> Grid:
        """Return the grid at a VIX, points: `rules` of `alvh.margin.portfolio`."""
        low, high = self.vix
        share = min(max((vix - low) / (high - low), 0.0), 1.0)
        calm, wild = self.calm.ranges, self.wild.ranges
        ends = {name: tuple(zip(calm[name], wild[name], strict=True)) for name in calm}
        down_up = {
            name: tuple(start + share * (end - start) for start, end in pair) for name, pair in ends.items()
        }
        return replace(self.calm, ranges={name: (pair[0], pair[1]) for name, pair in down_up.items()})

    def spec(self) -> dict[str, Any]:
        """Return the rule as the engine reads it."""
        if lacking := [name for name in IN_THE_ENGINE if name not in self.calm.ranges]:
            raise BookError(
                f"ranges of {', '.join(sorted(self.calm.ranges))}: the engine needs "
                f"{' and '.join(lacking)}, too"
            )
        groups = self.calm.groups
        if groups.get("broad_index", "SPX") == groups.get("volatility", "VIX"):
            raise BookError(
                f"groups = {dict(groups)!r}: in the engine SPX and VIX products stand apart. Mend: ledgers "
                "with mode = 'offset', where a hedge shall offset the core"
            )
        return {
            "calm": _ends(self.calm),
            "wild": _ends(self.wild),
            "vix": list(self.vix),
            "minimum": self.calm.minimum,
            "offset": self.calm.offset,
        }


def _ends(grid: Grid) -> dict[str, list[float]]:
    return {"index": list(grid.ranges["broad_index"]), "volatility": list(grid.ranges["volatility"])}


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
    return tuple(name for name, table in _tables().items() if "calm" not in table)


def grid(name: str) -> Grid:
    """Return a grid by name; `dataclasses.replace` changes one of its ranges.

    Raises
    ------
    BookError
        No such grid.
    """
    if name not in grids():
        raise BookError(f"rules = {name!r}: {nearest_names(str(name), grids())}")
    table = _tables()[name]
    ranges = {each: (table[each][0], table[each][1]) for each in CLASSES}
    return Grid(ranges=ranges, groups=table["groups"], offset=table["offset"], minimum=table["minimum"])


def house() -> House:
    """Return the house rule that comes with alvh: `house_calm` up to a VIX of 20, `house_wild` from 30 on.

    The two grids are a broker's; the straight line between them is ours.

    Examples
    --------
    >>> from alvh import margin
    >>> rule = margin.house()
    >>> rule.at(15.0) == margin.grid("house_calm"), rule.at(40.0) == margin.grid("house_wild")
    (True, True)
    """
    table = _tables()["house"]
    low, high = table["vix"]
    return House(calm=grid(table["calm"]), wild=grid(table["wild"]), vix=(low, high))
