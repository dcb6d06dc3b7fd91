"""What rivals and the arms they match cost on the paths of a comparison, beside what the pilot said (R19)."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from alvh.errors import AlvhError

__all__ = ["equal_cost"]

_SCHEMA = {
    "arm": pl.String,
    "to": pl.String,
    "vary": pl.String,
    "value": pl.Float64,
    "status": pl.String,
    "drag": pl.Float64,
    "target": pl.Float64,
    "drag_here": pl.Float64,
    "target_here": pl.Float64,
    "evaluations": pl.Int64,
    "digest": pl.String,
    "words": pl.String,
}


def equal_cost(rivals: Mapping[str, Mapping[str, Any]], differences: pl.DataFrame) -> pl.DataFrame:
    """Return a row per rival: what was solved on the pilot, and the drags on other paths.

    Parameters
    ----------
    rivals : mapping
        Arm to what the pilot found: `to`, `vary`, `value`, `status`, `drag`, `target` and so on.
    differences : DataFrame
        What `against` returns at the smallest share, against the first arm.

    Returns
    -------
    DataFrame
        What was found, and `drag_here` and `target_here`: how much less a year than the first arm the rival
        and the matched arm earned on these paths, of capital.
    """
    earned = differences.filter(figure="return_on_nav")
    drags = {arm: 0.0 - difference for arm, difference in earned.select("arm", "estimate").iter_rows()}
    if lacking := [name for arm, found in rivals.items() for name in (arm, found["to"]) if name not in drags]:
        raise AlvhError(f"differences lacks {', '.join(lacking)}: it has {', '.join(drags) or 'no arm'}")
    rows = [
        {**found, "arm": arm, "drag_here": drags[arm], "target_here": drags[found["to"]]}
        for arm, found in rivals.items()
    ]
    return pl.DataFrame(rows, schema=_SCHEMA)
