"""What two processes must share so that they compute the same bits: the version, and how sums round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from alvh import _core
from alvh.errors import RunError

__all__ = ["Build", "round_alike"]

# Fused multiply-add rounds once where two operations round twice. The width of vectors changes nothing: a
# kernel is one body for all instruction sets.
ROUNDING: Final = {"baseline": "twice", "avx2": "once", "avx512": "once"}


def round_alike(one: str, other: str) -> bool:
    """Return whether two SIMD variants give the same bits.

    Examples
    --------
    >>> round_alike("avx2", "avx512"), round_alike("baseline", "avx2")
    (True, False)
    """
    return one == other or (one in ROUNDING and ROUNDING[one] == ROUNDING.get(other))


@dataclass(frozen=True)
class Build:
    """The alvh of a process.

    Parameters
    ----------
    version : str
        Of the package.
    simd : str
        Variant that its kernels run.
    """

    version: str
    simd: str

    @classmethod
    def here(cls) -> Self:
        """Return that of this process."""
        return cls(_core.__version__, _core.simd_variant())

    def require(self, wanted: Build) -> None:
        """Refuse to compute for a process whose bits would be others.

        Raises
        ------
        RunError
            Another version, or a SIMD variant that rounds otherwise.
        """
        if self.version != wanted.version:
            raise RunError(
                f"a worker has alvh {self.version}, the process that asks {wanted.version}. Mend: install "
                "one version everywhere"
            )
        if not round_alike(self.simd, wanted.simd):
            raise RunError(
                f"a worker uses the SIMD variant {self.simd}, the process that asks {wanted.simd}, which "
                "rounds otherwise. Mend: ALVH_SIMD=baseline everywhere, or workers with AVX2"
            )
