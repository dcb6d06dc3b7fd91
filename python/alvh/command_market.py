"""`alvh market`: whether a market model can be believed, by facts and by strategy indices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alvh.errors import SpecError, nearest_names
from alvh.options import Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from alvh.validation.validation import Named

MISSED = 1
"""Exit code: the model misses a fact that it is not known to miss."""

market = typer.Typer(name="market", help="Hold market models to recorded data.", rich_markup_mode=None)


@market.command()
def validate(  # noqa: PLR0917 -- one parameter per option
    model: Annotated[
        str, typer.Option(help="Name of a market, such as l3f, or a TOML file of one.", metavar="NAME|FILE")
    ] = "l3f",
    paths: Annotated[int, typer.Option(help="Simulated paths.", metavar="N")] = 96,
    years: Annotated[
        int | None,
        typer.Option(help="Length of each, years: 33, or as long as --history.", metavar="N"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed: the same seed gives the same bits.", metavar="N")] = 1990,
    history: Annotated[
        Path | None,
        typer.Option(
            help="CSV or Parquet with date, spx, vix: two years or more to hold it to, not 1990 to 2023.",
            metavar="FILE",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Hold a model's simulations to the facts of history.

    Exit code 1 if the model misses a fact that it is not known to miss.
    """
    from rich.console import Console

    from alvh.report.plain_json import to_json
    from alvh.report.validation import print_validation
    from alvh.validation import closes
    from alvh.validation import validate as validated

    compared = None if history is None else closes(history)
    found = validated(_model(model), paths=paths, years=years, seed=seed, history=compared)
    if as_json:
        run = {"model": found.model, "paths": found.paths, "years": found.years, "seed": found.seed}
        print(to_json({**run, "ok": found.ok, "facts": found.table()}))
    else:
        print_validation(Console(), found)
    if not found.ok:
        raise typer.Exit(MISSED)


@market.command()
def replicate(  # noqa: PLR0917 -- one parameter per option
    history: Annotated[
        Path,
        typer.Option(
            help="CSV or Parquet with date, spx, vix, rate, dividend_yield; open, vix3m if known.",
            metavar="FILE",
        ),
    ],
    index: Annotated[
        list[str] | None,
        typer.Option(help="Index, repeatable: put, bxm, cndr, vxth; all unless given.", metavar="NAME"),
    ] = None,
    benchmark: Annotated[
        Path | None,
        typer.Option(
            help="CSV or Parquet with date and a column of levels per index: what is recorded.",
            metavar="FILE",
        ),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Bill rate a year (0.02 is 2%) of a file without.", metavar="X")
    ] = None,
    dividend_yield: Annotated[
        float | None, typer.Option(help="Dividend yield a year of a file without.", metavar="X")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute strategy indices from closes alone, and compare them with recorded ones.

    Options cost what the default market's surface says; nothing is fitted to an index.
    """
    from rich.console import Console

    from alvh.history import History
    from alvh.replication import RULES, recorded_levels, replicate
    from alvh.report.plain_json import to_json
    from alvh.report.replication import as_data, print_replication

    recorded = History(history, rate=rate, dividend_yield=dividend_yield, gaps="report")
    levels = {name: replicate(name, recorded) for name in index or RULES}
    compared = None if benchmark is None else recorded_levels(benchmark, tuple(levels))
    if as_json:
        print(to_json(as_data(levels, compared)))
    else:
        print_replication(Console(), levels, compared)


def _model(name: str) -> Named:
    """Return the market of a name with its defaults, or the one that a TOML file describes."""
    from alvh.market import MODELS
    from alvh.market.models import simulated_from_toml
    from alvh.market_file import read_text

    path = Path(name)
    if path.suffix == ".toml":
        return simulated_from_toml(read_text(path), name)
    if name not in MODELS:
        raise SpecError(f"model {name!r}: {nearest_names(name, MODELS)}, or a file that ends in .toml")
    if name == "fhs":
        raise SpecError(
            "model 'fhs': its innovations are a history's. Mend: give a TOML file with schema = 1, "
            'model = "fhs" and a table [history] with the path'
        )
    default: Callable[[], Named] = MODELS[name]
    return default()
