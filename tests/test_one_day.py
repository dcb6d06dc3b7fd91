"""Condors of one day: opened at 15:45, stopped on their mark inside the session, settled at a close."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

import alvh as av
import engine_spec
from alvh import _core, schedule, short_end
from alvh.bars import drawn
from alvh.claims.stops import stop_rows
from alvh.comparison import EXTRAPOLATED
from alvh.market import GBM, L3F, History, Smile
from alvh.specification import INTRADAY, bars_of, task_of
from twin_inside import Twin

LOTS = av.playbook.Size(target="lots", value=3.0)
CONDOR = av.IronCondor(days=1, every="day", at="15:45", short_delta=0.175, width_points=5, size=LOTS)
PLAIN = av.Arm("one_day", CONDOR)
BARS = 26  # quarters of an hour: 15:45 is the end of one
STOPS = {
    "none": (PLAIN, None),
    "1x": (PLAIN.stop(loss_multiple=1), lambda credit, mark: mark - credit >= credit),
    "2x": (PLAIN.stop(loss_multiple=2), lambda credit, mark: mark - credit >= 2 * credit),
    "debit": (PLAIN.stop(debit=2.5), lambda credit, mark: mark >= 2.5),  # C2
}
DRAWN = {"profile": None, "first_path": 0, "threads": None}
FIGURES = ("nav", "lots", "regret_rule", "given_up", "adverse", "favourable")
COUNTS = ("opened", "closed_early", "recovered", "whipsawed", "lost", "unresolved")


def instants(
    spec: dict, market: GBM, paths: int, count: int
) -> tuple[list[list[int]], list[list[list[float]]]]:
    """Minutes of each session, and the spots of each path there: ends of bars, and the time of entry."""
    sessions, entry = spec["sessions"], spec["books"][0]["layers"][0]["at"]
    origin = spec["schedule"]["origin"]
    short = spec["schedule"]["half_days"][origin + 1 : origin + 1 + sessions]
    # Every minute: all other grids are views of it. 210 bars are the minutes of a half day.
    whole = drawn(market._json(), paths, sessions, bars=390, **DRAWN, seed=spec["seed"])
    half = drawn(market._json(), paths, sessions, bars=210, **DRAWN, seed=spec["seed"], half_days=short)
    minutes = []
    for early in short:
        length, at = (210, entry - 180) if early else (390, entry)
        minutes.append(sorted({at, *((2 * bar * length + count) // (2 * count) for bar in range(count + 1))}))
    spots = [
        [(half if early else whole).spot[path, i, minutes[i]].tolist() for i, early in enumerate(short)]
        for path in range(paths)
    ]
    return minutes, spots


@pytest.mark.parametrize(
    ("kind", "count", "early"),
    [
        *((kind, BARS, ()) for kind in STOPS),
        ("1x", 13, ()),
        *((kind, BARS, (3, 4, 11, 21)) for kind in STOPS),
        ("1x", 13, (3, 4, 11, 21)),
        ("2x", 4, (3, 4, 11, 21)),
        ("1x", 390, (3, 4, 11, 21)),
    ],
)
def test_the_engine_does_what_the_twin_does(kind: str, count: int, early: tuple[int, ...]) -> None:
    """R2, R7, R13, R14, C2; on sessions that close at 13:00 as well."""
    arm, stop = STOPS[kind]
    market, sessions, paths = GBM(vol=0.2), 21, 12
    spec = engine_spec.spec([arm], market, sessions=sessions, bars=count)
    origin, days = spec["schedule"]["origin"], spec["schedule"]["half_days"]
    for session in range(sessions + 1):
        days[origin + session] = session in early
    minutes, spots = instants(spec, market, paths, count)
    rows = _core.Plan(json.dumps(spec)).run(0, paths)
    assert rows["identity_error"].max() < 1e-12
    found = [Twin(spec, stop, minutes, spots[path]).run() for path in range(paths)]
    for name in COUNTS:
        assert rows[name].tolist() == [twin[name] for twin in found], name
    for name in FIGURES:
        np.testing.assert_allclose(rows[name], [twin[name] for twin in found], atol=1e-3, err_msg=name)
    assert (rows["closed_early"].sum() > 20) == (stop is not None)


def test_the_entry_is_an_instant_of_its_own_and_moves_no_other() -> None:
    """13 bars have no end at 15:45: the grid is cut there, and what it is beside stays."""
    arm = STOPS["2x"][0]
    market = L3F(vix=16)
    plans = {n: _core.Plan(json.dumps(engine_spec.spec([arm], market, sessions=5, bars=n))) for n in (13, 26)}
    opened = {}
    for bars, plan in plans.items():
        events = [row for row in plan.trace(0, 0)["events"] if row["event"] == "open"]
        assert {row["minute"] for row in events} == {375}
        opened[bars] = [(row["tick"], row["strikes"], row["price"]) for row in events]
    assert opened[13] == opened[26]


def test_bars_are_thirteen_where_an_arm_opens_inside_the_session() -> None:
    plain = av.preset("plain")
    assert bars_of([plain], None) is None
    assert bars_of([plain], 78) == 78
    assert bars_of([plain, PLAIN], None) == 13
    assert "bars" not in engine_spec.spec([plain], L3F(vix=16))
    with pytest.raises(av.errors.AlvhError, match="bars = 391"):
        _core.Plan(json.dumps(engine_spec.spec([plain], L3F(vix=16), sessions=5, bars=391)))


def test_a_stop_is_close_only_without_bars_and_where_it_looks_back() -> None:
    """R13: what is asked at every bar is ranked; a window counts sessions and stays with the close."""
    late = av.preset("plain").replace(name="late", exit="(loss >= credit).for_sessions(2)")
    arms = [av.preset("plain"), av.preset("stop_1x"), late]
    few = {"sessions": 5, "paths": 1, "capital": 1e6, "seed": 1, "shares": [0.1]}
    assert task_of(arms, L3F(vix=16), **few).facts["close_only"] == ["late", "stop_1x"]
    assert task_of(arms, L3F(vix=16), bars=13, **few).facts["close_only"] == ["late"]


def test_the_names_that_watch_the_mark_are_those_of_the_engine() -> None:
    """R13: of everything that an exit rule may name."""
    seen = set()
    for name in (row.name for row in av.rules.names() if row.scope == "position"):
        arm = PLAIN.replace(name="one", exit=f"{name} > 0")
        spec = engine_spec.spec([arm], L3F(vix=16), sessions=5, bars=13)
        seen |= {name for watched in _core.Plan(json.dumps(spec)).watched(0) if watched}
    assert seen | {"breakeven_challenge"} == INTRADAY


def test_times_of_entry_are_checked() -> None:
    for at in ("09:30", "16:00", "25:00"):
        with pytest.raises(av.errors.SpecError, match="09:31 to 15:59"):
            av.IronCondor(days=1, every="day", at=at)
    with pytest.raises(av.errors.SpecError, match="at"):
        av.IronCondor(days=1, every="day", at="a quarter to four")
    with pytest.raises(av.errors.SpecError, match="not both"):
        PLAIN.stop(loss_multiple=1, debit=1.0)
    assert av.Arm.from_toml(PLAIN.to_toml()) == PLAIN


@pytest.fixture(scope="module")
def result() -> av.Comparison:
    arms = [av.preset(f"conservative_1dte{stop}") for stop in ("", "_stop_1x", "_stop_2x")]
    few = {"paths": 128, "sessions": 10, "shares": [0.10], "seed": 3, "surface_band": 64}
    return av.compare(arms, L3F(vix=16), **few)


def test_results_show_the_short_end_fees_and_the_break_even_cost(result: av.Comparison) -> None:
    """R2, MODELS: .9, 1.0 and 1.1 times the vol of a session, on the same paths."""
    table = result.one_day()
    assert table["short_end"].unique().sort().to_list() == [0.9, 1.0, 1.1]
    assert table["paths"].unique().to_list() == [64]
    wide = table.pivot("figure", index=["arm", "short_end"], values="estimate")
    # What a condor earns is what it may cost less what it does.
    gap = wide["break_even_cost"] - wide["fees"] - wide["slips"] - wide["result"]
    assert gap.abs().max() < 1e-9
    plain = wide.filter(arm="conservative_1dte")
    assert (plain["fees"] - 4 * 1.15).abs().max() < 1e-9  # four legs, once
    stopped = wide.filter(arm="conservative_1dte_stop_1x")
    assert stopped["fees"].is_between(4 * 1.15, 8 * 1.15, closed="none").all()  # some of them twice
    assert plain["result"].is_sorted()  # dearer options, dearer condors
    assert result.task.facts["close_only"] == []
    assert any("extrapolated" in limit for limit in result.limits)
    assert [result.label(arm) for arm in result.arms] == [f"{arm}‡" for arm in result.arms]
    assert EXTRAPOLATED in result.headline()


def test_a_hedge_leaves_the_short_end_extrapolated() -> None:
    """R2: such an arm is marked, and shown like one without."""
    hedge = av.Layer("calls", buy=av.vix_call(), size=av.offset("core.vega", 0.50))
    arms = [av.preset("plain"), PLAIN, PLAIN.replace(name="hedged", layers=[hedge])]
    spec = engine_spec.spec(arms, L3F(vix=16), sessions=5)
    assert short_end.extrapolated(spec) == ["one_day", "hedged"]


def test_what_a_hedge_trades_is_no_cost_of_the_condor(result: av.Comparison) -> None:
    """R2: the same condors with a hedge beside them cost what they cost without; the hedge is told apart."""
    condor = PLAIN.replace(name="bare")
    hedge = av.Layer("calls", buy=av.vix_call(), size=av.Size(target="lots", value=3))
    hedged = condor.replace(name="hedged", layers=[hedge])
    few = {"paths": 64, "sessions": 25, "shares": [0.10], "seed": 3, "surface_band": 32}
    ran = av.compare([condor, hedged], L3F(vix=16), **few)
    table = ran.one_day()
    assert table["arm"].unique(maintain_order=True).to_list() == ["bare", "hedged"]
    assert table["short_end"].unique().sort().to_list() == [0.9, 1.0, 1.1]
    told = table.pivot("figure", index=["arm", "short_end"], values="estimate").sort("short_end")
    of = {arm: told.filter(arm=arm) for arm in ("bare", "hedged")}
    for figure in ("condors", "result", "fees", "slips", "break_even_cost"):
        assert of["hedged"][figure].to_list() == pytest.approx(of["bare"][figure].to_list(), rel=1e-9)
    assert of["bare"]["hedge"].to_list() == [0.0] * 3
    paths = ran.paths().filter(arm="hedged").sort("path").collect().head(32)
    assert (paths["hedge_fees"] < 0).all()
    assert (paths["hedge_trading"] < paths["hedge_fees"]).all()
    beside = table.filter(arm="hedged", figure="hedge", short_end=1.0)["estimate"].item()
    assert beside == pytest.approx(paths["hedge_pnl"].sum() / paths["lots"].sum())
    assert (of["hedged"]["hedge"] != 0).all()


def test_a_short_end_too_far_off_is_refused_before_anything_runs() -> None:
    few = {"sessions": 5, "paths": 8, "capital": 1e6, "seed": 1, "shares": [0.1]}
    task = task_of([PLAIN], L3F(vix=16, smile=Smile(short_dip=-0.48)), **few)
    with pytest.raises(av.errors.SpecError, match=r"at 1.1 times .*Mend: surface_band = 0"):
        short_end.sided(task, 8)
    assert "short_end" not in short_end.sided(task, 0).facts
    # Recorded quotes have no template whose short end could be moved.
    plain = task_of([PLAIN], L3F(vix=16), **few)
    quoted = replace(plain, spec=plain.spec | {"market": plain.spec["market"] | {"chain": {}}})
    assert short_end.sides(short_end.sided(plain, 8)).keys() == {0.9, 1.1}
    assert short_end.sides(short_end.sided(quoted, 8)) == {}
    # And the result says what is shown and what is not.
    for task, wanted, said in (
        (plain, 8, short_end.SHOWN),
        (plain, 0, short_end.NOT_ASKED),
        (quoted, 8, short_end.NO_TEMPLATE),
    ):
        assert short_end.sided(task, wanted).facts["limits"][-1] == short_end.LIMIT + said


def test_stops_are_told(result: av.Comparison) -> None:
    """R14, R7."""
    table = result.stops()
    stopped = table.filter(pl.col("figure") == "stopped_share")
    assert stopped["arm"].to_list() == ["conservative_1dte_stop_1x", "conservative_1dte_stop_2x"]
    once, twice = stopped["estimate"].to_list()
    assert 1 > once > twice > 0
    shares = table.filter(pl.col("figure").is_in(["whipsawed_share", "recovered_share"]))["estimate"]
    assert shares.is_between(0, 1).all()
    assert set(table.filter(arm="conservative_1dte")["figure"]) == {"adverse", "favourable"}


def test_the_debit_form_closes_where_buying_back_costs_a_point() -> None:
    """C2: sold for less than that, closed by that rule alone and inside the session."""
    arms = [av.preset("conservative_1dte_stop_debit"), av.preset("conservative_1dte_by_credit")]
    few = {"paths": 24, "sessions": 10, "shares": [0.10], "seed": 3, "surface_band": 0}
    ran = av.compare(arms, L3F(vix=16), **few)
    closed = 0
    for path in range(24):
        events = ran.trace(path).events
        opened = events.filter(event="open")
        assert opened["price"].is_between(0.3, 0.6).all()
        stopped = events.filter(event="close")
        assert set(stopped["reason"]) <= {"mark >= 1.0"}
        # Filled at the next instant, after a slip: on either side of the trigger.
        closed += stopped.height
    assert closed > 10
    assert ran.task.facts["close_only"] == []
    table = ran.stops()
    share = dict(table.filter(figure="stopped_share").select("arm", "estimate").iter_rows())
    assert list(share) == ["conservative_1dte_stop_debit"]
    assert 0.1 < share["conservative_1dte_stop_debit"] < 0.6


def test_a_run_folder_keeps_the_sides(tmp_path, result: av.Comparison) -> None:
    few = {
        "paths": 64,
        "sessions": 3,
        "shares": [0.10],
        "seed": 3,
        "surface_band": 32,
        "out": tmp_path / "run",
    }
    arms = [av.preset("conservative_1dte")]
    ran = av.compare(arms, L3F(vix=16), **few)
    again = av.Comparison.load(tmp_path / "run")
    assert again.one_day().equals(ran.one_day())
    assert av.compare(arms, L3F(vix=16), overwrite=True, **few).one_day().equals(ran.one_day())


def test_nothing_is_filled_at_a_recorded_high_or_low() -> None:
    """A replayed day: who waits for a bar that is one of them is filled at the next."""
    days = schedule.sessions(date(2024, 3, 1), date(2024, 3, 28))
    spx = [5100.0 + 40.0 * (-1) ** i for i in range(len(days))]
    frame = pl.DataFrame(
        {
            "date": days,
            "spx": spx,
            "vix": [16.0] * len(days),
            "open": [5100.0] * len(days),
            "high": [5160.0] * len(days),
            "low": [5040.0] * len(days),
        }
    )
    market = History(frame, rate=0.05, dividend_yield=0.014)
    arm = STOPS["1x"][0]
    sessions, seed = 8, 5
    spec = engine_spec.spec([arm], market, sessions=sessions, seed=seed, bars=BARS)
    plan = _core.Plan(json.dumps(spec))
    inside = 0
    for path, start in enumerate(spec["starts"]):
        bars = market.bars(1, sessions, start=start, bars=BARS, seed=seed, first_path=path)
        assert bars.recorded.all()
        column = {int(minute): index for index, minute in enumerate(bars.minutes)}
        for event in plan.trace(path, 0)["events"]:
            if event["minute"] is not None:
                inside += event["event"] == "close"
                assert not bars.extreme[0, event["tick"] - 1, column[event["minute"]]]
    assert inside > 5


@pytest.mark.parametrize("margin", ["strategy", "portfolio", "house"])
def test_the_identity_holds_beside_hedges_and_under_every_margin(margin: str) -> None:
    calls = av.Layer("calls", buy=av.vix_call(), size=av.offset("core.vega", 0.50))
    stopped = PLAIN.stop(loss_multiple=1).replace(name="s", size=av.margin_share(0.10))
    hedged = stopped.replace(name="h", layers=[calls], sleeve=av.Sleeve(share=0.10, per_year=0.05))
    liquid = stopped.replace(name="l", liquidity=av.playbook.Liquidity())
    monthly = av.preset("alvh_0").replace(name="m", exit="loss >= 1 * credit")
    arms = [stopped, hedged, liquid, monthly]
    spec = engine_spec.spec(arms, L3F(vix=24), sessions=21, shares=(0.3,), margin=margin)
    rows = _core.Plan(json.dumps(spec)).run(0, 64)
    assert rows["identity_error"].max() < 1e-12
    books = [{name: column[index :: len(arms)] for name, column in rows.items()} for index in range(4)]
    assert all(book["closed_early"].sum() > 0 for book in books)
    assert books[1]["hedge_opened"].sum() > 0
    assert (books[1]["coverage_achieved"] > 0).any()


def test_the_audit_measures_whipsaws_and_the_edge(result: av.Comparison) -> None:
    """R14, R20: rows of a comparison with bars whose first arm holds to expiry."""
    rows = list(stop_rows(result))
    assert [row.claim.id for row in rows] == ["R14", "R14", "R20", "R20"]
    told = result.stops().filter(figure="recovered_share")["estimate"].to_list()
    assert [row.estimate.value for row in rows[:2] if row.estimate] == told
    tests = result.against().filter(figure="return_on_nav")["estimate"].to_list()
    assert [row.estimate.value for row in rows[2:] if row.estimate] == tests
    assert all("13 bars" in row.note and "10 sessions" in row.note for row in rows)


# Sessions that close at 13:00


def around_a_half_day(**more: list) -> History:
    """Closes from October 2023 to January 2024, of which one session closes early: 2023-11-24."""
    days = schedule.sessions(date(2023, 10, 2), date(2024, 1, 31))
    spx = 4400 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.01, len(days))))
    frame = {"date": days, "spx": spx, "vix": 17.0}
    if more:
        frame |= {"open": spx, "high": spx * 1.012, "low": spx * 0.991}
    return History(pl.DataFrame(frame), rate=0.05, dividend_yield=0.014)


@pytest.mark.parametrize("ranged", [False, True])
@pytest.mark.parametrize("bars", [5, 26, 216])
def test_lanes_on_half_days_and_on_whole_ones_do_not_see_each_other(bars: int, ranged: bool) -> None:
    """A block of starts has half days in some lanes: each lane has the bits that it has alone."""
    history = around_a_half_day(**({"open": []} if ranged else {}))
    arms = [STOPS["1x"][0].replace(name="one_day_stop"), STOPS["none"][0], av.preset("stop_1x")]
    spec = engine_spec.spec(arms, history, sessions=6, bars=bars, every=1)
    short = spec["schedule"]["half_days"]
    (half,) = (index for index in range(spec["schedule"]["tradable"]) if short[index])
    assert history.data.dates[half] == date(2023, 11, 24)
    plan = _core.Plan(json.dumps(spec))
    paths = len(spec["starts"])
    together = plan.run(0, paths)
    assert together["closed_early"].sum() > 20
    assert together["identity_error"].max() < 1e-9
    books = len(arms)
    # A lane of each kind: its half day is the first, a middle or the last session, or it has none.
    alone = [spec["starts"].index(half - tick) for tick in (1, 3, 6)]
    for path in (0, *alone):
        for name, column in plan.run(path, 1).items():
            rows = slice(path * books, (path + 1) * books)
            np.testing.assert_array_equal(column, together[name][rows], err_msg=name)
    # Whole days have the bits that they have in a calendar without a half day; the others have not.
    whole = json.loads(json.dumps(spec))
    whole["schedule"]["half_days"] = [False] * len(short)
    other = _core.Plan(json.dumps(whole)).run(0, paths)
    meets = np.repeat([any(short[s + 1 : s + 7]) for s in spec["starts"]], books)
    same = other["nav"] == together["nav"]
    assert same[~meets].all()
    assert same[meets].sum() < 0.7 * meets.sum()


def test_a_quarter_before_the_close_is_so_on_a_half_day() -> None:
    """15:45 is 12:45 where the session ends at 13:00; the morning keeps its time."""
    history = around_a_half_day()
    at = {"15:45": {375, 195}, "10:30": {60}, "13:00": {210, 30}}
    for time, minutes in at.items():
        arm = PLAIN.replace(name="one", sell={"days": 1, "every": "day", "at": time})
        spec = engine_spec.spec([arm], history, sessions=12, bars=13, every=1)
        half = spec["schedule"]["half_days"].index(True)
        path = next(i for i, start in enumerate(spec["starts"]) if start + 4 == half)
        events = _core.Plan(json.dumps(spec)).trace(path, 0)["events"]
        found = {each["tick"]: each["minute"] for each in events if each["event"] == "open"}
        assert set(found.values()) == minutes
        assert found[4] == min(minutes)
        assert {minute for tick, minute in found.items() if tick != 4} == {max(minutes)}


@pytest.mark.parametrize("bars", [3, 13, 216, 390])
def test_bars_of_recorded_half_days_end_at_one(bars: int) -> None:
    history = around_a_half_day(open=[])
    days = history.data.dates
    start = days.index(date(2023, 11, 22)) - 1
    found = history.bars(50, 4, start=start, bars=bars, seed=2)
    assert found.half_days.tolist() == [False, True, False, False]
    assert (found.half_minutes[0], found.half_minutes[-1], len(found.half_minutes)) == (0, 210, bars + 1)
    closes = history.data.frame["spx"].to_numpy()[start + 1 : start + 5]
    np.testing.assert_allclose(found.spot[:, :, -1], np.tile(closes, (50, 1)), rtol=1e-12)
    np.testing.assert_allclose(found.spot.max(axis=2), np.tile(closes * 1.012, (50, 1)), rtol=1e-12)
    np.testing.assert_allclose(found.spot.min(axis=2), np.tile(closes * 0.991, (50, 1)), rtol=1e-12)
    if bars > 210:  # bars that end in the same minute have the same price
        repeated = np.flatnonzero(np.diff(found.half_minutes.astype(int)) == 0)
        assert len(repeated) == bars - 210
        half = found.spot[:, 1]
        np.testing.assert_array_equal(half[:, repeated], half[:, repeated + 1])
