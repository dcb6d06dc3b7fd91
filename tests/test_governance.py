"""Governance: k of n votes, a schedule of entries, hard checks, overrides on record (R87, R88)."""

import json
import tomllib
from datetime import date
from functools import cache

import jsonschema
import polars as pl
import pytest

import alvh as av
import engine_spec
from agreement import disagreements
from alvh import _core, playbook
from alvh.errors import SpecError
from alvh.figures import governed as figures_of_governed
from alvh.figures import governed_words
from alvh.market import GBM, L3F
from alvh.playbook import Arm, Override, Playbook, Schedule
from run_samples import command

PLAIN = av.preset("plain")
VOTES = {"calm": "vix < 26", "trend": "rsi_14 > 45", "book": "nav_share > 0.97"}
GOVERNANCE = av.Governance(signals=VOTES)


def governed(arm=PLAIN, name="governed", governance=GOVERNANCE, **more):
    return arm.replace(name=name, governance=governance, **more)


# What needs votes


def test_every_roll_needs_votes_and_only_selling_does_at_opening() -> None:
    """R88: a roll or an increase of risk; buying a hedge is neither."""
    arm = av.preset("alvh_0_governed")
    for layer in arm.layers:
        assert ("votes" in arm.permits(layer)) == (layer.role == "core")
        assert "votes" in arm.permits(layer, rolls=True)
    found = {spec["name"]: spec.get("permits", []) for spec in arm.book(0.1)["layers"]}
    assert [each.get("rolls_only", False) for each in found.pop("core")] == [False]
    for permits in found.values():
        assert [(each["name"], each["rolls_only"]) for each in permits] == [("votes", True)]
    named = arm.replace(name="named", governance=av.Governance(layers=["core"]))
    assert not any(named.permits(layer, rolls=True) for layer in named.layers[1:])


def test_a_schedule_keeps_no_hedge_from_rolling() -> None:
    arm = av.preset("alvh_0").replace(name="mondays", schedule=Schedule(weekdays=["monday"]))
    assert [bool(arm.permits(layer, rolls=True)) for layer in arm.layers[:2]] == [True, False]


# In the engine


@cache
def twin_spec(rolls: bool, named: bool = True) -> tuple[dict, _core.Plan]:
    """A core and a hedge that rolls, both under votes and a schedule, and two days decided by hand.

    Not `named`, the hedge rolls by votes alone and opens as it likes.
    """
    hedge = av.Layer(
        "calls",
        buy=av.vix_call(days=(20, 40), every="flat"),
        size=av.offset("premium_share", 0.002),
        roll_below=18,
    )
    layers = (["core", "calls"] if rolls else ["core"]) if named else []
    governance = av.Governance(signals=VOTES, layers=layers, checks=[])
    schedule = Schedule(weekdays=["monday", "tuesday", "thursday"], not_within={"cpi": 1}, layers=layers)
    arm = Arm("desk", PLAIN.core, layers=[hedge] if rolls else [], governance=governance, schedule=schedule)
    arm = arm.replace(name="desk", sell={"days": (30, 45), "every": "day"})
    spec = engine_spec.spec([arm], L3F(vix=24), sessions=60, shares=(0.35,), seed=11)
    first = spec["schedule"]["origin"]
    overrides = [{"session": first + at, "allow": at != 9} for at in (4, 9, 30)]
    for layer in spec["books"][0]["layers"]:
        layer["overrides"] = overrides
    return spec, _core.Plan(json.dumps(spec))


@pytest.mark.parametrize(("path", "named"), [(0, True), (3, True), (3, False)])
def test_the_twin_withholds_the_same(path: int, named: bool) -> None:
    spec, plan = twin_spec(rolls=True, named=named)
    lines, found, _ = disagreements(spec, path, 0, plan)
    assert not lines, lines[:5]
    assert found["opened"] > 0
    assert found["hedge_opened"] > 0


