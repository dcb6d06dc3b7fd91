"""On which days a layer may open and roll: weekdays, and days apart from announcements (R56, R84)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    Field,
    Strict,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from alvh.playbook.frozen import Event, Frozen, compiled
from alvh.rules import Condition, parse

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday"]


class Apart(Frozen):
    """So many calendar days before an announcement, its own day included."""

    event: Event
    days: int = Field(ge=0, le=90)


Announcements = Annotated[
    tuple[Apart, ...],
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                event: {"type": "integer", "minimum": 0, "maximum": 90} for event in get_args(Event)
            },
            "additionalProperties": False,
            "title": "Not Within",
        }
    ),
]


class Schedule(Frozen):
    """The days on which openings are decided, whatever the cadence of a layer says (R88).

    Parameters
    ----------
    weekdays
        At whose closes something may be decided; every day unless given.
    not_within
        Calendar days before an announcement in which nothing is, by its kind: ``{"fomc": 2}`` leaves out its
        own day and the two before. Where the calendar has no such announcements that is unknown, and unknown
        opens nothing (C24).
    when
        A further condition on market and book.
    layers
        The layers that it is about: those that sell unless given.

    Examples
    --------
    >>> schedule = Schedule(weekdays=["monday", "wednesday"], not_within={"fomc": 2})
    >>> str(schedule.condition)
    '(weekday == 1 or weekday == 3) and days_to_fomc > 2'
    """

    weekdays: Annotated[tuple[Weekday, ...], Strict(strict=False)] = ()
    not_within: Announcements = ()
    when: Condition | None = None
    layers: Annotated[tuple[str, ...], Strict(strict=False)] = ()

    @field_validator("not_within", mode="before")
    @classmethod
    def _by_kind(cls, apart: object) -> object:
        if isinstance(apart, Mapping):
            return tuple({"event": event, "days": days} for event, days in apart.items())
        return apart

    @field_validator("when", mode="before")
    @classmethod
    def _when(cls, rule: object) -> object:
        return compiled(rule, "book")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if len(set(self.weekdays)) < len(self.weekdays):
            raise ValueError("weekdays: each once")
        if not (self.weekdays or self.not_within or self.when is not None):
            raise ValueError("give weekdays, not_within or when: this leaves no day out")
        return self

    @property
    def condition(self) -> Condition:
        """The days as a rule on market and book."""
        numbers = [get_args(Weekday).index(day) + 1 for day in self.weekdays]
        days = " or ".join(f"weekday == {number}" for number in numbers)
        parts = [f"({days})"] if days else []
        parts += [f"days_to_{apart.event} > {apart.days}" for apart in self.not_within]
        parts += [f"({self.when})"] if self.when is not None else []
        found = parse(" and ".join(parts))
        assert isinstance(found, Condition)  # noqa: S101 -- a conjunction of comparisons
        return found

    def document(self) -> dict[str, Any]:
        """Return the schedule as the TOML table ``[schedule]``."""
        table: dict[str, Any] = {"weekdays": list(self.weekdays)} if self.weekdays else {}
        if self.not_within:
            table["not_within"] = {apart.event: apart.days for apart in self.not_within}
        if self.when is not None:
            table["when"] = str(self.when)
        return table | ({"layers": list(self.layers)} if self.layers else {})
