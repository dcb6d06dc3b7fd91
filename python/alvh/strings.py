"""Strings of Polars where they lie: the string views of Arrow as an array, without a copy.

A column of strings is, in Polars as in Arrow, 16 bytes a row: the length, and up to twelve bytes of the
string itself. Rights are one byte long: the core reads them there, on its way through the other columns.

Source: Apache Arrow, "The Arrow C stream interface", "The Arrow PyCapsule Interface", and the "Variable-size
binary view layout" of its columnar format.
"""

import ctypes
import sys
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

__all__: Final = ["VIEW", "views"]

VIEW: Final = np.dtype([("length", "=u4"), ("bytes", "S12")])
"""One string: its length and, up to twelve, its bytes; beyond that a prefix and where the rest lies."""

_STRING_VIEWS: Final = b"vu"


class Exporter(Protocol):
    """A column that hands out its memory by Arrow's PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a capsule that owns a stream of arrays."""


class _Schema(ctypes.Structure):
    _fields_ = (
        ("format", ctypes.c_char_p),
        *((name, ctypes.c_void_p) for name in ("name", "metadata")),
        *((name, ctypes.c_int64) for name in ("flags", "n_children")),
        *((name, ctypes.c_void_p) for name in ("children", "dictionary", "release", "private_data")),
    )


class _Array(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("length", "null_count", "offset", "n_buffers", "n_children")),
        ("buffers", ctypes.POINTER(ctypes.c_void_p)),
        *((name, ctypes.c_void_p) for name in ("children", "dictionary", "release", "private_data")),
    )


class _Stream(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("get_schema", "get_next", "get_last_error")),
        *((name, ctypes.c_void_p) for name in ("release", "private_data")),
    )


_fill = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


class _Views:
    """Owns an array of a column, and lends its views to NumPy."""

    def __init__(self, array: _Array) -> None:
        self._array = array
        self.__array_interface__ = {
            "data": (array.buffers[1] + array.offset * VIEW.itemsize, True),
            "shape": (array.length,),
            "typestr": f"|V{VIEW.itemsize}",
            "version": 3,
        }

    def __del__(self) -> None:
        _released(self._array)


def views(column: Exporter) -> NDArray[Any] | None:
    """Return the strings of a column as an array of `VIEW`, where they lie; read-only.

    Parameters
    ----------
    column
        A column of strings, such as a `polars.Series`. What a null holds is arbitrary.

    Returns
    -------
    ndarray or None
        None if the strings lie otherwise: in more than one chunk, in another layout, or nowhere because there
        are none; or if this processor puts the highest byte first.

    Examples
    --------
    >>> import polars as pl
    >>> from alvh.strings import views
    >>> views(pl.Series(["C", "P", "Put"]))["bytes"]
    array([b'C', b'P', b'Put'], dtype='|S12')
    """
    if sys.byteorder != "little":
        return None
    capsule = column.__arrow_c_stream__()
    stream = _Stream.from_address(_pointer(capsule, b"arrow_array_stream"))
    if _format(stream) != _STRING_VIEWS:
        return None
    array, next_one = _next(stream), _next(stream)
    if array is None or next_one is not None or not array.length:
        for each in (array, next_one):
            if each is not None:
                _released(each)
        return None
    return np.asarray(_Views(array)).view(VIEW)


def _format(stream: _Stream) -> bytes | None:
    schema = _Schema()
    if _fill(stream.get_schema)(ctypes.addressof(stream), ctypes.addressof(schema)):
        return None
    found: bytes = schema.format
    _released(schema)
    return found


def _next(stream: _Stream) -> _Array | None:
    """Return the next array, None behind the last."""
    array = _Array()
    if _fill(stream.get_next)(ctypes.addressof(stream), ctypes.addressof(array)) or not array.release:
        return None
    return array


def _released(owned: _Array | _Schema) -> None:
    _release(owned.release)(ctypes.addressof(owned))
