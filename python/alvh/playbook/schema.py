"""The JSON schema of a playbook: what an editor checks and completes a TOML file by."""

from typing import Any

from alvh.playbook.arm import Arm
from alvh.playbook.document import SCHEMA

__all__ = ["schema"]


def schema() -> dict[str, Any]:
    """Return the JSON schema, draft 2020-12, of a playbook written as TOML.

    It knows keys, types, choices and bounds. What needs more than one key at a time, whether a rule compiles
    and whether a product is listed is checked by `Arm.read`: what meets the schema may still be refused.

    Returns
    -------
    dict
        Ready for `json.dumps`.

    Examples
    --------
    >>> sorted(schema()["properties"])[:5]
    ['about', 'absent', 'calls', 'equal_cost', 'internals']
    >>> schema()["properties"]["schema"]
    {'const': 1, 'title': 'Version of the format'}
    """
    found = Arm.model_json_schema(by_alias=True)
    fields = found["properties"]
    layers = fields.pop("layers")
    found["properties"] = {
        "schema": {"const": SCHEMA, "title": "Version of the format"},
        **fields,
        "layer": {**layers, "title": "Layers, the core first"},
    }
    found["required"] = ["schema", "name", "layer"]
    found["title"] = "alvh playbook"
    for part in (found, *found["$defs"].values()):
        if "description" in part:  # a docstring: its first sentences say it
            part["description"] = " ".join(part["description"].split("\n\n")[0].split())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
