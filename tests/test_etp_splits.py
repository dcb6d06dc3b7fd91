"""Reverse splits of funds: what is held stays what it was, what is opened is as dear as shares are."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import alvh as av
from agreement import agree
from alvh import _core, etp
from alvh.contracts import contract
from alvh.market import L3F
from hedge_plan import FORTNIGHT, MONTH, core, separate, spec
from test_etp_engine import PORTFOLIO, rolled, shares
from test_etp_options import options
from twin_plan import CONTRACTS, rule

CORE = core(0.2, FORTNIGHT)
FREE = {"half_spread_factor": 0.0, "commission": 0.0}
LEVERED: Any = CONTRACTS["UVXY shares"]["fund"]


def splitting(plan: dict[str, Any], split: dict[str, float] | None) -> dict[str, Any]:
    """The plan with other splits of the levered fund, and no exchange fees."""
    row = CONTRACTS["UVXY shares"] | {"fund": LEVERED | {"reverse_split": split}}
    options_row = CONTRACTS["UVXY"] | {"exchange_fee": plan["contracts"]["UVXY"]["exchange_fee"]}
    return plan | {"contracts": plan["contracts"] | {"UVXY shares": row, "UVXY": options_row}}


@pytest.mark.parametrize("margin", ["strategy", PORTFOLIO])
def test_engine_and_twin_agree_on_what_is_held_over_a_split(margin: Any) -> None:
    """Shares bought before one, and sold in parts behind it; options that settle behind it."""
    layers = [
        CORE,
        shares("UVXY shares", every="week", target="lots", value=9, exit=rule("ge", "sessions_held", 25.0)),
        options("UVXY", days=MONTH, every="week", target="lots", value=7, roll_below=10),
    ]
    plan = rolled(spec((layers, separate(0.4)), margin=margin))
    trace = _core.Plan(json.dumps(plan)).trace(0, 0)
    opened = [e for e in trace["events"] if e["event"] == "open" and e["layer"] == 1]
    prices = [e["leg_prices"][0] for e in opened]
    assert min(prices) < 30, "some are bought before a split"
    assert max(prices) > 60, "and some behind it"
    for path in range(3):
        agree(plan, path, 0)


def test_a_split_changes_nothing_of_what_is_held() -> None:
    """Without costs NAV is what it is without splits, however many there are."""
    navs = []
    # The third one splits every night, the first time before anything is bought.
    for lots, split in ((40, None), (40, {"below": 29.9, "ratio": 4.0}), (4, {"below": 1e99, "ratio": 10.0})):
        held = shares("UVXY shares", target="lots", value=lots)
        plan = splitting(rolled(spec(([CORE, held], separate(0.3)), sessions=60, costs=FREE)), split)
        navs.append(_core.Plan(json.dumps(plan)).series(0, 32, 0)["nav"])
    for other in navs[1:]:
        np.testing.assert_allclose(other, navs[0], rtol=1e-12)


def test_half_spreads_are_those_of_the_shares_of_today() -> None:
    """A share of 30 dollars that was one of 10: a tick of its four quarters would be four ticks of it."""
    sold = shares("UVXY shares", target="lots", value=40, exit=rule("ge", "sessions_held", 9.0))
    costs = {"commission": 0.0}
    fills, vix = [], 0.0
    for split in (None, {"below": 29.9, "ratio": 1e4}):
        plan = splitting(rolled(spec(([CORE, sold], separate(0.3)), sessions=12, costs=costs)), split)
        contracts = plan["contracts"]
        row = contracts["UVXY shares"] | {"half_spread": {"floors": [], "scale": 0.0, "power": 1.0}}
        compiled = _core.Plan(json.dumps(plan | {"contracts": contracts | {"UVXY shares": row}}))
        trace = compiled.trace(0, 0)
        events = [e for e in trace["events"] if e["layer"] == 1]
        fills.append([(e["event"], e["cash"], e["leg_prices"]) for e in events if e["event"] != "skip"])
        vix = trace["ledger"]["vix"][next(e["tick"] for e in events if e["event"] == "close")]
    (bought, closed), (same, merged) = (each[:2] for each in fills)
    assert bought == same
    assert closed[0] == merged[0] == "close"
    # Half a tick a share, 4,000 of them; behind the split there are 0.4.
    half_tick = 0.005 * (max(vix, 20.0) / 20.0) ** 1.25
    assert merged[1] - closed[1] == pytest.approx((4_000 - 0.4) * half_tick, rel=1e-6)


def test_shares_of_the_contract_table_stay_dear_enough_to_trade() -> None:
    """Three years of decay: every opening is at ten dollars or more but for one night's fall."""
    calls = av.Layer(
        "calls",
        buy=av.etp_call(product="UVXY", days=(20, 45), delta=0.30, every="week"),
        size=av.Size(target="lots", value=1),
    )
    arm = av.preset("plain").replace(name="calls", layers=[calls], sleeve=av.Sleeve(share=0.3))
    few = {"paths": 2, "sessions": 756, "shares": [0.10], "surface_band": 0, "seed": 3}
    found = av.compare([arm], L3F(vix=16), **few)
    worth = etp.simulate(
        L3F(vix=16), 2, 756, seed=3, price=20.0, fund=etp.Fund(leverage=1.5, fee=0.0095)
    ).value
    assert worth[:, -1].max() < 5, "of shares that are never split"
    for path in range(2):
        events = found.trace(path).events.filter(layer="calls")
        strikes = events.filter(event="open")["strikes"].list.first()
        assert strikes.min() > 8
        assert not events["reason"].is_in(["no strikes"]).any()


