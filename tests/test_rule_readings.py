"""What rules read in the engine, name by name, against the twin; and why they say what they say on a path."""

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import alvh as av
import engine_spec
from agreement import compare
from alvh import _core, rules
from alvh.errors import SpecError
from alvh.market import GBM, L3F
from run_samples import command

SESSIONS = 30
SEES = {"enter": ("market", "book"), "exit": ("market", "book", "position")}


def everything(rule: str) -> list[str]:
    """Names that a rule sees, each once."""
    return [row.name for row in rules.names() if row.scope in SEES[rule]]


def text(rule: str) -> str:
    """A rule that reads every name and is about as often true as false once a position is held."""
    reads = " or ".join(f"known({name})" for name in everything(rule))
    return f"({reads}) and {'vix > 0' if rule == 'enter' else 'sessions_held >= 9'}"


@cache
def plan() -> tuple[dict, _core.Plan]:
    arm = av.preset("always_on")
    core, calls = arm.layers
    reading = [
        layer.model_copy(update={rule: rules.parse(text(rule)) for rule in SEES}) for layer in (core, calls)
    ]
    arm = av.Arm("reader", layers=reading, sleeve=arm.ledgers)
    spec = engine_spec.spec([arm], L3F(vix=24), sessions=SESSIONS, shares=(0.35,), seed=5)
    return spec, _core.Plan(json.dumps(spec))


@pytest.mark.parametrize("layer", [0, 1])
def test_every_name_is_what_the_twin_says(layer: int) -> None:
    """R27, R37, R54, R55, R84 and all the others: to nine digits at every close."""
    spec, compiled = plan()
    _, _, twin = compare(spec, 0, 0, compiled)
    checked = 0
    for rule in SEES:
        read = compiled.readings(0, 0, layer, closes=rule == "exit")
        assert read is not None
        assert set(read["names"]) == set(everything(rule)) - {"breakeven_challenge"} | (
            {"breakeven_challenge"} if rule == "exit" else set()
        )
        for row, tick in enumerate(read["tick"]):
            held = np.isfinite(read["entered"][row])
            if tick < 0 or (rule == "exit" and not held):
                continue
            seen = twin.decisions
            names = seen.seen_of[tick, layer, read["slot"][row]] if rule == "exit" else seen.seen[tick]
            for name, values in read["names"].items():
                wanted = names[name]
                wanted = np.nan if wanted is None else wanted
                found = values[row]
                assert found == pytest.approx(wanted, rel=1e-8, abs=1e-9, nan_ok=True), (rule, tick, name)
                checked += np.isfinite(found)
    assert checked > 500


def test_names_of_the_past_are_those_of_the_market() -> None:
    """Before session 0: the VIX, and the spot, that the twin was given."""
    _, compiled = plan()
    read = compiled.readings(0, 0, 0, closes=False)
    assert read is not None
    before = read["tick"] < 0
    assert before.sum() == compiled.warm_up
    for name in ("spot", "vix", "vix_term", "return_1"):
        assert np.isfinite(read["names"][name][before]).all() or name == "return_1"
    assert np.isnan(read["names"]["nav"][before]).all()


@pytest.fixture(scope="module")
def result() -> av.Comparison:
    core = av.IronCondor(
        days=30,
        every="week",
        enter="vix < 30 and vix.zscore(21) < 1.5",
        exit="(profit > 0.1 * credit).for_sessions(2) or gamma_percentile > 95 or (vix > 40).for_sessions(2)",
    )
    return av.compare(
        [av.Arm("managed", core)], L3F(vix=20), paths=32, sessions=42, shares=[0.3], surface_band=0, seed=4
    )


def test_an_explanation_is_what_was_done(result: av.Comparison) -> None:
    """Every closing was told true a close before, every tranche held on was not."""
    events = result.trace(1).events
    closings = events.filter(pl.col("event") == "close", pl.col("reason") != "forced")["tick"].to_list()
    opened = events.filter(pl.col("event") == "open")["tick"].to_list()
    assert closings
    for tick in sorted({3, 20, *(closing - 1 for closing in closings[:3])}):
        enter, *exits = result.explain(1, at=tick)
        assert enter.rule == "enter"
        assert enter.explanation.nodes["text"][0] == "vix < 30 and vix.zscore(21) < 1.5"
        leaving = [told for told in exits if told.explanation.outcome]
        assert len(leaving) == closings.count(tick + 1)
        assert {told.entered for told in exits} <= set(opened)
        if tick + 1 in opened:
            assert enter.explanation.outcome is True


