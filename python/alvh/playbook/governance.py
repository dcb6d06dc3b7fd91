"""Who may add risk: k of n votes of semi-independent signals, hard checks, overrides on record (R87, R88)."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    Strict,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from alvh.playbook.frozen import Frozen, compiled
from alvh.rules import Condition
from alvh.rules import votes as at_least
from alvh.rules.families import families

Check = Literal["budget", "liquidity"]
Text = Annotated[str, Field(min_length=1, max_length=500)]

DEFAULT_SIGNALS = {
    "session": "return_1 > -0.03",
    "week": "rsi_14_weekly > 30",
    "year": "vix_percentile_252 < 80",
}
"""Three horizons, of two families: no crash today, no falling market this quarter, no storm. Ours (R88)."""

LEAST_FAMILIES = 2
"""Families of evidence that several votes come from: semi-independent (R87)."""


class Signal(Frozen):
    """A signal that votes: true is a yes, false and unknown are none."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    when: Condition

    @field_validator("when", mode="before")
    @classmethod
    def _when(cls, rule: object) -> object:
        return compiled(rule, "book")


class Override(Frozen):
    """What a person decided for one day against the votes: who, when, why and what.

    It acts at the close of `day` in a replay of that day, and stands in for schedule and votes, not for the
    layer's own rule nor for the hard checks.

    Examples
    --------
    >>> Override(day=date(2018, 2, 6), layer="core", act="withhold", who="risk desk", why="spreads gone").act
    'withhold'
    """

    day: date
    layer: str
    act: Literal["allow", "withhold"]
    who: Text
    why: Text


Signals = Annotated[
    tuple[Signal, ...],
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}, "title": "Signals"}),
]


class Governance(Frozen):
    """What opening more and rolling need besides the rule of the layer (R87, R88).

    Parameters
    ----------
    signals
        Conditions on market and book by name; three of ours unless given.
    voters
        Names of layers that vote as well: yes while their ``enter`` rule is true.
    needs
        Votes that must be yes at the close of the decision. Unknown is no yes.
    layers
        What waits for the votes: openings of these layers and their rolls. Unless given, openings of those
        that sell, because buying a hedge adds no risk, and rolls of every layer.
    checks
        Hard checks that the arm gets where it has none yet. ``"liquidity"``: `Liquidity` with its defaults
        (R64). ``"budget"``: the cap ``sleeve.budget`` on every layer that buys, where the sleeve has a budget
        (R61). Margin is always checked: what free funds do not cover is refused.
    overrides
        The log of decisions against the votes; part of every hash.

    Examples
    --------
    >>> signals = {"calm": "vix < 30", "trend": "rsi_14 > 40", "carry": "vix_contango > 0"}
    >>> governance = Governance(signals=signals)
    >>> str(governance.votes({}))
    'votes(2, vix < 30, rsi_14 > 40, vix_contango > 0)'
    >>> Governance(signals={"calm": "vix < 30", "curve": "vix_contango > 0"})
    Traceback (most recent call last):
    alvh.SpecError: Governance: signals: all of one family, volatility: votes are semi-independent (R87): \
add one of another family, see rules.names()
    """

    signals: Signals = Field(default=DEFAULT_SIGNALS, validate_default=True)
    voters: Annotated[tuple[str, ...], Strict(strict=False)] = ()
    needs: int = Field(default=2, ge=1)
    layers: Annotated[tuple[str, ...], Strict(strict=False)] = ()
    checks: Annotated[tuple[Check, ...], Strict(strict=False)] = ("budget", "liquidity")
    overrides: Annotated[tuple[Override, ...], Strict(strict=False)] = ()

    @field_validator("signals", mode="before")
    @classmethod
    def _named(cls, signals: object) -> object:
        if isinstance(signals, Mapping):
            return tuple({"name": name, "when": when} for name, when in signals.items())
        return signals

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        names = [*(signal.name for signal in self.signals), *self.voters]
        if len(set(names)) < len(names):
            raise ValueError(f"signals and voters: each once, not {', '.join(names)}")
        if not names:
            raise ValueError("signals: at least one, or voters: layers that vote")
        if self.needs > len(names):
            raise ValueError(f"needs = {self.needs}: of {len(names)} votes; at most that many")
        if not self.voters:
            self.votes({})
        return self

    def votes(self, enters: Mapping[str, Condition]) -> Condition:
        """Return the condition that enough votes are yes.

        Parameters
        ----------
        enters
            The ``enter`` rules of the layers that vote, by name.

        Raises
        ------
        ValueError
            Several votes are all of one family.
        """
        voting = [*(signal.when for signal in self.signals), *(enters[name] for name in self.voters)]
        if len(voting) == 1:
            return voting[0]
        heard = frozenset().union(*(families(each.tree) for each in voting))
        if len(heard) < LEAST_FAMILIES:
            raise ValueError(
                f"signals: all of one family, {', '.join(heard) or 'none'}: votes are semi-independent "
                "(R87): add one of another family, see rules.names()"
            )
        return at_least(self.needs, *voting)

    def spec(self) -> dict[str, Any]:
        """Return what belongs to the hash of an arm: votes are in its permits."""
        return self.model_dump(mode="json", include={"layers", "checks", "overrides"})

    def document(self) -> dict[str, Any]:
        """Return the governance as the TOML table ``[governance]``."""
        table = self.model_dump(exclude_defaults=True, exclude={"signals"})
        signals = {signal.name: str(signal.when) for signal in self.signals}
        return table if signals == DEFAULT_SIGNALS else {"signals": signals, **table}
