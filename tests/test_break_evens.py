"""R8, R11, R62: where each condor breaks even, before and after openings, hedges and rolls."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import alvh as av
from alvh.break_evens import break_evens
from alvh.errors import SpecError

CONDOR = [
    {"right": "P", "ratio": -1},
    {"right": "P", "ratio": 1},
    {"right": "C", "ratio": -1},
    {"right": "C", "ratio": 1},
]
CORE = {
    "name": "core",
    "role": "core",
    "ledger": "core",
    "product": "SPXW",
    "legs": CONDOR,
    "progression": None,
    "every": "week",
}
CALLS = {"name": "calls", "role": "hedge", "ledger": "sleeve", "product": "VIX", "legs": [CONDOR[3]]}
FUTURES = {**CALLS, "name": "futures", "product": "VX", "legs": [], "every": "flat"}
VALUE = {"SPXW": 100.0, "VIX": 0.0}
STRIKES = [4800.0, 4750.0, 5200.0, 5250.0]


def events(*rows):
    blank = {"date": date(2025, 1, 2), "expiry": date(2025, 2, 21), "strikes": STRIKES, "slot": 0, "pnl": 0.0}
    return pl.DataFrame([{**blank, "tick": tick, **row} for tick, row in enumerate(rows)])


def core(event="open", **more):
    return {"event": event, "layer": "core", "lots": 2.0, "cash": 2_500.0, **more}


def calls(cash, event="open"):
    return {"event": event, "layer": "calls", "lots": 1.0, "cash": cash}


def test_a_condor_breaks_even_its_credit_beyond_the_shorts():
    told = break_evens(events(core()), [CORE], VALUE, "tranche").row(0, named=True)
    assert (told["lower"], told["upper"], told["best"]) == (4_787.5, 5_212.5, 2_500.0)
    assert (told["notional"], told["lower_before"]) == (10_000.0, None)


def test_a_hedge_draws_the_break_evens_in_by_what_it_cost_and_its_gain_puts_them_out():
    happened = events(core(), calls(-400.0), calls(700.0, "close"))
    told = break_evens(happened, [CORE, CALLS], VALUE, "book")
    assert told["lower"].to_list() == [4_787.5, 4_789.5, 4_786.0]
    assert told["upper"].to_list() == [5_212.5, 5_210.5, 5_214.0]
    assert told["lower_before"].to_list() == [None, 4_787.5, 4_789.5]
    assert told["by"].to_list() == ["core", "calls", "calls"]


@pytest.mark.parametrize(("ledger", "rows"), [("sleeve", 1), ("core", 2)])
def test_a_ledger_bears_what_is_kept_in_it(ledger, rows):
    """R62: commingled, the hedge distorts the core's break-even; apart, it does not."""
    happened, kept = events(core(), calls(-400.0)), [CORE, {**CALLS, "ledger": ledger}]
    told = break_evens(happened, kept, VALUE, "ledger")
    assert break_evens(happened, kept, VALUE, "ledger", commingled=True).height == 2
    assert told.height == rows
    assert told["lower"][-1] == (4_789.5 if rows == 2 else 4_787.5)


def test_doubling_lowers_the_own_break_even_and_raises_what_is_at_stake():
    """R11: a chain's loss is carried until a win ends it."""
    lower = [strike - 300.0 for strike in STRIKES]
    happened = events(
        core(),
        core("settle", cash=0.0, pnl=-3_000.0),
        core(lots=4.0, cash=5_000.0, strikes=lower),
        core("settle", cash=0.0, pnl=5_000.0, lots=4.0),
        core(),
    )
    chained = [{**CORE, "progression": {"mode": "replace"}}]
    own = break_evens(happened, chained, VALUE, "tranche")
    whole = break_evens(happened, chained, VALUE, "ledger")
    assert own["lower"].to_list() == [4_787.5, 4_487.5, 4_787.5]
    assert own["notional"].to_list() == [10_000.0, 20_000.0, 10_000.0]
    assert whole["carried"].to_list() == [0.0, -3_000.0, 0.0]
    assert whole["lower"].to_list() == [4_787.5, 4_495.0, 4_787.5]


@pytest.mark.parametrize(("won", "carried"), [(500.0, -9_500.0), (12_000.0, 0.0)])
def test_a_small_win_leaves_what_the_chain_has_lost(won, carried):
    """R10, R11: what is open is won back, not forgotten; a tranche counts with the parts closed before."""
    happened = events(
        core(),
        core("reduce", lots=1.0, pnl=-4_000.0),
        core("settle", lots=1.0, cash=0.0, pnl=-6_000.0),
        core(),
        core("settle", cash=0.0, pnl=won),
        core(),
    )
    chained = [{**CORE, "progression": {"mode": "recoup"}}]
    whole = break_evens(happened, chained, VALUE, "ledger").filter(event="open")
    assert whole["carried"].to_list() == [0.0, -10_000.0, carried]


