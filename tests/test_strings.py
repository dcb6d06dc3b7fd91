"""Strings of Polars where they lie: views of a column, who releases them, what the core reads there."""

import ctypes
import gc
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh import _core, pricing, strings
from alvh.errors import AlvhError
from memory_peaks import peak

RIGHTS = {"C": 1.0, "P": -1.0}


def signs(words: pl.Series) -> list[float]:
    """The sign of each right, from the price of an option at the money that is worth its sign in delta."""
    prices = _core.price(100.0, 90.0, 1.0, 0.2, strings.views(words))
    call, put = (pricing.price(100.0, 90.0, 1.0, 0.2, right) for right in "CP")
    return [1.0 if price == call else -1.0 if price == put else float("nan") for price in prices]


WORD = st.one_of(st.sampled_from(["C", "P"]), st.text(max_size=20))


@given(st.lists(WORD, min_size=1, max_size=40), st.data())
def test_views_are_the_strings(words, data):
    column = pl.Series(words)
    first = data.draw(st.integers(0, len(words) - 1))
    part = column.slice(first, data.draw(st.integers(1, len(words) - first)))
    views = strings.views(part)
    encoded = [word.encode() for word in part]
    assert views["length"].tolist() == [len(word) for word in encoded]
    for word, stored in zip(encoded, views["bytes"], strict=True):
        assert stored == (word if len(word) <= 12 else stored).rstrip(b"\0")
        assert stored[:4].rstrip(b"\0") == word[:4].rstrip(b"\0")
    np.testing.assert_array_equal(signs(part), [RIGHTS.get(word, np.nan) for word in part])


@pytest.mark.parametrize("word", ["", "c", "CP", "C\0", "C ", "\0", "Ç", "CCCCCCCCCCCCCCCCCCCC"])
def test_what_is_no_right_is_nan(word):
    assert np.isnan(signs(pl.Series([word, "P"]))[0])


@pytest.mark.parametrize(
    "change",
    [
        lambda views: views[::2],
        lambda views: views[::-1],
        lambda views: views.reshape(4, 2).T,
        lambda views: views.reshape(-1, 1)[::2],
        lambda views: np.broadcast_to(views, (3, 8)),
        lambda views: np.broadcast_to(views[:1], 4),
        lambda views: views[:0],
        lambda views: np.frombuffer(b"?" + views.tobytes(), strings.VIEW, offset=1),
        lambda views: views[1],
        lambda views: views[1:2].reshape(()),
    ],
)
def test_views_in_any_layout(change):
    views = change(strings.views(pl.Series(["C", "P", "P", "C", "C", "C", "P", "P"])))
    want = pricing.price(100.0, 90.0, 1.0, 0.2, views["bytes"])
    np.testing.assert_array_equal(pricing.price(100.0, 90.0, 1.0, 0.2, views), want, strict=True)


def test_one_view_that_is_no_right_is_refused():
    with pytest.raises(AlvhError, match=r"^right = "):
        pricing.price(100.0, 90.0, 1.0, 0.2, strings.views(pl.Series(["Call"]))[0])


def test_other_layouts_have_no_views():
    two_chunks = pl.concat([pl.Series(["C"]), pl.Series(["P"])], rechunk=False)
    assert two_chunks.n_chunks() == 2
    categories = pl.Series(["C"], dtype=pl.Categorical)
    others = [two_chunks, pl.Series([], dtype=pl.String), pl.Series([1]), categories]
    assert [strings.views(column) for column in others] == [None] * len(others)


def test_views_are_read_only_and_outlive_the_column():
    column = pl.Series(["C", "P"] * 50_000)
    views = strings.views(column)[::2]
    del column
    gc.collect()
    assert set(views["bytes"]) == {b"C"}
    with pytest.raises(ValueError, match="read-only"):
        views["length"] = 0


def test_every_array_is_released_once(monkeypatch):
    """Each structure that Polars filled is given back, on every way out."""
    given, back = [], []
    release = strings._released
    follow = strings._next

    def counted(stream):
        array = follow(stream)
        if array is not None:
            given.append(ctypes.addressof(array))
        return array

    def released(owned):
        if isinstance(owned, strings._Array):
            back.append(ctypes.addressof(owned))
        release(owned)
        assert not owned.release  # the producer marks what it took back

    monkeypatch.setattr(strings, "_next", counted)
    monkeypatch.setattr(strings, "_released", released)
    views = strings.views(pl.Series(["C"]))
    assert (len(given), back) == (1, [])
    del views
    gc.collect()
    assert back == given
    strings.views(pl.concat([pl.Series(["C"]), pl.Series(["P"])], rechunk=False))
    strings.views(pl.Series([], dtype=pl.String))
    gc.collect()
    assert sorted(back) == sorted(given)


# Columns of Polars and of objects as arguments of `alvh.pricing`

