"""What the engine reads, in one document: arms at every share, market, calendar, contracts and costs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, get_args

from pydantic import Field

from alvh import _core
from alvh.contracts import contract
from alvh.described import Described
from alvh.errors import BookError, SpecError, nearest_names
from alvh.etp.roll import roll_spec
from alvh.history import History
from alvh.margin.grid import Grid, House, grid, house
from alvh.market import FHS, GBM, Simulated
from alvh.outside import Outside, outside_of
from alvh.playbook import Arm, Layer
from alvh.playbook.frozen import warm_up_of
from alvh.rules.outside import names_in
from alvh.runner import CHUNK, Task
from alvh.scenario import Scenario
from alvh.schedule import Schedule
from alvh.schedule.clock import SYNTHETIC_START, tail_for
from alvh.schedule.events import synthetic_events
from alvh.schedule.exchange import sessions_around
from alvh.schedule.expiries import CADENCES, DAYS_PER_WEEK, Cadence
from alvh.signals.given import SignalSource
from alvh.signals.macro import Macro
from alvh.whole import LARGEST_SEED

SHARES = (0.10, 0.20, 0.35, 0.50, 0.70)
"""The size ladder: margin shares of NAV (R4, R91)."""

LARGEST_SHARE = 2.0
"""Margin shares above are taken for percentages."""

PATHS = 20_000
"""Paths of a simulated comparison."""

BARS = 13
"""Bars of a session, half hours, where an arm opens inside it."""

INTRADAY = frozenset({"loss", "mark", "profit", "breakeven_challenge"})
"""Names of a position that cross a level within the session: on daily data seen at the close only (R13)."""

FRONT_FUTURES = frozenset({"vx_m1_m2", "roll_yield"})
"""Names that read the first two listed VX futures."""

SECOND_FUTURE_DAYS = 70
"""Calendar days to the second of them at most: two months of five weeks."""

EVENTS = ("fomc", "cpi", "ppi")
"""Kinds of announcements of a simulated calendar."""

EVENT_DAYS = 92
"""Calendar days within which each of them comes again."""

MarginName = Literal["strategy", "portfolio", "house"]
MarginRule = MarginName | Grid | House
"""A margin rule of a comparison: by name, or a grid of moves of one's own, which may scale with VIX."""

SCHEMA = 1
"""Version of the specification that the engine reads."""

Market = Simulated | History | Scenario


class Costs(Described):
    """Spreads and fees of every trade.

    half-spread = factor · max(tick / 2, floor, scale · mid^power) · (max(VIX, knee) / knee)^vix_power, with
    tick, floor, scale and power of the product's contract row (MODELS, fills). ``order_share`` is the share
    of the summed half-spreads that an order of several legs pays, ``single_share`` that of an order of one
    leg, ``liquidation_share`` that of forced closings; ``commission`` is in dollars per contract and trade,
    on top of the exchange's fee.

    Examples
    --------
    >>> Costs().order_share
    0.35
    """

    order_share: float = Field(default=0.35, ge=0, le=2)
    single_share: float = Field(default=1.0, ge=0, le=2)
    liquidation_share: float = Field(default=1.0, ge=0, le=10)
    half_spread_factor: float = Field(default=1.0, ge=0)
    vix_knee: float = Field(default=20.0, gt=0)
    vix_power: float = Field(default=1.25, ge=0)
    commission: float = Field(default=0.50, ge=0)


class WorstBar(Described):
    """A bar within each session at which the requirement is asked once more: SPX and VIX away from the close.

    A call that stands there and not at the close is counted apart, and nothing is closed for it.

    Parameters
    ----------
    spot
        Change of SPX, a share. Ours.
    vix
        VIX over that of the close: 65.7 over 38.6 on 5 August 2024 (MODELS). 1 where VIX never
        moves.

    Examples
    --------
    >>> WorstBar().vix
    1.7
    """

    spot: float = Field(default=-0.03, gt=-1, le=1)
    vix: float = Field(default=1.7, ge=1, le=10)


