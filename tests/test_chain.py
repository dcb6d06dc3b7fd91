"""Chains: every layout gives the one schema, every row is kept, and its status says what is wrong."""

import os
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import markdown_pages
from alvh import chain
from alvh.chain.schema import COLUMNS, SETTLEMENTS
from alvh.errors import ChainError
from chain_samples import (
    DATE_LINES,
    DAY,
    LAYOUTS,
    PAIRS,
    ROWS,
    SPOT,
    cboe,
    expected,
    optionsdx,
    refusal,
    written,
)

DATA = os.environ.get("ALVH_DATA")
FILES = [*Path(DATA).glob("chains/*"), *Path(DATA).glob("raw/*/*")] if DATA else []


# Layouts


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_chain(tmp_path, layout, packed):
    quotes = chain.read(written(tmp_path, layout, packed=packed))
    assert quotes.schema == chain.SCHEMA
    assert_frame_equal(quotes, chain.read(written(tmp_path, layout), layout))
    last = quotes.filter(pl.col("quote_time") != "15:45")
    wanted = expected()
    if layout == "ivolatility":  # tells no last trade
        wanted = wanted.with_columns(last=None)
    if layout == "optionsdx":  # tells neither root nor open interest
        wanted = wanted.with_columns(root=None, open_interest=None)
    if layout == "datashop":  # its volatilities here are of 15:45
        wanted = wanted.drop("vendor_iv", "vendor_delta")
    names = wanted.columns
    assert_frame_equal(last.select(names), wanted.select(names).cast({n: chain.SCHEMA[n] for n in names}))
    assert last["status"].to_list() == ["ok"] * len(ROWS)


def test_datashop_has_two_moments_on_a_line(tmp_path):
    quotes = chain.read(written(tmp_path, "datashop"))
    assert quotes["quote_time"].to_list() == ["15:45", "close"] * len(ROWS)
    assert quotes["bid_size"].to_list() == [11, 21] * len(ROWS)
    assert quotes["vendor_iv"].is_null().to_list() == [False, True] * len(ROWS)
    assert quotes["line"].to_list() == [line for line in range(2, 8) for _ in "ab"]


def test_sizes_of_bid_and_ask_in_one_cell(tmp_path):
    """OptionsDX writes `1 x 2` for calls and `3 x 4` for puts; what is no pair of sizes is named."""
    quotes = chain.read(written(tmp_path, "optionsdx"), constants={"root": "SPXW"})
    assert quotes["bid_size"].to_list() == [1, 3] * len(PAIRS)
    assert quotes["ask_size"].to_list() == [2, 4] * len(PAIRS)
    path = tmp_path / "sizes.csv"
    path.write_text(optionsdx().replace("1 x 2", "1 x two", 1))
    spoiled = chain.read(path, constants={"root": "SPXW"})
    assert spoiled["problem"][0] == "c_size: ' 1 x two' is not a whole number, 0 or more"


def test_optionsdx_is_marked_as_unverified():
    assert [name for name, layout in chain.LAYOUTS.items() if not layout.verified] == ["optionsdx"]


@pytest.mark.parametrize("line", DATE_LINES.values(), ids=DATE_LINES.keys())
def test_a_date_line_in_any_language(tmp_path, line):
    path = tmp_path / "quotedata.csv"
    path.write_text(cboe(line), encoding="utf-8")
    quotes = chain.read(path)
    assert quotes.select("quote_date", "quote_time").unique().row(0) == (DAY, "close")


@pytest.mark.parametrize(
    ("line", "day", "time"),
    [
        ("Date: September 17, 2023 at 9:12 PM EDT", DAY.replace(day=15), "close"),  # a Sunday: Friday's close
        ("Date: September 14, 2023 at 8:02 AM EDT", DAY, "08:02"),
        ("Date: September 14, 2023 at 12:02 PM EDT", DAY, "12:02"),
        ("Date: September 14, 2023 at 12:02 AM EDT", DAY, "00:02"),
    ],
)
def test_the_moment_of_a_quote_table(tmp_path, line, day, time):
    path = tmp_path / "quotedata.csv"
    path.write_text(cboe(f'"{line}",Bid: 1'))
    assert chain.read(path).select("quote_date", "quote_time").unique().row(0) == (day, time)


def test_a_table_saved_by_a_spreadsheet(tmp_path):
    """Commas after the short lines, blank lines of commas, and separators of thousands in quotation marks."""
    top, *rest = cboe().splitlines()
    rest[-1] = rest[-1].replace(",9,", ',"1,009",')
    path = tmp_path / "quotedata.csv"
    path.write_text("\r\n".join([f"{top},,,", *(f"{line},," for line in rest), ",,,,", ""]))
    quotes = chain.read(path)
    assert quotes["status"].to_list() == ["ok"] * len(ROWS)
    assert quotes["volume"][-1] == 1009
    assert quotes["underlying_price"].unique().to_list() == [SPOT]


