"""The liquidity ratio of a ledger: warned, blocked, against the twin and by hand (R64)."""

import json

import numpy as np
import pytest

import alvh as av
from agreement import agree
from alvh import _core
from alvh.errors import AlvhError, SpecError
from alvh.market import GBM, L3F
from hedge_plan import FORTNIGHT, commingled, core, separate, spec, vix_call, vix_future
from twin_liquidity import liquidity
from twin_trade import Trader

RULE = {"haircut": 0.5, "ln_move": -0.05, "warn": 1.25, "block": 1.0}
FULL = [core(0.95, FORTNIGHT, every="week"), vix_call(target="premium_share", value=0.02, every="week")]
FUTURES = [core(0.5, FORTNIGHT), vix_future(FORTNIGHT, target="lots", value=4, every="week")]


def planned(*books, **more):
    plan = spec(*books, **more)
    for book in plan["books"]:
        book |= {"liquidity": RULE}
    return plan


@pytest.mark.parametrize(
    "market", [L3F(vix=35, erp=0.0), L3F(vix=20, erp=0.0), GBM(vol=0.3)], ids=["wild", "calm", "gbm"]
)
def test_ratio_and_blocks_agree_with_the_twin(market):
    layers = [core(1.6, FORTNIGHT, every="week")] if isinstance(market, GBM) else FULL
    ledgers = commingled(0.2) if len(layers) == 1 else separate(0.2)
    plan = planned((layers, commingled(0.2)), (layers, ledgers), market=market)
    compiled = _core.Plan(json.dumps(plan))
    found = compiled.run(0, 64)
    assert found["blocked"].any()
    assert found["warned"].any()
    assert found["sessions_warned"].any()
    for row in [0, 1, *np.flatnonzero(found["blocked"])[:3]]:
        agree(plan, int(row) // 2, int(row) % 2, compiled)


def test_futures_are_stressed_by_their_contract():
    plan = planned((FUTURES, separate(0.085)))
    compiled = _core.Plan(json.dumps(plan))
    for path in range(3):
        agree(plan, path, 0, compiled)


def test_without_the_rule_nothing_changes_and_with_it_nothing_but_what_it_blocks():
    bare, ruled = spec((FULL, commingled(0.2))), planned((FULL, commingled(0.2)))
    found = [_core.Plan(json.dumps(plan)).run(0, 128) for plan in (bare, ruled)]
    assert np.isnan(found[0]["liquidity_low"]).all()
    assert not any(found[0][name].any() for name in ("warned", "blocked", "sessions_warned"))
    open_to_all = found[1]["blocked"] == 0
    np.testing.assert_array_equal(found[0]["nav"][open_to_all], found[1]["nav"][open_to_all])


def test_no_opening_leaves_a_ratio_below_the_block(monkeypatch):
    """The ratio of every ledger is computed anew from what it holds after each opening."""
    ratios, fill = [], Trader.fill

    def observed(trader, layer, *order):
        fill(trader, layer, *order)
        ratios.append(liquidity(trader.book, trader.book.ledger(layer)))

    monkeypatch.setattr(Trader, "fill", observed)
    bare, ruled = spec((FULL, commingled(0.2))), planned((FULL, commingled(0.2)))
    compiled = _core.Plan(json.dumps(ruled))
    path = int(compiled.run(0, 64)["blocked"].argmax())
    events = compiled.trace(path, 0)["events"]
    agree(ruled, path, 0, compiled)
    assert len(ratios) == sum(event["event"] == "open" for event in events) > 0
    assert min(ratios) >= RULE["block"]
    ratios.clear()
    bare["books"][0]["liquidity"] = RULE | {"block": 0.0}
    agree(bare, path, 0)
    assert min(ratios) < RULE["block"], "nothing would have been blocked"


def test_what_is_refused_is_not_blocked():
    """A refusal is distress and a block is none: without longs every refusal is below a block of 1.2, too."""
    layers = [core(1.6, FORTNIGHT, every="week", size={"base": "start"})]
    plan = planned((layers, None))
    plan["books"][0]["liquidity"] = RULE | {"block": 1.2, "warn": 1.3}
    compiled = _core.Plan(json.dumps(plan))
    found = compiled.run(0, 64)
    assert found["blocked"].any()
    assert found["refused"].any()
    agree(plan, int(found["refused"].argmax()), 0, compiled)


def test_a_blocked_hedge_is_bound_by_no_limit_of_its_own():
    """Limits are counted for what was sized and not blocked: so many openings and skips for want of a lot."""
    plan = planned((FUTURES, separate(0.085)))
    plan["books"][0]["liquidity"] = RULE | {"block": 1.5, "warn": 2.0}
    compiled = _core.Plan(json.dumps(plan))
    found, blocked = compiled.run(0, 8), 0
    words = {
        "target met",
        "limited by the budget",
        "limited by free funds",
        "limited by its cap",
        "less than one lot",
    }
    for path in range(8):
        events = [event for event in compiled.trace(path, 0)["events"] if event["layer"] == 1]
        blocked += sum(event["event"] == "block" for event in events)
        sized = [e for e in events if e["event"] == "open" or e["reason"] in words]
        assert len(sized) == sum(column[path] for name, column in found.items() if name.startswith("bound_"))
    assert blocked > 10


def test_one_stress_for_all_arms():
    plan = planned((FULL, commingled(0.2)), (FULL, commingled(0.2)))
    plan["books"][1]["liquidity"] = RULE | {"ln_move": -0.08}
    with pytest.raises(AlvhError, match=r"book 1.liquidity.ln_move = -0.08: .*as in the other arms"):
        _core.Plan(json.dumps(plan))


def test_an_arm_says_it_and_keeps_it():
    plain = av.preset("plain")
    arm = plain.replace(
        name="liquid",
        liquidity=av.Liquidity(warn=1.5),
        calls=av.MarginCalls(policy="reduce", half_spreads=av.playbook.STRESSED_SPREADS),
    )
    assert av.Arm.from_toml(arm.to_toml()) == arm
    assert arm.digest != plain.digest
    assert plain.book(0.1).keys().isdisjoint({"calls", "liquidity"})
    assert arm.book(0.1)["calls"]["policy"] == "reduce"
    assert arm.held().calls == av.MarginCalls(policy="hold", half_spreads=av.playbook.STRESSED_SPREADS)
    with pytest.raises(SpecError, match=r"warn = 0\.5: not below block = 1"):
        av.Liquidity(warn=0.5)
    with pytest.raises(SpecError, match="playbook, line 11: MarginCalls: deadlin"):
        av.Arm.from_toml(plain.to_toml() + "\n[calls]\ndeadlin = 2\n")
    with pytest.raises(SpecError, match="ascend from a VIX of 0"):
        av.MarginCalls(half_spreads=((30, 2.0),))
