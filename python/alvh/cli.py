"""The command line: runs and what they tell, advice, audit, stress; chains, margin, score, market, rules."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast

import typer
from rich.console import Console

try:
    from alvh._core import __version__
except ValueError as refusal:  # an AlvhError, unnameable without the core: ALVH_SIMD that this machine lacks
    print("alvh:", refusal, file=sys.stderr)
    sys.exit(2)
from alvh.command_advise import advise
from alvh.command_chain import chain
from alvh.command_margin import margin
from alvh.command_market import market
from alvh.command_rules import rules
from alvh.command_score import score
from alvh.command_sessions import sessions
from alvh.command_why import diff, worst
from alvh.errors import AlvhError, RunError, SpecError
from alvh.options import Json, RayAddress, RunnerName, runner_of, staleness_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from alvh.comparison import Comparison
    from alvh.market import Closes
    from alvh.playbook import Arm
    from alvh.report.progress import Track
    from alvh.specification import Market

DEMO_ARMS = (
    "plain",
    "alvh_0",
    "alvh_0_commingled",
    "martingale_replace",
    "martingale_recoup",
    "stop_2x",
    "fewer_lots",
    "fewer_lots_equal_mean",
    "wider_wings",
    "bigger_buffer",
    "spx_put_overlay_equal_cost",
    "always_on_equal_cost",
    "random_timing_equal_cost",
)
DEMO_PATHS = 2_048
DEMO_SEED = 7

REFUSED = 2
"""Exit code: what was asked for cannot be done; one line on stderr says why."""

INTERRUPTED = 130
"""Exit code after Ctrl-C."""

SIMULATION_ONLY = ("model", "vix", "spot", "erp", "seed")
IN_FILE = ("vix", "spot", "erp", "rate", "dividend_yield")
HISTORY_ONLY = ("every",)
FILE_ONLY = ("gaps",)
REPLAY_ONLY = ("events",)
CHAINS_ONLY = ("root", "entry_time")

# What typer raises for a mistake in the command line derives from this class, which it does not export.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]

app = typer.Typer(name="alvh", add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Out = Annotated[
    Path | None, typer.Option(help="Folder for Parquet results and the manifest.", metavar="FOLDER")
]
Folder = Annotated[Path, typer.Argument(help="Folder of a finished run.")]
Report = Annotated[
    Path | None,
    typer.Option(help="Write a self-contained HTML page as well; `alvh[report]` draws it.", metavar="FILE"),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bar.")]
Seed = Annotated[int, typer.Option(help="Seed: the same seed gives the same bits.", metavar="N")]
Threads = Annotated[
    int, typer.Option(help="Threads; 0 is one per core. Results do not depend on it.", metavar="N")
]


@app.callback(invoke_without_command=True)
def alvh(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Say whether a hedge keeps an SPX iron-condor book from blowing up, and what it costs.

    Start with `alvh demo`, then `alvh compare --help`.

    Educational: nothing here is a recommendation.
    """
    if version:
        print(f"alvh {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def compare(  # noqa: PLR0917 -- one parameter per option of the command
    context: typer.Context,
    arm: Annotated[
        list[str] | None,
        typer.Option(help="Preset to compare, repeatable; see `alvh presets`.", metavar="NAME"),
    ] = None,
    playbook: Annotated[
        list[Path] | None, typer.Option(help="TOML file of an arm or a playbook, repeatable.", metavar="FILE")
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(
            help="CSV or Parquet with date, spx, vix: replay it instead of simulating.", metavar="FILE"
        ),
    ] = None,
    bundled: Annotated[
        bool,
        typer.Option(
            "--bundled", help="Replay the daily SPX and VIX of 2014-2018 that `alvh[history]` brings."
        ),
    ] = False,
    chains: Annotated[
        Path | None,
        typer.Option(
            help="File or folder of recorded option quotes: trade at them. Closes are those of --history or "
            "--bundled, else the quotes' own.",
            metavar="PATH",
        ),
    ] = None,
    root: Annotated[str, typer.Option(help="Root of the quotes: SPXW or SPX.", metavar="NAME")] = "SPXW",
    entry_time: Annotated[
        list[str] | None,
        typer.Option(
            help="Time of day in New York, such as 15:45, whose quotes of --chains are kept beside those of "
            "the close: layers may be opened then; repeatable.",
            metavar="HH:MM",
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            help="Simulated market: l3f, pdv4, fhs (of --history or --bundled), bates, gbm, or a TOML file.",
            metavar="NAME",
        ),
    ] = "l3f",
    vix: Annotated[
        float,
        typer.Option(
            help="VIX at the start of a simulation; for gbm the volatility in percent.", metavar="X"
        ),
    ] = 16.0,
    spot: Annotated[float, typer.Option(help="SPX at the start of a simulation.", metavar="X")] = 5000.0,
    erp: Annotated[
        float, typer.Option(help="Equity risk premium of a simulation, a year.", metavar="X")
    ] = 0.05,
    rate: Annotated[
        float | None,
        typer.Option(
            help="Bill rate a year, continuously compounded (0.02 is 2%); a history needs it, as an option "
            "or as a column.",
            metavar="X",
        ),
    ] = None,
    dividend_yield: Annotated[
        float | None, typer.Option(help="Dividend yield a year; a history needs it likewise.", metavar="X")
    ] = None,
    gaps: Annotated[
        str,
        typer.Option(
            help="Missing sessions of a history: error, or report and leave them out.", metavar="WORD"
        ),
    ] = "error",
    events: Annotated[
        list[str] | None,
        typer.Option(
            help="Announcement days of a history: a CSV of kind, date; fomc=scheduled, the published "
            "meetings; or KIND=by_rule, an assumption; repeatable.",
            metavar="FILE",
        ),
    ] = None,
    every: Annotated[
        int, typer.Option(min=1, help="Sessions between rolling starts on a history.", metavar="N")
    ] = 1,
    paths: Annotated[
        int | None,
        typer.Option(min=1, help="Simulated paths (20,000), or rolling starts (all).", metavar="N"),
    ] = None,
    sessions: Annotated[int, typer.Option(min=1, help="Sessions per path.", metavar="N")] = 252,
    capital: Annotated[
        float, typer.Option(min=1.0, help="Dollars of every book.", metavar="X")
    ] = 1_000_000.0,
    shares: Annotated[
        str, typer.Option(help="Size ladder: margin shares of NAV, ascending.", metavar="LIST")
    ] = "0.10,0.20,0.35,0.50,0.70",
    seed: Seed = 0,
    threads: Threads = 0,
    out: Out = None,
    resume: Annotated[bool, typer.Option("--resume", help="Finish the same run in --out.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove an earlier run in --out first.")
    ] = False,
    chunk: Annotated[
        int, typer.Option(min=1, help="Paths per Parquet part, the unit of --resume.", metavar="N")
    ] = 16_384,
    margin_rule: Annotated[
        str, typer.Option("--margin", help="Margin rule: strategy, portfolio or house.", metavar="NAME")
    ] = "strategy",
    worst_bar: Annotated[
        bool,
        typer.Option(
            "--worst-bar", help="Ask margin again at SPX -3% and VIX times 1.7 within each session."
        ),
    ] = False,
    bars: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Bars of a session at which stops are asked, 1 to 390 (13 where an arm opens inside "
            "the session, else none).",
            metavar="N",
        ),
    ] = None,
    small: Annotated[
        bool,
        typer.Option("--small", help="Trade XSP and VXM in place of SPX and VX: for capital of a tenth."),
    ] = False,
    surface_band: Annotated[
        int,
        typer.Option(
            min=0, help="Paths at most that run again with the SPX surface a vol point off.", metavar="N"
        ),
    ] = 2_048,
    signals: Annotated[
        str | None,
        typer.Option(
            help="CSV or Parquet of signal, date, released_at, value, on a history: what rules may name "
            "besides the engine's names; absent: unknown throughout; macro: a model, in a simulation.",
            metavar="FILE",
        ),
    ] = None,
    staleness: Annotated[
        list[str] | None,
        typer.Option(
            help="Calendar days from its release after which a signal is unknown; repeatable.",
            metavar="NAME=DAYS",
        ),
    ] = None,
    runner: RunnerName = "local",
    ray_address: RayAddress = None,
    report: Report = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare defences of one condor book on the same paths.

    The first panel says whether they avoided the margin blow-ups, and at what cost. Without --history,
    --bundled or --chains the market is simulated. Arms are presets (--arm plain --arm stop_2x) or your own
    TOML files (--playbook my.toml; `alvh presets plain > my.toml` is a start); the first one is the base of
    differences.
    """
    from alvh.report.progress import progress
    from alvh.specification import WorstBar

    _refuse_unused(context, history, chains, model, bundled=bundled)
    if out is None and (resume or overwrite):
        raise SpecError("--resume and --overwrite are about a folder: give --out as well")
    _check_report(report)
    arms = _arms(arm, playbook)
    if small:
        # Rivals at equal cost know arms by their names.
        arms = [each.in_small_contracts(name=each.name) for each in arms]
    if chains is not None:
        market: Market = _quoted(
            chains, root, entry_time, history, bundled, rate, dividend_yield, gaps, events
        )
    else:
        market = _market(history, bundled, model, vix, spot, erp, rate, dividend_yield, gaps, events)
    with progress(quiet=quiet or as_json) as track:
        result = _compare(
            arms,
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
            chunk=chunk,
            surface_band=surface_band,
            margin=margin_rule,
            worst_bar=WorstBar() if worst_bar else None,
            bars=bars,
            signals=_signals(signals, staleness, market),
            runner=runner_of(runner, ray_address),
        )
    _show(result, as_json=as_json, out=out)
    if report is not None:
        _write_report(report, [result], as_json=as_json)


def _signals(source: str | None, staleness: list[str] | None, market: Market) -> Any:
    """Read the signals of --signals as known at the closes of a history, stale as --staleness says."""
    from alvh.history import History
    from alvh.signals import Macro, given

    if source == "macro":
        return Macro()
    if not staleness:
        return source
    if source is None or not isinstance(market, History):
        raise SpecError(
            "--staleness is about signals of a history: give --signals FILE, and a history, as well"
        )
    return given(source, market.data.dates, staleness=staleness_of(staleness))


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the two runs.", metavar="FOLDER")] = Path("run"),
    paths: Annotated[int, typer.Option(min=1, help="Simulated paths.", metavar="N")] = DEMO_PATHS,
    threads: Threads = 0,
    report: Report = None,
    quiet: Quiet = False,
) -> None:
    """Compare the presets on real history and on a simulation.

    The history is the daily SPX and VIX of 2014-2018 that `alvh[history]` brings.
    """
    from alvh.market import L3F, History
    from alvh.report.progress import progress

    _check_report(report)
    arms = _arms(None, None)
    options: dict[str, Any] = {"seed": DEMO_SEED, "threads": threads, "overwrite": True}
    with progress(quiet=quiet) as track:
        simulated = _compare(arms, L3F(vix=16), track, paths=paths, out=out / "simulated", **options)
        # The rivals meet the history as they were solved for the simulation.
        history = _compare(
            arms,
            History.bundled(),
            track,
            paths=None,
            out=out / "history",
            solved=simulated,
            **options,
        )
    for name, result in (("history", history), ("simulated", simulated)):
        _show(result, as_json=False, out=out / name)
    if report is not None:
        _write_report(report, [simulated, history], as_json=False)  # first what has intervals


@app.command()
def audit(  # noqa: PLR0917 -- one parameter per option
    paths: Annotated[int, typer.Option(min=1, help="Simulated paths.", metavar="N")] = DEMO_PATHS,
    seed: Seed = DEMO_SEED,
    threads: Threads = 0,
    runner: RunnerName = "local",
    ray_address: RayAddress = None,
    out: Annotated[Path | None, typer.Option(help="Parquet file for the table.", metavar="FILE")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Hold the methodology's claims against measurements.

    Each row: what is claimed, what was measured with its 95% interval, the verdict, and what is missing.
    """
    from alvh.claims import CLAIMS, audited_paths
    from alvh.claims import audit as run_audit
    from alvh.report import console as report
    from alvh.report.plain_json import to_json
    from alvh.report.progress import progress

    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise RunError(f"--out {out}: a file in a folder that exists")
    with progress(quiet=quiet or as_json) as track:
        advance = track("audit", audited_paths(paths))
        where = runner_of(runner, ray_address)
        table = run_audit(paths=paths, seed=seed, threads=threads, runner=where, advance=advance)
    if out is not None:
        table.write_parquet(out)
    if as_json:
        print(to_json({"audit": table}))
    else:
        report.print_audit(Console(), table, CLAIMS)


