"""What a rule would say in its last session if a number of it stood elsewhere."""

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from alvh.rules.families import LEAST_FAMILIES, VALUATION, families
from alvh.rules.lowering import LEAST_TERMS, apply, lower
from alvh.rules.tree import Constant, Kind, Node, Op, Operation

Value = float | bool | None

_SIGNS: dict[Op, frozenset[int]] = {
    Op.LT: frozenset({-1}),
    Op.LE: frozenset({-1, 0}),
    Op.GT: frozenset({1}),
    Op.GE: frozenset({0, 1}),
    Op.EQ: frozenset({0}),
    Op.NE: frozenset({-1, 1}),
    Op.CROSSES_ABOVE: frozenset({1}),
    Op.CROSSES_BELOW: frozenset({-1}),
    Op.RISING: frozenset({1}),
    Op.FALLING: frozenset({-1}),
}
"""Where the first side lies of the second in a session in which the atom is true."""
_TRENDS = {Op.RISING, Op.FALLING}
_CROSSINGS = {Op.CROSSES_ABOVE, Op.CROSSES_BELOW}
_COMPARE: dict[Op, Callable[[Any, Any], bool]] = {
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
    Op.EQ: operator.eq,
    Op.NE: operator.ne,
}


class Evaluated:
    """Every distinct node of a rule over the sessions; operands come before what uses them.

    `begins` gives the first row that an operator sees, where that is not the first of the frame.
    """

    def __init__(self, tree: Node, frame: pl.DataFrame, begins: Mapping[Node, int]) -> None:
        self.nodes: list[Node] = []
        self.place: dict[Node, int] = {}
        self.args: list[tuple[int, ...]] = []
        self._add(tree)
        self._begins = [begins.get(node, 0) for node in self.nodes]
        self._users: list[list[int]] = [[] for _ in self.nodes]
        for user, args in enumerate(self.args):
            for arg in set(args):
                self._users[arg].append(user)
        wide = frame.select(lower(n).alias(str(i)) for i, n in enumerate(self.nodes) if n.depth == 1)
        for depth in range(2, tree.depth + 1):
            wide = wide.with_columns(
                apply(node.op, self._operands(i, self.args[i]), node.n or 0, node.args).alias(str(i))
                for i, node in enumerate(self.nodes)
                if isinstance(node, Operation) and node.depth == depth
            )
        self.columns = [wide[str(i)] for i in range(len(self.nodes))]
        self.last: list[Value] = [column[-1] for column in self.columns]
        self._remembered: dict[tuple[int, tuple[Value, ...]], Value] = {}

    def _operands(self, i: int, columns: Iterable[int]) -> list[pl.Expr]:
        seen = pl.int_range(pl.len()) >= self._begins[i]
        return [pl.when(seen).then(pl.col(str(column))) for column in columns]

    def _add(self, node: Node) -> int:
        if node not in self.place:
            args = tuple(self._add(arg) for arg in node.args) if isinstance(node, Operation) else ()
            self.place[node] = len(self.nodes)
            self.nodes.append(node)
            self.args.append(args)
        return self.place[node]

    def after(self, becomes: Mapping[int, Value]) -> Value:
        """Give the rule's value in the last session if these nodes had these values in it."""
        touched = set(becomes)
        ahead = list(becomes)
        while ahead:
            fresh = [user for user in self._users[ahead.pop()] if user not in touched]
            touched.update(fresh)
            ahead += fresh
        values = dict(becomes)
        for i in sorted(touched - becomes.keys()):
            values[i] = self._again(i, tuple(values.get(arg, self.last[arg]) for arg in self.args[i]))
        return values.get(len(self.nodes) - 1, self.last[-1])

    def _again(self, i: int, args: tuple[Value, ...]) -> Value:
        if args == tuple(self.last[arg] for arg in self.args[i]):
            return self.last[i]
        if (i, args) not in self._remembered:
            self._remembered[i, args] = self._applied(i, args)
        return self._remembered[i, args]

    def _applied(self, i: int, args: tuple[Value, ...]) -> Value:
        node = self.nodes[i]
        assert isinstance(node, Operation)  # noqa: S101 - only an operation has operands
        match node.op:
            case Op.AND | Op.OR:
                decides = node.op is Op.OR
                return decides if decides in args else None if None in args else not decides
            case Op.VOTES:
                true, unknown = args.count(True), args.count(None)
                least = node.n or 0
                return True if true >= least else False if true + unknown < least else None
            case Op.SCORE:
                return _score(args, node.args[1::2])
            case op if op in _COMPARE:
                a, b = args
                return None if a is None or b is None else _COMPARE[op](a, b)
        columns = [self.columns[arg] for arg in self.args[i]]
        changed = pl.DataFrame(
            pl.concat([column.head(column.len() - 1), pl.Series([value], dtype=column.dtype)]).alias(str(k))
            for k, (column, value) in enumerate(zip(columns, args, strict=True))
        )
        operands = self._operands(i, range(len(args)))
        answer: Value = changed.select(apply(node.op, operands, node.n or 0, node.args)).to_series()[-1]
        return answer


