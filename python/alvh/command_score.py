"""`alvh score FILES`: the best condors of many chains, resumable, as text, JSON, Parquet or a page."""

from __future__ import annotations

import re
import sys
from functools import reduce
from operator import and_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alvh.errors import ScoreError
from alvh.options import Rate, RayAddress, RunnerName, Settlement, runner_of

if TYPE_CHECKING:
    import polars as pl

    from alvh.scoring.job import Bound

UNREADABLE = 1
"""Exit code: the others were scored, but a file could not be."""

# A condition that the core can hold a figure to; anything else is an expression, which is slower.
_BOUND = re.compile(r"\s*(\w+)\s*(>=|<=)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*")


def score(  # noqa: PLR0917 -- one parameter per option
    files: Annotated[
        list[str], typer.Argument(help="Files of quotes, folders, patterns such as 'chains/*.parquet'.")
    ],
    dte: Annotated[str, typer.Option(help="Calendar days to expiry.", metavar="LOW:HIGH")] = "1:60",
    short_delta: Annotated[
        str, typer.Option(help="Forward delta of the shorts, absolute.", metavar="LOW:HIGH")
    ] = "0.05:0.30",
    width: Annotated[
        str, typer.Option(help="Wings, points: LOW:HIGH, or a list such as 25,50.", metavar="LIST")
    ] = "5:100",
    wings: Annotated[
        str, typer.Option(help="Whether put and call wing may differ: any or equal.", metavar="WORD")
    ] = "any",
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="Condition, repeatable: a figure such as 'p_profit >= 0.7', or SQL on the columns, slower.",
            metavar="COND",
        ),
    ] = None,
    rank_by: Annotated[
        str, typer.Option(help="Figure to rank by, or SQL on the columns, slower.", metavar="FIGURE")
    ] = "return_on_margin",
    ascending: Annotated[bool, typer.Option("--ascending", help="The smallest are best.")] = False,
    top: Annotated[int, typer.Option(help="How many are kept.", metavar="N")] = 50,
    root: Annotated[
        str | None, typer.Option(help="Of the options, such as SPXW; all unless given.", metavar="NAME")
    ] = None,
    open_interest: Annotated[int, typer.Option(help="Least open interest of a leg.", metavar="N")] = 0,
    spread: Annotated[
        float | None, typer.Option(help="Most that ask less bid of a leg may be, points.", metavar="X")
    ] = None,
    fill: Annotated[
        float, typer.Option(help="Share of the half-spreads paid: 0 mid, 1 natural prices.", metavar="X")
    ] = 0.5,
    margin_rules: Annotated[
        str,
        typer.Option("--rules", help="Of the requirement: a book, portfolio or house.", metavar="NAME"),
    ] = "exchange",
    model: Annotated[
        str | None,
        typer.Option(
            help="Real-world figures: l3f, at each chain's own VIX, or a TOML file of a market.",
            metavar="NAME",
        ),
    ] = None,
    paths: Annotated[int, typer.Option(help="Paths of the model.", metavar="N")] = 20_000,
    seed: Annotated[int, typer.Option(help="Seed: the same seed gives the same bits.", metavar="N")] = 0,
    settlement: Settlement = None,
    rate: Rate = None,
    threads: Annotated[
        int | None,
        typer.Option(help="Threads; one per core unless given. No result depends on it.", metavar="N"),
    ] = None,
    workers: Annotated[
        int, typer.Option(help="Processes of this machine that score files.", metavar="N")
    ] = 1,
    runner: RunnerName = "local",
    ray_address: RayAddress = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Parquet file of the best; FILE.parts beside it keeps what is done.", metavar="FILE"
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on beside --out.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove what is beside --out first.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Write a self-contained HTML page as well; `alvh[report]` draws it.", metavar="FILE"
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the tables as JSON instead of text.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Rank every iron condor of many option chains.

    Each file is scored for itself, and the best of all are kept. A file that cannot be read is named on
    stderr and does not stop the others; the exit code is 1 then.
    """
    from rich.console import Console

    from alvh.report.plain_json import to_json
    from alvh.report.progress import file_progress
    from alvh.report.scores import print_scores
    from alvh.scoring import ScoreJob, score_files

    if report is not None:
        from alvh.report.page import check, write_scores_page

        check(report)
    given: dict[str, Any] = {} if rate is None else {"rate": rate}
    words: Any = wings
    job = ScoreJob(
        dte=_range("dte", dte, int),
        short_delta=_range("short-delta", short_delta, float),
        width=_widths(width),
        wings=words,
        where=conditions(where or []),
        rank_by=_ranking(rank_by),
        descending=not ascending,
        top=top,
        root=root,
        open_interest=open_interest,
        spread=spread,
        fill=fill,
        rules=margin_rules,
        model=_model(model),
        paths=paths,
        seed=seed,
        settlement=settlement,
        threads=threads,
        **given,
    )
    with file_progress(quiet=quiet or as_json) as track:
        found = score_files(
            files,
            job,
            out=out,
            resume=resume,
            overwrite=overwrite,
            workers=workers,
            runner=runner_of(runner, ray_address),
            track=track,
        )
    if report is not None:
        write_scores_page(report, found)
    if as_json:
        print(to_json({"best": found.frame, "files": found.files}))
    else:
        print_scores(Console(), found, out)
    for file, reason in found.unreadable.iter_rows():
        print(f"alvh: {file}: {_of_the_file(file, reason)}", file=sys.stderr)
    if found.unreadable.height:
        raise typer.Exit(UNREADABLE)


def _of_the_file(file: str, reason: str) -> str:
    """Return a reason in one line, without the name of the file where it begins with that."""
    words = " ".join(reason.split())
    rest = words.removeprefix(Path(file).name)
    return rest.lstrip(" ,:") if rest[:1] in {" ", ",", ":"} else words


def _range(name: str, text: str, kind: type[int | float]) -> Any:
    low, _, high = text.partition(":")
    try:
        return kind(low), kind(high)
    except ValueError:
        raise ScoreError(f"--{name} {text}: LOW:HIGH, such as 30:50", column=name, value=text) from None


def _widths(text: str) -> Any:
    if ":" in text:
        return _range("width", text, float)
    try:
        return [float(each) for each in text.split(",")]
    except ValueError:
        raise ScoreError(
            f"--width {text}: LOW:HIGH, or a list such as 25,50", column="width", value=text
        ) from None


def conditions(given: list[str]) -> dict[str, Bound] | pl.Expr | None:
    """Return bounds of figures where every condition is one, otherwise the expression of all."""
    from alvh.scoring import COLUMNS

    matches = [_BOUND.fullmatch(each) for each in given]
    if all(match and match[1] in COLUMNS for match in matches):
        bounds: dict[str, Bound] = {}
        for name, sign, number in (match.groups() for match in matches if match):
            low, high = bounds.get(name, (None, None))
            value = float(number)
            if sign == ">=":
                low = value if low is None else max(low, value)
            else:
                high = value if high is None else min(high, value)
            bounds[name] = (low, high)
        return bounds or None
    return reduce(and_, [_sql("where", each) for each in given])


def _ranking(text: str) -> str | pl.Expr:
    """Return the name of a figure, or what stands for an expression."""
    return text.strip() if re.fullmatch(r"\s*\w+\s*", text) else _sql("rank-by", text)


def _sql(option: str, text: str) -> pl.Expr:
    import polars as pl
    from polars.exceptions import PolarsError

    try:
        return pl.sql_expr(text)
    except PolarsError as error:
        raise ScoreError(
            f"--{option} {text!r}: {error}. Allowed: a figure, or an SQL expression of columns",
            column=option,
            value=text,
        ) from None


def _model(name: str | None) -> Any:
    if name is None or not name.endswith(".toml"):
        return name
    from alvh.market.models import simulated_from_toml
    from alvh.market_file import read_text

    return simulated_from_toml(read_text(Path(name)), name)
