"""Reading and replaying a recorded market: good files, bad files by name, gaps, limits, mutations."""

import io
import json
import os
import pickle
import subprocess
import sys
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh import schedule
from alvh.errors import AlvhError, HistoryError
from alvh.history import LIMITS, GapReport, History, read_history
from alvh.history.data import HistoryData

RATES = {"rate": 0.05, "dividend_yield": 0.014}
DAYS = schedule.sessions(date(2024, 3, 1), date(2024, 4, 30))
LOST_EXPIRY = date(2024, 3, 15)


def frame(days=DAYS):
    n = range(len(days))
    return pl.DataFrame(
        {"date": days, "spx": [5100.0 + 3.0 * i for i in n], "vix": [14.0 + 0.1 * (i % 7) for i in n]},
        schema_overrides={"date": pl.Date},
    )


def with_cell(row, column, value):
    """The frame as text, one cell replaced; `row` counts from 1."""
    text = frame().with_columns(pl.all().cast(pl.String))
    return text.with_columns(
        pl.when(pl.int_range(pl.len()) == row - 1)
        .then(pl.lit(value, dtype=pl.String))
        .otherwise(pl.col(column))
        .alias(column)
    )


def refusal(source, **options):
    with pytest.raises(HistoryError) as caught:
        read_history(source, **{**RATES, **options})
    return caught.value


@pytest.fixture
def csv_file(tmp_path):
    path = tmp_path / "closes.csv"
    frame().write_csv(path)
    return path


# Good sources


def test_frame_csv_and_parquet_read_alike(tmp_path, csv_file):
    parquet = tmp_path / "closes.parquet"
    frame().select("vix", "date", "spx").write_parquet(parquet)
    results = [read_history(source, **RATES) for source in (frame(), csv_file, str(csv_file), parquet)]
    assert {result.data_hash for result in results} == {results[0].data_hash}
    assert all(result.frame.equals(results[0].frame) for result in results)
    assert results[0].frame.columns == ["date", "spx", "vix", "rate", "dividend_yield"]
    assert [result.source for result in results] == ["frame", "closes.csv", "closes.csv", "closes.parquet"]


@pytest.mark.parametrize("column", ["spx", "vix", "rate", "dividend_yield"])
def test_the_hash_sees_every_value(column):
    data = read_history(frame(), **RATES)
    other = data.frame.with_columns(
        pl.when(pl.col("date") == DAYS[9]).then(pl.col(column) + 1e-12 * 64).otherwise(column).alias(column)
    )
    assert read_history(other).data_hash != data.data_hash
    assert read_history(data.frame).data_hash == data.data_hash


def test_names_in_any_case_and_by_mapping():
    renamed = frame().rename({"date": " Date", "spx": "Close", "vix": "VIX"}).with_columns(Volume=1)
    data = read_history(renamed, columns={"spx": "Close"}, **RATES)
    assert len(data) == len(DAYS)
    assert data.ignored == ("Volume",)


def test_optional_columns_may_have_holes():
    data = read_history(
        frame().with_columns(vix3m=pl.Series([None, 15.0] + [16.0] * (len(DAYS) - 2)), rate=0.05),
        dividend_yield=0.01,
    )
    assert data.frame["vix3m"].null_count() == 1
    assert data.constants == {"dividend_yield": 0.01}


@pytest.mark.parametrize(
    "dates",
    [
        pl.Series(DAYS).cast(pl.Datetime("us")),
        pl.Series(DAYS).cast(pl.Datetime("ms")).dt.replace_time_zone("America/New_York"),
        pl.Series([f" {day} " for day in DAYS]),
        pl.Series([f"{day} 00:00:00" for day in DAYS]),
        pl.Series([f"{day}T00:00:00.000Z" for day in DAYS]),
    ],
    ids=["datetime", "zoned", "padded", "midnight", "ISO midnight"],
)
def test_dates_in_other_dress(dates):
    assert read_history(frame().with_columns(date=dates), **RATES).dates == DAYS


