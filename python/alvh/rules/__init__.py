"""Rules: when a layer opens, closes, or how large it may be.

A rule is written as text (``parse``) or composed of objects (``signal``); both give the same tree, which
travels to the engine as JSON and lowers to a Polars expression. Objects use ``&``, ``|`` and ``~``; text uses
``and``, ``or`` and ``not``.

Logic is three-valued (Kleene): a number that is missing makes its comparisons unknown, and a gate opens only
on true. ``known(x)`` is the way back to two values.

Examples
--------
>>> from alvh import rules as r
>>> vix, rsi = r.signal("vix"), r.signal("rsi_14")
>>> rule = (vix > 28).for_sessions(3) & (rsi < 30)
>>> rule
(vix > 28).for_sessions(3) and rsi_14 < 30
>>> r.parse("(vix > 28).for_sessions(3) and rsi_14 < 30") == rule
True
>>> rule.check("market")
('vix', 'rsi_14')
"""

from typing import TYPE_CHECKING, NamedTuple

from alvh import _core
from alvh._core import RuleError
from alvh.rules.objects import (
    Condition,
    Expr,
    Number,
    clip,
    crosses_above,
    crosses_below,
    from_spec,
    known,
    latch,
    maximum,
    minimum,
    score,
    signal,
    since,
    votes,
    within,
)
from alvh.rules.text import parse

if TYPE_CHECKING:
    from alvh.rules.explaining import Explanation, explain

__all__ = [
    "Condition",
    "Explanation",
    "Expr",
    "NameInfo",
    "Number",
    "RuleError",
    "clip",
    "crosses_above",
    "crosses_below",
    "explain",
    "from_spec",
    "known",
    "latch",
    "maximum",
    "minimum",
    "names",
    "parse",
    "score",
    "signal",
    "since",
    "votes",
    "within",
]


class NameInfo(NamedTuple):
    """What a rule may speak of: one row of the registry."""

    name: str
    """As written in rules."""
    unit: str
    """Unit of the column."""
    scope: str
    """``"market"``, ``"book"`` or ``"position"``; a rule sees its own scope and those before it."""
    source: str
    """Requirement, or where the definition comes from."""
    doc: str
    """One sentence."""
    warm_up: int
    """Sessions of data wanted before the first session; 0 for names that are not computed from the past."""
    family: str
    """What it is evidence of; a `score` listens to at least two families (C24)."""


def names() -> tuple[NameInfo, ...]:
    """Every name that a rule may use.

    Examples
    --------
    >>> [row.unit for row in names() if row.name == "realised_vol_21"]
    ['per year']
    """
    return tuple(NameInfo(*row) for row in _core.rule_names())


def __getattr__(name: str) -> object:
    # Explaining needs Polars, which describing a rule does not load.
    if name in {"Explanation", "explain"}:
        from alvh.rules import explaining

        return getattr(explaining, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