def test_what_was_withheld_is_counted() -> None:
    """Of the core: the closes at which an opening was due, recounted from what its permits said."""
    spec, plan = twin_spec(rolls=False)
    rows = plan.governed(0, 3, threads=1)
    assert [(row["book"], row["layer"], row["rolls"]) for row in rows] == [(0, 0, False)]
    wanted = withheld = overridden = opened = 0
    reasons: list[str] = []
    for path in range(3):
        _, found, _twin = disagreements(spec, path, 0, plan)
        events = plan.trace(path, 0)["events"]
        told = [event for event in events if event["event"] == "withhold"]
        wanted += spec["sessions"]  # it decides every day
        withheld += len(told)
        reasons += [name for event in told for name in event["reason"].split(", ")]
        overridden += 3
        opened += found["opened"] + found["skipped"] + found["refused"]
        assert {event["tick"] for event in told} >= {9}
    row = rows[0]
    assert (row["wanted"], row["withheld"]) == (wanted, withheld)
    assert 0 < row["overridden"] <= overridden
    assert row["wanted"] - row["withheld"] >= opened  # what is decided last is not filled
    against = {name: (no, unknown) for name, no, unknown in row["by"]}
    assert set(against) == {"schedule", "votes"}
    assert {name: no for name, (no, _) in against.items()} == {name: reasons.count(name) for name in against}


def test_a_withheld_roll_is_held_on() -> None:
    hedge = av.Layer(
        "calls",
        buy=av.vix_call(days=(28, 63), every="flat"),
        size=av.offset("premium_share", 0.002),
        roll_below=14,
    )
    never = av.Governance(signals={"a": "vix < 0", "b": "spot < 0"}, needs=1, layers=["calls"], checks=[])
    arms = [Arm("free", PLAIN.core, layers=[hedge])]
    arms.append(arms[0].replace(name="never", governance=never))
    spec = engine_spec.spec(arms, L3F(vix=20), sessions=80, shares=(0.1,), seed=3)
    spec["books"][1]["layers"][1]["overrides"] = [
        {"session": spec["schedule"]["origin"], "allow": True}
    ]  # opened once, by hand
    plan = _core.Plan(json.dumps(spec))
    found = plan.run(0, 4, threads=1)
    rolled = found["rolled"].reshape(-1, 2)
    assert (rolled[:, 0] > 0).all()
    assert (rolled[:, 1] == 0).all()
    assert (found["hedge_opened"].reshape(-1, 2)[:, 1] == 1).all()
    rolls = next(row for row in plan.governed(0, 4, threads=1) if row["rolls"])
    assert rolls["wanted"] == rolls["withheld"] > 0


def test_by_default_a_hedge_opens_without_votes_and_rolls_with_them() -> None:
    hedge = av.Layer(
        "calls",
        buy=av.vix_call(days=(28, 63), every="flat"),
        size=av.offset("premium_share", 0.002),
        roll_below=14,
    )
    never = av.Governance(signals={"a": "vix < 0", "b": "spot < 0"}, needs=1, checks=[])
    arm = Arm("never", PLAIN.core, layers=[hedge], governance=never)
    plan = _core.Plan(json.dumps(engine_spec.spec([arm], L3F(vix=20), sessions=80, shares=(0.1,), seed=3)))
    found = plan.run(0, 4, threads=1)
    assert (found["hedge_opened"] > 0).all()
    assert not found["rolled"].any()
    rows = [(row["layer"], row["rolls"]) for row in plan.governed(0, 4, threads=1)]
    assert rows == [(0, False), (1, True)]


def test_results_do_not_depend_on_threads_or_cuts() -> None:
    _spec, plan = twin_spec(rolls=True)
    whole = plan.governed(0, 600, threads=1)
    assert plan.governed(0, 600, threads=2) == whole
    parts = [plan.governed(first, 300, threads=1) for first in (0, 300)]
    assert [row["withheld"] for row in whole] == [
        a["withheld"] + b["withheld"] for a, b in zip(*parts, strict=True)
    ]


def test_an_arm_without_governance_reads_and_acts_as_before() -> None:
    """Default off: neither the document for the engine nor the digest knows of it."""
    assert not {"permits", "overrides"} & PLAIN.book(0.1)["layers"][0].keys()
    assert PLAIN.digest == Arm("another", PLAIN.core).digest


