"""The markets that vote on a claim, and what their readings amount to (MODELS, C17)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from alvh.claims.claim import Measured
from alvh.market import L3F, PDV4, Simulated

__all__ = ["VOTERS", "Verdict", "readings_in_words", "verdict", "voted"]

Verdict = Literal["supported", "not supported", "undecided"]

VOTERS: Mapping[str, Simulated] = {
    "L3F": L3F(vix=16),
    "surface -1": L3F(vix=16, surface_shift=-1),
    "surface +1": L3F(vix=16, surface_shift=1),
    "PDV4": PDV4(vix=16),
}
"""The first is the one whose figures the audit shows."""


def verdict(readings: Sequence[str]) -> Verdict:
    """Return the verdict on readings of every voting market.

    Examples
    --------
    >>> verdict(["inside", "inside"]), verdict(["outside", "outside"]), verdict(["inside", "straddles"])
    ('supported', 'not supported', 'undecided')
    """
    said = set(readings)
    if said == {"inside"}:
        return "supported"
    return "not supported" if said == {"outside"} else "undecided"


def voted(measured: Mapping[str, Sequence[Measured]]) -> list[dict[str, object]]:
    """Return the rows of every market with the reading of each one, and the verdict.

    Figures are those of the first market; what it could not measure and another could has none.
    """
    found = {market: {each.key: each.row() for each in rows} for market, rows in measured.items()}
    first = next(iter(measured))
    lacking = {
        key: _unmeasured(row, first)
        for rows in found.values()
        for key, row in rows.items()
        if key not in found[first]
    }
    rows = []
    for key, row in (found[first] | lacking).items():
        readings = [
            {"market": market, "measured": each.get("measured"), "reading": each.get("reading", "-")}
            for market, each in ((market, rows.get(key, {})) for market, rows in found.items())
        ]
        given = verdict([str(each["reading"]) for each in readings])
        unread = row["reading"] == "-" and key not in lacking
        why = row["why"] if unread else f"{row['why']}; {readings_in_words(readings)}"
        rows.append(row | {"market": f"{first}(vix=16)", "readings": readings, "verdict": given, "why": why})
    return rows


def _unmeasured(row: Mapping[str, object], market: str) -> dict[str, object]:
    """Return the row of another market as that of one that could not measure it."""
    nothing = dict.fromkeys(("measured", "low", "high", "p_value"))
    return {**row, **nothing, "n": 0, "reading": "-", "why": f"nothing to measure in {market}"}


def readings_in_words(readings: Sequence[Mapping[str, Any]]) -> str:
    """Say which market reads what.

    Examples
    --------
    >>> inside, straddles = ({"reading": reading} for reading in ("inside", "straddles"))
    >>> readings_in_words([inside | {"market": "L3F"}, straddles | {"market": "PDV4"}])
    'inside in L3F, straddles in PDV4'
    >>> readings_in_words([inside | {"market": "L3F"}, inside | {"market": "PDV4"}])
    'inside in all'
    """
    by_reading: dict[str, list[str]] = {}
    for each in readings:
        by_reading.setdefault(each["reading"], []).append(each["market"])
    if set(by_reading) == {"-"}:
        return "-"
    if len(by_reading) == 1:
        return f"{next(iter(by_reading))} in all"
    return ", ".join(
        f"{'not read' if reading == '-' else reading} in {' and '.join(markets)}"
        for reading, markets in by_reading.items()
    )
