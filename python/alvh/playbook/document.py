"""Arms and playbooks as TOML: read with every mistake at its key, written so that reading gives the same."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from alvh.errors import SpecError, mistakes, nearest_names
from alvh.places import at
from alvh.playbook.calls import Liquidity, MarginCalls
from alvh.playbook.entries import Schedule
from alvh.playbook.governance import Governance
from alvh.playbook.layer import Layer
from alvh.playbook.ledgers import Ledgers
from alvh.playbook.press import CashPress

SCHEMA = 1
"""Version of the TOML format."""

_TERMS: dict[str, type[MarginCalls | Liquidity]] = {"calls": MarginCalls, "liquidity": Liquidity}
_RULES: dict[str, type[Ledgers | Governance | Schedule | CashPress]] = {
    "ledgers": Ledgers,
    "governance": Governance,
    "schedule": Schedule,
    "press": CashPress,
}
_FIELDS = ("name", "about", "absent", "internals", "equal_cost")
KNOWN = ("schema", *_FIELDS, "layer", *_RULES, *_TERMS)
"""Keys at the top of an arm."""
KNOWN_OF_SETS = ("schema", "name", "about", "arm", "governance", "schedule")
"""Keys at the top of a playbook of several arms."""


@dataclass(frozen=True)
class Place:
    """A table in a document: what errors about it begin with."""

    source: str
    text: str
    path: tuple[str | int, ...] = ()

    def within(self, *keys: str | int) -> "Place":
        """Return the place of a table in this one."""
        return Place(self.source, self.text, (*self.path, *keys))

    def at(self, *keys: str | int) -> str:
        """Name the document and the line of a key."""
        return at(self.text, (*self.path, *keys), self.source)


def text_of(path: str | Path) -> str:
    """Return the content of a file, or say why it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: not text in UTF-8: {error}") from None


def read(text: str, source: str) -> tuple[dict[str, Any], Place]:
    """Return the tables of a document of this version, and where they stand; `source` names it in errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{source}: not TOML: {error}") from None
    schema = document.pop("schema", None)
    if schema != SCHEMA:
        raise SpecError(f"{source}: schema = {schema!r}: this version reads schema = {SCHEMA}")
    return document, Place(source, text)


def fields_of(document: dict[str, Any], place: Place) -> dict[str, Any]:
    """Return the fields of an arm from its tables."""
    tables = document.pop("layer", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SpecError(f"{place.source}: layer: write each layer as a table [[layer]]")
    parts = {kind: document.pop(kind) for kind in _RULES if kind in document}
    terms = {kind: document.pop(kind) for kind in _TERMS if kind in document}
    fields: dict[str, Any] = {key: document.pop(key) for key in _FIELDS if key in document}
    refuse_unknown(document, KNOWN, place)
    if not isinstance(fields.get("name"), str):
        raise SpecError(f"{place.source}: name: every playbook needs one, as text")
    layers = [_layer(table, index, place) for index, table in enumerate(tables)]
    ruled = {kind: part(kind, table, place) for kind, table in parts.items()}
    told = {kind: _term(kind, table, place) for kind, table in terms.items()}
    return {**fields, "layers": tuple(layers), **ruled, **told}


def refuse_unknown(document: Mapping[str, Any], known: tuple[str, ...], place: Place) -> None:
    """Refuse a key that is left over."""
    if document:
        key = next(iter(document))
        raise SpecError(f"{place.at(key)}: {key}: unknown key: {nearest_names(key, known)}")


def lines_of(
    fields: dict[str, Any], layers: list[dict[str, Any]], tables: dict[str, dict[str, Any]], above: str = ""
) -> list[str]:
    """Return the lines of an arm; `above` stands before the names of its tables."""
    lines = _lines(fields)
    for layer in layers:
        lines += ["", f"[[{above}layer]]", *_lines(layer)]
    for name, table in tables.items():
        lines += ["", f"[{above}{name}]", *_lines(table)]
    return lines


def _lines(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {written(value)}" for key, value in table.items()]


def _layer(table: dict[str, Any], index: int, place: Place) -> Layer:
    """Read one table [[layer]]; which one stands before each key path in errors."""
    name = table.get("name")
    which = f"layer {index + 1} ({name})" if isinstance(name, str) else f"layer {index + 1}"
    try:
        return Layer.of(table)
    except ValidationError as error:
        raise SpecError(f"{place.at('layer', index, *key_of(error))}: {which}: {mistakes(error)}") from None


def part(kind: str, table: object, place: Place) -> Ledgers | Governance | Schedule | CashPress:
    """Read a table of rules; its mistakes are named by key and line."""
    if not isinstance(table, dict):
        raise SpecError(f"{place.at(kind)}: {kind}: write a table [{kind}]")
    found = _RULES[kind].__new__(_RULES[kind])
    try:
        BaseModel.__init__(found, **table)  # not the constructor: it would put its own words before the key
    except ValidationError as error:
        raise SpecError(f"{place.at(kind, *key_of(error))}: {mistakes(error, f'{kind}.')}") from None
    return found


def _term(kind: str, table: object, place: Place) -> MarginCalls | Liquidity:
    where = place.at(kind)
    if not isinstance(table, dict):
        raise SpecError(f"{where}: {kind}: write a table [{kind}]")
    try:
        return _TERMS[kind](**table)
    except SpecError as error:
        raise SpecError(f"{where}: {error}") from None


def key_of(error: ValidationError) -> list[str | int]:
    """Return the path of the first mistake, the one that is named first."""
    first = error.errors(include_url=False)[0]
    told = first.get("ctx", {})
    key = [told["key"]] if first["type"] == "unknown_key" else getattr(told.get("error"), "key", ())
    return [*first["loc"], *key]


def written(value: object) -> str:
    """Return one value as TOML: JSON's notation agrees with it for numbers and texts but for U+007F."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {written(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