def test_what_splits_nothing_is_refused() -> None:
    plan = rolled(spec(([CORE, shares("UVXY shares")], separate(0.2))))
    for split, words in (({"below": 10.0, "ratio": 1.0}, "ratio"), ({"below": 0.0, "ratio": 4.0}, "below")):
        with pytest.raises(av.AlvhError, match=f"reverse_split.{words}"):
            _core.Plan(json.dumps(splitting(plan, split)))


def test_every_fund_of_the_table_splits() -> None:
    for product in ("VXX shares", "UVXY shares"):
        fund = contract(product).fund
        assert fund is not None
        assert fund.reverse_split is not None
        assert fund.reverse_split.below * fund.reverse_split.ratio > fund.price
        assert replace(fund, reverse_split=None) != fund


SPLIT = {"below": 27.0, "ratio": 4.0}
SIZED: dict[str, dict[str, Any]] = {
    "threatened delta": {"target": "threatened_delta", "value": 0.5},
    "a cap by the gain in a crash": {
        "target": "lots",
        "value": 1e5,
        "size": {"caps": [{"kind": "crash_gain", "ln_move": float(np.log(0.9))}]},
    },
    "lots with a band": {"target": "lots", "value": 60, "size": {"band": 0.3}},
    "rolls by time value": {
        "target": "lots",
        "value": 20,
        "every": "flat",
        "roll_below": 12,
        "roll_limits": {"extrinsic_per_day": 2.0},
    },
}


def split_plan(name: str, split: dict[str, float] | None) -> dict[str, Any]:
    option = options("UVXY", **({"days": MONTH, "every": "week"} | SIZED[name]))
    plan = rolled(spec(([core(0.4, MONTH), option], separate(0.5)), sessions=80, costs=FREE))
    return splitting(plan, split)


@pytest.mark.parametrize("name", SIZED)
def test_what_is_held_over_a_split_counts_in_shares_of_today(name: str) -> None:
    for path in range(4):
        agree(split_plan(name, SPLIT), path, 0)


def events(name: str, split: dict[str, float] | None) -> list[dict[str, Any]]:
    """Of the layer, on 24 paths."""
    plan = _core.Plan(json.dumps(split_plan(name, split)))
    return [event for path in range(24) for event in plan.trace(path, 0)["events"] if event["layer"] == 1]


def count(found: list[dict[str, Any]], event: str) -> int:
    return sum(each["event"] == event for each in found)


@pytest.mark.parametrize("name", ["threatened delta", "a cap by the gain in a crash"])
def test_a_split_opens_as_often_where_dollars_are_wanted(name: str) -> None:
    """Lots from before a split count a quarter behind it: they leave as much to be bought as they did."""
    bare, merged = events(name, None), events(name, SPLIT)
    assert count(merged, "open") == pytest.approx(count(bare, "open"), rel=0.03)
    lots = [sum(e["unrounded"] for e in found if e["event"] == "open") for found in (bare, merged)]
    assert lots[1] < 0.6 * lots[0], "most are bought behind a split"


def test_rolls_compare_time_values_of_the_same_shares() -> None:
    """A night on which four options become one makes none of them dearer."""
    bare, merged = (events("rolls by time value", split) for split in (None, SPLIT))
    for event in ("keep", "close", "open"):
        assert count(merged, event) == pytest.approx(count(bare, event), rel=0.02)
    assert count(bare, "keep") > 100