def test_unknown_is_no_yes_and_is_told() -> None:
    """C24: a history without a calendar of announcements opens nothing near them, and says so."""
    days = av.schedule.sessions(date(2024, 1, 2), date(2024, 6, 28))
    closes = pl.DataFrame({"date": days, "spx": [4700.0 + n for n in range(len(days))], "vix": 14.0})
    history = av.market.History(closes, rate=0.05, dividend_yield=0.014)
    arm = PLAIN.replace(name="apart", schedule=Schedule(not_within={"fomc": 2}))
    result = av.compare([arm], history, sessions=42, every=40, shares=[0.1], surface_band=0)
    row = result.governed().row(0, named=True)
    assert row["wanted"] == row["withheld"] > 0
    assert row["by"] == [{"check": "schedule", "withheld": row["withheld"], "unknown": row["withheld"]}]
    assert any("of them unknown (R88)" in limit for limit in result.limits)


def test_a_person_may_decide_otherwise_on_a_day_of_the_record() -> None:
    """R87: the override acts on its day alone, is logged with who and why, and changes the hash."""
    days = av.schedule.sessions(date(2024, 1, 2), date(2024, 6, 28))
    closes = pl.DataFrame({"date": days, "spx": [4700.0 + n for n in range(len(days))], "vix": 14.0})
    history = av.market.History(closes, rate=0.05, dividend_yield=0.014)
    closed = av.Governance(signals={"a": "vix > 90", "b": "spot < 0"}, checks=[])
    day = days[10]
    allowed = Override(day=day, layer="core", act="allow", who="risk desk", why="the vote was wrong")
    by_hand = av.Governance(**{**dict(closed), "overrides": [allowed]})
    arms = [
        governed(name=name, governance=each, sell={"days": (30, 45), "every": "day"})
        for name, each in (("closed", closed), ("by_hand", by_hand))
    ]
    assert arms[0].digest != arms[1].digest
    result = av.compare(arms, history, sessions=42, every=40, shares=[0.7], surface_band=0)
    opened = result.paths().collect().filter(path=0).sort("arm")
    assert opened.select("arm", "opened").rows() == [("by_hand", 1.0), ("closed", 0.0)]
    told = result.governed().filter(action="open")
    assert told.select("arm", "overridden").rows() == [("closed", 0), ("by_hand", 1)]
    toml = result.manifest["facts"]["arms"]["by_hand"]["toml"]
    assert 'who = "risk desk", why = "the vote was wrong"' in toml
    gone = Override(day=date(2024, 1, 6), layer="core", act="allow", who="x", why="y")
    off = governed(name="off", governance=av.Governance(**{**dict(closed), "overrides": [gone]}))
    with pytest.raises(SpecError, match="override of 2024-01-06: no session of this history"):
        av.compare([off], history, sessions=42, every=40, shares=[0.1], surface_band=0)


# Hard checks


def test_checks_are_those_of_the_engine() -> None:
    arm = av.preset("alvh_0")
    bare = arm.replace(name="x", governance=av.Governance(checks=[]))
    whole = arm.replace(name="x", governance=av.Governance())
    assert "liquidity" not in bare.book(0.1)
    assert whole.book(0.1)["liquidity"] == av.Liquidity().spec()
    own = arm.replace(name="x", governance=av.Governance(), liquidity=av.Liquidity(block=1.5, warn=2))
    assert own.book(0.1)["liquidity"]["block"] == 1.5
    uncapped = av.Layer("more", buy=av.vix_call(), size=av.offset("core.vega", 0.5))
    arm = arm.replace(name="x", layers=[uncapped], governance=av.Governance())
    assert arm.book(0.1)["layers"][1]["size"]["caps"] == [{"kind": "budget"}]
    free = arm.replace(name="x", governance=av.Governance(checks=["liquidity"]))
    assert free.book(0.1)["layers"][1]["size"]["caps"] == []


