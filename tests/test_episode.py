"""Episodes told day by day: which start is run, what a row says, and how it is printed."""

import json
import math
from bisect import bisect_left
from datetime import date
from io import StringIO

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from rich.console import Console

import alvh as av
from alvh import episode, schedule
from alvh.errors import SpecError
from alvh.report.episode import episode_told
from run_samples import command, refused

DAYS = schedule.sessions(date(2016, 6, 1), date(2018, 4, 30))
EVE = bisect_left(DAYS, date(2018, 2, 2))
FALL = [0.959, 0.976, 0.971, 0.934, 0.948, 0.961, 0.964]
VIXES = [37.3, 30.0, 27.7, 33.5, 29.1, 25.6, 25.0]
ARMS = ("plain", "alvh_0")
SESSIONS = 126


def market():
    """Quiet sessions, then a fall on the days of February 2018, then quiet ones at its end."""
    quiet = [2700.0 + 2.0 * (i % 5) for i in range(EVE + 1)]
    fall = [2700.0 * share for share in FALL]
    after = len(DAYS) - len(quiet) - len(fall)
    spx = [*quiet, *fall, *(fall[-1] + i % 3 for i in range(after))]
    vix = [*(11.0 + 0.2 * (i % 4) for i in range(EVE + 1)), *VIXES, *[22.0] * after]
    return pl.DataFrame({"date": DAYS, "spx": spx, "vix": vix})


@pytest.fixture(scope="module")
def result():
    replayed = av.market.History(market(), rate=0.015, dividend_yield=0.019)
    arms = [av.preset(name) for name in ARMS]
    return av.compare(arms, replayed, sessions=SESSIONS, shares=[0.10, 0.35], every=5)


# Which start


@given(st.integers(1, 9), st.integers(20, 150), st.integers(0, 180), st.integers(0, 40))
def test_the_starts_that_are_mature_and_reach_the_end(every, sessions, begins, more):
    ends = min(begins + more, len(DAYS) - 1)
    starts = range(0, max(1, len(DAYS) - sessions), every)
    fitting = [
        path
        for path, start in enumerate(starts)
        if begins - start >= episode.MATURE and ends - start <= sessions
    ]
    found = episode.paths_through(DAYS, starts, sessions, DAYS[begins], DAYS[ends])
    assert list(found) == fitting


def test_an_episode_that_the_history_does_not_have_is_not_covered(result):
    assert result.covered == ["february_2018"]
    with pytest.raises(SpecError, match="episode august_2015: none of the runs of 126 sessions from 2017-"):
        result.episode("august_2015")


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("february_2019", "february_2018"),
        ((date(2018, 2, 9), date(2018, 2, 5)), "the first day comes before the last"),
        ((date(2017, 7, 5), date(2017, 7, 7)), "at least 60 sessions before it"),
    ],
)
def test_refusals(result, which, words):
    with pytest.raises(SpecError, match=words):
        result.episode(which)


def test_a_simulation_has_no_episodes():
    simulated = av.compare([av.preset("plain")], av.market.GBM(), paths=8, sessions=21, shares=[0.10])
    with pytest.raises(SpecError, match="simulated market"):
        simulated.episode("february_2018")
    assert simulated.covered == []


# What a row says


def test_a_row_per_session_of_a_mature_book(result):
    told = result.episode("february_2018")
    first, last = episode.known("february_2018")[:2]
    assert told.days["date"].to_list() == [day for day in DAYS if first <= day <= last]
    assert (told.arm, told.share) == ("alvh_0", 0.10)
    assert bisect_left(DAYS, first) - DAYS.index(told.start) in range(episode.MATURE, episode.MATURE + 5)


def test_rows_are_those_of_the_trace(result):
    told = result.episode("february_2018", share=0.35)
    ledger, events = result.trace(told.path, "alvh_0", 0.35)
    inside = ledger.filter(pl.col("date").is_in(told.days["date"].to_list()))
    for name, column in (("nav", "nav"), ("spx", "index"), ("vix", "vix"), ("sleeve_cash", "sleeve")):
        assert told.days[name].to_list() == inside[column].to_list()
    assert (told.days["requirement"] + told.days["sleeve_requirement"]).to_list() == pytest.approx(
        inside["requirement"].to_list()
    )
    assert told.actions.height == events.filter(pl.col("date").is_in(told.days["date"].to_list())).height
    assert sum(map(len, told.days["actions"])) == told.actions.height > 0


def test_every_start_through_the_episode_is_counted(result):
    told = result.episode("february_2018", share=0.35)
    first, last = told.days["date"][0], told.days["date"][-1]
    assert told.passages["path"].to_list()[-1] == told.path
    assert told.passages.height > 3
    for row in told.passages[[0, -1]].iter_rows(named=True):
        ledger = result.trace(row["path"], "alvh_0", 0.35)[0]
        assert ledger["date"][0] == row["start"]
        within = ledger.filter(pl.col("date") <= last)
        eve = within.filter(pl.col("date") < first).row(-1, named=True)
        assert row["pnl"] == pytest.approx(within["nav"][-1] - eve["nav"], abs=1e-6)
        assert row["hedge_pnl"] == pytest.approx(within["hedge"][-1] - eve["hedge"], abs=1e-6)
    assert told.passages["hedge_pnl"][-1] == pytest.approx(told.days["hedge_so_far"][-1], abs=1e-6)


