"""`alvh diff` and `alvh worst`: which rule changed which outcomes, and what led to the worst path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from alvh.options import Json

__all__ = ["diff", "worst"]

_RULE = Annotated[
    str, typer.Option("--margin", help="Margin rule: strategy, portfolio or house.", metavar="NAME")
]


def diff(  # noqa: PLR0917 -- one parameter per option
    before: Annotated[Path, typer.Argument(help="TOML file of a playbook.")],
    after: Annotated[Path, typer.Argument(help="TOML file of another one.")],
    market: Annotated[
        Path | None,
        typer.Option(help="TOML file of a market; L3F from VIX 16 unless given.", metavar="FILE"),
    ] = None,
    paths: Annotated[
        int | None, typer.Option(min=1, help="Paths, or rolling starts of a replay.", metavar="N")
    ] = None,
    sessions: Annotated[int, typer.Option(min=1, help="Sessions per path.", metavar="N")] = 252,
    share: Annotated[float, typer.Option(help="Margin share of NAV.", metavar="X")] = 0.10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the market.", metavar="N")] = 0,
    margin_rule: _RULE = "strategy",
    as_json: Json = False,
) -> None:
    """Say which change between two playbooks did what.

    Each change alone and all together, on the same paths.
    """
    from alvh import difference
    from alvh.market import L3F, from_toml
    from alvh.playbook import Arm
    from alvh.report.plain_json import to_json

    chosen = L3F(vix=16) if market is None else from_toml(market.read_text(encoding="utf-8"), str(market))
    arms = (Arm.read(before), Arm.read(after))
    told = difference.diff(
        *arms,
        chosen,
        share=share,
        paths=paths,
        sessions=sessions,
        seed=seed,
        margin=margin_rule,
    )
    if arms[0].name == arms[1].name:
        told = replace(told, names=(f"{arms[0].name} ({before})", f"{arms[1].name} ({after})"))
    if as_json:
        print(to_json({"before": told.names[0], "after": told.names[1], "changes": told.table()}))
    else:
        print(told.text())


def worst(
    folder: Annotated[Path, typer.Argument(help="Folder of a run: --out of `alvh compare`.")],
    arm: Annotated[str | None, typer.Option(help="Arm; all of them unless given.", metavar="NAME")] = None,
    share: Annotated[
        float | None, typer.Option(help="Margin share; the smallest unless given.", metavar="X")
    ] = None,
    explains: Annotated[
        float, typer.Option(help="Share of the fall that the sessions told make up at least.", metavar="X")
    ] = 0.8,
    as_json: Json = False,
) -> None:
    """Tell what led to the worst path of each arm.

    The shortest list of events, from its highest value to its distress.
    """
    from alvh.comparison import Comparison
    from alvh.report.plain_json import to_json

    result = Comparison.load(folder)
    told = [result.explain_worst(each, share, explains=explains) for each in ([arm] if arm else result.arms)]
    if as_json:
        print(to_json({"worst": [vars(each) for each in told]}))
    else:
        print("\n\n".join(each.text() for each in told))
