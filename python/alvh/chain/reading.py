"""`read`: any known layout to the one schema, every row kept; `scan`: folders of Parquet, lazily."""

from collections.abc import Mapping
from datetime import date
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final

import polars as pl
from polars.exceptions import PanicException, PolarsError

from alvh.chain import cells, layouts
from alvh.chain.layouts.layout import Layout, Side
from alvh.chain.schema import CLOSE, COLUMNS, DERIVED, REQUIRED, SCHEMA, SETTLEMENT, SETTLEMENTS
from alvh.chain.source import ChainSource, Table, Text, header, open_source, shown, tabulate
from alvh.chain.status import classified
from alvh.errors import ChainError, nearest_names

MOST_LINES_ABOVE: Final = 20  # the header is looked for among so many lines
LONGEST_CELL: Final = 60
CONSTANTS: Final = [name for name in COLUMNS if name not in DERIVED]


def read(
    source: ChainSource,
    layout: str = layouts.AUTO,
    *,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, Any] | None = None,
    date_format: str | None = None,
) -> pl.DataFrame:
    """Read quotes of any known layout into the one chain schema.

    Parameters
    ----------
    source : path or DataFrame
        CSV, plain or gzip, Parquet, or a frame.
    layout : str
        A name of `LAYOUTS`, or ``"auto"``: by the header.
    columns : mapping of str to str, optional
        Schema column to the source's own, for a layout that is not known. Replaces `layout`.
    constants : mapping of str to object, optional
        Schema columns that are one value for the whole source, such as ``{"root": "SPX"}``; they replace
        what the layout has for them.
    date_format : str, optional
        Of the days under `columns`, as strftime writes it. Default: ``"%Y-%m-%d"``. Known layouts have
        formats of their own: without `columns` it is refused.

    Returns
    -------
    DataFrame
        The columns of `SCHEMA`, one row for each quote of the source, in its order. A row that cannot be
        used has a `status` other than ``ok`` and is there all the same.

    Raises
    ------
    ChainError
        The source as a whole is no chain: not there, damaged, empty, of an unknown layout.

    Examples
    --------
    >>> from alvh import chain
    >>> quotes = pl.DataFrame({"Day": ["2024-03-01"] * 2, "K": [5100, 5900], "Bid": [81, 0], "Ask": [82, 1]})
    >>> chain.read(
    ...     quotes,
    ...     columns={"quote_date": "Day", "strike": "K", "bid": "Bid", "ask": "Ask"},
    ...     constants={"root": "SPXW", "right": "C", "expiration": "2024-04-01"},
    ... )["status"].to_list()
    ['ok', 'zero_bid']
    """
    given = _checked(constants or {})
    opened = open_source(source)
    if columns is not None:
        chosen = [layouts.mapped(columns, given, date_format)]
    else:
        if date_format is not None:
            raise ChainError(
                f"date_format = {date_format!r} without columns: a known layout has formats of its own. "
                "Mend: name the columns as well, columns={…}",
                column="date_format",
                value=date_format,
            )
        chosen = layouts.candidates(layout)
    table, found, given = _recognised(opened, chosen, given)
    sides = [_side(table, found, side, given) for side in found.sides]
    return classified(_interleaved(sides))


def scan(source: str | PathLike[str]) -> pl.LazyFrame:
    """Open Parquet files in the chain schema, as `read` gives it, without reading them.

    Parameters
    ----------
    source : path
        A folder, searched to the bottom; a pattern such as ``"chains/2018-*.parquet"``; or one file.

    Returns
    -------
    LazyFrame
        The columns of `SCHEMA`; collected with ``engine="streaming"`` it needs no more memory than its
        answer. Pages are read then: if one is damaged, collecting raises an exception of Polars.

    Raises
    ------
    ChainError
        No such files, or one that has other columns or types: the message names it.
    """
    paths = parquet_files(source)
    for path in paths:
        _require_schema(path)
    return pl.scan_parquet(paths).select(SCHEMA.names())


def parquet_files(source: str | PathLike[str]) -> list[Path]:
    """Return the files that `scan` opens, sorted."""
    try:
        text = fspath(source)
    except TypeError:
        raise ChainError(f"scan wants a path, not {type(source).__name__}") from None
    path = Path(text)
    if path.is_dir():
        paths = sorted(path.rglob("*.parquet"))
    elif path.is_file():
        paths = [path]
    else:
        paths = _matching(path)
    if not paths:
        raise ChainError(
            f"{shown(text)} holds no Parquet file. Mend: chain.read(file).write_parquet(…) makes them",
            source=text,
        )
    return paths


