"""What a replication aims at, set before one was computed, and why one that misses does."""

from __future__ import annotations

from typing import Final, NamedTuple

from alvh.replication.replicate import Agreement

__all__ = ["AIMS", "Aim", "misses"]


class Aim(NamedTuple):
    """Ranges of an `Agreement`."""

    correlation: tuple[float, float]
    beta: tuple[float, float]
    gap: tuple[float, float]


_ANY: Final = (-float("inf"), float("inf"))

AIMS: Final[dict[str, Aim]] = {
    "put": Aim((0.96, 1.0), _ANY, (-0.01, 0.01)),
    "bxm": Aim((0.96, 1.0), _ANY, (-0.01, 0.01)),
    "cndr": Aim((0.85, 1.0), (0.80, 1.15), (-0.0075, 0.0075)),
}
"""By index; of vxth the mechanics alone are replicated."""

REASONS: Final[dict[tuple[str, str], str]] = {
    ("put", "gap"): (
        "recorded PUT earned 1.3% a year more than recorded BXM, though parity makes them alike: the "
        "difference arises on roll days, between settlement and sale, in hours that closes do not show"
    )
}


def misses(index: str, found: Agreement) -> list[str]:
    """Return the aims that a replication misses, each with the reason if it is known.

    Examples
    --------
    >>> misses("cndr", Agreement(310, correlation=0.80, beta=1.0, gap=0.001, tracking=0.03))
    ['correlation 0.8 is not within 0.85 and 1: no reason is known']
    """
    told = []
    for figure, (low, high) in AIMS[index]._asdict().items() if index in AIMS else ():
        value = getattr(found, figure)
        if not low <= value <= high:
            reason = REASONS.get((index, figure), "no reason is known")
            told.append(f"{figure} {value:.3g} is not within {low:g} and {high:g}: {reason}")
    return told
