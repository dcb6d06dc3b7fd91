"""Rules as text: Python's own grammar, cut down to what a rule may say."""

import ast
import re
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

from alvh._core import RuleError
from alvh.rules import tree
from alvh.rules.objects import Expr, wrap
from alvh.rules.tree import FUNCTIONS, METHODS, Node, Op

MAX_TEXT = 4000
"""Longest text, characters, as in the engine."""

# Quotes, brackets, backslashes and everything outside ASCII are refused before Python's parser sees them.
_FOREIGN = re.compile(r"[^A-Za-z0-9_\s.,()<>=!+\-*/&|~]", re.ASCII)

_OPERATORS: dict[type[ast.AST], Op] = {
    ast.Add: Op.ADD,
    ast.Sub: Op.SUB,
    ast.Mult: Op.MUL,
    ast.Div: Op.DIV,
    ast.BitAnd: Op.AND,
    ast.BitOr: Op.OR,
    ast.And: Op.AND,
    ast.Or: Op.OR,
    ast.Lt: Op.LT,
    ast.LtE: Op.LE,
    ast.Gt: Op.GT,
    ast.GtE: Op.GE,
    ast.Eq: Op.EQ,
    ast.NotEq: Op.NE,
    ast.USub: Op.NEG,
    ast.Not: Op.NOT,
    ast.Invert: Op.NOT,
}

_GRAMMAR = (
    "a rule consists of numbers, names, + - * /, comparisons, and or not, "
    f"{' '.join(FUNCTIONS)} within own, .{'(n) .'.join(METHODS)}(n)"
)
_METHOD_EXAMPLES = {
    "for_sessions": "(vix > 28).for_sessions(3)",
    "rising": "vix.rising(3)",
    "falling": "spot.falling(3)",
    "zscore": "vix.zscore(252)",
    "percentile": "vix.percentile(252)",
}
_TOO_DEEP = "nested too deeply: split the rule"
_MEND_SIGNS = (
    "`&`, `|` and `~` bind tighter than comparisons: "
    "write and, or, not, or put each comparison in parentheses"
)


def parse(text: str) -> Expr:
    """Read a rule.

    Parameters
    ----------
    text
        For example ``"profit >= 0.5 * credit or days_to_expiry <= 5"``. Comparisons may be chained:
        ``25 < vix < 30`` means ``25 < vix and vix < 30``. Line breaks count as spaces.

    Returns
    -------
    Condition or Number
        It keeps the text: ``str(parse(text)) == text``.

    Raises
    ------
    RuleError
        Showing the rule, the sub-expression at fault, and the mend.

    Examples
    --------
    >>> parse("25 < vix < 30")
    25 < vix and vix < 30
    >>> parse("vix > 28 & rsi_14 < 30")
    Traceback (most recent call last):
        ...
    alvh.RuleError: rule 'vix > 28 & rsi_14 < 30': at '28': `&`, `|` and `~` bind tighter than comparisons: \
write and, or, not, or put each comparison in parentheses
    """
    if not isinstance(text, str):
        raise RuleError(f"rule {text!r}: a rule is text")
    return wrap(_Reader(text).read(), text)


