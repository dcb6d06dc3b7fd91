"""Signals from outside in the engine: nothing is known before its release (R76 to R82, C24)."""

import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

import alvh as av
import recorded_market
import twin_indicators
from alvh import _core, market, rules, schedule, signals
from alvh.errors import AlvhError, RuleError, RunError, SignalError, SpecError
from alvh.outside import named
from alvh.rules.checking import Found, check
from alvh.rules.outside import outside
from alvh.runner import verify
from alvh.specification import specification, task_of

DAYS = schedule.sessions(date(2022, 1, 3), date(2023, 6, 30))
SESSIONS = 84


@pytest.fixture(scope="module")
def history():
    rng = np.random.default_rng(5)
    steps = rng.normal(0.0, 0.01, len(DAYS))
    vix = 20 + 4 * np.sin(np.arange(len(DAYS)) / 9) + rng.normal(0, 0.5, len(DAYS))
    frame = pl.DataFrame({"date": DAYS, "spx": 4000 * np.exp(steps.cumsum()), "vix": vix})
    return market.History(frame, rate=0.03, dividend_yield=0.015)


def releases(name="put_call", every=3, lag=1, seed=9):
    """A value on every third session, released a day later; some are not usable."""
    days = DAYS[::every]
    values = np.random.default_rng(seed).normal(1.0, 0.5, len(days)).round(3).tolist()
    values[7] = None
    return pl.DataFrame(
        {
            "signal": name,
            "date": days,
            "released_at": [day + timedelta(lag) for day in days],
            "value": values,
        },
        schema_overrides={"value": pl.Float64},
    )


def aligned(frame, stale=6):
    return signals.align(frame, DAYS, staleness=stale)


def arm(enter, name="waits", **more):
    one = av.Size(target="lots", value=1)
    return av.Arm(name, av.IronCondor(days=30, every="day", enter=enter, size=one, **more))


def spec_of(arms, history, **more):
    asked = {"sessions": SESSIONS, "capital": 1e8, "seed": 1, "shares": (0.1,), "every": 60}
    return specification(arms, history, **asked | more)


def opened(plan, path):
    """Ticks on which a tranche was opened."""
    return [each["tick"] for each in plan.trace(path, 0)["events"] if each["event"] == "open"]


# What a rule sees


@pytest.mark.parametrize(
    "rule",
    [
        "put_call > 1.1",
        "(put_call > 0.9).for_sessions(2) and vix > 18",
        "put_call.zscore(5) > 0.2 or not known(put_call)",
        "latch(put_call > 1.4, put_call < 0.7)",
        "realised_vol_21.zscore(20) > 0 and known(put_call)",  # warm at session 0
    ],
)
def test_an_arm_opens_where_the_rule_holds_on_what_was_known(history, rule):
    seen = aligned(releases())
    wanted = arm(rule)
    plan = _core.Plan(json.dumps(spec_of([wanted], history, signals=seen)))
    spec = spec_of([wanted], history, signals=seen)
    columns = {"put_call": seen["put_call"].fill_null(float("nan")).to_numpy()}
    columns["vix"] = history.data.frame["vix"].to_numpy()
    spot = history.data.frame["spx"].to_numpy()
    columns["realised_vol_21"] = _core.indicator(
        "realised_vol_21", spot, columns["vix"], np.zeros(len(spot), bool)
    )
    for path, start in enumerate(spec["starts"]):
        begins = start - wanted.warm_up
        here = {name: column[begins : start + SESSIONS] for name, column in columns.items()}
        text = json.dumps(wanted.core.enter.spec())
        truth = _core.evaluate_rule(text, "market", here)[0][wanted.warm_up :]
        # Decided at a close, filled at the next; what is due on the last tick is not decided.
        ticks = [tick + 1 for tick in np.flatnonzero(truth)]
        assert opened(plan, path) == ticks
    assert plan.warm_up == wanted.warm_up