def test_the_table_has_every_check() -> None:
    arm = governed(governance=av.Governance(signals=VOTES), sell={"days": (30, 45), "every": "day"})
    few = {"paths": 48, "sessions": 42, "shares": [0.7], "surface_band": 0}
    result = av.compare([PLAIN, arm], L3F(vix=30), **few)
    table = result.governed()
    assert table["arm"].unique().to_list() == ["governed"]
    fills = table.filter(action="fill").row(0, named=True)
    paths = result.paths().collect().filter(arm="governed")
    assert fills["withheld"] == paths["refused"].sum() + paths["blocked"].sum()
    assert {each["check"] for each in fills["by"]} <= {"margin", "liquidity"}
    assert result.tables()["governed"].equals(table)
    assert av.compare([PLAIN], GBM(), **(few | {"paths": 8})).governed().height == 0


def test_words_do_not_say_that_a_smaller_fill_was_stopped() -> None:
    (told,) = governed_words(figures_of_governed([], {"desk": {"margin": 0, "budget": 3}}, ["desk"], {}))
    assert told == "desk: hard checks cut or stopped 3 fills: budget 3 (R88)."


# As a description


def test_written_and_read_back() -> None:
    log = [
        Override(day=date(2018, 2, 6), layer="core", act="withhold", who="risk desk", why='spreads "gone"')
    ]
    governance = av.Governance(signals=VOTES, voters=["calls"], needs=3, checks=["liquidity"], overrides=log)
    calls = av.Layer("calls", buy=av.vix_call(), size=av.offset("core.vega", 0.5), enter="vix_contango < 0")
    schedule = Schedule(
        weekdays=["friday"], not_within={"fomc": 2, "cpi": 0}, when="session > 5", layers=["calls"]
    )
    arm = Arm("desk", PLAIN.core, layers=[calls], governance=governance, schedule=schedule)
    text = arm.to_toml()
    assert "day = 2018-02-06" in text
    again = Arm.from_toml(text)
    assert again == arm
    assert hash(again) == hash(arm)
    assert again.digest == arm.digest
    assert again.to_toml() == text
    votes = arm.permits(arm.core)["votes"]
    assert str(votes).startswith("votes(3, vix < 26")
    assert str(votes).endswith("vix_contango < 0)")


def test_every_term_is_part_of_the_hash() -> None:
    base = governed()
    log = [Override(day=date(2018, 2, 6), layer="core", act="allow", who="a", why="b")]
    changes = [
        {"signals": {**VOTES, "calm": "vix < 25"}},
        {"needs": 3},
        {"layers": ("core",), "checks": ()},
        {"checks": ("budget",)},
        {"overrides": tuple(log)},
        {"overrides": (log[0].model_copy(update={"why": "c"}),)},
    ]
    found = {
        base.digest,
        PLAIN.digest,
        PLAIN.replace(name="s", schedule=Schedule(weekdays=["monday"])).digest,
    }
    for change in changes:
        found.add(governed(governance=av.Governance(**{**dict(GOVERNANCE), **change})).digest)
    assert len(found) == 3 + len(changes)


GOOD = """schema = 1
name = "mine"
[[layer]]
name = "core"
strikes = { by = "delta", short = 0.16, width = 0.01 }
"""


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            '[governance]\nsignal = { a = "vix < 3" }',
            7,
            "governance.signal: unknown key: did you mean 'signals'?",
        ),
        ('[governance]\nsignals = { a = "vix < 3", b = "los > 1" }', 7, "unknown name"),
        ('[governance]\nsignals = { a = "vix < 3", b = "vix_term > 1" }', 6, "all of one family, volatility"),
        ('[governance]\nsignals = { "größe" = "vix < 3" }', 7, "governance.signals.0.name"),
        ("[governance]\nneeds = 4", 6, "needs = 4: of 3 votes"),
        ('[governance]\nlayers = ["cores"]', 7, "no layer 'cores': did you mean 'core'?"),
        ('[governance]\nvoters = ["core"]', 7, "layer 'core' has no enter rule to vote by"),
        ('[governance]\nchecks = ["margn"]', 7, "governance.checks.0"),
        (
            '[governance]\noverrides = [{ day = 2018-02-06, layer = "c", act = "allow", who = "x" }]',
            7,
            "why: missing",
        ),
        ('[schedule]\nweekdays = ["sunday"]', 7, "schedule.weekdays.0"),
        ("[schedule]\nnot_within = { fed = 2 }", 7, "schedule.not_within.0.event"),
        ("[schedule]", 6, "this leaves no day out"),
    ],
)
def test_mistakes_are_named_by_key_and_line(text: str, line: int, words: str) -> None:
    with pytest.raises(SpecError) as refused:
        Arm.from_toml(GOOD + text, source="mine.toml")
    assert words in str(refused.value)
    assert f"mine.toml, line {line}: " in str(refused.value)