def test_a_mapping_of_columns():
    frame = pl.DataFrame(
        {
            "When": ["14.09.2023"],
            "Till": ["29.09.2023"],
            "K": ["4450"],
            "CP": ["Put"],
            "b": [21.7],
            "a": [22.1],
        }
    )
    columns = {
        "quote_date": "When",
        "expiration": "Till",
        "strike": "K",
        "right": "CP",
        "bid": "b",
        "ask": "a",
    }
    constants = {"root": "SPXW", "underlying_price": SPOT, "quote_time": "15:30"}
    quotes = chain.read(frame, columns=columns, constants=constants, date_format="%d.%m.%Y")
    row = quotes.row(0, named=True)
    assert (row["quote_date"], row["expiration"], row["quote_time"]) == (DAY, date(2023, 9, 29), "15:30")
    assert (row["right"], row["strike"], row["settlement"], row["status"]) == ("P", 4450.0, "PM", "ok")


DAY_OF_INSTANTS = date(2024, 3, 1)


def instants(*clocks, zone=None):
    """A chain of two quotes at these moments of New York, told in a zone."""
    moments = pl.Series([datetime.combine(DAY_OF_INSTANTS, time(*clock)) for clock in clocks])
    if zone is not None:
        moments = moments.dt.replace_time_zone("America/New_York").dt.convert_time_zone(zone)
    return pl.DataFrame({"quote_date": moments}).with_columns(
        expiration=pl.lit(date(2024, 4, 5)), strike=5000.0, right=pl.lit("C"), bid=100.0, ask=101.0
    )


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo", "America/New_York"])
def test_times_of_day_are_kept_or_refused(zone):
    """16:00 in New York is the next day in Tokyo; and quotes of 10:30 are no close."""
    frame = instants((10, 30), (16, 0), zone=zone)
    error = refusal(frame)
    assert error.column == "quote_date"
    assert "'quote_time': 'quote_date'" in str(error)
    names = ("quote_date", "expiration", "strike", "right", "bid", "ask")
    both = chain.read(frame, columns={**{name: name for name in names}, "quote_time": "quote_date"})
    assert both["quote_date"].to_list() == [DAY_OF_INSTANTS] * 2
    assert both["quote_time"].to_list() == ["10:30", "16:00"]
    assert both["status"].to_list() == ["ok", "ok"]
    closes = chain.read(frame[1:], constants={"quote_time": "close"})
    assert closes.select("quote_date", "quote_time").row(0) == (DAY_OF_INSTANTS, "close")


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_whole_days_are_as_written(zone):
    frame = instants((0, 0))
    quotes = chain.read(frame.with_columns(pl.col("quote_date").dt.replace_time_zone(zone)))
    assert quotes.select("quote_date", "quote_time").row(0) == (DAY_OF_INSTANTS, "close")


OWN_NAMES = {name: name for name in ("quote_date", "expiration", "strike", "right", "bid", "ask")}


@pytest.mark.parametrize(
    ("zone", "day"), [("Europe/Moscow", DAY_OF_INSTANTS), ("Asia/Dubai", date(2024, 7, 1))]
)
def test_midnights_that_are_the_close_of_new_york_are_not_guessed(zone, day):
    """16:00 of winter is midnight in Moscow, 16:00 of summer in Dubai: the next day's, by the date alone."""
    close = pl.lit(datetime.combine(day, time(16))).dt.replace_time_zone("America/New_York")
    frame = instants((16, 0)).with_columns(
        quote_date=close.dt.convert_time_zone(zone), expiration=pl.lit(date(2024, 8, 16))
    )
    both = chain.read(frame, columns={**OWN_NAMES, "quote_time": "quote_date"})
    assert both.select("quote_date", "quote_time").row(0) == (day, "16:00")
    for options in ({}, {"constants": {"quote_time": "close"}}):
        error = refusal(frame, **options)
        assert error.column == "quote_date"
        assert ".dt.convert_time_zone('America/New_York')" in str(error)
    told = chain.read(frame.with_columns(quote_date=close), constants={"quote_time": "close"})
    assert told["quote_date"].to_list() == [day]
    days = chain.read(frame.with_columns(pl.col("quote_date").dt.date()))
    assert days["quote_date"].to_list() == [day + timedelta(days=1)]


