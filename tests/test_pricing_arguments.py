"""What the pricing functions accept, how it broadcasts, and what they refuse."""

import threading
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from alvh import pricing
from alvh.errors import AlvhError
from alvh.pricing import Greeks

CONTRACT = {"forward": 100.0, "strike": 95.0, "years": 0.5, "vol": 0.2, "right": "P"}
CENTRES = np.array([100.0, 95.0, 0.5, 0.2, 0.99])


@settings(deadline=None)
@given(mutually_broadcastable_shapes(num_shapes=5, min_dims=0, max_dims=4, min_side=0, max_side=4), st.data())
def test_broadcasting_equals_numpy(shapes, data):
    seed = data.draw(st.integers(0, 1000))
    draw = np.random.default_rng(seed)
    inputs = [
        c * (1 + 0.1 * draw.random(shape)) for c, shape in zip(CENTRES, shapes.input_shapes, strict=True)
    ]
    forward, strike, years, vol, discount = inputs
    full = [np.ascontiguousarray(x) for x in np.broadcast_arrays(*inputs)]
    got = pricing.price(forward, strike, years, vol, "P", discount=discount)
    want = pricing.price(*full[:4], "P", discount=full[4])
    assert np.shape(got) == shapes.result_shape
    np.testing.assert_array_equal(got, want)
    gamma = pricing.greeks(forward, strike, years, vol, "P", discount=discount, which="gamma").gamma
    assert np.shape(gamma) == shapes.result_shape
    np.testing.assert_array_equal(
        pricing.implied_vol(got, forward, strike, years, "P", discount=discount),
        pricing.implied_vol(want, *full[:3], "P", discount=full[4]),
    )


def test_scalars_in_float_out():
    for one in (100.0, 100, np.float64(100), np.float32(100), np.int64(100), np.array(100.0), Decimal(100)):
        assert type(pricing.price(one, 95.0, 0.5, 0.2, "P")) is float
    assert all(type(x) is float for x in pricing.greeks(**CONTRACT))
    vol, status = pricing.implied_vol(3.0, 100.0, 95.0, 0.5, "P", status=True)
    assert (type(vol), type(status)) == (float, int)


@pytest.mark.parametrize(
    "strike",
    [
        [90, 95, 100],
        np.array([90, 95, 100], np.int32),
        np.array([90, 95, 100], np.float32),
        np.array([90.0, 0.0, 95.0, 0.0, 100.0])[::2],
        np.array([90.0, 95.0, 100.0], ">f8"),
        np.array([90, Decimal(95), 100.0], object),
        pl.Series([90, 95, 100]),
        pl.Series([90.0, 95.0, 100.0]),
        memoryview(np.array([90.0, 95.0, 100.0])),
    ],
    ids=lambda strike: type(strike).__name__,
)
def test_columns_of_numbers(strike):
    got = pricing.price(100.0, strike, 0.5, 0.2, "P")
    np.testing.assert_array_equal(got, pricing.price(100.0, np.array([90.0, 95.0, 100.0]), 0.5, 0.2, "P"))
    assert got.flags.c_contiguous
    assert got.dtype == np.float64


def test_fortran_order_is_read_by_index():
    strike = np.asfortranarray(np.arange(80.0, 104.0).reshape(4, 6))
    got = pricing.price(100.0, strike, 0.5, 0.2, "C")
    np.testing.assert_array_equal(got, pricing.price(100.0, strike.copy("C"), 0.5, 0.2, "C"))


@pytest.mark.parametrize(
    "right",
    [
        ["C", "P", "C"],
        np.array(["C", "P", "C"]),
        np.array(["C", "P", "C"], "S1"),
        np.array(["C", "P", "C"], "U4"),
        np.array(["C", "P", "C"], object),
        np.array(["C", "P", "C"], np.dtypes.StringDType()),
        np.array(["C", "", "P", "", "C"])[::2],
        [1, -1, 1],
        np.array([1, -1, 1], np.int8),
        np.array([1.0, -1.0, 1.0]),
        np.array([1, "P", 1.0], object),
        pl.Series(["C", "P", "C"]),
        pl.Series(["C", "P", "C"], dtype=pl.Categorical),
        pl.Series(["C", "P", "C"], dtype=pl.Enum(["C", "P"])),
    ],
    ids=str,
)
def test_columns_of_rights(right):
    want = [pricing.price(100.0, 95.0, 0.5, 0.2, side) for side in "CPC"]
    assert pricing.price(100.0, 95.0, 0.5, 0.2, right).tolist() == want