def test_what_is_released_later_changes_no_earlier_decision(history):
    frame = releases()
    arms = [arm("put_call.zscore(4) > 0 or put_call < 0.5")]
    whole = spec_of(arms, history, signals=aligned(frame))
    start = whole["starts"][0]
    for tick in (10, 40, 70):
        last = DAYS[start + tick]
        cut = frame.filter(pl.col("released_at") <= last)
        parts = [
            _core.Plan(json.dumps(whole)),
            _core.Plan(json.dumps(spec_of(arms, history, signals=aligned(cut)))),
        ]
        ledgers = [plan.trace(0, 0)["ledger"] for plan in parts]
        for name in ledgers[0]:  # decided at `tick`, filled at the next
            np.testing.assert_array_equal(ledgers[0][name][: tick + 2], ledgers[1][name][: tick + 2])
    assert not np.array_equal(*(ledger["nav"] for ledger in ledgers))


def test_the_warm_up_comes_from_the_frame_s_own_past(history):
    frame = aligned(releases())
    wanted = arm("(put_call.percentile(60) >= 0).for_sessions(3)")
    spec = spec_of([wanted], history, signals=frame)
    assert spec["starts"][0] == wanted.warm_up == 61
    gates = _core.Plan(json.dumps(spec)).gates(0, 1, threads=1)
    # The release without a value lies in the window of the first path until it has left it.
    lacking = [index for index in range(61 + SESSIONS) if frame["put_call"][index] is None]
    told = [s for s in range(61, 61 + SESSIONS) if any(s - 62 < index <= s for index in lacking)]
    assert gates[0]["missing"] == [("put_call", gates[0]["unknown"])]
    assert gates[0]["unknown"] == len(told) > 0


# What is refused


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("vixx > 20", r"did you mean vix\? A signal of your own is written own\(vixx\)"),
        ("cpi_suprise > 0", r"did you mean cpi_surprise\?.*say so: own\(cpi_suprise\)"),
        ("los > 2", r"unknown name; a rule of the book knows spot"),
    ],
)
def test_a_slip_is_refused_where_the_rule_is_read(rule, problem):
    with pytest.raises(SpecError, match=problem):
        arm(rule)


def test_names_from_outside_are_told_with_their_places():
    found = named([arm("cpi_surprise > 1 and put_call > 1", exit="cpi_z > 1 or loss > 2 * credit")])
    assert found == {
        "cpi_surprise": "arm 'waits', core.enter",
        "put_call": "arm 'waits', core.enter",
        "cpi_z": "arm 'waits', core.exit",
    }


def test_signals_that_nobody_gives_are_an_error(history):
    for where in (history, market.L3F()):
        asked = {} if where is not history else {"every": 60}
        with pytest.raises(
            SpecError, match=r"core.enter: put_call is a signal from outside, and none are given"
        ):
            task_of(
                [arm("put_call > 1")], where, sessions=SESSIONS, capital=1e6, seed=1, shares=[0.1], **asked
            )
    with pytest.raises(RuleError, match=r"core.enter: .*did you mean put_call\?.*signals given are put_call"):
        spec_of([arm("put_cal > 1")], history, signals=aligned(releases()))
    with pytest.raises(SpecError, match="a simulated market has none"):
        specification(
            [arm("vix > 1")], market.L3F(), sessions=9, capital=1e6, seed=1, shares=[0.1], signals=releases()
        )


def test_a_frame_that_cannot_be_meant_is_refused(history):
    with pytest.raises(SignalError, match="no usual staleness"):
        signals.given(releases(), DAYS)
    with pytest.raises(SignalError, match="no row for 2023-06-30"):
        signals.given(aligned(releases())[:-1], DAYS)
    with pytest.raises(SignalError, match="signal, date, released_at, value, or what"):
        signals.given(pl.DataFrame({"put_call": [1.0]}), DAYS)
    with pytest.raises(SignalError, match="numbers, not String"):
        signals.given(aligned(releases()).with_columns(pl.col("put_call").cast(pl.String)), DAYS)
    with pytest.raises(AlvhError, match="rename the column"):
        _core.Plan(json.dumps(spec_of([arm("vix > 1")], history, signals=aligned(releases("vix")))))


