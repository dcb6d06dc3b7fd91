"""`alvh.advise`: what a playbook decides for a book today."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from alvh import _core
from alvh.advice.book import Book, checked_prices, per_lot
from alvh.advice.break_evens import break_evens_of
from alvh.advice.decision import SIGNALS, Decision, LayerRule
from alvh.advice.orders import EPOCH, orders, skips
from alvh.advice.scoring import scores, terms, weights_of
from alvh.advice.today import State, history_of, signals_until, unmoved
from alvh.contracts import contract
from alvh.errors import BookError, SpecError
from alvh.outside import Outside
from alvh.playbook import Arm, Playbook, arms_of
from alvh.rules.on_path import explain_path
from alvh.rules.outside import MADE_OF
from alvh.schedule import Schedule
from alvh.schedule.exchange import sessions_around
from alvh.signals.given import Given, SignalSource
from alvh.specification import Costs, MarginRule, specification

__all__ = ["advise", "arm_of", "decided", "is_ruined", "positions", "put_prices"]

ESTIMATED: Final = (
    "Strikes, lots and prices of orders are estimates: the next close if SPX, VIX and the rates stay."
)
INSIDE: Final = "An entry inside the session is estimated on one drawn path between two equal closes."

OF_CAPITAL: Final = frozenset({"nav_share", "sleeve_nav_share"})
BEGUN: Final = (
    "Rules read NAV as a share of capital, which is what the book is worth today: 1 on this evening, "
    "whatever was lost before. Mend: give capital."
)

POSITIONS: Final = pl.Schema(
    {
        "layer": pl.String(),
        "product": pl.String(),
        "lots": pl.Float64(),
        "sold": pl.Float64(),
        "opened": pl.Date(),
        "expiry": pl.Date(),
        "days": pl.Int64(),
        "strikes": pl.List(pl.Float64()),
        "credit": pl.Float64(),
        "value": pl.Float64(),
        "challenge": pl.Float64(),
        "ordered": pl.String(),
        "parts": pl.String(),
    }
)


def advise(
    book: Book | str | Path,
    state: State,
    playbook: Arm | Playbook,
    *,
    share: float = 0.10,
    margin: MarginRule = "strategy",
    costs: Costs | None = None,
    signals: SignalSource | Given | None = None,
    weights: Mapping[str, float] | None = None,
) -> Decision:
    """Say what a playbook decides for a book at today's close: scores, orders, rules, what would change it.

    It is one session of the engine that `compare` runs, with the book's positions in its slots. Educational:
    it tells what the rules say, and recommends nothing (R90).

    Parameters
    ----------
    book : Book or path
        Cash and positions, and what shares of funds are worth today; a path is read by `Book.read`.
    state : History or mapping
        A history whose last session is today's, as long as the rules look back; or today's ``date``, ``spx``,
        ``vix``, ``rate``, ``dividend_yield`` by name, where no rule looks back.
    playbook : Arm or Playbook
        The rules; a playbook with one arm.
    share : float
        Margin share of NAV of layers that are sized by it.
    margin : str, Grid or House
        Margin rule, as in `compare`.
    costs : Costs, optional
        Spreads and fees.
    signals : polars.DataFrame, str or Path, optional
        Signals from outside, as in `compare`.
    weights : mapping of str to float, optional
        Weights in place of the defaults, by ``"action.term"``: see `TERMS`.

    Returns
    -------
    Decision

    Raises
    ------
    BookError
        A position fits no layer, or the book cannot be used as it is.
    HistoryError
        A value of `state` is not allowed.
    SpecError
        The history is shorter than the rules look back; no such weight;
        a playbook with several arms, or with a cost that is solved for.

    Examples
    --------
    >>> from datetime import date
    >>> import alvh as av
    >>> today = {"date": date(2024, 2, 2), "spx": 4958.6, "vix": 13.9, "rate": 0.053, "dividend_yield": 0.014}
    >>> calm = av.Arm("calm", av.IronCondor(enter="vix < 20"))
    >>> told = av.advise(av.advice.Book(cash=1_000_000), today, calm)
    >>> told.action, told.skips.row(0)
    ('hold', ('core', 'waits', 'no opening is due'))
    """
    if not isinstance(book, Book):
        book = Book.read(book)
    arm, weights = arm_of(playbook), weights_of(weights)
    history = history_of(state)
    market = unmoved(history)
    today = len(history.data) - 1
    if arm.warm_up > today:
        raise SpecError(
            f"advise: the rules of {arm.name} look back {arm.warm_up} sessions, and {today} lie before "
            f"{history.data.dates[-1]}. Mend: give a history of at least {arm.warm_up + 1} sessions"
        )
    outside = signals_until(signals, arm, history, market)
    terms_of = {"shares": [share], "margin": margin, "costs": costs, "signals": outside, "seed": 0}
    capital = book.cash + book.sleeve if book.capital is None else book.capital
    if capital <= 0:
        raise BookError(
            f"{book.source}: cash = {book.cash:g}: a book with cash", column="cash", value=book.cash
        )
    spec = specification([arm], market, sessions=1, capital=capital, **terms_of)  # type: ignore[arg-type]
    spec["starts"] = [today]
    unpriced = put_prices(spec, book.prices)
    for row in spec["contracts"].values():
        if row.get("fund"):
            # The order of tomorrow is in shares of today: what issuers decide nobody knows.
            row["fund"]["reverse_split"] = None
    if unpriced:
        raise BookError(
            f"{book.source}: {arm.name} trades {unpriced[0]}, or options on them, and their price today is "
            f"not known. Mend: give prices, such as {{{unpriced[0]!r}: 45.30}}",
            source=book.source,
            column="prices",
        )
    clock = _clock(market, spec)
    begins, unknown = book.held(arm, clock, today)
    spec["books"][0]["begins"] = begins
    if book.capital is None:
        # What it is worth today is known when its positions are priced.
        nav = _first(_core.Plan(json.dumps(spec)))["ledger"]["nav"]
        if nav <= 0:
            raise BookError(f"{book.source}: the book is worth {nav:,.0f} dollars: above 0", column="cash")
        spec["capital"] = nav
    plan = _core.Plan(json.dumps(spec))
    steps = plan.begin(0, 0)
    now, then = steps.step(), steps.step()
    assert now is not None  # noqa: S101 -- tick 0 always is
    assert then is not None  # noqa: S101 -- the plan has one session
    days = history.data.dates
    rules = tuple(
        LayerRule(layer.name, None if told.entered is None else _session(days, -told.entered), told)
        for index, (layer, described) in enumerate(zip(arm.layers, spec["books"][0]["layers"], strict=True))
        for told in explain_path(plan, 0, index, described, tick=0, session=today)
    )
    notes = [
        *unknown,
        *_forgotten(arm),
        *([BEGUN] if book.capital is None and arm.names & OF_CAPITAL else []),
        ESTIMATED,
        *([INSIDE] if "bars" in spec else []),
        *_absent(arm),
        *history.limits,
        *(() if outside is None else outside.limits),
    ]
    told = decided(arm, now, then, weights, days, ruined=is_ruined(now), rules=rules, notes=tuple(notes))
    return replace(told, signals=_signals(arm, outside, today, days[today]))


def _signals(arm: Arm, outside: Outside | None, at: int, today: date) -> pl.DataFrame:
    """Return the signals that the rules of an arm name, as known at session `at`, with their release."""
    if not isinstance(outside, Given):
        return SIGNALS.to_frame()
    read = arm.names | {MADE_OF[name] for name in arm.names & MADE_OF.keys()}
    rows = []
    for name in sorted(read & outside.columns.keys()):
        age = outside.ages.get(name)
        released = None if age is None else today - timedelta(age)
        rows.append((name, outside.columns[name][at], released, age))
    return pl.DataFrame(rows, schema=SIGNALS, orient="row")


def arm_of(playbook: Arm | Playbook) -> Arm:
    """Return the one arm of a playbook, whose costs are all given.

    Examples
    --------
    >>> import alvh as av
    >>> arm_of(av.preset("plain")).name
    'plain'
    """
    if not isinstance(playbook, Arm | Playbook):
        raise SpecError(f"advise: playbook is a {type(playbook).__name__}: an Arm, or a Playbook with one")
    arms = arms_of([playbook])
    if len(arms) != 1:
        names = ", ".join(arm.name for arm in arms)
        raise SpecError(f"advise: playbook has the arms {names}: give one of them")
    if arms[0].equal_cost is not None:
        raise SpecError(f"advise: {arms[0].name} has an equal_cost, which is solved for: give an arm without")
    return arms[0]


def put_prices(spec: dict[str, Any], prices: Mapping[str, float]) -> list[str]:
    """Put what shares of funds are worth at the start in a specification; return those that have no price.

    Raises
    ------
    SpecError
        A price is none, or of no share.
    """
    checked_prices(prices)
    funds = {name: row["fund"] for name, row in spec["contracts"].items() if row.get("fund")}
    for product, price in prices.items():
        if product in funds:
            funds[product]["price"] = float(price)
    return [product for product in funds if product not in prices]


def decided(
    arm: Arm,
    step: Mapping[str, Any],
    then: Mapping[str, Any],
    weights: Mapping[str, float],
    days: Sequence[date],
    *,
    inside: bool = False,
    ruined: bool = False,
    rules: tuple[LayerRule, ...] = (),
    notes: tuple[str, ...] = (),
) -> Decision:
    """Return the decision of a session of `Steps.step`, with the next one, `then`.

    `days` are the sessions up to that of the decision, the last one its own; `inside` as in `orders`;
    `ruined` is what `is_ruined` says of the session or of one before it.
    """
    ledger, events = step["ledger"], then["events"]
    decision = _settled(step["decision"], then["ledger"]["day"])
    table = terms(arm, {"ledger": ledger, "decision": decision}, weights, ruined=ruined)
    return Decision(
        day=EPOCH + timedelta(ledger["day"]),
        arm=arm.name,
        market={"spx": ledger["index"], "vix": ledger["vix"]},
        ledger={
            **{name: ledger[name] for name in ("nav", "cash", "sleeve", "requirement", "call")},
            "available": math.fsum(decision["available"]),
            "ruined": ruined,
        },
        actions=scores(table),
        terms=table,
        orders=orders(arm, decision, events, inside=inside),
        skips=skips(arm, decision, events, call=ledger["call"], ruined=ruined),
        positions=positions(arm, decision, days),
        break_evens=break_evens_of(arm, decision, events),
        rules=rules,
        notes=notes,
    )


def is_ruined(step: Mapping[str, Any]) -> bool:
    """Return whether a session of `Steps.step` ruins the book: all is closed, nothing opened again."""
    return any(event["event"] == "ruin" for event in step["events"])


def _settled(decision: Mapping[str, Any], day: int) -> dict[str, Any]:
    """Return the decision without orders for what settles on `day`, the next session, before its fills.

    What is taken back stands in `withdrawn`.
    """
    layers = []
    for told in decision["layers"]:
        held = []
        for tranche in told["held"]:
            settles = tranche["expiry_day"] == day
            none = {"exit": False, "roll": False, "sell": 0.0, "resize": 0.0} if settles else {}
            said = {"settles": settles, "withdrawn": _ordered(tranche) if settles else None}
            held.append({**tranche, **none, **said})
        layers.append(told | {"held": held})
    return {**decision, "layers": layers}


def _ordered(held: Mapping[str, Any], per_lot: float = 1.0) -> str | None:
    if lots := held["sell"] + held["resize"]:
        return f"sell {lots * per_lot:g}"
    if held["write"]:
        return "write"
    return "close" if held["exit"] else "roll" if held["roll"] else None


def positions(arm: Arm, decision: Mapping[str, Any], days: Sequence[date]) -> pl.DataFrame:
    """Return what a book holds at a decision, in product points a unit, and what is ordered for it.

    `parts` are those of its layer that are bought, all its positions together (R28), as a book has them.
    `days` are the sessions up to that of the decision, the last one its own.
    """
    tick = decision["tick"]
    rows: list[dict[str, Any]] = []
    for layer, told in zip(arm.layers, decision["layers"], strict=True):
        products = [layer.products[held["other"]] for held in told["held"]]
        fractions = [contract(product).index_fraction for product in products]
        rows.extend(
            {
                "layer": layer.name,
                "product": product,
                "lots": held["lots"] * per_lot(product) * (-1 if layer.sells(held["other"]) else 1),
                "sold": (held["entry_lots"] - held["lots"]) * per_lot(product),
                "opened": _session(days, tick - int(held["entered"])),
                "expiry": None if share else EPOCH + timedelta(held["expiry_day"]),
                "days": None if share else held["days"],
                "strikes": [strike * fraction for strike in held["strikes"]],
                "credit": held["credit"] * fraction,
                "value": held["value"] * fraction,
                "challenge": None if math.isnan(held["challenge"]) else held["challenge"],
                "ordered": "settles" if held["settles"] else _ordered(held, per_lot(product)),
                "parts": "+".join(map(str, told["parts"])) or None,
            }
            for held, product, fraction, share in zip(
                told["held"], products, fractions, map(_is_share, products), strict=True
            )
        )
    return pl.DataFrame(rows, schema=POSITIONS)


def _is_share(product: str) -> bool:
    return contract(product).kind == "share"


def _session(days: Sequence[date], age: int) -> date:
    """Return the session so many before the last of `days`, which may not reach back so far."""
    last = len(days) - 1
    return days[last - age] if age <= last else sessions_around(days[0], before=age - last)[0]


def _first(plan: _core.Plan) -> dict[str, Any]:
    step = plan.begin(0, 0).step()
    assert step is not None  # noqa: S101 -- tick 0 always is
    return step


def _clock(market: Any, spec: Mapping[str, Any]) -> Schedule:
    """Return the clock that a specification was written on, for its dates."""
    days = [EPOCH + timedelta(day) for day in spec["schedule"]["days"]]
    tail = len(days) - len(market.data)
    return market.clock(tail_sessions=tail, listings={}, events={})  # type: ignore[no-any-return]


def _forgotten(arm: Arm) -> list[str]:
    """Say which layers' sizes rest on what became of earlier tranches, which a book does not tell."""
    layers = [layer.name for layer in arm.layers if layer.progression or layer.size.base == "start"]
    return [
        f"Layer {name!r} is sized by what became of earlier tranches, of which a book says nothing: its "
        "chains begin without losses, with base lots of today."
        for name in layers
    ]


def _absent(arm: Arm) -> list[str]:
    return (
        [f"{arm.name} knows prices only; closed for lack of data: {'; '.join(arm.absent)}."]
        if arm.absent
        else []
    )
