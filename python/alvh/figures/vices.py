"""What a promoter does, counted from deals: over-levers, chases recovery, stops aggressively (R85)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.figures.whipsaw import WHIPSAW_SESSIONS

__all__ = ["BANDS", "CHASE_LOTS", "CHASE_SESSIONS", "vices"]

BANDS: Final = {
    "core_vega": 0.60,  # R22
    "threatened_delta": 0.40,  # R24; R26 asks for less
    "core_max_loss": 0.10,  # R29
    "core_notional": 0.40,  # R42
}
"""Upper ends of the shares that hedges are to offset, by the target of their size."""

CHASE_SESSIONS: Final = 5
"""Sessions after a loss within which buying more is chasing it: a week, ours."""

CHASE_LOTS: Final = 1.5
"""Times the lots that lost, from which it is more. Ours: lots follow the core, and vary without a vice."""

ROUNDING: Final = 1e-9


def vices(
    tranches: pl.DataFrame, layers: Sequence[Mapping[str, Any]], paths: int
) -> dict[str, NDArray[np.float64]]:
    """Return how often each path of one book did what a promoter does: arrays of `paths` counts.

    Parameters
    ----------
    tranches : DataFrame
        What `alvh.figures.tranches_of` says of the book.
    layers : sequence of mapping
        Its layers as the engine reads them: `role`, and the `size` with `target`, `value` and `multiplier`.
    paths : int
        How many paths.

    Returns
    -------
    dict of str to ndarray
        `over_levered`: hedge tranches opened by layers that ask for more than `BANDS`, whatever a cap left of
        them; `chased`: hedge tranches of at least `CHASE_LOTS` times the lots of one of the layer that ended
        at a loss at most `CHASE_SESSIONS` sessions before, of layers with one contract;
        `early_stops`: core tranches that a rule closed at a loss at most `alvh.figures.WHIPSAW_SESSIONS`
        sessions after their opening.

    Examples
    --------
    >>> layers = [{"role": "core"}, {"role": "hedge", "size": {"target": "core_vega", "value": 1.0}}]
    >>> bought = {"path": 0, "layer": 1, "slot": 0, "opened": 3, "ended": 9, "lots": 2.0, "pnl": -90.0}
    >>> frame = pl.DataFrame([bought | {"rolled": False, "how": "rule"}])
    >>> vices(frame, layers, 1)["over_levered"]
    array([1.])
    """
    levered = [index for index, layer in enumerate(layers) if _asks_for_more(layer)]
    core = [index for index, layer in enumerate(layers) if layer["role"] != "hedge"]
    # Lots of several contracts do not compare.
    alike = [index for index, layer in enumerate(layers) if index not in core and not layer.get("others")]
    stopped = tranches.filter(
        pl.col("layer").is_in(core),
        pl.col("how") == "rule",
        pl.col("pnl") < 0.0,
        pl.col("ended") - pl.col("opened") <= WHIPSAW_SESSIONS,
    )
    told = {
        "over_levered": tranches.filter(pl.col("layer").is_in(levered)),
        "chased": _chased(tranches.filter(pl.col("layer").is_in(alike))),
        "early_stops": stopped,
    }
    return {
        name: np.bincount(rows["path"].cast(pl.Int64).to_numpy(), minlength=paths).astype(np.float64)
        for name, rows in told.items()
    }


def _asks_for_more(layer: Mapping[str, Any]) -> bool:
    if layer["role"] != "hedge":
        return False
    size = layer["size"]
    most = BANDS.get(size["target"])
    return most is not None and size["value"] * size.get("multiplier", 1.0) > most + ROUNDING


def _chased(tranches: pl.DataFrame) -> pl.DataFrame:
    """Return what was bought larger soon after a loss of its layer; a roll is a purchase, too."""
    place = ("path", "layer")
    lost = tranches.filter(pl.col("pnl") < 0.0).drop_nulls("ended")
    lost = lost.select(*place, end="ended", had="lots")
    after = tranches.join(lost, on=place).filter(
        (pl.col("opened") - pl.col("end")).is_between(0, CHASE_SESSIONS),
        pl.col("lots") >= CHASE_LOTS * pl.col("had"),
    )
    return after.unique([*place, "slot", "opened"])
