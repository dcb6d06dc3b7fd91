"""`alvh sessions`: the tables of a finished run, as words and as JSON."""

import json

import pytest

import alvh as av
from alvh.comparison import Comparison
from alvh.market import L3F, History
from run_samples import command, refused


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    arms = [av.preset("plain"), av.preset("alvh_0")]
    av.compare(arms, L3F(vix=26), paths=24, sessions=63, shares=[0.10], surface_band=0, out=out)
    return out


def test_the_four_tables_of_all_arms(folder):
    ran = command("sessions", folder)
    assert ran.returncode == 0, ran.stderr
    parts = ran.stdout.split("\n\n")
    assert [part.splitlines()[0] for part in parts] == ["beta", "returns", "spikes", "windows"]
    assert "  alvh_0, downside_beta_cut: " in parts[0]
    assert "solved 24" in parts[1]
    assert "alvh_0, vix, 20 to 25, return_less_base: " in parts[3]


def test_tables_of_one_arm_as_json(folder):
    asked = ("greek_view", "foresight", "openings", "turnover")
    options = [option for name in asked for option in ("--table", name)]
    told = json.loads(command("sessions", folder, *options, "--arm", "alvh_0", "--json").stdout)
    assert tuple(told) == asked
    assert {row["arm"] for rows in told.values() for row in rows} == {"alvh_0"}
    result = Comparison.load(folder)
    assert told["turnover"][0]["estimate"] == result.turnover("alvh_0")["estimate"][0]


def test_an_unknown_table_is_one_line(folder):
    assert refused("sessions", folder, "--table", "betas").startswith("--table = 'betas': ")
    told = refused("sessions", folder, "--table", "greek_view", "--arm", "x")
    assert "greek_view: arm = 'x' at share" in told
    told = refused("sessions", folder, "--table", "dry_powder", "--arm", "alvh_0")
    assert "--arm changes nothing here: it is about --table greek_view, foresight" in told


def test_dry_powder_is_of_arms_with_hedges(folder):
    told = json.loads(command("sessions", folder, "--table", "dry_powder", "--json").stdout)["dry_powder"]
    assert {row["arm"] for row in told} == {"alvh_0"}
    assert {row["figure"] for row in told} == {"funds", "budget"}
    words = command("sessions", folder, "--table", "dry_powder").stdout
    assert "alvh_0, funds, sleeve, start: 10.0% (10.0–10.0%); paths 24" in words


def test_a_history_has_no_intervals(tmp_path):
    """Starts of one history overlap: tables are there, bounds are not, and dates given are announcements."""
    path = L3F(vix=18).simulate(1, 159, seed=5)
    from datetime import date

    import polars as pl

    days = av.schedule.sessions(date(2018, 1, 2), date(2018, 12, 31))[:160]
    frame = pl.DataFrame({"date": days, "spx": path["spot"][0], "vix": path["vix"][0]})
    market = History(frame, rate=0.01, dividend_yield=0.02, events={"fomc": [days[60], days[100]]})
    arms = [av.preset("plain"), av.preset("always_on")]
    result = av.compare(arms, market, sessions=42, every=10, shares=[0.35], surface_band=0)
    for table in (
        result.beta(),
        result.returns(),
        result.spikes(),
        result.windows(window=1),
        result.greek_view("always_on"),
        result.foresight("always_on"),
        result.openings("always_on"),
        result.turnover("always_on"),
    ):
        assert table["low"].is_null().all()
    near = result.announcements(1)
    assert set(near) == {"fomc", "announcements"}
    starts = result.task.spec["starts"]
    for row, start in zip(near["fomc"], starts, strict=True):
        calendar = [abs(start + tick - day) <= 1 for tick in range(1, 43) for day in (60, 100)]
        assert row.sum() == sum(calendar)
    assert result.windows(window=1).filter(by="fomc", when="inside").height > 0
