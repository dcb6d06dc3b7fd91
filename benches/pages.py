"""Where a table of measurements goes: a file of its own, and the page that quotes it between two lines."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benches" / "results"


def put(name: str, table: str, page: str) -> None:
    """Write `table` as ``benches/results/NAME.md``, and between its markers into `page`."""
    (RESULTS / f"{name}.md").write_text(table, encoding="utf-8")
    path = ROOT / page
    before, _, after = _parts(name, path.read_text(encoding="utf-8"))
    path.write_text(f"{before}\n{table}\n{after}", encoding="utf-8")


def quoted(name: str, text: str) -> str:
    """Return what stands between the markers of `name`.

    Raises
    ------
    ValueError
        The page has no such markers.
    """
    return _parts(name, text)[1]


def _parts(name: str, text: str) -> tuple[str, str, str]:
    """Cut a page before and after what stands between the markers."""
    begin, end = f"<!-- bench: {name} -->\n", f"<!-- end of bench: {name} -->\n"
    before, found, rest = text.partition(begin)
    inside, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"the page has no {begin.strip()} … {end.strip()}; put them where the table belongs")
    return before + begin, inside, end + after
