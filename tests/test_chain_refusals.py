"""Bad chains: a file that is none is refused by name; whatever else happens to it, no row vanishes."""

import gzip
import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh import chain
from alvh.errors import ChainError
from chain_samples import LAYOUTS, ROWS, ROWS_A_LINE, cboe, common, expected, parquet, refusal, written

RAW = sorted(Path(os.environ["ALVH_DATA"]).glob("raw/*/*")) if "ALVH_DATA" in os.environ else []
HEADERS = {"cboe": 4}  # lines up to the first row, else 1


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n \r\n", "is empty"),
        ("header.csv", common().encode().splitlines()[0], "no rows"),
        ("zip.csv", b"PK\x03\x04....", "zip archive"),
        ("latin.csv", cboe().encode().replace(b"INDEX", "Índice".encode("latin-1")), "line 2: byte 0xcd"),
        ("utf16.csv", common().encode("utf-16"), "not UTF-8"),
        ("binary.csv", bytes(range(256)), "not UTF-8"),
        ("semicolon.csv", common().replace(",", ";").encode(), "separator is a comma"),
        ("other.csv", b"date,spx\n2023-09-14,4505\n", "no header of layout"),
        ("short.csv.gz", gzip.compress(common().encode())[:-20], "middle of its packed text"),
        ("broken.csv.gz", b"\x1f\x8b\x08" + bytes(40), "damaged"),
        ("text.parquet", common().encode(), "not a whole Parquet"),
        ("magic.csv", b"PAR1PAR1", "damaged"),
        ("rows.parquet", parquet(expected().clear()), "no rows"),
        ("twice.csv", common().replace("bid,ask", "bid,bid,ask", 1).encode(), "'bid' twice"),
    ],
)
def test_a_bad_file_is_named(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    error = refusal(path)
    assert error.source == name
    assert name in str(error)
    assert says in str(error)


def test_what_is_no_file(tmp_path):
    assert "cannot be read" in str(refusal(tmp_path / "lacks.csv"))
    assert "not int" in str(refusal(3))
    assert "cannot be read" in str(refusal("a\0b"))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Date: 9/14/2023 4:31 PM EDT,", "line 3: 'Date: 9/14/2023"),
        ("Date: September 14, 2023,", "tells no date and time"),
        ("Date: Foobar 14, 2023 at 4:31 PM EDT,", "month in English"),
        ("Date: September 14, 2023 at 4:31 PM,", "with its zone"),
        ("Datum,", "constants={"),
    ],
)
def test_a_date_line_that_says_nothing_sure(tmp_path, line, says):
    path = tmp_path / "quotedata.csv"
    path.write_text(cboe(line))
    assert says in str(refusal(path))
    quotes = chain.read(path, constants={"quote_date": "2023-09-14"})
    assert quotes["quote_time"].unique().to_list() == ["close"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"layout": "cbo"}, "did you mean 'cboe'"),
        ({"layout": "datashop"}, "layout 'datashop', it lacks"),
        ({"constants": {"rood": "SPX"}}, "did you mean 'root'"),
        ({"constants": {"right": "X"}}, "right = 'X'. Allowed: C or P"),
        ({"columns": {"strik": "strike"}}, "did you mean 'strike'"),
        ({"columns": {"strike": "Strike"}}, "tells no 'quote_date'"),
        ({"columns": {"strike": "K", "bid": "bid"}}, "it lacks 'k'"),
        ({"columns": {"strike": 5}}, "goes into constants={'strike': …}"),
    ],
)
def test_wrong_options(options, says):
    assert says in str(refusal(expected(), **options))


@pytest.mark.parametrize(
    "asked",
    [chain.arbitrage, chain.enrich, chain.fit_surface, chain.forwards, chain.quality, chain.residuals],
    ids=lambda asked: asked.__name__,
)
def test_a_lazy_frame_is_collected_first(asked):
    with pytest.raises(ChainError, match=r"not LazyFrame\. Mend: collect\(\) first"):
        asked(chain.synthetic(longest=7).lazy())


@pytest.mark.parametrize("longest", [-1, 0, 2])
def test_a_synthetic_chain_reaches_the_next_session(longest):
    with pytest.raises(ChainError, match=rf"longest = {longest}: .*Allowed: the next session, 3"):
        chain.synthetic(date(2024, 3, 1), longest=longest)
    assert chain.synthetic(date(2024, 3, 1), longest=3).height


def test_a_folder_without_the_schema(tmp_path):
    for name, frame, says in (
        ("a", pl.DataFrame({"x": [1]}), "no column 'quote_date'"),
        ("b", chain.read(expected()).cast({"strike": pl.Float32}), "column 'strike' of Float32"),
    ):
        (tmp_path / name).mkdir()
        frame.write_parquet(tmp_path / name / "part.parquet")
        with pytest.raises(ChainError, match=says) as caught:
            chain.scan(tmp_path / name)
        assert caught.value.source == "part.parquet"
    (tmp_path / "c.parquet").write_bytes(b"PAR1")
    for path, says in (
        (tmp_path / "c.parquet", "damaged"),
        (tmp_path / "none-*", "no Parquet"),
        (3, "wants a path"),
    ):
        with pytest.raises(ChainError, match=says):
            chain.scan(path)


def test_a_truncated_last_line_is_kept_and_named(tmp_path):
    path = written(tmp_path, "cboe")
    text = path.read_text()
    path.write_text(text[:-60])
    quotes = chain.read(path)
    assert quotes.height == len(ROWS)
    assert quotes["status"].to_list()[-2:] == ["unparsable"] * 2
    assert "cells where the header names 22" in quotes["problem"][-1]
    assert quotes["line"][-1] == 7


