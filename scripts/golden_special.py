"""Writes tests/golden/special.csv: special functions of exactly representable arguments, from mpmath."""

import random
from collections.abc import Callable
from pathlib import Path

from mpmath import mp, mpf

DIGITS = 25
SEED = 7
SOURCE = "mpmath 60 digits at the exact double"
TARGET = Path(__file__).parent.parent / "tests" / "golden" / "special.csv"


def upper_tail(x: mpf) -> mpf:
    """1 − Φ(x) without cancellation."""
    return mp.erfc(x / mp.sqrt(2)) / 2


def inv_norm_cdf(p: mpf) -> mpf:
    """Newton's iteration on ln Φ from a crude start, to full working precision."""
    if p == mpf("0.5"):
        return mpf(0)
    tail = min(p, 1 - p)
    x = mp.sqrt(-2 * mp.log(tail)) / 2
    for _ in range(200):
        step = (mp.log(upper_tail(x)) - mp.log(tail)) * upper_tail(x) / mp.npdf(x)
        x += step
        if abs(step) < mpf(10) ** (-mp.dps + 8):
            break
    return x if p > mpf("0.5") else -x


def arguments(draw: random.Random) -> dict[str, tuple[Callable[[mpf], mpf], list[float]]]:
    """Random and named arguments for each function."""
    uniform = draw.uniform
    tail = [uniform(-39, 39) for _ in range(80)] + [uniform(-2, 2) for _ in range(40)]
    return {
        "exp": (
            mp.exp,
            [uniform(-744, 709) for _ in range(80)] + [uniform(-1, 1) for _ in range(40)] + [1e-300],
        ),
        "ln": (
            mp.log,
            [10 ** uniform(-323, 308) for _ in range(80)]
            + [1 + uniform(-1, 1) * 10 ** uniform(-15, -0.5) for _ in range(60)]
            + [5e-324, 2.2250738585072014e-308, 0.5, 2.0],
        ),
        "ln_1p": (
            mp.log1p,
            [10 ** uniform(-18, 300) for _ in range(60)] + [uniform(0, 3) for _ in range(60)],
        ),
        "mills": (
            lambda x: upper_tail(x) / mp.npdf(x),
            [-0.75, 0.0, 1e-300, 60.0]
            + [uniform(-0.75, 4) for _ in range(60)]
            + [10 ** uniform(0, 2) for _ in range(60)],
        ),
        "norm_pdf": (mp.npdf, [0.0, *tail]),
        "norm_cdf": (lambda x: upper_tail(-x), [0.0, -37.5, -38.4, *tail]),
        "inv_norm_cdf": (
            inv_norm_cdf,
            [10 ** uniform(-307, 0) for _ in range(100)]
            + [uniform(0, 1) for _ in range(60)]
            + [0.5 + uniform(-1, 1) * 10 ** uniform(-15, -2) for _ in range(20)]
            + [1 - 10 ** uniform(-15.9, -1) for _ in range(30)]
            + [1e-300, 0.075, 0.925, 0.25, 0.75, 5e-324],
        ),
    }


def main() -> None:
    mp.dps = 60
    lines = ["function,x,value,source"]
    for name, (function, xs) in arguments(random.Random(SEED)).items():  # noqa: S311 (test data)
        for x in xs:
            with mp.workdps(60 + int(min(x * x, 1e4) / 4) if name in {"mills", "norm_cdf"} else 60):
                lines.append(f"{name},{x!r},{mp.nstr(function(mpf(x)), DIGITS)},{SOURCE}")
    TARGET.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