@app.command()
def stress(  # noqa: PLR0917 -- one parameter per option
    arm: Annotated[
        list[str] | None, typer.Option(help="Preset to stress, repeatable.", metavar="NAME")
    ] = None,
    playbook: Annotated[
        list[Path] | None, typer.Option(help="TOML file of an arm or a playbook, repeatable.", metavar="FILE")
    ] = None,
    scenario: Annotated[
        list[str] | None, typer.Option(help="Scenario, repeatable; all unless given.", metavar="NAME")
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(help="CSV or Parquet with date, spx, vix: count its falls.", metavar="FILE"),
    ] = None,
    bundled: Annotated[
        bool, typer.Option("--bundled", help="Count the falls of 2014-2018 that `alvh[history]` brings.")
    ] = False,
    rate: Annotated[
        float | None, typer.Option(help="Bill rate a year; a history without one needs it.", metavar="X")
    ] = None,
    dividend_yield: Annotated[
        float | None, typer.Option(help="Dividend yield a year, likewise.", metavar="X")
    ] = None,
    vix: Annotated[float, typer.Option(help="VIX at the start of the simulation.", metavar="X")] = 16.0,
    share: Annotated[float, typer.Option(help="Margin share of NAV.", metavar="X")] = 0.10,
    capital: Annotated[
        float, typer.Option(min=1.0, help="Dollars of every book.", metavar="X")
    ] = 1_000_000.0,
    paths: Annotated[int, typer.Option(min=1, help="Simulated paths of 252 sessions.", metavar="N")] = 4_096,
    seed: Seed = DEMO_SEED,
    threads: Threads = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the tables as Parquet.", metavar="FOLDER")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Put arms through made crashes, grinds and spikes.

    Each scenario is one path with 60 quiet sessions first. A simulation adds what hedges cost while nothing
    happens; a history, how often sessions of such falls came.
    """
    from alvh.equal_cost import pilot_paths
    from alvh.market import History
    from alvh.report.plain_json import to_json
    from alvh.report.progress import progress
    from alvh.report.stress import print_stress
    from alvh.stress_set import stress_report

    if history is not None and bundled:
        raise SpecError("give --history or --bundled, not both")
    if history is None and not bundled and (rate, dividend_yield) != (None, None):
        raise SpecError("--rate and --dividend-yield change nothing here: they are about a history")
    past = None
    if bundled:
        past = History.bundled(rate=rate, dividend_yield=dividend_yield)
    elif history is not None:
        past = History(history, rate=rate, dividend_yield=dividend_yield)
    arms = _arms(arm, playbook)
    with progress(quiet=quiet or as_json) as track:
        told = stress_report(
            arms,
            scenarios=scenario,
            history=past,
            vix=vix,
            share=share,
            capital=capital,
            paths=paths,
            seed=seed,
            threads=threads,
            advance=track("simulation", paths + pilot_paths(arms, paths)),
        )
    if out is not None:
        told.to_parquet(out)
    if as_json:
        print(to_json({"limits": told.limits, **told.tables}))
    else:
        print_stress(Console(), told)


@app.command()
def presets(
    name: Annotated[str | None, typer.Argument(help="Print this preset's TOML.")] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of playbooks, for editors.")
    ] = False,
) -> None:
    """List the arms that ship with alvh, or print one as TOML."""
    from alvh import playbook
    from alvh.playbook.shipped import ALIASES

    if schema:
        print(json.dumps(playbook.schema(), indent=2, ensure_ascii=False))
    elif name is None:
        width = max(map(len, playbook.presets()))
        for each in playbook.presets():
            print(f"{each:<{width}}  {playbook.preset(each).about}")
        for alias, meant in ALIASES.items():
            print(f"{alias:<{width}}  Another name of {meant}.")
    else:
        print(playbook.preset_text(name), end="")


@app.command()
def vix(  # noqa: PLR0917 -- one parameter per option
    file: Annotated[Path, typer.Argument(help="CSV or Parquet with the quotes of a chain.")],
    day: Annotated[
        datetime | None,
        typer.Option(
            "--date", help="Which quote_date, if there are several.", formats=["%Y-%m-%d"], metavar="DAY"
        ),
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Which quote_time, if there are several.", metavar="HH:MM")
    ] = None,
    terms: Annotated[
        str, typer.Option(help="Which expiries: weekly (since 2014-10), monthly, bracket.", metavar="RULE")
    ] = "weekly",
    rate: Annotated[
        float | None,
        typer.Option(help="Annual rate (0.04 is 4%); implied by parity unless given.", metavar="X"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute the VIX of an option chain by the exchange's method.

    Prints the value, the two terms and the strip in brief; --json, every option of the strip.
    """
    from dataclasses import asdict

    from alvh.report.plain_json import to_json
    from alvh.report.vix import print_vix
    from alvh.vix import vix_index
    from alvh.vix.files import read_chain

    chain, left_out = read_chain(file, quote_date=None if day is None else day.date(), quote_time=time)
    rule: Any = terms
    index = vix_index(chain, rate=rate, terms=rule)
    if left_out:
        told = ", ".join(f"{count:,} {status}" for status, count in left_out.items())
        print(f"{file.name}: rows left out: {told}", file=sys.stderr)
    if as_json:
        near, later = asdict(index.near), asdict(index.next)
        print(to_json({"value": index.value, "near": near, "next": later, "strip": index.strip}))
    else:
        print_vix(Console(), index)


app.command()(advise)
app.command()(chain)
app.command()(diff)
app.command()(margin)
app.command()(score)
app.command()(sessions)
app.command()(worst)
app.add_typer(market)
app.add_typer(rules)


@app.command()
def trace(
    folder: Folder,
    path: Annotated[int, typer.Argument(min=0, help="Number of the path, from 0.")],
    arm: Annotated[str | None, typer.Option(help="Arm; the first one unless given.", metavar="NAME")] = None,
    share: Annotated[
        float | None, typer.Option(help="Margin share; the smallest unless given.", metavar="X")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell what happened to one arm on one path, and why.

    Event by event: what was opened, skipped, refused, settled, closed.
    """
    from alvh.comparison import Comparison
    from alvh.report import console as report
    from alvh.report.plain_json import to_json

    told = Comparison.load(folder).trace(path, arm, share)
    if as_json:
        print(to_json({"ledger": told.ledger, "events": told.events}))
    else:
        report.print_trace(Console(), told)


@app.command()
def episode(  # noqa: PLR0917 -- one parameter per option
    folder: Folder,
    name: Annotated[
        str | None,
        typer.Option(help="Episode, such as august_2015; all that are covered unless given.", metavar="NAME"),
    ] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", help="First day told.", formats=["%Y-%m-%d"], metavar="DAY")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", help="Last day told.", formats=["%Y-%m-%d"], metavar="DAY")
    ] = None,
    arm: Annotated[
        str | None, typer.Option(help="Arm; the first with a hedge unless given.", metavar="NAME")
    ] = None,
    share: Annotated[
        float | None, typer.Option(help="Margin share; the smallest unless given.", metavar="X")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell an episode of a history day by day: actions, margin, cost.

    Give --name, or --from and --to. The book told began at least 60 sessions before.
    """
    from alvh.comparison import Comparison
    from alvh.report import console as report
    from alvh.report.plain_json import to_json

    if (first is None) != (last is None) or (name is not None and first is not None):
        raise SpecError("give --name, or both --from and --to")
    result = Comparison.load(folder)
    asked: list[str | tuple[date, date]] = [name] if name else list(result.covered)
    if first is not None and last is not None:
        asked = [(first.date(), last.date())]
    if not asked:
        raise SpecError(f"{folder}: covers none of the known episodes; --from and --to tell any other")
    told = [result.episode(each, arm, share) for each in asked]
    if as_json:
        print(to_json({"episodes": [vars(each) for each in told]}))
    else:
        report.print_episodes(Console(), told)


@app.command()
def verify(
    folder: Folder,
    threads: Threads = 0,
) -> None:
    """Compute parts of a run again and compare every bit.

    Two random parts are computed again; all parts are held against the digests of the manifest.
    """
    from alvh import runner

    chunks = runner.verify(folder, threads=threads)
    print(f"{folder}: digests match; computed again with equal bits: chunk {', '.join(map(str, chunks))}")


def _refuse_unused(
    context: typer.Context, history: Path | None, chains: Path | None, model: str, *, bundled: bool
) -> None:
    """Refuse an option that would change nothing."""
    if history is not None and bundled:
        raise SpecError("give --history or --bundled, not both")
    recorded = history is not None or bundled
    replayed = (recorded and model != "fhs") or chains is not None
    simulation_only: tuple[str, ...] = SIMULATION_ONLY
    if model.endswith(".toml") and not replayed:
        _refuse_given(context, IN_FILE, "the file of --model says it")
        replayed = _names_replay(Path(model))
        simulation_only = tuple(name for name in SIMULATION_ONLY if name != "model")
    unused = [
        *(simulation_only if replayed else HISTORY_ONLY),
        *(() if history or chains else FILE_ONLY),
        *(() if (recorded and model != "fhs") or chains is not None else REPLAY_ONLY),
        *(() if chains else CHAINS_ONLY),
    ]
    for name in unused:
        about = "--chains" if name in CHAINS_ONLY else "--history"
        why = "a history is replayed" if name in SIMULATION_ONLY else f"it is about {about}"
        _refuse_given(context, (name,), why)


def _names_replay(path: Path) -> bool:
    from alvh import market_file
    from alvh.history.files import REPLAYS

    return market_file.parse(market_file.read_text(path), str(path))[0] in REPLAYS


def _refuse_given(context: typer.Context, names: tuple[str, ...], why: str) -> None:
    for name in names:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise SpecError(f"--{name.replace('_', '-')} changes nothing here: {why}")


def _market(  # noqa: PLR0917 -- one parameter per option
    history: Path | None,
    bundled: bool,
    model: str,
    vix: float,
    spot: float,
    erp: float,
    rate: float | None,
    dividend_yield: float | None,
    gaps: str,
    events: list[str] | None,
) -> Market:
    from alvh.market import Closes, History
    from alvh.schedule.announcements import spelled

    policy: Any = gaps
    if bundled and model != "fhs":
        return History.bundled(rate=rate, dividend_yield=dividend_yield, events=spelled(events or ()) or None)
    if history is not None and model != "fhs":
        days = spelled(events or ()) or None
        return History(history, rate=rate, dividend_yield=dividend_yield, gaps=policy, events=days)
    given = {"spot": spot, "erp": erp, "rate": rate, "dividend_yield": dividend_yield}
    described: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    closes = None
    if (recorded := "bundled" if bundled else history) is not None:
        closes = Closes(path=str(recorded), rate=rate, dividend_yield=dividend_yield, gaps=policy)
    return _simulated(model, vix, closes, described)


def _simulated(model: str, vix: float, closes: Closes | None, described: dict[str, Any]) -> Market:
    from alvh.market import FHS, GBM, L3F, PDV4, Bates, from_toml
    from alvh.market_file import read_text

    if model == "fhs" and closes is None:
        raise SpecError("--model fhs: its innovations are a history's: give --history FILE or --bundled")
    if model.endswith(".toml"):
        return from_toml(read_text(Path(model)), model)
    known: dict[str, Callable[[], Market]] = {
        "l3f": lambda: L3F(vix=vix, **described),
        "pdv4": lambda: PDV4(vix=vix, **described),
        "fhs": lambda: FHS.of(cast("Closes", closes), vix=vix, **described),
        "bates": lambda: Bates.at_vix(vix, **described),
        "gbm": lambda: GBM(vol=vix / 100, **described),
    }
    if model not in known:
        raise SpecError(f"--model {model}: {', '.join(known)} or a TOML file")
    return known[model]()


def _quoted(  # noqa: PLR0917 -- one parameter per option
    chains: Path,
    root: str,
    times: list[str] | None,
    history: Path | None,
    bundled: bool,
    rate: float | None,
    dividend_yield: float | None,
    gaps: str,
    events: list[str] | None,
) -> Market:
    from alvh.market import ChainHistory, History
    from alvh.schedule.announcements import spelled

    if bundled:
        closes: Any = History.bundled(rate=rate, dividend_yield=dividend_yield).data
        rate = dividend_yield = None
    else:
        closes = history
    policy: Any = gaps
    return ChainHistory(
        chains,
        closes=closes,
        rate=rate,
        dividend_yield=dividend_yield,
        root=root,
        times=times or (),
        gaps=policy,
        events=spelled(events or ()) or None,
    )


def _arms(names: list[str] | None, files: list[Path] | None) -> list[Arm]:
    from alvh.playbook import Playbook, arms_of, preset

    if not names and not files:
        names = list(DEMO_ARMS)
    return list(arms_of([*map(preset, names or ()), *map(Playbook.read, files or ())]))


def _shares(text: str) -> list[float]:
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        raise SpecError(f"--shares {text!r}: numbers separated by commas, such as 0.10,0.35") from None
    if shares != sorted(set(shares)):
        raise SpecError(f"--shares {text}: ascending, each once")
    return shares


def _compare(
    arms: list[Arm],
    market: Market,
    track: Track,
    *,
    paths: int | None,
    sessions: int = 252,
    every: int = 1,
    surface_band: int | None = None,
    solved: Comparison | None = None,
    **options: Any,
) -> Comparison:
    from alvh.comparison import compare as run_compare
    from alvh.equal_cost import pilot_paths
    from alvh.market import History
    from alvh.specification import count_paths
    from alvh.surface_band import BAND_PATHS, FOLDERS, band_size

    band = BAND_PATHS if surface_band is None else surface_band
    total = count_paths(arms, market, paths=paths, sessions=sessions, every=every)
    total += len(FOLDERS) * band_size(total, band, replayed=isinstance(market, History))[0]
    if solved is None:
        total += pilot_paths(arms, paths)
    asked: dict[str, Any] = {"paths": paths, "sessions": sessions, "every": every, "solved": solved}
    asked["surface_band"] = band
    return run_compare(arms, market, advance=track(repr(market), total), **asked, **options)


def _show(result: Comparison, *, as_json: bool, out: Path | None) -> None:
    from alvh.report import console as report
    from alvh.report.plain_json import to_json

    if as_json:
        about = {"headline": result.headline(), "limits": result.limits, "manifest": result.manifest}
        print(to_json({**about, **result.tables(), **result.session_tables()}))
        return
    report.print_comparison(Console(), result)
    if out is not None:
        print(f"Results: parts, tables, arms and manifest.json in {out}")


def _check_report(path: Path | None) -> None:
    """Refuse a page that could not be written, before anything is computed."""
    if path is not None:
        from alvh.report.page import check

        check(path)


def _write_report(path: Path, results: list[Comparison], *, as_json: bool) -> None:
    from alvh.report.page import write_page

    write_page(path, results)
    if not as_json:
        print(f"Report: {path}")


def main() -> None:
    """Run the command: what cannot be done is one line on stderr and exit code 2; Ctrl-C is 130."""
    try:
        code = app(prog_name="alvh", standalone_mode=False) or 0
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except UsageError as error:
        place = getattr(error, "ctx", None)
        command = place.command_path if place else "alvh"
        words: str = error.format_message().rstrip(".")  # type: ignore[attr-defined]
        _refuse(f"{words} (see `{command} --help`)")
    except AlvhError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    if code == INTERRUPTED:
        print("alvh: interrupted: finished parts in --out are kept, --resume goes on", file=sys.stderr)
    sys.exit(code)


def _refuse(words: str) -> NoReturn:
    print("alvh:", " ".join(words.split()), file=sys.stderr)
    sys.exit(REFUSED)
