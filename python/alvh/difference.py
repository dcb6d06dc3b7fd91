"""Two playbooks of one strategy: which of the rules that differ changed which outcomes, on the same paths."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from alvh.comparison import Comparison, compare
from alvh.errors import SpecError
from alvh.playbook import Arm, document

if TYPE_CHECKING:
    from alvh.specification import Market

__all__ = ["Change", "Difference", "changes", "diff"]

SAID_ONLY: Final = ("schema", "name", "about")
"""Keys that nothing is decided by."""

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
    key
        Its path, layers by name: ``layer.core.exit``, ``ledgers.sleeve``; ``layer.puts`` for a whole layer.
    before, after
        The values in TOML's words, None where a playbook has none.
    """

    key: str
    before: Any
    after: Any

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
        Of the two arms, as they were given.
    changes
        The keys that differ.
    share
        Margin share of every figure.
    comparison
        The comparison behind it: the arms ``A``, ``B``, and ``A + 1`` … with one change each.
    """

    names: tuple[str, str]
    changes: tuple[Change, ...]
    share: float
    comparison: Comparison
    refused: Mapping[int, str]

    def table(self) -> pl.DataFrame:
        """Return a row per change alone, and one for all of them.

        Returns
        -------
        DataFrame
            `change` (the key, or ``"all"``), `before`, `after`; `paths`, on how many the last NAV differs;
            `gained` and `avoided`, paths with distress only after or only before the change; `pnl`, mean
            change of the P&L in dollars a path, with its paired 95% interval (null on a history);
            `max_drawdown`, mean change, decimal; `why_not`, where a change cannot be made alone.
        """
        rows = [
            self._row(change.key, self._arm(index), change)
            if index not in self.refused
            else self._refusal(index)
            for index, change in enumerate(self.changes)
        ]
        if len(self.changes) > 1:
            rows.append(self._row(ALL, LAST, None))
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
            No such key, or one that cannot be changed alone.
        """
        arm = self._named(key)
        nav = self._nav(arm)
        moved = nav.with_columns(by=(pl.col("nav") - pl.col("nav_before")).abs()).sort(
            ["by", "path"], descending=[True, False]
        )
        path = moved["path"][0]
        sides = {
            side: self.comparison.trace(path, each, self.share).events
            for side, each in (("before", FIRST), ("after", arm))
        }
        return _parted(sides)

    def text(self) -> str:
        """Return the table in words, a line per change."""
        first, last = self.names
        about = f"{first} to {last}, at {self.share:.0%} of NAV, {self.comparison.task.paths:,} paths:"
        rows = self.table().iter_rows(named=True)
        return "\n".join([about, *(f"{row['change']}: {_words(row)}" for row in rows)])

    def _named(self, key: str) -> str:
        keys = [change.key for change in self.changes]
        if key == ALL:
            return LAST
        if key not in keys:
            raise SpecError(f"diff: change = {key!r}: the changes are {', '.join(keys)}, or {ALL}")
        if (index := keys.index(key)) in self.refused:
            raise SpecError(f"diff: change = {key!r}: not possible alone: {self.refused[index]}")
        return self._arm(index)

    def _arm(self, index: int) -> str:
        return LAST if len(self.changes) == 1 else f"{FIRST} + {index + 1}"

    def _nav(self, arm: str) -> pl.DataFrame:
        paths = (
            self.comparison.paths()
            .filter(pl.col("share") == self.share)
            .select("path", "arm", "nav")
            .collect()
        )
        before = paths.filter(arm=FIRST).select("path", nav_before="nav")
        return paths.filter(arm=arm).drop("arm").join(before, on="path", validate="1:1")

    def _row(self, key: str, arm: str, change: Change | None) -> tuple[Any, ...]:
        nav = self._nav(arm)
        figures = self.comparison.against(FIRST, self.share).filter(arm=arm)
        of = {row["figure"]: row for row in figures.iter_rows(named=True)}
        earned, distress = of["return_on_nav"], of["p_distress"]
        capital = self.comparison.capital
        dollars = [
            None if earned[end] is None else earned[end] * capital for end in ("estimate", "low", "high")
        ]
        words = (None, None) if change is None else (change.words(after=False), change.words(after=True))
        moved = nav.filter(pl.col("nav") != pl.col("nav_before")).height
        return (
            *(key, *words, moved, distress["n01"], distress["n10"], *dollars),
            of["max_drawdown"]["estimate"],
            None,
        )

    def _refusal(self, index: int) -> tuple[Any, ...]:
        change = self.changes[index]
        words = (change.words(after=False), change.words(after=True))
        return (change.key, *words, *(None,) * 7, self.refused[index])