def test_a_packed_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("alvh.chain.source.MOST_BYTES", 10_000)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(common().encode() + b"\n" * 20_000))
    assert "more than 10,000 bytes" in str(refusal(path))


def rows_of(layout: str, content: bytes) -> int:
    """Rows that the lines below the header should give, counted naively."""
    return ROWS_A_LINE.get(layout, 1) * rows_below(content, HEADERS.get(layout, 1))


def rows_below(content: bytes, first: int) -> int:
    text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    return sum(bool(line.strip(" \t,")) for line in text.split("\n")[first:])


def changed(data, lines: list[bytes]) -> list[bytes]:
    """Lines below the header, spoiled in one of the ways that files are."""
    line = data.draw(st.integers(0, len(lines) - 1))
    match data.draw(st.sampled_from(["cut", "bytes", "comma", "header", "twice", "huge", "quote", "blank"])):
        case "cut":
            lines[line] = lines[line][: data.draw(st.integers(0, len(lines[line])))]
        case "bytes":
            at = data.draw(st.integers(0, max(len(lines[line]) - 1, 0)))  # an earlier change may empty it
            lines[line] = lines[line][:at] + data.draw(st.binary(max_size=4)) + lines[line][at + 1 :]
        case "comma":
            lines[line] = lines[line].replace(b".", b",")
        case "header":
            lines.insert(line, b"Expiration Date,Calls,bid,ask,strike,right,quote_date")
        case "twice":
            lines.insert(line, lines[line])
        case "huge":
            lines[line] = lines[line] + b"9" * 200_000
        case "quote":
            lines[line] = b'"' + lines[line]
        case "blank":
            lines.insert(line, b" ,, ")
    return lines


@settings(max_examples=150, deadline=None)
@given(layout=st.sampled_from(sorted(LAYOUTS)), data=st.data())
def test_no_row_of_a_spoiled_file_vanishes(tmp_path_factory, layout, data):
    lines = LAYOUTS[layout]().encode().splitlines()
    first = HEADERS.get(layout, 1)
    body = lines[first:]
    for _ in range(data.draw(st.integers(1, 3))):
        body = changed(data, body)
    ending = data.draw(st.sampled_from([b"\n", b"\r\n", b"\r"]))
    content = ending.join([*lines[:first], *body])
    path = tmp_path_factory.mktemp("spoiled") / "chain.csv"
    path.write_bytes(content)
    try:
        quotes = chain.read(path)
    except ChainError as error:
        if error.source != "chain.csv":
            raise
        return
    assert quotes.height == rows_of(layout, content)
    assert quotes.schema == chain.SCHEMA
    unread = pl.col("status") == "unparsable"
    assert quotes.filter(unread != pl.col("problem").is_not_null()).is_empty()
    keys = ["quote_date", "expiration", "strike", "right"]
    assert quotes.filter(~unread).select(keys).null_count().sum_horizontal()[0] == 0


@pytest.mark.parametrize("form", ["%Q", "%", "", "%H", "day"])
def test_a_date_format_that_is_none(form):
    frame = pl.DataFrame({"day": ["14.09.2023"], "k": [4500.0]})
    constants = {"bid": 1.0, "ask": 2.0, "right": "C", "expiration": date(2023, 9, 29)}
    try:
        quotes = chain.read(
            frame, columns={"quote_date": "day", "strike": "k"}, constants=constants, date_format=form
        )
    except ChainError as error:
        if error.column != "date_format":
            raise
        return
    assert quotes["status"].to_list() == ["unparsable"]


@pytest.mark.data
@pytest.mark.skipif(not RAW, reason="ALVH_DATA is not set")
@settings(max_examples=40, deadline=None)
@given(path=st.sampled_from(RAW or ["none"]), data=st.data())
def test_no_row_of_a_spoiled_real_file_vanishes(tmp_path_factory, path, data):
    lines = gzip.decompress(path.read_bytes()).splitlines()
    first = 4 if path.parent.name == "cboe_quotedata" else 1
    start = data.draw(st.integers(first, len(lines) - 1))
    body = changed(data, lines[start : start + 300])
    content = b"\r\n".join([*lines[:first], *body])
    spoiled = tmp_path_factory.mktemp("real") / "chain.csv"
    spoiled.write_bytes(content)
    try:
        quotes = chain.enrich(chain.read(spoiled))
    except ChainError as error:
        if error.source != "chain.csv":
            raise
        return
    two = first == 4 or "cboe_eod" in path.name
    assert quotes.height == (1 + two) * rows_below(content, first)


@settings(max_examples=100, deadline=None)
@given(
    content=st.sampled_from([*(write().encode() for write in LAYOUTS.values()), parquet(expected())]),
    at=st.floats(0.0, 1.0),
    junk=st.binary(max_size=30),
    packed=st.booleans(),
)
def test_any_bytes_give_a_chain_or_a_typed_error(tmp_path_factory, content, at, junk, packed):
    place = int(at * len(content))
    content = gzip.compress(content) if packed else content
    content = content[:place] + junk + content[place + len(junk) :]
    path = tmp_path_factory.mktemp("junk") / "chain.csv"
    path.write_bytes(content)
    try:
        quotes = chain.read(path)
    except ChainError:
        return
    assert quotes.schema == chain.SCHEMA
    assert quotes.height > 0