def test_words_and_flips(result: av.Comparison) -> None:
    at = result.trace(1).events.filter(pl.col("event") == "open")["tick"][0]
    told = result.explain(1, "managed", "core", at=at)
    assert str(told[0]).startswith(f"enter, tick {at}:\n")
    assert str(told[1]).startswith(f"exit of the tranche filled at tick {at}, tick {at}:\n")
    flips = told[1].explanation.flips
    assert flips.height
    assert flips["outcome"].to_list() != [told[1].explanation.outcome]
    day = result.trace(1).ledger["date"][at]
    assert isinstance(day, date)
    assert str(result.explain(1, at=day)) == str(told)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"path": 32, "at": 3}, "path = 32"),
        ({"path": 0, "arm": "plain", "at": 3}, "known arms are managed"),
        ({"path": 0, "layer": "cores", "at": 3}, "core"),
        ({"path": 0, "at": 42}, "0 to 41"),
        ({"path": 0, "at": date(1999, 1, 4)}, "at = 1999-01-04"),
    ],
)
def test_what_cannot_be_explained_is_said(result: av.Comparison, asked: dict, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        result.explain(**asked)


@pytest.mark.parametrize(
    "layer",
    [
        # Before the fill the engine has no tranche, though the sessions are read for the window.
        {"exit": "latch(return_1 < 0 or profit > 1e6, loss > 1e6) and (vix > 0).for_sessions(2)"},
        # The window wants 504 sessions, and what happened in the earlier half is before the count begins.
        {"enter": "known(since(return_1 > 0.035)) and return_1.percentile(504) >= 0"},
        {"enter": "latch(return_1 > 0.035, vix < 0).for_sessions(2) or return_1.percentile(504) > 101"},
        # A book has no sessions before the first, though the market that stands beside it has.
        {"enter": "since(return_1 < 0 or nav < 0) >= 0 and return_1.percentile(504) >= 0"},
    ],
)
def test_memories_begin_where_the_engine_begins_them(
    layer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R37: every answer is checked against the engine's, and one that hears all that was read is refused."""
    core = av.IronCondor(days=30, every="week", **layer)
    few = {"paths": 12, "sessions": 9, "shares": [0.3], "surface_band": 0}
    result = av.compare([av.Arm("one", core)], GBM(vol=0.2), **few)

    def every_close() -> list[object]:
        return [told for path in range(12) for tick in (0, 7) for told in result.explain(path, at=tick)]

    assert every_close()
    monkeypatch.setattr("alvh.rules.on_path.beginnings", lambda *_: {})
    with pytest.raises(SpecError, match=r"the engine said .* retell"):
        every_close()


def test_futures_must_be_listed() -> None:
    spec, _ = plan()
    expiries = {product: days for product, days in spec["schedule"]["expiries"].items() if product != "VX"}
    unlisted = {**spec, "schedule": {**spec["schedule"], "expiries": expiries}}
    with pytest.raises(av.AlvhError, match="vx_m1_m2: the schedule lists no expiries of VX"):
        _core.Plan(json.dumps(unlisted))


def test_the_command_tells_the_same(tmp_path: Path) -> None:
    core = av.IronCondor(days=30, every="week", enter="vix > 10", exit="profit > 1e6")
    few: dict[str, Any] = {"paths": 2, "sessions": 9, "shares": [0.3], "surface_band": 0}
    run = av.compare([av.Arm("one", core)], GBM(vol=0.2), out=tmp_path / "run", **few)
    told = command("rules", "path", str(tmp_path / "run"), "1", "--at", "7")
    assert told.stdout.strip() == "\n\n".join(map(str, run.explain(1, at=7)))
    rows = json.loads(command("rules", "path", str(tmp_path / "run"), "1", "--at", "7", "--json").stdout)[
        "rules"
    ]
    assert [row["rule"] for row in rows] == ["enter", *["exit"] * (len(run.explain(1, at=7)) - 1)]
    assert rows[0]["nodes"][0]["text"] == "vix > 10"
