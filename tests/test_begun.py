"""A book that begins with positions: the parts that they are, their slots, and what is followed of it."""

import json

import numpy as np
import polars as pl
import pytest

import alvh as av
from alvh import _core
from alvh.advice import Book, advise, decision_log
from alvh.errors import AlvhError, BookError
from hedge_plan import MONTH, QUARTER, core, separate, spec, vix_call, vix_future
from test_steps import CORE, market, recorded
from twin_plan import rule

REVIEWED = {"review": True, "band": 0.1}
NEVER, ALWAYS = rule("gt", "vix", 1e3), rule("gt", "vix", 0.0)
WEDNESDAY = 62
"""A session on which futures settle, a quarter on."""


def begins(layers, *positions):
    plan = spec((layers, separate(0.3)), sessions=20)
    plan["books"][0]["begins"] = {"cash": [7e5, 3e5], "positions": list(positions)}
    return plan


def futures(lots=10.0, **more):
    held = {"layer": 1, "lots": lots, "entry_lots": lots, "age": 0, "expiry": WEDNESDAY}
    return held | {"strikes": [], "credit": 0.0, "entry_value": 20.0} | more


def in_parts(when=NEVER):
    parts = [{"share": 0.5}, {"share": 0.5, "when": when}]
    return vix_future(QUARTER, product="VXM", target="lots", value=10, size=REVIEWED, tranches=parts)


@pytest.mark.parametrize(
    ("positions", "parts", "sold"),
    [
        ([futures(parts=[1, 2])], [1, 2], [0]),
        ([futures()], [1], [5]),
        ([futures(parts=[2])], [2], [5]),
        ([futures(5.0), futures(5.0)], [1, 2], [0, 0]),
        ([futures(5.0), futures(5.0, parts=[1])], [1, 2], [0, 0]),
    ],
    ids=["rolled into one", "one unless given", "the second", "two", "the one that is left"],
)
def test_a_position_is_reviewed_against_the_parts_that_it_is(positions, parts, sold):
    told = _core.Plan(json.dumps(begins([core(0.3, MONTH), in_parts()], *positions))).trace(0, 0)
    layer = told["decisions"][0]["layers"][1]
    assert layer["parts"] == parts
    assert [held["resize"] for held in layer["held"]] == sold


def test_the_part_that_is_left_is_added():
    """Its rule is true from the first close on."""
    for parts, added in (([1, 2], None), ([1], 2)):
        plan = begins([core(0.3, MONTH), in_parts(ALWAYS)], futures(5.0, parts=parts))
        told = _core.Plan(json.dumps(plan)).trace(0, 0)["decisions"]
        assert told[0]["layers"][1]["further"] == added
        assert told[0]["layers"][1]["open"] == (added is not None)
        assert told[1]["layers"][1]["parts"] == [1, 2]


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (futures(parts=[3]), r"positions\[0\].parts = 3: parts of the layer, 1 to 2"),
        (futures(parts=[1, 0]), r"parts = 0: parts of the layer"),
        (futures(parts=[1]) | {"layer": 2}, r"parts = 1: none: the layer is not bought in parts"),
    ],
)
def test_parts_that_a_layer_does_not_have_are_refused(position, words):
    layers = [core(0.3, MONTH), in_parts(), vix_future(QUARTER, product="VX") | {"name": "whole"}]
    with pytest.raises(AlvhError, match=words):
        _core.Plan(json.dumps(begins(layers, position)))


def test_no_opening_uses_the_slot_of_what_is_held():
    """Everything is closed at once and followed to its expiry: more packages than the layer has slots."""
    layer = core(0.3, MONTH, exit=ALWAYS)
    held = {"layer": 0, "lots": 1.0, "entry_lots": 1.0, "age": 0, "expiry": 3, "credit": 5.0}
    held |= {"strikes": [4000.0, 3950.0, 6500.0, 6550.0], "entry_value": -5.0}
    events = _core.Plan(json.dumps(begins([layer], held))).trace(0, 0)["events"]
    (first, *later) = [each["slot"] for each in events if each["event"] == "close"]
    assert first == 4
    opened = [each["slot"] for each in events if each["event"] == "open"]
    assert set(opened) == {0, 1, 2, 3}
    assert len(opened) > 5
    assert later == opened[: len(later)]


