"""What is told of margin calls: the log, rates by state, the cost of force (R12, R17)."""

import io
import json
from datetime import date

import numpy as np
import polars as pl
import pytest
from rich.console import Console

import alvh as av
import engine_spec
from agreement import past
from alvh import _core, figures
from alvh import rules as r
from alvh.errors import SpecError
from alvh.market import L3F
from alvh.report.console import print_comparison
from hedge_plan import FORTNIGHT, core, separate, spec, vix_future
from test_calls_twin import NO_FUNDS
from twin_indicators import INDICATORS

N, SESSIONS, C = 8, 126, 1e6
A_YEAR = 252 / SESSIONS / C


def ticks(**changed):
    """Two paths of four ticks without a call."""
    flat = np.zeros((2, 4))
    names = ("core", "sleeve")
    columns = {
        f"{kind}_{name}": flat for kind in ("available", "requirement", "short", "equity") for name in names
    }
    unknown = ("rsi_14", "macd", "macd_signal", "realised_vol_21")
    columns |= dict.fromkeys(unknown, np.full((2, 4), np.nan))
    columns |= {"spot": np.full((2, 4), 5000.0), "vix": np.full((2, 4), 18.0), "nav": flat + C}
    return columns | {"drawdown": flat} | {name: np.array(value) for name, value in changed.items()}


def test_a_call_has_a_cause_and_a_state_by_hand():
    log = figures.call_log(
        ticks(
            available_core=[[900.0] * 4, [900.0] * 4],
            requirement_core=[[800.0] * 4, [800.0] * 4],
            short_core=[[0, 0, 50.0, 0], [0, 0, 0, 20.0]],
            equity_core=[[0, 0, 780.0, 0], [0, 0, 0, 890.0]],
            spot=[[5000.0, 5000.0, 4500.0, 4500.0], [5000.0] * 4],
            vix=[[18.0, 18.0, 40.0, 35.0], [18.0] * 4],
        )
    )
    assert log["cause"].to_list() == [
        "available",
        "requirement",
    ]  # fell by 120, rose by 30; fell by 10, rose by 110
    assert log["short"].to_list() == [50.0, 20.0]
    assert log["equity"].to_list() == [780.0, 890.0]
    assert log.select("path", "tick", "ledger").rows() == [(0, 2, "core"), (1, 3, "core")]
    assert log["session_return"][0] == pytest.approx(np.log(0.9), rel=1e-14)
    assert log["rsi_14"].is_null().all()


def test_rates_by_hand():
    rates = figures.call_rates(
        ticks(
            short_core=[[0, 0, 50.0, 0], [0, 0, 0, 0]],
            short_sleeve=[[0, 0, 10.0, 0], [0, 0, 0, 0]],
            vix=[[18.0, 30.0, 40.0, 39.9], [18.0] * 4],
        )
    )
    vix = {row["state"]: row for row in rates.filter(indicator="vix").iter_rows(named=True)}
    assert {state: (row["sessions"], row["calls"]) for state, row in vix.items()} == {
        "15 to 20": (3, 0),
        "30 to 40": (2, 0),  # the lower edge belongs to it, session 0 to none
        "from 40": (1, 2),
    }
    assert vix["from 40"]["estimate"] == 2.0  # both ledgers were called on the one session
    # What has no value is told apart, with its calls.
    assert rates.filter(indicator="rsi_14").select("state", "sessions", "calls").rows() == [("unknown", 6, 2)]
    assert "unknown" not in rates.filter(pl.col("indicator").is_in(["vix", "drawdown"]))["state"]


@pytest.fixture(scope="module")
def called():
    """A sleeve of futures too small for a bad day."""
    layers = [core(0.4, FORTNIGHT), vix_future(FORTNIGHT, target="lots", value=4, every="week")]
    plan = spec((layers, separate(0.085)), (layers, separate(0.085)))
    plan["contracts"] = {name: row | NO_FUNDS for name, row in plan["contracts"].items()}
    plan["books"][1]["calls"] = {"deadline": 0}
    return plan, _core.Plan(json.dumps(plan))