def test_the_chain_of_a_flat_layer_goes_through_its_slots():
    happened = events(core(), core("settle", cash=0.0, pnl=-3_000.0), core(slot=1))
    flat = [{**CORE, "every": "flat", "progression": {"mode": "add"}}]
    assert break_evens(happened, flat, VALUE, "ledger")["carried"].to_list() == [0.0, -3_000.0]


def test_a_future_counts_with_its_daily_variation():
    bought = {"event": "open", "layer": "futures", "lots": 2.0, "cash": -32.0}
    part = {"event": "reduce", "layer": "futures", "lots": 1.0, "cash": -17.0, "pnl": -433.0}
    rest = {"event": "close", "layer": "futures", "lots": 1.0, "cash": -17.0, "pnl": -433.0}
    told = break_evens(events(core(), bought, part, rest), [CORE, FUTURES], {**VALUE, "VX": 0.0}, "book")
    assert told["carried"].to_list() == [0.0, -32.0, -449.0, -866.0]


def test_what_hedges_made_of_a_path_is_what_they_carried():
    """R75: the cash told of, with daily variation, is the P&L of the hedges that were closed."""
    few = {"paths": 8, "sessions": 250, "shares": [0.35], "surface_band": 0}
    result = av.compare([av.preset("always_on_futures")], av.market.L3F(vix=28), **few)
    events_, told = result.trace(2).events, result.break_evens(2)
    open_lots = told.filter(pl.col("event") == "open", pl.col("by") == "core")
    assert not open_lots.is_empty()
    moved = told.with_columns(
        step=pl.col("carried") - pl.col("carried").shift(1, fill_value=0.0).over("slot", "expiry")
    )
    carried = moved.filter(pl.col("by") != "core")["step"].sum()
    hedge = events_.filter(pl.col("layer") != "core", pl.col("event").is_in(["close", "settle", "reduce"]))
    still = events_.filter(pl.col("layer") != "core", pl.col("event") == "open")["cash"].sum()
    closed = hedge["pnl"].sum()
    assert carried == pytest.approx(closed, abs=abs(still) + 1.0)
    assert abs(closed) > 10 * abs(still)


def test_nothing_breaks_even_where_more_is_carried_than_the_best_brings():
    told = break_evens(events(core(), calls(-2_600.0)), [CORE, CALLS], VALUE, "book").row(1, named=True)
    assert (told["lower"], told["upper"], told["best"]) == (None, None, -100.0)


def test_a_tranche_closed_in_part_keeps_its_part_of_the_credit():
    told = break_evens(events(core(), core("reduce", lots=1.0, pnl=-200.0)), [CORE], VALUE, "book")
    assert told["lots"].to_list() == [2.0, 1.0]
    assert told["lower"][1] == pytest.approx(4_800.0 - (1_250.0 - 200.0) / 100.0)


@given(
    widths=st.lists(st.integers(5, 200), min_size=3, max_size=3),
    lots=st.integers(1, 50),
    credit=st.floats(0.0, 5.0),
)
def test_nothing_is_earned_or_lost_at_either_end(widths, lots, credit):
    put, gap, call = widths
    strikes = [4_800.0, 4_800.0 - put, 4_800.0 + gap, 4_800.0 + gap + call]
    told = break_evens(
        events(core(lots=float(lots), cash=credit * lots * 100.0, strikes=strikes)), [CORE], VALUE, "book"
    )
    for end, short, sign in (("lower", strikes[0], -1), ("upper", strikes[2], 1)):
        level = told[end][0]
        assert level == pytest.approx(short + sign * credit) if credit < min(put, call) else True


@pytest.mark.parametrize("arm", ["alvh_0", "alvh_0_commingled"])
def test_what_settles_inside_its_break_evens_gains(arm):
    few = {"paths": 8, "sessions": 120, "shares": [0.10], "surface_band": 0}
    result = av.compare([av.preset(arm)], av.market.L3F(vix=25), **few)
    settled = gained = 0
    for path in range(8):
        trace = result.trace(path)
        index = dict(zip(trace.ledger["tick"], trace.ledger["index"], strict=True))
        own = result.break_evens(path, of="tranche")
        for event in trace.events.filter(event="settle", layer="core").iter_rows(named=True):
            bounds = own.filter(slot=event["slot"], expiry=event["expiry"]).row(0, named=True)
            inside = bounds["lower"] < index[event["tick"]] < bounds["upper"]
            assert inside is (event["pnl"] > 0.0)
            settled, gained = settled + 1, gained + inside
        kept = result.break_evens(path, of="ledger")
        assert (kept["by"] != "core").any() is (arm == "alvh_0_commingled")
    assert 0 < gained < settled


def test_what_is_asked_for_exists():
    result = av.compare(
        [av.preset("plain")], av.market.GBM(vol=0.2), paths=8, sessions=21, shares=[0.1], surface_band=0
    )
    with pytest.raises(SpecError, match=r"break_evens: of = 'books'.*book"):
        result.break_evens(0, of="books")
    with pytest.raises(SpecError, match="path = 8"):
        result.break_evens(8)
