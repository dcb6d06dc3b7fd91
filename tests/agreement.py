"""One path of one book: trace, figures and twin must say the same, to 1e-9 of the capital."""

import json
from collections.abc import Iterable
from functools import cache

import numpy as np
import pytest

import twin
from alvh import _core, rules
from twin_calendar import Calendar
from twin_indicators import INDICATORS
from twin_market import SURFACE, Basis
from twin_record import COUNTS, LAYERS, SUMS, TICKS

PAST = 2772  # sessions of a simulated past, of which rules see the last SEEN
SEEN = 252
SEARCHED = 64  # paths, for two on which a figure is not 0
LOTS = 1e-6  # by which lots may differ before they are made whole
BUCKETS = ("time", "spot", "level", "smile", "settlement", "fills", "fees", "interest")
LAYER_PNL = tuple(f"layer_pnl_{i}" for i in range(LAYERS))
EXACT = (*COUNTS, *TICKS, "calls", "sleeve_calls", "max_lots")
DOLLARS = (
    "nav",
    "peak_requirement",
    "core_pnl",
    "hedge_pnl",
    "hedge_trading",
    "hedge_fees",
    "expected_cost",
    "sleeve_nav",
    "deposited",
    "deposited_bills",
    *(name for name in SUMS if name != "max_lots"),
    *LAYER_PNL,
    *BUCKETS,
)
WITH_HEDGE = {"stress_cash", "stress_core_pnl"}  # missing in a book without a hedge
RATIOS = (
    "bills",
    "max_drawdown",
    "liquidity_low",
    "coverage_wanted",
    "coverage_affordable",
    "coverage_achieved",
    "coverage_met",
    "hedge_correlation",
)


def path_of(spec: dict, path: int, ledger: dict) -> dict:
    """What the twin must be given of a path: closes, openings, special quotations, placebo."""
    market, sessions = json.dumps(spec["market"]), spec["sessions"]
    start = spec["starts"][path] if spec["starts"] else spec["schedule"]["origin"]
    seed, replayed = spec["seed"], bool(spec["starts"])
    rows = _core.market_openings(
        market, 0 if replayed else path, 1, sessions, seed=seed, start=start if replayed else 0
    )
    names = ("open_ln_s", "open_x0", "open_x1", "open_x2", "special")
    state = {name: np.concatenate([[np.nan], row[0]]) for name, row in zip(names, rows, strict=True)}
    state |= {name: ledger[name] for name in ("ln_s", "x0", "x1", "x2", *SURFACE)}
    state |= {"r": ledger["rate"], "q": ledger["dividend_yield"], "chance": chances(spec, path, start)}
    return state if replayed else state | past(spec, path)


class NoBook(dict):
    """Names of the market; those of a book are missing."""

    def __missing__(self, name: str) -> None:
        return None


def past(spec: dict, path: int, also: tuple[str, ...] = ()) -> dict:
    """Indicators of a simulated path, of its rules and `also`, and what rules saw before session 0."""
    market, sessions = json.dumps(spec["market"]), spec["sessions"]
    arguments = {"seed": spec["seed"], "warm_up": PAST, "vx_days": [30.0], "first_path": path}
    spot, vix, forward, _ = _core.market_paths(market, 1, sessions, **arguments)
    seen = {"spot": spot[0], "vix": vix[0], "vix_forward": forward[0][0]}
    calendar = Calendar(spec["schedule"])
    ends = np.array([calendar.ends_week(i - PAST) for i in range(len(spot[0]))])
    used = names_of(spec) | set(also)
    # Each indicator begins its own warm-up before session 0.
    begins = {row.name: PAST - row.warm_up for row in rules.names()}
    missing = np.full(PAST, np.nan)
    unknown = np.full(len(spot[0]), np.nan)  # a path has one index
    indicators = {
        name: np.concatenate(
            [missing[:first], twin(spot[0][first:], vix[0][first:], ends[first:], unknown[first:])]
        )
        for name, twin in INDICATORS.items()
        if name in used
        for first in [begins[name]]
    }
    before = [
        NoBook({name: float(column[i]) for name, column in (seen | indicators).items()})
        for i in range(PAST - SEEN, PAST)
    ]
    return {"indicators": {name: column[PAST:] for name, column in indicators.items()}, "before": before}


def names_of(spec: object) -> set[str]:
    """Every name that some rule of a spec reads."""
    match spec:
        case {"name": str(name)} if len(spec) == 1:
            return {name}
        case dict():
            return set().union(*map(names_of, spec.values()))
        case list():
            return set().union(*map(names_of, spec))
    return set()


def chances(spec: dict, path: int, start: int) -> np.ndarray:
    """Uniforms of the placebo: of the path, or in a replay of the date."""
    replayed = bool(spec["starts"])

    def draw(tick: int) -> float:
        step = start + tick if replayed else tick
        return _core.draws(spec["seed"], 0 if replayed else path, 1, step, "placebo", 0)[0][0, 0]

    return np.array([draw(tick) for tick in range(spec["sessions"] + 1)])


