"""Why a rule says what it says: the value of every node, and the smallest changes that would turn it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from operator import index
from typing import Any, SupportsIndex

import polars as pl

from alvh._core import RuleError
from alvh.rules.lowering import lower
from alvh.rules.moving import Evaluated, Move, Value, is_atom, moves
from alvh.rules.objects import Expr
from alvh.rules.printing import to_text
from alvh.rules.text import parse
from alvh.rules.tree import Constant, Kind, Node, Op, Operation

MAX_ATOMS = 400
"""Most comparisons, crossings, trends and ``known(x)`` of a rule that is explained."""
_PAIRED = 16
"""Moves, the smallest that turn nothing alone, that are tried in pairs."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What `explain` gives; ``str`` says it in words."""

    rule: Expr
    """The rule."""
    outcome: bool | float | None
    """Its value; None is unknown or missing."""
    nodes: pl.DataFrame
    """One row per node, in the order of the text: `depth`, `parent` (its row), `text`, `number` or `truth`,
    and, for a term of a score, its `contribution` to it."""
    flips: pl.DataFrame
    """What would turn the gate, smallest change first: the `atoms` that turn and what they would `become`,
    the `change` (null where data are missing) and the `outcome` then."""
    cut: bool
    """Whether pairs beyond those of the 16 smallest changes were left untried: a smaller flip may exist."""

    def __str__(self) -> str:
        lines = [
            f"{'  ' * row['depth']}{_shown(row)}  {row['text']}{_share(row)}"
            for row in self.nodes.iter_rows(named=True)
        ]
        lines += map(_flip_in_words, self.flips.iter_rows(named=True))
        return "\n".join(
            [*lines, f"pairs of the {_PAIRED} smallest changes only were tried"] if self.cut else lines
        )


def explain(
    rule: Expr | str, data: pl.DataFrame | Mapping[str, Any], *, at: SupportsIndex | date = -1
) -> Explanation:
    """Say why a rule has the value it has in one session.

    Parameters
    ----------
    rule
        A rule or its text.
    data
        One row per session in order, with a column per name that the rule uses; or the values of one session.
        Null is missing. Sessions after `at` are not looked at.
    at
        Row, from the end if negative, or a day of the column ``date``.

    Returns
    -------
    Explanation
        A flip moves one number of this session, or two where that is less than any one: far enough that a
        comparison, crossing or trend over it, or ``known(x)``, has the other value, as far as the sessions
        before allow. Every atom over that number moves with it; other numbers, though computed from the same
        names, stay. The size is the distance of the two sides in standard deviations of that distance over
        the sessions of `data`, or, where these do not tell, as a fraction of the larger side; two add up.
        A gate is open only on true, so unknown and false count as one.

    Raises
    ------
    RuleError
        If a column is missing, `at` is not a session of `data`, the column
        ``date`` is out of order or names a day twice, or the rule has more than 400 atoms.

    Examples
    --------
    >>> told = explain("vix > 28 and rsi_14 < 30", {"vix": 26.6, "rsi_14": 25.0})
    >>> print(told)
    false  vix > 28 and rsi_14 < 30
      false  vix > 28
        26.6  vix
        28  28
      true  rsi_14 < 30
        25  rsi_14
        30  30
    true if vix > 28 were true: a change of 0.05
    >>> told.flips["change"].round(3).to_list()
    [0.05]
    """
    rule = parse(rule) if isinstance(rule, str) else rule
    return explain_seen(rule, _until(_frame(rule.tree, data), at), {})


def explain_seen(rule: Expr, frame: pl.DataFrame, begins: Mapping[Node, int]) -> Explanation:
    """Explain a rule in the last row of a frame; operators in `begins` see it from a row of their own on."""
    evaluated = Evaluated(rule.tree, frame, begins)
    nodes = _nodes(rule.tree, evaluated)
    last = nodes.row(0, named=True)
    if rule.tree.kind is Kind.NUMBER:
        return Explanation(rule, last["number"], nodes, _table(evaluated, []), cut=False)
    if (count := sum(map(is_atom, evaluated.nodes))) > MAX_ATOMS:
        raise RuleError(
            f"the rule has {count} comparisons, and at most {MAX_ATOMS} are explained: explain its parts"
        )
    flips, cut = _flips(evaluated)
    return Explanation(rule, last["truth"], nodes, _table(evaluated, flips), cut)


def _frame(node: Node, data: pl.DataFrame | Mapping[str, Any]) -> pl.DataFrame:
    frame = data if isinstance(data, pl.DataFrame) else pl.DataFrame({k: [v] for k, v in data.items()})
    for name in lower(node).meta.root_names():
        if name not in frame.columns:
            columns = ", ".join(frame.columns) or "none"
            raise RuleError(f"the rule uses {name}, and the data have no such column; they have {columns}")
    return frame


def _until(frame: pl.DataFrame, at: SupportsIndex | date) -> pl.DataFrame:
    days = frame["date"].cast(pl.Date) if "date" in frame.columns else None
    if days is not None and not (days.is_not_null() & (days > days.shift(1)).fill_null(value=True)).all():
        raise RuleError(
            "the column date is not in ascending order, each day once: sort the rows, keep one of a day"
        )
    if not isinstance(at, date):
        row = index(at)
        row = row if row >= 0 else frame.height + row
        allowed = f"rows 0 to {frame.height - 1}"
    elif days is not None:
        found = days.index_of(at)
        row = -1 if found is None else found
        allowed = f"{days.min()!s} to {days.max()!s}"
    else:
        raise RuleError(f"at = {at}: the data have no column date; give the number of a row")
    if not 0 <= row < frame.height:
        raise RuleError(f"at = {at}: not a session of the data, which are {allowed}")
    return frame.head(row + 1)


