"""Open a CSV file, a Parquet file or a frame as named columns, and say where in it something is wrong."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final, TypeAlias

import polars as pl
from polars.exceptions import PanicException, PolarsError

from alvh.errors import HistoryError

HistorySource: TypeAlias = str | PathLike[str] | pl.DataFrame

PARQUET_MAGIC: Final = b"PAR1"  # first and last four bytes of a Parquet file
PARQUET_SUFFIXES: Final = {".parquet", ".pq"}
SHOWN_CHARACTERS: Final = 60  # of a refused value
TEXT_MEND: Final = "save it as comma-separated text in UTF-8, or as Parquet"


@dataclass(frozen=True, slots=True)
class Source:
    """Columns as they were found, with the line of each row where the source is text."""

    name: str
    columns: dict[str, pl.Series]
    lines: tuple[int, ...] | None = None

    def line(self, index: int) -> int | None:
        """Return the line of the file on which a row ends, if the source is text."""
        return None if self.lines is None else self.lines[index]

    def refuse_where(self, bad: pl.Series, column: str, problem: str, *, allowed: str, mend: str) -> None:
        """Raise for the first true element of `bad`, a mask over the rows; say how many more there are."""
        rows = bad.fill_null(value=False).arg_true()
        if len(rows) == 0:
            return
        index = int(rows[0])
        value, line = _value(self.columns[column], index), self.line(index)
        place = f"row {index + 1}" + ("" if line is None else f" (line {line})")
        more = f" ({len(rows) - 1} more rows like it)" if len(rows) > 1 else ""
        raise HistoryError(
            f"{self.name}, {place}, column {column!r}: {shown(value)} {problem}{more}. "
            f"Allowed: {allowed}. Mend: {mend}",
            source=self.name,
            row=index + 1,
            line=line,
            column=column,
            value=value,
        )


def _value(series: pl.Series, index: int) -> Any:
    try:
        return series[index]
    except (ValueError, OverflowError, PanicException):  # a date beyond the years that Python knows
        return series.to_physical()[index]


def shown(value: Any) -> str:
    """Return a value as it may stand in a message: short, on one line."""
    text = str(value) if not isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def open_source(source: HistorySource) -> Source:
    """Return the columns of a file or frame; every failure is a `HistoryError`."""
    if isinstance(source, pl.DataFrame):
        return Source("frame", {name: source[name] for name in source.columns})
    try:
        path = Path(fspath(source))
        content = path.read_bytes()
    except TypeError:
        raise HistoryError(
            f"a history is a path or a Polars DataFrame, not {type(source).__name__}"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise HistoryError(f"{shown(str(source))} cannot be read: {reason}", source=str(source)) from None
    if not content.strip():
        raise HistoryError(
            f"{path.name} is empty. Mend: give a file with a header and rows", source=path.name
        )
    if content.startswith(PARQUET_MAGIC) or path.suffix.casefold() in PARQUET_SUFFIXES:
        return _open_parquet(path.name, content)
    return _open_csv(path.name, content)


def _open_parquet(name: str, content: bytes) -> Source:
    if not (content.startswith(PARQUET_MAGIC) and content.endswith(PARQUET_MAGIC)):
        raise HistoryError(
            f"{name} is not a whole Parquet file: it does not start and end with {PARQUET_MAGIC.decode()}. "
            "Mend: copy it again; if it is text, name it .csv",
            source=name,
        )
    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except (PolarsError, PanicException, OSError, ValueError) as error:
        raise HistoryError(
            f"{name} is damaged or no Parquet file: {shown(str(error))}. Mend: write it again", source=name
        ) from None
    return Source(name, {column: frame[column] for column in frame.columns})


def _open_csv(name: str, content: bytes) -> Source:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise HistoryError(
            f"{name}, line {line}: byte {content[error.start]:#04x} is not UTF-8 text. Mend: {TEXT_MEND}",
            source=name,
            line=line,
        ) from None
    records = _records(name, text)
    _, header = next(records)
    header = [column.strip() for column in header]
    for column in header:
        if column and header.count(column) > 1:
            raise HistoryError(
                f"{name}: the header names {shown(column)} twice. Mend: rename one", source=name
            )
    lines: list[int] = []
    rows: list[list[str]] = []
    for line, fields in records:
        if len(fields) != len(header):
            raise HistoryError(
                f"{name}, row {len(rows) + 1} (line {line}): {len(fields)} fields where the header names "
                f"{len(header)}. Mend: quote a field that holds a comma; give every row every field",
                source=name,
                row=len(rows) + 1,
                line=line,
            )
        lines.append(line)
        rows.append(fields)
    fields_by_column = zip(*rows, strict=True) if rows else ([] for _ in header)
    columns = {
        column: pl.Series(column, list(cells), dtype=pl.String)
        for column, cells in zip(header, fields_by_column, strict=True)
    }
    return Source(name, columns, tuple(lines))


def _records(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, fields) of each record that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield reader.line_num, fields
    except csv.Error as error:
        line = reader.line_num
        raise HistoryError(
            f"{name}, line {line}: not comma-separated text ({error}). Mend: {TEXT_MEND}",
            source=name,
            line=line,
        ) from None
