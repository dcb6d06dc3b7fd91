"""`alvh advise`: what a playbook decides for a book today, or decided on every session of a history."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from alvh.errors import SpecError
from alvh.options import Json, staleness_of

if TYPE_CHECKING:
    from alvh.history import History

__all__ = ["advise"]

DAY: Final = ["%Y-%m-%d"]


def advise(  # noqa: PLR0917 -- one parameter per option
    playbook: Annotated[str, typer.Argument(help="TOML file of a playbook, or the name of a preset.")],
    book: Annotated[
        Path | None,
        typer.Option(
            help="TOML or CSV with cash and positions; without one, every decision of --history is told.",
            metavar="FILE",
        ),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(
            help="CSV or Parquet of daily closes, or TOML of a replay; its last session is today's.",
            metavar="FILE",
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(help="TOML with today's date, spx, vix, rate, dividend_yield.", metavar="FILE"),
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Rate of --history, a year.", metavar="X")] = None,
    dividend_yield: Annotated[
        float | None, typer.Option(help="Dividend yield of --history, a year.", metavar="X")
    ] = None,
    cash: Annotated[
        float | None,
        typer.Option(
            help="Dollars of the core ledger: CSV has none; those of TOML are replaced.", metavar="X"
        ),
    ] = None,
    sleeve: Annotated[
        float | None, typer.Option(help="Dollars of the sleeve, likewise.", metavar="X")
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            help="What a share of a fund is worth today, repeatable: 'VXX shares=45.30'.", metavar="PRODUCT=X"
        ),
    ] = None,
    capital: Annotated[
        float | None,
        typer.Option(help="Dollars at the start, without --book; 1,000,000 unless given.", metavar="X"),
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(help="First decision, without --book.", formats=DAY, metavar="DAY"),
    ] = None,
    signals: Annotated[
        str | None, typer.Option(help="CSV or Parquet of signals from outside, or absent.", metavar="FILE")
    ] = None,
    staleness: Annotated[
        list[str] | None,
        typer.Option(
            help="Days after which a signal is too old, repeatable: put_call=5.", metavar="NAME=DAYS"
        ),
    ] = None,
    share: Annotated[float, typer.Option(help="Margin share of NAV.", metavar="X")] = 0.10,
    margin_rule: Annotated[
        str, typer.Option("--margin", help="Margin rule: strategy, portfolio or house.", metavar="NAME")
    ] = "strategy",
    weight: Annotated[
        list[str] | None,
        typer.Option(help="Weight of a term of the score, repeatable: hedge.band=0.", metavar="TERM=X"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a playbook decides for a book.

    The scored actions, orders in lots, the value of every rule, and what would change it. Educational: it
    recommends nothing.
    """
    from alvh import advice

    arm = _playbook(playbook)
    options: dict[str, Any] = {"share": share, "margin": margin_rule}
    options["weights"] = _numbers("weight", weight, "TERM=NUMBER, such as hedge.band=0")
    prices = _numbers("price", price, "PRODUCT=DOLLARS, such as 'VXX shares=45.30'")
    if (history is None) == (state is None):
        raise SpecError("alvh advise: give --history FILE or --state FILE, one of them")
    if book is None:
        _refuse({"--cash": cash, "--sleeve": sleeve}, "is of a book: give --book FILE, or --capital")
        if state is not None:
            raise SpecError("alvh advise: --state is today's alone: give --book FILE as well, or a --history")
    else:
        _refuse({"--capital": capital, "--start": start}, "is of a log: leave --book out")
    now: Any
    if state is not None:
        _refuse({"--rate": rate, "--dividend-yield": dividend_yield}, "stands in --state")
        now = _state(state)
    else:
        now = _history(history, rate, dividend_yield)  # type: ignore[arg-type]  # one of them is given
    options["signals"] = _signals(signals, staleness, now)
    if book is None:
        if capital is not None:
            options["capital"] = capital
        day: date | None = None if start is None else start.date()
        told: Any = advice.decision_log(arm, now, start=day, prices=prices, **options)
    else:
        read = advice.Book.read(book, cash=cash, sleeve=sleeve, prices=prices or None)
        told = advice.advise(read, now, arm, **options)
    print(told.json() if as_json else told.text())


def _playbook(name: str) -> Any:
    from alvh.playbook import Arm, preset, presets

    return (
        Arm.read(Path(name))
        if name.endswith(".toml") or (name not in presets() and Path(name).exists())
        else preset(name)
    )


def _history(file: Path, rate: float | None, dividend_yield: float | None) -> History:
    from alvh.history import History
    from alvh.market import from_toml
    from alvh.market_file import read_text

    if file.suffix != ".toml":
        return History(file, rate=rate, dividend_yield=dividend_yield)
    _refuse({"--rate": rate, "--dividend-yield": dividend_yield}, f"stands in {file}")
    market = from_toml(read_text(file), str(file))
    if not isinstance(market, History):
        raise SpecError(f'--history {file}: {market.spec()["model"]}: a replay, model = "history"')
    return market


def _signals(source: str | None, staleness: list[str] | None, now: Any) -> Any:
    from alvh.history import History
    from alvh.signals import given

    if not staleness:
        return source
    if source is None or not isinstance(now, History):
        raise SpecError("--staleness is about signals of a history: give --signals FILE and --history FILE")
    return given(source, now.data.dates, staleness=staleness_of(staleness))


def _state(file: Path) -> dict[str, Any]:
    from alvh.market_file import read_text

    try:
        return tomllib.loads(read_text(file))
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{file}: not TOML: {error}") from None


def _numbers(option: str, given: list[str] | None, wanted: str) -> dict[str, float]:
    numbers = {}
    for text in given or []:
        name, equals, number = text.partition("=")
        try:
            numbers[name] = float(number)
        except ValueError:
            equals = ""
        if not equals:
            raise SpecError(f"--{option} {text}: {wanted}")
    return numbers


def _refuse(given: dict[str, Any], why: str) -> None:
    if name := next((name for name, value in given.items() if value is not None), None):
        raise SpecError(f"{name} {why}")