def test_a_start_without_a_hedge_is_said_to_have_none():
    nav, hedge = [[100.0, 90.0, 95.0]] * 2, [[0.0, 0.0, 0.0], [0.0, 5.0, 0.0]]
    outside = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 7.0]])
    series = {"nav": np.array(nav) + outside, "hedge": np.array(hedge), "deposited": outside}
    made = episode.passages(series, range(7, 9), DAYS[:2], [0, 0], 2)
    assert made["hedged"].to_list() == [False, True]
    assert (made["pnl"].to_list(), made["hedge_pnl"].to_list()) == ([-5.0, -5.0], [0.0, 0.0])
    assert made["path"].to_list() == [7, 8]


def test_a_trace_says_how_much_of_the_requirement_is_the_sleeve_s():
    """R60: the sleeve is required to hold margin while it holds a future, and nothing for a bought option."""
    simulated = av.compare([av.preset("alvh_0")], av.market.L3F(vix=16), paths=4, shares=[0.10])
    ledger, events = simulated.trace(3)
    futures = events.filter(pl.col("layer") == "futures", pl.col("event").is_in(["open", "close"]))
    changes = dict.fromkeys(range(ledger.height), 0.0)
    for event in futures.iter_rows(named=True):
        changes[event["tick"]] += event["lots"] * (1 if event["event"] == "open" else -1)
    held = pl.Series(changes.values()).cum_sum() > 0
    assert 0 < held.sum() < ledger.height
    assert (ledger["sleeve_requirement"] > 0.0).to_list() == held.to_list()
    assert (ledger["sleeve_requirement"] <= ledger["requirement"]).all()


def test_profit_of_core_hedge_and_bills_is_the_change_of_nav(result):
    told = result.episode("february_2018")
    ledger = result.trace(told.path, told.arm)[0]
    days = told.days.join(ledger.select("date", "interest", before=pl.col("nav").shift(1)), on="date")
    eve = ledger.filter(pl.col("date") < days["date"][0]).row(-1, named=True)
    for row in days.iter_rows(named=True):
        earned = row["core_so_far"] + row["hedge_so_far"] + row["interest"] - eve["interest"]
        assert row["nav"] - eve["nav"] == pytest.approx(earned, abs=1e-6)
    for name in ("core", "hedge"):
        assert days[f"{name}_pnl"].cum_sum().to_list() == pytest.approx(
            days[f"{name}_so_far"].to_list(), abs=1e-6
        )
    assert days["trading_cost"].sum() == pytest.approx(days["cost_so_far"][-1])
    assert days["trading_cost"].min() >= 0.0
    assert days["core_pnl"].min() < 0.0
    assert days["hedge_pnl"].max() > 0.0 > days["core_pnl"].min()


def test_a_synthetic_ledger_by_hand():
    ledger = pl.DataFrame(
        {
            "date": [date(2018, 2, day) for day in (2, 5, 6)],
            "index": [100.0, 95.0, 96.0],
            "vix": [17.0, 37.0, 30.0],
            "nav": [1000.0, 900.0, 960.0],
            "interest": [5.0, 6.0, 7.0],
            "hedge": [-10.0, 40.0, 20.0],
            "fills": [-2.0, -5.0, -5.0],
            "fees": [-1.0, -2.0, -2.0],
            "cash": [800.0, 790.0, 790.0],
            "requirement": [300.0, 350.0, 350.0],
            "sleeve": [50.0, 80.0, 70.0],
            "sleeve_requirement": [0.0, 60.0, 60.0],
            "call": [False, True, False],
        }
    )
    events = pl.DataFrame(
        {
            "date": [date(2018, 2, 5)] * 2,
            "event": ["monetise", "skip"],
            "reason": ["value at 4.0 times its cost", "covered"],
            "layer": ["calls", "core"],
            "lots": [3.0, 0.0],
            "price": [2.5, math.nan],
            "cash": [740.0, 0.0],
            "pnl": [500.0, math.nan],
            "strikes": [[25.0], [90.0, 85.0]],
            "expiry": [date(2018, 3, 21)] * 2,
        }
    )
    fall, rise = episode.days_told(
        ledger, events, date(2018, 2, 5), date(2018, 2, 28), hedges=["calls"], sleeve=True
    ).iter_rows(named=True)
    assert (fall["move"], fall["core_pnl"], fall["hedge_pnl"]) == (pytest.approx(-0.05), -151.0, 50.0)
    assert (rise["core_pnl"], rise["core_so_far"], rise["hedge_so_far"]) == (79.0, -72.0, 30.0)
    assert (fall["requirement"], fall["free"], fall["sleeve_free"], fall["call"]) == (290, 500, 20, True)
    assert (fall["trading_cost"], rise["trading_cost"], rise["cost_so_far"]) == (4.0, 0.0, 4.0)
    assert (fall["hedge_cash"], rise["hedge_cash"]) == (740.0, 0.0)
    assert fall["actions"] == [
        "calls: sold 3 × 25 2018-03-21, 2.50 received: value at 4.0 times its cost; P&L 500",
        "core: not opened: covered",
    ]
    assert rise["actions"] == []
    alone = episode.days_told(ledger, events, date(2018, 2, 5), date(2018, 2, 28))
    assert alone["sleeve_cash"].null_count() == alone["sleeve_free"].null_count() == 2
    with pytest.raises(SpecError, match="no eve"):
        episode.days_told(ledger, events, date(2018, 2, 2), date(2018, 2, 28))


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"event": "settle", "price": 0.0, "reason": "expiry", "pnl": 310.0}, "worthless: expiry; P&L 310"),
        (
            {"event": "close", "reason": "roll", "pnl": -20.0},
            "core: rolled 2 × 90/85 2018-03-21, 1.00 paid; P&L",
        ),
        ({"strikes": []}, "core: opened 2 × future 2018-03-21: a and b"),
        ({"event": "call", "layer": None, "lots": 0.0, "expiry": None}, "margin call: a and b"),
    ],
)
def test_sentences(event, words):
    opened = {"event": "open", "layer": "core", "lots": 2.0, "price": -1.0, "strikes": [90.0, 85.0]}
    rest = {"expiry": date(2018, 3, 21), "reason": "a\n   and b", "pnl": math.nan}
    assert words in episode.sentence(opened | rest | event)


