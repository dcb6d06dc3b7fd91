"""`alvh sessions`: what a finished run says session by session, deal by deal, and with hindsight."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alvh.options import Json

if TYPE_CHECKING:
    import polars as pl

    from alvh.comparison import Comparison

__all__ = ["ARM_TABLES", "MORE_TABLES", "TABLES", "sessions"]

TABLES = ("beta", "returns", "spikes", "windows")
"""Of all arms at once, and told unless others are asked for."""

MORE_TABLES = ("cycles", "dependence", "discipline", "dry_powder")
"""Of all arms, the last of those with hedges, where they are asked for."""

ARM_TABLES = (
    *("greek_view", "foresight", "openings", "turnover", "rolls", "entries", "whipsaw", "pin_risk"),
    "rounding",
)
"""Of one arm."""

_KNOWN = (*TABLES, *MORE_TABLES, *ARM_TABLES)

_NAMES = f"One of {', '.join(_KNOWN)}; again for more."


def sessions(  # noqa: PLR0917 -- one parameter per option
    folder: Annotated[Path, typer.Argument(help="Folder of a run: --out of `alvh compare`.")],
    tables: Annotated[
        list[str] | None,
        typer.Option("--table", help=_NAMES, metavar="NAME"),
    ] = None,
    arm: Annotated[
        str | None, typer.Option(help="Arm, for tables of one; theirs unless given.", metavar="NAME")
    ] = None,
    share: Annotated[
        float | None, typer.Option(help="Margin share; the smallest unless given.", metavar="X")
    ] = None,
    gdp: Annotated[
        Path | None,
        typer.Option(
            help="CSV or Parquet of signal, date, released_at, value with the signal gdp: regimes of "
            "windows, on a history.",
            metavar="FILE",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell what a run did session by session.

    Beta, returns of ledgers, spikes, regimes, cycles, discipline; of one arm greeks, hindsight, deals.
    """
    from alvh.comparison import Comparison
    from alvh.errors import SpecError, nearest_names
    from alvh.report.plain_json import to_json
    from alvh.report.sessions import session_lines

    wanted = tuple(tables or TABLES)
    for name in wanted:
        if name not in _KNOWN:
            raise SpecError(f"--table = {name!r}: {nearest_names(name, _KNOWN)}")
    if gdp is not None and "windows" not in wanted:
        raise SpecError("--gdp changes nothing here: it is about --table windows")
    if arm is not None and not set(wanted) & set(ARM_TABLES):
        raise SpecError(f"--arm changes nothing here: it is about --table {', '.join(ARM_TABLES)}")
    result = Comparison.load(folder)
    found = {name: _table(result, name, arm, share, gdp) for name in wanted}
    if as_json:
        print(to_json(found))
    else:
        print("\n\n".join("\n".join(session_lines(name, table)) for name, table in found.items()))


def _table(
    result: Comparison, name: str, arm: str | None, share: float | None, gdp: Path | None
) -> pl.DataFrame:
    if name == "windows":
        return result.windows(share=share, gdp=gdp)
    method = getattr(result, name)
    table: pl.DataFrame = method(arm, share=share) if name in ARM_TABLES else method(share=share)
    return table
