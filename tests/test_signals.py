"""Signals from outside: what was known when, and never before (R76 to R82)."""

import os
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh import rules, signals
from alvh.errors import SignalError

DATA = os.environ.get("ALVH_DATA")
FIRST = date(2024, 1, 1)


def frame(*rows):
    return pl.DataFrame(
        rows,
        schema={"signal": pl.String, "date": pl.Date, "released_at": pl.Datetime("us"), "value": pl.Float64},
        orient="row",
    )


def at(day, hour=0, minute=0):
    return datetime.combine(FIRST + timedelta(days=day), time(hour, minute))


def day(number):
    return FIRST + timedelta(days=number)


# What is known


def test_a_release_is_known_at_the_close_of_its_day_and_no_earlier():
    rows = frame(("x", day(0), at(3, 8, 30), 1.0), ("x", day(1), at(4, 16, 1), 2.0))
    seen = signals.align(rows, [day(n) for n in range(2, 7)], staleness=30)
    assert seen["x"].to_list() == [None, 1.0, 1.0, 2.0, 2.0]


def test_a_revision_replaces_its_own_period_and_never_a_later_one():
    rows = frame(
        ("gdp", day(0), at(10), 1.0),
        ("gdp", day(0), at(12), 1.5),  # revised: counts
        ("gdp", day(90), at(100), 2.0),
        ("gdp", day(0), at(101), 1.7),  # revised again: the later period stands
    )
    seen = signals.align(rows, [day(n) for n in (10, 12, 100, 101)])
    assert seen["gdp"].to_list() == [1.0, 1.5, 2.0, 2.0]


def test_what_is_stale_or_unusable_is_unknown_and_its_age_is_told():
    rows = frame(("x", day(0), at(0), 1.0), ("x", day(20), at(20), None))
    seen = signals.align(rows, [day(n) for n in (0, 5, 6, 20)], staleness={"x": 5}, ages=True)
    assert seen["x"].to_list() == [1.0, 1.0, None, None]
    assert seen["x_age"].to_list() == [0, 5, 6, 0]
    before = signals.align(rows, [date(2023, 12, 29)], staleness=5, ages=True)
    assert before.row(0) == (date(2023, 12, 29), None, None)


def test_a_time_with_its_zone_is_a_time_of_new_york():
    utc = pl.DataFrame({"signal": ["x"] * 2, "date": [day(0), day(1)], "value": [1.0, 2.0]}).with_columns(
        released_at=pl.Series(
            [datetime(2024, 1, 2, 20, 59, tzinfo=UTC), datetime(2024, 1, 3, 21, 1, tzinfo=UTC)]
        )
    )
    seen = signals.align(utc, [day(1), day(2), day(3)], staleness=9)
    assert seen["x"].to_list() == [1.0, 1.0, 2.0]


releases = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.integers(0, 40).map(day),
        st.integers(0, 60 * 24).map(lambda hour: datetime.combine(FIRST, time()) + timedelta(hours=hour)),
        st.none() | st.floats(-9, 9),
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda row: row[:3],
)


def naive(rows, name, session, limit):
    """The value of the latest period released by that close; of its releases the last."""
    close = datetime.combine(session, time(16))
    known = [(period, at, value) for signal, period, at, value in rows if signal == name and at <= close]
    if not known:
        return None
    # A revision of an earlier period is no news: what counts is the newest period known at each release.
    shown = [each for each in known if all(other[0] <= each[0] or other[1] > each[1] for other in known)]
    _, at_, value = max(shown, key=lambda each: (each[1], each[0]))
    return value if (session - at_.date()).days <= limit else None


@settings(deadline=None, max_examples=60)
@given(rows=releases, limit=st.integers(0, 30))
def test_it_agrees_with_the_definition(rows, limit):
    sessions = [day(n) for n in range(0, 70, 3)]
    seen = signals.align(frame(*rows), sessions, staleness=limit)
    for name in {row[0] for row in rows}:
        assert seen[name].to_list() == [naive(rows, name, session, limit) for session in sessions]


@settings(deadline=None, max_examples=30)
@given(rows=releases, cut=st.integers(0, 60))
def test_cutting_the_future_never_changes_the_past(rows, cut):
    """R76: truncation. Transforms as well: a later release or revision changes no earlier score."""
    whole = frame(*rows)
    known = whole.filter(pl.col("released_at") <= datetime.combine(day(cut), time(16)))
    sessions = [day(n) for n in range(cut + 1)]
    for made in (
        lambda f: f,
        lambda f: signals.zscore(f, window=4, least=2),
        lambda f: signals.change(f, periods=2, kind="ratio"),
    ):
        late, early = (signals.align(made(f), sessions, staleness=40) for f in (whole, known))
        for name in early.columns:
            assert late[name].to_list() == early[name].to_list()
        assert all(late[name].null_count() == cut + 1 for name in set(late.columns) - set(early.columns))


