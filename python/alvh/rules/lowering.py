"""A rule as a Polars expression: rows are sessions, null is missing or unknown."""

import math
from collections.abc import Callable
from functools import reduce

import polars as pl

from alvh.rules.families import LEAST_FAMILIES, VALUATION, families
from alvh.rules.tree import Constant, Name, Node, Op, Operation

LEAST_TERMS = 2
"""Known terms below which a score is missing, as in the engine."""

_FALSE, _UNKNOWN, _TRUE = 0, 1, 2
"""Conditions in the order of a conjunction: an operand that is used twice would double with every nesting."""
_FAR = 1 << 40

_BINARY: dict[Op, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    Op.ADD: lambda a, b: _finite(a + b),
    Op.SUB: lambda a, b: _finite(a - b),
    Op.MUL: lambda a, b: _finite(a * b),
    Op.DIV: lambda a, b: _finite(a / b),
    Op.MIN: lambda a, b: _finite(pl.min_horizontal(a.fill_null(-math.inf), b.fill_null(-math.inf))),
    Op.MAX: lambda a, b: _finite(pl.max_horizontal(a.fill_null(math.inf), b.fill_null(math.inf))),
    Op.LT: lambda a, b: a < b,
    Op.LE: lambda a, b: a <= b,
    Op.GT: lambda a, b: a > b,
    Op.GE: lambda a, b: a >= b,
    Op.EQ: lambda a, b: a == b,
    Op.NE: lambda a, b: a != b,
    Op.AND: lambda a, b: a & b,
    Op.OR: lambda a, b: a | b,
}


def _finite(number: pl.Expr) -> pl.Expr:
    # In Polars NaN compares true and sorts high: what is not finite becomes null before anything compares it.
    return number.replace([math.inf, -math.inf, math.nan], None)


def _column(value: float) -> pl.Expr:
    # A whole column, because Polars treats one value for all rows differently: it divides through the rounded
    # reciprocal, and a comparison with a column of nulls or a rolling window gives one row.
    return pl.int_range(pl.len()) * 0.0 + value


def _code(condition: pl.Expr) -> pl.Expr:
    return (condition.cast(pl.Int64) * _TRUE).fill_null(_UNKNOWN)


def _decode(code: pl.Expr) -> pl.Expr:
    return code.replace_strict({_FALSE: False, _UNKNOWN: None, _TRUE: True}, return_dtype=pl.Boolean)


def _for_sessions(condition: pl.Expr, n: int) -> pl.Expr:
    least = _code(condition).rolling_min(n, min_samples=1)
    # Sessions before the first are unknown.
    complete = pl.when(pl.int_range(pl.len()) < n - 1).then(_UNKNOWN).otherwise(_TRUE)
    return _decode(pl.min_horizontal(least, complete))


def _latch(on: pl.Expr, off: pl.Expr) -> pl.Expr:
    switched = pl.when(on).then(pl.lit(value=True)).when(off).then(pl.lit(value=False))
    return switched.forward_fill().fill_null(value=False)


def _crossed(now: pl.Expr) -> pl.Expr:
    return now & ~now.shift(1)


def _since(condition: pl.Expr) -> pl.Expr:
    # Known truths are filled forward with their session, unknown ones with a session far ahead.
    session = pl.int_range(pl.len())
    event = _code(condition).replace_strict({_FALSE: None, _UNKNOWN: _FAR, _TRUE: 0}, return_dtype=pl.Int64)
    sessions = session - (event + session).forward_fill()
    return sessions.cast(pl.UInt32, strict=False).cast(pl.Float64)


def _zscore(number: pl.Expr, n: int) -> pl.Expr:
    def score(window: pl.Series) -> float:
        values = window.to_numpy()
        moved = values.min() < values.max()
        return (values[-1] - values.mean()) / values.std(ddof=1) if moved else math.nan

    return _finite(number.rolling_map(score, n, min_samples=n))


def _percentile(number: pl.Expr, n: int) -> pl.Expr:
    # Not rolling_rank, which old versions of Polars lack and which counts incomplete windows in others.
    def below(window: pl.Series) -> float:
        values = window.to_numpy()
        return float((values[:-1] < values[-1]).sum())

    return 100 * number.rolling_map(below, n, min_samples=n) / _column(n - 1)