def test_byte_order_mark_blank_lines_and_dos_line_ends(tmp_path):
    path = tmp_path / "dos.csv"
    text = frame().write_csv().replace("\n", "\r\n\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_history(path, **RATES).data_hash == read_history(frame(), **RATES).data_hash


def test_integers_decimals_and_text_are_numbers():
    typed = frame().with_columns(
        spx=pl.Series([5100] * len(DAYS)), vix=pl.Series(["14.5"] * len(DAYS)).cast(pl.Decimal(6, 2))
    )
    data = read_history(typed, **RATES)
    assert data.frame["vix"].to_list() == [14.5] * len(DAYS)


# Bad sources, by name


BAD_CELLS = {
    "unparsable date": ("date", "2024-13-01", "no date"),
    "ambiguous date": ("date", "03/08/2024", "YYYY-MM-DD"),
    "time of day": ("date", "2024-03-08 16:00:00", "without a time of day"),
    "no date": ("date", None, "no date"),
    "date twice": ("date", str(DAYS[3]), "stands twice"),
    "date out of order": ("date", "2024-02-28", "sort the rows"),
    "date before the calendar": ("date", "1989-12-29", "1990-01-01 to 2035-12-31"),
    "number with a thousands separator": ("spx", "5,100", "is no number"),
    "text for a number": ("vix", "n/a", "is no number"),
    "zero index": ("spx", "0", "out of range"),
    "negative index": ("spx", "-5100", "out of range"),
    "infinite index": ("spx", "inf", "out of range"),
    "volatility as decimal": ("vix", "0.145", "not 0.16"),
    "volatility of 260": ("vix", "260", "5 to 200"),
    "jump": ("spx", "7000", "allow_jumps=True"),
}


@pytest.mark.parametrize(("column", "value", "says"), BAD_CELLS.values(), ids=BAD_CELLS.keys())
def test_a_bad_cell_is_named(tmp_path, column, value, says):
    path = tmp_path / "bad.csv"
    with_cell(6, column, value).write_csv(path)
    error = refusal(path)
    assert (error.source, error.row, error.line, error.column) == ("bad.csv", 6, 7, column)
    assert error.value == (value or "")
    for part in ("bad.csv", "row 6 (line 7)", repr(column), "Allowed:", "Mend:", says):
        assert part in str(error)


def test_further_bad_rows_are_counted():
    error = refusal(frame().with_columns(vix=pl.lit(0.2)))
    assert f"({len(DAYS) - 1} more rows like it)" in str(error)
    assert error.line is None


def test_rates_in_percent():
    assert "divide by 100" in str(refusal(frame(), rate=5.25))
    assert "divide by 100" in str(refusal(frame().with_columns(rate=4.0), rate=None))
    for wrong in (float("nan"), "0.05", -0.2):
        assert refusal(frame(), dividend_yield=wrong).column == "dividend_yield"


def test_rates_are_required_and_the_error_says_how():
    error = refusal(frame(), rate=None, dividend_yield=None)
    assert "give rate=…, dividend_yield=… as decimals" in str(error)


def test_a_rate_may_not_be_given_twice():
    assert "give one of them" in str(refusal(frame().with_columns(rate=0.04)))


def test_a_missing_column_names_the_nearest():
    error = refusal(frame().rename({"vix": "vixx"}))
    assert "no column 'vix'" in str(error)
    assert "did you mean 'vixx'" in str(error)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"columns": {"close": "spx"}}, "'close'"),
        ({"columns": {"spx": "Close"}}, "no column 'Close'"),
        ({"gaps": "fill"}, "'error', 'report'"),
    ],
)
def test_wrong_options(options, says):
    assert says in str(refusal(frame(), **options))


def test_two_columns_for_one_name():
    assert "both mean 'vix'" in str(refusal(frame().with_columns(VIX=20.0)))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n \n", "is empty"),
        ("header.csv", b"date,spx,vix\n", "no rows"),
        ("latin.csv", "date,spx,vix,Börse\n".encode("latin-1"), "not UTF-8"),
        (
            "ragged.csv",
            b"date,spx,vix\n2024-03-01,5100,14\n2024-03-04,5,100,14\n",
            "row 2 (line 3): 4 fields",
        ),
        ("quote.csv", b'date,spx,vix\n"2024-03-01,5100,14\n', "not comma-separated"),
        ("twice.csv", b"date,spx,spx,vix\n", "'spx' twice"),
        ("semicolon.csv", b"date;spx;vix\n2024-03-01;5100;14\n", "separator is a comma"),
        ("binary.csv", bytes(range(256)), "not UTF-8"),
        ("zeros.csv", bytes(64), "no column"),
        ("text.parquet", b"date,spx,vix\n", "not a whole Parquet"),
        ("magic.csv", b"PAR1PAR1", "damaged"),
    ],
)
def test_a_bad_file_is_named(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    error = refusal(path)
    assert name in str(error)
    assert says in str(error)


def test_a_truncated_parquet_file(tmp_path):
    path = tmp_path / "cut.parquet"
    frame().write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    assert "not a whole Parquet" in str(refusal(path))


@pytest.mark.parametrize("source", ["absent.csv", ".", "", "a\0b", 17, None])
def test_what_is_no_readable_file(source):
    refusal(source)


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([[1]] * len(DAYS)),
        pl.Series([b"\xff"] * len(DAYS)),
        pl.Series([timedelta(1)] * len(DAYS)),
        pl.Series([True] * len(DAYS)),
        pl.Series([{"a": 1}] * len(DAYS)),
        pl.Series([2**62] * len(DAYS)).cast(pl.Datetime("us")),
        pl.Series([2**31 - 1] * len(DAYS), dtype=pl.Int32),
    ],
    ids=lambda series: str(series.dtype),
)
@pytest.mark.parametrize("column", ["date", "spx"])
def test_columns_of_other_types(column, values):
    assert refusal(frame().with_columns(values.alias(column))).column == column


