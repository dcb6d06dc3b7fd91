"""The command line: `alvh compare`, `demo`, `audit`, `presets`, `trace`, `verify`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from alvh.errors import AlvhError, SpecError

if TYPE_CHECKING:
    import polars as pl

    from alvh.comparison import Comparison
    from alvh.playbook import Arm
    from alvh.runner import Advance
    from alvh.specification import Market

DEMO_ARMS = (
    "plain",
    "martingale_replace",
    "martingale_add",
    "martingale_recoup",
    "stop_1x",
    "stop_2x",
    "fewer_lots",
)
DEMO_PATHS = 4_096
DEMO_SEED = 7

app = typer.Typer(
    name="alvh",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Does a hedge keep an SPX iron-condor book from blowing up, and what does it cost?\n\n"
    "Start with `alvh demo`, then `alvh compare --help`. Educational: nothing here is a recommendation (R90).",
)

Out = Annotated[Path | None, typer.Option(help="Folder for Parquet results and the manifest.")]
Json = Annotated[bool, typer.Option("--json", help="Print the tables as JSON instead of text.")]
Threads = Annotated[int, typer.Option(min=0, help="Threads; 0 is one per core. Results do not depend on it.")]
Quiet = Annotated[bool, typer.Option(help="No progress bar.")]


@app.command()
def compare(  # noqa: PLR0917 -- one parameter per option of the command
    history: Annotated[
        Path | None, typer.Option(help="CSV or Parquet with date, spx, vix: replay it instead of simulating.")
    ] = None,
    bundled: Annotated[
        bool, typer.Option("--bundled", help="Replay the daily SPX and VIX of 2014-2018 that `alvh[history]` brings.")
    ] = False,
    model: Annotated[str, typer.Option(help="Simulated market: l3f or gbm.")] = "l3f",
    vix: Annotated[float, typer.Option(help="VIX at the start of a simulation; for gbm the volatility in percent.")] = 16.0,
    spot: Annotated[float, typer.Option(help="SPX at the start of a simulation.")] = 5000.0,
    erp: Annotated[float, typer.Option(help="Equity risk premium of a simulation, a year.")] = 0.05,
    rate: Annotated[
        float | None, typer.Option(help="Bill rate a year, continuously compounded (0.02 is 2%); a history needs it.")
    ] = None,
    dividend_yield: Annotated[float | None, typer.Option(help="Dividend yield a year; a history needs it.")] = None,
    gaps: Annotated[str, typer.Option(help="Missing sessions of a history: error, or report and leave them out.")] = "error",
    every: Annotated[int, typer.Option(min=1, help="Sessions between rolling starts on a history.")] = 1,
    arm: Annotated[list[str] | None, typer.Option(help="Preset to compare, repeatable; see `alvh presets`.")] = None,
    playbook: Annotated[list[Path] | None, typer.Option(help="TOML file of an arm, repeatable.")] = None,
    paths: Annotated[int | None, typer.Option(min=1, help="Simulated paths (20,000), or rolling starts.")] = None,
    sessions: Annotated[int, typer.Option(min=1, help="Sessions per path.")] = 252,
    capital: Annotated[float, typer.Option(min=1.0, help="Dollars of every book.")] = 1_000_000.0,
    shares: Annotated[str, typer.Option(help="Size ladder: margin shares of NAV, ascending.")] = "0.10,0.20,0.35,0.50,0.70",
    seed: Annotated[int, typer.Option(min=0, help="Seed: the same seed gives the same bits.")] = 0,
    threads: Threads = 0,
    out: Out = None,
    resume: Annotated[bool, typer.Option("--resume", help="Finish the same run in --out.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Remove an earlier run in --out first.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run several defences of one condor book on the same paths and say whether blow-ups were avoided.

    Without --history the market is simulated. Arms are presets (--arm plain --arm stop_2x) or your own
    TOML files (--playbook my.toml; `alvh presets plain > my.toml` is a start); the first one is the base of differences.
    """
    market = _market(history, bundled, model, vix, spot, erp, rate, dividend_yield, gaps)
    with _progress(quiet=quiet or as_json) as track:
        result = _compare(
            _arms(arm, playbook),
            market,
            track,
            paths=paths,
            sessions=sessions,
            capital=capital,
            seed=seed,
            shares=_shares(shares),
            every=every,
            threads=threads,
            out=out,
            resume=resume,
            overwrite=overwrite,
        )
    _show(result, as_json=as_json, out=out)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the two runs.")] = Path("run"),
    paths: Annotated[int, typer.Option(min=1, help="Simulated paths.")] = DEMO_PATHS,
    threads: Threads = 0,
    quiet: Quiet = False,
) -> None:
    """Compare the presets on real history (2014-2018) and on a simulated market."""
    from alvh.market import L3F, History

    arms = _arms(list(DEMO_ARMS), None)
    for name, market, count in (("history", History.bundled(), None), ("simulated", L3F(vix=16), paths)):
        folder = out / name
        with _progress(quiet=quiet) as track:
            result = _compare(
                arms, market, track, paths=count, seed=DEMO_SEED, threads=threads, out=folder, overwrite=True
            )
        _show(result, as_json=False, out=folder)


