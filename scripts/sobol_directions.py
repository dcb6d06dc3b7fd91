"""Write the direction numbers that SciPy carries (Joe and Kuo) as Rust, and points of SciPy to check by."""

from pathlib import Path

import numpy as np
import scipy
import scipy.stats

DIMENSIONS = 128
ROOT = Path(__file__).parents[1]
TARGET = ROOT / "rust/core/src/math/sobol/directions.rs"
GOLDEN = ROOT / "tests/golden/sobol.csv"
INDICES = [1, 2, 5, 100, 255, 4095, 65_539]
BITS = 32

HEADER = """\
//! Primitive polynomials and initial direction numbers; written by `scripts/sobol_directions.py`.
//!
//! Source: S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM
//! Journal on Scientific Computing 30 (2008), 2635–2654, the set `new-joe-kuo-6.21201`. Its licence is in
//! `LICENSE` beside this file.

/// Dimensions after the first: the polynomial, bit k its coefficient of xᵏ, and m₁, m₂, … as many as its
/// degree.
"""


def table() -> str:
    """Return the module as text."""
    data = np.load(Path(scipy.stats.__file__).parent / "_sobol_direction_numbers.npz")
    rows = []
    for polynomial, initial in zip(data["poly"][1:DIMENSIONS], data["vinit"][1:DIMENSIONS], strict=True):
        degree = int(polynomial).bit_length() - 1
        rows.append(f"    ({polynomial}, &[{', '.join(str(m) for m in initial[:degree])}]),\n")
    return f"{HEADER}pub(super) const INITIAL: [(u32, &[u32]); {DIMENSIONS - 1}] = [\n{''.join(rows)}];\n"


def points() -> str:
    """Return the coordinates of some points as integers of 32 bits, a row a point and dimension."""
    source = f"scipy.stats.qmc.Sobol {scipy.__version__}, scripts/sobol_directions.py"
    sequence = scipy.stats.qmc.Sobol(DIMENSIONS, scramble=False, bits=BITS)
    rows = ["index,dimension,word,source"]
    for index in INDICES:
        sequence.reset().fast_forward(index)
        words = (sequence.random(1)[0] * 2.0**BITS).astype(np.uint64)
        rows += [f"{index},{dimension},{word},{source}" for dimension, word in enumerate(words)]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    GOLDEN.write_text(points(), encoding="utf-8")
    TARGET.write_text(table(), encoding="utf-8")
