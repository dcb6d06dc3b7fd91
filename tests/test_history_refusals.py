"""Bad histories: every refusal names its place and the mend, and no bytes raise anything else."""

import io
import pickle
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh import schedule
from alvh.errors import AlvhError, HistoryError
from alvh.history import HistoryData, read_history
from history_samples import DAYS, RATES, frame, refusal, with_cell

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


def test_errors_survive_pickling():
    error = refusal(with_cell(6, "vix", "x"))
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made in this line
    assert (str(again), again.row, again.column) == (str(error), 6, "vix")
    assert isinstance(again, AlvhError)


# Mutations: whatever the bytes, a history or the typed error


def reads_or_refuses(source, **options):
    try:
        data = read_history(source, **{**RATES, **options})
    except HistoryError:
        return
    assert isinstance(data, HistoryData)
    assert data.frame["spx"].is_between(10.0, 1e5).all()
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
    frame().write_parquet(buffer)
    return buffer.getvalue()


PARQUET_BYTES = parquet_bytes()


@given(start=st.integers(0, 60), stop=st.integers(0, len(PARQUET_BYTES) - 1))
@settings(max_examples=200, deadline=None)
def test_cut_parquet(tmp_path_factory, start, stop):
    path = tmp_path_factory.getbasetemp() / "cut.parquet"
    path.write_bytes(PARQUET_BYTES[start:stop])
    refusal(path)


# Fixed damage only: random bytes inside a page may make the decoder abort, which nobody can catch.
@pytest.mark.parametrize("place", [4, len(PARQUET_BYTES) // 2, len(PARQUET_BYTES) - 40])
def test_damaged_parquet(tmp_path, place):
    path = tmp_path / "damaged.parquet"
    path.write_bytes(PARQUET_BYTES[:place] + bytes(24) + PARQUET_BYTES[place + 24 :])
    reads_or_refuses(path)
