"""Open a text file, packed or not, a Parquet file or a frame; failures name the file and the line."""

import csv
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Final, TypeAlias

import polars as pl
from polars.exceptions import PanicException, PolarsError

from alvh.chain.layouts import fold
from alvh.errors import ChainError

ChainSource: TypeAlias = str | PathLike[str] | pl.DataFrame

GZIP_MAGIC: Final = b"\x1f\x8b"
ZIP_MAGIC: Final = b"PK\x03\x04"
PARQUET_MAGIC: Final = b"PAR1"  # first and last four bytes of a Parquet file
PARQUET_SUFFIXES: Final = {".parquet", ".pq"}
MOST_BYTES: Final = 2**31  # of text; a packed file of a few megabytes can hold more
SHOWN_CHARACTERS: Final = 60
SEPARATOR: Final = "\x1f"  # between the cells of a line once its quotation marks are gone
BLANK: Final = " \t,"


@dataclass(frozen=True, slots=True)
class Text:
    """The lines of a text file."""

    name: str
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns under folded names; of text also the problem of each line that has no such columns."""

    name: str
    columns: dict[str, pl.Series]
    line: pl.Series
    problem: pl.Series


def shown(value: object) -> str:
    """Return a value as it may stand in a message: short, on one line."""
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def open_source(source: ChainSource) -> Text | Table:
    """Return the lines of a text file or the columns of a table; every failure is a `ChainError`."""
    if isinstance(source, pl.DataFrame):
        return _of_frame("frame", source)
    path, content = _bytes(source)
    if content.startswith(PARQUET_MAGIC) or path.suffix.casefold() in PARQUET_SUFFIXES:
        return _of_frame(path.name, _parquet(path.name, content))
    if content.startswith(GZIP_MAGIC):
        content = _unpacked(path.name, content)
    return Text(path.name, _lines(path.name, content))


def _bytes(source: str | PathLike[str]) -> tuple[Path, bytes]:
    try:
        path = Path(fspath(source))
        size, folder = path.stat().st_size, path.is_dir()
        content = b"" if folder or size > MOST_BYTES else path.read_bytes()
    except TypeError:
        raise ChainError(f"a chain is a path or a Polars DataFrame, not {type(source).__name__}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ChainError(f"{shown(str(source))} cannot be read: {reason}", source=str(source)) from None
    if folder:
        raise ChainError(
            f"{path.name} is a folder. Mend: chain.scan reads a folder of Parquet files", source=path.name
        )
    if size > MOST_BYTES:
        raise _too_large(path.name)
    if content.startswith(ZIP_MAGIC):
        raise ChainError(f"{path.name} is a zip archive. Mend: unpack it first", source=path.name)
    return path, content


def _too_large(name: str) -> ChainError:
    return ChainError(
        f"{name} holds more than {MOST_BYTES:,} bytes of text. Mend: split it by day, write each part to "
        "Parquet and read the folder with chain.scan",
        source=name,
    )


def _unpacked(name: str, content: bytes) -> bytes:
    parts: list[bytes] = []
    size = 0
    while content.strip(b"\0"):  # members may follow each other
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            parts.append(member.decompress(content, MOST_BYTES - size + 1))
        except zlib.error as error:
            raise ChainError(f"{name} is damaged: {error}. Mend: copy it again", source=name) from None
        size += len(parts[-1])
        if size > MOST_BYTES:
            raise _too_large(name)
        if not member.eof:
            raise ChainError(
                f"{name} ends in the middle of its packed text. Mend: copy it again", source=name
            )
        content = member.unused_data
    return b"".join(parts)


def _lines(name: str, content: bytes) -> list[str]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ChainError(
            f"{name}, line {line}: byte {content[error.start]:#04x} is not UTF-8 text. "
            "Mend: save it as comma-separated text in UTF-8, or as Parquet",
            source=name,
            line=line,
        ) from None
    if not text.strip():
        raise ChainError(f"{name} is empty. Mend: give a file with a header and rows", source=name)
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _parquet(name: str, content: bytes) -> pl.DataFrame:
    if not (content.startswith(PARQUET_MAGIC) and content.endswith(PARQUET_MAGIC)):
        raise ChainError(
            f"{name} is not a whole Parquet file: it does not start and end with {PARQUET_MAGIC.decode()}. "
            "Mend: copy it again; if it is text, name it .csv",
            source=name,
        )
    try:
        return pl.read_parquet(io.BytesIO(content))
    except (PolarsError, PanicException, OSError, ValueError) as error:
        raise ChainError(
            f"{name} is damaged or no Parquet file: {shown(str(error))}. Mend: write it again", source=name
        ) from None


def _of_frame(name: str, frame: pl.DataFrame) -> Table:
    if frame.is_empty():
        raise ChainError(f"{name} has no rows. Mend: give a table with quotes", source=name)
    columns: dict[str, pl.Series] = {}
    for column in frame.columns:
        if fold(column) in columns:
            raise ChainError(
                f"{name} has two columns {fold(column)!r}. Mend: rename one", source=name, column=column
            )
        columns[fold(column)] = frame[column]
    line = pl.Series("line", range(1, frame.height + 1), dtype=pl.Int64)
    problem = pl.Series("problem", [None], dtype=pl.String).new_from_index(0, frame.height)
    return Table(name, columns, line, problem)


def fields(line: str) -> list[str] | None:
    """Return the cells of a line, None where its quotation marks are not in pairs."""
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return None


def header(line: str) -> list[str]:
    """Return the folded names of a header line; the second `bid` is `bid#2`."""
    names = [fold(name) for name in fields(line) or []]
    while names and not names[-1]:
        names.pop()
    return [
        name if (count := names[:i].count(name)) == 0 else f"{name}#{count + 1}"
        for i, name in enumerate(names)
    ]


def tabulate(text: Text, names: Sequence[str], first: int) -> Table:
    """Return the cells of the lines from index `first` on, under the names of the header.

    A line of blanks and commas is no row. Every other line stays: one with more or fewer cells than the
    header has names has a problem.
    """
    body = pl.DataFrame({"cells": text.lines[first:]}, schema={"cells": pl.String}).with_row_index(
        "line", offset=first + 1
    )
    body = body.filter(pl.col("cells").str.strip_chars(BLANK) != "")
    if body.is_empty():
        raise ChainError(f"{text.name} has no rows below its header", source=text.name, line=first)
    cells = _separated(body["cells"]).str.split(SEPARATOR)
    width = len(names)
    few = cells.list.len() < width
    more = (cells.list.len() > width) & (cells.list.slice(width).list.join("").str.strip_chars() != "")
    said = pl.format("{} cells where the header names {}", cells.list.len(), pl.lit(width))
    problem = pl.select(problem=pl.when(few | more).then(said))["problem"]
    columns = {name: cells.list.get(i, null_on_oob=True).alias(name) for i, name in enumerate(names)}
    return Table(text.name, columns, body["line"].cast(pl.Int64), problem)


def _separated(lines: pl.Series) -> pl.Series:
    """Return lines with `SEPARATOR` between their cells, quotation marks taken off."""
    plain = lines.str.replace_all(",", SEPARATOR, literal=True)
    quoted = lines.str.contains('"', literal=True)
    if not quoted.any():
        return plain
    unquoted = [
        None if (cells := fields(line)) is None else SEPARATOR.join(cells) for line in lines.filter(quoted)
    ]
    index = quoted.arg_true()
    return plain.scatter(index, pl.Series(unquoted, dtype=pl.String).fill_null(""))
