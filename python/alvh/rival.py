"""What makes an arm a rival at equal cost: whose cost it matches, by which one parameter (R19)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, Strict, model_validator

from alvh.keys import KnownKeys

if TYPE_CHECKING:
    from alvh.playbook import Layer

    AnyLayer = TypeVar("AnyLayer", bound=Layer)

__all__ = ["EqualCost", "Vary"]

Vary = Literal["lots", "width", "buffer", "overlay"]

_KEYS: dict[Vary, tuple[str, str]] = {
    "lots": ("size", "multiplier"),
    "width": ("strikes", "width"),
    "buffer": ("size", "buffer"),
}
"""The key of the core that each parameter is; "overlay" scales every other layer instead."""

Bracket = Annotated[tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]], Strict(strict=False)]
"""Two numbers; TOML has lists where Python has tuples."""


class EqualCost(KnownKeys):
    """Solve one parameter of an arm until its mean drag against the base arm is that of another arm.

    Attributes
    ----------
    to : str
        Name of the arm whose cost is matched.
    vary : str
        "lots": ``size.multiplier`` of the core; "width": its ``strikes.width``; "buffer": its
        ``size.buffer``; "overlay": factor of ``size.multiplier`` of every layer but the core.
    between : tuple of 2 floats
        Values between which the parameter is sought.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    to: str = "alvh_0"
    vary: Vary
    between: Bracket

    @model_validator(mode="after")
    def _rising(self) -> Self:
        low, high = self.between
        if not low < high:
            raise ValueError(f"between = {[low, high]}: [low, high] with low < high")
        return self

    def applied(self, layers: tuple[AnyLayer, ...], value: float) -> tuple[AnyLayer, ...]:
        """Return the layers, the core first, with the parameter at `value`."""
        core, *others = layers
        if self.vary == "overlay":
            scaled = (_with(each, "size", "multiplier", each.size.multiplier * value) for each in others)
            return (core, *scaled)
        return (_with(core, *_KEYS[self.vary], value), *others)


def _with(layer: AnyLayer, part: str, key: str, value: float) -> AnyLayer:
    """Return the layer with one key of one of its parts replaced, validated again."""
    changed = {**dict(getattr(layer, part)), key: value}
    return type(layer).of({**dict(layer), part: changed})