# A run with signals


@pytest.fixture(scope="module")
def compared(history, tmp_path_factory):
    folder = tmp_path_factory.mktemp("signals") / "run"
    arms = [av.Arm("plain", av.IronCondor(days=30)), arm("put_call > 1.1 or cpi > 300")]
    frame = aligned(releases()).with_columns(cpi=pl.lit(None))
    asked = {"sessions": SESSIONS, "shares": [0.1], "every": 60, "surface_band": 0}
    return arms, asked, frame, av.compare(arms, history, out=folder, signals=frame, **asked), folder


def test_a_run_with_signals_is_verified_and_resumes_with_the_same_frame_alone(compared, history):
    arms, asked, frame, result, folder = compared
    assert result.manifest["facts"]["signals"]["names"] == ["put_call", "cpi"]
    assert verify(folder) == [0]
    again = av.compare(arms, history, out=folder, signals=frame, resume=True, **asked)
    assert again.manifest["plan"] == result.manifest["plan"]
    other = frame.with_columns(pl.col("put_call") + 0.001)
    with pytest.raises(RunError, match="another plan"):
        av.compare(arms, history, out=folder, signals=other, resume=True, **asked)


def test_layers_closed_for_lack_of_data_are_told(compared):
    _, _, frame, result, folder = compared
    table = result.closed()
    assert table.select("arm", "layer").rows() == [("waits", "core")]
    row = table.row(0, named=True)
    # put_call > 1.1 decides where it is true; cpi is missing in every other session.
    starts = result.task.spec["starts"]
    seen = [(frame["put_call"][s + tick]) for s in starts for tick in range(SESSIONS)]
    unknown = sum(value is None or not value > 1.1 for value in seen)
    assert (row["sessions"], row["unknown"]) == (len(starts) * SESSIONS, unknown)
    assert row["withheld"] == unknown  # it decides every day
    assert {each["name"]: each["sessions"] for each in row["missing"]}["cpi"] == unknown
    sentence = result.limits[-1]
    assert "waits: layer 'core' closed for lack of data in" in sentence
    assert sentence.endswith("cpi, put_call (C24).")
    assert av.Comparison.load(folder).limits == result.limits


def test_absent_by_choice_closes_what_waits(history):
    arms = [arm("put_call > 1 or vix > 100"), arm("not (put_call > 1) or vix > 1", name="either")]
    result = av.compare(
        arms, market.L3F(), paths=8, sessions=10, shares=[0.1], surface_band=0, signals="absent"
    )
    assert result.closed()["unknown"].to_list() == [80, 0]
    assert result.paths().collect().filter(arm="waits")["opened"].sum() == 0
    assert "put_call" in result.limits[-2]
    assert "unknown throughout" in result.limits[-2]


# Real series


