"""What every figure of a comparison is made from: the books, their paths, and how they are run again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from alvh import _core, equal_cost, figures, short_end
from alvh.errors import SpecError
from alvh.hindsight import PLENTY, everything_on_offer
from alvh.runner import Result, Task

__all__ = ["EPOCH", "GATE_PATHS", "HYPOTHETICAL", "SESSION_PATHS", "Compared"]

SESSION_PATHS = 1_024
"""Paths at most of figures that are made of sessions: ledgers, beta, windows, spikes."""

GATE_PATHS = 1_024
"""Paths at most on which it is counted how often layers were closed for lack of data."""

HYPOTHETICAL = " (hypothetical)"
"""Behind the name of an arm with an offset, whatever its name says (R62)."""

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Compared:
    """Arms at every share on the same market paths; its attributes are told by `alvh.Comparison`."""

    task: Task
    result: Result
    threads: int = 0
    band: Mapping[float, Result] = field(default_factory=dict)
    sides: Mapping[float, Result] = field(default_factory=dict)

    @property
    def manifest(self) -> dict[str, Any]:
        """What determined the figures, and a digest of their bits per arm and share."""
        return self.result.manifest

    @property
    def capital(self) -> float:
        """Dollars of every book at the start."""
        return float(self.task.spec["capital"])

    @property
    def sessions(self) -> int:
        """Sessions after the start."""
        return int(self.task.spec["sessions"])

    @property
    def within(self) -> int:
        """Sessions within which distress counts: a year, or the whole shorter horizon."""
        return min(figures.WITHIN, self.sessions)

    @property
    def replayed(self) -> bool:
        """Was a history replayed? Then figures are counts and dates, without intervals."""
        return bool(self.task.facts["market"] == "replay")

    @property
    def books(self) -> list[tuple[str, float]]:
        """Arm and margin share of each book."""
        return [(book["arm"], book["share"]) for book in self.task.spec["books"]]

    @property
    def arms(self) -> list[str]:
        """Names of the arms, in the order given."""
        return list(dict.fromkeys(arm for arm, _ in self.books))

    @property
    def shares(self) -> list[float]:
        """The size ladder, ascending."""
        return sorted({share for _, share in self.books})

    @property
    def hedged(self) -> list[str]:
        """Names of the arms with a hedge layer, in the order given."""
        return [arm for arm in self.arms if any(layer["role"] == "hedge" for layer in self._layers(arm))]

    @property
    def budgets(self) -> dict[str, float]:
        """Of the arms that have a budget: the expected cost a year that it allows at most, of NAV (R61)."""
        ledgers = {book["arm"]: book["ledgers"] or {} for book in self.task.spec["books"]}
        once = {"high": 1.0, "unknown": 1.0}
        most = {arm: each.get("budget_weight", once) for arm, each in ledgers.items()}
        return {
            arm: each["budget_per_year"] * max(most[arm]["high"], most[arm]["unknown"])
            for arm, each in ledgers.items()
            if each.get("budget_per_year")
        }

    @property
    def quoted(self) -> bool:
        """Were recorded option quotes replayed? Then `prices` counts them."""
        return "chain" in self.task.spec["market"]

    def paths(self) -> pl.LazyFrame:
        """Return a row per path and book: path, start, arm, share, and the figures of ``docs/engine.md``."""
        books = pl.LazyFrame(
            {
                "book": range(len(self.books)),
                "arm": [arm for arm, _ in self.books],
                "share": [share for _, share in self.books],
            },
            schema={"book": pl.Int16, "arm": pl.String, "share": pl.Float64},
        )
        starts = self.task.spec["starts"]
        schedule = self.task.spec["schedule"]
        first = starts or [schedule["origin"]] * self.task.paths
        days = pl.LazyFrame(
            {
                "path": range(len(first)),
                "start": [EPOCH + timedelta(schedule["days"][index]) for index in first],
            },
            schema={"path": pl.Int64, "start": pl.Date},
        )
        figure_columns = [
            name for name in self.result.frame.collect_schema().names() if name not in {"path", "book"}
        ]
        joined = self.result.frame.join(books, on="book", how="left", maintain_order="left")
        joined = joined.join(days, on="path", how="left", maintain_order="left")
        return joined.select("path", "start", "arm", "share", *figure_columns)

    @cached_property
    def _frame(self) -> pl.DataFrame:
        return self.paths().collect()

    @property
    def _equal_cost(self) -> dict[str, Any]:
        facts: dict[str, Any] = self.task.facts["equal_cost"]
        return facts

    @property
    def _unequal(self) -> dict[str, str]:
        return equal_cost.unequal(self._equal_cost)

    @property
    def _governed_arms(self) -> list[str]:
        governed = {
            book["arm"]
            for book in self.task.spec["books"]
            if any({"permits", "overrides"} & layer.keys() for layer in book["layers"])
        }
        return [arm for arm in self.arms if arm in governed]

    @cached_property
    def near(self) -> list[str]:
        """Names of the arms whose core expires within a week, with hedges or without, in the order given."""
        return short_end.extrapolated(self.task.spec)

    def _offset(self, arm: str) -> bool:
        ledgers = next(book["ledgers"] for book in self.task.spec["books"] if book["arm"] == arm) or {}
        return bool(ledgers.get("mode") == "offset")

    def label(self, arm: str) -> str:
        """Return the name of an arm as reports show it.

        Close-only stops carry a star (R13), rivals that are not at equal cost a dagger (R19), arms that sell
        options of a week or less a double dagger (R2), arms whose hedge offsets what their core requires the
        word hypothetical (R62).
        """
        star = "*" if arm in self.task.facts["close_only"] else ""
        dagger = "†" if arm in self._unequal else ""
        double = "‡" if arm in self.near else ""
        return f"{arm}{star}{dagger}{double}{HYPOTHETICAL if self._offset(arm) else ''}"

    def labelled(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return a table with the arms named as reports show them."""
        return table.with_columns(pl.col("arm").replace({arm: self.label(arm) for arm in self.arms}))

    def _sampled(self, name: str) -> None:
        if self.replayed:
            raise SpecError(f"{name}: rolling starts of one history are not a sample: see history()")

    def _shown(self, table: pl.DataFrame) -> pl.DataFrame:
        """Overlapping starts are not independent: on a history no interval and no p-value is shown."""
        if not self.replayed:
            return table
        bounds = ("low", "high", "dollars_low", "dollars_high", "difference_low", "difference_high")
        known = (*bounds, "p_value", "p_holm")
        inferred = [name for name in known if name in table.columns]
        return table.with_columns(pl.lit(None, pl.Float64).alias(name) for name in inferred)

    def _asked_again(self, arms: Sequence[str]) -> tuple[Task, int]:
        """Return the task of arms at the smallest share on a part of the paths, and how many these are."""
        starts = self.task.spec["starts"]
        starts = starts[:: math.ceil(len(starts) / GATE_PATHS)] if starts else []
        share = self._share(None)
        books = [book for book in self.task.spec["books"] if book["share"] == share and book["arm"] in arms]
        task = Task({**self.task.spec, "starts": starts, "books": books}, self.task.paths, self.task.facts)
        return task, len(starts) or min(self.task.paths, GATE_PATHS)

    def _followed(
        self, what: str, arm: str | None, share: float | None, most: int, *, offered: bool = False
    ) -> tuple[str, _core.Plan, Sequence[int]]:
        """Return an arm, its book alone on at most so many paths, and the numbers of these.

        The first paths of a simulation, or starts of a history, evenly spread; of what is `offered` to
        hindsight, or of the book itself.
        """
        arm, share = arm or self.arms[0], self._share(share)
        self._book(what, arm, share)
        paths, alone = self._spread(most)
        return arm, (self._offered if offered else self._alone)(arm, share, alone), paths

    def _spread(self, most: int) -> tuple[Sequence[int], list[int]]:
        """Return the numbers of at most so many paths, and the starts of a plan that has these alone.

        The first paths of a simulation, which has no starts; of a history, starts evenly spread.
        """
        if most < 1:
            raise SpecError(f"most = {most}: at least 1 path")
        starts = self.task.spec["starts"]
        if not starts:
            return range(min(self.task.paths, most)), []
        step = math.ceil(len(starts) / most)
        return range(0, len(starts), step), starts[::step]

    def _followed_starts(self, most: int = SESSION_PATHS) -> tuple[Sequence[int], list[int]]:
        """Return the numbers of the paths followed, and the session of the calendar each begins at."""
        paths, starts = self._spread(most)
        return paths, starts or [self.task.spec["schedule"]["origin"]] * len(paths)

    def _book(self, what: str, arm: str, share: float) -> int:
        """Return which book an arm at a share is, or refuse one that this comparison does not have."""
        if (arm, share) not in self.books:
            raise SpecError(
                f"{what}: arm = {arm!r} at share = {share}: known arms are {', '.join(self.arms)}"
            )
        return self.books.index((arm, share))

    def _known_path(self, of: str, path: int, arm: str, share: float) -> None:
        """Refuse a book or a path that this comparison does not have."""
        self._book(of, arm, share)
        if not 0 <= path < self.task.paths:
            raise SpecError(f"{of}: path = {path}: this comparison has the paths 0 to {self.task.paths - 1}")

    def _alone(self, arm: str, share: float, starts: Sequence[int]) -> _core.Plan:
        """Return the plan of one book: what runs beside it changes no bit, and takes time."""
        return self._together([arm], share, starts)

    def _together(
        self, arms: Sequence[str], share: float, starts: Sequence[int], *, what: str = "arms"
    ) -> _core.Plan:
        """Return the plan of books of a share: what they have in common is priced once."""
        books = [self.task.spec["books"][self._book(what, arm, share)] for arm in arms]
        task = Task({**self.task.spec, "starts": starts, "books": books}, self.task.paths, self.task.facts)
        return _core.Plan(task.text)

    def _offered(self, arm: str, share: float, starts: Sequence[int]) -> _core.Plan:
        """Return the plan of what hindsight chooses from, with capital for all of it."""
        book = everything_on_offer(self.task.spec["books"][self.books.index((arm, share))])
        spec = {**self.task.spec, "starts": starts, "books": [book], "capital": PLENTY * self.capital}
        return _core.Plan(Task(spec, self.task.paths, self.task.facts).text)

    def _first(self, path: int) -> int:
        """Return the session of the calendar at which a path begins."""
        starts = self.task.spec["starts"]
        return int(starts[path] if starts else self.task.spec["schedule"]["origin"])

    def _closes(self, path: int) -> list[date]:
        """Return the days of a path at whose closes something may be decided."""
        first = self._first(path)
        return self._days[first : first + self.sessions]

    @cached_property
    def _days(self) -> list[date]:
        return [EPOCH + timedelta(day) for day in self.task.spec["schedule"]["days"]]

    def _layers(self, arm: str) -> list[dict[str, Any]]:
        return next(book["layers"] for book in self.task.spec["books"] if book["arm"] == arm)

    def _share(self, share: float | None) -> float:
        if share is None:
            return self.shares[0]
        if share not in self.shares:
            raise SpecError(f"share = {share}: this comparison ran {', '.join(map(str, self.shares))}")
        return share
