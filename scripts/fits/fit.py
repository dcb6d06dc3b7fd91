"""What a fit is, and the command that refits or checks: `python -m fits --help`."""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from fits import rust

Constants = dict[str, Any]


@dataclass(frozen=True)
class Fit:
    """One approximation: where its coefficients stand, how they were found, what they are worth."""

    title: str
    source: str  # below rust/core/src
    names: tuple[str, ...]
    bound: float  # of the error of the coefficients as rounded to doubles
    error: Callable[[Constants], float]  # measured on a grid against mpmath
    refit: Callable[[], Constants] | None  # None: published coefficients

    def published(self) -> Constants:
        """The constants of the Rust source."""
        found = rust.constants(self.source)
        missing = [name for name in self.names if name not in found]
        if missing:
            raise LookupError(f"{self.source} has no {', '.join(missing)}: rename it in scripts/fits, too")
        return found

    def measured(self) -> float:
        """The error of what the Rust source holds."""
        return self.error(self.published())

    def refitted(self) -> tuple[float, Constants]:
        """The error of new coefficients, and they themselves, as doubles."""
        if self.refit is None:
            raise LookupError(f"{self.title}: published coefficients, nothing to fit")
        new = {name: rust.rounded(numbers) for name, numbers in self.refit().items()}
        return self.error(self.published() | new), new


def main(fits: Iterable[Fit]) -> int:
    """Prints refitted coefficients as Rust, or measures those of the sources. 1 if a bound is missed."""
    parser = argparse.ArgumentParser(prog="python -m fits", description="Fits of the kernels.")
    parser.add_argument("--check", action="store_true", help="measure those in rust/core/src")
    parser.add_argument("only", nargs="*", help="parts of titles; all without")
    chosen = parser.parse_args()
    missed = 0
    for fit in fits:
        if chosen.only and not any(part in fit.title for part in chosen.only):
            continue
        if chosen.check or fit.refit is None:
            error, new = fit.measured(), Constants()
        else:
            error, new = fit.refitted()
        miss = error > fit.bound
        missed += miss
        print(f"// {fit.title}: error {error:.2g}, bound {fit.bound:.2g}{' MISSED' if miss else ''}")
        for name, numbers in new.items():
            print(rust.declaration(name, numbers), flush=True)
    return int(missed > 0)