def specification(
    arms: Sequence[Arm],
    market: Market,
    *,
    sessions: int,
    capital: float,
    seed: int,
    shares: Sequence[float],
    every: int = 1,
    margin: MarginRule = "strategy",
    worst_bar: WorstBar | None = None,
    bars: int | None = None,
    costs: Costs | None = None,
    ruin_share: float = 0.20,
    signals: SignalSource | Macro | Outside | None = None,
) -> dict[str, Any]:
    """Build what the engine reads: arms at every share of the ladder, market, calendar, contracts, costs.

    `every` is the distance of rolling starts in sessions; it is used with a `History` only. `signals` is what
    `compare` takes, or what `alvh.outside.outside_of` made of it.
    """
    names = [arm.name for arm in arms]
    if not names:
        raise SpecError("arms: at least one")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SpecError(f"two arms are called {twice}: change name in one of them")
    if not 0 <= seed <= LARGEST_SEED:
        raise SpecError(f"seed = {seed}: 0 to {LARGEST_SEED}")
    if not shares or len(set(shares)) < len(shares) or not all(0 < share < math.inf for share in shares):
        raise SpecError(f"shares = {list(shares)}: margin shares of NAV above 0, such as 0.10, each once")
    if max(shares) > LARGEST_SHARE:
        raise SpecError(f"shares = {list(shares)}: margin shares of NAV up to {LARGEST_SHARE:g}: 0.10 is 10%")
    _refuse_equal_rungs(arms, shares)
    outside = outside_of(arms, market, signals)
    if isinstance(market, GBM) and worst_bar is not None and worst_bar.vix != 1.0:
        raise SpecError(
            f"worst_bar: vix = {worst_bar.vix}: VIX never moves in {market.spec()['model']}. "
            "Mend: WorstBar(vix=1), or another market"
        )
    products, tail = _listings(arms), tail_for(_farthest(arms))
    funds = _holds_funds(arms, market)
    # Futures that rules read are listed, traded or not.
    reads_futures = any(not FRONT_FUTURES.isdisjoint(arm.names) for arm in arms)
    listings = products | ({"VX": CADENCES["VX"][0]} if reads_futures else {})
    tail = max(tail, tail_for(SECOND_FUTURE_DAYS)) if reads_futures or funds else tail
    instants = bars_of(arms, bars)
    described = market.spec()
    match market:
        case History():
            described = market.spec(inside=instants is not None)
            starts = list(market.starts(sessions, every=every, warm_up=_warm_up(arms)))
            events = market.schedule.events
            schedule = market.clock(tail_sessions=tail, listings=listings, events=events)
        case Scenario():
            if sessions > market.sessions:
                raise SpecError(f"sessions = {sessions}: scenario {market.name!r} has {market.sessions}")
            warm_up = _warm_up(arms)
            starts = [warm_up]
            schedule = Schedule.synthetic(
                market.sessions, warm_up=warm_up, tail_sessions=tail, listings=listings
            )
            described = market.spec(warm_up)
        case _:
            starts = []
            schedule = Schedule.synthetic(sessions, tail_sessions=tail, listings=listings)
    books = [arm.book(share) for share in shares for arm in arms]
    calendar = schedule.spec() if starts else schedule.spec() | _events_before(arms)
    _decide_by_hand(arms, books, market)
    spec = {
        "schema": SCHEMA,
        "capital": float(capital),
        "sessions": sessions,
        "seed": seed,
        "market": described,
        "schedule": calendar,
        "starts": starts,
        "costs": (costs or Costs()).model_dump(),
        "contracts": {product: contract(product).spec() for product in _priced(arms)},
        "ruin_share": ruin_share,
        "margin": _margin(margin),
        "worst_bar": worst_bar.model_dump() if worst_bar is not None else None,
        "books": books,
    }
    asked = {
        "bars": instants,
        "signals": outside and outside.spec(),
        "roll": roll_spec(schedule) if funds else None,
    }
    return spec | {name: value for name, value in asked.items() if value is not None}


def bars_of(arms: Iterable[Arm], bars: int | None) -> int | None:
    """Return the bars of a session: as given, or `BARS` where an arm opens inside sessions; None: closes."""
    inside = any(layer.minute is not None for arm in arms for layer in arm.layers)
    return BARS if bars is None and inside else bars


def _decide_by_hand(arms: Sequence[Arm], books: Sequence[dict[str, Any]], market: Market) -> None:
    """Put the overrides of each arm at the sessions of a record; what lies outside of it changes nothing."""
    if not isinstance(market, History):
        return
    days = market.data.dates
    for arm in arms:
        for each in arm.governance.overrides if arm.governance is not None else ():
            if not days[0] <= each.day <= days[-1]:
                continue
            if each.day not in days:
                raise SpecError(f"arm {arm.name!r}: override of {each.day}: no session of this history")
            decided = {"session": days.index(each.day), "allow": each.act == "allow"}
            for book in (book for book in books if book["arm"] == arm.name):
                layer = next(layer for layer in book["layers"] if layer["name"] == each.layer)
                layer.setdefault("overrides", []).append(decided)


def _margin(rule: MarginRule) -> str | dict[str, Any]:
    """Return a margin rule as the engine reads it."""
    if rule == "strategy":
        return rule
    if rule == "portfolio":
        rule = grid("exchange")
    elif rule == "house":
        rule = house()
    if not isinstance(rule, Grid | House):
        known = nearest_names(str(rule), get_args(MarginName))
        raise SpecError(f"margin = {rule!r}: {known}, or a margin.Grid or margin.House of your own")
    try:
        return {"portfolio": rule.spec()}
    except BookError as error:
        raise SpecError(f"margin: {error}") from None


