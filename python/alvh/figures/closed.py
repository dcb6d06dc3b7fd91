"""Layers that stayed closed, and sizes that followed nothing, because data were missing (C24)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

__all__ = ["closed", "closed_words"]

_SCHEMA: dict[str, Any] = {
    "arm": pl.String,
    "layer": pl.String,
    "of": pl.String,
    "rule": pl.String,
    "sessions": pl.Int64,
    "unknown": pl.Int64,
    "withheld": pl.Int64,
    "missing": pl.List(pl.Struct({"name": pl.String, "sessions": pl.Int64})),
}


def closed(
    gates: Iterable[Mapping[str, Any]], arms: Sequence[str], layers: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """Return what the engine counted of enter rules and weights, by the names of arms and layers.

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
        `arm`, `layer`, what the rule is `of` ("enter", "weight", or "budget", which has no layer), `rule`;
        `sessions` at which it was asked, over all paths; of these `unknown` for want of data; openings
        `withheld` then, which were due (a weight withholds none); `missing`: names and the sessions of each.
    """
    rows = [
        (
            arms[gate["book"]],
            None if gate["layer"] is None else layers[arms[gate["book"]]][gate["layer"]],
            *(gate[name] for name in ("of", "rule", "sessions", "unknown", "withheld")),
            [{"name": name, "sessions": sessions} for name, sessions in gate["missing"]],
        )
        for gate in gates
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def closed_words(table: pl.DataFrame) -> tuple[str, ...]:
    """Return a sentence for each layer that was closed for lack of data in some session, and each weight.

    Examples
    --------
    >>> gate = {"book": 0, "layer": 1, "of": "enter", "rule": "cpi > 300", "sessions": 8, "unknown": 2}
    >>> gates = [gate | {"withheld": 1, "missing": [("cpi", 2)]}]
    >>> closed_words(closed(gates, ["a"], {"a": ["core", "calls"]}))
    ("a: layer 'calls' closed for lack of data in 25.0% of sessions, 1 due opening withheld: cpi (C24).",)
    """
    return tuple(
        f"{row['arm']}: {_what(row)}: {', '.join(each['name'] for each in row['missing'])} (C24)."
        for row in table.filter(pl.col("unknown") > 0).iter_rows(named=True)
    )


def _what(row: Mapping[str, Any]) -> str:
    """Say what lack of data did: close a layer, or leave a weight without its number."""
    lacking = f"for lack of data in {row['unknown'] / row['sessions']:.1%} of sessions"
    if row["of"] == "enter":
        due = f"{row['withheld']:,} due opening{'' if row['withheld'] == 1 else 's'}"
        return f"layer {row['layer']!r} closed {lacking}, {due} withheld"
    whose = "of budgets" if row["layer"] is None else f"of layer {row['layer']!r}"
    return f"the weight {whose} unknown {lacking}"