@pytest.mark.data
@recorded_market.needs_data
def test_macro_series_open_a_layer_only_after_their_release():
    """R77, R78: a month's inflation is known from the middle of the next one on, not from its first day."""
    names = {"CPIAUCNS": "cpi", "T10Y2Y": "yield_curve"}
    macro = pl.read_parquet(recorded_market.folder() / "macro" / "macro_long.parquet").filter(
        pl.col("series").is_in(names)
    )
    series = macro.select(
        signal=pl.col("series").replace_strict(names), date="date", value="value"
    ).drop_nulls()
    released = signals.released(series)
    yearly = signals.change(released.filter(signal="cpi"), periods=12, kind="ratio", suffix="_yearly")
    history = recorded_market.history(date(2007, 6, 1), date(2009, 3, 31))
    dates = history.data.dates
    seen = signals.align(pl.concat([released, yearly]), dates, staleness={"cpi_yearly": 45})
    falling = arm("cpi_yearly.falling(1) and yield_curve > 0")
    result = av.compare(
        [falling], history, signals=seen, sessions=252, shares=[0.1], surface_band=0, every=1_000
    )
    start = result.task.spec["starts"][0]
    ticks = opened(_core.Plan(result.task.text), 0)
    days = [dates[start + tick - 1] for tick in ticks]
    july, august = (series.filter(signal="cpi", date=date(2008, m, 1))["value"].item() for m in (7, 8))
    assert august < july
    # A month's change is new on one day, usually the 17th after it; the fill is at the next close.
    assert days
    for day in days:
        before = dates[dates.index(day) - 1]
        told = signals.align(yearly, [before, day], staleness=45)["cpi_yearly"]
        assert told[1] < told[0]
        assert day.day >= 16
    assert result.closed()["unknown"].to_list() == [0]


# What a frame that came aligned is taken for


def test_a_frame_that_came_aligned_is_said_to_be_so(history):
    seen = aligned(releases())
    told = " ".join(signals.given(seen, DAYS).limits)
    assert "aligned by the user, release days not checked" in told
    assert "each from its release on" in " ".join(signals.given(releases(), DAYS, staleness=6).limits)
    with pytest.raises(SignalError, match="staleness: of what is aligned here"):
        signals.given(seen, DAYS, staleness=3)


def test_signals_of_another_history_are_refused(history):
    other = signals.given(releases(), [day + timedelta(7) for day in DAYS], staleness=6)
    with pytest.raises(SpecError, match="signals: given for"):
        spec_of([arm("put_call > 1.1")], history, signals=other)


@pytest.mark.parametrize("name", ["vix3m", "vix9d"])
def test_a_tenor_of_a_known_name_is_no_slip(name):
    assert outside(rules.parse(f"{name} > 20")) == (name,)
    with pytest.raises(SpecError, match="did you mean vix"):
        arm("vixx > 20")


# Signals of one's own near a known name


def test_a_declared_name_is_the_user_s_however_near_a_known_one(history):
    """`own(vvix)`: said once in the rule, kept by text and TOML, and read from the frame."""
    wanted = arm("own(vvix) > 1.1 and own(vvix).rising(1)")
    assert outside(wanted.core.enter) == ("vvix",)
    assert av.Arm.from_toml(wanted.to_toml()) == wanted
    assert str(rules.signal("vvix", own=True) > 100) == "own(vvix) > 100"
    assert rules.parse("own(vvix) > 100") == (rules.signal("vvix", own=True) > 100)
    seen = aligned(releases("vvix"))
    plan = _core.Plan(json.dumps(spec_of([wanted], history, signals=seen)))
    assert opened(plan, 0)
    with pytest.raises(RuleError, match=r"did you mean vvix\?"):
        spec_of([arm("own(vvixx) > 1")], history, signals=seen)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("own(vix) > 20", "the engine has this name itself; rename the signal"),
        ("own(vvix, 2) > 20", "own takes the name of a signal of your own"),
        ("own(min) > 20", "own takes the name of a signal of your own"),
        ("own > 20", "own is a function"),
    ],
)
def test_what_cannot_be_declared_is_said(rule, problem):
    with pytest.raises(AlvhError, match=problem):
        arm(rule)


# What the engine makes of a signal: the beta against a broader index (C7)

EARLY = "vix > 19 and market_beta > 1.05"


def broad_index(history, cut=None):
    """Closes of a broader index: calmer than SPX for a year, then wilder; one is missing, one not usable."""
    rng = np.random.default_rng(12)
    moves = np.diff(np.log(history.data.frame["spx"].to_numpy()), prepend=np.log(4000))
    slope = np.where(np.arange(len(DAYS)) < 250, 0.8, 1.3)
    closes = 1e4 * np.exp(np.cumsum(slope * moves + rng.normal(0, 0.003, len(DAYS))))
    frame = pl.DataFrame({"signal": "broad_index", "date": DAYS, "released_at": DAYS, "value": closes})
    holed = frame.with_columns(value=pl.when(pl.col("date") != DAYS[90]).then("value"))
    return holed.filter(pl.col("date") != DAYS[151], pl.col("date") <= (cut or DAYS[-1]))