class _Reader:
    """Walks Python's syntax tree; knows the text, so that every error can show the part at fault."""

    def __init__(self, text: str) -> None:
        self.text = text
        # One line without indentation, so that a node's columns are positions in it.
        self.line = re.sub(r"\s", " ", text).strip()

    def read(self) -> Node:
        if len(self.text) > MAX_TEXT:
            self._fail(self.text, f"{len(self.text)} characters, where {MAX_TEXT} are allowed")
        if foreign := _FOREIGN.search(self.line):
            self._fail(foreign.group(), f"not a sign of the rule language; {_GRAMMAR}")
        try:
            # Python warns of `1or vix`, which it reads as it is meant.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                body = ast.parse(self.line, mode="eval").body
        except SyntaxError as error:
            start = max((error.offset or 1) - 1, 0)
            self._fail(self.line[start:] or self.line, f"not understood ({error.msg}); {_GRAMMAR}")
        except (MemoryError, RecursionError):
            self._fail(self.line, _TOO_DEEP)
        try:
            return self._node(body)
        except RecursionError:
            self._fail(self.line, _TOO_DEEP)

    def _node(self, node: ast.expr) -> Node:  # noqa: C901, PLR0911, PLR0912 - one arm per construct
        match node:
            case ast.Constant(int() | float() as value) if not isinstance(value, bool):
                return self._constant(node, value)
            case ast.Name(name) if name in {*FUNCTIONS, *tree.WORDS}:
                return self._fail_at(node, f"{name} is a function: write {name}(...)")
            case ast.Name(name):
                return tree.Name(name)
            case ast.UnaryOp(ast.USub() | ast.Not() | ast.Invert() as op, operand):
                return self._apply(node, op, [operand])
            case ast.BinOp(left, op, right) if type(op) in _OPERATORS:
                return self._apply(node, op, [left, right])
            case ast.BoolOp(op, values):
                return self._apply(node, op, values)
            case ast.Compare(left, ops, rest) if all(type(op) in _OPERATORS for op in ops):
                return self._comparison(node, ops, [left, *rest])
            case ast.Call(ast.Name("votes"), [ast.Constant(int() as k), *args], []):
                return self._operation(node, Op.VOTES, [self._node(arg) for arg in args], k)
            case ast.Call(ast.Name("votes")):
                return self._fail_at(
                    node, "votes begins with a whole number: votes(2, vix > 28, rsi_14 < 30)"
                )
            case ast.Call(ast.Name("own"), args, []):
                return self._own(node, args)
            case ast.Call(ast.Name("within"), args, []):
                return self._within(node, args)
            case ast.Call(ast.Name(name), args, []) if name in FUNCTIONS:
                return self._operation(node, FUNCTIONS[name], [self._node(arg) for arg in args])
            case ast.Call(ast.Attribute(operand, name), [ast.Constant(int() as n)], []) if name in METHODS:
                return self._operation(node, METHODS[name], [self._node(operand)], n)
            case ast.Call(ast.Attribute(_, name)) if name in METHODS:
                return self._fail_at(node, f"{name} takes one whole number: {_METHOD_EXAMPLES[name]}")
            case _:
                return self._fail_at(node, f"not part of the rule language; {_GRAMMAR}")

    def _own(self, node: ast.expr, args: Sequence[ast.expr]) -> Node:
        match args:
            case [ast.Name(name)] if name not in {*FUNCTIONS, *tree.WORDS}:
                return tree.Name(name, own=True)
            case _:
                return self._fail_at(node, "own takes the name of a signal of your own: own(vvix)")

    def _within(self, node: ast.expr, args: Sequence[ast.expr]) -> Node:
        match args:
            case [ast.Constant(int() | float() as days), ast.Name(event)]:
                pass
            case _:
                self._fail_at(node, "within takes calendar days and an event: within(14, fomc)")
        try:
            return tree.within(days, event)
        except RuleError as error:
            self._fail_at(node, str(error))

    def _constant(self, node: ast.expr, value: float) -> Node:
        try:
            return tree.constant(value)
        except RuleError:
            self._fail_at(node, "a constant must be a finite number")

    def _apply(self, node: ast.expr, sign: ast.AST, operands: Sequence[ast.expr]) -> Node:
        op = _OPERATORS[type(sign)]
        args = self._operands(op, operands, is_sign=isinstance(sign, ast.BitAnd | ast.BitOr | ast.Invert))
        return self._operation(node, op, args)

    def _comparison(self, node: ast.expr, ops: Sequence[ast.cmpop], operands: Sequence[ast.expr]) -> Node:
        args = self._operands(Op.LT, operands)
        links = [
            self._operation(node, _OPERATORS[type(op)], pair)
            for op, pair in zip(ops, pairwise(args), strict=True)
        ]
        return links[0] if len(links) == 1 else self._operation(node, Op.AND, links)

    def _operands(self, op: Op, operands: Sequence[ast.expr], *, is_sign: bool = False) -> list[Node]:
        args = [self._node(operand) for operand in operands]
        for operand, arg in zip(operands, args, strict=True):
            wanted = tree.takes(op)
            if wanted not in {None, arg.kind}:
                problem = (
                    _MEND_SIGNS
                    if is_sign
                    else f"`{op.value}` takes {wanted.value}, and this is {arg.kind.value}"
                )
                self._fail_at(operand, problem)
        return args

    def _operation(self, node: ast.expr, op: Op, args: Sequence[Node], n: int | None = None) -> Node:
        try:
            return tree.operation(op, args, n)
        except RuleError as error:
            self._fail_at(node, str(error))

    def _fail_at(self, node: ast.expr, problem: str) -> NoReturn:
        self._fail(self.line[node.col_offset : node.end_col_offset], problem)

    def _fail(self, at: str, problem: str) -> NoReturn:
        raise RuleError(f"rule {tree.shown(self.text)!r}: at {tree.shown(at)!r}: {problem}") from None
