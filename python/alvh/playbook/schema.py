"""The JSON schema of a playbook: what an editor checks and completes a TOML file by."""

from typing import Any

from alvh.playbook.arm import Arm
from alvh.playbook.document import KNOWN_OF_SETS, SCHEMA

__all__ = ["schema"]

_ARM = "#/$defs/Arm"


def schema() -> dict[str, Any]:
    """Return the JSON schema, draft 2020-12, of a playbook written as TOML: one arm, or a set of them.

    It knows keys, types, choices and bounds. What needs more than one key at a time, whether a rule compiles
    and whether a product is listed is checked by `Playbook.read`: what meets the schema may still be refused.

    Returns
    -------
    dict
        Ready for `json.dumps`.

    Examples
    --------
    >>> sorted(schema()["properties"])[:5]
    ['about', 'absent', 'arm', 'calls', 'equal_cost']
    >>> schema()["properties"]["schema"]
    {'const': 1, 'title': 'Version of the format'}
    """
    found = Arm.model_json_schema(by_alias=True)
    parts = found.pop("$defs")
    fields = found["properties"]
    layers = {**fields.pop("layers"), "title": "Layers, the core first"}
    arm = {
        **found,
        "title": "Arm",
        "properties": {**fields, "layer": layers},
        "required": ["name", "layer"],
    }
    shipped = {
        "title": "Arm that ships with alvh",
        "type": "object",
        "properties": {"preset": {"type": "string"}},
        "required": ["preset"],
        "additionalProperties": False,
    }
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "alvh playbook",
        "description": found["description"],
        "type": "object",
        "properties": {
            "schema": {"const": SCHEMA, "title": "Version of the format"},
            **fields,
            "layer": layers,
            "arm": {
                "title": "Arms, the base of differences first",
                "type": "array",
                "minItems": 1,
                "items": {"anyOf": [{"$ref": _ARM}, {"$ref": "#/$defs/Shipped"}]},
            },
        },
        "required": ["schema", "name"],
        "additionalProperties": False,
        # Either a single arm, or a set with what its arms share.
        "oneOf": [
            {"required": ["layer"], "properties": {"arm": False}},
            {"required": ["arm"], "propertyNames": {"enum": list(KNOWN_OF_SETS)}},
        ],
        "$defs": {**parts, "Arm": arm, "Shipped": shipped},
    }
    for part in (described, *described["$defs"].values()):
        if "description" in part:  # a docstring: its first sentences say it
            part["description"] = " ".join(part["description"].split("\n\n")[0].split())
    return described
