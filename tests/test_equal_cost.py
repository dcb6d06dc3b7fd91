"""Rivals at equal cost, end to end: known answers, frozen ones, and words where there is none (R19)."""

import hashlib
import json
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import alvh as av
import history_samples
from alvh import equal_cost, figures, runner
from alvh.bisection import HALVINGS, TOLERANCE
from alvh.equal_cost import PILOT_PATHS, pilot_market, pilot_paths, pilot_seed, settle
from alvh.errors import AlvhError, SpecError
from alvh.market import GBM, L3F, History
from alvh.playbook import Arm
from alvh.report.console import print_comparison
from alvh.scenario import Scenario
from alvh.specification import count_paths, task_of
from alvh.stress_set import stress_report
from run_samples import command, refused, stamps

KEPT = 0.47
PLAIN = av.preset("plain")
FEWER = PLAIN.fewer_lots(KEPT)
STANDING = [PLAIN, FEWER]
LOTS = PLAIN.rival("lots", (0.0, 1.0), to="fewer_lots", name="by_lots")
WIDTH = PLAIN.rival("width", (0.01, 0.04), to="fewer_lots", name="by_width")
BEYOND = PLAIN.rival("lots", (0.8, 1.0), to="fewer_lots", name="beyond")
RIVALS = [LOTS, WIDTH, BEYOND]

ASKED: dict[str, Any] = {"sessions": 63, "capital": 1e8, "seed": 5, "shares": (0.10,)}
MARKET = L3F(vix=18)


