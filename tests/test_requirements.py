"""docs/requirements.toml: every id that is cited has a row, and every row names what exists."""

import re
import tomllib

import pytest

from alvh.playbook import presets
from markdown_pages import ROOT

ID = re.compile(r"\b([RC])([1-9]\d?)\b")
HIGHEST = {"R": 94, "C": 24}
KEYS = {"reading", "status", "where", "test"}
OPTIONAL = {"missing", "preset"}
TABLE = "docs/requirements.toml"

ROWS = tomllib.loads((ROOT / TABLE).read_text(encoding="utf-8"))


def sources():
    """Text that people write: code, tests, presets, pages; not tables of numbers, nor what tools wrote."""
    for folder in ("python", "rust", "tests", "scripts", "benches", "docs"):
        for path in sorted((ROOT / folder).rglob("*")):
            written = path.suffix in {".py", ".pyi", ".rs", ".toml", ".md"} and "_build" not in path.parts
            if written and path != ROOT / TABLE and path.name != "test_requirements.py":
                yield path
    yield from sorted(ROOT.glob("*.md"))


def cited() -> dict[str, str]:
    """Every id in use, and a file that uses it."""
    return {
        found.group(): str(path.relative_to(ROOT))
        for path in sources()
        for found in ID.finditer(path.read_text(encoding="utf-8"))
    }


def test_every_cited_id_has_a_row():
    lacking = {name: path for name, path in cited().items() if name not in ROWS}
    assert not lacking, f"cited, but without a row in {TABLE}; in a formula write R_1: {lacking}"


def test_every_row_is_cited():
    assert set(ROWS) <= set(cited())


def test_ids_exist_and_stand_in_order():
    keys = [(kind, int(number)) for kind, number in (ID.fullmatch(name).groups() for name in ROWS)]
    assert all(number <= HIGHEST[kind] for kind, number in keys)
    assert keys == sorted(keys, key=lambda key: ("RC".index(key[0]), key[1]))


@pytest.mark.parametrize("name", ROWS)
def test_a_row_names_what_exists(name):
    row = ROWS[name]
    assert KEYS <= set(row) <= KEYS | OPTIONAL
    assert row["status"] in {"done", "partly"}
    assert ("missing" in row) == (row["status"] == "partly")
    assert row.get("preset", "plain") in presets()
    assert row["where"]
    assert row["test"]
    for path in row["where"]:
        assert (ROOT / path).is_file(), path
    for test in row["test"]:
        path, function = test.split("::")
        definition = re.compile(rf"^\s*(def|fn) {function}\(", re.MULTILINE)
        assert definition.search((ROOT / path).read_text(encoding="utf-8")), test