def test_midnights_beside_a_time_of_the_quote_are_days():
    frame = instants((0, 0)).with_columns(
        pl.col("quote_date").dt.replace_time_zone("Europe/Moscow"), quote_time=pl.lit("15:45")
    )
    assert chain.read(frame).select("quote_date", "quote_time").row(0) == (DAY_OF_INSTANTS, "15:45")


def test_expirations_that_are_days_or_closes_are_refused():
    moscow = pl.lit(datetime.combine(date(2024, 4, 5), time())).dt.replace_time_zone("Europe/Moscow")
    error = refusal(instants((0, 0)).with_columns(expiration=moscow))
    assert error.column == "expiration"
    assert "midnights of a time zone" in str(error)


def test_a_date_format_of_a_known_layout_is_refused():
    frame = instants((0, 0)).with_columns(quote_date=pl.lit("03/01/2024"))
    error = refusal(frame, date_format="%m/%d/%Y")
    assert error.column == "date_format"
    assert "columns" in str(error)


def test_constants_replace_what_the_layout_has(tmp_path):
    quotes = chain.read(written(tmp_path, "optionsdx"), constants={"root": "SPXW"})
    assert quotes["settlement"].unique().to_list() == ["PM"]


def test_settlement_by_root(tmp_path):
    quotes = chain.read(written(tmp_path, "cboe"))
    by_root = dict(quotes.select("root", "settlement").unique().iter_rows())
    assert by_root == {root: SETTLEMENTS[root] for root in by_root} == {"SPX": "AM", "SPXW": "PM"}


# Status


def quotes_with(**changes):
    """The chain of the samples, its first row changed, read as a frame."""
    frame = expected().with_columns(quote_time=pl.lit("close"))
    first = pl.int_range(pl.len()) == 0
    for name, value in changes.items():
        new = pl.lit(value, dtype=None if value is not None else frame[name].dtype)
        frame = frame.with_columns(pl.when(first).then(new).otherwise(pl.col(name)).alias(name))
    return frame


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "ok"),
        ({"strike": -1.0}, "unparsable"),
        ({"strike": None}, "unparsable"),
        ({"right": "X"}, "unparsable"),
        ({"bid": "12,5"}, "unparsable"),
        ({"bid": -1.0}, "unparsable"),
        ({"ask": float("inf")}, "unparsable"),
        ({"volume": 1.5}, "unparsable"),
        ({"expiration": date(1492, 10, 12)}, "unparsable"),
        ({"quote_date": date(2040, 1, 2)}, "unparsable"),
        ({"root": "SPX W"}, "unparsable"),
        ({"quote_time": "25:00"}, "unparsable"),
        ({"expiration": DAY}, "expired"),
        ({"expiration": DAY.replace(day=13)}, "expired"),
        ({"expiration": DAY, "quote_time": "15:45"}, "ok"),
        ({"expiration": DAY, "quote_time": "15:45", "root": "SPX"}, "expired"),
        ({"ask": 0.0}, "no_ask"),
        ({"ask": None}, "no_ask"),
        ({"ask": float("nan")}, "no_ask"),
        ({"bid": 85.0}, "crossed"),
        ({"bid": 0.0}, "zero_bid"),
        ({"bid": None}, "zero_bid"),
        ({"strike": 4650.0, "bid": 9.0, "ask": 9.4}, "not_monotone"),
    ],
)
def test_the_status_of_a_quote(changes, status):
    quotes = chain.read(quotes_with(**changes))
    assert quotes.height == len(ROWS)
    assert quotes["status"][0] == status
    assert (quotes["problem"][0] is not None) == (status == "unparsable")


def test_a_problem_names_column_cell_and_what_is_allowed():
    assert chain.read(quotes_with(bid="12,5"))["problem"][0] == (
        "bid: '12,5' is not a number such as 1234.5, 0 or more"
    )


def test_the_second_of_two_equal_contracts_is_the_duplicate():
    frame = quotes_with()
    quotes = chain.read(pl.concat([frame, frame[2:3]]))
    assert quotes["status"].to_list() == ["ok"] * len(ROWS) + ["duplicate"]


def test_stale_only_in_the_money_and_only_when_the_underlying_moved():
    days = [
        quotes_with().with_columns(quote_date=pl.lit(DAY.replace(day=day)), underlying_price=pl.lit(price))
        for day, price in ((13, SPOT), (14, SPOT), (15, SPOT + 30.0))
    ]
    stale = chain.read(pl.concat(days)).filter(pl.col("status") == "stale")
    in_the_money = [(k, right) for _, _, k, right, *_ in ROWS if (k < SPOT) == (right == "C")]
    assert stale.select("quote_date").unique().to_series().to_list() == [DAY.replace(day=15)]
    assert sorted(stale.select("strike", "right").rows()) == sorted(in_the_money)


