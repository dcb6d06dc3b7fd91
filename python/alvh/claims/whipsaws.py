"""R37: whether a layer that follows the VIX term structure whipsaws, with hysteresis and without."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from alvh.claims import table
from alvh.claims.claim import BELOW_0, Measured, Range
from alvh.comparison import Comparison
from alvh.figures.columns import SESSIONS_PER_YEAR
from alvh.figures.whipsaw import WHIPSAW_SESSIONS, flips
from alvh.playbook import Arm, Layer, offset, preset, vix_call
from alvh.statistics import Estimate, paired_mean

__all__ = ["AT_ONCE", "LATCHED", "R37_MOST", "curve_arms", "whipsaw_rows"]

LATCHED, AT_ONCE = "curve_latched", "curve_at_once"

BAND = 0.05
"""Ours: opened where the 30-day future lies this far below VIX, closed where it lies as far above."""

R37_MOST = Range(0.0, 0.05, "at most 5%")
"""R37 names no number: without whipsaw is on one opening in twenty, ours."""


def curve_arms() -> list[Arm]:
    """Return the layer that follows the sign of the curve at once, and the one with hysteresis."""
    return [_arm(AT_ONCE, 0.0), _arm(LATCHED, BAND)]


def _arm(name: str, band: float) -> Arm:
    curve = Layer(
        "curve",
        buy=vix_call(every="flat"),
        size=offset("core.vega", 0.5),
        enter=f"vix_contango < {-band}",
        exit=f"vix_contango > {band}",
    )
    return Arm(name, preset("plain").core, layers=[curve])


def whipsaw_rows(result: Comparison) -> Iterator[Measured]:
    """Measure the whipsaws of `curve_arms` at one share."""
    counts = {}
    words = f"closed by its rule at a loss within {WHIPSAW_SESSIONS} sessions"
    for arm in (LATCHED, AT_ONCE):
        found = result.whipsaw(arm).filter(layer="curve")
        told = {row["figure"]: row for row in found.iter_rows(named=True)}
        share = told["flipped_share"]
        bounds = (share["estimate"], share["low"], share["high"])
        tranches, paths = result.tranches(arm)
        flipped = flips(tranches.filter(layer=1))
        at = flipped["path"].to_numpy()
        counts[arm] = np.bincount(at, minlength=paths) * (SESSIONS_PER_YEAR / result.sessions)
        note = (
            f"{words}; opened {told['opened']['estimate']:.2f} times a year, again within as many sessions "
            f"{told['reversed']['estimate']:.2f} times"
        )
        estimate = None if None in bounds else Estimate(*bounds)
        yield Measured(table.CURVE, f"{arm}: of its openings", R37_MOST, "share", paths, note, estimate)
    difference = paired_mean(counts[LATCHED], counts[AT_ONCE])
    note = f"{counts[LATCHED].mean():.2f} against {counts[AT_ONCE].mean():.2f} a year"
    variant, paths = f"{LATCHED} less {AT_ONCE}: whipsaws", len(counts[LATCHED])
    yield Measured(table.CURVE, variant, BELOW_0, "a year", paths, note, difference)
