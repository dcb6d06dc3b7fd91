"""When the memory of each operator begins on a path, so that a retold past is the one that the engine saw."""

from collections.abc import Mapping
from typing import Literal

from alvh.rules import names
from alvh.rules.tree import WINDOWS, Constant, Name, Node, Op, Operation

LATCH_MEMORY = 252
"""Sessions before it is wanted in which a latch or `since` over the market begins, as in the engine."""

_REMEMBERS = {*WINDOWS, Op.LATCH, Op.SINCE, Op.CROSSES_ABOVE, Op.CROSSES_BELOW}
_SCOPES = ("market", "book", "position")


def beginnings(tree: Node, rule: Literal["enter", "exit"], entered: int | None) -> dict[Node, int]:
    """Return the tick in which each operator that looks back begins, where it does not see all there is.

    Over a position that is the fill (`entered`), over a book session 0; a latch and ``since`` over the market
    begin 252 sessions before they are wanted. Windows over the market end by themselves and are not listed.
    """
    scopes = {row.name: row.scope for row in names()}
    if rule == "enter":
        scopes["breakeven_challenge"] = "book"  # that of the core, where there is no position
    widest: dict[Node, int] = {}
    _scope(tree, scopes, widest)
    wanted = dict.fromkeys(widest, 0)
    # Operands are listed before what uses them: backwards, every user has been seen when a node is reached.
    for node in reversed(widest):
        if isinstance(node, Operation):
            back = _looks_back(node) if _SCOPES[widest[node]] == "market" else 0
            for arg in node.args:
                wanted[arg] = max(wanted[arg], wanted[node] + back)
    begins: dict[Node, int] = {}
    for node, scope in widest.items():
        if not isinstance(node, Operation) or node.op not in _REMEMBERS:
            continue
        match _SCOPES[scope]:
            case "market" if node.op in {Op.LATCH, Op.SINCE}:
                begins[node] = -wanted[node] - LATCH_MEMORY
            case "book":
                begins[node] = 0
            case "position" if entered is not None:
                begins[node] = entered
    return begins


def _scope(node: Node, scopes: Mapping[str, str], widest: dict[Node, int]) -> int:
    """Fill in the narrowest scope that sees everything in a node; a signal from outside is of the market."""
    if node not in widest:
        match node:
            case Constant():
                scope = 0
            case Name(text):
                scope = _SCOPES.index(scopes.get(text, "market"))
            case Operation(_, args):
                scope = max([_scope(arg, scopes, widest) for arg in args])
        widest[node] = scope
    return widest[node]


def _looks_back(node: Operation) -> int:
    match node.op:
        case Op.LATCH | Op.SINCE:
            return LATCH_MEMORY
        case Op.CROSSES_ABOVE | Op.CROSSES_BELOW:
            return 1
        case Op.RISING | Op.FALLING:
            return node.n or 0
        case op if op in WINDOWS:
            return (node.n or 1) - 1
    return 0