def test_a_day_must_lie_inside_its_range():
    days = frame().with_columns(low=pl.col("spx") - 5, high=pl.col("spx") + 5)
    assert read_history(days, **RATES).frame.width == 7
    error = refusal(days.with_columns(high=pl.col("spx") - 1))
    assert "does not enclose" in str(error)


def test_a_jump_may_be_real():
    assert len(read_history(with_cell(6, "spx", "7000"), **RATES, allow_jumps=True)) == len(DAYS)


# Gaps


def test_missing_sessions_are_named():
    error = refusal(frame().filter(pl.col("date") != LOST_EXPIRY))
    assert "1 session has no usable row (2024-03-15); nothing was filled." in str(error)
    assert "gaps='report'" in str(error)


def test_rows_on_days_without_a_session_are_named():
    error = refusal(frame([*DAYS[:20], date(2024, 3, 29), *DAYS[20:]]))
    assert "1 row was kept out, no session was held on this day (2024-03-29)." in str(error)


def test_many_missing_sessions_are_counted():
    error = refusal(frame([DAYS[0], *DAYS[15:]]))
    assert "14 sessions have no usable row (2024-03-04" in str(error)
    assert "2024-03-15 and 4 more" in str(error)


def test_reported_gaps_stay_out_of_the_clock():
    days = [*DAYS[:20], date(2024, 3, 29), *DAYS[20:]]
    holed = (
        frame(days)
        .filter(pl.col("date") != LOST_EXPIRY)
        .with_columns(
            vix=pl.when(pl.col("date") == DAYS[3]).then(None).otherwise("vix"),
            spx=pl.when(pl.col("date") == DAYS[5]).then(float("nan")).otherwise("spx"),
        )
    )
    assert "vix is missing" in str(refusal(holed))
    data = read_history(holed, **RATES, gaps="report")
    assert data.gaps.missing_sessions == (DAYS[3], DAYS[5], LOST_EXPIRY)
    assert [(row.row, row.day, row.reason) for row in data.gaps.dropped] == [
        (4, DAYS[3], "vix is missing"),
        (6, DAYS[5], "spx is missing"),
        (20, date(2024, 3, 29), "no session was held on this day"),
    ]
    assert data.gaps.non_trading_days == (date(2024, 3, 29),)
    assert data.dates == [day for day in DAYS if day not in {DAYS[3], DAYS[5], LOST_EXPIRY}]
    clock = data.schedule()
    assert clock.ordinals[4] - clock.ordinals[2] == 4  # two rows on, four sessions on: two lack between them
    assert clock.unlisted["SPXW"] == (DAYS[5], LOST_EXPIRY)
    limits = " ".join(History(data).limits)
    assert "3 sessions have no usable row" in limits
    assert "2 SPXW expiries fall on missing sessions, not listed (2024-03-08, 2024-03-15)." in limits


def test_a_jump_is_measured_between_usable_rows():
    days = [*DAYS[:20], date(2024, 3, 29), *DAYS[20:]]
    odd = frame(days).with_columns(
        spx=pl.when(pl.col("date") == date(2024, 3, 29)).then(9999.0).otherwise("spx")
    )
    assert len(read_history(odd, **RATES, gaps="report")) == len(DAYS)


def test_a_file_without_any_session():
    assert "no usable row" in str(refusal(frame([date(2024, 3, 2), date(2024, 3, 3)]), gaps="report"))


