"""The cash press: what is done while the Big Top flags are up (R84, R89, C8, C22)."""

import json
import re

import numpy as np
import pytest

import alvh as av
import engine_spec
from agreement import agree
from alvh import _core
from alvh.errors import SpecError
from alvh.market import L3F
from alvh.playbook import BIG_TOP, CashPress

CORE = av.preset("plain").core
OFTEN = CashPress(flags={"high": "distance_to_resistance < 0.03", "vix": "vix < 60"}, needs=2, at=0.8)
FEW = {"sessions": 126, "shares": (0.35,)}


def pressed(press: CashPress | None, **core: object) -> av.Arm:
    calls = av.Layer(
        "calls",
        buy=av.vix_call(days=(28, 63), every="week"),
        size=av.offset("core.vega", 0.5),
        monetise={2.0: 1 / 3},
    )
    futures = av.Layer("futures", buy=av.vx_future(), size=av.offset("core.threatened_delta", 0.35))
    made = CORE.model_copy(update=core)
    return av.Arm("pressed", made, layers=[calls, futures], sleeve=av.Sleeve(share=0.30), press=press)


def plan_of(arm: av.Arm) -> tuple[dict, _core.Plan]:
    plan = engine_spec.spec([arm], L3F(vix=24), **FEW)
    return plan, _core.Plan(json.dumps(plan))


def test_the_engine_presses_what_the_twin_presses() -> None:
    plan, compiled = plan_of(pressed(OFTEN))
    count = np.asarray(compiled.run(0, 32)["pressed"])
    for path in np.flatnonzero(count)[:3]:
        assert agree(plan, int(path), 0, compiled).summary["pressed"] == count[path] > 0


def test_what_it_sells_is_worth_its_price_and_told() -> None:
    plan, compiled = plan_of(pressed(OFTEN))
    path = int(np.argmax(compiled.run(0, 32)["pressed"]))
    trace = compiled.trace(path, 0)
    rows = [row for row in trace["events"] if row["reason"].startswith("cash press: ")]
    assert rows
    assert {(row["layer"], row["event"]) for row in rows} == {(1, "monetise")}
    for row in trace["events"]:
        if row in rows:
            decided = trace["decisions"][row["tick"] - 1]["layers"][1]
            held = next(each for each in decided["held"] if each["slot"] == row["slot"])
            assert decided["press"] == 1.0
            assert held["value"] >= 0.8 * -held["credit"]
            assert held["sell"] == row["lots"] >= np.floor(held["entry_lots"] / 3)
    assert plan["books"][0]["layers"][2].get("press") is None  # of a future nothing was paid


def test_no_premium_is_sold_while_it_holds() -> None:
    """R89."""
    _, compiled = plan_of(pressed(OFTEN))
    events = compiled.trace(0, 0)["events"]
    assert "cash press" in {row["reason"] for row in events if row["event"] == "withhold"}
    for row in events:
        if (row["layer"], row["event"]) == (0, "open"):
            decision = compiled.trace(0, 0)["decisions"][row["tick"] - 1]
            assert decision["layers"][1]["press"] == 0.0


def test_decayed_premium_is_bought_back() -> None:
    never = CashPress(flags={"vix": "vix < 0"}, needs=1)
    always = CashPress(flags={"vix": "vix > 0"}, needs=1, buy_back=0.5)
    early = [np.sum(plan_of(pressed(each))[1].run(0, 8)["closed_early"]) for each in (never, always)]
    assert early[0] == early[1] == 0  # while it holds nothing is sold that could be bought back
    sometimes = CashPress(flags={"high": "distance_to_resistance < 0.02"}, needs=1, buy_back=0.5)
    plan, compiled = plan_of(pressed(sometimes))
    closed = np.asarray(compiled.run(0, 16)["closed_early"])
    path = int(np.argmax(closed))
    assert agree(plan, path, 0, compiled).summary["closed_early"] == closed[path] > 0
    rows = [row for row in compiled.trace(path, 0)["events"] if (row["layer"], row["event"]) == (0, "close")]
    assert all("extrinsic_share < 0.5" in row["reason"] for row in rows)


def test_an_arm_with_a_press_is_written_and_read_back() -> None:
    for press in (CashPress(), OFTEN, CashPress(sell="1/2", layers=["calls"], buy_back=0.1)):
        arm = pressed(press)
        assert av.Arm.from_toml(arm.to_toml()) == arm
        assert arm.digest != pressed(None).digest
    assert {flag.name: str(flag.when) for flag in CashPress().flags}.keys() == BIG_TOP.keys()


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ({"needs": 5}, "of 4 flags"),
        ({"flags": {}}, "at least one"),
        ({"sell": 0.9}, "at most all of them"),
        ({"layers": ["futures"]}, "no layer 'futures' that buys options"),
        ({"flags": {"one": "profit > 1"}, "needs": 1}, "profit"),
        ({"buy_back": 0}, "greater than 0"),
    ],
)
def test_a_press_that_means_nothing_is_refused(change: dict, mend: str) -> None:
    with pytest.raises(SpecError, match=re.escape(mend)):
        pressed(CashPress(**change))


def test_the_methodology_presses() -> None:
    """R84: all four flags, three of them."""
    for name in ("alvh_v1", "steward"):
        press = av.preset(name).press
        assert press is not None
        assert (press.needs, press.sell, press.buy_back) == (3, 1 / 3, None)
        assert {flag.name for flag in press.flags} == set(BIG_TOP)
    assert av.preset("promoter").press is None
