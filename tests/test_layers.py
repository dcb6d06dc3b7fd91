"""Layers timed to announcements, sizes in bands, put spreads by their signs: the engine against its twin."""

import json
from datetime import timedelta

import numpy as np
import pytest

import alvh as av
import engine_spec
from agreement import agree
from alvh import _core
from alvh.comparison import EPOCH
from alvh.market import L3F
from alvh.playbook import Size

CORE = av.preset("plain").core
VEGA = av.offset("core.vega", 0.50)
LAYERS = {
    "after the FOMC": av.Layer(
        "hedge", buy=av.vix_call(days=(1, 60), spread_delta=0.1, every="week", after="fomc"), size=VEGA
    ),
    "after the CPI": av.Layer("hedge", buy=av.vix_call(days=(1, 60), every="flat", after="cpi"), size=VEGA),
    "bands": av.Layer(
        "hedge",
        buy=av.vix_call(every="week"),
        size=VEGA.reduced_when([("vix > 22", 0.75), ("vix > 26", 0.5), ("vix > 30", 0.25)]),
    ),
    "a band": av.Layer(
        "hedge", buy=av.vix_call(every="day"), size=Size(target="core.vega", value=0.5, band=0.3)
    ),
    "maximum loss": av.Layer(
        "hedge", buy=av.vx_future(every="week", product="VXM"), size=av.offset("core.max_loss", 0.10)
    ),
    "a spread with the signs": av.Layer(
        "hedge", buy=av.playbook.put(delta=0.45, spread_delta=0.15), size=av.offset("core.notional", 0.3)
    ),
    "a spread without": av.Layer(
        "hedge", buy=av.playbook.put(delta=0.80, spread_delta=0.60), size=av.offset("core.notional", 0.3)
    ),
}


def hedged(name: str) -> av.Arm:
    return av.Arm("hedged", CORE, layers=[LAYERS[name]], sleeve=av.Sleeve(share=0.10))


def spec(name: str, sessions: int = 84) -> dict:
    return engine_spec.spec([hedged(name)], L3F(vix=24), sessions=sessions, shares=(0.35,))


@pytest.mark.parametrize("name", LAYERS)
def test_the_engine_does_what_the_twin_does(name: str) -> None:
    """R23, R29, R40, R41, R44, R82, C18."""
    compiled, plan = _core.Plan(json.dumps(spec(name))), spec(name)
    for path in range(3):
        found = agree(plan, path, 0, compiled).summary
        assert (found["hedge_opened"] > 0) == (name != "a spread without")
        assert (found["r44_refused"] > 0) == (name == "a spread without")


def test_an_expiry_after_the_fomc_is_the_first_that_settles_behind_it() -> None:
    """R23: VIX options settle in the morning, the FOMC speaks at 14:00."""
    plan = spec("after the FOMC", sessions=252)
    days, calendar = plan["schedule"]["days"], plan["schedule"]
    events = [row for row in _core.Plan(json.dumps(plan)).trace(0, 0)["events"] if row["layer"] == 1]
    opened = [row for row in events if row["event"] == "open"]
    assert len(opened) > 5
    for row in opened:
        fill = calendar["origin"] + row["tick"]
        told = min(at for at in calendar["events"]["fomc"] if at > fill)
        behind = min(at for at in calendar["expiries"]["VIX"] if at > told)
        assert row["expiry_day"] == days[behind]
        assert EPOCH + timedelta(days[told]) < EPOCH + timedelta(row["expiry_day"])


def test_on_a_day_of_both_the_time_of_the_announcement_decides() -> None:
    """An 8:30 release is known to that morning's settlement; what is said at 14:00 is not."""
    plan = spec("after the FOMC")
    found = {}
    for kind in ("fomc", "cpi"):
        plan["books"][0]["layers"][1]["after"] = kind
        plan["schedule"]["events"][kind] = plan["schedule"]["expiries"]["VIX"]
        row = next(
            row
            for row in _core.Plan(json.dumps(plan)).trace(0, 0)["events"]
            if (row["event"], row["layer"]) == ("open", 1)
        )
        fill = plan["schedule"]["origin"] + row["tick"]
        later = [at for at in plan["schedule"]["expiries"]["VIX"] if at > fill]
        found[kind] = [plan["schedule"]["days"][at] for at in later].index(row["expiry_day"])
    assert found == {"fomc": 1, "cpi": 0}


def test_without_announcements_nothing_is_opened() -> None:
    """C24."""
    plan = spec("after the FOMC")
    plan["schedule"]["events"] = {}
    events = _core.Plan(json.dumps(plan)).trace(0, 0)["events"]
    assert {row["reason"] for row in events if row["layer"] == 1} == {"no expiry"}


def test_a_refused_spread_says_which_sign_is_wrong() -> None:
    """R44, C18."""
    events = _core.Plan(json.dumps(spec("a spread without"))).trace(0, 0)["events"]
    reasons = {row["reason"].split(":")[0] for row in events if row["layer"] == 1}
    assert reasons <= {"R44", "covered"}
    assert "R44" in reasons


def test_a_spread_whose_vega_nobody_knows_is_refused_as_such() -> None:
    """R44: its sign would be guessed where VIX does not move."""
    arm = hedged("a spread with the signs")
    plan = engine_spec.spec([arm], av.market.GBM(), sessions=84, shares=(0.35,))
    assert agree(plan, 0, 0).summary["r44_refused"] > 0
    events = _core.Plan(json.dumps(plan)).trace(0, 0)["events"]
    reasons = {row["reason"] for row in events if row["layer"] == 1}
    assert "R44: VIX does not move in this market" in reasons
    assert reasons <= {"R44: VIX does not move in this market", "covered"}


def test_a_band_trades_less_often() -> None:
    """R82."""
    plain = LAYERS["a band"].model_copy(update={"size": VEGA})
    arms = [
        av.Arm(name, CORE, layers=[layer], sleeve=av.Sleeve(share=0.10))
        for name, layer in (("band", LAYERS["a band"]), ("each", plain))
    ]
    plan = _core.Plan(json.dumps(engine_spec.spec(arms, L3F(vix=24), sessions=84, shares=(0.35,))))
    band, each = np.asarray(plan.run(0, 64)["hedge_opened"]).reshape(64, 2).T
    assert (band < each).all()


@pytest.mark.parametrize("margin", ["strategy", "portfolio"])
def test_the_notional_of_the_wings_is_the_same_whatever_margin_asks(margin: str) -> None:
    """R4, C21: what a lot ties up is its width, where portfolio margin would require less."""
    sizes = [Size(), Size(basis="wing_notional")]
    arms = [
        av.Arm(name, CORE.model_copy(update={"size": size}))
        for name, size in zip(("required", "wings"), sizes, strict=True)
    ]
    plan = engine_spec.spec(arms, L3F(vix=18), sessions=42, margin=margin)
    required, wings = (agree(plan, 0, book) for book in range(2))
    if margin == "strategy":
        assert (wings.nav == required.nav).all()
    else:
        assert 0 < wings.summary["max_lots"] < required.summary["max_lots"]