def test_foresight_and_greeks_of_a_book_that_holds_something():
    """Tranches that are bought are those that could have been closed; what was held before has its greeks."""
    call = vix_call(MONTH, every="week")
    held = futures(3.0) | {"strikes": [40.0], "credit": -2.0, "entry_value": 2.0, "expiry": 17}
    plan = begins([core(0.3, MONTH), call], held, held | {"strikes": [30.0]})
    compiled = _core.Plan(json.dumps(plan))
    told = compiled.foresight(0, 3, 0)
    assert told["tick"].min() > 0
    assert np.isfinite(told["best"]).all()
    without = spec(([core(0.3, MONTH), call], separate(0.3)), sessions=20)
    alone = _core.Plan(json.dumps(without)).foresight(0, 3, 0)
    for name in ("lane", "tick", "outlay", "best"):
        np.testing.assert_allclose(told[name], alone[name])
    terms, ledger = compiled.greeks(0, 1, 0), compiled.trace(0, 0)["ledger"]
    revalued = sum(np.diff(ledger[name]) for name in ("time", "spot", "level", "smile"))
    both = terms["core_revalued"] + terms["hedge_revalued"]
    np.testing.assert_allclose(both[0, 1:], revalued, atol=1e-6)
    assert terms["hedge_vega_fast"][0, 1] != 0


FRAME = recorded()
CALLS = av.Layer(
    "calls",
    buy=av.vix_call(days=(28, 63), delta=0.30, every="flat"),
    size=av.Size(target="core.vega", value=0.5, review=True, band=0.3),
    tranches=[{"share": "1/2"}, {"share": "1/2", "when": "vix > 15"}],
    roll_below=25,
)
IN_PARTS = av.Arm("in parts", CORE, layers=[CALLS], sleeve=av.Sleeve(share=0.10))


def book_of(decision, **changed):
    """The book of a decision, its calls with what is told of them, or with changes."""
    rows = decision.positions.iter_rows(named=True)
    legs = [
        {
            "position": f"{row['layer']} {number}",
            "product": row["product"],
            "right": leg["right"],
            "strike": strike,
            "expiration": row["expiry"],
            "quantity": row["lots"] * leg["ratio"],
            "price": abs(row["credit"]) if leg["ratio"] * row["credit"] < 0 and index == 0 else 0.0,
            "opened": row["opened"],
            "sold": row["sold"],
            "parts": row["parts"],
        }
        | changed
        for number, row in enumerate(rows)
        for layer in [next(each for each in IN_PARTS.layers if each.name == row["layer"])]
        for index, (leg, strike) in enumerate(zip(layer.spec()["legs"], row["strikes"], strict=True))
    ]
    ledger = decision.ledger
    return Book(cash=ledger["cash"], sleeve=ledger["sleeve"], capital=1e6, legs=pl.DataFrame(legs))


def test_a_book_whose_parts_were_rolled_into_one_is_advised_as_the_run_was():
    """Taken for its first part alone, half of it would be sold."""
    log = decision_log(IN_PARTS, market(FRAME))
    found = 0
    for decision in log.decisions[30:-1]:
        calls = decision.positions.filter(layer="calls")
        if calls["parts"].to_list() != ["1+2"] or calls["ordered"].to_list() != [None]:
            continue
        until = market(FRAME.filter(pl.col("date") <= decision.day))
        mine = advise(book_of(decision), until, IN_PARTS)
        key = ["layer", "action", "lots"]
        assert (
            mine.orders.filter(layer="calls")
            .select(key)
            .equals(decision.orders.filter(layer="calls").select(key))
        )
        assert "parts 1+2" in mine.text()
        first = advise(book_of(decision, parts=None), until, IN_PARTS)
        assert first.positions.filter(layer="calls")["parts"].to_list() == ["1"]
        actions = set(first.orders.filter(layer="calls")["action"])
        assert actions & {"resize", "open"}
        found += 1
        if found == 3:
            return
    raise AssertionError(f"{found} closes at which two parts are one tranche")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ("1 and 2", r"row 1: parts = 1 and 2: numbers of tranches"),
        ("3", r"row 1: parts = '3' of layer 'calls': parts 1 to 2"),
        ("0", r"parts = '0' of layer 'calls': parts 1 to 2"),
        ("1+1", r"parts = '1\+1' of layer 'calls': parts 1 to 2, each once"),
    ],
)
def test_parts_of_a_book_are_checked(parts, words):
    with pytest.raises(BookError, match=words):
        advise(named(parts), market(FRAME), IN_PARTS)