def changes(before: Arm, after: Arm) -> tuple[Change, ...]:
    """Return the keys in which two arms differ, in the order of the first and then of the second.

    Examples
    --------
    >>> from alvh.playbook import preset
    >>> [change.key for change in changes(preset("plain"), preset("stop_2x"))]
    ['layer.core.exit']
    """
    ours, theirs = (dict(_keys(_document(arm))) for arm in (before, after))
    keys = dict.fromkeys([*ours, *theirs])
    whole = {key for key in keys if key.count(".") == 1 and key.startswith("layer.")}
    found = []
    for key in keys:
        owner = ".".join(key.split(".")[:2])
        one_sided = owner in whole and (owner in ours) != (owner in theirs)
        if one_sided and key != owner:
            continue  # the layer as a whole is the change
        a, b = ours.get(key), theirs.get(key)
        if key in whole and not one_sided:
            continue
        if a != b:
            found.append(Change(key, a, b))
    return tuple(found)


def diff(
    before: Arm, after: Arm, market: Market, *, share: float | None = None, **options: Any
) -> Difference:
    """Say which of the rules that differ between two playbooks changed which outcomes.

    Runs both, and the first with each change alone, on the same paths. What the changes do together beyond
    the sum of what they do alone is their interaction, which the table shows by its last row.

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
    >>> told.table().select("change", "gained", "avoided")
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
    arms, refused = [before.replace(name=FIRST)], {}
    for index, change in enumerate(found if len(found) > 1 else ()):
        try:
            arms.append(_changed(before, change, f"{FIRST} + {index + 1}"))
        except SpecError as error:
            refused[index] = str(error)
    arms.append(after.replace(name=LAST))
    comparison = compare(arms, market, shares=[share], **{"surface_band": 0, **options})
    return Difference((before.name, after.name), found, share, comparison, refused)


def _document(arm: Arm) -> dict[str, Any]:
    return tomllib.loads(arm.to_toml())


def _keys(tables: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what a document says, by key; a layer as a whole and key by key."""
    for key, value in tables.items():
        if key in SAID_ONLY:
            continue
        if key == "layer":
            for layer in value:
                yield f"layer.{layer['name']}", layer
                yield from (
                    (f"layer.{layer['name']}.{name}", each) for name, each in layer.items() if name != "name"
                )
        elif isinstance(value, dict):
            yield from ((f"{key}.{name}", each) for name, each in value.items())
        else:
            yield key, value


def _changed(arm: Arm, change: Change, name: str) -> Arm:
    """Return an arm with one change of its document."""
    tables = _document(arm)
    kind, *path = change.key.split(".")
    if kind == "layer" and len(path) == 1:
        layers = [layer for layer in tables["layer"] if layer["name"] != path[0]]
        tables["layer"] = layers if change.after is None else [*layers, change.after]
    else:
        owner = tables
        if kind == "layer":
            owner = next(layer for layer in tables["layer"] if layer["name"] == path[0])
        elif path:
            owner = tables.setdefault(kind, {})
        key = path[-1] if path else kind
        if change.after is None:
            owner.pop(key)
        else:
            owner[key] = change.after
    fields = {
        key: value
        for key, value in tables.items()
        if not isinstance(value, dict) and key not in {"layer", "schema"}
    }
    named = {key: value for key, value in tables.items() if isinstance(value, dict) and value}
    lines = document.lines_of({**fields, "name": name}, tables["layer"], named)
    return Arm.from_toml("\n".join([f"schema = {document.SCHEMA}", *lines]) + "\n", source=change.key)


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
        return f"not possible alone: {row['why_not']}"
    said = f"{row['before']} became {row['after']}; " if row["before"] or row["after"] else ""
    if not row["paths"]:
        return f"{said}changes nothing on these paths"
    interval = "" if row["pnl_low"] is None else f" ({row['pnl_low']:+,.0f} to {row['pnl_high']:+,.0f})"
    return (
        f"{said}changes {row['paths']:,} paths, P&L {row['pnl']:+,.0f} dollars a path{interval}, "
        f"distress on {row['gained']:,} more and {row['avoided']:,} fewer"
    )
