"""Who is timed: libraries, ways to use them, and alvh on each instruction set."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entrant:
    """A row of the tables: a module of `peers`, the instruction set forced on alvh, its threads."""

    name: str
    module: str
    variant: str | None = None
    threads: int = 1


SUBJECT = Entrant("alvh", "alvh")
AVX2 = Entrant("alvh, AVX2", "alvh", variant="avx2")
BASELINE = Entrant("alvh, baseline", "alvh", variant="baseline")
TWO_THREADS = Entrant("alvh, two threads", "alvh", threads=2)
MEMORY = Entrant("copy of the columns", "memory")

NUMPY = Entrant("NumPy + SciPy", "numpy_spot")
NUMBA = Entrant("numba", "numba_spot")
LBRIV = Entrant("lbriv", "lbriv")
VANILLA = Entrant("vanilla-option-pricers in an njit loop", "vanilla_option_pricers")

PEERS = (
    NUMPY,
    Entrant("NumPy + SciPy, forward given", "numpy_forward"),
    NUMBA,
    Entrant("numba, forward given", "numba_forward"),
    Entrant("polars-vol", "polars_vol"),
    Entrant("pyvolr", "pyvolr"),
    VANILLA,
    LBRIV,
    Entrant("quantkit-rs", "quantkit_rs"),
    Entrant("fast-vollib", "fast_vollib"),
    Entrant("py-vollib-vectorized", "py_vollib_vectorized"),
)
FORMS = (SUBJECT, AVX2, BASELINE, TWO_THREADS, MEMORY)
ALL = (*FORMS, *PEERS)
