"""What is claimed of doubling: peak margin, deep drawdowns, liquidation before the reversal (R15 to R17)."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from alvh.claims import table
from alvh.claims.claim import ABOVE_0, Measured, Range, Reading
from alvh.claims.peaks import peak
from alvh.comparison import Comparison
from alvh.playbook import Arm, Every, preset
from alvh.statistics import mean_interval, proportion

__all__ = ["BASE_SHARE", "CADENCES", "LARGE_SHARE", "R16_MINIMUM", "doubling_arms", "doubling_rows"]

BASE_SHARE = 0.10
"""R4: the methodology's own size."""

LARGE_SHARE = 0.35
"""A size at which doubling meets its limits."""

FEWEST = 2
"""An interval of a mean needs as many values."""

CADENCES: dict[Every, str] = {"week": "a tranche a week", "flat": "one tranche at a time"}
"""How often these arms sell, and the words for it."""

DEEP, SHALLOW = 0.50, 0.05
"""R16: drawdowns of 5% that become 50%."""

R16_MINIMUM = 0.05
"""R16 names no number: doubling must make the deep drawdown at least this much likelier than plain does."""

R15_DOUBLING = Range(4.0, 6.0, "4 to 6")
"""R15: peak margin under doubling as a multiple of the first requirement."""


def doubling_arms(every: Every) -> list[Arm]:
    """Return plain, and doubling capped and uncapped."""
    plain = preset("plain")
    sell = plain.core.trade.model_copy(update={"every": every})
    plain = plain.replace(name="plain", sell=sell)
    caps = ((2, "2 doublings"), (3, "3 doublings"), (40, "uncapped"))
    return [plain, *(plain.doubling(max_doublings=cap, name=name) for cap, name in caps)]


def doubling_rows(result: Comparison, words: str) -> Iterator[Measured]:
    """Measure what is claimed of doubling on a comparison whose first arm is plain."""
    for arm in result.arms[1:]:
        yield peak(table.PEAK, _book(result, arm, BASE_SHARE), R15_DOUBLING, f"{arm}, {words}")
    yield from _drawdowns(result, words)
    yield from _liquidations(result, words)


def _drawdowns(result: Comparison, words: str) -> Iterator[Measured]:
    """R16: P(drawdown >= 50% | drawdown >= 5%) under doubling, and how much that is above plain."""
    claimed = f"plain's and {R16_MINIMUM:.0%} more"
    for share in result.shares:
        plain = _deep(result, result.arms[0], share)
        base = proportion(int(plain.sum()), len(plain))
        note = f"plain: {base.value:.2%} ({base.low:.2%} to {base.high:.2%})"
        for arm in result.arms[1:]:
            deep = _deep(result, arm, share)
            estimate = proportion(int(deep.sum()), len(deep))
            reading: Reading = "straddles"
            if estimate.low - base.high >= R16_MINIMUM:
                reading = "inside"
            elif estimate.high - base.low < R16_MINIMUM:
                reading = "outside"
            variant = f"{arm}, {words}, share {share:g}"
            yield Measured(
                table.DEEPENING, variant, claimed, "probability", len(deep), note, estimate, reading
            )


def _deep(result: Comparison, arm: str, share: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    fall = _book(result, arm, share)["max_drawdown"].to_numpy()
    return fall[fall >= SHALLOW] >= DEEP


def _liquidations(result: Comparison, words: str) -> Iterator[Measured]:
    """R17: what holding would have brought over forced closing, where a closing was followed to expiry."""
    for arm in result.arms[1:]:
        frame = _book(result, arm, LARGE_SHARE)
        regret = frame.filter(pl.col("regret_forced") != 0)["regret_forced"].to_numpy() / result.capital
        calls = int((frame["forced"] > 0).sum())
        variant = f"{arm}, {words}, share {LARGE_SHARE:g}"
        note = f"{calls} paths with a call met by force, the other closings followed ruin"
        if len(regret) < FEWEST:
            note = f"{note}: a defined-risk book that could open holds cash for its worst payoff"
        estimate = mean_interval(regret)
        yield Measured(table.LIQUIDATION, variant, ABOVE_0, "of capital", len(regret), note, estimate)


def _book(result: Comparison, arm: str, share: float) -> pl.DataFrame:
    return result.paths().filter(pl.col("arm") == arm, pl.col("share") == share).collect()
