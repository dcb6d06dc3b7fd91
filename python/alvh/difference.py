"""Two playbooks of one strategy: which of the rules that differ changed which outcomes, on the same paths."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from alvh.comparison import Comparison, compare
from alvh.errors import SpecError
from alvh.figures.words import number_of
from alvh.playbook import Arm, document

if TYPE_CHECKING:
    from alvh.specification import Market

__all__ = ["Change", "Difference", "changes", "diff"]

SAID_ONLY: Final = ("schema", "name", "about", "absent", "internals")
"""Keys that nothing is decided by."""

ORDER: Final = "order"
"""The change of the order of layers: they fill in order and share cash and budget."""

_NOT_FIELDS: Final = frozenset({"schema", "name", "layer"})

DUST: Final = 1e-9
"""Share of capital up to which two NAVs are equal: books with other ledgers add in another order."""

ALONE: Final = "alone"
"""A change made to the first playbook, which has none of the others."""

BESIDE: Final = "beside the others"
"""A change taken back from the second playbook, which has all the others."""

ALL: Final = "all"
"""The row of every change at once."""

FIRST: Final = "A"
"""Name of the first arm while the two are compared: those they were given may be equal."""

LAST: Final = "B"
"""Name of the second."""

_TABLE: Final = {
    "change": pl.String,
    "before": pl.String,
    "after": pl.String,
    "measured": pl.String,
    "paths": pl.Int64,
    "gained": pl.Int64,
    "avoided": pl.Int64,
    "pnl": pl.Float64,
    "pnl_low": pl.Float64,
    "pnl_high": pl.Float64,
    "max_drawdown": pl.Float64,
    "why_not": pl.String,
}


@dataclass(frozen=True)
class Change:
    """One key that two playbooks differ in.

    Attributes
    ----------
    path
        Where it stands, layers by name: ``("layer", "core", "exit")``; ``("layer", "puts")`` or
        ``("ledgers",)`` for what one playbook lacks as a whole, ``("order",)`` for the order of the layers
        that both have.
    before, after
        The values, None where a playbook has none.
    """

    path: tuple[str, ...]
    before: Any
    after: Any

    @property
    def key(self) -> str:
        """The path in one word, as ``layer.core.exit``."""
        return ".".join(self.path)

    def words(self, *, after: bool) -> str | None:
        """Return the value before or after, as a playbook writes it."""
        value = self.after if after else self.before
        return None if value is None else document.written(value)


@dataclass(frozen=True)
class Difference:
    """What each change between two playbooks does alone, and all of them together, on the same paths.

    Attributes
    ----------
    names
        Of the two arms, as they were given; where that is one name, with ``(A)`` and ``(B)``.
    changes
        The keys that differ.
    share
        Margin share of every figure.
    comparison
        The comparison behind it: the arms ``A`` and ``B``, and for each change ``A + 1`` …, which has it
        alone, or ``B - 1`` …, which lacks it alone, where the first playbook cannot have it alone.
    taken
        Positions of the changes that are measured the second way.
    refused
        Why a change can be measured neither way, by its position.
    """

    names: tuple[str, str]
    changes: tuple[Change, ...]
    share: float
    comparison: Comparison
    taken: frozenset[int]
    refused: Mapping[int, str]

    def table(self) -> pl.DataFrame:
        """Return a row per change alone, and one for all of them.

        Returns
        -------
        DataFrame
            `change` (the key, or ``"all"``), `before`, `after`; `measured`, ``"alone"`` or, where it needs
            another change, ``"beside the others"``; `paths`, on how many the last NAV differs;
            `gained` and `avoided`, paths with distress only after or only before the change; `pnl`, mean
            change of the P&L in dollars a year, with its paired 95% interval (null on a history);
            `max_drawdown`, mean change, decimal; `why_not`, where a change can be measured neither way.
        """
        rows = [self._row(change.key) for change in self.changes]
        if len(self.changes) > 1:
            rows.append(self._row(ALL))
        return pl.DataFrame(rows, schema=_TABLE, orient="row")

    def first_parting(self, key: str = ALL) -> pl.DataFrame:
        """Return the events that one side alone has, on the path that a change moves most.

        Parameters
        ----------
        key : str
            A key of `changes`, or ``"all"``.

        Returns
        -------
        DataFrame
            `side` (``"before"`` or ``"after"``), and the columns of the events of `Comparison.trace`, of the
            first tick at which the two differ; empty where nothing does.

        Raises
        ------
        SpecError
            No such key, or one that cannot be measured.
        """
        pair = self._pair(key)
        nav = self._nav(*pair)
        moved = nav.with_columns(by=(pl.col("nav") - pl.col("nav_before")).abs()).sort(
            ["by", "path"], descending=[True, False]
        )
        path = moved["path"][0]
        sides = {
            side: self.comparison.trace(path, each, self.share).events
            for side, each in zip(("before", "after"), pair, strict=True)
        }
        return _parted(sides)

    def text(self) -> str:
        """Return the table in words, a line per change."""
        first, last = self.names
        paths = number_of(self.comparison.task.paths, "path")
        about = f"{first} to {last}, at {self.share:.0%} of NAV, {paths}:"
        rows = self.table().iter_rows(named=True)
        return "\n".join([about, *(f"{row['change']}: {_words(row)}" for row in rows)])

    def _pair(self, key: str) -> tuple[str, str]:
        """Return the arms without and with a change."""
        keys = [change.key for change in self.changes]
        if key == ALL or keys == [key]:
            return FIRST, LAST
        if key not in keys:
            raise SpecError(f"diff: change = {key!r}: the changes are {', '.join(keys)}, or {ALL}")
        if (index := keys.index(key)) in self.refused:
            raise SpecError(f"diff: change = {key!r}: not measured: {self.refused[index]}")
        return (_less(index), LAST) if index in self.taken else (FIRST, _with(index))

    def _nav(self, before: str, after: str) -> pl.DataFrame:
        paths = self.comparison.paths().filter(pl.col("share") == self.share)
        nav = paths.select("path", "arm", "nav").collect()
        base = nav.filter(arm=before).select("path", nav_before="nav")
        return nav.filter(arm=after).drop("arm").join(base, on="path", validate="1:1")

    def _row(self, key: str) -> tuple[Any, ...]:
        index = next((i for i, change in enumerate(self.changes) if change.key == key), None)
        change = None if index is None else self.changes[index]
        words = [None, None] if change is None else [change.words(after=after) for after in (False, True)]
        if index is not None and index in self.refused:
            return (key, *words, *(None,) * 8, self.refused[index])
        before, after = self._pair(key)
        nav = self._nav(before, after)
        figures = self.comparison.against(before, self.share).filter(arm=after)
        of = {row["figure"]: row for row in figures.iter_rows(named=True)}
        earned, distress = of["return_on_nav"], of["p_distress"]
        capital = self.comparison.capital
        dollars = [
            None if earned[end] is None else earned[end] * capital for end in ("estimate", "low", "high")
        ]
        moved = (nav["nav"] - nav["nav_before"]).abs() > DUST * capital
        return (
            *(key, *words, BESIDE if index in self.taken else ALONE),
            *(int(moved.sum()), distress["n01"], distress["n10"], *dollars),
            *(of["max_drawdown"]["estimate"], None),
        )


def _with(index: int) -> str:
    return f"{FIRST} + {index + 1}"


def _less(index: int) -> str:
    return f"{LAST} - {index + 1}"


def changes(before: Arm, after: Arm) -> tuple[Change, ...]:
    """Return the keys in which two arms differ, in the order of the first and then of the second.

    Examples
    --------
    >>> from alvh.playbook import preset
    >>> [change.key for change in changes(preset("plain"), preset("stop_2x"))]
    ['layer.core.exit']
    """
    ours, theirs = (dict(_keys(_document(arm))) for arm in (before, after))
    both = [layer.name for layer in before.layers if layer.name in {each.name for each in after.layers}]
    order = [layer.name for layer in after.layers if layer.name in both]
    found = [Change((ORDER,), both, order)] if both != order else []
    for path in dict.fromkeys([*ours, *theirs]):
        owner = path[: 2 if path[0] == "layer" else 1]
        one_sided = (owner in ours) != (owner in theirs)
        if one_sided != (path == owner) and any(isinstance(side.get(owner), dict) for side in (ours, theirs)):
            continue  # a layer or table is told whole where one playbook lacks it, else key by key
        here, there = ours.get(path), theirs.get(path)
        if here != there:
            found.append(Change(path, here, there))
    return tuple(found)


def diff(
    before: Arm, after: Arm, market: Market, *, share: float | None = None, **options: Any
) -> Difference:
    """Say which of the rules that differ between two playbooks changed which outcomes.

    Runs both, and the first with each change alone, on the same paths; where that is no playbook, as of a
    layer without its ledger, the second without the change. The last row of the table is that of all changes:
    what they do together differs from the sum of what each does.

    Parameters
    ----------
    before, after : Arm
        The playbooks; neither with a cost that is solved for.
    market : market
        As in `compare`.
    share : float, optional
        Margin share at which they run; 0.10 unless given.
    **options
        Further arguments of `compare`: `paths`, `sessions`, `seed` and so on.

    Raises
    ------
    SpecError
        The playbooks decide alike, or one has an `equal_cost`, which would be solved anew for every change.

    Examples
    --------
    >>> from alvh import market
    >>> from alvh.playbook import preset
    >>> few = {"paths": 64, "sessions": 63, "surface_band": 0}
    >>> told = diff(preset("plain"), preset("stop_2x"), market.GBM(vol=0.20), **few)
    >>> told.table()["change"].to_list(), told.table()["measured"].to_list()
    (['layer.core.exit'], ['alone'])
    """
    found = changes(before, after)
    if not found:
        raise SpecError(f"diff: {before.name} and {after.name} decide alike: no key of theirs differs")
    for arm in (before, after):
        if arm.equal_cost is not None:
            raise SpecError(
                f"diff: {arm.name} has an equal_cost, which is solved for: give playbooks without"
            )
    share = 0.10 if share is None else share
    arms, taken, refused = [], set(), {}
    for index, change in enumerate(found if len(found) > 1 else ()):
        try:
            arms.append(_changed(before, change, _with(index)))
        except SpecError as error:
            refused[index] = str(error)
    for index in list(refused):
        back = Change(found[index].path, found[index].after, found[index].before)
        try:
            arms.append(_changed(after, back, _less(index)))
        except SpecError:
            continue  # why it cannot stand alone is the better word
        taken.add(index)
        del refused[index]
    every = [before.replace(name=FIRST), *arms, after.replace(name=LAST)]
    comparison = compare(every, market, shares=[share], **{"surface_band": 0, **options})
    names = (before.name, after.name)
    if before.name == after.name:
        names = (f"{before.name} ({FIRST})", f"{after.name} ({LAST})")
    return Difference(names, found, share, comparison, frozenset(taken), refused)


def _document(arm: Arm) -> dict[str, Any]:
    return tomllib.loads(arm.to_toml())


def _keys(tables: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield what a document says by path: a layer or a table whole, and key by key."""
    for key, value in tables.items():
        if key in SAID_ONLY:
            continue
        if key == "layer":
            for layer in value:
                name = layer["name"]
                yield (key, name), layer
                yield from (((key, name, each), said) for each, said in layer.items() if each != "name")
            continue
        yield (key,), value
        if isinstance(value, dict):
            yield from (((key, each), said) for each, said in value.items())


