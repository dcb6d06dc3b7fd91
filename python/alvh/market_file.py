"""Market models as TOML: every parameter written out, and read back with mistakes at their key."""

import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alvh.errors import SpecError
from alvh.places import at

SCHEMA: Final = 1
"""Version of the TOML format."""

_KEY = re.compile(r"(?:^|: )[A-Z]\w*: ([a-z_][\w.]*)(?= =|:)")
"""What descriptions say of a mistake begins with their name and the path of the key, one within another."""


def write(model: str, parameters: dict[str, Any]) -> str:
    """Return a TOML document: the model and its numbers at the top, then a table for each group."""
    top = {name: value for name, value in parameters.items() if not isinstance(value, dict)}
    lines = [f"schema = {SCHEMA}", f"model = {json.dumps(model)}", *_lines(top)]
    for name, group in parameters.items():
        if isinstance(group, dict):
            lines += ["", f"[{name}]", *_lines(group)]
    return "\n".join(lines) + "\n"


def read_text(path: Path) -> str:
    """Return the content of a file, or say why it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: not text in UTF-8: {error}") from None


def parse(text: str, source: str) -> tuple[str, dict[str, Any]]:
    """Return the model's name and its parameters; `source` names the document in errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{source}: not TOML: {error}") from None
    schema = document.pop("schema", None)
    if schema != SCHEMA:
        raise SpecError(
            f"{at(text, ['schema'], source)}: schema = {schema!r}: this version reads schema = {SCHEMA}"
        )
    model = document.pop("model", None)
    if not isinstance(model, str):
        raise SpecError(f'{at(text, ["model"], source)}: model: name one, such as model = "l3f"')
    return model, document


@contextmanager
def told(text: str, source: str, *above: str) -> Iterator[None]:
    """Put the document and the line of the key before what a description finds wrong; `above`: its table."""
    try:
        yield
    except SpecError as error:
        keys = [key for found in _KEY.findall(str(error)) for key in found.split(".")]
        raise SpecError(f"{at(text, [*above, *keys], source)}: {error}") from None


def _lines(table: dict[str, Any]) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in table.items() if value is not None]


def _value(value: Any) -> str:
    """Numbers, text and lists look alike in JSON and TOML but for U+007F; a table within a line does not."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_value(key)} = {_value(each)}" for key, each in value.items()) + "}"
    # JSON would write what is beyond U+FFFF as two surrogates, which TOML refuses.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
