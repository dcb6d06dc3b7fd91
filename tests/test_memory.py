"""Memory of large results: kept for the next ones, and never while anything reads it."""

import gc
import threading

import numpy as np
import polars as pl
import pytest

from alvh import memory, pricing

ROWS = 600_000
FLOAT = np.dtype(float)


@pytest.fixture(autouse=True)
def nothing_kept():
    gc.collect()
    memory._free.clear()
    yield
    memory._free.clear()


def address(values: np.ndarray) -> int:
    return values.ctypes.data


def prices(vol: float) -> np.ndarray:
    return pricing.price(np.full(ROWS, 100.0), 100.0, 1.0, vol, "C")


def test_a_large_result_is_made_here():
    assert prices(0.2).nbytes >= memory.LARGE
    assert len(memory._free) == 1


def test_a_small_result_is_numpys():
    pricing.price(np.full(1000, 100.0), 100.0, 1.0, 0.2, "C")
    assert not memory._free


def test_memory_is_used_again():
    first = prices(0.2)
    where, value = address(first), first[0]
    del first
    second = prices(0.3)
    assert address(second) == where
    assert second[0] > value
    assert (second == second[0]).all()


@pytest.mark.parametrize(
    "view",
    [
        lambda values: values[10:20],
        lambda values: values.reshape(2, -1)[1],
        lambda values: values.view(np.int64),
        memoryview,
        pl.Series,
    ],
)
def test_memory_that_a_view_reads_is_not_used_again(view):
    first = prices(0.2)
    kept = view(first)
    before = np.array(kept)
    del first
    second = prices(0.3)
    assert not np.shares_memory(second, np.asarray(kept))
    np.testing.assert_array_equal(np.array(kept), before)


def test_no_more_than_so_much_is_kept():
    shape = (memory.KEPT // 8 // 4,)
    held = [memory.array(shape, FLOAT) for _ in range(6)]
    held.clear()
    assert sum(map(len, memory._free)) == memory.KEPT


def test_what_was_used_longest_ago_makes_room():
    """Lengths that are asked for no more do not fill the store for ever."""
    memory.array((memory.KEPT // 8,), FLOAT)
    for pages in range(3, 8):
        memory.array((pages * memory.PAGE // 8,), FLOAT)
    assert [len(kept) // memory.PAGE for kept in memory._free] == [3, 4, 5, 6, 7]
    memory.array((4 * memory.PAGE // 8,), FLOAT)
    assert [len(kept) // memory.PAGE for kept in memory._free] == [3, 5, 6, 7, 4]


def test_more_than_is_kept_makes_no_room():
    memory.array((memory.LARGE // 8,), FLOAT)
    memory.array((memory.KEPT // 8 + 1,), FLOAT)
    assert [len(kept) for kept in memory._free] == [memory.LARGE]


def test_threads_never_share_memory():
    wrong = []

    def work(vol: float) -> None:
        expected = pricing.price(100.0, 100.0, 1.0, vol, "C")
        for _ in range(20):
            values = prices(vol)
            if not (values == expected).all():
                wrong.append(vol)

    threads = [threading.Thread(target=work, args=(0.1 * k,)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("dtype", [np.float64, np.uint8, np.int32])
def test_shapes_and_types(dtype):
    values = memory.array((3, 2_000_000), np.dtype(dtype))
    assert values.shape == (3, 2_000_000)
    assert values.dtype == dtype
    assert values.flags.c_contiguous
    assert values.flags.aligned
    values[:] = 7
    assert (values == 7).all()
