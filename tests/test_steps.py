"""A book driven session by session does what a run does, to the bit; a book may begin with positions."""

import json
import math
from datetime import date

import polars as pl
import pytest

import alvh as av
from alvh import _core
from alvh.errors import AlvhError
from alvh.history import History
from alvh.market import L3F
from alvh.schedule import exchange
from engine_spec import spec

CORE = av.IronCondor(
    days=30, every="week", short_delta=0.20, width=0.02, exit="loss > 1.0 * credit or days_to_expiry <= 5"
)
CALLS = av.Layer(
    "calls",
    buy=av.vix_call(days=(28, 63), delta=0.30),
    size=av.offset("core.vega", 0.5).capped("sleeve.budget"),
    enter="(vix > 15).for_sessions(2)",
    monetise={2.0: 1 / 3, 4.0: 1 / 3},
    roll_below=25,
)
PLAIN = av.Arm("plain", CORE)
HEDGED = PLAIN.replace(name="hedged", layers=[CALLS], sleeve=av.Sleeve(share=0.10, per_year=0.05))


def recorded(sessions=130, seed=5, vix=17.0):
    """A history that a model drew: a row a session from 2024-01-02 on."""
    drawn = L3F(vix=vix).simulate(1, sessions - 1, seed=seed)
    days = exchange.sessions_around(date(2024, 1, 2), after=sessions - 1)
    return pl.DataFrame({"date": days, "spx": drawn["spot"][0], "vix": drawn["vix"][0]})


def market(frame):
    return History(frame, rate=0.04, dividend_yield=0.013)


def plan(arm, frame, *, sessions, start=None, **book):
    described = spec([arm], market(frame), sessions=sessions)
    described["starts"] = described["starts"][:1] if start is None else [start]
    described["books"][0] |= book
    return _core.Plan(json.dumps(described))


def steps(plan, **start):
    driven = plan.begin(0, 0, **start)
    return list(iter(driven.step, None))


def same(a, b):
    """Equal to the bit: NaN is itself."""
    match a:
        case dict():
            assert a.keys() == b.keys()
            for key in a:
                same(a[key], b[key])
        case list() | tuple():
            assert len(a) == len(b)
            for left, right in zip(a, b, strict=True):
                same(left, right)
        case float():
            assert a == b or (math.isnan(a) and math.isnan(b))
        case _:
            assert a == b


GOVERNED = HEDGED.replace(
    name="governed", governance=av.Governance(signals={"calm": "vix < 18", "up": "spot > 4900"}, needs=2)
)
MORE = [PLAIN.doubling(mode="add"), av.preset("conservative_1dte_stop_1x"), GOVERNED]


@pytest.mark.parametrize("arm", [PLAIN, HEDGED, *MORE], ids=lambda arm: arm.name)
def test_session_by_session_is_the_run(arm):
    compiled = plan(arm, recorded(), sessions=100)
    told = compiled.trace(0, 0)
    driven = steps(compiled)
    same([step["decision"] for step in driven[:-1]], told["decisions"])
    assert driven[-1]["decision"] is None
    same([event for step in driven for event in step["events"]], told["events"])
    for name, column in told["ledger"].items():
        same([step["ledger"][name] for step in driven], column.tolist())
    final = compiled.run(0, 1)
    assert driven[-1]["ledger"]["nav"] == final["nav"][0]
    kinds = {event["event"] for event in told["events"]}
    assert {"open", "close"} <= kinds
    assert {HEDGED: "monetise", GOVERNED: "withhold"}.get(arm, "open") in kinds
    assert any(layer["open"] for step in driven[:-1] for layer in step["decision"]["layers"])


def test_it_begins_again_where_it_was_left():
    compiled = plan(HEDGED, recorded(), sessions=100)
    whole = steps(compiled)
    same(steps(compiled, tick=37), whole[37:])
    with pytest.raises(AlvhError, match="tick = 101: 0 to 100"):
        compiled.begin(0, 0, tick=101)
    with pytest.raises(AlvhError, match="book = 1"):
        compiled.begin(0, 1)
    with pytest.raises(AlvhError, match="path = 1"):
        compiled.begin(1, 0)


def test_plans_of_one_block_are_driven_side_by_side():
    """What one book remembers is its own."""
    compiled = plan(HEDGED, recorded(), sessions=60)
    alone = steps(compiled)
    first, second = compiled.begin(0, 0), compiled.begin(0, 0)
    both = [(first.step(), second.step()) for _ in range(61)]
    same([a for a, _ in both], alone)
    same([b for _, b in both], alone)


def begun(step, row, clock):
    """What a step holds, as the beginning of another book."""
    decision, ledger = step["decision"], step["ledger"]
    positions = [
        {
            "layer": index,
            "other": held["other"],
            "lots": held["lots"],
            "entry_lots": held["entry_lots"],
            "age": int(decision["tick"] - held["entered"]),
            "expiry": clock["days"].index(held["expiry_day"]),
            "strikes": held["strikes"],
            "credit": held["credit"],
            "entry_value": -held["credit"],
        }
        for index, layer in enumerate(decision["layers"])
        for held in layer["held"]
    ]
    return {"cash": [ledger["cash"], ledger["sleeve"]], "positions": positions}


SAME = (
    "other",
    "lots",
    "entry_lots",
    "expiry_day",
    "days",
    "strikes",
    "leg_prices",
    "credit",
    "value",
    "challenge",
)
ORDERED = ("exit", "roll", "sell")


