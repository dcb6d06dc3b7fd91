"""Rolls that cost too much are not done, and every roll tells what it harvested of the curve (R58, R83)."""

import json
import re

import numpy as np
import pytest

import alvh as av
import engine_spec
from agreement import agree
from alvh import _core
from alvh.errors import AlvhError, SpecError
from alvh.market import L3F
from alvh.playbook import RollLimits

CORE = av.preset("plain").core
FEW = {"sessions": 126, "shares": (0.35,)}


def rolling(limits: dict | None = None, **more: object) -> av.Arm:
    """Puts of a month and a half that are rolled three weeks before their expiry."""
    puts = av.Layer(
        "puts",
        buy=av.put(days=(30, 65), product="SPX"),
        size=av.offset("core.notional", 0.6),
        roll_below=21,
        roll_limits=limits,
        **more,
    )
    return av.Arm("rolling", CORE, layers=[puts], sleeve=av.Sleeve(share=0.30))


def plan_of(arm: av.Arm, vix: float = 30) -> tuple[dict, _core.Plan]:
    plan = engine_spec.spec([arm], L3F(vix=vix), **FEW)
    return plan, _core.Plan(json.dumps(plan))


def events(compiled: _core.Plan, path: int) -> list[dict]:
    return [row for row in compiled.trace(path, 0)["events"] if row["layer"] == 1]


@pytest.mark.parametrize(
    "limits",
    [{"extrinsic_per_day": 0.8}, {"forward_variance": 1.0}, {"extrinsic_per_day": 1, "forward_variance": 1}],
)
def test_the_engine_keeps_what_the_twin_keeps(limits: dict) -> None:
    plan, compiled = plan_of(rolling(limits))
    kept = np.asarray(compiled.run(0, 64)["rolls_kept"])
    hits = np.flatnonzero(kept)[:2]
    assert len(hits)
    for path in hits:
        assert agree(plan, int(path), 0, compiled).summary["rolls_kept"] == kept[path]


def test_every_roll_tells_the_variances_of_the_twin() -> None:
    plan, compiled = plan_of(rolling())
    for path in range(2):
        told = [
            (row["tick"], row["layer"], *row["variances"])
            for row in events(compiled, path)
            if row["event"] == "open" and row["reason"].startswith("roll; ")
        ]
        assert told
        np.testing.assert_allclose(told, agree(plan, path, 0, compiled).variances, rtol=1e-12)


def test_what_is_not_rolled_stays_with_its_reason_and_is_asked_for_again() -> None:
    _, compiled = plan_of(rolling({"forward_variance": 0.9}))
    path = int(np.flatnonzero(np.asarray(compiled.run(0, 64)["rolls_kept"]))[0])
    rows = events(compiled, path)
    kept = [row for row in rows if row["event"] == "keep"]
    for row in kept:
        bought, sold = map(float, re.findall(r"[\d.]+", row["reason"])[:2])
        assert bought > 0.9 * sold
        traded = [each for each in rows if each["event"] in {"open", "close"}]
        assert row["tick"] not in {each["tick"] for each in traded}
    days = [row["expiry_day"] for row in kept]
    assert len(set(days)) < len(days)  # of one tranche more than once


def test_a_limit_that_never_binds_changes_no_bit() -> None:
    free, loose = (plan_of(rolling(limits))[1].run(0, 32) for limits in (None, {"forward_variance": 1e6}))
    assert all(np.array_equal(free[name], loose[name], equal_nan=True) for name in free)


def test_an_inverted_curve_is_harvested_and_a_rising_one_paid_for() -> None:
    """R83: from VIX 60 the near variance is dear, from 13 it is cheap."""
    found = {}
    for vix in (13, 60):
        market = L3F(vix=vix)
        result = av.compare([rolling()], market, paths=64, surface_band=0, seed=5, **FEW)
        table = result.rolls("rolling")
        assert set(table["layer"]) == {"puts"}
        found[vix] = dict(table.select("figure", "estimate").rows())
        assert found[vix]["harvested"] == pytest.approx(found[vix]["sold"] - found[vix]["forward"])
        assert found[vix]["harvested_a_year"] == pytest.approx(
            found[vix]["harvested"] * found[vix]["rolls"], rel=1e-9
        )
    assert found[13]["harvested"] < 0 < found[60]["harvested"]


def test_advice_lists_a_roll_that_is_too_dear() -> None:
    _, compiled = plan_of(rolling({"forward_variance": 0.9}))
    path = int(np.flatnonzero(np.asarray(compiled.run(0, 64)["rolls_kept"]))[0])
    steps, arm = compiled.begin(path, 0), rolling()
    before = steps.step()
    while (now := steps.step()) is not None:
        kept = [row for row in now["events"] if row["event"] == "keep"]
        if kept:
            held = [
                {**each, "withdrawn": None, "settles": False}
                for each in before["decision"]["layers"][1]["held"]
            ]
            layers = [before["decision"]["layers"][0] | {"held": []}, before["decision"]["layers"][1]]
            told = before["decision"] | {"layers": [layers[0], layers[1] | {"held": held}]}
            skipped = av.advice.orders.skips(arm, told, now["events"]).filter(layer="puts", event="keep")
            assert skipped["reason"].to_list() == [row["reason"] for row in kept]
            return
        before = now
    pytest.fail("nothing was kept")


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ({"roll_below": None}, "a layer with roll_below"),
        ({"roll_limits": {}}, "give extrinsic_per_day, forward_variance or both"),
        ({"buy": av.put(days=(30, 65), every="week")}, "every = 'flat'"),
        ({"buy": av.vx_future(), "size": av.offset("core.vega", 0.5)}, "a future has no time value"),
        ({"roll_limits": {"forward_variance": 0}}, "greater than 0"),
    ],
)
def test_limits_that_mean_nothing_are_refused(change: dict, mend: str) -> None:
    terms = dict(rolling({"extrinsic_per_day": 1.0}).layers[1]) | change
    with pytest.raises(SpecError, match=re.escape(mend)):
        av.Layer(terms.pop("name"), **terms)


def test_the_engine_refuses_them_as_well() -> None:
    plan, _ = plan_of(rolling({"forward_variance": 1.0}))
    for change, mend in (
        ({"roll_below": None}, "flat layer with roll_below"),
        ({"roll_limits": {}}, "extrinsic_per_day, forward_variance or both"),
        ({"roll_limits": {"forward_variance": -1.0}}, "positive"),
    ):
        wrong = json.loads(json.dumps(plan))
        wrong["books"][0]["layers"][1] |= change
        with pytest.raises(AlvhError, match=mend):
            _core.Plan(json.dumps(wrong))


def test_the_second_engine_of_the_methodology_has_limits() -> None:
    """R58."""
    for name in ("alvh_v1", "steward", "promoter"):
        layer = next(each for each in av.preset(name).layers if each.name == "second_engine")
        assert layer.roll_limits == RollLimits(extrinsic_per_day=1.0, forward_variance=1.25)