def found(*arms: Arm, market: Any = MARKET, threads: int = 0, **more: Any) -> dict[str, Any]:
    return settle(arms, market, threads=threads, **{**ASKED, **more}).facts["rivals"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("equal") / "run"
    av.compare([*STANDING, *RIVALS], MARKET, paths=300, chunk=128, out=out, **ASKED)
    return out


@pytest.fixture(scope="module")
def result(folder: Path) -> av.Comparison:
    return av.Comparison.load(folder)


@pytest.fixture
def no_pilot(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is frozen is not solved again."""

    def again(*_: object) -> None:
        raise AssertionError("the pilot ran")

    monkeypatch.setattr(equal_cost._Pilot, "earned", again)


# Known answers


def test_the_lots_of_an_arm_that_sells_fewer_are_found_again(result: av.Comparison) -> None:
    """P&L is proportional to lots where they are many: the answer is the multiplier of the matched arm."""
    row = result.equal_cost().row(by_predicate=pl.col("arm") == "by_lots", named=True)
    assert row["status"] == "solved"
    assert row["value"] == pytest.approx(KEPT, abs=1.1 * TOLERANCE * (1 - KEPT))
    assert abs(row["drag"] - row["target"]) <= TOLERANCE * abs(row["target"])
    assert row["drag_here"] == pytest.approx(row["target_here"], rel=2 * TOLERANCE)


def test_wider_wings_cost_as_much_on_the_pilot(result: av.Comparison) -> None:
    row = result.equal_cost().row(by_predicate=pl.col("arm") == "by_width", named=True)
    assert row["status"] == "solved"
    assert 0.01 < row["value"] < 0.04
    assert abs(row["drag"] - row["target"]) <= TOLERANCE * abs(row["target"])


def test_costs_are_those_of_a_comparison_on_the_pilots_paths(result: av.Comparison) -> None:
    """The naive way: run the concrete arms with seed and paths of the pilot, and subtract means."""
    pilot = result.manifest["facts"]["equal_cost"]["pilot"]
    arms = [Arm.from_toml(facts["toml"]) for facts in result.manifest["facts"]["arms"].values()]
    again = av.compare(arms, MARKET, paths=pilot["paths"], **{**ASKED, "seed": pilot["seed"]})
    mean = {
        row["arm"]: row["estimate"]
        for row in again.summary().filter(figure="return_on_nav").iter_rows(named=True)
    }
    for row in result.equal_cost().iter_rows(named=True):
        assert row["drag"] == pytest.approx(mean["plain"] - mean[row["arm"]], abs=1e-14)
        assert row["target"] == pytest.approx(mean["plain"] - mean["fewer_lots"], abs=1e-14)


def test_costs_here_are_those_of_the_paired_differences(result: av.Comparison) -> None:
    differences = result.against().filter(figure="return_on_nav")
    drags = dict(differences.select("arm", -pl.col("estimate")).iter_rows())
    for row in result.equal_cost().iter_rows(named=True):
        assert row["drag_here"] == drags[row["arm"]]
        assert row["target_here"] == drags[row["to"]]


def test_whole_lots_leave_a_step_that_is_said_to_be_one() -> None:
    """Three lots of four are matched by lots twice as wide: one costs more, two cost less, none the same."""

    def lots(value: float, width: float, name: str) -> Arm:
        size = av.Size(target="lots", value=value)
        return av.Arm(name, av.IronCondor(width=width, size=size))

    wide = lots(1, 0.02, "wide").rival("lots", (0.0, 4.0), to="three", name="wide")
    one = found(lots(4, 0.01, "four"), lots(3, 0.01, "three"), wide)["wide"]
    assert one["status"] == "nearest"
    assert one["evaluations"] == 2 + HALVINGS
    assert one["words"].startswith("not equal: costs ")
    assert one["words"].endswith(" of three: the nearest step")


@pytest.mark.parametrize("name", ["always_on", "random_timing", "spx_put_overlay"])
def test_an_overlay_at_equal_cost_has_the_layers_of_the_one_that_costs_what_it_costs(name: str) -> None:
    """The preset and its rival differ in what is solved, and in no budget that would cap it (R19)."""
    alone, rival = av.preset(name), av.preset(f"{name}_equal_cost")
    assert rival.equal_cost is not None
    assert (rival.equal_cost.to, rival.equal_cost.vary) == ("alvh_0", "overlay")
    assert rival.layers == tuple(map(without_budget, alone.layers))
    core, *others = rival.varied(0.5).layers
    assert core == alone.core
    assert [each.size.multiplier for each in others] == [
        each.size.multiplier / 2 for each in alone.layers[1:]
    ]


def without_budget(layer: av.Layer) -> av.Layer:
    caps = tuple(cap for cap in layer.size.caps if cap != "sleeve.budget")
    return layer.model_copy(update={"size": layer.size.model_copy(update={"caps": caps})})


def test_an_overlay_is_scaled_until_it_costs_as_much_as_another() -> None:
    """Twice the puts cost twice as much, where lots are many: the answer is the factor."""
    puts = av.preset("spx_put_overlay")
    twice = puts.rival("overlay", (0.0, 8.0), name="twice").varied(2.0)
    rival = puts.rival("overlay", (0.0, 5.0), to="twice", name="rival")
    assert found(PLAIN, twice, rival, capital=1e9)["rival"]["value"] == pytest.approx(
        2.0, rel=1.2 * TOLERANCE
    )


# What cannot be solved is said


def test_out_of_reach_is_run_at_the_nearer_end_and_said_everywhere(result: av.Comparison) -> None:
    row = result.equal_cost().row(by_predicate=pl.col("arm") == "beyond", named=True)
    assert (row["status"], row["value"], row["evaluations"]) == ("unattainable", 0.8, 2)
    assert row["words"].startswith("not equal: costs ")
    assert row["words"].endswith(" of fewer_lots: out of reach with lots between 0.8 and 1")
    assert (
        f"† not at equal cost (R19): beyond {row['words'].removeprefix('not equal: ')}." in result.headline()
    )
    assert f"beyond: {row['words']}." in result.limits
    assert result.label("beyond") == "beyond†"
    assert [result.label(arm) for arm in ("plain", "by_lots")] == ["plain", "by_lots"]


def test_the_report_shows_what_was_solved(result: av.Comparison) -> None:
    console = Console(file=StringIO(), width=80, color_system=None)
    print_comparison(console, result)
    told = console.file.getvalue()
    assert max(map(len, told.splitlines())) <= 80
    table = told[told.index("Rivals at equal cost") :].split("\n\n")[0]
    assert "beyond†" in table
    assert "unattainable" in table
    assert table.count("not equal") == 1
    assert " ".join(table.split()).endswith(f"Pilot: {result.pilot}; solved: within 5%")


def test_the_pilot_is_named(result: av.Comparison) -> None:
    assert result.pilot == (
        f"1,200 paths of 63 sessions, L3F(vix=18, spot=5000), seed {pilot_seed(ASKED['seed'])}, "
        "at a margin share of 10%"
    )
    assert any(result.pilot in limit for limit in result.limits)


# Frozen


def test_the_manifest_holds_the_arms_that_ran(folder: Path, result: av.Comparison) -> None:
    facts = json.loads((folder / "manifest.json").read_text())["facts"]
    for row in result.equal_cost().iter_rows(named=True):
        stored = Arm.read(folder / f"arms/{row['arm']}.toml")
        assert stored.equal_cost is None
        assert stored.digest == facts["arms"][row["arm"]]["digest"] == row["digest"]
        (rival,) = (each for each in RIVALS if each.name == row["arm"])
        assert stored == rival.varied(row["value"])
    plan = json.loads((folder / "plan.json").read_text())
    assert plan["seed"] == ASKED["seed"] != facts["equal_cost"]["pilot"]["seed"]


@pytest.mark.usefixtures("no_pilot")
def test_what_is_frozen_is_run_again_without_solving(folder: Path) -> None:
    again = av.Comparison.load(folder)
    assert again.equal_cost().height == len(RIVALS)
    assert again.tables()["equal_cost"].equals(pl.read_parquet(folder / "tables/equal_cost.parquet"))
    assert again.premium()["arm"].n_unique() == len(STANDING) + len(RIVALS)
    assert again.trace(0, "by_width").ledger.height == ASKED["sessions"] + 1
    assert runner.verify(folder, chunks=3) == [0, 1, 2]


def test_resume_finds_the_same_arms_and_touches_nothing(folder: Path) -> None:
    before = stamps(folder)
    (folder / "parts/part-00001.parquet").unlink()
    del before["part-00001.parquet"]
    av.compare([*STANDING, *RIVALS], MARKET, paths=300, chunk=128, out=folder, resume=True, **ASKED)
    assert before.items() <= stamps(folder).items()
    assert len(stamps(folder)) == 3


@pytest.mark.usefixtures("no_pilot")
def test_without_rivals_nothing_is_solved() -> None:
    plain = av.compare(STANDING, MARKET, paths=64, **ASKED)
    assert plain.equal_cost().is_empty()
    assert "equal_cost" not in plain.tables()
    assert plain.manifest["facts"]["equal_cost"] == {}
    assert plain.pilot == ""


# The same answer whatever runs beside


@pytest.fixture(scope="module")
def alone() -> dict[str, Any]:
    return found(PLAIN, FEWER, LOTS)["by_lots"]


def test_neighbours_and_threads_do_not_change_a_solution(alone: dict[str, Any]) -> None:
    beside = found(PLAIN, PLAIN.stop(), WIDTH, LOTS, BEYOND, PLAIN.doubling(), FEWER)["by_lots"]
    assert alone == beside == found(PLAIN, FEWER, LOTS, threads=1)["by_lots"]
    assert alone == found(PLAIN, FEWER, LOTS, shares=(0.5, 0.10, 0.2))["by_lots"], "the smallest share"


def test_another_seed_is_another_pilot(alone: dict[str, Any]) -> None:
    assert alone["target"] != found(PLAIN, FEWER, LOTS, seed=6)["by_lots"]["target"]


@given(st.integers(0, 2**64 - 1))
def test_the_seed_of_the_pilot_is_the_documented_hash(seed: int) -> None:
    digest = hashlib.sha256(b"alvh pilot " + str(seed).encode()).hexdigest()
    assert pilot_seed(seed) == int(digest[:16], 16) != seed


def test_progress_counts_the_pilot_whatever_it_needed() -> None:
    counts: list[int] = []
    arms = [PLAIN, FEWER, LOTS]
    av.compare(arms, MARKET, paths=100, advance=counts.append, surface_band=0, **ASKED)
    assert sum(counts) == count_paths(arms, MARKET, paths=100) + pilot_paths(arms, 100)
    assert pilot_paths(arms) == (2 + HALVINGS) * PILOT_PATHS
    assert pilot_paths(STANDING) == 0


# A history


def test_a_history_is_matched_on_a_simulation_that_is_stated() -> None:
    """Its median VIX and SPX: the default model, and the history charges what it charges."""
    market = History(history_samples.frame(), **history_samples.RATES)
    used = pilot_market(market)
    assert isinstance(used, L3F)
    assert (used.vix, used.spot) == (market.data.frame["vix"].median(), market.data.frame["spx"].median())
    assert (used.rate, used.dividend_yield) == (0.05, 0.014)
    assert (
        used.model_copy(update={"vix": 16.0, "spot": 5000.0, "rate": 0.04, "dividend_yield": 0.013}) == L3F()
    )
    assert [pilot_market(each) for each in (MARKET, GBM(vol=0.2))] == [MARKET, GBM(vol=0.2)]
    arms = [PLAIN, FEWER, LOTS]
    short = {**ASKED, "sessions": 5}
    replayed = av.compare(arms, market, **short)
    start = f"L3F(vix={used.vix:.6g}, spot={used.spot:.6g}, rate=0.05, dividend_yield=0.014)"
    assert f"{start}, the medians of the history" in replayed.pilot
    simulated = settle(arms, pilot_market(market), **short)
    stored = replayed.manifest["facts"]["equal_cost"]
    assert stored["rivals"] == simulated.facts["rivals"]
    assert replayed.equal_cost()["drag_here"].null_count() == 0


# Mistakes


@pytest.mark.parametrize(
    ("arms", "words"),
    [
        ([PLAIN, LOTS], "'by_lots': equal_cost.to = 'fewer_lots': not among the arms: add it, or Known: "),
        ([PLAIN, PLAIN.fewer_lots(name="fewer_lot"), LOTS], "did you mean 'fewer_lot'? Known: 'fewer_lot'"),
        (
            [FEWER, PLAIN, LOTS],
            "'by_lots': equal_cost.to = 'fewer_lots': drags are measured against the first",
        ),
        (
            [LOTS, PLAIN, FEWER],
            "'by_lots': equal_cost: drags are measured against the first arm, and this is",
        ),
        (
            [PLAIN, FEWER, LOTS, PLAIN.rival("lots", (0, 1), to="by_lots", name="x")],
            "'x': equal_cost.to = 'by_lots': is to be solved itself: name an arm that stands",
        ),
        ([PLAIN, FEWER, LOTS, LOTS], "two arms are called by_lots"),
    ],
)
@pytest.mark.usefixtures("no_pilot")
def test_a_cost_that_cannot_be_matched_is_refused(arms: list[Arm], words: str) -> None:
    with pytest.raises(SpecError) as refusal:
        settle(arms, MARKET, **ASKED)
    assert words in str(refusal.value)


@pytest.mark.usefixtures("no_pilot")
@pytest.mark.parametrize("wrong", [{"shares": ()}, {"seed": -1}, {"paths": 0}])
def test_mistakes_are_found_before_the_pilot_runs(wrong: dict[str, Any]) -> None:
    with pytest.raises(AlvhError, match=next(iter(wrong))):
        settle([PLAIN, FEWER, LOTS], MARKET, **{**ASKED, **wrong})


def test_what_was_solved_meets_another_market_unchanged() -> None:
    arms = [PLAIN, FEWER, LOTS]
    first = av.compare(arms, MARKET, paths=64, **ASKED)
    again = av.compare(arms, MARKET, paths=64, solved=first, **{**ASKED, "seed": 99})
    for result in (first, again):
        assert result.manifest["facts"]["equal_cost"] == first.manifest["facts"]["equal_cost"]
    assert again.manifest["facts"]["arms"] == first.manifest["facts"]["arms"]
    with pytest.raises(SpecError, match="did not solve it"):
        av.compare(
            [*arms[:2], LOTS.replace(name="new", equal_cost=LOTS.equal_cost)], MARKET, solved=first, **ASKED
        )
    other = LOTS.replace(name=LOTS.name, equal_cost=LOTS.equal_cost, exit="profit > 3")
    with pytest.raises(SpecError, match="not the arm that was solved"):
        av.compare([*arms[:2], other], MARKET, solved=first, **ASKED)


def test_an_unsolved_arm_is_no_task() -> None:
    with pytest.raises(
        SpecError, match=r"arm 'by_lots': equal_cost is not solved yet: .*arm\.varied\(value\)"
    ):
        task_of([PLAIN, FEWER, LOTS], MARKET, **ASKED)


def test_a_scenario_has_no_mean_cost_and_the_stress_set_solves_before_it() -> None:
    arms = [PLAIN, FEWER, LOTS]
    gap = Scenario(name="gap", points=((0, 1.0, 15.0), (1, 0.95, 30.0), (5, 0.95, 20.0)), quiet=10)
    with pytest.raises(SpecError, match=r"scenario 'gap' is one made path: .*equal_cost\.settle"):
        av.compare(arms, gap, sessions=15, shares=[0.10])
    counts: list[int] = []
    told = stress_report(arms, scenarios=[gap], paths=64, capital=1e8, advance=counts.append)
    assert told.tables["outcomes"]["arm"].to_list() == ["plain", "fewer_lots", "by_lots"]
    assert any(limit.startswith("Equal cost was solved on a pilot of 256 paths") for limit in told.limits)
    assert sum(counts) == 64 + pilot_paths(arms, 64)


def test_drags_need_the_arms_they_are_of() -> None:
    frame = pl.DataFrame({"arm": ["a"], "figure": ["return_on_nav"], "estimate": [0.01]})
    with pytest.raises(AlvhError, match="differences lacks b: it has a"):
        figures.equal_cost({"a": {"to": "b"}}, frame)


# The command


def test_the_command_solves_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "rival.toml").write_text(BEYOND.to_toml())
    arms = ("--arm=plain", "--arm=fewer_lots", f"--playbook={tmp_path / 'rival.toml'}")
    quick = ("--paths=32", "--sessions=42", "--shares=0.35", "--json")
    told = json.loads(command("compare", *arms, *quick).stdout)
    (row,) = told["equal_cost"]
    assert (row["arm"], row["to"], row["status"]) == ("beyond", "fewer_lots", "unattainable")
    assert "† not at equal cost (R19): beyond costs " in told["headline"]
    assert told["manifest"]["facts"]["equal_cost"]["rivals"]["beyond"]["value"] == row["value"]
    assert "not among the arms" in refused("compare", *arms[::2], *quick)