def test_below_the_intrinsic_value_on_the_parity_forward():
    quotes = chain.synthetic(longest=30)
    deep = (pl.col("strike") == 4000.0) & (pl.col("right") == "C") & (pl.col("root") == "SPX")
    spoiled = quotes.with_columns(
        bid=pl.when(deep).then(pl.col("bid") - 20.0).otherwise("bid"),
        ask=pl.when(deep).then(pl.col("ask") - 20.0).otherwise("ask"),
    )
    found = chain.read(spoiled).filter(pl.col("status") == "below_intrinsic")
    assert found.select("root", "strike", "right").unique().rows() == [("SPX", 4000.0, "C")]


def test_a_synthetic_chain_is_clean():
    counted = chain.quality(chain.synthetic())
    assert counted.filter(pl.col("rows") > 0)["status"].to_list() == ["ok", "zero_bid"]
    assert chain.synthetic().equals(chain.synthetic())


# Quality report


def test_quality_counts_every_row():
    quotes = chain.read(quotes_with(bid=0.0))
    counted = chain.quality(quotes)
    assert counted["status"].to_list() == list(chain.STATUSES)
    assert dict(counted.select("status", "rows").iter_rows())["zero_bid"] == 1
    assert counted["rows"].sum() == quotes.height
    by_root = chain.quality(quotes, by=["root"])
    assert by_root.select("root", "status", "rows").rows() == [
        ("SPX", "ok", 2),
        ("SPXW", "ok", 3),
        ("SPXW", "zero_bid", 1),
    ]
    assert by_root["share"].to_list() == [1.0, 0.75, 0.25]


# Folders


def test_a_folder_of_parquet_is_scanned_lazily(tmp_path):
    quotes = chain.read(quotes_with())
    for day in (1, 2):
        folder = tmp_path / f"day={day}"
        folder.mkdir()
        quotes.write_parquet(folder / "part.parquet")
    for source in (tmp_path, str(tmp_path / "*" / "part.parquet")):
        lazy = chain.scan(source)
        assert isinstance(lazy, pl.LazyFrame)
        assert lazy.collect_schema() == chain.SCHEMA
        counted = lazy.group_by("root").len().sort("root").collect(engine="streaming")
        assert counted.rows() == [("SPX", 4), ("SPXW", 8)]
    assert_frame_equal(chain.scan(tmp_path / "day=1" / "part.parquet").collect(), quotes)


# Real files


@pytest.mark.data
@pytest.mark.skipif(not FILES, reason="ALVH_DATA is not set")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_real_file_is_read(path):
    quotes = chain.read(path)
    assert quotes.schema == chain.SCHEMA
    assert (
        quotes.select("quote_date", "quote_time", "expiration", "strike", "right")
        .null_count()
        .sum_horizontal()[0]
        == 0
    )
    assert quotes["problem"].is_null().all()
    usable = quotes["status"].is_in(["ok", "not_monotone", "below_intrinsic", "stale"]).mean()
    assert usable > 0.55 if "vix" in path.name else usable > 0.75


@pytest.mark.data
@pytest.mark.skipif(not FILES, reason="ALVH_DATA is not set")
def test_raw_tables_agree_with_the_collected_ones():
    names = ["root", "expiration", "strike", "right", "bid", "ask", "open_interest", "vendor_iv"]
    both = chain.read(Path(DATA) / "chains/spx_cboe_snapshots.parquet")
    for path in Path(DATA).glob("raw/cboe_quotedata/spx_*"):
        raw = chain.read(path)
        moment = raw.select("quote_date", "quote_time").unique()
        same = both.join(moment, on=["quote_date", "quote_time"], how="semi")
        assert_frame_equal(raw.select(names), same.select(names), check_row_order=False)


# The page says what the code says


def test_columns_of_the_schema():
    documented = [tuple(row) for row in markdown_pages.table("docs/chains.md", "column")]
    assert documented == [(c.name, str(c.dtype).split("(")[0], c.unit, c.meaning) for c in COLUMNS.values()]


def test_statuses_of_a_quote():
    documented = dict(markdown_pages.table("docs/chains.md", "status"))
    assert documented == chain.STATUSES


def test_layouts_of_a_page():
    documented = [tuple(row) for row in markdown_pages.table("docs/chains.md", "layout")]
    assert documented == [
        (each.name, each.about, "yes" if each.verified else "no") for each in chain.LAYOUTS.values()
    ]


def test_an_unknown_column_of_a_report():
    with pytest.raises(ChainError, match="did you mean 'root'"):
        chain.quality(chain.read(quotes_with()), by=["roott"])


def test_a_folder_is_not_read(tmp_path):
    assert "chain.scan" in str(refusal(tmp_path))
