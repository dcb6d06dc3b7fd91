"""Why a layer was not permitted to open or roll, on one path and close: votes, nodes, flips (R87, R88)."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import alvh as av
from alvh import _core
from alvh.errors import SpecError
from alvh.market import L3F
from alvh.playbook import Override, Schedule
from alvh.rules.on_path import PathExplanation, explain_path
from run_samples import command

VOTES = {"calm": "vix < 26", "trend": "rsi_14 > 45", "book": "nav_share > 0.97"}
SESSIONS = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs") / "run"


@pytest.fixture(scope="module")
def result(folder: Path) -> av.Comparison:
    """A core that decides every day under votes and a schedule, and a hedge that rolls by votes alone."""
    hedge = av.Layer(
        "calls",
        buy=av.vix_call(days=(20, 40), every="flat"),
        size=av.offset("premium_share", 0.002),
        roll_below=18,
    )
    arm = av.preset("plain").replace(
        name="desk",
        sell={"days": (30, 45), "every": "day"},
        governance=av.Governance(signals=VOTES, checks=[]),
        schedule=Schedule(weekdays=["monday", "tuesday", "thursday"]),
    )
    arm = av.Arm("desk", arm.core, layers=[hedge], governance=arm.governance, schedule=arm.schedule)
    few = {"paths": 8, "sessions": SESSIONS, "shares": [0.35], "surface_band": 0, "seed": 11}
    return av.compare([arm], L3F(vix=24), out=folder, **few)


def permits(told: tuple[PathExplanation, ...]) -> list[PathExplanation]:
    return [each for each in told if each.rule == "permit"]


@pytest.mark.parametrize("layer", ["core", "calls"])
def test_what_was_withheld_is_explained_by_the_permits_that_were_not_true(
    result: av.Comparison, layer: str
) -> None:
    events = result.trace(3).events.filter(event="withhold", layer=layer)
    assert events.height
    reasons = dict(events.select("tick", "reason").iter_rows())
    for tick in sorted({0, 5, 17, 33, *list(reasons)[:6]}):
        told = permits(result.explain(3, layer=layer, at=tick))
        assert [each.permit.name for each in told if each.permit] == (
            ["schedule", "votes"] if layer == "core" else ["votes"]
        )
        assert all(each.permit and each.permit.rolls_only == (layer == "calls") for each in told)
        against = [each.permit.name for each in told if each.permit and each.permit.withheld]
        assert against == (reasons[tick].split(", ") if tick in reasons else [])
        assert all(each.explanation.outcome is not True for each in told if each.permit.name in against)


def test_votes_are_told_one_by_one_with_what_would_turn_them(result: av.Comparison) -> None:
    ledger, events = result.trace(3).ledger, result.trace(3).events
    tick = next(
        tick
        for tick, reason in events.filter(event="withhold", layer="core").select("tick", "reason").iter_rows()
        if reason == "votes"
    )
    told = permits(result.explain(3, at=tick))
    votes = told[1].explanation
    cast = votes.nodes.filter(depth=1)
    assert cast["text"].to_list() == list(VOTES.values())
    assert cast["truth"].sum() < 2
    assert cast["truth"][0] == (ledger["vix"][tick] < 26)
    assert votes.flips.height
    assert votes.flips["outcome"].all()
    words = str(told[1])
    assert words.startswith(f"permit votes, tick {tick}, withholds what is due:\nfalse  votes(2, vix < 26")
    assert "true if " in words
    assert str(told[0]).startswith(f"permit schedule, tick {tick}:\ntrue  ")


def test_the_command_tells_the_same(result: av.Comparison, folder: Path) -> None:
    tick = result.trace(3).events.filter(event="withhold", layer="core")["tick"][0]
    asked = ("rules", "path", str(folder), "3", "--at", str(tick))
    assert command(*asked).stdout.strip() == "\n\n".join(map(str, result.explain(3, at=tick)))
    rows = json.loads(command(*asked, "--json").stdout)["rules"]
    assert [row["permit"]["name"] for row in rows if row["rule"] == "permit"] == ["schedule", "votes"]
    assert any(row["permit"]["withheld"] for row in rows if row["permit"])


def test_what_a_person_decided_is_told() -> None:
    """R87: on the day of an override the permits say what they say, and a person what happens."""
    days = av.schedule.sessions(date(2024, 1, 2), date(2024, 6, 28))
    closes = pl.DataFrame({"date": days, "spx": [4700.0 + n for n in range(len(days))], "vix": 14.0})
    history = av.market.History(closes, rate=0.05, dividend_yield=0.014)
    log = [
        Override(day=days[at], layer="core", act=act, who="risk desk", why="the vote was wrong")
        for at, act in ((10, "allow"), (11, "withhold"))
    ]
    for signals, withheld in (("vix > 90", [True, False, True]), ("vix > 1", [False, False, False])):
        votes = av.Governance(signals={"a": signals, "b": "session > -1"}, needs=2, checks=[], overrides=log)
        arm = av.preset("plain").replace(
            name="by_hand", governance=votes, sell={"days": (30, 45), "every": "day"}
        )
        result = av.compare([arm], history, sessions=42, every=40, shares=[0.7], surface_band=0)
        start = result.task.spec["starts"][0]
        told = [permits(result.explain(0, at=day - start))[0] for day in (9, 10, 11)]
        assert [each.permit.decided for each in told if each.permit] == [None, True, False]
        # A person's no is told by the votes only where they say no as well.
        assert [each.permit.withheld for each in told if each.permit] == withheld
        assert "a person allows it" in str(told[1])
        assert "a person forbids it" in str(told[2])
        reasons = dict(result.trace(0).events.filter(event="withhold").select("tick", "reason").iter_rows())
        assert reasons.get(11 - start) == ("votes" if signals == "vix > 90" else "override")


def test_permits_that_retell_another_reason_are_refused(result: av.Comparison) -> None:
    """The engine's own events are the truth: an explanation of another reason is none."""
    tick = result.trace(3).events.filter(event="withhold", layer="core")["tick"][0]
    alone = result._alone("desk", 0.35, result.task.spec["starts"])

    class Forged:
        """A plan whose events give another reason."""

        readings = alone.readings

        @staticmethod
        def trace(path: int, book: int) -> dict:
            found = alone.trace(path, book)
            return found | {"events": [each | {"reason": "whim"} for each in found["events"]]}

    layer = result.task.spec["books"][0]["layers"][0]
    with pytest.raises(SpecError, match="the engine withheld for whim, and the permits retell"):
        explain_path(Forged(), 3, 0, layer, tick=tick, session=0)  # type: ignore[arg-type]


def test_a_layer_without_permits_is_explained_as_before() -> None:
    few = {"paths": 2, "sessions": 9, "shares": [0.3], "surface_band": 0}
    core = av.IronCondor(days=30, every="week", enter="vix > 10")
    result = av.compare([av.Arm("one", core)], L3F(), **few)
    (told,) = result.explain(0, at=0)
    assert (told.rule, told.permit) == ("enter", None)
    plan = _core.Plan(result.task.text)
    assert plan.readings(0, 0, 0, permit=0) is None
