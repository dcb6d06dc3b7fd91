"""Names that a rule takes from outside: signals that a run is given, not the engine's own (R76 to R82)."""

from collections.abc import Iterable, Iterator

from alvh._core import RuleError
from alvh.rules import tree
from alvh.rules.objects import Expr

MADE_OF = {"market_beta": "broad_index"}
"""Names of the engine that are made of a signal from outside: unknown where a run is not given it (C7)."""

SLIP = 2
"""Letters in which a slip of the pen differs at most; of a short name, a third of them."""


def names_in(node: tree.Node) -> tuple[str, ...]:
    """Return the names of a tree, each once, in the order in which they are met."""
    return tuple(dict.fromkeys(name.text for name in _names(node)))


def _names(node: tree.Node) -> Iterator[tree.Name]:
    if isinstance(node, tree.Name):
        yield node
    elif isinstance(node, tree.Operation):
        for arg in node.args:
            yield from _names(arg)


def made_of(rule: Expr) -> tuple[str, ...]:
    """Return the signals of which the engine makes names of the rule: without them those names are unknown.

    Examples
    --------
    >>> from alvh.rules import parse
    >>> made_of(parse("vix > 26 and market_beta > 1.2"))
    ('broad_index',)
    """
    return tuple(MADE_OF[name] for name in names_in(rule.tree) if name in MADE_OF)


def outside(rule: Expr) -> tuple[str, ...]:
    """Return the names of a rule that are signals from outside: registered ones, and others of one's own.

    What the engine has itself is none of them, nor what can be a slip of a known name: that is refused where
    the rule is read, not only where signals are given. ``cpi_yearly`` is no slip of ``cpi``: it goes on with
    ``_``, as the suffixes of `alvh.signals.change` and `zscore` do. ``own(vvix)`` is no slip either: whoever
    writes it means a signal of their own.

    Raises
    ------
    RuleError
        If a name is a slip of a registered signal's, or a declared one is the engine's own.

    Examples
    --------
    >>> from alvh.rules import parse
    >>> outside(parse("vix > 28 and cpi_surprise > 1 and put_call > 1.2"))
    ('cpi_surprise', 'put_call')
    >>> outside(parse("own(vvix) > 100"))
    ('vvix',)
    """
    from alvh.rules import names

    engine = {row.name for row in names()}
    declared = {name.text for name in _names(rule.tree) if name.own}
    if taken := declared & engine:
        raise RuleError(
            f"rule {tree.shown(str(rule))!r}: at 'own({min(taken)})': the engine has this name itself; "
            "rename the signal"
        )
    strange = [name for name in names_in(rule.tree) if name not in engine]
    if not strange:
        return ()
    from alvh.signals.registry import registry

    found = []
    for name in strange:
        if name not in registry() and name not in declared:
            if meant := _slip(name, registry()):
                raise RuleError(
                    f"rule {tree.shown(str(rule))!r}: at {name!r}: unknown name (did you mean {meant}?); "
                    f"if it is a signal of your own, say so: own({name})"
                )
            if _slip(name, engine) and not _another(name, engine):
                continue  # the engine refuses it and says what it knows
        found.append(name)
    return tuple(found)


def _slip(name: str, known: Iterable[str]) -> str | None:
    """Return the known name of which this one may be a slip."""
    most = min(SLIP, -(-len(name) // 3))
    for each in known:
        if not name.startswith(f"{each}_") and _distance(name, each) <= most:
            return each
    return None


def _another(name: str, known: Iterable[str]) -> bool:
    """Is it a known name with a tenor, as vix3m and vix9d are? No pen slips to a digit."""
    return any(char.isdigit() for char in name) and any(
        name.startswith(each) and name[len(each) :][:1].isdigit() for each in known
    )


def _distance(a: str, b: str) -> int:
    """Levenshtein's distance: the fewest insertions, deletions and substitutions of single letters."""
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (letter != other))
    return row[-1]
