"""Arguments are read where they lie: any type, shape, stride and byte order gives the bits of a copy."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from alvh import pricing
from alvh.errors import AlvhError
from memory_peaks import peak

NUMBERS = [
    "f8",
    "f4",
    "f2",
    "g",
    "i1",
    "i2",
    "i4",
    "i8",
    "u1",
    "u2",
    "u4",
    "u8",
    ">f8",
    ">f4",
    ">i4",
    ">u8",
    "O",
]
RIGHTS = ["U1", "S1", ">U1", "U2", "S3", "i1", "i8", "f8", "f4", ">f8", "O", "T"]
CENTRES = (100, 95, 1, 2, 1)


def laid_out(values, dtype, draw):
    """The values as an array of another type, spread over memory in some way, with some axes repeated."""
    array = np.asarray(values, np.dtypes.StringDType() if dtype == "T" else dtype)
    for axis in range(array.ndim):
        if draw(st.booleans(), label="repeat"):
            one = array.take([0], axis) if array.shape[axis] else array
            array = np.broadcast_to(one, array.shape)
    ways = [np.asarray, np.copy, np.asfortranarray, gaps, backwards, transposed, unaligned, frozen]
    return draw(st.sampled_from(ways))(array)


def gaps(array):
    wide = np.empty([2 * n + 1 for n in array.shape], array.dtype)
    gapped = wide[(..., *(slice(1, 2 * n + 1, 2) for n in array.shape))]
    gapped[...] = array
    return gapped


def backwards(array):
    back = (..., *[slice(None, None, -1)] * min(array.ndim, 2))
    return np.array(array[back], order="C")[back]


def transposed(array):
    order = np.roll(range(array.ndim), 1)
    return np.array(array.transpose(order), order="C").transpose(np.argsort(order))


def unaligned(array):
    if array.dtype.kind in "OT":
        return array
    packed = np.zeros(array.shape, [("pad", "u1"), ("value", array.dtype)])
    packed["value"] = array
    return packed["value"]


def frozen(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def copied(array):
    return np.array(array, np.float64, order="C")


def signs(array):
    """The rights as float64, one object at a time."""
    flat = [x.decode() if isinstance(x, bytes) else x for x in np.asarray(array, object).ravel()]
    table = {"C": 1.0, "P": -1.0, 1: 1.0, -1: -1.0}
    return np.array([table.get(x, np.nan) for x in flat], np.float64).reshape(np.shape(array))


@settings(deadline=None, max_examples=300)
@given(mutually_broadcastable_shapes(num_shapes=6, max_dims=4, max_side=5), st.data())
def test_any_layout_gives_the_bits_of_a_copy(shapes, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    *numeric, last = shapes.input_shapes
    columns = []
    for centre, shape in zip(CENTRES, numeric, strict=True):
        values = np.rint(centre * (1 + 0.25 * rng.random(shape)))
        columns.append(laid_out(values, data.draw(st.sampled_from(NUMBERS)), data.draw))
    kind = data.draw(st.sampled_from(RIGHTS))
    choices = ["C", "P", "X", ""] if np.dtype(kind if kind != "T" else "U1").kind in "USO" else [1, -1, 0, 2]
    picked = rng.integers(0, 4 if last else 2, last)  # one right that is none is refused
    right = laid_out(np.array(choices, object)[picked], kind, data.draw)

    forward, strike, years, vol, discount = columns
    got = pricing.price(forward, strike, years, vol, right, discount=discount)
    full = [np.array(x, order="C") for x in np.broadcast_arrays(*map(copied, columns), signs(right))]
    want = pricing.price(*full[:4], full[5], discount=full[4])
    np.testing.assert_array_equal(got, want, strict=np.ndim(got) > 0)
    got = pricing.implied_vol(want, forward, strike, years, right, discount=discount)
    np.testing.assert_array_equal(got, pricing.implied_vol(want, *full[:3], full[5], discount=full[4]))


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9, 511, 512, 513, 4095, 4097, 40_003])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i4", "u8"])
def test_any_number_of_rows(rows, dtype):
    rng = np.random.default_rng(rows)
    strike = np.rint(rng.uniform(50, 150, rows)).astype(dtype)
    letters = np.where(rng.random(rows) < 0.5, "C", "P")
    sign = np.where(letters == "C", 1.0, -1.0)
    want = pricing.price(
        np.full(rows, 100.0), strike.astype("f8"), np.full(rows, 0.5), np.full(rows, 0.2), sign
    )
    for right in (letters, letters.astype("S1"), sign.astype("i1"), letters.astype(object)):
        np.testing.assert_array_equal(pricing.price(100.0, strike, 0.5, 0.2, right), want)
    backwards = pricing.price(100.0, strike[::-1], 0.5, 0.2, letters[::-1])
    np.testing.assert_array_equal(backwards, want[::-1])


def test_windows_and_fields():
    strikes = np.arange(80.0, 120.0)
    for view in (
        sliding_window_view(strikes, 5),
        as_strided(strikes, (8, 8), (8, 8)),
        np.array([(k, 1) for k in strikes], "f8,i4")["f0"],
        as_strided(strikes[5:], (3, 4), (0, 16)),
    ):
        want = pricing.price(100.0, np.array(view, order="C"), 0.5, 0.2, "C")
        np.testing.assert_array_equal(pricing.price(100.0, view, 0.5, 0.2, "C"), want)


def test_sixty_four_bit_integers_are_rounded_to_float64():
    strike = np.array([2**53 + 1, 2**62 - 1], np.int64)
    want = pricing.price(1e18, strike.astype("f8"), 0.5, 0.2, "C")
    np.testing.assert_array_equal(pricing.price(1e18, strike, 0.5, 0.2, "C"), want)


@pytest.mark.parametrize(
    "view",
    [
        lambda grid: np.broadcast_to(grid[:1], grid.shape),
        lambda grid: np.broadcast_to(grid[:, :1].copy(), grid.shape),
        lambda grid: grid.astype("f4"),
        lambda grid: grid.astype("i8"),
        np.asfortranarray,
        lambda grid: grid[::-1, ::-1],
    ],
)
def test_nothing_is_expanded_or_converted_as_a_whole(view):
    strike = view(np.linspace(80.0, 120.0, 400_000).reshape(400, 1000))
    sides = np.broadcast_to(np.array(["C", "P"] * 500), (400, 1000))
    result, most = peak(lambda: pricing.price(100.0, strike, 0.5, 0.2, sides))
    assert most < 1.1 * result.nbytes


@pytest.mark.parametrize(("rows", "columns"), [(2**40, 2**40), (2**31, 2**29)])
def test_too_many_rows(rows, columns):
    forward, strike = np.broadcast_to(100.0, (rows, 1)), np.broadcast_to(95.0, (1, columns))
    with pytest.raises(AlvhError, match="more rows than memory has addresses"):
        pricing.price(forward, strike, 0.5, 0.2, "C")


def test_more_axes_than_usual():
    strike = np.array([90.0, 95.0]).reshape((1,) * 40 + (2,))
    want = pricing.price(100.0, strike.ravel(), 0.5, 0.2, "C").reshape(strike.shape)
    np.testing.assert_array_equal(pricing.price(100.0, strike, 0.5, 0.2, "C"), want, strict=True)
    turned = np.moveaxis(np.repeat(strike, 600, axis=0), 0, 3)
    assert pricing.price(100.0, turned, 0.5, 0.2, "C").shape == turned.shape


def test_missing_objects_are_missing():
    strike = np.array([90, None, 100.0], object)
    got = pricing.price(100.0, strike, 0.5, 0.2, np.array(["C", "C", None], object))
    assert np.isnan(got).tolist() == [False, True, True]
    with pytest.raises(AlvhError, match=r"^strike = "):
        pricing.price(100.0, np.array([90, "a"], object), 0.5, 0.2, "C")


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "u1", ">i4", object])
def test_masked_numbers_are_missing(dtype):
    strike = np.ma.masked_array(np.array([90, 95, 100]).astype(dtype), [False, True, False])
    got = pricing.price(100.0, strike, 0.5, 0.2, "C")
    assert np.isnan(got).tolist() == [False, True, False]
    assert got[2] == pricing.price(100.0, 100.0, 0.5, 0.2, "C")
    assert type(got) is np.ndarray
    _, status = pricing.implied_vol(8.0, 100.0, strike, 0.5, "P", status=True)
    assert status.tolist() == [0, 3, 0]
    unmasked = pricing.price(100.0, np.ma.masked_array([90.0, 95.0]), 0.5, 0.2, "C")
    np.testing.assert_array_equal(unmasked, pricing.price(100.0, [90.0, 95.0], 0.5, 0.2, "C"))


@pytest.mark.parametrize(
    "right", [["C", "P", "C"], [b"C", b"P", b"C"], ["C", "PP", "C"], [1, -1, 1], [1.0, -1.0, 1.0]]
)
def test_masked_rights_are_missing(right):
    got = pricing.price(100.0, 95.0, 0.5, 0.2, np.ma.masked_array(right, [False, False, True]))
    assert np.isnan(got).tolist() == [False, right[1] == "PP", True]


def test_masked_scalars_and_what_is_no_number():
    assert np.isnan(pricing.price(100.0, np.ma.masked, 0.5, 0.2, "C"))
    with pytest.raises(AlvhError, match=r"^right = masked"):
        pricing.price(100.0, 95.0, 0.5, 0.2, np.ma.masked)
    with pytest.raises(AlvhError, match=r"^strike = masked_array"):
        pricing.price(100.0, np.ma.masked_array([True, False], [True, False]), 0.5, 0.2, "C")


def test_series():
    strike = [90.0, None, 100.0]
    series = pl.Series(strike)
    got = pricing.price(100.0, series, 0.5, 0.2, pl.Series(["C", "P", None]))
    assert np.isnan(got).tolist() == [False, True, True]
    assert got[0] == pricing.price(100.0, 90.0, 0.5, 0.2, "C")


@pytest.mark.parametrize("rows", [1, 3, 600, 5000])
def test_out(rows):
    strike = np.linspace(90, 110, rows)
    out = np.empty(rows)
    want = pricing.price(100.0, strike, 0.5, 0.2, "C")
    assert pricing.price(100.0, strike, 0.5, 0.2, "C", out=out) is out
    np.testing.assert_array_equal(out, want)
    vol = np.empty(rows)
    got, status = pricing.implied_vol(want, 100.0, strike, 0.5, "C", out=vol, status=True)
    assert got is vol
    np.testing.assert_array_equal(vol, pricing.implied_vol(want, 100.0, strike, 0.5, "C"))
    assert status.tolist() == [0] * rows
    for bad in (strike, strike[::-1], out[:-1], np.empty(rows, "f4"), np.empty((rows, 1)), 1.0):
        with pytest.raises(AlvhError, match=r"^out = "):
            pricing.price(100.0, strike, 0.5, 0.2, "C", out=bad)
    scalar = np.empty(())
    assert pricing.price(100.0, 95.0, 0.5, 0.2, "C", out=scalar) is scalar
    assert scalar == pricing.price(100.0, 95.0, 0.5, 0.2, "C")
