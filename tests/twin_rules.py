"""A three-valued interpreter of rule trees: numbers and conditions, either of which may be missing (None)."""

import operator
from math import isnan
from statistics import fmean, stdev
from typing import Any

Value = float | bool | None

BINARY = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": lambda a, b: None if b == 0 else a / b,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
}
UNARY = {"neg": operator.neg, "abs": abs, "not": operator.not_}


def evaluate(node: dict[str, Any], names: dict[str, Value], memory: dict[int, list[Value]]) -> Value:  # noqa: C901, PLR0911 (a case a line)
    """Value of a tree; `memory` is what `for_sessions` and `latch` nodes have seen, kept by the caller."""
    if "const" in node:
        return node["const"]
    if "name" in node:
        value = names[node["name"]]
        return None if value is None or isnan(value) else value
    op = node["op"]
    args = [evaluate(arg, names, memory) for arg in node["args"]]  # always all: memories must advance
    if op == "known":
        return args[0] is not None
    if op == "and":
        return conjunction(args)
    if op == "or":
        return negation(conjunction([negation(arg) for arg in args]))
    if op == "for_sessions":
        seen = memory.setdefault(id(node), [None] * node["n"])  # before the first session: unknown
        seen.append(args[0])
        return conjunction(seen[-node["n"] :])
    if op == "latch":
        state = memory.setdefault(id(node), [False])
        state.append(True if args[0] is True else False if args[1] is True else state[-1])
        return state[-1]
    if op == "votes":
        surely, perhaps = args.count(True), len(args) - args.count(False)
        return True if surely >= node["n"] else None if perhaps >= node["n"] else False
    if op == "zscore":
        seen = memory.setdefault(id(node), [None] * node["n"])
        seen.append(args[0])
        window = seen[-node["n"] :]
        return None if None in window or len({*window}) == 1 else (window[-1] - fmean(window)) / stdev(window)
    if op == "score":
        # That two families are among them is held by the compiler and the interpreter of rules.
        known = [(weight, float(term)) for weight, term in batched(args) if term is not None]
        total = sum(weight for weight, _ in known)
        return sum(weight * term for weight, term in known) / total if len(known) > 1 else None
    if None in args:
        return None
    if op in {"min", "max"}:
        return {"min": min, "max": max}[op](args)
    return UNARY[op](args[0]) if op in UNARY else BINARY[op](*args)


def batched(args: list[Any]) -> list[tuple[Any, Any]]:
    """Pairs of a weight and a term."""
    return list(zip(args[::2], args[1::2], strict=True))


def conjunction(values: list[Value]) -> Value:
    """Kleene's and: false if any is, else unknown if any is."""
    if any(value is False for value in values):
        return False
    return None if None in values else True


def negation(value: Value) -> Value:
    """Kleene's not."""
    return None if value is None else not value
