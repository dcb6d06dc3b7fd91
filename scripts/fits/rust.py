"""Constants of the Rust sources: read from them, and written in their form."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mpmath import mpf

SOURCE = Path(__file__).parents[2] / "rust" / "core" / "src"

# const NAME: [[f64; 16]; 16] = …;
CONSTANT = re.compile(r"\b(?:const|static) (\w+): [^=]*?f64[^=]*?=\s*([^;]*);")
NUMBER = re.compile(r"[-\d.eE+]+")


def constants(path: str) -> dict[str, Any]:
    """All numbers and tables of numbers of a source file, as exact doubles in mpf; others are left out."""
    text = re.sub(r"//.*", "", (SOURCE / path).read_text())
    found = {}
    for name, body in CONSTANT.findall(text):
        cells = re.sub(r"\s", "", body)
        if re.fullmatch(r"[-\[\]\d.,eE+/]+", cells):
            found[name] = parse(cells)
    return found


def parse(cells: str) -> Any:
    """A number, a quotient of two numbers, or a nested list of them."""
    if not cells.startswith("["):
        above, _, below = cells.partition("/")
        return mpf(float(above) / float(below or 1))
    return [parse(cell) for cell in split(cells[1:-1])]


def split(cells: str) -> Iterator[str]:
    """What the commas outside inner brackets separate."""
    depth, start = 0, 0
    for i, sign in enumerate(cells + ","):
        depth += (sign == "[") - (sign == "]")
        if sign == "," and depth == 0:
            if i > start:
                yield cells[start:i]
            start = i + 1


def rounded(numbers: Any) -> Any:
    """Nested numbers as exact doubles."""
    return [rounded(x) for x in numbers] if isinstance(numbers, list) else mpf(float(numbers))


def declaration(name: str, numbers: Any) -> str:
    """`const NAME: [f64; n] = […];` for nested lists of numbers; rustfmt breaks the lines."""
    return f"const {name}: {kind(numbers)} = {literal(numbers)};"


def kind(numbers: Any) -> str:
    return f"[{kind(numbers[0])}; {len(numbers)}]" if isinstance(numbers, list) else "f64"


def literal(numbers: Any) -> str:
    return f"[{', '.join(map(literal, numbers))}]" if isinstance(numbers, list) else repr(float(numbers))


def horner(numbers: list[mpf], x: mpf) -> mpf:
    """Σ numbers[i] xⁱ."""
    result = mpf(0)
    for c in reversed(numbers):
        result = result * x + c
    return result