def task_of(
    arms: Iterable[Arm],
    market: Market,
    *,
    paths: int | None = None,
    chunk: int = CHUNK,
    equal_cost: dict[str, Any] | None = None,
    **options: Any,
) -> Task:
    """Build the task of a comparison without running it; options as in `compare`.

    `equal_cost` is what `alvh.equal_cost.settle` found about the arms, for the manifest.
    """
    arms = tuple(arms)
    outside = outside_of(arms, market, options.get("signals"))
    spec = specification(arms, market, **{**options, "signals": outside})
    starts = spec["starts"]
    if starts:
        count = len(starts) if paths is None else paths
        if not 0 < count <= len(starts):
            raise SpecError(f"paths = {count}: this market has {len(starts)} rolling starts")
        spec["starts"] = starts[:count]
    else:
        count = PATHS if paths is None else paths
        if count < 1:
            raise SpecError(f"paths = {count}: at least 1")
    told = [*_of_margin(arms, options.get("margin", "strategy")), *_of_bar(options), *_of_quotes(spec)]
    facts = {
        **_replayed(market, arms, [*told, *(() if outside is None else outside.limits)]),
        "arms": {arm.name: {"about": arm.about, "digest": arm.digest, "toml": arm.to_toml()} for arm in arms},
        "equal_cost": equal_cost or {},
        "close_only": _close_only(arms, spec),
    }
    if outside is not None:
        facts["signals"] = outside.facts()
    return Task(spec, count, facts, chunk)


def _close_only(arms: Sequence[Arm], spec: dict[str, Any]) -> list[str]:
    """Return the arms whose stop sees closes alone: all without bars, with them what looks back (R13)."""
    stopped = [arm for arm in arms if any(map(_watches_the_mark, arm.layers))]
    if not stopped or spec.get("bars") is None:
        return sorted(arm.name for arm in stopped)
    plan = _core.Plan(json.dumps(spec))
    seen = {book["arm"]: plan.watched(index) for index, book in enumerate(spec["books"])}
    late = (
        arm.name
        for arm in stopped
        if any(
            _watches_the_mark(layer) and not inside
            for layer, inside in zip(arm.layers, seen[arm.name], strict=True)
        )
    )
    return sorted(late)


def _of_margin(arms: Sequence[Arm], rule: MarginRule) -> list[str]:
    """Say what a margin rule and ledgers with an offset assume."""
    strategy = rule == "strategy"
    told = []
    if not strategy:
        name = repr(rule) if isinstance(rule, str) else "a rule of its own"
        told.append(
            f"Margin is {name}, the worst of ten moves against equity: the range of VIX products is a "
            "parameter of ours."
        )
    share = (
        "strategy-based margin lends nothing on bought options" if strategy else "SPX and VIX products are"
    )
    why = share if strategy else f"{share} in no common product group"
    told += [
        f"{arm.name}: the offset of hedge and core is hypothetical, {why} (R62)."
        for arm in arms
        if arm.ledgers is not None and arm.ledgers.mode == "offset"
    ]
    return told


def _of_bar(options: Mapping[str, Any]) -> list[str]:
    """Say what a worst bar assumes of every session."""
    bar: WorstBar | None = options.get("worst_bar")
    if bar is None:
        return []
    moved = f"SPX {100 * bar.spot:+.3g}%, VIX the close × {bar.vix:g}"
    return [f"The worst bar is one of ours, in every session: {moved}; nothing is closed for it."]


def _of_quotes(spec: Mapping[str, Any]) -> list[str]:
    """Say what is recorded of a session with bars where quotes are replayed."""
    if spec.get("bars") is None or spec["market"].get("chain") is None:
        return []
    minutes = {each["minute"] for each in spec["market"]["chain"]["slices"] if "minute" in each}
    beside = ", and at times of entry" if minutes else ""
    told = (
        f"Quotes are recorded at closes{beside}: inside a session marks and fills are those of the close "
        "before, moved by the model along drawn bars, with the model's half-spreads."
    )
    return [told]


def _replayed(market: Market, arms: Sequence[Arm], of_margin: Sequence[str]) -> dict[str, Any]:
    """Return what a result says of its market: the model; what of a record is in it, and the limits."""
    replayed: tuple[str | None, list[str], str | None]
    match market:
        case History():
            replayed = market.data_hash, list(market.limits), market.source
        case Scenario():
            replayed = market.digest, list(market.limits), f"scenario {market.name}"
        case FHS():
            replayed = market.data_hash, list(market.limits), market.source
        case _:
            replayed = None, [], None
    history, limits, source = replayed
    return {
        "market": market.spec()["model"],
        "history": history,
        "limits": [*limits, *of_margin, *_absent(arms)],
        "source": source,
    }


