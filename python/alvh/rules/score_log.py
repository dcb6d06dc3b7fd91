"""What each term gave to the scores of a layer, at every close of one path (R33)."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from alvh import _core
from alvh.rules import from_spec
from alvh.rules.beginning import beginnings
from alvh.rules.moving import Evaluated
from alvh.rules.on_path import frame_read
from alvh.rules.printing import to_text
from alvh.rules.tree import Node, Op, Operation

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "layer": pl.String,
    "of": pl.String,
    "tick": pl.Int64,
    "score": pl.String,
    "total": pl.Float64,
    "term": pl.String,
    "weight": pl.Float64,
    "value": pl.Float64,
    "contribution": pl.Float64,
}
"""Columns of the log."""


def score_log(plan: _core.Plan, path: int, layers: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return a row per close, score and term of what opens and weighs the layers of book 0.

    The contributions of one score at one close add up to its total; what is missing has none, and where too
    little is known for a total nothing has.
    """
    logs = [
        _of_layer(layer["name"], of, found, rule)
        for index, layer in enumerate(layers)
        for of, rule in (("enter", layer.get("enter")), ("weight", _weight(layer)))
        if rule and (found := plan.readings(path, 0, index, weight=of == "weight")) is not None
    ]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *logs])


def _weight(layer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the number that the target of a layer counts times, if it has one."""
    weight = layer["size"].get("weight")
    return None if weight is None else weight["by"]


def _of_layer(name: str, of: str, found: Mapping[str, Any], rule: Mapping[str, Any]) -> pl.DataFrame:
    read, tree = frame_read(found), from_spec(rule).tree
    ticks = read["tick"]
    begins = {node: int((ticks < first).sum()) for node, first in beginnings(tree, "enter", None).items()}
    evaluated = Evaluated(tree, read, begins)

    def values(node: Node) -> pl.Series:
        return evaluated.columns[evaluated.place[node]].cast(pl.Float64)

    parts = []
    for node in evaluated.nodes:
        if not (isinstance(node, Operation) and node.op is Op.SCORE):
            continue
        pairs = list(zip(node.args[::2], node.args[1::2], strict=True))
        known = sum((_known(values(weight), values(term)) for weight, term in pairs), start=pl.Series([0.0]))
        for weight, term in pairs:
            given = values(weight) * values(term)
            parts.append(
                pl.DataFrame(
                    {
                        "tick": ticks,
                        "total": values(node),
                        "weight": values(weight),
                        "value": values(term),
                        "contribution": given / known,
                    }
                ).select(
                    pl.lit(name).alias("layer"),
                    pl.lit(of).alias("of"),
                    pl.col("tick").cast(pl.Int64),
                    pl.lit(to_text(node)).alias("score"),
                    "total",
                    pl.lit(to_text(term)).alias("term"),
                    "weight",
                    "value",
                    pl.when(pl.col("total").is_not_null()).then("contribution").alias("contribution"),
                )
            )
    log = pl.concat([pl.DataFrame(schema=SCHEMA), *parts])
    return log.filter(pl.col("tick") >= 0).sort("tick", maintain_order=True)


def _known(weight: pl.Series, term: pl.Series) -> pl.Series:
    """Return the weights of a term where it is known, elsewhere 0."""
    return (weight + 0.0 * term).fill_null(0.0)