def test_the_early_path_opens_on_the_beta_that_was_known(history):
    """R53, C7: NumPy's slopes say where the engine opens; a missing close closes it for 60 sessions."""
    seen = signals.align(broad_index(history), DAYS)
    assert seen["broad_index"].is_null().arg_true().to_list() == [90, 151]  # known at its own close alone
    wanted = arm(EARLY)
    spec = spec_of([wanted], history, signals=broad_index(history))
    plan = _core.Plan(json.dumps(spec))
    assert plan.warm_up == wanted.warm_up == 60
    spot, vix = (history.data.frame[name].to_numpy() for name in ("spx", "vix"))
    closes = seen["broad_index"].fill_null(float("nan")).to_numpy()
    slopes = twin_indicators.beta(spot, closes)
    assert np.isnan(slopes[90:212]).all()
    open_at = (vix > 19) & (slopes > 1.05)
    found = [opened(plan, path) for path in range(len(spec["starts"]))]
    for path, start in enumerate(spec["starts"]):
        assert found[path] == [tick + 1 for tick in np.flatnonzero(open_at[start : start + SESSIONS])]
    assert 0 < sum(map(len, found)) < SESSIONS * len(found)


def test_closes_of_the_broader_index_to_come_change_no_earlier_decision(history):
    whole = spec_of([arm(EARLY)], history, signals=broad_index(history))
    start = whole["starts"][0]
    for tick in (10, 25):
        cut = broad_index(history, DAYS[start + tick])
        parts = [
            _core.Plan(json.dumps(spec)).trace(0, 0)["ledger"]
            for spec in (whole, spec_of([arm(EARLY)], history, signals=cut))
        ]
        for name, column in parts[0].items():
            np.testing.assert_array_equal(column[: tick + 2], parts[1][name][: tick + 2])


@pytest.mark.parametrize("signal", [None, signals.Macro(), "absent"])
def test_without_a_broader_index_the_early_path_is_closed_and_told(signal):
    """C7, C24: in simulated markets nothing is refused, and what waits for the beta is told to be closed."""
    few = {"paths": 8, "sessions": 10, "shares": [0.1], "surface_band": 0, "signals": signal}
    result = av.compare([arm(f"{EARLY} or vix > 100")], market.L3F(), **few)
    gate = result.closed().row(0, named=True)
    assert gate["unknown"] > 0
    assert [each["name"] for each in gate["missing"]] == ["market_beta"]
    assert result.paths().collect()["opened"].sum() == 0
    assert "broad_index" in result.limits[-2]
    assert "closed for lack of data" in result.limits[-1]
    assert "market_beta" in result.limits[-1]


def test_a_level_is_not_made_up_nor_a_beta_given(history):
    with pytest.raises(SpecError, match="Macro has no broad_index: it is the level of an index"):
        av.compare([arm("broad_index > 0")], market.L3F(), signals=signals.Macro(), paths=8, sessions=5)
    frame = releases("market_beta")
    with pytest.raises(AlvhError, match=r"market_beta.*rename the column"):
        _core.Plan(json.dumps(spec_of([arm("vix > 1")], history, signals=aligned(frame))))


def test_a_check_tells_whether_the_broader_index_is_there(history):
    found = [Found("line 1", "market_beta > 1.2", None)]
    assert check(found, history.data)["missing"].to_list() == [["market_beta"]]
    told = check(found, history.data, broad_index(history))
    assert told.select("missing", "outside", "warm_up").row(0) == ([], [], 60)
