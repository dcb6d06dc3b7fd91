"""Where a key of a TOML document stands: errors name the line."""

import tomllib
from collections.abc import Sequence
from typing import Any, Final

LONGEST: Final = 100_000
"""Characters of a document whose lines are looked for: the search reads it once per line."""

Path = Sequence[str | int]


def line_of(text: str, path: Path) -> int | None:
    r"""Return the first line, from 1, of the statement that gives a key, or else the nearest key above it.

    Parameters
    ----------
    text : str
        A TOML document that can be read.
    path : sequence of str or int
        Keys, and positions in lists from 0.

    Returns
    -------
    int or None
        None where no part of the path is in the document, and in a document that is too long to search.

    Notes
    -----
    A document up to the end of any of its statements is a document. The statement of a key is the one after
    which the document first has it, and begins where the one before ended: TOML needs no second reader.

    Examples
    --------
    >>> text = 'name = "mine"\n\n[[layer]]\nmonetise = [\n  { at = 2.0 } ]'
    >>> line_of(text, ["layer", 0, "monetise", 0, "at"]), line_of(text, ["layer", 0, "sell"])
    (4, 3)
    """
    if len(text) > LONGEST:
        return None
    lines = text.splitlines(keepends=True)
    starts: dict[int, int] = {}  # by how many keys of the path the document has
    before = 0
    for end in range(1, len(lines) + 1):
        try:
            document = tomllib.loads("".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue
        starts.setdefault(_depth(document, path), before + 1)
        before = end
    deepest = max(starts, default=0)
    return starts[deepest] if deepest else None


def at(text: str, path: Path, source: str) -> str:
    """Name a document, and the line of a key in it if it has one."""
    line = line_of(text, path)
    return source if line is None else f"{source}, line {line}"


def _depth(document: Any, path: Path) -> int:
    """Count the keys of a path, from the left, that a document has."""
    for depth, key in enumerate(path):
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return depth
    return len(path)
