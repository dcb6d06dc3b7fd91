"""The tree of a rule: plain values with structural equality, one to one with the engine's JSON."""

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, SupportsFloat

from alvh._core import RuleError

MAX_DEPTH = 50
"""Deepest nesting of a tree, as in the engine."""
MAX_NODES = 1000
"""Most nodes of a tree, as in the engine."""
MAX_WINDOW = 2520
"""Longest window, sessions: ten years."""
MAX_VOTERS = 32
"""Most conditions that vote, as in the engine."""


class Kind(Enum):
    """What an operand or a result is."""

    NUMBER = "a number"
    CONDITION = "a condition"


class Op(Enum):
    """The operators, by their names in JSON."""

    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    DIV = "div"
    NEG = "neg"
    ABS = "abs"
    MIN = "min"
    MAX = "max"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    EQ = "eq"
    NE = "ne"
    AND = "and"
    OR = "or"
    NOT = "not"
    KNOWN = "known"
    FOR_SESSIONS = "for_sessions"
    LATCH = "latch"
    CLIP = "clip"
    CROSSES_ABOVE = "crosses_above"
    CROSSES_BELOW = "crosses_below"
    RISING = "rising"
    FALLING = "falling"
    SINCE = "since"
    ZSCORE = "zscore"
    PERCENTILE = "percentile"
    VOTES = "votes"
    SCORE = "score"


_NUMBERS_TO_NUMBER = {
    *(Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.CLIP),
    *(Op.ZSCORE, Op.PERCENTILE),
}
_GIVE_NUMBER = _NUMBERS_TO_NUMBER | {Op.SINCE, Op.SCORE}
_TAKE_CONDITIONS = {Op.AND, Op.OR, Op.NOT, Op.FOR_SESSIONS, Op.LATCH, Op.SINCE, Op.VOTES}
_TAKE_EITHER = {Op.KNOWN, Op.SCORE}

_ARITY = {
    **dict.fromkeys((Op.NEG, Op.ABS, Op.NOT, Op.KNOWN, Op.FOR_SESSIONS, Op.SINCE), (1, 1)),
    **dict.fromkeys((Op.RISING, Op.FALLING, Op.ZSCORE, Op.PERCENTILE), (1, 1)),
    **dict.fromkeys((Op.AND, Op.OR, Op.MIN, Op.MAX), (2, MAX_NODES)),
    Op.CLIP: (3, 3),
    Op.VOTES: (2, MAX_VOTERS),
    Op.SCORE: (4, MAX_NODES),
}
"""The fewest and the most operands, where they are not two."""

WINDOWS = {Op.FOR_SESSIONS: 1, Op.RISING: 1, Op.FALLING: 1, Op.ZSCORE: 2, Op.PERCENTILE: 2}
"""Operators that look back over n sessions, written as methods; the shortest window."""

METHODS = {op.value: op for op in WINDOWS}
"""Operators that text writes after a point."""

FUNCTIONS = {
    op.value: op
    for op in (
        *(Op.ABS, Op.MIN, Op.MAX, Op.CLIP, Op.KNOWN, Op.LATCH, Op.CROSSES_ABOVE, Op.CROSSES_BELOW),
        *(Op.SINCE, Op.VOTES, Op.SCORE),
    )
}
"""Operators that text writes as calls."""

WORDS = {"own", "within"}
"""Functions of the language that are no operators."""