def test_no_gaps_is_false_and_silent():
    assert not GapReport()
    assert GapReport().sentences() == ()


# The replay


def test_spec_is_what_the_core_reads():
    market = History(frame(), **RATES)
    spec = json.loads(json.dumps(market.spec()))
    assert list(spec) == ["model", "spot", "vix", "rate", "dividend_yield"]
    assert spec["model"] == "replay"
    assert all(len(spec[name]) == market.schedule.tradable == len(DAYS) for name in list(spec)[1:])
    assert spec["spot"] == frame()["spx"].to_list()


def test_starts_leave_room_for_warm_up_and_run():
    market = History(frame(), **RATES)
    starts = market.starts(10, every=5, warm_up=7)
    assert starts[0] == 7
    assert all(b - a == 5 for a, b in pairwise(starts))
    assert starts[-1] + 10 <= len(DAYS) - 1 < starts[-1] + 5 + 10
    assert market.starts(len(DAYS) - 1) == (0,)


@pytest.mark.parametrize(
    "wrong", [{"sessions": len(DAYS)}, {"sessions": 0}, {"every": 0}, {"warm_up": -1}, {"warm_up": 99}]
)
def test_starts_refuse(wrong):
    with pytest.raises(HistoryError):
        History(frame(), **RATES).starts(**{"sessions": 5, **wrong})


def test_limits_are_said():
    limits = History(frame(), **RATES).limits
    assert limits[: len(LIMITS)] == LIMITS
    text = " ".join(limits)
    for part in (
        "VIX close alone",
        "template",
        "May 2022",
        "before 2004",
        "auction",
        "65.7",
        "rate 5.00%",
        "FOMC, CPI, PPI",
    ):
        assert part in text


def test_events_and_cadence_reach_the_clock():
    market = History(frame(), **RATES, events={"fomc": [date(2024, 3, 20)]}, listings={"SPXW": "daily"})
    assert market.schedule.events["fomc"] == (date(2024, 3, 20),)
    assert len(market.schedule.expiries["SPXW"]) == len(market.schedule)
    assert "No announcement dates for CPI, PPI" in " ".join(market.limits)


def test_options_for_data_that_is_read_already():
    with pytest.raises(HistoryError, match="already read"):
        History(read_history(frame(), **RATES), rate=0.05)


def test_a_market_is_frozen_and_survives_pickling():
    market = History(frame(), **RATES)
    with pytest.raises(AttributeError):
        market.data = None
    again = pickle.loads(pickle.dumps(market))  # noqa: S301 - made in this line
    assert again.spec() == market.spec()
    assert again.schedule == market.schedule
    assert repr(again) == "History('frame', 2024-03-01 to 2024-04-30, 42 sessions)"


def test_errors_survive_pickling():
    error = refusal(with_cell(6, "vix", "x"))
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made in this line
    assert (str(again), again.row, again.column) == (str(error), 6, "vix")
    assert isinstance(again, AlvhError)


def test_the_bundled_history():
    pytest.importorskip("arch")
    market = History.bundled()
    assert (market.data.dates[0], market.data.dates[-1]) == (date(2014, 1, 3), date(2018, 12, 31))
    assert market.data.dates == schedule.sessions(date(2014, 1, 3), date(2018, 12, 31))
    assert not market.data.gaps
    closes = {row["date"]: (row["spx"], row["vix"]) for row in market.data.frame.iter_rows(named=True)}
    assert closes[date(2018, 2, 5)] == pytest.approx((2648.94, 37.32), abs=0.01)
    assert closes[date(2015, 8, 24)][1] == pytest.approx(40.74, abs=0.01)
    assert "from memory" in market.limits[-1]
    own = History.bundled(rate=0.01, dividend_yield=0.02)
    assert own.spec()["rate"][0] == 0.01
    assert "from memory" not in " ".join(own.limits)


def test_the_bundled_history_without_arch(monkeypatch):
    monkeypatch.setitem(sys.modules, "arch.data", None)
    with pytest.raises(HistoryError, match=r"pip install 'alvh\[history\]'"):
        History.bundled()


def test_import_needs_no_pandas():
    code = "import sys, alvh.history; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Mutations: whatever the bytes, a history or the typed error