def named(*parts):
    """A position of calls for each of these parts, on strikes of their own."""
    leg = {"product": "VIX", "right": "C", "expiration": av.schedule.vix_expiration(2024, 9)}
    leg |= {"quantity": 4.0, "price": 1.0, "opened": FRAME["date"][-1]}
    legs = [leg | {"strike": 22.0 + i, "position": f"p{i}", "parts": each} for i, each in enumerate(parts)]
    return Book(cash=9e5, sleeve=1e5, legs=pl.DataFrame(legs))


@pytest.mark.parametrize(
    ("parts", "held"),
    [
        (("1", "1"), "1"),  # one purchase, filled at two strikes
        (("1", "2"), "1+2"),
        (("1+2", "2+1"), "1+2"),  # as the positions of a decision tell it
        ((None, "1"), "1+2"),
    ],
)
def test_positions_may_be_a_part_together(parts, held):
    told = advise(named(*parts), market(FRAME), IN_PARTS)
    assert told.positions["parts"].to_list() == [held, held]


def test_positions_that_share_some_of_their_parts_are_refused():
    """Nobody can hold the first part in one position and beside it with the second in another."""
    with pytest.raises(
        BookError, match=r"row 2: parts = '1\+2' of position 'p1': position 'p0' \(row 1\)"
    ) as told:
        advise(named("1", "1+2"), market(FRAME), IN_PARTS)
    assert (told.value.row, told.value.column, told.value.value) == (2, "parts", "1+2")
    assert "Mend: give each its own" in str(told.value)


def test_a_further_part_that_is_withheld_is_told_with_its_permit():
    votes = av.Governance(signals={"calm": "vix < 1", "up": "spot > 1"}, needs=2, layers=["calls"])
    governed = IN_PARTS.replace(name="governed", governance=votes)
    log = decision_log(IN_PARTS, market(FRAME))
    decision = next(
        each for each in log.decisions if each.positions.filter(layer="calls")["parts"].to_list() == ["1"]
    )
    until = market(FRAME.filter(pl.col("date") <= decision.day))
    lacking = advise(book_of(decision), until, IN_PARTS).skips.filter(layer="calls")
    told = advise(book_of(decision), until, governed)
    (permit,) = (rule.told.permit for rule in told.rules if rule.told.permit and rule.told.permit.withheld)
    said = told.skips.filter(layer="calls")
    assert said.rows() == [("calls", "withhold", f"part 2 of 2: {permit.name}")]
    assert lacking.filter(event="withhold").is_empty()
    assert told.orders.filter(layer="calls").is_empty()


def test_every_part_that_is_withheld_in_a_run_is_a_skip():
    votes = av.Governance(signals={"calm": "vix < 17", "up": "spot > 4800"}, needs=2, layers=["calls"])
    governed = IN_PARTS.replace(name="governed", governance=votes)
    run = av.compare([governed], market(FRAME), sessions=len(FRAME) - 1, shares=[0.10], margin="strategy")
    withheld = run.trace(0).events.filter(event="withhold").group_by("date").len().sort("date")
    told = decision_log(governed, market(FRAME)).skips.filter(pl.col("event") == "withhold")
    days = told.filter(pl.col("day") <= withheld["date"].max()).group_by("day").len().sort("day")
    assert days.rows() == withheld.rows()
    assert told["reason"].str.starts_with("part 2 of 2: ").any()
