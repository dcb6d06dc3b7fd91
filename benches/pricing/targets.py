"""What alvh is meant to reach, and whether it did: computed from the results, never written by hand."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from benches.pricing.entrants import (
    AVX2,
    BASELINE,
    LBRIV,
    MEMORY,
    NUMBA,
    NUMPY,
    SUBJECT,
    TWO_THREADS,
    VANILLA,
)
from benches.pricing.results import Results

BOTH = ("median", "least")


@dataclass(frozen=True)
class Target:
    """A bound and what was measured: the value that is judged, and the best one where there are several."""

    what: str
    bound: float
    measured: float | None
    best: float | None = None
    unit: str = ""
    least: bool = False
    """The bound is a lower one."""

    @property
    def verdict(self) -> str:
        """Say "met", "missed" or "not measured"."""
        if self.measured is None:
            return "not measured"
        met = self.measured >= self.bound if self.least else self.measured <= self.bound
        return "met" if met else "**missed**"


def targets(results: Results) -> list[Target]:
    """All of them, in the order of speed, ratios, small calls and accuracy."""
    return [*_speed(results), *_ratios(results), *_small(results), *_accuracy(results)]


def _speed(r: Results) -> Iterator[Target]:
    wide = r.raw["machine"]["simd"] == "avx512"  # bounds for AVX-512 say nothing of other processors
    timed = (
        ("price, AVX-512", 6.5, SUBJECT, "price, market"),
        ("price, AVX2", 12.0, AVX2, "price, market"),
        ("implied vol, realistic options, AVX-512", 7.0, SUBJECT, "implied_vol, otm"),
        ("implied vol, the hard set, AVX-512", 30.0, SUBJECT, "implied_vol, hard many"),
        ("implied vol, realistic options, AVX2", 11.0, AVX2, "implied_vol, otm"),
    )
    for what, bound, entrant, job in timed:
        median, least = (r.ns(entrant, job, w) if wide or entrant is AVX2 else None for w in BOTH)
        yield Target(what, bound, median, least, "ns")
    sliced = [r.slice_ns("avx512", "greeks", which) for which in BOTH]
    yield Target("price and 13 greeks, slices of 4,096 rows, AVX-512", 11.0, *sliced, "ns")
    for what, job in (("new arrays", "greeks14, market"), ("`out=`", "greeks14_out, market")):
        ratios = [r.ratio(SUBJECT, job, MEMORY, which) for which in BOTH]
        yield Target(f"price and 13 greeks, {what}: against a copy of the columns", 1.2, *ratios, "×")


def _ratios(r: Results) -> Iterator[Target]:
    for what, bound, entrant, job in (
        ("price: NumPy + SciPy takes", 8.0, NUMPY, "price, market"),
        ("five greeks: numba takes", 7.0, NUMBA, "greeks5, market"),
        ("implied vol: lbriv takes", 50.0, LBRIV, "implied_vol, otm"),
        ("implied vol: vanilla-option-pricers takes", 50.0, VANILLA, "implied_vol, otm"),
    ):
        ratios = [r.ratio(entrant, job, which=which) for which in BOTH]
        yield Target(what, bound, *ratios, "×", least=True)
    for job, name in (("price, market", "price"), ("implied_vol, otm", "implied vol")):
        ratios = [r.ratio(SUBJECT, job, TWO_THREADS, which) for which in BOTH]
        yield Target(f"{name}: one thread against two", 1.4, *ratios, "×", least=True)
    for where, flags, numbers in (
        ("NumPy", "price_flags", "price"),
        ("`alvh.expr`", "price_flags_expr", "price_expr"),
    ):
        jobs = (f"{flags}, market", f"{numbers}, market")
        ratios = [_quotient(*(r.seconds(SUBJECT, each, w) for each in jobs)) for w in BOTH]
        yield Target(f'"C" and "P" per row in {where}, against +1 and -1', 1.1, *ratios, "×")
    for name in ("price", "implied_vol"):
        inputs = "market" if name == "price" else "otm"
        jobs = (f"{name}_expr, {inputs}", f"{name}, {inputs}")
        ratios = [_quotient(*(r.seconds(SUBJECT, each, w) for each in jobs)) for w in BOTH]
        yield Target(f"`alvh.expr.{name}` against NumPy arrays", 1.1, *ratios, "×")


def _small(r: Results) -> Iterator[Target]:
    for what, bound, job in (
        ("price of 200 options", 4.0, "price, small"),
        ("implied vol of 200 options", 5.0, "implied_vol, small"),
        ("price of one option in floats", 1.5, "scalar_price, small"),
        ("implied vol of one option in floats", 1.5, "scalar_implied_vol, small"),
    ):
        median, least = (_times(r.seconds(SUBJECT, job, which), 1e6) for which in BOTH)
        yield Target(what, bound, median, least, "µs")


def _accuracy(r: Results) -> Iterator[Target]:
    """Yield the worst of all instruction sets that ran; one that was timed but not checked has no bound."""
    ran = [each for each in (SUBJECT, AVX2, BASELINE) if r.raw["entrants"].get(each.name, {}).get("times")]
    for what, bound, check, key in (
        ("price above 0.01: relative error", 1e-14, "price, market checked", "worst"),
        ("price, hard set: relative error", 1e-12, "price, hard", "worst"),
        ("greeks: error of the largest", 1e-12, "greeks14, market checked", "worst"),
        ("greeks, hard set: error of the largest", 1e-12, "greeks14, hard", "worst"),
        ("implied vol: share wrong or NaN", 0.0, "implied_vol, otm checked", "unsolved"),
        ("implied vol, hard set: share wrong or NaN", 0.0, "implied_vol, hard", "unsolved"),
        ("implied vol: attainable errors", 16.0, "implied_vol, otm checked", "units"),
        ("implied vol, hard set: attainable errors", 16.0, "implied_vol, hard", "units"),
        ("impossible prices answered by a number", 0.0, "implied_vol, impossible", "answered"),
    ):
        errors = (r.error(each, check, key) for each in ran)
        yield Target(what, bound, max((math.inf if each is None else each for each in errors), default=None))


def _quotient(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a / b


def _times(a: float | None, factor: float) -> float | None:
    return None if a is None else a * factor
