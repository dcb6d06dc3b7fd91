"""What the terms of a score are evidence of: it listens to at least two families (C24)."""

from functools import cache

from alvh import _core
from alvh.rules.tree import Name, Node, Op, Operation

LEAST_FAMILIES = 2
"""Families of the known terms below which a score is missing, as in the engine."""
VALUATION = "valuation"
"""The family that never outweighs the others (C11), as in the engine."""


@cache
def _own() -> dict[str, str]:
    return {row[0]: row[6] for row in _core.rule_names()}


@cache
def family_of(name: str) -> str:
    """Return what a name is evidence of; one that no registry knows is a family by itself.

    A series made of a registered one carries its name before an underscore, and is of its family.

    Examples
    --------
    >>> family_of("rsi_14"), family_of("vix"), family_of("price_earnings"), family_of("of_mine")
    ('price', 'volatility', 'valuation', 'of_mine')
    >>> family_of("price_earnings_z"), family_of("price_earningsz"), family_of("of_mine_z")
    ('valuation', 'price_earningsz', 'of_mine_z')
    """
    from alvh.signals.registry import registry

    known = {signal.name: signal.family for signal in registry().values()} | _own()
    # From the whole name to ever shorter beginnings: the longest that is registered tells.
    parts = name.split("_")
    beginnings = ("_".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((known[each] for each in beginnings if each in known), name)


def families(node: Node) -> frozenset[str]:
    """Return the families of all names under a node; whether data are there is evidence of nothing."""
    if isinstance(node, Name):
        return frozenset({family_of(node.text)})
    if not isinstance(node, Operation) or node.op is Op.KNOWN:
        return frozenset()
    return frozenset().union(*map(families, node.args))


def given(node: Node) -> dict[str, str]:
    """Return the families that the engine must be told: of names under a score that are not its own."""
    if not isinstance(node, Operation):
        return {}
    if node.op is Op.SCORE:
        return {name: family_of(name) for name in sorted(_names(node)) if name not in _own()}
    return {name: family for arg in node.args for name, family in given(arg).items()}


def _names(node: Node) -> set[str]:
    if isinstance(node, Name):
        return {node.text}
    return set().union(*map(_names, node.args)) if isinstance(node, Operation) else set()