@pytest.mark.parametrize("book", [0, 1], ids=["next session", "at once"])
def test_the_log_tells_the_state_at_each_call(called, book):
    plan, compiled = called
    found, recorded = compiled.run(0, 64), compiled.calls(0, 64, book)
    log = figures.call_log(recorded)
    assert log.height == found["calls"][book::2].sum() > 10
    assert (log["ledger"] == "sleeve").sum() == found["sleeve_calls"][book::2].sum()
    first = log.group_by("path").agg(pl.col("tick").min()).sort("path")
    ticks = found["call_tick"][book::2]
    np.testing.assert_array_equal(first["tick"], ticks[ticks > 0])
    path = int(log["path"][0])
    ledger = compiled.trace(path, book)["ledger"]
    for name, column in {"nav": "nav", "spot": "index", "vix": "vix", "available_core": "cash"}.items():
        np.testing.assert_array_equal(recorded[name][path], ledger[column], err_msg=name)
    indicators = past(plan, path, also=("rsi_14", "realised_vol_21"))["indicators"]
    # Wilder's average begins a hundred sessions before the start, the drawdown with it.
    np.testing.assert_allclose(recorded["rsi_14"][path], indicators["rsi_14"], rtol=0, atol=0.5)
    assert np.isfinite(recorded["macd"] - recorded["macd_signal"]).all()
    assert log["macd_histogram"].to_list() == [
        float((recorded["macd"] - recorded["macd_signal"])[path, tick])
        for path, tick in log.select("path", "tick").iter_rows()
    ]
    realised, name = recorded["realised_vol_21"][path], "realised_vol_21"
    np.testing.assert_allclose(realised, indicators[name], rtol=0, atol=1e-12)
    fallen = 1 - ledger["index"] / np.maximum.accumulate(ledger["index"])
    np.testing.assert_allclose(recorded["drawdown"][path], fallen, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(compiled.calls(path, 1, book)["nav"][0], recorded["nav"][path])


def test_on_a_history_indicators_have_the_past_that_rules_ask_for():
    """As far back as a rule over each would look, whatever the arms ask for; before that they are unknown."""
    days = av.schedule.sessions(date(2018, 1, 2), date(2018, 12, 31))
    spot = 2700 * np.exp(0.01 * np.random.default_rng(5).standard_normal(len(days)).cumsum())
    closes = pl.DataFrame({"date": days, "spx": spot, "vix": 16.0})
    history = av.market.History(closes, rate=0.02, dividend_yield=0.02)
    plain = av.Arm("plain", av.IronCondor(days=21, width_points=25))
    few = {"sessions": 21, "shares": [0.9], "surface_band": 0}
    result = av.compare([plain], history, every=1, **few)
    starts = np.array(result.task.spec["starts"])
    assert starts[0] == 0  # no rule looks back
    recorded = result._alone("plain", 0.9, starts.tolist()).calls(0, len(starts), 0)
    for name in ("rsi_14", "macd", "macd_signal", "realised_vol_21"):
        wanted = r.signal(name)
        back = (wanted > 0).warm_up("market")
        for path, start in enumerate(starts):
            first = max(start - back, 0)
            past = spot[first : start + 22]
            expected = INDICATORS[name](past, past, past > 0, past)[start - first :]
            expected[: max(back - start, 0)] = np.nan
            np.testing.assert_allclose(recorded[name][path], expected, rtol=0, atol=1e-9, err_msg=name)
    rates = result.call_rates()
    sessions = dict(rates.group_by("indicator").agg(pl.col("sessions").sum()).iter_rows())
    assert set(sessions.values()) == {len(starts) * 21}
    unknown = rates.filter(state="unknown", indicator="rsi_14")["sessions"].item()
    assert unknown == sum(start + tick < 100 for start in starts for tick in range(1, 22))


@pytest.mark.parametrize("rule", ["portfolio", "house"])
def test_what_counts_is_equity_where_marks_are_money(rule):
    """In one ledger it is NAV: a log of cash would lay what marks bring to the requirement."""
    arm = av.Arm("plain", av.IronCondor(days=21, width_points=25))
    compiled = _core.Plan(
        json.dumps(engine_spec.spec([arm], L3F(vix=18), sessions=84, shares=(0.9,), margin=rule))
    )
    recorded = compiled.calls(0, 128, 0)
    np.testing.assert_array_equal(recorded["available_core"][:, 0], C)
    np.testing.assert_allclose(recorded["available_core"], recorded["nav"], rtol=0, atol=1e-9 * C)
    log = figures.call_log(recorded)
    path, tick = log.select("path", "tick").to_numpy().T
    fell = recorded["nav"][path, tick - 1] - recorded["nav"][path, tick]
    rose = recorded["requirement_core"][path, tick] - recorded["requirement_core"][path, tick - 1]
    wanted = np.where(fell > rose, "available", "requirement").tolist()
    assert log["cause"].to_list() == wanted
    assert set(wanted) == {"available", "requirement"}


def test_the_log_changes_no_figure(called):
    _, compiled = called
    before = compiled.run(0, 32)["nav"]
    compiled.calls(0, 32, 0)
    np.testing.assert_array_equal(compiled.run(0, 32)["nav"], before)


def frame(arm, earned, **columns):
    told = {name: np.zeros(N) for name in figures.MARGIN_CALLS if name != "liquidity_low_05"}
    told |= {"liquidity_low": np.full(N, np.nan), "bills": np.ones(N), "deposited_bills": np.zeros(N)}
    told |= {"nav": C + np.asarray(earned, dtype=float), "path": np.arange(N), "start": np.zeros(N)} | columns
    told = {name: np.asarray(values, dtype=float) for name, values in told.items()}
    return pl.DataFrame(told).with_columns(arm=pl.lit(arm), share=pl.lit(0.1))


def test_the_cost_of_force_by_hand():
    forced = np.array([1, 2, 0, 0, 0, 0, 0, 0])
    ours = frame("arm", [-300, -100, 50, 50, 50, 50, 50, 50], forced=forced)
    held = frame("arm_held", [-100, -200, 50, 50, 50, 50, 50, 50])
    cost = figures.forced_cost(pl.concat([ours, held]), C, SESSIONS, 0.1, {"arm": "arm_held"})
    told = {row["figure"]: row for row in cost.iter_rows(named=True)}
    assert told["cost"]["estimate"] == pytest.approx(100 / N * A_YEAR, rel=1e-12)
    assert told["cost_when_forced"]["estimate"] == pytest.approx(50 / C, rel=1e-12)
    assert (told["held_better"]["estimate"], told["held_better"]["n"]) == (0.5, 2)


def test_figures_of_calls_by_hand():
    count = np.array([2, 0, 1, 0, 0, 0, 0, 1])
    ours = frame(
        "arm",
        np.zeros(N),
        calls=count,
        cured=count / 2,
        closed_forced=count * 2,
        unresolved_forced=count,
        deposited=np.full(N, 2e4),
        liquidity_low=np.arange(1, N + 1) / 4,
        sessions_warned=np.full(N, 63),
        blocked=count,
    )
    table = figures.margin_calls(pl.concat([ours, frame("bare", np.zeros(N))]), C, SESSIONS, 0.1)
    told = dict(table.filter(arm="arm").select("figure", "estimate").iter_rows())
    expected = {"calls": 0.5, "cured": 0.5, "unresolved_forced": 0.5, "deposited": 0.02, "blocked": 0.5}
    expected |= {"liquidity_low": 1.0, "liquidity_low_05": 0.25, "sessions_warned": 0.5}
    assert {name: told[name] for name in expected} == pytest.approx(expected)
    bare = dict(table.filter(arm="bare").select("figure", "estimate").iter_rows())
    assert bare["calls"] == 0
    assert all(bare[name] is None for name in ("cured", "liquidity_low", "sessions_warned", "blocked"))


def test_a_comparison_tells_it():
    plain = av.preset("plain")
    few = {"paths": 64, "sessions": 42, "shares": [0.70], "surface_band": 0}
    result = av.compare([plain, plain.held(), plain.stop()], av.market.L3F(vix=30), **few)
    assert result.forced_cost()["arm"].unique().to_list() == ["plain"]
    assert {"margin_calls", "forced_cost"} <= result.tables().keys()
    assert result.margin_calls()["arm"].unique(maintain_order=True).to_list() == result.arms
    console = Console(record=True, width=120, file=io.StringIO())
    print_comparison(console, result)
    said = console.export_text()
    assert "Margin calls, what they led to, and liquidity" in said
    assert "held_better" in said
    rates = result.call_rates("stop_2x")
    assert rates.filter(indicator="rsi_14")["sessions"].sum() == 64 * 42
    assert result.calls("plain").columns[:4] == ["arm", "path", "ledger", "tick"]
    with pytest.raises(SpecError, match="calls: arm = 'plane'"):
        result.calls("plane")
