"""Which files of chains are meant: names, patterns and folders, each file once."""

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Final

from alvh.errors import ScoreError

SUFFIXES: Final = (".parquet", ".pq", ".csv", ".csv.gz")
"""Of the files that are looked for in folders; a file that is named may end in anything."""

PARTS_SUFFIX: Final = ".parts"
"""After the name of the result: the folder with a part for each file."""

Named = str | PathLike[str]


def parts_of(out: Path) -> Path:
    """Return the folder beside a result that holds its parts."""
    return out.with_name(out.name + PARTS_SUFFIX)


def chain_files(files: Named | Iterable[Named], out: Path | None = None) -> list[Path]:
    """Return the files that are meant, sorted by name, each once; what a run writes to `out` is none.

    Parameters
    ----------
    files : path or list of paths
        Files, folders, which are searched to the bottom, and patterns such as ``"chains/2018-*.parquet"``.
        A file that does not exist is returned: who reads it says so.
    out : pathlib.Path, optional
        The result.

    Raises
    ------
    ScoreError
        A folder or pattern without files, or nothing at all.
    """
    given = [files] if isinstance(files, str | PathLike) else list(files)
    own = () if out is None else (out.resolve(), parts_of(out).resolve())
    found: dict[Path, Path] = {}
    for path in (path for each in given for path in _meant(Path(each))):
        resolved = path.resolve()
        if resolved not in own and not any(parent in own for parent in resolved.parents):
            found.setdefault(resolved, path)
    if not found:
        raise ScoreError("files = []: no chain to score. Mend: name files or folders", column="files")
    return sorted(found.values(), key=lambda path: path.as_posix())


def _meant(path: Path) -> Iterator[Path]:
    if path.is_dir():
        among = (each for each in path.rglob("*") if not _hidden(each.relative_to(path)))
        found = [each for each in among if each.name.casefold().endswith(SUFFIXES) and each.is_file()]
        allowed = f"holds none that ends in {', '.join(SUFFIXES)}"
    elif any(mark in str(path) for mark in "*?[") and not path.exists():
        root = Path(path.anchor)
        found = [each for each in root.glob(str(path.relative_to(path.anchor))) if each.is_file()]
        allowed = "matches none"
    else:
        found, allowed = [path], ""
    if not found:
        raise ScoreError(
            f"files: {path} {allowed}. Mend: name the files",
            source=str(path),
            column="files",
            value=str(path),
        )
    return iter(found)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