# Transforms


@settings(deadline=None, max_examples=60)
@given(values=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40), window=st.integers(2, 12))
def test_scores_are_those_of_numpy(values, window):
    rows = frame(*(("x", day(n), at(n), value) for n, value in enumerate(values)))
    found = signals.zscore(rows, window=window, least=2)["value"].to_list()
    for n, score in enumerate(found):
        known = np.array(values[max(0, n + 1 - window) : n + 1])
        sd = known.std(ddof=1) if len(known) > 1 else 0.0
        assert score == (pytest.approx((values[n] - known.mean()) / sd, abs=1e-9) if sd > 0 else None)


def test_a_score_uses_values_as_they_stood():
    rows = frame(
        ("x", day(0), at(0), 0.0),
        ("x", day(1), at(1), 2.0),
        ("x", day(0), at(2), 100.0),
        ("x", day(2), at(3), 4.0),
    )
    scores = signals.zscore(rows, window=3, least=3)
    known = np.array([100.0, 2.0, 4.0])
    assert scores["value"].to_list()[-1] == pytest.approx((4.0 - known.mean()) / known.std(ddof=1))


def test_changes_over_periods():
    rows = frame(*(("cpi", date(2023, n + 1, 1), at(n), 100.0 * 1.01**n) for n in range(12)))
    ratio = signals.change(rows, periods=3, kind="ratio", suffix="_q")
    assert ratio["signal"].unique().to_list() == ["cpi_q"]
    assert ratio["value"].to_list() == [None] * 3 + [pytest.approx(1.01**3 - 1)] * 9
    assert signals.change(rows, kind="log")["value"][1] == pytest.approx(np.log(1.01))
    assert (
        signals.change(frame(("x", day(0), at(0), -1.0), ("x", day(1), at(1), 1.0)), kind="ratio")["value"][1]
        is None
    )


def test_volatility_by_hand():
    """R47: of changes in a row, as they were known; null where a level is missing or not above 0."""
    levels = [100.0, 101.0, 99.0, 102.0, 0.0, 101.0, 100.0, 99.0]
    rows = frame(*(("dollar_index", day(n), at(n), level) for n, level in enumerate(levels)))
    vol = signals.volatility(rows, window=2)
    assert vol["signal"].unique().to_list() == ["dollar_index_vol_2"]
    changes = np.diff(np.log([100.0, 101.0, 99.0, 102.0]))
    known = [np.std(changes[:2], ddof=1), np.std(changes[1:], ddof=1)]
    last = np.std(np.diff(np.log([101.0, 100.0, 99.0])), ddof=1)
    assert vol["value"].to_list() == [
        None,
        None,
        *map(pytest.approx, known),
        None,
        None,
        None,
        pytest.approx(last),
    ]


# Into rules


def test_a_rule_reads_what_was_known_and_an_absent_signal_is_unknown():
    rows = frame(("cpi_yoy_z", day(0), at(1), 2.5))
    seen = signals.align(rows, [day(0), day(1)], staleness=9).with_columns(vix=pl.Series([30.0, 30.0]))
    opened = rules.parse("cpi_yoy_z > 2 and vix > 28").to_polars()
    assert seen.select(opened).to_series().to_list() == [None, True]


# The registry


def test_the_registry_is_whole():
    named = signals.registry()
    families = {
        "breadth",
        "inflation",
        "policy",
        "growth",
        "currency",
        "rates",
        "valuation",
        "liquidity",
        "flows",
        "microstructure",
        "price",
    }
    assert {each.family for each in named.values()} == families
    for each in named.values():
        period = {"day": 1, "month": 31, "quarter": 92}[each.period]
        assert each.lag_days >= 0
        assert each.stale_days >= period - 1  # at least until the period is over
        assert each.unit
        assert each.source
        assert each.ids
    assert {id_ for each in named.values() for id_ in each.ids} >= {
        "R76",
        "R77",
        "R78",
        "R79",
        "R81",
        "C7",
        "C11",
    }


def test_usual_releases_are_after_the_period():
    rows = pl.DataFrame(
        {
            "signal": ["cpi", "gdp", "advance_decline", "mine"],
            "date": [date(2008, 8, 1), date(2008, 4, 1), date(2008, 9, 12), date(2008, 9, 12)],
            "value": [1.0] * 4,
        }
    )
    found = dict(
        signals.released(rows, {"mine": 2}).select("signal", pl.col("released_at").dt.date()).iter_rows()
    )
    assert found == {
        "cpi": date(2008, 9, 17),
        "gdp": date(2008, 7, 31),
        "advance_decline": date(2008, 9, 12),
        "mine": date(2008, 9, 14),
    }


