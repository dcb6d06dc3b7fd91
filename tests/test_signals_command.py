"""Options `--signals` and `--staleness` of `compare` and `rules check`, from file to figures (R76 to R82)."""

import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import alvh as av
from alvh import schedule, signals
from alvh.cli import app
from alvh.errors import AlvhError

DAYS = schedule.sessions(date(2022, 1, 3), date(2022, 9, 30))
FEW = ("--sessions", "21", "--shares", "0.10", "--surface-band", "0", "--json")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A history, signals released a day later, and an arm that waits for them."""
    folder = tmp_path_factory.mktemp("signals")
    rng = np.random.default_rng(5)
    spot = 4000 * np.exp(rng.normal(0.0, 0.01, len(DAYS)).cumsum())
    pl.DataFrame({"date": DAYS, "spx": spot, "vix": 20.0}).write_csv(folder / "history.csv")
    days = DAYS[::5]
    released = [day + timedelta(1) for day in days]
    values = rng.normal(1.0, 0.5, len(days)).round(3)
    pl.DataFrame({"signal": "put_call", "date": days, "released_at": released, "value": values}).write_csv(
        folder / "signals.csv"
    )
    arm = av.Arm("waits", av.IronCondor(days=30, every="day", enter="put_call > 1.1"))
    (folder / "waits.toml").write_text(arm.to_toml(), encoding="utf-8")
    return folder


def run(*arguments):
    found = CliRunner().invoke(app, [str(each) for each in arguments])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def compared(files, *options, history=True):
    recorded = (
        "--history",
        files / "history.csv",
        "--rate",
        "0.02",
        "--dividend-yield",
        "0.015",
        "--every",
        "60",
    )
    market = recorded if history else ("--model", "gbm", "--paths", "8", "--vix", "20")
    return run("compare", "--playbook", files / "waits.toml", *market, *options, *FEW)


def test_a_file_is_aligned_with_the_closes_of_the_history(files):
    told = json.loads(compared(files, "--signals", files / "signals.csv", "--staleness", "put_call=9").stdout)
    history = av.market.History(files / "history.csv", rate=0.02, dividend_yield=0.015)
    given = signals.given(files / "signals.csv", history.data.dates, staleness={"put_call": 9})
    arm = av.Arm.read(files / "waits.toml")
    result = av.compare([arm], history, sessions=21, shares=[0.1], every=60, surface_band=0, signals=given)
    assert told["manifest"]["plan"] == result.manifest["plan"]
    assert any(limit.startswith("Signals from outside (signals.csv): put_call") for limit in told["limits"])
    shorter = json.loads(
        compared(files, "--signals", files / "signals.csv", "--staleness", "put_call=1").stdout
    )
    assert shorter["manifest"]["plan"] != told["manifest"]["plan"]
    lacking = [limit for limit in shorter["limits"] if "closed for lack of data" in limit]
    assert len(lacking) == 1


@pytest.mark.parametrize("history", [True, False])
def test_absent_is_unknown_throughout(files, history):
    told = json.loads(compared(files, "--signals", "absent", history=history).stdout)
    assert "Signals absent by choice, unknown throughout: put_call (C24)." in told["limits"]
    assert "closed for lack of data in 100.0% of sessions" in told["limits"][-1]


def test_a_model_makes_them_up_in_a_simulation(files):
    file = files / "macro.toml"
    file.write_text(
        av.Arm("surprised", av.IronCondor(days=30, enter="cpi_surprise < 1")).to_toml(), encoding="utf-8"
    )
    told = run(
        "compare",
        "--playbook",
        file,
        "--model",
        "gbm",
        "--vix",
        "20",
        "--paths",
        "8",
        "--signals",
        "macro",
        *FEW,
    )
    assert any(
        "Assumption, not evidence: cpi_surprise" in limit for limit in json.loads(told.stdout)["limits"]
    )


@pytest.mark.parametrize(
    ("options", "history", "words"),
    [
        ((), True, "put_call is a signal from outside, and none are given"),
        (("--staleness", "put_call=3"), True, "give --signals FILE, and a history"),
        (("--signals", "{}/signals.csv", "--staleness", "put_call"), True, "NAME=DAYS, such as put_call=5"),
        (
            ("--signals", "{}/signals.csv", "--staleness", "put_call=-1"),
            True,
            "NAME=DAYS, such as put_call=5",
        ),
        (
            ("--signals", "{}/signals.csv", "--staleness", "put_cal=3"),
            True,
            "'put_call' has no usual staleness",
        ),
        (("--signals", "{}/signals.csv"), True, "'put_call' has no usual staleness"),
        (("--signals", "{}/signals.csv"), False, "a frame has dates, and a simulated market has none"),
        (("--signals", "{}/nothing.csv", "--staleness", "put_call=3"), True, "nothing.csv: cannot be read"),
        (("--signals", "{}/waits.toml", "--staleness", "put_call=3"), True, "a .csv or .parquet file"),
        (("--signals", "macro"), True, "a model of them is for simulated markets"),
        (("--signals", "macro"), False, "Macro has no signal 'put_call'"),
    ],
)
def test_what_cannot_be_given_is_refused(files, options, history, words):
    with pytest.raises(AlvhError) as refused:
        compared(files, *(option.format(files) for option in options), history=history)
    assert words in str(refused.value)


def test_rules_check_tells_what_the_frame_lacks(files):
    history = ("--history", files / "history.csv", "--rate", "0.02", "--dividend-yield", "0.015")
    file = files / "rules.txt"
    file.write_text("enter: put_call > 1\nenter: cpi > 300 and not within(2, cpi)\n", encoding="utf-8")
    frame = pl.read_csv(files / "signals.csv", try_parse_dates=True).with_columns(signal=pl.lit("cpi"))
    frame.write_csv(files / "late.csv")
    told = json.loads(run("rules", "check", file, *history, "--signals", files / "late.csv", "--json").stdout)
    put_call, cpi = told["rules"]
    assert (put_call["missing"], put_call["gaps"]) == (["put_call"], [])
    assert cpi["missing"] == ["days_to_cpi"]
    assert cpi["gaps"] == [{"name": "cpi", "sessions": 1}]  # before its first release
    assert "cpi 1" in run("rules", "check", file, *history, "--signals", files / "late.csv").stdout
    with pytest.raises(AlvhError, match="--signals changes nothing here"):
        run("rules", "check", file, "--signals", files / "late.csv")
