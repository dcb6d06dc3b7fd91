"""The cash press: what an arm does while enough of the four Big Top flags are up (R84, R89, C8, C22)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, Strict, field_validator, model_validator

from alvh.errors import nearest_names
from alvh.playbook.frozen import Frozen, KeyMistakeError
from alvh.playbook.governance import Signals
from alvh.playbook.layer import Layer
from alvh.playbook.monetise import ROUNDING, Part, written
from alvh.rules import Condition, parse, votes

BIG_TOP = {
    "theta_acceleration": "core_theta_acceleration > 1.5",
    "resistance": "distance_to_resistance < 0.01",
    "fomc": "10 <= days_to_fomc <= 14",
    "extrinsic": "core_extrinsic_share < 0.25",
}
"""The four flags of R84: decay half as fast again as at the entry, SPX within 1% of its 60-day high, 10 to 14
days before the FOMC, and less than a quarter of the core's credit left as time value."""


class CashPress(Frozen):
    """What is done while enough of the Big Top flags are up: cash is pressed out, no premium added (R84).

    The methodology names the four flags and asks that the hedge's convexity be harvested instead of short
    premium being added; that is the reading here. Nothing that sells opens; of every bought option worth at
    least ``at`` times what was paid a part is sold, once a tranche, beside what its own rungs sell; and with
    ``buy_back`` what is sold and has decayed is bought back.

    Parameters
    ----------
    flags
        Conditions on market and book by name; the four of R84 unless given.
    needs
        Flags that must be up. While too many of them are unknown to tell, nothing that sells opens and
        nothing is sold (C24).
    at
        Of what is worth at least so many times its cost …
    sell
        … this part of the lots at the opening is sold: a number above 0 up to 1, or a fraction as text.
    layers
        The hedges that are pressed: every layer that buys options unless given.
    buy_back
        Share of its credit below which the time value of a sold tranche is bought back; none: it is held.

    Examples
    --------
    >>> str(CashPress(needs=2, flags={"high": "distance_to_resistance < 0.01", "vix": "vix < 15"}).condition)
    'votes(2, distance_to_resistance < 0.01, vix < 15)'
    """

    flags: Signals = Field(default=BIG_TOP, validate_default=True)
    needs: int = Field(default=3, ge=1)
    at: float = Field(default=1.0, gt=0)
    sell: Part = 1 / 3
    layers: Annotated[tuple[str, ...], Strict(strict=False)] = ()
    buy_back: float | None = Field(default=None, gt=0, le=1)

    @field_validator("flags", mode="before")
    @classmethod
    def _named(cls, flags: object) -> object:
        if isinstance(flags, Mapping):
            return tuple({"name": name, "when": when} for name, when in flags.items())
        return flags

    @model_validator(mode="after")
    def _can_be_met(self) -> "CashPress":
        names = [flag.name for flag in self.flags]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"flags: at least one, each once, not {', '.join(names) or 'none'}")
        if self.needs > len(names):
            raise ValueError(f"needs = {self.needs}: of {len(names)} flags; at most that many")
        return self

    @property
    def condition(self) -> Condition:
        """That enough flags are up, as a rule on market and book."""
        rules = [flag.when for flag in self.flags]
        return rules[0] if len(rules) == 1 else votes(self.needs, *rules)

    def about(self, layer: Layer) -> bool:
        """Say whether the press sells of what a layer bought."""
        options = layer.buy is not None and not layer.buy.outright
        return options and (not self.layers or layer.name in self.layers)

    def check(self, layers: Sequence[Layer]) -> None:
        """Refuse layers that cannot be pressed, and parts that come to more than there is."""
        names = [layer.name for layer in layers if layer.buy is not None and not layer.buy.outright]
        if unknown := next((name for name in self.layers if name not in names), None):
            words = f"no layer {unknown!r} that buys options: {nearest_names(unknown, names)}"
            raise KeyMistakeError("press.layers", words)
        for layer in filter(self.about, layers):
            parts = sum(rung.sell for rung in layer.monetise) + self.sell
            if parts > 1 + ROUNDING:
                words = f"with the rungs of layer {layer.name!r} {parts:.3g} of its lots: at most all of them"
                raise KeyMistakeError("press.sell", words)

    def spec(self) -> dict[str, Any]:
        """Return the press of a layer as the engine reads it."""
        return {"when": self.condition.spec(), "at": self.at, "sell": self.sell}

    def exit(self, layer: Layer) -> Condition | None:
        """Return the exit rule of a layer that sells: its own, or with the time value that is bought back."""
        return layer.exit if self.bought_back is None else _either(layer.exit, self.bought_back)

    @property
    def bought_back(self) -> Condition | None:
        """When a sold tranche is bought back, as a rule on the tranche; None: never."""
        if self.buy_back is None:
            return None
        return _condition(f"({self.condition}) and extrinsic_share < {self.buy_back!r}")

    def document(self) -> dict[str, Any]:
        """Return the press as the TOML table ``[press]``."""
        table = self.model_dump(exclude_defaults=True, exclude={"flags"})
        table |= {"sell": written(self.sell)} if "sell" in table else {}
        flags = {flag.name: str(flag.when) for flag in self.flags}
        return table if flags == BIG_TOP else {"flags": flags, **table}


def _either(rule: Condition | None, other: Condition) -> Condition:
    return other if rule is None else _condition(f"({rule}) or ({other})")


def _condition(text: str) -> Condition:
    found = parse(text)
    assert isinstance(found, Condition)  # noqa: S101 -- made of conditions
    return found