def test_bad_rows_are_nan_and_stay():
    right = np.array(["C", "X", None, 2, True], object)
    got = pricing.price([100.0, 100.0, 100.0, 100.0, 100.0], 95.0, 0.5, 0.2, right)
    assert np.isnan(got).tolist() == [False, True, True, True, True]
    assert np.isnan(pricing.price(100.0, 95.0, 0.5, 0.2, ["c", "Px"])).all()
    assert np.isnan(pricing.price(100.0, 95.0, 0.5, 0.2, [0, 2])).all()
    assert np.isnan(pricing.price(pl.Series([None, -1.0]), 95.0, 0.5, 0.2, "C")).all()
    _, status = pricing.implied_vol(3.0, 100.0, 95.0, 0.5, ["P", "X"], status=True)
    assert status.tolist() == [0, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strike": [1.0, 2.0], "vol": [1.0, 2.0, 3.0]}, "vol: shape [3] does not broadcast with [2]"),
        ({"strike": "95"}, "strike = '95': allowed: a number"),
        ({"strike": True}, "strike = True: allowed: a number"),
        ({"vol": None}, "vol = None: allowed: a number"),
        ({"vol": 1j}, "vol = 1j: allowed: a number"),
        ({"years": [[1.0], [1.0, 2.0]]}, "years = [[1.0], [1.0, 2.0]]: allowed: a number"),
        ({"years": np.array(["2026-01-01"], "M8[D]")}, "years = array"),
        ({"right": "call"}, 'right = \'call\': allowed: "C" or "P", +1 or -1'),
        ({"right": 0}, "right = 0: allowed"),
        ({"right": True}, "right = True: allowed"),
        ({"right": [True, False]}, "right = [True, False]: allowed"),
        ({"discount": "x" * 100}, "discount = 'xxx"),
    ],
)
def test_refusals_name_argument_value_and_what_is_allowed(change, message):
    with pytest.raises(AlvhError) as refusal:
        pricing.price(**CONTRACT | change)
    assert str(refusal.value).startswith(message)
    assert len(str(refusal.value)) < 200


def test_which_and_out():
    strikes = np.array([90.0, 95.0, 100.0])
    out = Greeks(delta=np.empty(3), vega=np.empty(3))
    got = pricing.greeks(100.0, strikes, 0.5, 0.2, "C", out=out)
    assert got.delta is out.delta
    assert got.gamma is None
    want = pricing.greeks(100.0, strikes, 0.5, 0.2, "C", which=("vega", "delta", "vega"))
    np.testing.assert_array_equal(out.delta, want.delta)
    np.testing.assert_array_equal(out.vega, want.vega)
    scalar = Greeks(price=np.empty(()))
    pricing.greeks(**CONTRACT, out=scalar)
    assert scalar.price == pricing.price(**CONTRACT)


def test_which_and_out_refusals():
    strikes = np.array([90.0, 95.0, 100.0])
    frozen = np.empty(3)
    frozen.flags.writeable = False
    for keywords, message in [
        ({"which": "detla"}, "which = 'detla': allowed: a name or several of: price delta gamma"),
        ({"which": ["delta", 3]}, "which = "),
        ({"out": (None,)}, "out = (None,): allowed: a Greeks"),
        ({"out": Greeks(delta=np.empty(2))}, "out.delta = "),
        ({"out": Greeks(delta=np.empty(3, np.float32))}, "out.delta = "),
        ({"out": Greeks(delta=np.empty(6)[::2])}, "out.delta = "),
        ({"out": Greeks(delta=frozen)}, "out.delta = "),
        ({"out": Greeks(delta=strikes)}, "out.delta = "),
        ({"out": Greeks(delta=np.empty(3)), "which": "gamma"}, "out.gamma = None"),
    ]:
        with pytest.raises(AlvhError) as refusal:
            pricing.greeks(100.0, strikes, 0.5, 0.2, "C", **keywords)
        assert str(refusal.value).startswith(message), refusal.value


def test_results_do_not_depend_on_the_number_of_rows_or_callers():
    strikes = np.linspace(50.0, 150.0, 200_001)
    want = pricing.price(100.0, strikes, 0.5, 0.2, "C")
    for at in (0, 1, 65_536, 200_000):
        assert want[at] == pricing.price(100.0, float(strikes[at]), 0.5, 0.2, "C")
    results = [None] * 4

    def call(i):
        results[i] = pricing.price(100.0, strikes, 0.5, 0.2, "C")

    threads = [threading.Thread(target=call, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(result, want) for result in results)


def test_outputs_over_the_memory_of_an_argument_are_refused():
    buffer = bytearray(80)
    whole, rest = np.frombuffer(buffer), np.frombuffer(memoryview(buffer)[8:])
    whole[:] = 100.0 + np.arange(10)
    for forward, out in [(whole[:-1], rest), (whole, np.frombuffer(buffer))]:
        with pytest.raises(AlvhError, match="shares no memory"):
            pricing.price(forward, 100.0, 1.0, 0.2, 1, out=out)
        with pytest.raises(AlvhError, match="shares no memory"):
            pricing.greeks(forward, 100.0, 1.0, 0.2, 1, out=pricing.Greeks(delta=out))
    with pytest.raises(AlvhError, match=r"out\.vega .* shares no memory"):
        pricing.greeks(
            np.ones(10), 1.0, 1.0, 0.2, 1, out=pricing.Greeks(gamma=whole, vega=np.frombuffer(buffer))
        )


def test_results_beyond_memory_are_a_memory_error():
    rows = np.broadcast_to(1.0, (10**7, 1))
    with pytest.raises(MemoryError):
        pricing.price(rows, np.broadcast_to(1.0, 10**7), 1.0, 0.2, 1)


@pytest.mark.parametrize("out", [(), (None,) * 3, [np.ones(3)], np.ones(3)])
def test_greeks_refuse_what_is_no_tuple_of_their_fields(out):
    with pytest.raises(AlvhError, match="a Greeks with an array or None in each field"):
        pricing.greeks(np.ones(3), 1.0, 1.0, 0.2, 1, which="delta", out=out)
