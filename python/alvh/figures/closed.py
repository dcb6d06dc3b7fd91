"""Layers that stayed closed because data were missing (C24)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

__all__ = ["closed", "closed_words"]

_SCHEMA: dict[str, Any] = {
    "arm": pl.String,
    "layer": pl.String,
    "rule": pl.String,
    "sessions": pl.Int64,
    "unknown": pl.Int64,
    "withheld": pl.Int64,
    "missing": pl.List(pl.Struct({"name": pl.String, "sessions": pl.Int64})),
}


def closed(
    gates: Iterable[Mapping[str, Any]], arms: Sequence[str], layers: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """Return what the engine counted of the enter rules, by the names of arms and layers.

    Parameters
    ----------
    gates : iterable of mapping
        As ``_core.Plan.gates`` gives them.
    arms : sequence of str
        Arm of each book.
    layers : mapping of str to sequence of str
        Arm to the names of its layers.

    Returns
    -------
    DataFrame
        `arm`, `layer`, `rule`; `sessions` at which it was asked, over all paths; of these `unknown` for want
        of data; openings `withheld` then, which were due; `missing`: names and the sessions of each.
    """
    rows = [
        (
            arms[gate["book"]],
            layers[arms[gate["book"]]][gate["layer"]],
            *(gate[name] for name in ("rule", "sessions", "unknown", "withheld")),
            [{"name": name, "sessions": sessions} for name, sessions in gate["missing"]],
        )
        for gate in gates
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def closed_words(table: pl.DataFrame) -> tuple[str, ...]:
    """Return a sentence for each layer that was closed for lack of data in some session.

    Examples
    --------
    >>> gate = {"book": 0, "layer": 1, "rule": "cpi > 300", "sessions": 8, "unknown": 2, "withheld": 1}
    >>> closed_words(closed([gate | {"missing": [("cpi", 2)]}], ["a"], {"a": ["core", "calls"]}))
    ("a: layer 'calls' closed for lack of data in 25.0% of sessions, 1 due opening withheld: cpi (C24).",)
    """
    return tuple(
        f"{row['arm']}: layer {row['layer']!r} closed for lack of data in "
        f"{row['unknown'] / row['sessions']:.1%} of sessions, {row['withheld']:,} due "
        f"opening{'' if row['withheld'] == 1 else 's'} withheld: "
        f"{', '.join(each['name'] for each in row['missing'])} (C24)."
        for row in table.filter(pl.col("unknown") > 0).iter_rows(named=True)
    )