def _changed(arm: Arm, change: Change, name: str) -> Arm:
    """Return an arm with one change of its document."""
    tables = _document(arm)
    match change.path:
        case ("order",):
            ordered = iter(change.after)
            layers = {layer["name"]: layer for layer in tables["layer"]}
            tables["layer"] = [layers[next(ordered) if each in change.after else each] for each in layers]
        case ("layer", layer):
            others = [each for each in tables["layer"] if each["name"] != layer]
            tables["layer"] = others if change.after is None else [*others, change.after]
        case ("layer", layer, key):
            _put(next(each for each in tables["layer"] if each["name"] == layer), key, change.after)
        case (table, key):
            _put(tables[table], key, change.after)
        case (key,):
            _put(tables, key, change.after)
    said = {key: value for key, value in tables.items() if key not in _NOT_FIELDS}
    fields = {"name": name, **{key: value for key, value in said.items() if not isinstance(value, dict)}}
    named = {key: value for key, value in said.items() if isinstance(value, dict)}
    lines = document.lines_of(fields, tables["layer"], named)
    return Arm.from_toml("\n".join([f"schema = {document.SCHEMA}", *lines]) + "\n", source=change.key)


def _put(table: dict[str, Any], key: str, value: Any) -> None:
    """Set a key, or take it away where there is none."""
    if value is None:
        table.pop(key)
    else:
        table[key] = value