def _votes(k: int, voters: list[pl.Expr]) -> pl.Expr:
    most = len(voters)
    ballot = pl.sum_horizontal(voter.cast(pl.Int64).fill_null(most + 1) for voter in voters)
    # As digits: unknown, true.
    outcomes = {
        unknown * (most + 1) + true: True if true >= k else False if true + unknown < k else None
        for unknown in range(most + 1)
        for true in range(most + 1 - unknown)
    }
    return ballot.replace_strict(outcomes, return_dtype=pl.Boolean)


def _score(weights: list[float], terms: list[pl.Expr], of: list[frozenset[str]]) -> pl.Expr:
    terms = [term.cast(pl.Float64) for term in terms]
    pairs = list(zip(weights, terms, strict=True))
    # Added from the left, as the engine does, so that the last bit agrees.
    total = reduce(pl.Expr.__add__, [(weight * term).fill_null(0.0) for weight, term in pairs])

    def weigh(counts: Callable[[frozenset[str]], bool]) -> pl.Expr:
        heard = [
            pl.when(term.is_not_null()).then(w if counts(own) else 0.0).otherwise(0.0)
            for (w, term), own in zip(pairs, of, strict=True)
        ]
        return reduce(pl.Expr.__add__, heard)

    weight = weigh(lambda _: True)
    led = weigh(lambda own: VALUATION in own) > weigh(lambda own: bool(own) and VALUATION not in own)
    known = pl.sum_horizontal(term.is_not_null().cast(pl.Int64) for term in terms)
    heard = [
        pl.any_horizontal(
            term.is_not_null() for term, own in zip(terms, of, strict=True) if family in own
        ).cast(pl.Int64)
        for family in sorted(frozenset().union(*of))
    ]
    enough = (known >= LEAST_TERMS) & (pl.sum_horizontal(heard or [pl.lit(0)]) >= LEAST_FAMILIES)
    return pl.when(enough & ~led).then(_finite(total / (weight + _column(0.0))))


_LOOK_BACK: dict[Op, Callable[[pl.Expr, int], pl.Expr]] = {
    Op.FOR_SESSIONS: _for_sessions,
    Op.RISING: lambda a, n: _for_sessions(a.diff() > 0, n),
    Op.FALLING: lambda a, n: _for_sessions(a.diff() < 0, n),
    Op.ZSCORE: _zscore,
    Op.PERCENTILE: _percentile,
}

_FIXED: dict[Op, Callable[..., pl.Expr]] = {
    Op.NEG: lambda a: -a,
    Op.ABS: lambda a: a.abs(),
    Op.NOT: lambda a: ~a,
    Op.KNOWN: lambda a: a.is_not_null(),
    Op.SINCE: _since,
    Op.LATCH: _latch,
    Op.CLIP: lambda a, low, high: _BINARY[Op.MIN](_BINARY[Op.MAX](a, low), high),
    Op.CROSSES_ABOVE: lambda a, b: _crossed(a > b),
    Op.CROSSES_BELOW: lambda a, b: _crossed(a < b),
}


def lower(node: Node) -> pl.Expr:
    """Give the tree as an expression over columns of the same names."""
    match node:
        case Constant(value):
            return _column(value)
        case Name(text):
            return _finite(pl.col(text).cast(pl.Float64))
        case Operation(op, args, n):
            return apply(op, [lower(arg) for arg in args], n or 0, args)


def apply(op: Op, args: list[pl.Expr], n: int, nodes: tuple[Node, ...]) -> pl.Expr:
    """Apply an operator to its operands' expressions; `nodes` are the operands themselves."""
    if op in _LOOK_BACK:
        return _LOOK_BACK[op](args[0], n)
    if op in _FIXED:
        return _FIXED[op](*args)
    if op is Op.VOTES:
        return _votes(n, args)
    if op is Op.SCORE:
        weights = [weight.value for weight in nodes[::2] if isinstance(weight, Constant)]
        return _score(weights, args[1::2], [families(term) for term in nodes[1::2]])
    return reduce(_BINARY[op], args)
