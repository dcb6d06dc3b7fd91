"""Why a rule says what it says: the value of every node, and the smallest changes that would turn it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

import polars as pl

from alvh._core import RuleError
from alvh.rules.lowering import lower
from alvh.rules.objects import Expr
from alvh.rules.printing import to_text
from alvh.rules.text import parse
from alvh.rules.tree import Constant, Kind, Node, Op, Operation

_COMPARISONS = {Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ, Op.NE, Op.CROSSES_ABOVE, Op.CROSSES_BELOW}
_TRENDS = {Op.RISING, Op.FALLING}
_PAIRED = 16
"""Atoms, those with the smallest changes, that are tried in pairs."""


Turn = tuple[tuple[Operation, bool], ...]
"""Atoms and what they would become."""


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
    """What would turn the gate, smallest change first: the `atoms` and what they would `become`, the `change`
    (null where an atom is unknown: data are missing) and the `outcome` then."""

    def __str__(self) -> str:
        lines = [
            f"{'  ' * row['depth']}{_shown(row)}  {row['text']}{_share(row)}"
            for row in self.nodes.iter_rows(named=True)
        ]
        return "\n".join([*lines, *map(_flip_in_words, self.flips.iter_rows(named=True))])


def explain(rule: Expr | str, data: pl.DataFrame | Mapping[str, Any], *, at: int | date = -1) -> Explanation:
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
        A flip is one atom, or two where no single one does it: a comparison, crossing or trend, or
        ``known(x)``, that has the other value in this session. Its size is the distance of the two sides in
        standard deviations of that distance over the sessions of `data`, or, where these do not tell, as a
        fraction of the larger side. A gate is open only on true, so unknown and false count as one.

    Raises
    ------
    RuleError
        If a column is missing or `at` is not a session of `data`.

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
    frame = _until(_frame(rule.tree, data), at)
    nodes = _nodes(rule.tree, frame)
    last = nodes.row(0, named=True)
    if rule.tree.kind is Kind.NUMBER:
        return Explanation(rule, last["number"], nodes, _flips(rule.tree, frame, None, {}))
    gaps = {atom: _change(atom, frame) for atom in _atoms(rule.tree)}
    return Explanation(rule, last["truth"], nodes, _flips(rule.tree, frame, last["truth"], gaps))


def _frame(node: Node, data: pl.DataFrame | Mapping[str, Any]) -> pl.DataFrame:
    frame = data if isinstance(data, pl.DataFrame) else pl.DataFrame({k: [v] for k, v in data.items()})
    for name in lower(node).meta.root_names():
        if name not in frame.columns:
            columns = ", ".join(frame.columns) or "none"
            raise RuleError(f"the rule uses {name}, and the data have no such column; they have {columns}")
    return frame


def _until(frame: pl.DataFrame, at: int | date) -> pl.DataFrame:
    if isinstance(at, int):
        row = at if at >= 0 else frame.height + at
        allowed = f"rows 0 to {frame.height - 1}"
    elif "date" in frame.columns:
        found = frame.select((pl.col("date").cast(pl.Date) == at).arg_max()).item()
        row = found if frame.height and frame["date"].cast(pl.Date)[found] == at else -1
        allowed = f"{frame['date'].min()!s} to {frame['date'].max()!s}"
    else:
        raise RuleError(f"at = {at}: the data have no column date; give the number of a row")
    if not 0 <= row < frame.height:
        raise RuleError(f"at = {at}: not a session of the data, which are {allowed}")
    return frame.head(row + 1)


def _nodes(tree: Node, frame: pl.DataFrame) -> pl.DataFrame:
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
    distinct = list(dict.fromkeys(node for node, *_ in walked))
    values = frame.select(lower(node).alias(str(i)) for i, node in enumerate(distinct)).row(-1)
    value = dict(zip(distinct, values, strict=True))
    known: dict[int, float] = {}
    for node, _, parent, weight in walked:
        if weight is not None and parent is not None and value[node] is not None:
            known[parent] = known.get(parent, 0.0) + weight

    def share(node: Node, parent: int | None, weight: float | None) -> float | None:
        if weight is None or parent is None or value[node] is None:
            return None
        return weight * float(value[node]) / known[parent]

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


def _atoms(node: Node) -> list[Operation]:
    """List comparisons, crossings, trends and ``known(x)`` in order, each once."""
    if not isinstance(node, Operation):
        return []
    is_atom = node.op in _COMPARISONS | _TRENDS or (node.op is Op.KNOWN and node.args[0].kind is Kind.NUMBER)
    inner = [atom for arg in node.args for atom in _atoms(arg)]
    return list(dict.fromkeys([node, *inner] if is_atom else inner))


def _change(atom: Operation, frame: pl.DataFrame) -> float | None:
    """How far the two sides are apart in this session, in units of how they usually are; None if unknown."""
    first = lower(atom.args[0])
    match atom.op:
        case op if op in _COMPARISONS:
            second = lower(atom.args[1])
        case op if op in _TRENDS:
            second = first.shift(1)
        case _:
            return None
    sides = frame.select(first.alias("a"), second.alias("b")).with_columns(gap=pl.col("a") - pl.col("b"))
    a, b, gap = sides.row(-1)
    if gap is None:
        return None
    spread = sides["gap"].std()
    scale = spread if isinstance(spread, float) and spread > 0 else max(abs(a), abs(b))
    return abs(gap) / scale if gap else 0.0


def _flips(
    tree: Node, frame: pl.DataFrame, outcome: object, gaps: Mapping[Operation, float | None]
) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    if gaps:
        now = dict(
            zip(gaps, frame.select(lower(a).alias(str(i)) for i, a in enumerate(gaps)).row(-1), strict=True)
        )
        single: list[Turn] = [
            ((atom, other),) for atom in gaps for other in (True, False) if now[atom] is not other
        ]
        rows = _turned(tree, frame, outcome, single, gaps)
        if not rows:
            near = sorted(single, key=lambda turn: _size(turn, gaps))[:_PAIRED]
            pairs: list[Turn] = [(*a, *b) for a, b in combinations(near, 2) if a[0][0] != b[0][0]]
            rows = _turned(tree, frame, outcome, pairs, gaps)
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "atoms": pl.List(pl.String),
        "become": pl.List(pl.Boolean),
        "change": pl.Float64,
        "outcome": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema).sort("change", nulls_last=True, maintain_order=True)


def _size(turn: Turn, gaps: Mapping[Operation, float | None]) -> float:
    sizes = [gaps[atom] for atom, _ in turn]
    return sum(float("inf") if size is None else size for size in sizes)


def _turned(
    tree: Node,
    frame: pl.DataFrame,
    outcome: object,
    turns: list[Turn],
    gaps: Mapping[Operation, float | None],
) -> list[dict[str, Any]]:
    """Keep the turns that open a closed gate or close an open one."""
    if not turns:
        return []
    here = pl.int_range(pl.len()) == frame.height - 1

    def becomes(now: bool) -> Callable[[pl.Expr], pl.Expr]:
        return lambda was: pl.when(here).then(pl.lit(now)).otherwise(was)

    def turned(turn: Turn) -> pl.Expr:
        return lower(tree, {atom: becomes(now) for atom, now in turn})

    answers = frame.select(turned(turn).alias(str(i)) for i, turn in enumerate(turns)).row(-1)
    return [
        {
            "atoms": [to_text(atom) for atom, _ in turn],
            "become": [now for _, now in turn],
            "change": None if _size(turn, gaps) == float("inf") else _size(turn, gaps),
            "outcome": answer,
        }
        for turn, answer in zip(turns, answers, strict=True)
        if (answer is True) is not (outcome is True)
    ]


def _shown(row: Mapping[str, Any]) -> str:
    if row["truth"] is not None:
        return "true" if row["truth"] else "false"
    return "unknown" if row["number"] is None else f"{row['number']:.6g}"


def _share(row: Mapping[str, Any]) -> str:
    return "" if row["contribution"] is None else f"  (contributes {row['contribution']:.4g})"


def _flip_in_words(row: Mapping[str, Any]) -> str:
    words = {True: "true", False: "false", None: "unknown"}
    turned = " and ".join(f"{a} were {words[b]}" for a, b in zip(row["atoms"], row["become"], strict=True))
    size = "data are missing" if row["change"] is None else f"a change of {row['change']:.3g}"
    return f"{words[row['outcome']]} if {turned}: {size}"
