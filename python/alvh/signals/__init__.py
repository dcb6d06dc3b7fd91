"""Signals from outside the option market, each with the moment at which it was known (R76 to R82).

One frame holds them all: `signal`, `date` (the period that a value describes), `released_at` and `value`.
What was not released yet, is too old, or was never given is null, and stays visible as such: missing is not
false.
"""

from alvh.signals.align import align
from alvh.signals.breadth import breadth
from alvh.signals.frame import read
from alvh.signals.given import Given, given
from alvh.signals.growth import growth
from alvh.signals.hourly import HOURLY, hourly
from alvh.signals.macro import Breadth, Factor, Macro
from alvh.signals.microstructure import microstructure_stress
from alvh.signals.registry import Signal, registry
from alvh.signals.releases import released
from alvh.signals.transform import change, volatility, zscore

__all__ = [
    "HOURLY",
    "Breadth",
    "Factor",
    "Given",
    "Macro",
    "Signal",
    "align",
    "breadth",
    "change",
    "given",
    "growth",
    "hourly",
    "microstructure_stress",
    "read",
    "registry",
    "released",
    "volatility",
    "zscore",
]
