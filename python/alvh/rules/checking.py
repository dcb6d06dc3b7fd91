"""Rules of a file: whether they compile, what they use, and what a history lacks for them."""

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from alvh._core import RuleError
from alvh.errors import HistoryError, SpecError, nearest_names
from alvh.rules import names
from alvh.rules.objects import Condition, Expr
from alvh.rules.outside import MADE_OF, outside
from alvh.rules.text import parse

if TYPE_CHECKING:
    from alvh.history.data import HistoryData
    from alvh.playbook import Arm
    from alvh.signals.given import SignalSource

SCOPES = ("market", "book", "position")
"""Where a rule may be evaluated, narrowest first."""
_KEYS = {"enter": "book", "exit": "position"}
"""What a line may begin with, and the scope of its rule then."""
_EVENTS = "days_to_"
_OF_POSITION = "days_to_expiry"


_OF_HISTORY: dict[str, Any] = {
    "first_session": pl.Date,
    "missing": pl.List(pl.String),
    "gaps": pl.List(pl.Struct({"name": pl.String, "sessions": pl.Int64})),
}
"""Columns of a check against a history."""


class Found(NamedTuple):
    """A rule of a file."""

    where: str
    """Layer and key, or line."""
    rule: Expr | str
    """The rule, or its text where that is not understood."""
    scope: str | None
    """Where it is evaluated; None: wherever it compiles."""


def rules_of(path: str | Path) -> tuple[Found, ...]:
    """Read the rules of a playbook (``.toml``) or of a text file, a rule a line.

    ``#`` begins a comment. A line may begin with ``enter:`` or ``exit:``, which says where its rule is
    evaluated; otherwise that is the narrowest scope that has its names.

    Raises
    ------
    SpecError
        If the file cannot be read or is not a playbook.
    """
    path = Path(path)
    if path.suffix == ".toml":
        from alvh.playbook import Playbook

        arms = Playbook.read(path).arms
        if len(arms) == 1:
            return tuple(rules_of_arm(arms[0]))
        return tuple(
            found._replace(where=f"{arm.name}: {found.where}") for arm in arms for found in rules_of_arm(arm)
        )
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: not text in UTF-8: {error}") from None
    texts = ((number, line.split("#", 1)[0].strip()) for number, line in enumerate(lines, start=1))
    return tuple(_of_line(f"line {number}", text) for number, text in texts if text)


def _of_line(where: str, text: str) -> Found:
    key, colon, rule = text.partition(":")
    scope = _KEYS.get(key.strip()) if colon else None
    return Found(where, rule.strip() if scope else text, scope)


def read_signals(path: str | Path, names: Iterable[str]) -> pl.DataFrame:
    """Read the columns of these names from a CSV or Parquet file, and its column ``date`` if it has one.

    Raises
    ------
    HistoryError
        If the file cannot be read or lacks a name, a value is no number or no day, or a day comes twice or
        out of order.
    """
    from alvh.history.checks import check_order, read_days, read_numbers
    from alvh.history.columns import DATE, Column
    from alvh.history.source import open_source

    source = open_source(path)
    wanted = dict.fromkeys(names)  # a rule may name a signal more than once
    if lacking := next((name for name in wanted if name not in source.columns), None):
        raise HistoryError(
            f"{source.name} has no column {lacking!r}, which the rule uses: "
            f"{nearest_names(lacking, source.columns)}",
            source=source.name,
            column=lacking,
        )
    columns = [
        read_numbers(source, name, Column(name, -math.inf, math.inf, "of any size", "write a number"))
        for name in wanted
    ]
    if DATE in source.columns:
        days = read_days(source, DATE)
        check_order(source, DATE, days)
        columns.append(days)
    return pl.DataFrame(columns)


def check(
    rules: Iterable[Found], history: "HistoryData | None" = None, signals: "SignalSource | None" = None
) -> pl.DataFrame:
    """Compile every rule and tell what it needs.

    Parameters
    ----------
    rules
        As `rules_of` gives them.
    history
        A history that they would be replayed over.
    signals
        Signals from outside that the run would be given, as `compare` takes them.

    Returns
    -------
    polars.DataFrame
        One row per rule: `where`, `rule`, `scope`, `names` it uses, those `outside` the engine, which a run
        must be given as signals, `warm_up` (sessions before the first), `problem` (null if it compiles); with
        a history `first_session`, the first day on which a path may start (null if it is too short), and
        `missing`, the names that stay unknown over it, and with signals `gaps`: names of which nothing is
        known at some closes, and at how many.
    """
    known: Mapping[str, int] = {}
    if history is not None and signals is not None:
        from alvh.signals.given import given as given_at

        columns = given_at(signals, history.dates).columns
        known = {name: sum(value is None for value in values) for name, values in columns.items()}
    return pl.DataFrame(
        [_checked(found, history, known) for found in rules],
        schema={
            "where": pl.String,
            "rule": pl.String,
            "scope": pl.String,
            "names": pl.List(pl.String),
            "outside": pl.List(pl.String),
            "warm_up": pl.Int64,
            "problem": pl.String,
            **(_OF_HISTORY if history is not None else {}),
        },
    )


def _checked(found: Found, history: "HistoryData | None", known: Mapping[str, int]) -> dict[str, object]:
    row: dict[str, object] = {"where": found.where, "rule": str(found.rule), "scope": found.scope}
    try:
        rule = parse(found.rule) if isinstance(found.rule, str) else found.rule
        if isinstance(found.rule, str) and not isinstance(rule, Condition):
            raise RuleError(f"rule {str(rule)!r}: a rule must be a condition, and this is a number")  # noqa: TRY301
        scope = found.scope or _narrowest(rule)
        given = outside(rule)
        used, warm_up = rule.check(scope, signals=given), rule.warm_up(scope, signals=given)
    except RuleError as error:
        return row | {"problem": str(error)}
    row |= {"scope": scope, "names": list(used), "outside": list(given), "warm_up": warm_up}
    if history is not None:
        days = history.frame["date"]
        row["first_session"] = days[warm_up] if warm_up < len(days) else None
        # A recorded market has no calendar of announcements nor signals from outside, and what is made of
        # these; every other name is computed from its columns.
        unknown = [name for name in used if name.startswith(_EVENTS) and name != _OF_POSITION]
        unknown += [
            name for name in used if name in MADE_OF and known.get(MADE_OF[name], len(days)) == len(days)
        ]
        silent = [name for name in given if known.get(name, days.len()) == days.len()]
        row["missing"] = [*unknown, *silent]
        row["gaps"] = [
            {"name": name, "sessions": known[name]} for name in given if name not in silent and known[name]
        ]
    return row


def _narrowest(rule: Expr) -> str:
    """Find the scope of the rule's names: a book takes `breakeven_challenge` as well, as an alias."""
    own = {row.name: row.scope for row in names()}
    used = rule.check(SCOPES[-1], signals=outside(rule))
    return max((own.get(name, SCOPES[0]) for name in used), key=SCOPES.index, default=SCOPES[0])


def rules_of_arm(arm: "Arm") -> Iterator[Found]:
    """Give every rule of an arm."""
    yield from (Found(*rule) for rule in arm.rules)
