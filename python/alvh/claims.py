"""The claims of the methodology, held against measurements (C17: a claim is a hypothesis, never a default).

A claim is *supported* when the 95% interval lies inside the claimed range in every voting market model, *not
supported* when it lies wholly outside in all of them, and *undecided* otherwise. The voting models are L3F,
PDV4 and L3F with its surface moved by ±1 vol point (MODELS); while only L3F exists, nothing can be more than
undecided, except arithmetic that no market can change. The row says where the measurement lies all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from alvh.comparison import Comparison, compare
from alvh.errors import SpecError
from alvh.market import L3F
from alvh.playbook import Arm, Every, preset
from alvh.runner import Advance
from alvh.statistics import Estimate, mean_interval, proportion, quantile_interval

Reading = Literal["inside", "outside", "straddles", "-"]

BASE_SHARE = 0.10
"""R4: the methodology's own size."""

LARGE_SHARE = 0.35
"""A size at which doubling meets its limits."""

FEWEST = 2
"""An interval of a mean needs as many values."""

CADENCES: dict[Every, str] = {"week": "a tranche a week", "flat": "one tranche at a time"}
"""How often the arms of the audit sell, and the words for it."""

DEEP, SHALLOW = 0.50, 0.05
"""R16: drawdowns of 5% that become 50%."""

R16_MINIMUM = 0.05
"""R16 names no number: doubling must make the deep drawdown at least this much likelier than plain does."""

R15_DOUBLING = (4.0, 6.0)
"""R15: peak margin under doubling as a multiple of the first requirement."""


@dataclass(frozen=True)
class Claim:
    """A claim in our own words.

    Attributes
    ----------
    id
        Requirement.
    text
        What is claimed.
    needs
        What must be built before it can be measured; empty for claims that `audit` measures.
    """

    id: str
    text: str
    needs: str = ""


PEAK = Claim("R15", "Doubling peaks at 4-6 times the first margin requirement.")
DEEPENING = Claim("R16", "Doubling turns a 5% drawdown into one of 50% or more.")
LIQUIDATION = Claim(
    "R17", "The broker liquidates before the market reverts: forced closing costs more than holding."
)

CLAIMS = (
    PEAK,
    DEEPENING,
    LIQUIDATION,
    Claim("R15", "ALVH peaks at 1.5-2.0 times the first requirement, with less variability.", "hedge layers"),
    Claim(
        "R5",
        "15-25% a year on condor margin gross in low volatility, 13-23% net of the hedge.",
        "hedge layers",
    ),
    Claim("R14", "Intraday stops whipsaw: many stopped trades would have recovered.", "intraday bars"),
    Claim(
        "R18",
        "Losses cluster with volatility; trades are not independent.",
        "an i.i.d. control by block bootstrap",
    ),
    Claim(
        "R19",
        "Wider wings or a bigger buffer cannot replace the hedge.",
        "hedge layers",
    ),
    Claim(
        "R20",
        "A better risk-adjusted return than doubling, above all near announcements.",
        "hedge layers and event windows",
    ),
    Claim("R20", "Stops erode the statistical edge.", "intraday bars"),
    Claim(
        "R22", "Short-dated VIX calls offset 40-60% of the condor's dollars per VIX point.", "hedge layers"
    ),
    Claim("R37", "The VIX term structure is used without whipsaw.", "hedge layers"),
    Claim("R39", "The hedge moves against the condor.", "hedge layers"),
    Claim("R44", "Second Engine entries add positive vega and negative delta.", "the Second Engine"),
    Claim("R61", "The hedge costs 1-2% a year.", "hedge layers and the cost budget"),
    Claim("R62", "Commingling inflates margin and distorts break-evens.", "two ledgers"),
    Claim("R63", "Ring-fencing stops calls from cascading.", "two ledgers"),
    Claim("R66", "The hedge raises cash exactly when the wings are pressed.", "hedge layers"),
    Claim("R71", "The hedge cuts downside beta at an acceptable price.", "hedge layers"),
    Claim(
        "R74", "Several volatility spikes in a row are survived without forced liquidation.", "hedge layers"
    ),
    Claim("R85", "A steward does better than a promoter.", "the profiles"),
    Claim(
        "R92", "It holds across economic regimes and around announcements.", "regime labels and event windows"
    ),
)
"""Every claim, measured or not yet computable."""

_SCHEMA = {
    "id": pl.String,
    "claim": pl.String,
    "variant": pl.String,
    "claimed": pl.String,
    "measured": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
    "n": pl.Int64,
    "market": pl.String,
    "reading": pl.String,
    "verdict": pl.String,
    "why": pl.String,
}

_ONLY_L3F = "one voting model of four exists (L3F): PDV4 and the surface ±1 vol point are missing"


def audit(
    *, paths: int = 4_096, seed: int = 7, threads: int = 0, advance: Advance | None = None
) -> pl.DataFrame:
    """Measure what can be measured of the methodology's claims, and list the rest as not yet computable.

    Parameters
    ----------
    paths
        Simulated paths of 252 sessions from VIX 16 (L3F).
    seed
        Seed.
    threads
        Threads, 0 for one per core.
    advance
        Called with the number of paths just finished.

    Returns
    -------
    polars.DataFrame
        A row per claim and variant: what is claimed, what was measured with its 95% interval, where the
        interval lies against the claim, the verdict, and why it is not a stronger one.

    Examples
    --------
    >>> table = audit(paths=256)
    >>> sorted(set(table["verdict"]))
    ['not yet computable', 'undecided']
    """
    if paths < 1:
        raise SpecError(f"paths = {paths}: at least 1")
    rows: list[dict[str, object]] = []
    for every, words in CADENCES.items():
        result = compare(
            _doubling_arms(every),
            L3F(vix=16),
            paths=paths,
            seed=seed,
            shares=(BASE_SHARE, LARGE_SHARE),
            threads=threads,
            advance=advance,
        )
        for measure in (_peaks, _drawdowns, _liquidations):
            rows += [measured.row() for measured in measure(result, words)]
    rows += [
        {"id": claim.id, "claim": claim.text, "verdict": "not yet computable", "why": f"needs {claim.needs}"}
        for claim in CLAIMS
        if claim.needs
    ]
    return pl.DataFrame(rows, schema=_SCHEMA)