@pytest.mark.parametrize("tick", [9, 26, 43, 60, 77])
def test_a_book_that_is_taken_over_decides_as_if_it_had_always_been_there(tick):
    frame, arm = recorded(), HEDGED
    compiled = plan(arm, frame, sessions=100, start=2)
    whole = steps(compiled)
    clock = spec([arm], market(frame), sessions=100)["schedule"]
    begins = begun(whole[tick], 2 + tick, clock)
    assert begins["positions"]
    taken = steps(plan(arm, frame, sessions=100 - tick, start=2 + tick, begins=begins))
    before, after = whole[tick], taken[0]
    for name in ("nav", "cash", "sleeve", "requirement", "sleeve_requirement", "call"):
        assert after["ledger"][name] == pytest.approx(before["ledger"][name], rel=1e-12)
    for mine, theirs in zip(before["decision"]["layers"], after["decision"]["layers"], strict=True):
        for name in ("due", "enter", "withheld", "open", "factor"):
            assert theirs[name] == mine[name]
        held = [sorted(side["held"], key=lambda each: each["expiry_day"]) for side in (mine, theirs)]
        for mine_held, theirs_held in zip(*held, strict=True):
            for name in (*SAME, *ORDERED):
                same(theirs_held[name], mine_held[name])
            assert theirs_held["entered"] == mine_held["entered"] - tick
    # What is done next is the same, too: closings, openings and their lots, prices and cash.
    done = [
        [event for event in side["events"] if event["event"] != "call"]
        for side in (whole[tick + 1], taken[1])
    ]
    for mine, theirs in zip(*done, strict=True):
        for name in ("event", "reason", "layer", "strikes", "expiry_day"):
            assert theirs[name] == mine[name]
        for name in ("lots", "price", "cash", "pnl"):
            assert theirs[name] == pytest.approx(mine[name], rel=1e-9, nan_ok=True)


def test_the_identity_holds_from_a_beginning_on():
    frame = recorded()
    whole = steps(plan(HEDGED, frame, sessions=100, start=2))
    clock = spec([HEDGED], market(frame), sessions=100)["schedule"]
    compiled = plan(HEDGED, frame, sessions=60, start=40, begins=begun(whole[38], 40, clock))
    assert compiled.run(0, 1)["identity_error"][0] < 1e-9
    last = steps(compiled)[-1]["ledger"]
    first = steps(compiled)[0]["ledger"]
    buckets = ("time", "spot", "level", "smile", "settlement", "fills", "fees", "interest")
    assert last["nav"] - first["nav"] == pytest.approx(sum(last[name] for name in buckets), abs=1e-6)


GOOD = {
    "layer": 0,
    "lots": 3.0,
    "entry_lots": 3.0,
    "age": 0,
    "expiry": 20,
    "strikes": [4000.0, 3900.0, 6000.0, 6100.0],
    "credit": 8.0,
    "entry_value": -8.0,
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layer": 2}, r"layer = 2: 0 to 1"),
        ({"strikes": [4000.0]}, r"strikes = \[4000.0\]: 4 above 0"),
        ({"lots": 2.5}, r"lots = 2.5: whole lots, at least 1"),
        ({"entry_lots": 2.0}, r"entry_lots = 2: whole lots, at least 3"),
        ({"expiry": 5}, r"expiry = 5: a session after the start, 6 to"),
        ({"expiry": 5_000}, r"expiry = 5000: a session after the start"),
        ({"entry_spot": -1.0}, r"entry_spot = -1: above 0"),
        ({"surprise": 1}, r"unknown field `surprise`"),
    ],
)
def test_a_wrong_position_is_named(change, words):
    begins = {"cash": [9e5, 1e5], "positions": [GOOD | change]}
    with pytest.raises(AlvhError, match=words):
        plan(HEDGED, recorded(), sessions=50, start=5, begins=begins)


def test_a_wrong_beginning_is_named():
    begins = {"cash": [9e5, 1e5], "positions": [GOOD]}
    with pytest.raises(AlvhError, match=r"cash = 100000: dollars; 0 in the sleeve of an arm with one ledger"):
        plan(PLAIN, recorded(), sessions=50, start=5, begins=begins)
    with pytest.raises(AlvhError, match=r"committed = -1: dollars, 0 or more"):
        plan(HEDGED, recorded(), sessions=50, start=5, begins=begins | {"committed": -1.0})
    described = spec([HEDGED], market(recorded()), sessions=50)
    described["books"][0]["begins"] = begins
    with pytest.raises(AlvhError, match=r"1 books and \d+ starts"):
        _core.Plan(json.dumps(described))
    futures = av.Layer(
        "futures", buy=av.vx_future(), size=av.Size(target="core.threatened_delta", value=0.35)
    )
    old = {"cash": [1e6, 0.0], "positions": [GOOD | {"age": 6}]}
    with pytest.raises(AlvhError, match=r"age = 6: sessions within the record"):
        plan(PLAIN.replace(name="futures", layers=[futures]), recorded(), sessions=50, start=5, begins=old)


@pytest.mark.parametrize(("cash", "least"), [(800_000.0, 0.2), (1_200_000.0, 0.0)])
def test_drawdown_of_a_book_that_is_taken_over_is_from_the_capital(cash, least):
    idle = av.Arm("idle", av.IronCondor(days=30, enter="vix < 1"))
    compiled = plan(idle, recorded(), sessions=20, start=2, begins={"cash": [cash, 0.0], "positions": []})
    assert compiled.run(0, 1)["max_drawdown"][0] == pytest.approx(least, abs=1e-3)
