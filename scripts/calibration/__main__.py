"""`PYTHONPATH=scripts python -m calibration --data DIR`: writes the tables of docs/calibration.md."""

import argparse
import sys
from pathlib import Path

from calibration import page
from calibration.evidence import Evidence


def main() -> int:
    """Return 0 where the page says, or now says, what the data do."""
    parser = argparse.ArgumentParser(prog="calibration", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with chains/ and indices/")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the page differs")
    given = parser.parse_args()
    found = page.tables(Evidence(given.data))
    for name, lines in found.items():
        print(f"{name}\n{lines}")
    text = page.PAGE.read_text(encoding="utf-8")
    now = page.written(text, found)
    if given.check:
        print("the page says so" if now == text else "the page differs: run without --check", file=sys.stderr)
        return int(now != text)
    page.PAGE.write_text(now, encoding="utf-8")
    return 0


sys.exit(main())
