"""What governance and schedule ask of the layers of an arm: that they exist, and permits for what they do."""

from collections.abc import Sequence

from alvh.errors import nearest_names
from alvh.playbook.entries import Schedule
from alvh.playbook.frozen import KeyMistakeError
from alvh.playbook.governance import Governance
from alvh.playbook.layer import Layer
from alvh.rules import Condition


def check(layers: Sequence[Layer], governance: Governance | None, schedule: Schedule | None) -> None:
    """Refuse names of layers that the arm does not have, and votes that cannot be cast."""
    names = [layer.name for layer in layers]
    told: dict[str, tuple[str, ...]] = {}
    if schedule is not None:
        told["schedule.layers"] = schedule.layers
    if governance is not None:
        told["governance.layers"] = governance.layers
        told["governance.voters"] = governance.voters
        told["governance.overrides"] = tuple(each.layer for each in governance.overrides)
    for key, asked in told.items():
        if unknown := next((name for name in asked if name not in names), None):
            raise KeyMistakeError(key, f"no layer {unknown!r}: {nearest_names(unknown, names)}")
    if governance is not None:
        for layer in layers:
            if layer.name in governance.voters and layer.enter is None:
                words = f"layer {layer.name!r} has no enter rule to vote by"
                raise KeyMistakeError("governance.voters", words)
        _votes(layers, governance)


def permits(
    layer: Layer,
    layers: Sequence[Layer],
    governance: Governance | None,
    schedule: Schedule | None,
    *,
    rolls: bool,
) -> dict[str, Condition]:
    """Return what opening a layer needs besides its own rule, by name; rolling it takes at least as much."""
    found = {}
    if schedule is not None and _about(layer, schedule.layers):
        found["schedule"] = schedule.condition
    if governance is not None and (_about(layer, governance.layers) or (rolls and not governance.layers)):
        found["votes"] = _votes(layers, governance)
    return found


def _about(layer: Layer, named: Sequence[str]) -> bool:
    """Say whether a layer is among those named; where none is, the layers that sell are."""
    return layer.name in named if named else layer.role == "core"


def _votes(layers: Sequence[Layer], governance: Governance) -> Condition:
    return governance.votes({layer.name: layer.enter for layer in layers if layer.enter is not None})