# Refusals


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"signal": "CPI"}, "row 1, column signal: 'CPI' is not a lower-case name"),
        ({"value": float("nan")}, "row 1, column value: nan is not a finite number"),
        ({"value": float("inf")}, "row 1, column value: inf"),
        ({"released_at": None}, "row 1, column released_at: None is not a date"),
        ({"date": None}, "row 1, column date: None"),
    ],
)
def test_bad_rows_are_named(change, words):
    row = {"signal": "cpi", "date": day(0), "released_at": at(1), "value": 1.0} | change
    with pytest.raises(SignalError, match=words.replace("(", r"\(")) as refused:
        signals.read(frame(tuple(row.values())))
    assert refused.value.row == 1


def test_files_are_read_or_named(tmp_path):
    path = tmp_path / "signals.csv"
    path.write_text("signal,date,released_at,value\ncpi,2024-01-01,2024-02-13 08:30,308.4\n")
    assert signals.read(path).row(0) == ("cpi", FIRST, at(43, 8, 30), 308.4)
    path.write_text("signal,date,released_at,value\ncpi,2024-01-01,2024-02-13,n/a\n")
    with pytest.raises(SignalError, match=r"signals.csv, row 1, column value: 'n/a' is not a finite number"):
        signals.read(path)
    path.write_text("signal,date,value\ncpi,2024-01-01,308.4\n")
    with pytest.raises(SignalError, match=r"no column 'released_at'.*Mend: alvh.signals.released"):
        signals.read(path)
    with pytest.raises(SignalError, match=r"a .csv or .parquet file"):
        signals.read(tmp_path / "signals.xlsx")
    with pytest.raises(SignalError, match="cannot be read"):
        signals.read(tmp_path / "absent.csv")


def test_bad_arguments_are_named():
    rows = frame(("mine", day(0), at(1), 1.0))
    with pytest.raises(SignalError, match=r"'mine' has no usual staleness.*Mend: staleness=\{'mine': days\}"):
        signals.align(rows, [day(2)])
    with pytest.raises(SignalError, match=r"'mine' has no usual lag.*Mend: lags=\{'mine': days\}"):
        signals.released(rows.drop("released_at"))
    with pytest.raises(SignalError, match="-1: 0 days or more"):
        signals.align(rows, [day(2)], staleness=-1)
    with pytest.raises(SignalError, match="ascending order"):
        signals.align(rows, [day(2), day(2)], staleness=1)
    with pytest.raises(SignalError, match="one row for each signal"):
        signals.read(pl.concat([rows, rows]))
    with pytest.raises(SignalError, match="window = 1: at least 2"):
        signals.zscore(rows, window=1, least=2)
    with pytest.raises(SignalError, match="periods = 0"):
        signals.change(rows, periods=0)


# Real series


@pytest.mark.data
@pytest.mark.skipif(DATA is None, reason="ALVH_DATA is not set")
def test_macro_series_are_known_only_after_their_release():
    """R77, R78: the week in which an investment bank failed knew July's prices, and spring's output."""
    names = {
        "CPIAUCNS": "cpi",
        "PPIACO": "ppi",
        "GDP": "gdp",
        "RBUSBIS": "reer",
        "T10Y2Y": "yield_curve",
        "DFF": "policy_rate",
    }
    macro = pl.read_parquet(Path(DATA) / "macro" / "macro_long.parquet").filter(pl.col("series").is_in(names))
    series = macro.select(
        signal=pl.col("series").replace_strict(names), date="date", value="value"
    ).drop_nulls()
    known = signals.released(series)
    sessions = [date(2008, 9, 15), date(2008, 9, 16), date(2008, 9, 17), date(2008, 9, 24)]
    seen = signals.align(known, sessions)

    def of(name, period):
        return series.filter(signal=name, date=period)["value"].item()

    july, august = of("cpi", date(2008, 7, 1)), of("cpi", date(2008, 8, 1))
    assert seen["cpi"].to_list() == [july, july, august, august]
    assert set(seen["gdp"]) == {of("gdp", date(2008, 4, 1))}
    assert seen["reer"].to_list() == [of("reer", date(2008, 7, 1))] * 3 + [of("reer", date(2008, 8, 1))]
    assert seen["yield_curve"][0] == of("yield_curve", date(2008, 9, 12))  # a Friday, seen on Monday
    yoy = signals.zscore(signals.change(known, periods=12, kind="ratio", suffix="_yoy"), window=120)
    scores = signals.align(yoy, sessions, staleness=60)
    assert scores["cpi_yoy_z"].drop_nulls().is_between(-6, 6).all()
