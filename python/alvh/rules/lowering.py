"""A rule as a Polars expression: rows are sessions, null is missing or unknown."""

from collections.abc import Callable
from functools import reduce

import polars as pl

from alvh.rules.tree import Constant, Name, Node, Op, Operation

_BINARY: dict[Op, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    Op.ADD: lambda a, b: _finite(a + b),
    Op.SUB: lambda a, b: _finite(a - b),
    Op.MUL: lambda a, b: _finite(a * b),
    Op.DIV: lambda a, b: _finite(a / b),
    # Not min_horizontal and max_horizontal, which skip nulls: here a missing operand is contagious.
    Op.MIN: lambda a, b: pl.when(a < b).then(a).when(b <= a).then(b),
    Op.MAX: lambda a, b: pl.when(a > b).then(a).when(b >= a).then(b),
    Op.LT: lambda a, b: a < b,
    Op.LE: lambda a, b: a <= b,
    Op.GT: lambda a, b: a > b,
    Op.GE: lambda a, b: a >= b,
    Op.EQ: lambda a, b: a == b,
    Op.NE: lambda a, b: a != b,
    Op.AND: lambda a, b: a & b,
    Op.OR: lambda a, b: a | b,
}


def lower(node: Node) -> pl.Expr:  # noqa: PLR0911 - one return per construct
    """Give the tree as an expression over columns of the same names."""
    match node:
        case Constant(value):
            return _column(value)
        case Name(text):
            return _finite(pl.col(text).cast(pl.Float64))
        case Operation(Op.NEG, (arg,)):
            return -lower(arg)
        case Operation(Op.ABS, (arg,)):
            return lower(arg).abs()
        case Operation(Op.NOT, (arg,)):
            return ~lower(arg)
        case Operation(Op.KNOWN, (arg,)):
            return lower(arg).is_not_null()
        case Operation(Op.FOR_SESSIONS, (arg,), int(n)):
            return _for_sessions(lower(arg), n)
        case Operation(Op.LATCH, (on, off)):
            return _latch(lower(on), lower(off))
        case Operation(op, args):
            return reduce(_BINARY[op], map(lower, args))


def _finite(number: pl.Expr) -> pl.Expr:
    # In Polars NaN compares true and sorts high: what is not finite becomes null before anything compares it.
    return pl.when(number.is_finite()).then(number)


def _column(value: float) -> pl.Expr:
    # A whole column, because Polars treats one value for all rows differently: it divides through the rounded
    # reciprocal, and a comparison with a column of nulls or a rolling window gives one row.
    return pl.int_range(pl.len()) * 0.0 + value


def _for_sessions(condition: pl.Expr, n: int) -> pl.Expr:
    false = _count(~condition, n) > 0
    true = _count(condition, n) == n
    return pl.when(false).then(pl.lit(value=False)).when(true).then(pl.lit(value=True))


def _latch(on: pl.Expr, off: pl.Expr) -> pl.Expr:
    switched = pl.when(on).then(pl.lit(value=True)).when(off).then(pl.lit(value=False))
    return switched.forward_fill().fill_null(value=False)


def _count(condition: pl.Expr, n: int) -> pl.Expr:
    return condition.fill_null(value=False).cast(pl.Int64).rolling_sum(n, min_samples=1)