def count_paths(
    arms: Sequence[Arm], market: Market, *, paths: int | None, sessions: int = 252, every: int = 1
) -> int:
    """Return how many paths a comparison has: those asked for, `PATHS`, or all rolling starts."""
    if paths is not None:
        return paths
    if isinstance(market, History):
        return len(market.starts(sessions, every=every, warm_up=_warm_up(arms)))
    return 1 if isinstance(market, Scenario) else PATHS


def _refuse_equal_rungs(arms: Sequence[Arm], shares: Sequence[float]) -> None:
    """Refuse a ladder of sizes for an arm whose size does not depend on the margin share."""
    if len(shares) == 1:
        return
    for arm in arms:
        if all(layer.size.target == "lots" for layer in arm.layers if layer.role == "core"):
            raise SpecError(
                f"arm {arm.name!r} is sized in lots and the same at each of shares = {list(shares)}: "
                "give one share, which is then only a label"
            )


def _traded(arms: Sequence[Arm]) -> list[str]:
    """Return the products that layers trade."""
    return sorted({product for arm in arms for layer in arm.layers for product in layer.products})


def _priced(arms: Sequence[Arm]) -> list[str]:
    """Return the products that layers trade, and those that are delivered by what they trade."""
    traded = _traded(arms)
    return sorted({*traded, *(on for product in traded if (on := contract(product).on) is not None)})


def _holds_funds(arms: Sequence[Arm], market: Market) -> bool:
    """Return whether shares of funds of VIX futures are traded, or options on them.

    A history must have recorded the futures then.
    """
    held = [product for product in _priced(arms) if contract(product).kind == "share"]
    if held and isinstance(market, History) and market.vx is None:
        raise SpecError(
            f"{' and '.join(held)}: shares of funds of VIX futures: this history has no VIX futures. Mend: "
            "give it recorded settlements (History(…, vx=…); to a command the TOML file of such a replay, as "
            "its to_toml writes it; the state of one day, --state, has none), or leave the layer out"
        )
    return bool(held)


def _listings(arms: Sequence[Arm]) -> dict[str, Cadence]:
    """Return the cadence of the listed expiries that each product needs.

    Daily expiries only where they exist and a layer reaches nearer than a week: weekly ones always give it
    one there. Otherwise the product's usual ones.
    """
    layers = [layer for arm in arms for layer in arm.layers]
    windows = [pair for layer in layers for pair in zip(layer.products, layer.windows, strict=True)]
    near = {product for product, window in windows if window["low"] < DAYS_PER_WEEK}
    # Shares have no expiry.
    listings = {product: CADENCES[product] for product in _traded(arms) if product in CADENCES}
    return {
        product: "daily" if product in near and "daily" in listed else listed[0]
        for product, listed in listings.items()
    }


def _farthest(arms: Sequence[Arm]) -> int:
    """Calendar days to the farthest expiry that a layer accepts."""
    return max(window["high"] for arm in arms for layer in arm.layers for window in layer.windows)


def _watches_the_mark(layer: Layer) -> bool:
    """Return whether the exit rule acts on what intraday prices would have shown sooner (R13)."""
    return (
        layer.role == "core" and layer.exit is not None and not INTRADAY.isdisjoint(names_in(layer.exit.tree))
    )


def _warm_up(arms: Sequence[Arm]) -> int:
    """Sessions before each start that the rules of the arms need."""
    return max(arm.warm_up for arm in arms)


def _events_before(arms: Sequence[Arm]) -> dict[str, Any]:
    """Return the days to announcements that rules look back on, from each session before a simulated start.

    A simulated calendar begins with the path, so that a week or month begins there too; what rules see of
    announcements does not.
    """
    back = [rule for arm in arms for _, rule, scope in arm.rules if warm_up_of(rule, scope)]
    looked = {name for rule in back for name in names_in(rule.tree)}
    wanted = [kind for kind in EVENTS if f"days_to_{kind}" in looked]
    if not wanted:
        return {}
    *days, start = sessions_around(SYNTHETIC_START, before=_warm_up(arms))
    # The next one of each kind may lie after the start: a quarter later at most.
    events = synthetic_events(days[0], start + timedelta(days=EVENT_DAYS))
    before = {
        kind: [float(min((each - day).days for each in events[kind] if each >= day)) for day in days[::-1]]
        for kind in wanted
    }
    return {"events_before": before}


def _absent(arms: Sequence[Arm]) -> list[str]:
    """Say of each arm what it has no data for: a term is closed, never passed (C24)."""
    return [
        f"{arm.name} knows prices only; closed for lack of data: {'; '.join(arm.absent)}."
        for arm in arms
        if arm.absent
    ]
