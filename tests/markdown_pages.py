"""The project's Markdown pages as tests read them: Python blocks and tables."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent

_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CELLS = re.compile(r"(?<!\\)\|")  # a bar that is part of a cell is written \|


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def run_python(page: str) -> None:
    """Execute the page's Python blocks top to bottom as one program; tracebacks name the page's lines."""
    text = read(page)
    namespace: dict[str, object] = {"__name__": page}
    for block in _PYTHON.finditer(text):
        above = text.count("\n", 0, block.start(1))
        exec(compile("\n" * above + block[1], page, "exec"), namespace)  # noqa: S102 -- the project's own pages


def table(page: str, header: str) -> list[list[str]]:
    """Rows of the page's tables whose header row begins with these cells, backquotes taken off."""
    rows: list[list[str]] = []
    inside = False
    for line in read(page).splitlines():
        cells = [cell.strip().replace(r"\|", "|") for cell in _CELLS.split(line.strip())[1:-1]]
        if not cells:
            inside = False
        elif inside and not set(cells[0]) <= set("-:"):
            rows.append([cell.strip("`") for cell in cells])
        elif not inside:
            inside = line.startswith(f"| {header}")
    assert rows, f"{page}: no table | {header} …"
    return rows
