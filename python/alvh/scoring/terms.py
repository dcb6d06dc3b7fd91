"""Portfolio margin of condors: what a leg loses in each move, and the least that its contract asks for."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh import pricing
from alvh.errors import ScoreError, nearest_names
from alvh.margin import Grid, House, grid, house
from alvh.margin.portfolio import STANDARD_MULTIPLIER
from alvh.margin.rules import product_classes
from alvh.vix import vix_index

Floats = NDArray[np.float64]
Terms: TypeAlias = tuple[Floats, Floats]
"""A row a move, and last the minimum; a column a leg: where it is sold, and where it is bought. Points."""

PORTFOLIO: Final = ("portfolio", "house")
"""Rules by name under which requirements are worst losses: `margin.grid("exchange")`, `margin.house()`."""

BROAD: Final = "broad_index"
"""Class of the options that condors are sold of unless a root is given (R1)."""


def grid_of(rules: str | Grid | House, quotes: pl.DataFrame) -> Grid | None:
    """Return the moves that `rules` asks of a snapshot, at its own VIX where they scale; None for wings.

    Raises
    ------
    VixError
        They scale, and the chain does not determine a VIX.
    """
    if rules == "portfolio":
        return grid("exchange")
    scaling = house() if rules == "house" else rules
    if isinstance(scaling, House):
        return scaling.at(vix_index(quotes).value)
    return scaling if isinstance(scaling, Grid) else None


def require_class(rules: str | Grid | House, root: str | None) -> None:
    """Refuse moves that do not reach the options asked for: those of `root`, of a broad index unless given.

    Raises
    ------
    ScoreError
        The class of the root is not known, or the moves have no range of it.
    """
    asked = rules.calm if isinstance(rules, House) else rules
    if not (isinstance(asked, Grid) or asked in PORTFOLIO):
        return
    name = BROAD if root is None else _class_of(root)
    if isinstance(asked, Grid) and name not in asked.ranges:
        whose = "options of an index unless root is given" if root is None else root
        raise ScoreError(
            f"rules.ranges of {', '.join(sorted(asked.ranges))}: {name} is missing, the class of {whose}. "
            f"Mend: a range of {name}, or another root",
            column="rules",
            value=sorted(asked.ranges),
        )


def _class_of(root: str) -> str:
    known = product_classes()
    if root not in known:
        raise ScoreError(
            f"root = {root!r}: its moves under portfolio margin are not known: {nearest_names(root, known)}",
            column="root",
            value=root,
        )
    return known[root].name


def terms(legs: pl.DataFrame, right: str, asked: Grid, row: dict[str, object]) -> Terms:
    """Return what portfolio margin is the largest of, for legs of one right of an expiry.

    Each is repriced at its own volatility, its forward moved, as `margin.portfolio` does.

    Raises
    ------
    ScoreError
        The class of the root is not known.
    """
    name = _class_of(str(row["root"]))
    column = {name: legs[name].cast(pl.Float64).to_numpy() for name in ("strike", "vol", "mid")}
    moves = asked.moves(name)[:, None]
    forward, years, discount = (float(str(row[name])) for name in ("forward", "years", "discount"))
    moved = pricing.price(
        forward * (1.0 + moves), column["strike"], years, column["vol"], right, discount=discount
    )
    losses = moved - column["mid"]
    least = np.full(len(legs), asked.minimum / STANDARD_MULTIPLIER)
    # A long cannot lose more than it is worth; what is bought is taken off.
    longs = -np.minimum(least, column["mid"])
    return np.ascontiguousarray(np.vstack([losses, least])), np.ascontiguousarray(np.vstack([losses, longs]))
