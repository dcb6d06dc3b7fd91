"""Rules as Python objects: what `signal` gives, and what its operators give."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any, NoReturn

from alvh import _core
from alvh._core import RuleError
from alvh.rules import tree
from alvh.rules.families import given
from alvh.rules.printing import to_text
from alvh.rules.tree import Kind, Node, Op

if TYPE_CHECKING:
    import polars as pl
    from pydantic_core import CoreSchema

_USE_SIGNS = (
    "a rule has no truth value until it meets data: write & | ~ for and, or, not, "
    "(25 < vix) & (vix < 30) for a chain, and minimum, maximum for min, max"
)
_USE_PARENTHESES = (
    "& | ~ join conditions, and this is a number: put each comparison in parentheses, (vix > 28) & (...)"
)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Expr:
    """A rule: a `Condition` or a `Number`. Immutable; it does nothing until it meets data.

    ``str`` gives the text a rule was parsed from, verbatim; ``repr`` prints the tree.
    """

    tree: Node
    """What the rule means; plain values that compare with ``==``."""
    source: str | None = field(default=None, kw_only=True)
    """The text it was parsed from."""

    # NumPy scalars leave comparisons and arithmetic with a rule to the rule.
    __array_ufunc__ = None

    def __repr__(self) -> str:
        return to_text(self.tree)

    def __str__(self) -> str:
        return repr(self) if self.source is None else self.source

    def __bool__(self) -> NoReturn:
        raise TypeError(_USE_SIGNS)

    def spec(self) -> dict[str, Any]:
        """Give the rule as it travels: ``{"text": ..., "tree": ...}``; `from_spec` reads it back.

        With ``"families"`` where a score reads names that are not the engine's own.
        """
        told = given(self.tree)
        return {"text": str(self), "tree": self.tree.json()} | ({"families": told} if told else {})

    def check(self, scope: str, *, signals: Sequence[str] = ()) -> tuple[str, ...]:
        """Compile the rule as the engine would; return the names that it uses.

        Parameters
        ----------
        scope
            ``"market"``, ``"book"`` or ``"position"``: where the rule is evaluated and which names it sees.
        signals
            Names of signals from outside, which every scope sees.

        Raises
        ------
        RuleError
            Naming the sub-expression at fault and the names that the scope knows.
        """
        is_number = self.tree.kind is Kind.NUMBER
        return tuple(_core.check_rule(json.dumps(self.spec()), scope, number=is_number, given=signals))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> "CoreSchema":
        """Let a model have a rule as a field: it takes objects or text, and is written as text."""
        from pydantic_core import core_schema

        from alvh.rules.text import parse

        def validate(value: object) -> Expr:
            rule = parse(value) if isinstance(value, str) else value
            if not isinstance(rule, cls):
                raise ValueError(f"{rule!r}: a {cls.__name__.lower()} is wanted here")  # noqa: TRY004 - pydantic's
            return rule

        return core_schema.no_info_plain_validator_function(
            validate,
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.to_string_ser_schema(),
        )

    def warm_up(self, scope: str, *, signals: Sequence[str] = ()) -> int:
        """Give the sessions of data before the first one that the rule needs in a scope; see `check`."""
        raise NotImplementedError

    def to_polars(self) -> "pl.Expr":
        """Give the same rule over the columns of a frame, one row per session in order.

        Missing values (null, NaN, infinite) become null, and unknown is null. Use ``.over("path")`` for
        frames that hold several series.

        Examples
        --------
        >>> import polars as pl
        >>> frame = pl.DataFrame({"vix": [20.0, float("nan"), 30.0]})
        >>> frame.select((signal("vix") > 28).to_polars().alias("high"))["high"].to_list()
        [False, None, True]
        """
        from alvh.rules.lowering import lower

        return lower(self.tree)


class Condition(Expr):
    """True, false or unknown. ``==`` between conditions asks whether they are the same rule."""

    __slots__ = ()

    def __and__(self, other: "Condition") -> "Condition":
        return _condition(Op.AND, self, _want_condition(other))

    def __or__(self, other: "Condition") -> "Condition":
        return _condition(Op.OR, self, _want_condition(other))

    def __rand__(self, other: object) -> NoReturn:
        _want_condition(other)
        raise AssertionError  # a condition on the left has its own __and__

    __ror__ = __rand__

    def __invert__(self) -> "Condition":
        return _condition(Op.NOT, self)

    def warm_up(self, scope: str, *, signals: Sequence[str] = ()) -> int:
        """Give the sessions of data before the first one that the rule needs in a scope; see `check`.

        Examples
        --------
        >>> (signal("vix") > 28).for_sessions(3).warm_up("market")
        2
        """
        return _core.rule_warm_up(json.dumps(self.spec()), scope, given=signals)

    def for_sessions(self, n: int) -> "Condition":
        """Ask whether it was true in each of the last n sessions, this one included.

        False as soon as one of them is false; unknown while one of them is unknown or lies before the data.
        """
        return Condition(tree.operation(Op.FOR_SESSIONS, [self.tree], n))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self.tree == other.tree

    def __hash__(self) -> int:
        return hash(self.tree)


class Number(Expr):
    """A number per session. ``==`` makes a `Condition`; whether two are the same, their ``.tree`` tells."""

    __slots__ = ()

    def warm_up(self, scope: str, *, signals: Sequence[str] = ()) -> int:
        """Give the sessions of data before the first one that the number needs in a scope; see `check`."""
        return known(self).warm_up(scope, signals=signals)

    def __add__(self, other: "Number | float") -> "Number":
        return _number(Op.ADD, self, other)

    def __radd__(self, other: float) -> "Number":
        return _number(Op.ADD, other, self)

    def __sub__(self, other: "Number | float") -> "Number":
        return _number(Op.SUB, self, other)

    def __rsub__(self, other: float) -> "Number":
        return _number(Op.SUB, other, self)

    def __mul__(self, other: "Number | float") -> "Number":
        return _number(Op.MUL, self, other)

    def __rmul__(self, other: float) -> "Number":
        return _number(Op.MUL, other, self)

    def __truediv__(self, other: "Number | float") -> "Number":
        return _number(Op.DIV, self, other)

    def __rtruediv__(self, other: float) -> "Number":
        return _number(Op.DIV, other, self)

    def __neg__(self) -> "Number":
        return _number(Op.NEG, self)

    def __abs__(self) -> "Number":
        return _number(Op.ABS, self)

    def __lt__(self, other: "Number | float") -> Condition:
        return _condition(Op.LT, self, other)

    def __le__(self, other: "Number | float") -> Condition:
        return _condition(Op.LE, self, other)

    def __gt__(self, other: "Number | float") -> Condition:
        return _condition(Op.GT, self, other)

    def __ge__(self, other: "Number | float") -> Condition:
        return _condition(Op.GE, self, other)

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]  # as in Polars: a comparison per session
        return _condition(Op.EQ, self, other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return _condition(Op.NE, self, other)

    __hash__ = None  # type: ignore[assignment]  # == does not answer with a truth value

    def rising(self, n: int) -> Condition:
        """Ask whether it was higher than the session before, in each of the last n sessions.

        False as soon as one of them was not higher; unknown while one of them, or the session before the
        first, is missing.
        """
        return Condition(tree.operation(Op.RISING, [self.tree], n))

    def falling(self, n: int) -> Condition:
        """Ask whether it was lower than the session before, in each of the last n sessions; see `rising`."""
        return Condition(tree.operation(Op.FALLING, [self.tree], n))

    def zscore(self, n: int) -> "Number":
        """Measure it in standard deviations from its mean over the last n sessions, this one included.

        The standard deviation is that of a sample (n - 1). Missing while one of the n sessions is, and
        where nothing moved.

        Parameters
        ----------
        n
            Sessions, 2 or more.
        """
        return Number(tree.operation(Op.ZSCORE, [self.tree], n))

    def percentile(self, n: int) -> "Number":
        """Give the share of the n - 1 sessions before that were strictly lower, 0 to 100.

        0 at a new low, 100 at a new high; missing while one of the n sessions is.

        Parameters
        ----------
        n
            Sessions, this one included: 2 or more.
        """
        return Number(tree.operation(Op.PERCENTILE, [self.tree], n))

    def __and__(self, other: object) -> NoReturn:
        raise TypeError(_USE_PARENTHESES)

    __rand__ = __or__ = __ror__ = __and__

    def __invert__(self) -> NoReturn:
        raise TypeError(_USE_PARENTHESES)


def signal(name: str, *, own: bool = False) -> Number:
    """Speak of a column by its name.

    Parameters
    ----------
    name
        One of `alvh.rules.names`, or a column of a frame for `Expr.to_polars`. Which names exist is checked
        when the rule is compiled for its scope.
    own
        It is a signal of your own, though its name is near a known one; in text ``own(vvix)``.

    Raises
    ------
    RuleError
        If the name is not a word, or is a word of the rule language.
    """
    return Number(tree.Name(name, own=own))


def known(value: Expr) -> Condition:
    """Is the number there, or the condition true or false? The answer itself is never unknown."""
    return Condition(tree.operation(Op.KNOWN, [value.tree]))


def latch(on: Condition, off: Condition) -> Condition:
    """Hold a state between two thresholds (hysteresis), so that a number on the edge does not flip the rule.

    Parameters
    ----------
    on
        Switches the latch on in any session in which it is true.
    off
        Switches it off; where both are true, `on` wins. An unknown side changes nothing.

    Returns
    -------
    Condition
        True or false, never unknown. False at the start: for a latch over the market that is the start of
        the rule's warm-up, at least 252 sessions before session 0; for one that reads a position the fill.

    Examples
    --------
    >>> import polars as pl
    >>> armed = latch(signal("vix") > 30, signal("vix") < 25)
    >>> armed
    latch(vix > 30, vix < 25)
    >>> frame = pl.DataFrame({"vix": [28, 31, 28, 24, 28]})
    >>> frame.select(armed.to_polars().alias("armed"))["armed"].to_list()
    [False, True, True, False, False]
    """
    for side in (on, off):
        if not isinstance(side, Condition):
            raise TypeError(f"{side!r}: latch takes two conditions, latch(vix > 30, vix < 25)")
    return _condition(Op.LATCH, on, off)


def clip(value: Number | float, low: Number | float, high: Number | float) -> Number:
    """Keep it between two bounds, ``min(max(value, low), high)``; missing where any of the three is."""
    return _number(Op.CLIP, value, low, high)


def crosses_above(a: Number | float, b: Number | float) -> Condition:
    """Ask whether a is above b now and was not in the session before.

    False where a is known not to be above, whatever came before; unknown in the first session above.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"vix": [29.0, 28.0, 31.0, 32.0]})
    >>> frame.select(crosses_above(signal("vix"), 30).to_polars())["vix"].to_list()
    [False, False, True, False]
    """
    return _condition(Op.CROSSES_ABOVE, a, b)


def crosses_below(a: Number | float, b: Number | float) -> Condition:
    """Ask whether a is below b now and was not in the session before; see `crosses_above`."""
    return _condition(Op.CROSSES_BELOW, a, b)


def since(condition: Condition) -> Number:
    """Count the sessions since the condition was last true: 0 in that session.

    Missing before the first time, and from an unknown session until the next true one: it might have been
    true then. ``since(known(p) & p)`` counts unknown as false.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"vix": [28.0, 31.0, 29.0, None, 29.0, 33.0]})
    >>> frame.select(since(signal("vix") > 30).to_polars().alias("since"))["since"].to_list()
    [None, 0.0, 1.0, None, None, 0.0]
    """
    return Number(tree.operation(Op.SINCE, [_want_condition(condition).tree]))


def votes(k: int, *conditions: Condition) -> Condition:
    """Ask whether at least k of the conditions hold (R88).

    True once k are; false once the unknown ones could no longer make it k; else unknown.

    Examples
    --------
    >>> votes(2, signal("vix") > 28, signal("rsi_14") < 30, signal("drawdown") > 0.05)
    votes(2, vix > 28, rsi_14 < 30, drawdown > 0.05)
    """
    return Condition(tree.operation(Op.VOTES, [_want_condition(arg).tree for arg in conditions], k))


def score(*terms: tuple[float, Expr]) -> Number:
    """Weigh what is known (R33): the mean of the known terms by their weights; a condition counts as 1 or 0.

    Missing terms drop out with their weights; with fewer than two known terms, or known terms of one family
    alone, the score is missing, because none may decide alone (C24).

    Parameters
    ----------
    *terms
        Two or more pairs of a weight, a constant above 0, and a number or condition; of two families or more,
        and those of valuation no heavier than the rest (C11), which is asked when the rule is compiled.

    Examples
    --------
    >>> score((2, signal("vix") > 28), (1, signal("rsi_14") < 30)) >= 0.5
    score(2, vix > 28, 1, rsi_14 < 30) >= 0.5
    """
    pairs = [node for weight, term in terms for node in (_node(weight), _node(term))]
    return Number(tree.operation(Op.SCORE, pairs))


def within(days: float, event: str) -> Condition:
    """Ask whether the next event of a kind is at most so many calendar days away: ``days_to_EVENT <= days``.

    Examples
    --------
    >>> within(14, "fomc")
    days_to_fomc <= 14
    """
    return Condition(tree.within(days, event))


def minimum(*values: Number | float) -> Number:
    """Take the smallest; missing where any of them is."""
    return _number(Op.MIN, *values)


def maximum(*values: Number | float) -> Number:
    """Take the largest; missing where any of them is."""
    return _number(Op.MAX, *values)


def wrap(node: Node, source: str | None = None) -> Expr:
    """Give the tree its operators."""
    kind = Number if node.kind is Kind.NUMBER else Condition
    return kind(node, source=source)


def from_spec(spec: Mapping[str, Any]) -> Expr:
    """Read a rule back from `Expr.spec`.

    Raises
    ------
    RuleError
        If it is not of the form ``{"text": ..., "tree": ...}`` or the tree is malformed.
    """
    match spec:
        case {"text": str() as text, "tree": node, **rest} if rest.keys() <= {"families"}:
            return wrap(tree.from_json(node), text)
        case _:
            raise RuleError(f'{tree.shown(spec)!r}: a rule is {{"text": ..., "tree": ...}}')


def _condition(op: Op, *args: object) -> Condition:
    return Condition(tree.operation(op, [_node(arg) for arg in args]))


def _number(op: Op, *args: object) -> Number:
    return Number(tree.operation(op, [_node(arg) for arg in args]))


def _node(value: object) -> Node:
    if isinstance(value, Expr):
        return value.tree
    if isinstance(value, Real) and not isinstance(value, bool):
        return tree.constant(value)
    raise TypeError(f"{value!r}: a rule works with numbers and rules")


def _want_condition(value: object) -> Condition:
    if not isinstance(value, Condition):
        raise TypeError(f"{value!r}: {_USE_PARENTHESES}")
    return value
