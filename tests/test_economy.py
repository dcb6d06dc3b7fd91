"""GDP as it was known (R77), and what arms earn in its regimes (R92)."""

import math
from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alvh as av
from alvh import figures, schedule, signals
from alvh.errors import SignalError, SpecError
from alvh.market import L3F, History
from run_samples import refused

QUARTERS = [date(year, month, 1) for year in (2016, 2017, 2018) for month in (1, 4, 7, 10)]


def levels(seed=4):
    """Three estimates of each quarter, the last one with the next quarter's first; one quarter is missing."""
    draw = np.random.default_rng(seed)
    rows, level = [], 18_000.0
    for quarter in QUARTERS:
        level *= 1 + 0.006 * draw.standard_normal()
        for months in (4, 5, 7):
            out = quarter + timedelta(days=30 * months)
            value = level * (1 + 0.001 * draw.standard_normal())
            rows.append(("gdp", quarter, datetime.combine(out, time(8, 30)), value))
    rows = [row for row in rows if row[1] != date(2017, 4, 1)]
    return pl.DataFrame(rows, schema=["signal", "date", "released_at", "value"], orient="row")


def naive(frame, at):
    """Growth and revision of the latest quarter that was released by then."""
    rows = [row for row in sorted(frame.rows(), key=lambda row: (row[2], row[1])) if row[2] <= at]
    if not rows:
        return None, None
    latest = max(row[1] for row in rows)
    month = latest.month - 3
    before = date(latest.year - (month < 1), month + 12 * (month < 1), 1)
    told = []
    for row in (row for row in rows if row[1] == latest):
        known = [other[3] for other in rows if other[1] == before and other[2] <= row[2]]
        told.append((row[3] / known[-1]) ** 4 - 1 if known else None)
    if (at.date() - max(row[2] for row in rows if row[1] == latest).date()).days > 135 or told[-1] is None:
        return None, None
    return told[-1], None if told[0] is None else told[-1] - told[0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1500), st.integers(0, 20))
def test_growth_is_what_was_known(after, seed):
    frame, day = levels(seed), date(2016, 1, 4) + timedelta(days=after)
    seen = signals.align(signals.growth(frame), [day])
    expected = naive(frame, datetime.combine(day, time(16)))
    for name, value in zip(("gdp_growth", "gdp_revision"), expected, strict=True):
        assert seen[name][0] == (None if value is None else pytest.approx(value, abs=1e-12))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1200))
def test_cutting_the_future_never_changes_the_past(after):
    frame, until = levels(), datetime.combine(date(2016, 5, 1) + timedelta(days=after), time(16))
    known = pl.col("released_at") <= until
    assert signals.growth(frame.filter(known)).equals(signals.growth(frame).filter(known))


def test_what_is_no_gdp_is_named():
    frame = levels()
    for wrong, words in (
        (frame.with_columns(signal=pl.lit("cpi")), "no rows of the signal 'gdp'"),
        (frame.with_columns(value=-1.0), "gdp, 2016-01-01: -1.0 is not above 0"),
        (frame.with_columns(pl.col("date").dt.offset_by("1mo")), "gdp, 2016-02-01: not the first day"),
    ):
        with pytest.raises(SignalError, match=words):
            signals.growth(wrong)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    days = schedule.sessions(date(2016, 1, 4), date(2019, 6, 28))
    path = L3F(vix=16).simulate(1, len(days) - 1, seed=8)
    closes = pl.DataFrame({"date": days, "spx": path["spot"][0], "vix": path["vix"][0]})
    history = History(closes, rate=0.01, dividend_yield=0.02)
    out = tmp_path_factory.mktemp("run") / "run"
    arms = [av.preset("plain"), av.preset("plain").stop().replace(name="stopped")]
    return av.compare(arms, history, sessions=189, every=60, shares=[0.3], surface_band=0, out=out), days, out


def test_regimes_of_a_history_session_by_session(run):
    result, days, _ = run
    frame = levels()
    table = result.windows(gdp=frame)
    closes = [naive(frame, datetime.combine(day, time(16))) for day in days]
    earned = figures.by_session.earned(result.series()["plain"], 1e6)
    starts, gained = result.task.spec["starts"], {}
    for path, start in enumerate(starts):
        for tick in range(189):
            rate, revision = closes[start + tick]
            slow = rate is not None and 0 <= rate < 0.02
            growth = (
                "unknown" if rate is None else "contraction" if rate < 0 else "slow" if slow else "expansion"
            )
            sign = None if revision is None else math.copysign(1, revision) if revision else 0
            for by, when in (
                ("gdp", growth),
                ("gdp_revision", {None: "unknown", 0: "none", 1: "up", -1: "down"}[sign]),
            ):
                gained.setdefault((by, when), []).append(earned[path, tick])
    told = table.filter(pl.col("by").str.starts_with("gdp"), arm="plain", figure="return")
    assert {(row["by"], row["when"]) for row in told.iter_rows(named=True)} == set(gained)
    assert len(gained) == 8
    for row in told.iter_rows(named=True):
        part = gained[row["by"], row["when"]]
        assert row["estimate"] == pytest.approx(np.mean(part) * 252, rel=1e-9)
        assert row["sessions"] == pytest.approx(252 * len(part) / (189 * len(starts)))
    assert result.windows().equals(table.filter(~pl.col("by").str.starts_with("gdp")))


def test_the_command_reads_a_file_and_simulations_have_no_economy(run, tmp_path):
    _, _, out = run
    path = tmp_path / "gdp.csv"
    levels().write_csv(path)
    assert "--gdp changes nothing here" in refused("sessions", out, "--table", "beta", "--gdp", path)
    few = {"paths": 4, "sessions": 10, "shares": [0.1], "surface_band": 0}
    simulated = av.compare([av.preset("plain")], L3F(), **few)
    with pytest.raises(SpecError, match="a simulated market has no economy"):
        simulated.windows(gdp=levels())
    found = av.Comparison.load(out).windows(gdp=path)
    assert "contraction" in found["when"].to_list()