def test_every_event_of_the_engine_has_a_verb(result):
    for path in (0, 5):
        assert set(result.trace(path, "alvh_0")[1]["event"]) <= set(episode._VERBS)


# In reports


@pytest.mark.parametrize("width", [80, 100])
def test_the_table_fits_and_says_an_obstacle_once(result, width):
    told = result.episode("february_2018")
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(episode_told(told))
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert all(str(day) in text for day in told.days["date"])
    assert "37.30" in text
    assert f"Path {told.path}, started on {told.start}" in text
    assert f"All {told.passages.height} starts" in text
    obstacle = "futures: not opened: "
    tries = [each for sentences in told.days["actions"] for each in sentences if obstacle in each]
    assert text.count(obstacle) <= len(set(tries)) + 1


def test_the_tables_have_the_covered_episodes_of_the_first_hedged_arm(result):
    assert_frame_equal(result.tables()["days_of_february_2018"], result.episode("february_2018").days)
    bare = av.compare(
        [av.preset("plain")],
        av.market.History(market(), rate=0.015, dividend_yield=0.019),
        sessions=SESSIONS,
        shares=[0.10],
        every=20,
    )
    assert "days_of_february_2018" not in bare.tables()
    assert bare.episode("february_2018").days["sleeve_cash"].null_count() == 19


def test_the_command(tmp_path):
    market().write_csv(tmp_path / "closes.csv")
    options = ("--arm=plain", "--arm=alvh_0", "--shares=0.10", f"--sessions={SESSIONS}", "--every=20")
    folder = tmp_path / "run"
    ran = command(
        "compare",
        f"--history={tmp_path / 'closes.csv'}",
        *("--rate=0.015", "--dividend-yield=0.019", f"--out={folder}", "--quiet"),
        *options,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "february_2018: alvh_0 at 10% of NAV" in ran.stdout
    assert (folder / "tables" / "days_of_february_2018.parquet").exists()

    shown = command("episode", folder).stdout
    assert shown.splitlines()[0] in ran.stdout
    assert max(map(len, shown.splitlines())) <= 80
    (told,) = json.loads(
        command("episode", folder, "--from=2018-02-05", "--to=2018-02-06", "--arm=plain", "--json").stdout,
        parse_constant=pytest.fail,
    )["episodes"]
    assert [row["date"] for row in told["days"]] == ["2018-02-05", "2018-02-06"]
    assert (told["arm"], told["days"][0]["sleeve_cash"]) == ("plain", None)
    assert refused("episode", folder, "--from=2018-02-05") == "give --name, or both --from and --to"
    assert "august_2015" in refused("episode", folder, "--name=august_2016")


def test_the_bundled_history_covers_2015_and_2018():
    pytest.importorskip("arch")
    arms = [av.preset("alvh_0")]
    replayed = av.compare(arms, av.market.History.bundled(), shares=[0.10], every=10)
    assert replayed.covered == ["august_2015", "february_2018"]
    worst = {name: told.days.sort("move").row(0, named=True) for name, told in replayed.told.items()}
    assert (worst["august_2015"]["date"], worst["february_2018"]["date"]) == (
        date(2015, 8, 24),
        date(2018, 2, 5),
    )
    assert all(row["vix"] > 37 for row in worst.values())
    # Whether the budget still had room for a hedge depends on the start: that is why all of them are counted.
    assert all(told.passages["hedged"].any() for told in replayed.told.values())