@app.command()
def audit(
    paths: Annotated[int, typer.Option(min=100, help="Simulated paths per market.")] = DEMO_PATHS,
    seed: Annotated[int, typer.Option(min=0, help="Seed.")] = DEMO_SEED,
    threads: Threads = 0,
    out: Annotated[Path | None, typer.Option(help="Parquet file for the table.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Hold the claims of the methodology against measurements: claimed, measured, verdict."""
    from alvh.claims import CLAIMS
    from alvh.claims import audit as run_audit
    from alvh.report import console as report

    with _progress(quiet=quiet or as_json) as track:
        advance = track("audit", None)
        table = run_audit(paths=paths, seed=seed, threads=threads, advance=advance)
    if out:
        table.write_parquet(out)
    if as_json:
        _print_json({"audit": table})
    else:
        report.print_audit(Console(), table, CLAIMS)


@app.command()
def presets(name: Annotated[str | None, typer.Argument(help="Print this preset's TOML.")] = None) -> None:
    """List the arms that ship with alvh, or print one as TOML."""
    from alvh import playbook

    if name is None:
        width = max(map(len, playbook.presets()))
        for each in playbook.presets():
            print(f"{each:<{width}}  {playbook.preset(each).about}")
    else:
        print(playbook.preset_text(name), end="")


@app.command()
def trace(
    folder: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    path: Annotated[int, typer.Argument(min=0, help="Number of the path.")],
    arm: Annotated[str | None, typer.Option(help="Arm; the first one unless given.")] = None,
    share: Annotated[float | None, typer.Option(help="Margin share; the smallest unless given.")] = None,
    as_json: Json = False,
) -> None:
    """Tell one path of one arm event by event: what was opened, refused, settled, closed, and why."""
    from alvh.comparison import Comparison
    from alvh.report import console as report

    told = Comparison.load(folder).trace(path, arm, share)
    if as_json:
        _print_json({"ledger": told.ledger, "events": told.events})
    else:
        report.print_trace(Console(), told)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    threads: Threads = 0,
) -> None:
    """Compute two random chunks of a run again and compare every bit; check the digests of the rest."""
    from alvh import runner

    chunks = runner.verify(folder, threads=threads)
    print(f"{folder}: digests match; computed again with equal bits: chunk {', '.join(map(str, chunks))}")


def _market(  # noqa: PLR0917
    history: Path | None,
    bundled: bool,
    model: str,
    vix: float,
    spot: float,
    erp: float,
    rate: float | None,
    dividend_yield: float | None,
    gaps: str,
) -> Market:
    from alvh.market import GBM, L3F, History

    if history is not None and bundled:
        raise SpecError("give --history or --bundled, not both")
    if gaps not in {"error", "report"}:
        raise SpecError(f"--gaps {gaps}: error or report")
    if bundled:
        return History.bundled(rate=rate, dividend_yield=dividend_yield)
    if history is not None:
        policy: Any = gaps
        return History(history, rate=rate, dividend_yield=dividend_yield, gaps=policy)
    given: dict[str, Any] = {"spot": spot, "erp": erp}
    if rate is not None:
        given["rate"] = rate
    if dividend_yield is not None:
        given["dividend_yield"] = dividend_yield
    if model == "l3f":
        return L3F(vix=vix, **given)
    if model == "gbm":
        return GBM(vol=vix / 100, **given)
    raise SpecError(f"--model {model}: l3f or gbm")


def _arms(names: list[str] | None, files: list[Path] | None) -> list[Arm]:
    from alvh.playbook import Arm, preset

    if not names and not files:
        names = list(DEMO_ARMS)
    return [*(preset(name) for name in names or ()), *(Arm.read(path) for path in files or ())]


def _shares(text: str) -> list[float]:
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        raise SpecError(f"--shares {text}: numbers separated by commas, such as 0.10,0.35") from None
    if shares != sorted(set(shares)):
        raise SpecError(f"--shares {text}: ascending, each once")
    return shares


def _compare(arms: list[Arm], market: Market, track: Any, **options: Any) -> Comparison:
    from alvh.comparison import compare as run_compare
    from alvh.specification import count_paths

    options.setdefault("sessions", 252)
    total = count_paths(market, options["paths"], options["sessions"], options.get("every", 1))
    return run_compare(arms, market, advance=track(repr(market)[:40], total), **options)


def _show(result: Comparison, *, as_json: bool, out: Path | None) -> None:
    from alvh.report import console as report

    if as_json:
        _print_json(result.tables(), headline=result.headline(), limits=list(result.limits), manifest=result.manifest)
        return
    report.print_comparison(Console(), result)
    if out is not None:
        print(f"Results: {out}/parts, {out}/tables, {out}/manifest.json")


def _print_json(tables: dict[str, pl.DataFrame], **more: Any) -> None:
    body = {name: table.to_dicts() for name, table in tables.items()}
    # NaN and infinity are not JSON: they become null.
    clean = json.loads(json.dumps({**more, **body}, default=str), parse_constant=lambda _: None)
    json.dump(clean, sys.stdout, indent=1)
    print()


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Any]:
    """Yield a function (title, total) -> advance(count); the bar goes to stderr and only to a terminal."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _title, _total: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} paths"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:

        def track(title: str, total: int | None) -> Advance:
            task = bar.add_task(title, total=total)
            return lambda count: bar.advance(task, count)

        yield track


def main() -> None:
    """Run the command: errors of alvh are one line on stderr and exit code 2; Ctrl-C is 130."""
    try:
        app()
    except AlvhError as error:
        print(f"alvh: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("alvh: interrupted: finished parts are kept, --resume goes on", file=sys.stderr)
        sys.exit(130)