def reads_or_refuses(source, **options):
    try:
        data = read_history(source, **{**RATES, **options})
    except HistoryError as refused:
        message = str(refused)
    else:
        message = None
    if message is not None:
        assert message
        assert "\n" not in message
        return
    assert isinstance(data, HistoryData)
    assert data.frame["spx"].is_between(10.0, 1e6).all()
    assert data.frame["vix"].is_between(5.0, 200.0).all()
    assert all(map(schedule.is_session, data.dates))
    assert data.schedule(tail_sessions=0).tradable == len(data)


CSV_BYTES = frame(DAYS[:6]).write_csv().encode()
EDITS = st.lists(
    st.tuples(st.integers(0, len(CSV_BYTES) - 1), st.integers(0, 3), st.binary(max_size=4)),
    min_size=1,
    max_size=6,
)
GAPS = st.sampled_from(["error", "report"])


def edited(content, edits):
    for position, removed, added in edits:
        content = content[:position] + added + content[position + removed :]
    return content


@given(edits=EDITS, gaps=GAPS)
@settings(max_examples=300, deadline=None)
def test_mutated_csv(tmp_path_factory, edits, gaps):
    path = tmp_path_factory.getbasetemp() / "mutated.csv"
    path.write_bytes(edited(CSV_BYTES, edits))
    reads_or_refuses(path, gaps=gaps)


CELLS = st.one_of(
    st.sampled_from(
        [
            "",
            "nan",
            "-inf",
            "1e308",
            "5100",
            "0",
            "2024-03-01",
            "2024-02-30",
            "0001-01-01",
            "9999-12-31",
            '"',
            "\0",
            "é",
        ]
    ),
    st.text(max_size=6),
    st.floats().map(repr),
    st.dates().map(str),
)


@given(
    cells=st.lists(
        st.tuples(st.integers(1, len(DAYS)), st.sampled_from(["date", "spx", "vix"]), CELLS),
        min_size=1,
        max_size=3,
    ),
    gaps=GAPS,
    jumps=st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_mutated_cells(cells, gaps, jumps):
    table = frame().with_columns(pl.all().cast(pl.String)).to_dict(as_series=False)
    for row, column, value in cells:
        table[column][row - 1] = value
    reads_or_refuses(pl.DataFrame(table), gaps=gaps, allow_jumps=jumps)


def parquet_bytes():
    buffer = io.BytesIO()
    frame().write_parquet(buffer, compression="uncompressed")
    return buffer.getvalue()


PARQUET_BYTES = parquet_bytes()


@given(
    flips=st.lists(
        st.tuples(st.integers(4, len(PARQUET_BYTES) - 5), st.integers(0, 255)), min_size=1, max_size=4
    ),
    cut=st.integers(0, 40),
)
@settings(max_examples=200, deadline=None)
def test_mutated_parquet(tmp_path_factory, flips, cut):
    content = bytearray(PARQUET_BYTES)
    for position, byte in flips:
        content[position] = byte
    path = tmp_path_factory.getbasetemp() / "mutated.parquet"
    path.write_bytes(content[: len(content) - cut if cut < 10 else None])
    reads_or_refuses(path, gaps="report")


# Real data, where the developer has it


@pytest.mark.data
def test_index_closes_of_35_years():
    root = os.environ.get("ALVH_DATA")
    if root is None:
        pytest.skip("ALVH_DATA is not set")
    indices = Path(root) / "indices"
    spx = pl.read_parquet(indices / "spx_daily.parquet").select("date", "open", "high", "low", spx="close")
    volatility = pl.read_parquet(indices / "cboe_vol_indices_daily.parquet").pivot(
        "symbol", index="date", values="close"
    )
    joined = spx.join(volatility.select("date", "VIX", "VIX3M", "VIX6M"), on="date", how="left").filter(
        pl.col("date") >= date(1990, 1, 1)
    )
    assert "4 rows were kept out, vix is missing" in str(refusal(joined.sort("date")))
    data = read_history(joined.sort("date"), **RATES, gaps="report")
    assert (data.dates[0], data.dates[-1]) == (date(1990, 1, 2), date(2024, 12, 31))
    assert data.gaps.non_trading_days == ()
    assert data.gaps.missing_sessions == (
        date(1991, 3, 1),
        date(1997, 1, 31),
        date(1997, 11, 26),
        date(1999, 12, 31),
    )
    assert len(data) == len(schedule.sessions(date(1990, 1, 2), date(2024, 12, 31))) - 4
    market = History(data)
    assert date(1997, 1, 31) in market.schedule.unlisted["SPXW"]
    assert len(market.starts(252, every=21, warm_up=252)) > 390