SHOWN = 60
"""Characters of a text that a message shows."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Constant:
    """A finite number."""

    value: float
    kind: Kind = field(default=Kind.NUMBER, init=False, repr=False)
    depth: int = field(default=1, init=False, repr=False)
    nodes: int = field(default=1, init=False, repr=False)

    def __post_init__(self) -> None:
        if not -float("inf") < self.value < float("inf"):
            raise RuleError(f"{self.value}: a constant must be a finite number")

    def json(self) -> dict[str, Any]:
        """Give the node as the engine reads it."""
        return {"const": self.value}


@dataclass(frozen=True, slots=True)
class Name:
    """A named column; `own`: declared as the user's, whatever known name it is near."""

    text: str
    own: bool = field(default=False, compare=False, repr=False)
    kind: Kind = field(default=Kind.NUMBER, init=False, repr=False)
    depth: int = field(default=1, init=False, repr=False)
    nodes: int = field(default=1, init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or not _IDENTIFIER.fullmatch(self.text):
            raise RuleError(f"name {shown(self.text)!r}: a name consists of letters, digits and _")
        if keyword.iskeyword(self.text) or self.text in {*FUNCTIONS, *WORDS}:
            raise RuleError(f"name {self.text!r}: this is a word of the rule language")

    def json(self) -> dict[str, Any]:
        """Give the node as the engine reads it."""
        return {"name": self.text}


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator and its operands; made by `operation`, which checks them."""

    op: Op
    args: "tuple[Node, ...]"
    n: int | None = None
    depth: int = field(init=False, repr=False, compare=False)
    nodes: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Measured from the operands' own measures, so that a tree can be refused before anything walks it.
        object.__setattr__(self, "depth", 1 + max(arg.depth for arg in self.args))
        object.__setattr__(self, "nodes", 1 + sum(arg.nodes for arg in self.args))

    @property
    def kind(self) -> Kind:
        """What the operator gives."""
        return Kind.NUMBER if self.op in _GIVE_NUMBER else Kind.CONDITION

    def json(self) -> dict[str, Any]:
        """Give the node as the engine reads it."""
        node: dict[str, Any] = {"op": self.op.value, "args": [arg.json() for arg in self.args]}
        return node if self.n is None else {**node, "n": self.n}


Node = Constant | Name | Operation


def takes(op: Op) -> Kind | None:
    """Say what the operands must be; None: either."""
    if op in _TAKE_EITHER:
        return None
    return Kind.CONDITION if op in _TAKE_CONDITIONS else Kind.NUMBER


def operation(op: Op, args: Sequence[Node], n: int | None = None) -> Node:
    """Apply the operator: the one place where operands are checked and equal meanings get equal trees.

    Nested ``and`` in ``and`` (``or`` in ``or``) is flattened, and the sign of a constant belongs to the
    constant, so that printing and parsing a tree gives it back.

    Raises
    ------
    RuleError
        For operands of the wrong kind or number, a window out of bounds, or a tree that is too large.
    """
    fewest, most = _ARITY.get(op, (2, 2))
    if not fewest <= len(args) <= most:
        wanted = {fewest: str(fewest), MAX_NODES: f"{fewest} or more"}.get(most, f"{fewest} to {most}")
        raise RuleError(f"`{op.value}` takes {wanted} operands, not {len(args)}")
    wanted_kind = takes(op)
    for arg in args:
        if wanted_kind not in {None, arg.kind}:
            raise RuleError(f"`{op.value}` takes {wanted_kind.value}, not {arg.kind.value}")
    _check_count(op, args, n)
    if op is Op.SCORE:
        _check_pairs(args)
    match op, args:
        case Op.NEG, [Constant(value)]:
            return Constant(-value)
        case ((Op.AND | Op.OR), _):
            args = [term for arg in args for term in _terms(op, arg)]
    made = Operation(op, tuple(args), n)
    if made.depth > MAX_DEPTH or made.nodes > MAX_NODES:
        raise RuleError(f"a tree may have {MAX_NODES} nodes, nested {MAX_DEPTH} deep: split the rule")
    return made


def within(days: float, event: str) -> Node:
    """Say ``days_to_EVENT <= days``: `within` is a way to write it, not an operator of its own.

    Raises
    ------
    RuleError
        For days that are not a number of 0 or more, or an event that is no word.
    """
    if isinstance(days, bool) or not days >= 0:
        raise RuleError(f"{shown(days)}: within takes calendar days, 0 or more: within(14, fomc)")
    return operation(Op.LE, [Name(f"days_to_{event}"), constant(days)])


def constant(value: SupportsFloat) -> Constant:
    """Make a constant of a number; raises `RuleError` if it is none that the engine can hold."""
    try:
        return Constant(float(value))
    except OverflowError:
        raise RuleError(f"{shown(value)}: a constant must be a finite number") from None


def shown(value: object) -> str:
    """Write a value for a message, cut short."""
    try:
        text = str(value)
    except ValueError:  # Python writes no whole number of more than some thousands of digits.
        return "a number of thousands of digits"
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _check_count(op: Op, args: Sequence[Node], n: int | None) -> None:
    least, most = (WINDOWS[op], MAX_WINDOW) if op in WINDOWS else (1, len(args))
    if op not in {*WINDOWS, Op.VOTES}:
        if n is not None:
            raise RuleError(f"n = {shown(n)}: `{op.value}` has no window n")
    elif not isinstance(n, int) or isinstance(n, bool) or not least <= n <= most:
        wanted = (
            f"of sessions from {least}" if op in WINDOWS else f"of conditions that must hold from {least}"
        )
        raise RuleError(f"n = {shown(n)}: `{op.value}` takes a whole number {wanted} to {most}")


def _check_pairs(args: Sequence[Node]) -> None:
    if len(args) % 2:
        raise RuleError(f"`score` takes pairs of weight and term, not {len(args)} operands")
    for weight in args[::2]:
        if not (isinstance(weight, Constant) and weight.value > 0):
            raise RuleError("a weight of `score` is a constant above 0: score(2, vix > 28, 1, rsi_14 < 30)")


def _terms(op: Op, arg: Node) -> tuple[Node, ...]:
    return arg.args if isinstance(arg, Operation) and arg.op is op else (arg,)


def from_json(node: object, depth: int = 1) -> Node:
    """Rebuild a tree from its JSON; raises `RuleError` for anything else."""
    if depth > MAX_DEPTH:
        raise RuleError(f"a tree may be nested {MAX_DEPTH} deep: split the rule")
    match node:
        case {"const": int() | float() as value, **rest} if not rest and not isinstance(value, bool):
            return constant(value)
        case {"name": str() as text, **rest} if not rest:
            return Name(text)
        case {"op": str() as op, "args": list() as args, **rest} if rest.keys() <= {"n"}:
            if op not in {known.value for known in Op}:
                raise RuleError(f"{shown(op)!r}: the operators are {', '.join(known.value for known in Op)}")
            n = rest.get("n")
            if not isinstance(n, int | None):
                raise RuleError(f"n = {shown(n)}: a window is a whole number of sessions")
            return operation(Op(op), [from_json(arg, depth + 1) for arg in args], n)
        case _:
            raise RuleError(
                f'{shown(node)}: a node is {{"const": x}}, {{"name": s}} or {{"op": s, "args": [...]}}'
            )
