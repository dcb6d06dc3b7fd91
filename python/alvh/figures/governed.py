"""What governance withheld: openings and rolls that were wanted and not permitted (R87, R88)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

__all__ = ["CHECKS", "governed", "governed_words"]

CHECKS = {"refused": "margin", "blocked": "liquidity", "bound_budget": "budget"}
"""Figures of a path that count what the hard checks cut or stopped at a fill, and the check of each."""

_BY = {"check": pl.String, "withheld": pl.Int64, "unknown": pl.Int64}
_SCHEMA: dict[str, Any] = {
    "arm": pl.String,
    "layer": pl.String,
    "action": pl.String,
    "wanted": pl.Int64,
    "withheld": pl.Int64,
    "overridden": pl.Int64,
    "by": pl.List(pl.Struct(_BY)),
}


def governed(
    rows: Iterable[Mapping[str, Any]],
    checks: Mapping[str, Mapping[str, int]],
    arms: Sequence[str],
    layers: Mapping[str, Sequence[str]],
) -> pl.DataFrame:
    """Return what the engine counted of governed layers, by the names of arms and layers.

    Parameters
    ----------
    rows : iterable of mapping
        As ``_core.Plan.governed`` gives them.
    checks : mapping of str to mapping of str to int
        Arm to how many fills each hard check cut or stopped, over the same paths.
    arms : sequence of str
        Arm of each book.
    layers : mapping of str to sequence of str
        Arm to the names of its layers.

    Returns
    -------
    DataFrame
        `arm`, `layer` (null: of the whole arm), `action` ("open", "roll", or "fill" of hard checks);
        `wanted`: how often the layer would have acted, over all paths; of these `withheld`, and `overridden`
        by a person; `by`: what was against those that were withheld, how often, and how often because it was
        unknown. One action may have several against it. Of hard checks `withheld` counts the fills that they
        cut to fewer lots, too.
    """
    found: list[tuple[Any, ...]] = [
        (
            arms[row["book"]],
            layers[arms[row["book"]]][row["layer"]],
            "roll" if row["rolls"] else "open",
            *(row[name] for name in ("wanted", "withheld", "overridden")),
            [{"check": name, "withheld": no, "unknown": unknown} for name, no, unknown in row["by"] if no],
        )
        for row in rows
    ]
    for arm, counts in checks.items():
        by = [{"check": check, "withheld": count, "unknown": 0} for check, count in counts.items() if count]
        found.append((arm, None, "fill", None, sum(counts.values()), 0, by))
    return pl.DataFrame(found, schema=_SCHEMA, orient="row")


def governed_words(table: pl.DataFrame) -> tuple[str, ...]:
    """Return a sentence for each layer of which something was withheld, and for each arm's hard checks.

    Examples
    --------
    >>> row = {"book": 0, "layer": 0, "rolls": False, "wanted": 8, "withheld": 2, "overridden": 0}
    >>> rows = [row | {"by": [("votes", 2, 1)]}]
    >>> governed_words(governed(rows, {}, ["desk"], {"desk": ["core"]}))
    ("desk: governance withheld 2 of 8 openings of layer 'core': votes 2, 1 of them unknown (R88).",)
    """
    return tuple(map(_words, table.filter(pl.col("withheld") > 0).iter_rows(named=True)))


def _words(row: Mapping[str, Any]) -> str:
    why = ", ".join(
        f"{each['check']} {each['withheld']:,}"
        + (f", {each['unknown']:,} of them unknown" if each["unknown"] else "")
        for each in row["by"]
    )
    if row["layer"] is None:
        return f"{row['arm']}: hard checks cut or stopped {row['withheld']:,} fills: {why} (R88)."
    actions = "rolls" if row["action"] == "roll" else "openings"
    by_hand = f"; {row['overridden']:,} overridden" if row["overridden"] else ""
    return (
        f"{row['arm']}: governance withheld {row['withheld']:,} of {row['wanted']:,} {actions} of layer "
        f"{row['layer']!r}: {why or 'by a person'}{by_hand} (R88)."
    )
