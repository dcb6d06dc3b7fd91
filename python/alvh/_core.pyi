from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__version__: str

class AlvhError(ValueError): ...
class RuleError(AlvhError): ...
class SpecError(AlvhError): ...

def simd_variant() -> str: ...

# engine

@final
class Plan:
    def __new__(cls, spec: str) -> Plan: ...
    @property
    def books(self) -> list[tuple[str, float]]: ...
    @property
    def paths(self) -> int | None: ...
    @property
    def warm_up(self) -> int: ...
    def tranches(self, book: int) -> list[int]: ...
    def run(self, first_path: int, paths: int, *, threads: int = 0) -> dict[str, NDArray[np.float64]]: ...
    def trace(self, path: int, book: int) -> dict[str, Any]: ...

# market

def market_spec(spec: str) -> str: ...
def market_paths(
    spec: str,
    paths: int,
    sessions: int,
    *,
    seed: int,
    warm_up: int,
    vx_days: list[float],
    first_path: int,
    threads: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[NDArray[np.float64]]]: ...
def market_quotes(
    spec: str,
    product: str,
    sessions: NDArray[np.float64],
    days: NDArray[np.float64],
    strike: NDArray[np.float64],
    sign: NDArray[np.float64],
) -> list[NDArray[np.float64]]: ...
def draws(
    seed: int, first_path: int, paths: int, step: int, purpose: str, block: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
