"""Write figures into a page, between what stands around them, so that prose and tables are never typed."""

import re
from collections.abc import Sequence


def tabulated(text: str, name: str, rows: Sequence[Sequence[str]]) -> str:
    """Return the page with the table behind `<!-- figures: NAME -->` replaced, its header first."""
    header, *body = [f"| {' | '.join(row)} |" for row in rows]
    rule = "|---" * len(rows[0]) + "|"
    return between(text, f"<!-- figures: {name} -->\n", "\n\n", "\n".join(["", header, rule, *body]))


def between(text: str, before: str, after: str, new: str) -> str:
    """Return the page with what stands between the first `before` and the next `after` replaced."""
    pattern = re.compile(f"({re.escape(before)}).*?({re.escape(after)})", re.DOTALL)
    changed, found = pattern.subn(lambda match: f"{match[1]}{new}{match[2]}", text, count=1)
    if not found:
        raise SystemExit(f"nothing stands between {before!r} and {after!r}")
    return changed
