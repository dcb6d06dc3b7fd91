"""Arms as TOML: read with every mistake at its key, written so that reading gives the same arm."""

import json
import tomllib
from typing import Any

from pydantic import ValidationError

from alvh.errors import SpecError, mistakes, nearest_names
from alvh.playbook.calls import Liquidity, MarginCalls
from alvh.playbook.layer import Layer
from alvh.playbook.ledgers import Ledgers
from alvh.playbook.places import line_of

SCHEMA = 1
"""Version of the TOML format."""

_TERMS: dict[str, type[MarginCalls | Liquidity]] = {"calls": MarginCalls, "liquidity": Liquidity}
_FIELDS = ("name", "about", "absent", "internals", "equal_cost")
KNOWN = ("schema", *_FIELDS, "layer", "ledgers", *_TERMS)
"""Keys at the top."""


def read(text: str, source: str) -> dict[str, Any]:
    """Return the fields of an arm from a TOML document; `source` names it in errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{source}: not TOML: {error}") from None
    schema = document.pop("schema", None)
    if schema != SCHEMA:
        raise SpecError(f"{source}: schema = {schema!r}: this version reads schema = {SCHEMA}")
    tables = document.pop("layer", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SpecError(f"{source}: layer: write each layer as a table [[layer]]")
    ledgers = document.pop("ledgers", None)
    terms = {kind: document.pop(kind) for kind in _TERMS if kind in document}
    fields: dict[str, Any] = {key: document.pop(key) for key in _FIELDS if key in document}
    if document:
        key = next(iter(document))
        raise SpecError(f"{at(source, text, [key])}: {key}: unknown key: {nearest_names(key, KNOWN)}")
    if not isinstance(fields.get("name"), str):
        raise SpecError(f"{source}: name: every playbook needs one, as text")
    layers = [_layer(table, index, source, text) for index, table in enumerate(tables)]
    funded = None if ledgers is None else _ledgers(ledgers, source, text)
    told = {kind: _term(kind, table, source, text) for kind, table in terms.items()}
    return {**fields, "layers": tuple(layers), "ledgers": funded, **told}


def write(fields: dict[str, Any], layers: list[dict[str, Any]], tables: dict[str, dict[str, Any]]) -> str:
    """Return a TOML document: the fields at the top, the layers, further tables by name."""
    lines = [f"schema = {SCHEMA}", *_lines(fields)]
    for layer in layers:
        lines += ["", "[[layer]]", *_lines(layer)]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *_lines(table)]
    return "\n".join(lines) + "\n"


def _lines(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in table.items()]


def _layer(table: dict[str, Any], index: int, source: str, text: str) -> Layer:
    """Read one table [[layer]]; which one stands before each key path in errors."""
    name = table.get("name")
    place = f"layer {index + 1} ({name})" if isinstance(name, str) else f"layer {index + 1}"
    try:
        return Layer.of(table)
    except ValidationError as error:
        where = at(source, text, ["layer", index, *key_of(error)])
        raise SpecError(f"{where}: {place}: {mistakes(error)}") from None


def _ledgers(table: object, source: str, text: str) -> Ledgers:
    if not isinstance(table, dict):
        raise SpecError(f"{at(source, text, ['ledgers'])}: ledgers: write a table [ledgers]")
    try:
        return Ledgers.model_validate(table)
    except ValidationError as error:
        where = at(source, text, ["ledgers", *key_of(error)])
        raise SpecError(f"{where}: {mistakes(error, 'ledgers.')}") from None


def _term(kind: str, table: object, source: str, text: str) -> MarginCalls | Liquidity:
    where = at(source, text, [kind])
    if not isinstance(table, dict):
        raise SpecError(f"{where}: {kind}: write a table [{kind}]")
    try:
        return _TERMS[kind](**table)
    except SpecError as error:
        raise SpecError(f"{where}: {error}") from None


def key_of(error: ValidationError) -> list[str | int]:
    """Return the path of the first mistake, the one that is named first."""
    first = error.errors(include_url=False)[0]
    return [*first["loc"], *([first["ctx"]["key"]] if first["type"] == "unknown_key" else [])]


def at(source: str, text: str, path: list[str | int]) -> str:
    """Name the document and the line of a key in it."""
    line = line_of(text, path)
    return source if line is None else f"{source}, line {line}"


def _toml(value: object) -> str:
    """Write one value as TOML: JSON's notation agrees with it for numbers and texts but for U+007F."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