def _score(args: tuple[Value, ...], terms: tuple[Node, ...]) -> Value:
    total = weights = valuation = other = 0.0
    known = 0
    heard: set[str] = set()
    for weight, term, node in zip(args[::2], args[1::2], terms, strict=True):
        if weight is not None and term is not None:
            total, weights, known = total + weight * term, weights + weight, known + 1
            own = families(node)
            heard |= own
            valuation += weight if VALUATION in own else 0.0
            other += weight if own and VALUATION not in own else 0.0
    enough = known >= LEAST_TERMS and len(heard) >= LEAST_FAMILIES and valuation <= other
    return total / weights if enough and math.isfinite(total / weights) else None


@dataclass(frozen=True, slots=True)
class Move:
    """A number that stands elsewhere in the last session."""

    of: tuple[int, ...]
    """The node that moves, or the two whose distance does."""
    becomes: tuple[tuple[int, bool | None], ...]
    """Atoms that turn with it, and their values then."""
    size: float
    """Distance moved, in units of how the two sides usually lie apart; infinite where data are missing."""


class _Atom(NamedTuple):
    """A comparison, crossing or trend as a number and the bound at which it turns."""

    node: int
    of: tuple[int, ...]
    bound: float | None
    signs: frozenset[int]
    """Signs of number less bound with which it is true."""
    before: bool | None
    """Whether the earlier sessions allow it to be true."""
    size: float

    def at(self, place: tuple[float, int]) -> bool | None:
        """Give its value with the number at, just above (1) or just below (-1) a place."""
        here = (self.bound, 0)
        return self.before if (place > here) - (place < here) in self.signs else False


def moves(rule: Evaluated) -> list[Move]:
    """Give the moves of one number that turn an atom: each carries the other atoms over that number along."""
    atoms = [atom for i, node in enumerate(rule.nodes) if (atom := _atom(rule, i, node)) is not None]
    over: dict[tuple[int, ...], list[_Atom]] = {}
    for atom in atoms:
        over.setdefault(atom.of, []).append(atom)
    smallest: dict[tuple[tuple[int, bool | None], ...], Move] = {}
    for move in (*_presences(rule), *(m for atom in atoms for m in _moves(rule, atom, over[atom.of]))):
        if move.becomes not in smallest or move.size < smallest[move.becomes].size:
            smallest[move.becomes] = move
    return list(smallest.values())


def is_atom(node: Node) -> bool:
    """Say whether the node is a comparison, crossing, trend or ``known(x)`` of a number."""
    if not isinstance(node, Operation):
        return False
    return node.op in _SIGNS or (node.op is Op.KNOWN and node.args[0].kind is Kind.NUMBER)


def _presences(rule: Evaluated) -> Iterator[Move]:
    for i, node in enumerate(rule.nodes):
        if isinstance(node, Operation) and node.op is Op.KNOWN and is_atom(node):
            yield Move((i,), ((i, not rule.last[i]),), math.inf)


def _moves(rule: Evaluated, atom: _Atom, beside: list[_Atom]) -> Iterator[Move]:
    for wanted in (True, False):
        if rule.last[atom.node] is wanted or (wanted and atom.before is False):
            continue
        if atom.bound is None or (wanted and atom.before is None):
            yield Move(atom.of, ((atom.node, wanted),), math.inf)
            continue
        for sign in (-1, 0, 1):
            if (sign in atom.signs) is not wanted:
                continue
            then = [(x.node, x.at((atom.bound, sign))) for x in beside if x.bound is not None]
            turned = tuple((node, value) for node, value in then if value is not rule.last[node])
            yield Move(atom.of, turned, atom.size)


def _atom(rule: Evaluated, i: int, node: Node) -> _Atom | None:
    if not isinstance(node, Operation) or node.op not in _SIGNS:
        return None
    signs = _SIGNS[node.op]
    if node.op in _TRENDS:
        (first,) = rule.args[i]
        values = rule.columns[first]
        size = _size(values, values.shift(1))
        bound = values[-2] if values.len() > 1 else None
        return _Atom(i, (first,), bound, signs, _trend_before(values, node.n or 1, signs), size)
    a, b = rule.args[i]
    before = _crossing_before(rule.columns[a], rule.columns[b], signs) if node.op in _CROSSINGS else True
    size = _size(rule.columns[a], rule.columns[b])
    mirrored = frozenset(-sign for sign in signs)
    match rule.nodes[a], rule.nodes[b]:
        case Constant(), Constant():
            return None
        case _, Constant(bound):
            return _Atom(i, (a,), bound, signs, before, size)
        case Constant(bound), _:
            return _Atom(i, (b,), bound, mirrored, before, size)
    return _Atom(i, (min(a, b), max(a, b)), 0.0, signs if a < b else mirrored, before, size)


def _trend_before(values: pl.Series, n: int, signs: frozenset[int]) -> bool | None:
    earlier = values.head(values.len() - 1).tail(n)
    steps = earlier.diff().sign().tail(max(earlier.len() - 1, 0)).to_list()
    if any(step is not None and step not in signs for step in steps):
        return False
    return None if len(steps) < n - 1 or None in steps else True


def _crossing_before(a: pl.Series, b: pl.Series, signs: frozenset[int]) -> bool | None:
    if a.len() < 2 or a[-2] is None or b[-2] is None:
        return None
    return (a[-2] > b[-2]) - (a[-2] < b[-2]) not in signs


def _size(a: pl.Series, b: pl.Series) -> float:
    gaps = a - b
    if gaps[-1] is None:
        return math.inf
    spread = gaps.std()
    scale = spread if isinstance(spread, float) and spread > 0 else max(abs(a[-1]), abs(b[-1]))
    return abs(gaps[-1]) / scale if gaps[-1] else 0.0