def _matching(pattern: Path) -> list[Path]:
    relative = pattern.relative_to(pattern.anchor)
    try:
        return sorted(path for path in Path(pattern.anchor).glob(str(relative)) if path.is_file())
    except (OSError, ValueError, NotImplementedError):
        return []


def _require_schema(path: Path) -> None:
    try:
        found = pl.read_parquet_schema(path)
    except (PolarsError, PanicException, OSError, ValueError) as error:
        raise ChainError(
            f"{path.name} is damaged or no Parquet file: {shown(str(error))}. Mend: write it again",
            source=path.name,
        ) from None
    for name, dtype in SCHEMA.items():
        if found.get(name) != dtype:
            has = f"column {name!r} of {found[name]}" if name in found else f"no column {name!r}"
            raise ChainError(
                f"{path.name} has {has}. Allowed: the chain schema, there {dtype}. "
                "Mend: chain.read(file).write_parquet(…)",
                source=path.name,
                column=name,
            )


def _checked(constants: Mapping[str, Any]) -> dict[str, Any]:
    for name in constants:
        if name not in CONSTANTS:
            raise ChainError(
                f"constants: {name!r} is no column of a chain: {nearest_names(str(name), CONSTANTS)}",
                column=str(name),
            )
    return dict(constants)


def _recognised(
    opened: Text | Table, chosen: list[Layout], given: dict[str, Any]
) -> tuple[Table, Layout, dict[str, Any]]:
    """Return the table, its layout, and all constants: the layout's, the preamble's, the user's."""
    if isinstance(opened, Table):
        headers = [(0, list(opened.columns))]
    else:
        above = [(i, line) for i, line in enumerate(opened.lines) if line.strip()][:MOST_LINES_ABOVE]
        headers = [(i, header(line)) for i, line in above]
    for layout in chosen:
        for i, names in headers:
            if not layout.lacking(names, given):
                return _of_layout(opened, layouts.specialised(layout, names), i, names, given)
    raise _unknown(opened.name, chosen, headers, given)


def _of_layout(
    opened: Text | Table, layout: Layout, at: int, names: list[str], given: dict[str, Any]
) -> tuple[Table, Layout, dict[str, Any]]:
    inside = {name for side in layout.sides for name in side.constants}
    timed = "quote_time" in inside or not set(layout.named("quote_time")).isdisjoint(names)
    constants: dict[str, Any] = {} if timed else {"quote_time": CLOSE}
    constants |= layout.constants
    if layout.preamble is not None and isinstance(opened, Text):
        constants |= layout.preamble(opened.name, opened.lines[:at], given)
    constants |= given
    if not timed and "quote_time" not in {**layout.constants, **given}:
        _require_days(opened, layout, names)
    _require_no_doubt(opened, layout, names, ("expiration",) if timed else ("quote_date", "expiration"))
    lacking = [
        name for name in REQUIRED if not layout.named(name) and name not in constants and name not in inside
    ]
    if lacking:
        raise ChainError(
            f"{opened.name} tells no {' nor '.join(map(repr, lacking))}. Allowed: a column or a constant "
            f"for each of {', '.join(REQUIRED)}. Mend: name it in columns={{…}} or constants={{…}}",
            source=opened.name,
            column=lacking[0],
        )
    used = {name for column in COLUMNS for name in layout.named(column)}
    twice = [name for name in used if f"{name}#2" in names and f"{name}#2" not in used]
    if twice:
        raise ChainError(
            f"{opened.name}, line {at + 1}: the header names {min(twice)!r} twice. Mend: rename one",
            source=opened.name,
            line=at + 1,
            column=min(twice),
        )
    return (opened if isinstance(opened, Table) else tabulate(opened, names, at + 1)), layout, constants


def _require_days(opened: Text | Table, layout: Layout, names: list[str]) -> None:
    """Refuse times of day in the day of the quote where nothing would keep them: they are no close."""
    for name in layout.named("quote_date"):
        if isinstance(opened, Table) and name in names and cells.has_times_of_day(opened.columns[name]):
            raise ChainError(
                f"{opened.name}: column {name!r} has times of day, and no column says that they are the time "
                "of the quote. Allowed: days, or days and a quote_time. Mend: columns={…, 'quote_date': "
                f"{name!r}, 'quote_time': {name!r}}} reads both from it; constants={{'quote_time': 'close'}} "
                "if all are of the close",
                source=opened.name,
                column=name,
            )


