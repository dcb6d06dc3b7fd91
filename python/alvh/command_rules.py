"""`alvh rules check`, `explain` and `path`: what rules need, and why they say what they say."""

from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from alvh.options import Json

rules = typer.Typer(
    name="rules", help="Check the rules of a file; explain a rule on data.", rich_markup_mode=None
)


@rules.command()
def check(  # noqa: PLR0917 -- one parameter per option
    file: Annotated[
        Path, typer.Argument(help="A playbook (TOML), or a text file with a rule a line and # for comments.")
    ],
    history: Annotated[
        Path | None,
        typer.Option(help="CSV or Parquet file of a history: what it lacks for the rules.", metavar="FILE"),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Rate of the history, if it has no such column.", metavar="X")
    ] = None,
    dividend_yield: Annotated[
        float | None, typer.Option(help="Dividend yield, if it has no such column.", metavar="X")
    ] = None,
    signals: Annotated[
        Path | None,
        typer.Option(help="CSV or Parquet of signal, date, released_at, value, as of a run.", metavar="FILE"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compile the rules of a file; tell names, sessions looked back on, and what a history lacks.

    Exit code 2 if a rule does not compile.
    """
    from rich.console import Console

    from alvh.errors import SpecError
    from alvh.history import read_history
    from alvh.report.plain_json import to_json
    from alvh.report.rules import print_checks
    from alvh.rules import checking

    if signals is not None and history is None:
        raise SpecError("--signals changes nothing here: give --history, whose closes they are aligned with")
    data = None
    if history is not None:
        data = read_history(history, rate=rate, dividend_yield=dividend_yield, gaps="report")
    table = checking.check(checking.rules_of(file), data, signals)
    if as_json:
        print(to_json({"rules": table}))
    else:
        print_checks(Console(), table)
    if table["problem"].is_not_null().any():
        raise typer.Exit(2)


@rules.command()
def explain(
    rule: Annotated[str, typer.Argument(help="The rule: 'vix > 28 and rsi_14 < 30'.")],
    data: Annotated[
        Path,
        typer.Option(
            help="CSV or Parquet file: a session a row, in order, and a column per name.", metavar="FILE"
        ),
    ],
    day: Annotated[
        datetime | None,
        typer.Option(
            "--date", help="A day of the column date; the last row unless given.", formats=["%Y-%m-%d"]
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell the value of every part of a rule, and the smallest changes that would turn it."""
    from alvh import rules as language
    from alvh.report.plain_json import to_json
    from alvh.rules.checking import read_signals

    parsed = language.parse(rule)
    frame = read_signals(data, parsed.to_polars().meta.root_names())
    told = language.explain(parsed, frame, at=-1 if day is None else day.date())
    if as_json:
        print(to_json({"outcome": told.outcome, "nodes": told.nodes, "flips": told.flips, "cut": told.cut}))
    else:
        print(told)


@rules.command("path")
def on_path(  # noqa: PLR0917 -- one parameter per option
    folder: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    path: Annotated[int, typer.Argument(min=0, help="Number of the path, from 0.")],
    at: Annotated[str, typer.Option(help="The close: sessions after session 0, or a day.", metavar="N|DATE")],
    arm: Annotated[
        str | None, typer.Option(help="By name; the first one unless given.", metavar="NAME")
    ] = None,
    layer: Annotated[
        str | None, typer.Option(help="By name; the first one unless given.", metavar="NAME")
    ] = None,
    share: Annotated[float | None, typer.Option(help="The smallest unless given.", metavar="X")] = None,
    as_json: Json = False,
) -> None:
    """Tell why a layer of a run opened or closed, or did not, at one close of one path."""
    from alvh.comparison import Comparison
    from alvh.errors import SpecError
    from alvh.report.plain_json import to_json

    try:
        close = int(at) if at.isdecimal() else date.fromisoformat(at)
    except ValueError:
        raise SpecError(
            f"--at {at}: sessions after session 0, such as 30, or a day, such as 2018-02-05"
        ) from None
    told = Comparison.load(folder).explain(path, arm, layer, at=close, share=share)
    if as_json:
        rows = [
            {
                "rule": each.rule,
                "tick": each.tick,
                "entered": each.entered,
                "permit": each.permit and asdict(each.permit),
                "outcome": each.explanation.outcome,
                "nodes": each.explanation.nodes,
                "flips": each.explanation.flips,
                "cut": each.explanation.cut,
            }
            for each in told
        ]
        print(to_json({"rules": rows}))
    else:
        print("\n\n".join(map(str, told)) or "the layer has no rules")
