"""The most memory that Python and NumPy held at once while something was computed."""

import tracemalloc


def peak(function):
    """What a function returns, and the peak in bytes."""
    tracemalloc.start()
    try:
        return function(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
