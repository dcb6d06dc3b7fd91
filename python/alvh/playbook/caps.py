"""What limits the lots of a hedge besides its target, as text.

``sleeve.budget``, ``layer.budget(0.005)``, ``0.15 * equity``, ``crash_gain(-0.10)``; free funds of the
ledger always do.
"""

import math
import re
from typing import Any

BUDGET = "sleeve.budget"
"""Expected cost of a year (R61)."""

DEEPEST = -0.6
"""Deepest fall at which a gain can be capped."""

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_EQUITY = re.compile(rf"({_NUMBER})\s*\*\s*equity")
_OWN = re.compile(rf"layer\.budget\(\s*({_NUMBER})\s*\)")
_CRASH = re.compile(rf"crash_gain\(\s*({_NUMBER})\s*\)")

FORMS = (
    f"'{BUDGET}' (expected cost of a year, R61), 'layer.budget(0.005)' (that of the layer itself, of NAV, "
    "R34), '0.15 * equity' (premium paid for what is held, R43) or 'crash_gain(-0.10)' (gain at that move of "
    "the index: at most what the core can still lose, R24)"
)


def canonical(text: str) -> str:
    """Return a cap in the one way of writing it.

    Raises
    ------
    ValueError
        It is none: the message names the forms.

    Examples
    --------
    >>> canonical("0.150*equity"), canonical("crash_gain(-.1)")
    ('0.15 * equity', 'crash_gain(-0.1)')
    """
    text = text.strip()
    if text == BUDGET:
        return text
    if found := _OWN.fullmatch(text):
        share = float(found[1])
        if not 0 < share <= 1:
            raise ValueError(
                f"cap {text!r}: expected cost of a year as a share of NAV, above 0 and at most 1"
            )
        return f"layer.budget({share!r})"
    if found := _EQUITY.fullmatch(text):
        share = float(found[1])
        if not 0 < share < math.inf:
            raise ValueError(f"cap {text!r}: a share of equity above 0")
        return f"{share!r} * equity"
    if found := _CRASH.fullmatch(text):
        move = float(found[1])
        if not DEEPEST <= move < 0:
            raise ValueError(f"cap {text!r}: a fall of the index, from {DEEPEST} to below 0")
        return f"crash_gain({move!r})"
    raise ValueError(f"cap {text!r}: {FORMS}")


def is_budget(text: str) -> bool:
    """Say whether a cap counts the expected cost of a year.

    Examples
    --------
    >>> is_budget("layer.budget(0.005)"), is_budget("0.15 * equity")
    (True, False)
    """
    return text == BUDGET or _OWN.fullmatch(text) is not None


def spec(text: str) -> dict[str, Any]:
    """Return a cap as the engine reads it; the move of a crash as a logarithm.

    Examples
    --------
    >>> spec("0.15 * equity")
    {'kind': 'premium', 'share': 0.15}
    """
    if text == BUDGET:
        return {"kind": "budget"}
    if found := _OWN.fullmatch(text):
        return {"kind": "layer_budget", "per_year": float(found[1])}
    if found := _EQUITY.fullmatch(text):
        return {"kind": "premium", "share": float(found[1])}
    if found := _CRASH.fullmatch(text):
        return {"kind": "crash_gain", "ln_move": math.log1p(float(found[1]))}
    raise ValueError(f"cap {text!r}: {FORMS}")
