"""Memory of large results: kept when they are gone, on pages that the system hands out in one piece."""

import mmap
from contextlib import suppress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__: Final = ["KEPT", "LARGE", "array"]

PAGE: Final = 2 << 20

LARGE: Final = 2 * PAGE
"""Results of so many bytes are made here, smaller ones by NumPy."""

KEPT: Final = 256 << 20
"""So many bytes of results that are gone are kept for the next ones."""

_free: list[mmap.mmap] = []
"""Mappings that nobody reads any more, the one used last at the end."""


class _Lease:
    """Owns the memory of an array, and of all views of it, and keeps it when the last of them is gone."""

    __slots__ = ("__array_interface__", "_memory")

    def __init__(self, memory: mmap.mmap, rows: int, dtype: np.dtype[Any]) -> None:
        address = np.frombuffer(memory, np.uint8, 1).ctypes.data
        self._memory = memory
        self.__array_interface__ = {
            "data": (address, False),
            "shape": (rows,),
            "typestr": dtype.str,
            "version": 3,
        }

    def __del__(self) -> None:
        if len(self._memory) > KEPT:
            return
        _free.append(self._memory)
        with suppress(IndexError):  # another thread gives back at the same time
            while sum(map(len, tuple(_free))) > KEPT:
                del _free[0]


def array(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a new array whose values are whatever its memory holds, `LARGE` bytes or more.

    A system hands out fresh memory in pages of 4 KiB and clears each when it is first written: a million
    rows of fourteen greeks take longer to hand out than to compute. Here they come in pages of 2 MiB where
    the system has them, and the last `KEPT` bytes of results that are gone are used again by results of the
    same length. An array does not own its memory, so that it cannot be resized in place; everything else is
    as of any array.

    Parameters
    ----------
    shape
        Lengths of the axes.
    dtype
        Type of the values, without references to Python objects.

    Raises
    ------
    MemoryError
        The system has not as much.

    Examples
    --------
    >>> import numpy as np
    >>> from alvh import memory
    >>> memory.array((1000, 1000), np.dtype(float)).flags.writeable
    True
    """
    rows = int(np.prod(shape))
    length = -(-rows * dtype.itemsize // PAGE) * PAGE
    memory = _kept(length) or _mapped(length)
    return np.asarray(_Lease(memory, rows, dtype)).reshape(shape)


def _kept(length: int) -> mmap.mmap | None:
    """Take the mapping of this length that was used last, which caches know best."""
    for memory in reversed(tuple(_free)):
        if len(memory) == length:
            with suppress(ValueError):  # another thread took it
                _free.remove(memory)
                return memory
    return None


def _mapped(length: int) -> mmap.mmap:
    """Map fresh memory, of this process alone."""
    try:
        memory = mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (OSError, OverflowError) as error:
        raise MemoryError(f"{length:,} bytes for a result: {error}") from None
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a system built without them: small pages hold the same values
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memory
