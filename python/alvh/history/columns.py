"""The columns that a history may have: names, units and ranges; and finding them in a source."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from alvh.errors import HistoryError, nearest_names
from alvh.history.source import Source, shown

DATE: Final = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """A numeric column: its range, inclusive, in its unit, and what usually puts values outside."""

    name: str
    least: float
    most: float
    unit: str
    mend: str
    required: bool = False

    @property
    def allowed(self) -> str:
        """The range in words."""
        return f"{self.least:g} to {self.most:g} {self.unit}"


# Since 1990 the index stood above 290 and VIX between 9.14 and 82.69: ranges catch wrong units, not bad days.
_INDEX = (10.0, 1e5, "index points", "correct the value or remove the row")
VOLATILITY: Final = (
    5.0,
    200.0,
    "volatility points",
    "give 16 for 16%, not 0.16; correct the value or remove the row",
)
_DECIMAL = ("a year, decimal, continuously compounded", "if this is percent, divide by 100: 0.04 for 4%")
COLUMNS: Final = {
    column.name: column
    for column in (
        Column("spx", *_INDEX, required=True),
        Column("vix", *VOLATILITY, required=True),
        Column("rate", -0.05, 0.5, *_DECIMAL, required=True),
        Column("dividend_yield", 0.0, 0.5, *_DECIMAL, required=True),
        Column("open", *_INDEX),
        Column("high", *_INDEX),
        Column("low", *_INDEX),
        Column("vix3m", *VOLATILITY),
        Column("vix6m", *VOLATILITY),
    )
}
NAMES: Final = (DATE, *COLUMNS)
CONSTANTS: Final = ("rate", "dividend_yield")  # may be given as an option instead of a column


def find_columns(
    source: Source, mapping: Mapping[str, str], constants: Mapping[str, float]
) -> dict[str, str]:
    """Return the source's own name of each known column that it has.

    Parameters
    ----------
    source : Source
        Columns as found.
    mapping : mapping of str to str
        Known name to the source's name, for columns that are called otherwise.
    constants : mapping of str to float
        Columns given as a number.

    Raises
    ------
    HistoryError
        Required columns lack, two columns claim one name, or the mapping names what does not exist.
    """
    found = find_names(source, mapping, NAMES)
    for name in constants:
        if name in found:
            raise HistoryError(
                f"{source.name} has a column {found[name]!r} and {name}={constants[name]} is given as well. "
                "Mend: give one of them",
                source=source.name,
            )
    _require(source, found, constants)
    return found


def find_names(
    source: Source, mapping: Mapping[str, str], names: Iterable[str], *, option: str = "columns"
) -> dict[str, str]:
    """Return the source's own name of each of `names` that it has, mapped by `option` or in any case."""
    names = tuple(names)
    found = _mapped(source, mapping, names, option)
    by_folded: dict[str, list[str]] = {}
    for column in source.columns:
        by_folded.setdefault(column.strip().casefold(), []).append(column)
    for name in names:
        candidates = by_folded.get(name, [])
        if name in found or not candidates:
            continue
        if len(candidates) > 1:
            raise HistoryError(
                f"{source.name}: columns {' and '.join(map(repr, candidates))} both mean {name!r}. "
                f"Mend: choose with {option}={{{name!r}: …}}",
                source=source.name,
            )
        found[name] = candidates[0]
    return found


def _mapped(
    source: Source, mapping: Mapping[str, str], names: tuple[str, ...], option: str
) -> dict[str, str]:
    for name, column in mapping.items():
        if name not in names:
            raise HistoryError(
                f"{option}={{…}} maps {name!r}, which no such file has: {nearest_names(name, names)}"
            )
        if column not in source.columns:
            raise HistoryError(
                f"{source.name} has no column {shown(column)}: {nearest_names(column, source.columns)}",
                source=source.name,
            )
    return dict(mapping)


def _require(source: Source, found: Mapping[str, str], constants: Mapping[str, float]) -> None:
    required = (DATE, *(name for name, column in COLUMNS.items() if column.required))
    lacking = [name for name in required if name not in found and name not in constants]
    if not lacking:
        return
    spare = [column for column in source.columns if column not in found.values()]
    mends = []
    if numbers := [name for name in lacking if name in CONSTANTS]:
        options = ", ".join(f"{name}=…" for name in numbers)
        mends.append(
            f"give {options} as decimals a year, continuously compounded (0.04 for 4%), or such columns"
        )
    if other := [name for name in lacking if name not in CONSTANTS]:
        mends.append(f"say which one it is with columns={{{other[0]!r}: …}}; the separator is a comma")
    near = f" ({nearest_names(lacking[0], spare)})" if spare else ""
    raise HistoryError(
        f"{source.name} has no column {' nor '.join(map(repr, lacking))}{near}. Mend: {'; '.join(mends)}",
        source=source.name,
    )