def _nodes(tree: Node, evaluated: Evaluated) -> pl.DataFrame:
    walked: list[tuple[Node, int, int | None, float | None]] = []

    def walk(node: Node, depth: int, parent: int | None, weight: float | None = None) -> None:
        row = len(walked)
        walked.append((node, depth, parent, weight))
        if isinstance(node, Operation):
            of_score = node.op is Op.SCORE
            for index, arg in enumerate(node.args):
                weight_of = node.args[index - 1] if of_score and index % 2 else None
                walk(arg, depth + 1, row, weight_of.value if isinstance(weight_of, Constant) else None)

    walk(tree, 0, None)
    value = dict(zip(evaluated.nodes, evaluated.last, strict=True))
    known: dict[int, float] = {}
    for node, _, parent, weight in walked:
        if weight is not None and parent is not None and value[node] is not None:
            known[parent] = known.get(parent, 0.0) + weight

    def share(node: Node, parent: int | None, weight: float | None) -> float | None:
        of_node = value[node]
        if weight is None or parent is None or of_node is None or value[walked[parent][0]] is None:
            return None
        return weight * of_node / known[parent]

    is_number = [node.kind is Kind.NUMBER for node, *_ in walked]
    return pl.DataFrame(
        {
            "depth": [depth for _, depth, *_ in walked],
            "parent": [parent for _, _, parent, _ in walked],
            "text": [to_text(node) for node, *_ in walked],
            "number": [value[n] if num else None for (n, *_), num in zip(walked, is_number, strict=True)],
            "truth": [None if num else value[n] for (n, *_), num in zip(walked, is_number, strict=True)],
            "contribution": [share(node, parent, weight) for node, _, parent, weight in walked],
        },
        schema={
            "depth": pl.Int64,
            "parent": pl.Int64,
            "text": pl.String,
            "number": pl.Float64,
            "truth": pl.Boolean,
            "contribution": pl.Float64,
        },
    )


Flip = tuple[tuple[Move, ...], Value]
"""What moves, and what the rule says then."""


def _flips(rule: Evaluated) -> tuple[list[Flip], bool]:
    """Find moves, one or two, that open a closed gate or close an open one, and whether pairs were cut."""
    is_open = rule.last[-1] is True
    single: list[Flip] = []
    idle: list[Move] = []
    for move in moves(rule):
        answer = rule.after(dict(move.becomes))
        if (answer is True) is is_open:
            idle.append(move)
        else:
            single.append(((move,), answer))
    # A pair is worth telling where it is smaller than every single move; without one, whatever its size.
    best = min((move.size for (move,), _ in single), default=None)
    idle.sort(key=lambda move: move.size)

    def may_tell(a: Move, b: Move) -> bool:
        return a.of != b.of and (best is None or a.size + b.size < best)

    double: list[Flip] = []
    for a, b in combinations(idle[:_PAIRED], 2):
        if may_tell(a, b):
            answer = rule.after(dict((*a.becomes, *b.becomes)))
            if (answer is True) is not is_open:
                double.append(((a, b), answer))
    cut = any(may_tell(a, b) for b in idle[_PAIRED:] for a in idle)
    return [flip for flip in single if not _goes_further(flip, single)] + double, cut


def _goes_further(flip: Flip, flips: list[Flip]) -> bool:
    """Say whether a smaller move of the same number turns the gate already."""
    (move,), _ = flip
    turned = set(move.becomes)
    return any(
        other is not move and other.of == move.of and other.size <= move.size and turned > set(other.becomes)
        for (other,), _ in flips
    )


def _table(rule: Evaluated, flips: list[Flip]) -> pl.DataFrame:
    rows = []
    for moved, answer in flips:
        turned = [turn for move in moved for turn in move.becomes]
        size = sum(move.size for move in moved)
        rows.append(
            {
                "atoms": [to_text(rule.nodes[node]) for node, _ in turned],
                "become": [value for _, value in turned],
                "change": size if math.isfinite(size) else None,
                "outcome": answer,
            }
        )
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "atoms": pl.List(pl.String),
        "become": pl.List(pl.Boolean),
        "change": pl.Float64,
        "outcome": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema).sort("change", nulls_last=True, maintain_order=True)


def _shown(row: Mapping[str, Any]) -> str:
    if row["truth"] is not None:
        return "true" if row["truth"] else "false"
    return "unknown" if row["number"] is None else f"{row['number']:.6g}"


def _share(row: Mapping[str, Any]) -> str:
    return "" if row["contribution"] is None else f"  (contributes {row['contribution']:.4g})"


def _flip_in_words(row: Mapping[str, Any]) -> str:
    words = {True: "true", False: "false", None: "unknown"}
    atoms: list[str] = row["atoms"]
    turned = " and ".join(
        f"{atom[6:-1]} were {'known' if value else 'missing'}"
        if atom.startswith("known(")
        else f"{atom} were {words[value]}"
        for atom, value in zip(atoms, row["become"], strict=True)
    )
    told = f"{words[row['outcome']]} if {turned}"
    if row["change"] is not None:
        return f"{told}: a change of {row['change']:.3g}"
    return told if any(atom.startswith("known(") for atom in atoms) else f"{told}: data are missing"