def _parted(sides: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the events of the first tick at which two traces differ."""
    rows = {side: [tuple(map(str, row)) for row in events.iter_rows()] for side, events in sides.items()}
    alone = {
        side: events.filter(pl.Series([row not in set(rows[other]) for row in rows[side]], dtype=pl.Boolean))
        for (side, events), other in zip(sides.items(), reversed(list(sides)), strict=True)
    }
    told = pl.concat([events.select(pl.lit(side).alias("side"), pl.all()) for side, events in alone.items()])
    return told.filter(pl.col("tick") == pl.col("tick").min())


def _words(row: Mapping[str, Any]) -> str:
    if row["why_not"] is not None:
        return f"not measured: {row['why_not']}"
    said = "" if row["change"] == ALL else f"{row['before']} became {row['after']}; "
    if row["change"] != ALL and None in (row["before"], row["after"]):
        said = "added; " if row["before"] is None else "removed; "
    if not row["paths"]:
        return f"{said}changes nothing on these paths"
    interval = "" if row["pnl_low"] is None else f" ({row['pnl_low']:+,.0f} to {row['pnl_high']:+,.0f})"
    how = "" if row["measured"] == ALONE else f"{BESIDE}, it "
    return (
        f"{said}{how}changes {number_of(row['paths'], 'path')}, "
        f"P&L {row['pnl']:+,.0f} dollars a year{interval}, "
        f"distress on {row['gained']:,} more and {row['avoided']:,} fewer"
    )