MIXED = ["C", "P", None, "P", "c", "Call", "", "C", "P\0"]
COLUMNS = {
    "strings": pl.Series(["C", "P", "c", "P"] * 5),
    "strings with nulls": pl.Series(MIXED * 3),
    "chunks": pl.concat([pl.Series(["C", "P"]), pl.Series(["P", "?", "C"])], rechunk=False),
    "a slice": pl.Series(["?", "C", "P", "C", "?"])[1:4],
    "one": pl.Series(["P"]),
    "categories": pl.Series(["C", "P", None, "X"], dtype=pl.Categorical),
    "an enum": pl.Series(["C", "P", None, "P"], dtype=pl.Enum(["P", "C"])),
    "signs": pl.Series([1, -1, None, 2]),
    "objects of Polars": pl.Series(["C", 1, -1.0, None], dtype=pl.Object),
    "objects": np.array([*MIXED, b"P", 1, -1.0, np.int8(1), True, float("nan"), 2] * 3, dtype=object),
    "a grid of objects": np.array([["C", "P", "?"], ["P", "C", "C"]], dtype=object).T,
    "longer strings": np.array(["C", "P", "Call", "P"]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_read_as_its_items(name):
    column = COLUMNS[name]
    items = column.to_numpy() if isinstance(column, pl.Series) else column
    expected = [
        RIGHTS.get(item.decode() if isinstance(item, bytes) else item, np.nan)
        if isinstance(item, str | bytes)
        else np.nan
        if item is None or isinstance(item, bool) or abs(item) != 1
        else float(item)
        for item in items.ravel().tolist()
    ]
    call, put = (pricing.greeks(100.0, 90.0, 1.0, 0.2, right, which="delta").delta for right in "CP")
    wanted = [{1.0: call, -1.0: put}.get(sign, np.nan) for sign in expected]
    found = pricing.greeks(100.0, 90.0, 1.0, 0.2, column, which="delta").delta
    assert found.shape == items.shape
    np.testing.assert_array_equal(found.ravel(), wanted)
    assert {call, put}.issubset(wanted) or name == "one"


def test_an_empty_column_and_one_that_is_none():
    assert pricing.price(100.0, 90.0, 1.0, 0.2, pl.Series([], dtype=pl.String)).shape == (0,)
    with pytest.raises(AlvhError, match=r"right = .*allowed: .*column of these"):
        pricing.price(100.0, 90.0, 1.0, 0.2, pl.Series([date(2024, 3, 1)]))


def test_no_string_of_python_is_made_for_a_row():
    """Objects would take 8 bytes a row, as much as the result."""
    column = pl.Series(["C", "P"] * 200_000)
    strikes = np.linspace(80.0, 120.0, len(column))
    result, most = peak(lambda: pricing.price(100.0, strikes, 0.5, 0.2, column))
    assert most < 1.1 * result.nbytes


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([80.0, 100.0, 120.0]),
        pl.Series([80.0, None, 120.0]),
        pl.Series([80, None, 120], dtype=pl.UInt8),
        pl.Series([80.5, 100.0, None], dtype=pl.Float32),
        pl.Series(["80.5", "100", None]).cast(pl.Decimal(9, 3)),
        pl.Series([None, None, None]),
        pl.concat([pl.Series([80.0]), pl.Series([100.0, 120.0])], rechunk=False),
        pl.Series([1.0, 80.0, 100.0, 120.0])[1:],
        pl.Series([80, 100, 120], dtype=pl.Int128),
        pl.Series([], dtype=pl.Float64),
    ],
    ids=str,
)
def test_a_column_of_numbers_is_read_as_its_items(column):
    items = np.array([np.nan if item is None else float(item) for item in column])
    found = pricing.price(100.0, column, 0.5, 0.2, "C")
    np.testing.assert_array_equal(found, pricing.price(100.0, items, 0.5, 0.2, "C"))
    both = pricing.price(column, column, 0.5, 0.2, "P")
    np.testing.assert_array_equal(both, pricing.price(items, items, 0.5, 0.2, "P"))


@pytest.mark.parametrize(
    "column", [pl.Series([True]), pl.Series([date(2024, 3, 1)]), pl.Series(["C"])], ids=str
)
def test_a_column_of_anything_else_is_refused(column):
    with pytest.raises(AlvhError, match=r"strike = .*allowed: a number, or an array or column of numbers"):
        pricing.price(100.0, column, 0.5, 0.2, "C")


@pytest.mark.parametrize("rows", [1, 2])
def test_objects_in_packed_records_are_read(rows):
    table = np.zeros(rows, dtype=[("n", "i4"), ("right", "O")])
    table["right"] = (["C", "P"])[:rows]
    found = pricing.price(100.0, 90.0, 1.0, 0.2, table["right"])
    np.testing.assert_array_equal(
        found, [pricing.price(100.0, 90.0, 1.0, 0.2, right) for right in "CP"[:rows]]
    )


def test_masked_views_are_missing():
    views = np.ma.array(strings.views(pl.Series(["C", "P"])), mask=[False, True])
    found = pricing.price(100.0, 90.0, 1.0, 0.2, views)
    np.testing.assert_array_equal(found, [pricing.price(100.0, 90.0, 1.0, 0.2, "C"), np.nan])


def test_wide_integers_are_signs():
    found = pricing.price(100.0, 90.0, 1.0, 0.2, pl.Series([1, -1], dtype=pl.Int128))
    np.testing.assert_array_equal(found, pricing.price(100.0, 90.0, 1.0, 0.2, [1, -1]))


class Series:
    """Not that of Polars."""

    __module__ = None

    def __array__(self, dtype=None, copy=None):
        return np.array([90.0, 110.0])


def test_what_is_only_called_a_series_is_an_array():
    expected = pricing.price(100.0, [90.0, 110.0], 1.0, 0.2, "C")
    np.testing.assert_array_equal(pricing.price(100.0, Series(), 1.0, 0.2, "C"), expected)