def _require_no_doubt(
    opened: Text | Table, layout: Layout, names: list[str], columns: tuple[str, ...]
) -> None:
    """Refuse midnights that are days in their own zone and the close of the day before in New York."""
    for name in (name for column in columns for name in layout.named(column)):
        if isinstance(opened, Table) and name in names and cells.days_or_closes(opened.columns[name]):
            raise ChainError(
                f"{opened.name}: column {name!r} has midnights of a time zone, which are the close of the "
                "day before in New York: they may be days, or instants. Allowed: days without a zone, or "
                "instants by the clock of New York. Mend: .dt.date() of the column if they are days, "
                f".dt.convert_time_zone({cells.EXCHANGE_ZONE!r}) if they are instants",
                source=opened.name,
                column=name,
            )


def _unknown(
    name: str, chosen: list[Layout], headers: list[tuple[int, list[str]]], given: Mapping[str, Any]
) -> ChainError:
    """Say what the nearest layout lacks, and where."""
    near = [(len(each.lacking(names, given)), i, names, each) for each in chosen for i, names in headers]
    _, i, names, layout = min(near, key=lambda one: one[0] / max(len(one[3].columns), 1))
    lacking = layout.lacking(names, given)[0]
    return ChainError(
        f"{name}, line {i + 1}: no header of layout {layout.name!r}, it lacks {shown(lacking)}: "
        f"{nearest_names(lacking, names)}. Allowed: the layouts {', '.join(layouts.LAYOUTS)}. "
        "Mend: give columns={…} for any other file; the separator is a comma",
        source=name,
        line=i + 1,
        column=lacking,
    )


def _side(table: Table, layout: Layout, side: Side, given: Mapping[str, Any]) -> pl.DataFrame:
    """Return one row for each line of the table: the columns of one side, and what is wrong with it."""
    height = len(table.line)
    constants = {**side.constants, **given}
    problem = table.problem
    found: dict[str, pl.Series] = {}
    for column in CONSTANTS:
        if column in constants:
            found[column] = _constant(column, constants[column], layout).new_from_index(0, height)
            continue
        names = side.columns.get(column, layout.columns.get(column, ()))
        values: list[pl.Series] = []
        for name in (names,) if isinstance(names, str) else names:
            if name not in table.columns:
                continue
            told = table.columns[name]
            if column == "quote_date" and name in layout.named("quote_time"):
                told = cells.of_the_exchange(told)  # it has times, so that midnights are instants as well
            one = cells.read(column, told, layout.days)
            values.append(one.values)
            if one.bad.any():
                problem = _noted(problem, name, table.columns[name], one)
        found[column] = (
            _mean(values) if values else pl.Series([None], dtype=SCHEMA[column]).new_from_index(0, height)
        )
    frame = pl.DataFrame({name: series.alias(name) for name, series in found.items()})
    if frame["settlement"].has_nulls():
        by_root = pl.col("root").replace_strict(SETTLEMENTS, default=None, return_dtype=SETTLEMENT)
        frame = frame.with_columns(pl.coalesce("settlement", by_root))
    return frame.with_columns(problem=problem, line=table.line)


def _mean(values: list[pl.Series]) -> pl.Series:
    return (
        values[0]
        if len(values) == 1
        else pl.DataFrame({str(i): one for i, one in enumerate(values)}).mean_horizontal()
    )


def _constant(column: str, value: Any, layout: Layout) -> pl.Series:
    one = cells.read(
        column, pl.Series([value if isinstance(value, date | float | int) else str(value)]), layout.days
    )
    if one.bad.any() or one.values.has_nulls():
        raise ChainError(
            f"constants: {column} = {shown(value)}. Allowed: {one.allowed}", column=column, value=value
        )
    return one.values


def _noted(problem: pl.Series, name: str, found: pl.Series, one: cells.Read) -> pl.Series:
    """Return the problems with those of one column where there was none."""
    text = cells.text_of(found).fill_null("").str.slice(0, LONGEST_CELL)
    said = pl.select(pl.format("{}: '{}' is not {}", pl.lit(name), text, pl.lit(one.allowed))).to_series()
    return problem.zip_with(~(problem.is_null() & one.bad), said)


def _interleaved(sides: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of all sides, those of one line together."""
    if len(sides) == 1:
        rows = sides[0]
    else:
        height = sides[0].height
        order = pl.Series([i * height for i in range(len(sides))], dtype=pl.UInt32)
        index = pl.select((pl.int_range(height, dtype=pl.UInt32)).alias("i")).join(
            order.alias("side").to_frame(), how="cross", maintain_order="left_right"
        )
        rows = pl.concat(sides)[index.select(pl.col("i") + pl.col("side")).to_series()]
    rows = rows.with_columns(pl.lit("ok", SCHEMA["status"]).alias("status"))
    return rows.select(SCHEMA.names())
