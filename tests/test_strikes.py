"""Strikes by credit and wings by delta: the engine against its twin, and what they must keep."""

import json
from typing import Any

import numpy as np
import pytest

import alvh as av
import engine_spec
from agreement import agree
from alvh import _core
from alvh.errors import AlvhError, SpecError
from alvh.market import L3F

CONDORS: dict[str, dict[str, Any]] = {
    "range": {"days": 7, "credit": (3.0, 4.0), "width_points": 50},
    "target": {"days": 30, "every": "day", "credit": 1.5, "width_points": 25},
    "small": {"days": 30, "credit": 0.2, "width_points": 2, "product": "XSP"},
    "narrow": {"days": 30, "credit": (1.49, 1.51), "width_points": 25},
    "wings": {"days": 30, "short_delta": 0.20, "wing_delta": 0.05},
    "both": {"days": 30, "credit": 8.0, "wing_delta": 0.10},
    "moves": {"days": 10, "expected_move": 1.0, "wing_delta": 0.10},
    "inside": {"days": 30, "expected_move": 2.0, "wing_delta": 0.30},
    "one side": {"days": 30, "expected_move": 1.0, "wing_delta": 0.12},
    "on the short": {"days": 30, "credit": 1.0, "wing_delta": 0.16},
}


def opened(condor: av.Layer, paths: int = 4) -> list[dict[str, Any]]:
    """Openings of a condor on some paths."""
    plan = _core.Plan(json.dumps(engine_spec.spec([av.Arm("condor", condor)], L3F(vix=20), sessions=63)))
    events = (plan.trace(path, 0)["events"] for path in range(paths))
    return [each for path in events for each in path if each["event"] == "open"]


@pytest.mark.parametrize("name", CONDORS)
def test_the_engine_does_what_the_twin_does(name: str) -> None:
    """R2, C1."""
    arm = av.Arm("condor", av.IronCondor(**CONDORS[name]))
    spec = engine_spec.spec([arm], L3F(vix=20), sessions=63, shares=(0.35,))
    found = [agree(spec, path, 0).summary for path in range(3)]
    assert (sum(each["opened"] for each in found) > 0) == (name != "inside")
    if name in {"narrow", "inside", "one side", "on the short"}:
        assert sum(each["skipped"] for each in found) > 0


@pytest.mark.parametrize("name", ["cndr", "condor_45"])
def test_presets_against_the_twin(name: str) -> None:
    spec = engine_spec.spec([av.preset(name)], L3F(vix=18), sessions=63, shares=(0.35,))
    assert agree(spec, 0, 0).summary["opened"] > 0


def test_a_credit_is_met_within_a_step_of_the_strikes() -> None:
    """C1: what is sold lies in the range, and symmetric in delta: a side no farther than a step from it."""
    spec = engine_spec.spec([av.preset("conservative_1dte_by_credit")], L3F(vix=16), sessions=63)
    events = [e for path in range(3) for e in _core.Plan(json.dumps(spec)).trace(path, 0)["events"]]
    paid = [each["price"] for each in events if each["event"] == "open"]
    slip = 0.35 * 4 * 0.1  # of four options that cost less than a dollar, at the most
    assert len(paid) > 150
    assert all(0.40 - slip <= credit <= 0.60 for credit in paid)
    assert np.ptp(paid) > 0.02


@pytest.mark.parametrize("name", ["one side", "on the short"])
def test_no_side_is_sold_without_a_wing(name: str) -> None:
    """R2: skew may put a wing by delta inside of the short of one side alone."""
    condor = av.IronCondor(**CONDORS[name])
    plan = _core.Plan(json.dumps(engine_spec.spec([av.Arm("condor", condor)], L3F(vix=20), sessions=63)))
    events = [each for path in range(4) for each in plan.trace(path, 0)["events"]]
    sold = [each["strikes"] for each in events if each["event"] == "open"]
    assert all(put > below and call < above for put, below, call, above in sold)
    assert "no wing" in {each["reason"] for each in events if each["event"] == "skip"}


def test_more_credit_lies_nearer_to_the_money() -> None:
    widths = []
    for credit in (1.0, 2.0, 4.0):
        condor = av.IronCondor(days=30, credit=credit, width_points=25)
        widths.append([each["strikes"][2] - each["strikes"][0] for each in opened(condor)])
    assert all(a > b > c for a, b, c in zip(*widths, strict=True))


def test_wings_by_delta_are_wider_where_volatility_is_higher() -> None:
    condor = av.IronCondor(days=30, short_delta=0.20, wing_delta=0.05)
    wings = []
    for vix in (12, 30):
        spec = engine_spec.spec([av.Arm("condor", condor)], L3F(vix=vix), sessions=5)
        strikes = _core.Plan(json.dumps(spec)).trace(0, 0)["events"][0]["strikes"]
        assert strikes[1] < strikes[0] < strikes[2] < strikes[3]
        wings.append(strikes[0] - strikes[1])
    assert wings[1] > 1.5 * wings[0]


@pytest.mark.parametrize(
    ("strikes", "words"),
    [
        ({"by": "credit", "width": 0.01}, 'the strikes by = "credit" need one'),
        ({"credit": 0.5, "width": 0.01}, "others have none"),
        ({"by": "credit", "credit": (0.6, 0.4), "width": 0.01}, "low <= high"),
        ({"by": "credit", "credit": 0.5, "short": 0.1, "width": 0.01}, "follows from it"),
        ({"by": "credit", "credit": 0.5, "erp": 0.1, "width": 0.01}, "by credit they are unused"),
        ({"short": 0.16, "wing_delta": 0.2}, "below 0.16"),
        ({"short": 0.16, "wing_delta": 0.05, "width": 0.01}, "exactly one of width"),
    ],
)
def test_mistakes_in_strikes_are_named(strikes: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        av.preset("plain").replace(name="mine", strikes=strikes)


@pytest.mark.parametrize(
    ("strike", "words"),
    [
        ({"by": "credit", "value": -1.0}, "value = -1"),
        ({"by": "credit", "value": 1.0, "within": (2.0, 3.0)}, "least <= value <= most"),
    ],
)
def test_the_engine_refuses_credits_that_cannot_be(strike: dict[str, Any], words: str) -> None:
    spec = engine_spec.spec([av.preset("plain")], L3F(vix=16), sessions=5)
    for leg in spec["books"][0]["layers"][0]["legs"][::2]:
        leg["strike"] = strike
    with pytest.raises(AlvhError, match=words):
        _core.Plan(json.dumps(spec))
    spec["books"][0]["layers"][0]["legs"][0]["strike"] = {"by": "credit", "value": 1.0}
    spec["books"][0]["layers"][0]["legs"][2]["strike"] = {"by": "credit", "value": 2.0}
    with pytest.raises(AlvhError, match="the credit of the legs before it"):
        _core.Plan(json.dumps(spec))


def test_an_alias_is_the_arm_itself() -> None:
    """R10."""
    assert av.preset("martingale") == av.preset("martingale_replace")
    assert "martingale" not in av.presets()
    with pytest.raises(SpecError, match="martingale"):
        av.preset("martingal")
