"""The claims of the methodology, held against measurements (C17: a claim is a hypothesis, never a default).

A claim is *supported* when the 95% interval lies inside the claimed range in every voting market model,
*not supported* when it lies wholly outside in all of them, and *undecided* otherwise (MODELS). The voting
models are those of `VOTERS`: L3F, L3F with its surface moved by ±1 vol point, and PDV4. Intervals are those
of sampling; how far the markets are apart stands beside them, in `readings`.

A rival that could not be brought to equal cost (R19) is read only where its cost does not explain the
difference: cheaper and no worse, or dearer and no better.
"""

from alvh.claims.claim import Claim, Reading
from alvh.claims.doubling import BASE_SHARE, CADENCES, LARGE_SHARE
from alvh.claims.run import audit, audited_paths
from alvh.claims.table import CLAIMS, DEEPENING, LIQUIDATION, PEAK

__all__ = [
    "BASE_SHARE",
    "CADENCES",
    "CLAIMS",
    "DEEPENING",
    "LARGE_SHARE",
    "LIQUIDATION",
    "PEAK",
    "Claim",
    "Reading",
    "audit",
    "audited_paths",
]