def _doubling_arms(every: Every) -> list[Arm]:
    plain = preset("plain")
    sell = plain.core.trade.model_copy(update={"every": every})
    plain = plain.replace(name="plain", sell=sell)
    caps = ((2, "2 doublings"), (3, "3 doublings"), (40, "uncapped"))
    return [plain, *(plain.doubling(max_doublings=cap, name=name) for cap, name in caps)]


@dataclass(frozen=True)
class _Measured:
    """A row of the audit: what was measured for one variant of a claim."""

    claim: Claim
    variant: str
    claimed: str
    unit: str
    n: int
    why: str
    estimate: Estimate | None = None
    reading: Reading = "-"

    def row(self) -> dict[str, object]:
        """Return the row; with one market model of four no verdict is possible (see the module)."""
        value, low, high = self.estimate or (None, None, None)
        return {
            "id": self.claim.id,
            "claim": self.claim.text,
            "variant": self.variant,
            "claimed": self.claimed,
            "measured": value,
            "low": low,
            "high": high,
            "unit": self.unit,
            "n": self.n,
            "market": "L3F(vix=16)",
            "reading": self.reading,
            "verdict": "undecided",
            "why": self.why,
        }


def _peaks(result: Comparison, words: str) -> Iterator[_Measured]:
    """R15: the distribution of the peak over the first requirement; its median against the claimed range."""
    for arm in result.arms[1:]:
        frame = _book(result, arm, BASE_SHARE).filter(pl.col("first_requirement") > 0)
        multiple = (frame["peak_requirement"] / frame["first_requirement"]).to_numpy()
        variant = f"{arm}, {words}"
        if not len(multiple):
            yield _Measured(PEAK, variant, "4 to 6", "median multiple", 0, "no path opened a tranche")
            continue
        median = quantile_interval(multiple, 0.5)
        inside = float(np.mean((multiple >= R15_DOUBLING[0]) & (multiple <= R15_DOUBLING[1])))
        why = f"{inside:.0%} of paths lie inside, the largest is {multiple.max():.3g}; {_ONLY_L3F}"
        reading = _against(median, *R15_DOUBLING)
        yield _Measured(PEAK, variant, "4 to 6", "median multiple", len(multiple), why, median, reading)


def _drawdowns(result: Comparison, words: str) -> Iterator[_Measured]:
    """R16: P(drawdown >= 50% | drawdown >= 5%) under doubling, and how much that is above plain."""
    claimed = f"plain's and {R16_MINIMUM:.0%} more"
    for share in result.shares:
        plain = _deep(result, result.arms[0], share)
        base = proportion(int(plain.sum()), len(plain))
        why = f"plain: {base.value:.2%} ({base.low:.2%} to {base.high:.2%}); {_ONLY_L3F}"
        for arm in result.arms[1:]:
            deep = _deep(result, arm, share)
            estimate = proportion(int(deep.sum()), len(deep))
            reading: Reading = "straddles"
            if estimate.low - base.high >= R16_MINIMUM:
                reading = "inside"
            elif estimate.high - base.low < R16_MINIMUM:
                reading = "outside"
            variant = f"{arm}, {words}, share {share:g}"
            yield _Measured(DEEPENING, variant, claimed, "probability", len(deep), why, estimate, reading)


def _deep(result: Comparison, arm: str, share: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    fall = _book(result, arm, share)["max_drawdown"].to_numpy()
    return fall[fall >= SHALLOW] >= DEEP


def _liquidations(result: Comparison, words: str) -> Iterator[_Measured]:
    """R17: what holding would have brought over forced closing, where a closing was followed to expiry."""
    for arm in result.arms[1:]:
        frame = _book(result, arm, LARGE_SHARE)
        regret = frame.filter(pl.col("regret_forced") != 0)["regret_forced"].to_numpy() / result.capital
        calls = int((frame["forced"] > 0).sum())
        variant = f"{arm}, {words}, share {LARGE_SHARE:g}"
        note = f"{calls} paths with a call met by force, the other closings followed ruin"
        if len(regret) < FEWEST:
            why = f"{note}: a defined-risk book that could open holds cash for its worst payoff"
            yield _Measured(LIQUIDATION, variant, "above 0", "of capital", len(regret), why)
            continue
        estimate = mean_interval(regret)
        reading = _against(estimate, 0, np.inf)
        why = f"{note}; {_ONLY_L3F}"
        yield _Measured(LIQUIDATION, variant, "above 0", "of capital", len(regret), why, estimate, reading)


def _book(result: Comparison, arm: str, share: float) -> pl.DataFrame:
    return result.paths().filter(pl.col("arm") == arm, pl.col("share") == share).collect()


def _against(estimate: Estimate, low: float, high: float) -> Reading:
    if estimate.low >= low and estimate.high <= high:
        return "inside"
    if estimate.high < low or estimate.low > high:
        return "outside"
    return "straddles"