# Playbooks of several arms


def test_a_playbook_is_one_file_and_one_hash() -> None:
    own = governed(PLAIN.stop(), name="own", governance=av.Governance(needs=1))
    desk = Playbook("desk", [PLAIN, own], about='Of the "desk".', governance=GOVERNANCE)
    assert desk["plain"].governance == GOVERNANCE
    assert desk["own"].governance.needs == 1
    text = desk.to_toml()
    assert text.count("[governance]") == 1
    assert text.count("[arm.governance]") == 1
    again = Playbook.from_toml(text)
    assert again == desk
    assert hash(again) == hash(desk)
    assert again.digest == desk.digest
    assert again.to_toml() == text
    assert desk.digest != Playbook("desk", [PLAIN, own]).digest
    alone = Playbook.from_toml(PLAIN.to_toml())
    assert alone.arms == (PLAIN,)


SET = """schema = 1
name = "desk"

[[arm]]
preset = "plain"

[[arm]]
name = "stop"

[[arm.layer]]
name = "core"
exit = "loss >= 2 * credit"

[governance]
signals = { calm = "vix < 30", trend = "rsi_14 > 30" }
needs = 1
"""


def test_a_set_is_read_with_presets_and_arms_in_full() -> None:
    desk = Playbook.from_toml(SET)
    assert [arm.name for arm in desk.arms] == ["plain", "stop"]
    assert desk["stop"].digest == governed(PLAIN.stop(), name="x", governance=desk.governance).digest
    schema = jsonschema.Draft202012Validator(playbook.schema())
    schema.validate(tomllib.loads(SET))
    schema.validate(tomllib.loads(desk.to_toml()))
    for wrong in ("layr = 3", "[ledgers]"):
        assert not schema.is_valid(tomllib.loads(f"{SET}\n{wrong}"))
    assert not schema.is_valid({"schema": 1, "name": "x"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('preset = "plain"', 'preset = "plian"'), "line 5: preset 'plian': did you mean 'plain'?"),
        (('preset = "plain"', 'preset = "plain"\nname = "x"'), "line 6: name: unknown key"),
        (("exit =", "exits ="), "line 12: layer 1 (core): exits: unknown key: did you mean 'exit'?"),
        (("needs", "neds"), "line 16: governance.neds: unknown key: did you mean 'needs'?"),
        (('name = "desk"\n', ""), "name: every playbook needs one"),
        (('name = "stop"', 'name = "plain"'), "names of arms must differ"),
        (("[governance]", "[ledgers]\n[governance]"), "line 14: ledgers: unknown key"),
    ],
)
def test_mistakes_in_a_set_are_named_by_key_and_line(change: tuple[str, str], words: str) -> None:
    with pytest.raises(SpecError) as refused:
        Playbook.from_toml(SET.replace(*change), source="desk.toml")
    assert words in str(refused.value)
    assert "desk.toml" in str(refused.value)


def test_compare_and_the_commands_take_a_playbook(tmp_path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(SET, encoding="utf-8")
    few = {"paths": 16, "sessions": 21, "shares": [0.1], "surface_band": 0}
    desk = Playbook.read(file)
    result = av.compare(desk, GBM(), **few)
    assert result.arms == ["plain", "stop"]
    run = command(
        *(
            "compare",
            "--playbook",
            str(file),
            "--model",
            "gbm",
            "--paths",
            "16",
            "--sessions",
            "21",
            "--json",
        ),
        *("--shares", "0.10", "--surface-band", "0", "--vix", "20"),
    )
    assert json.loads(run.stdout)["governed"]
    checked = json.loads(command("rules", "check", str(file), "--json").stdout)["rules"]
    assert {row["where"] for row in checked} >= {"plain: governance.calm", "stop: core.exit"}
    with pytest.raises(SpecError, match=r"several arms: read it with Playbook\.read"):
        Arm.read(file)
