"""One layer bought in parts: tranches that scale in at announcements (R28)."""

import json
import re

import pytest

import alvh as av
import engine_spec
from agreement import agree
from alvh import _core
from alvh.errors import AlvhError, SpecError
from alvh.market import L3F

CORE = av.preset("plain").core
EVENTS = ("fomc", "cpi", "ppi")
PARTS = [{"share": "1/2"}, *({"share": "1/6", "when": f"days_to_{event} == 0"} for event in EVENTS)]
FEW = {"sessions": 126, "shares": (0.35,)}


def scaled(tranches: list[dict] | None = None, **more: object) -> av.Arm:
    calls = av.Layer(
        "calls",
        buy=av.vix_call(days=(28, 63), every="flat"),
        size=av.offset("core.vega", 0.5),
        enter="core_sd_move > 0.5",
        tranches=PARTS if tranches is None else tranches,
        **{"exit": "core_challenge < 0.2", "roll_below": 14} | more,
    )
    return av.Arm("scaled", CORE, layers=[calls], sleeve=av.Sleeve(share=0.30))


def plan_of(arm: av.Arm) -> tuple[dict, _core.Plan]:
    plan = engine_spec.spec([arm], L3F(vix=24), **FEW)
    return plan, _core.Plan(json.dumps(plan))


def opened(compiled: _core.Plan, path: int) -> list[dict]:
    rows = compiled.trace(path, 0)["events"]
    return [row for row in rows if (row["layer"], row["event"]) == (1, "open")]


def test_the_engine_scales_in_as_the_twin_does() -> None:
    plan, compiled = plan_of(scaled())
    for path in range(4):
        assert agree(plan, path, 0, compiled).summary["hedge_opened"] == len(opened(compiled, path))


def test_each_part_is_added_at_its_announcement_once_until_the_layer_is_flat() -> None:
    plan, compiled = plan_of(scaled())
    calendar = plan["schedule"]
    found = set()
    for path in range(16):
        rows = [row for row in compiled.trace(path, 0)["events"] if row["layer"] == 1]
        held: dict[int, float] = {}
        cycle: list[str] = []
        for row in rows:
            if row["event"] == "open":
                by = row["reason"].split(";")[0]
                if not held and by != "roll":
                    cycle = []
                assert by == "roll" or by not in cycle
                cycle.append(by)
                held[row["slot"]] = row["lots"]
                if by.startswith("days_to_"):
                    event = re.findall(r"days_to_(\w+)", by)[0]
                    assert calendar["origin"] + row["tick"] - 1 in calendar["events"][event]
                    found.add(event)
            elif row["event"] in {"close", "settle"}:
                held.pop(row["slot"])
    assert found == set(EVENTS)


def test_a_part_is_a_share_of_the_target() -> None:
    """Half of the lots at first; with a second half at once, all of them."""
    whole = [{"share": 1}]
    lots = {}
    for name, parts in (("half", [{"share": 0.5}]), ("whole", whole), ("without", [])):
        lots[name] = [opened(plan_of(scaled(parts))[1], path)[0]["lots"] for path in range(4)]
    assert lots["whole"] == lots["without"]
    assert [abs(2 * half - all_) <= 1 for half, all_ in zip(lots["half"], lots["whole"], strict=True)] == [
        True
    ] * 4


def test_what_is_closed_by_rule_gets_no_further_part() -> None:
    """The exit rule is true at once: what it closes is not added to."""
    _, compiled = plan_of(scaled([{"share": 0.5}, {"share": 0.5, "when": "vix > 0"}], exit="vix > 0"))
    for path in range(4):
        rows = opened(compiled, path)
        assert rows
        assert {row["reason"].split(";")[0] for row in rows} == {"core_sd_move > 0.5"}


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ({"tranches": [{"share": 0.5, "when": "vix > 20"}]}, "write it there"),
        ({"tranches": [{"share": 0.5}, {"share": 0.5}]}, "needs a rule that adds it"),
        ({"tranches": [{"share": 0.7}, {"share": 0.7, "when": "vix > 20"}]}, "sum to at most 1"),
        ({"buy": av.vix_call(every="week")}, "a cadence opens one after the other"),
        ({"size": av.offset("premium_share", 0.01)}, "another size.target"),
        ({"tranches": [{"share": 0.05}, *[{"share": 0.05, "when": "vix > 20"}] * 16]}, "at most 16"),
    ],
)
def test_parts_that_mean_nothing_are_refused(change: dict, mend: str) -> None:
    terms = dict(scaled().layers[1]) | change
    with pytest.raises(SpecError, match=re.escape(mend)):
        av.Layer(terms.pop("name"), **terms)


def test_the_engine_refuses_them_as_well() -> None:
    plan, _ = plan_of(scaled())
    layer = plan["books"][0]["layers"][1]
    for change, mend in (
        ({"tranches": layer["tranches"][1:]}, "the first, which opens by enter"),
        ({"every": "week"}, "a flat layer"),
        ({"tranches": [{"share": 1.5}]}, "shares in all"),
    ):
        wrong = json.loads(json.dumps(plan))
        wrong["books"][0]["layers"][1] |= change
        with pytest.raises(AlvhError, match=mend):
            _core.Plan(json.dumps(wrong))


def test_the_first_triggered_tranche_of_the_methodology_grows_at_announcements() -> None:
    """R27, R28."""
    for name in ("alvh_v1", "steward", "promoter"):
        layer = next(each for each in av.preset(name).layers if each.name == "layer_1b")
        assert [str(each.when) for each in layer.tranches[1:]] == [f"days_to_{e} == 0" for e in EVENTS]
        assert sum(each.share for each in layer.tranches) == pytest.approx(1)