def compare(spec: dict, path: int, book: int, plan: _core.Plan | None = None) -> tuple[dict, dict, twin.Twin]:
    """Trace and figures of the engine, and the twin's."""
    plan = plan or _core.Plan(json.dumps(spec))
    trace = plan.trace(path, book)
    ledger = trace["ledger"]
    start = spec["starts"][path] if spec["starts"] else spec["schedule"]["origin"]
    found = {name: column[book] for name, column in plan.run(path, 1, threads=1).items()}
    return trace, found, twin.run(spec, book, path_of(spec, path, ledger), start, recorded(spec, start))


def exercised(
    spec: dict, figures: Iterable[str], *, first: int = 1
) -> tuple[_core.Plan, list[tuple[int, int]]]:
    """A plan, and its paths and books: the first paths, and two where each of the figures is not 0."""
    plan, books = _core.Plan(json.dumps(spec)), len(spec["books"])
    found, rows = plan.run(0, SEARCHED), {*range(first * books)}
    for name in figures:
        hits = np.flatnonzero(np.nan_to_num(found[name]))
        assert len(hits), f"{name} is 0 on every path: the case does not exercise what it is for"
        rows |= {*hits[:2].tolist()}
    return plan, [divmod(row, books) for row in sorted(rows)]


def rounded(events: list[dict], sized: list[tuple[float, ...]], scale: float) -> list[str]:
    """Lots of what was sized, and those before they were made whole (R42): the first that differ."""
    told = [
        (event["tick"], event["layer"], event["lots"], event["unrounded"])
        for event in events
        if event["unrounded"] == event["unrounded"]
    ]
    # Where a limit left nothing there was nothing to round.
    sized = [found for found in sized if found[3] >= 1e-9]
    off = [
        f"lots from tick {mine[0]}: engine {mine}, twin {other}"
        for mine, other in zip(told, sized, strict=False)
        if mine != pytest.approx(other, rel=1e-7, abs=scale)
    ]
    count = [f"{len(told)} openings were sized, by the twin {len(sized)}"] if len(told) != len(sized) else []
    return off[:1] + count


def recorded(spec: dict, start: int) -> Basis | None:
    """Recorded over modelled VIX futures of a replay; None in a simulated market."""
    if not spec["starts"]:
        return None
    market = json.dumps(spec["market"])

    rows = list(range(start, start + spec["sessions"] + 1))

    @cache
    def of(expiry: int) -> np.ndarray:
        found = _core.market_vx_basis(market, rows, [expiry] * len(rows))
        return np.ones(len(rows)) if found is None else found

    return lambda tick, expiry: float(of(expiry)[tick])


def disagreements(
    spec: dict, path: int, book: int, plan: _core.Plan | None = None
) -> tuple[list[str], dict, twin.Twin]:
    """Everything on which engine and twin differ, the earliest first; figures of the engine; the twin."""
    trace, found, other = compare(spec, path, book, plan)
    ledger, scale = trace["ledger"], 1e-9 * spec["capital"]
    lines = rounded(trace["events"], other.sized, LOTS)
    columns = {"nav": other.nav, "requirement": other.requirement} | other.buckets
    columns |= {"cash": other.columns["cash_core"], "hedge": other.columns["hedge_pnl"]}
    columns |= {"sleeve": other.columns["cash_sleeve"]} if "cash_sleeve" in other.columns else {}
    for name, column in columns.items():
        off = np.flatnonzero(~(np.abs(ledger[name] - column) <= scale))
        if len(off):
            tick = int(off[0])
            lines.append(f"{name} from tick {tick}: engine {ledger[name][tick]}, twin {column[tick]}")
    off = np.flatnonzero(ledger["call"] != other.call)
    lines += [f"call at tick {tick}: engine {ledger['call'][tick]}" for tick in off[:1]]
    layers = spec["books"][book]["layers"]
    unrecorded = set(LAYER_PNL[len(layers) :])
    if not any(layer.get("role") == "hedge" for layer in layers):
        unrecorded |= WITH_HEDGE
        lines += [f"{name}: not missing without a hedge" for name in WITH_HEDGE if found[name] == found[name]]
    figures = [(name, 0.0, 0.0) for name in EXACT] + [(name, 0.0, scale) for name in DOLLARS]
    for name, rel, tolerance in figures + [(name, 1e-8, 1e-9) for name in RATIOS]:
        if name not in unrecorded and found[name] != pytest.approx(
            other.summary[name], rel=rel, abs=tolerance, nan_ok=True
        ):
            lines.append(f"{name}: engine {found[name]}, twin {other.summary[name]}")
    if not found["identity_error"] < 1e-12:
        lines.append(f"identity_error: engine {found['identity_error']}")
    return lines, found, other


def agree(spec: dict, path: int, book: int, plan: _core.Plan | None = None) -> twin.Twin:
    """Asserts that they agree; returns the twin."""
    lines, _, other = disagreements(spec, path, book, plan)
    assert not lines, f"path {path}, book {book}:\n" + "\n".join(lines)
    return other
