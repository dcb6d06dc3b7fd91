"""A gap through the stop or the wings is filled where the market is, never beyond the width (R13, C13)."""

import json

import pytest

import alvh as av
import engine_spec
from alvh import _core
from alvh.market import Scenario

FALL = {"through the stop": 0.91, "through the wings": 0.85}
WIDTH, DPP = 50.0, 100.0
NO_SPREADS = av.Costs(half_spread_factor=0, commission=0)
FILLED = 32  # the gap is seen at the close of tick 31
FEES = 4 * 1.0  # dollars a lot and trade, more than the exchange asks


def closings(arm, fall, vix):
    """The tranches that the engine closes at the first fill after SPX has gapped, each with its opening."""
    market = Scenario(name="gap", points=[(0, 1, 16), (1, fall, vix), (10, fall, vix)], quiet=30)
    spec = engine_spec.spec([arm], market, sessions=40, shares=(0.35,), costs=NO_SPREADS)
    trace = _core.Plan(json.dumps(spec)).trace(0, 0)
    opened, pairs = {}, []
    for event in trace["events"]:
        if event["event"] == "open":
            opened[event["slot"]] = event
        elif event["event"] == "close" and event["tick"] == FILLED:
            pairs.append((opened[event["slot"]], event))
    return pairs


@pytest.mark.parametrize("name", FALL)
def test_a_stop_at_twice_the_credit_fills_at_the_gap(name):
    """Seen at the close after the gap, filled a session later at that market: far beyond two credits."""
    stopped = engine_spec.arms(days=45, width_points=WIDTH)[0].stop(loss_multiple=2)
    pairs = closings(stopped, FALL[name], 45.0)
    assert pairs
    for opened, closed in pairs:
        per_lot = closed["pnl"] / closed["lots"]
        credit = opened["price"] * DPP
        assert per_lot < -2.0 * credit
        assert -per_lot <= WIDTH * DPP - credit + 2 * FEES
    if name == "through the wings":
        # The mark is at the width less its discount: the stop has saved next to nothing.
        assert min(closed["pnl"] / closed["lots"] for _, closed in pairs) < -0.6 * WIDTH * DPP


def test_all_legs_of_a_lot_leave_in_one_fill():
    """A reduction closes whole lots: the requirement is always that of condors, never of a naked short."""
    arm = engine_spec.arms(days=21, width_points=WIDTH)[0].replace(
        name="reduced", calls=av.MarginCalls(policy="reduce", deadline=0)
    )
    costs = av.Costs(commission=20)
    spec = engine_spec.spec(
        [arm], av.market.L3F(vix=18, rate=-0.5, erp=0.5), sessions=126, shares=(1.2,), costs=costs
    )
    plan = _core.Plan(json.dumps(spec))
    figures = plan.run(0, 256)
    path = int(figures["forced"].argmax())
    trace = plan.trace(path, 0)
    reduced = [event for event in trace["events"] if event["event"] == "reduce"]
    assert reduced
    opened = {event["slot"]: [] for event in trace["events"]}
    for event in trace["events"]:
        if event["event"] == "open":
            opened[event["slot"]] = event["strikes"]
        if event["event"] == "reduce":
            assert len(event["strikes"]) == 4
            assert event["strikes"] == opened[event["slot"]]
    for need in trace["ledger"]["requirement"]:
        assert need / (WIDTH * DPP) == pytest.approx(round(need / (WIDTH * DPP)), abs=1e-9)
