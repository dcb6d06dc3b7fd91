from collections.abc import Mapping, Sequence
from typing import Any, Literal, final, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "AlvhError",
    "Condors",
    "Plan",
    "RuleError",
    "SpecError",
    "Steps",
    "__version__",
    "check_rule",
    "draws",
    "evaluate_number",
    "evaluate_rule",
    "fit_surface",
    "greeks",
    "greeks_american",
    "implied_vol",
    "implied_vol_american",
    "indicator",
    "margin_pairing",
    "margin_risk",
    "market_bars",
    "market_filter",
    "market_openings",
    "market_paths",
    "market_profile",
    "market_quotes",
    "market_shocked",
    "market_smile_states",
    "market_spec",
    "market_start",
    "market_strategy_index",
    "market_vx_basis",
    "price",
    "price_american",
    "rule_names",
    "rule_warm_up",
    "score_columns",
    "simd_variant",
    "simd_variants",
]

__version__: str

class AlvhError(ValueError): ...
class RuleError(AlvhError): ...
class SpecError(AlvhError): ...

def simd_variant() -> str: ...
def simd_variants() -> list[str]: ...

# chain

def fit_surface(
    form: str,
    kind: Sequence[int],
    years: NDArray[np.float64],
    ends: Sequence[int],
    k: NDArray[np.float64],
    vol: NDArray[np.float64],
    half_spread: NDArray[np.float64],
    *,
    threads: int | None = None,
) -> tuple[list[NDArray[np.float64]], bytes]: ...

# pricing

@overload
def price_american(
    spot: float,
    strike: float,
    years: float,
    vol: float,
    right: str | int,
    *,
    rate: float = 0.0,
    dividend: float = 0.0,
) -> float: ...
@overload
def price_american(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    *,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
) -> NDArray[np.float64]: ...
def greeks_american(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    *,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    which: str | Sequence[str] | None = None,
) -> tuple[float | NDArray[np.float64] | None, ...]: ...
@overload
def implied_vol_american(
    price: float,
    spot: float,
    strike: float,
    years: float,
    right: str | int,
    *,
    rate: float = 0.0,
    dividend: float = 0.0,
    status: Literal[False] = False,
) -> float: ...
@overload
def implied_vol_american(
    price: float,
    spot: float,
    strike: float,
    years: float,
    right: str | int,
    *,
    rate: float = 0.0,
    dividend: float = 0.0,
    status: Literal[True],
) -> tuple[float, int]: ...
@overload
def implied_vol_american(
    price: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    right: ArrayLike,
    *,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    status: Literal[False] = False,
) -> NDArray[np.float64]: ...
@overload
def implied_vol_american(
    price: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    right: ArrayLike,
    *,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    status: Literal[True],
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]: ...
@overload
def price(
    forward: float, strike: float, years: float, vol: float, right: str | int, *, discount: float = 1.0
) -> float: ...
@overload
def price(
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    *,
    discount: ArrayLike = 1.0,
    out: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]: ...
def greeks(
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    *,
    discount: ArrayLike = 1.0,
    which: str | Sequence[str] | None = None,
    out: tuple[float | NDArray[np.float64] | None, ...] | None = None,
) -> tuple[float | NDArray[np.float64] | None, ...]: ...
@overload
def implied_vol(
    price: float,
    forward: float,
    strike: float,
    years: float,
    right: str | int,
    *,
    discount: float = 1.0,
    status: Literal[False] = False,
) -> float: ...
@overload
def implied_vol(
    price: float,
    forward: float,
    strike: float,
    years: float,
    right: str | int,
    *,
    discount: float = 1.0,
    status: Literal[True],
) -> tuple[float, int]: ...
@overload
def implied_vol(
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    right: ArrayLike,
    *,
    discount: ArrayLike = 1.0,
    status: Literal[False] = False,
    out: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]: ...
@overload
def implied_vol(
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    right: ArrayLike,
    *,
    discount: ArrayLike = 1.0,
    status: Literal[True],
    out: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]: ...

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
    def watched(self, book: int) -> list[bool]: ...
    def run(self, first_path: int, paths: int, *, threads: int = 0) -> dict[str, NDArray[np.float64]]: ...
    def logs(
        self, first_path: int, paths: int, books: Sequence[int], logs: Sequence[str], *, threads: int = 0
    ) -> list[dict[str, dict[str, Any]]]: ...
    def series(
        self, first_path: int, paths: int, book: int, *, threads: int = 0
    ) -> dict[str, NDArray[np.float64]]: ...
    def calls(
        self, first_path: int, paths: int, book: int, *, threads: int = 0
    ) -> dict[str, NDArray[np.float64]]: ...
    def greeks(
        self, first_path: int, paths: int, book: int, *, threads: int = 0
    ) -> dict[str, NDArray[np.float64]]: ...
    def deals(self, first_path: int, paths: int, book: int, *, threads: int = 0) -> dict[str, Any]: ...
    def foresight(
        self, first_path: int, paths: int, book: int, *, threads: int = 0
    ) -> dict[str, NDArray[np.float64]]: ...
    def entries(
        self, first_path: int, paths: int, book: int, *, threads: int = 0
    ) -> dict[str, NDArray[np.float64]]: ...
    def pins(
        self, first_path: int, paths: int, book: int, *, threads: int = 0
    ) -> dict[str, NDArray[np.float64]]: ...
    def gates(self, first_path: int, paths: int, *, threads: int = 0) -> list[dict[str, Any]]: ...
    def governed(self, first_path: int, paths: int, *, threads: int = 0) -> list[dict[str, Any]]: ...
    def begin(self, path: int, book: int, *, tick: int = 0) -> Steps: ...
    def trace(self, path: int, book: int) -> dict[str, Any]: ...
    def readings(
        self,
        path: int,
        book: int,
        layer: int,
        *,
        closes: bool = ...,
        permit: int | None = ...,
        weight: bool = ...,
    ) -> dict[str, Any] | None: ...

@final
class Steps:
    def step(self) -> dict[str, Any] | None: ...

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
    draws: str | None = None,  # JSON; plain by default
) -> tuple[
    NDArray[np.float64], NDArray[np.float64], list[NDArray[np.float64]], NDArray[np.float64] | None
]: ...
def market_bars(  # spot, vix, extreme, minutes, recorded, weight, half_minutes; profile: open, close, decay
    spec: str,
    paths: int,
    sessions: int,
    *,
    bars: int,
    profile: tuple[float, float, float],
    seed: int,
    first_path: int,
    start: int = 0,
    threads: int | None = None,
    draws: str | None = None,
    half_days: Sequence[bool] = ...,
) -> tuple[
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.bool_] | None,
    NDArray[np.uint32],
    NDArray[np.bool_],
    NDArray[np.float64] | None,
    NDArray[np.uint32],
]: ...
def market_profile() -> tuple[float, float, float]: ...
def market_quotes(
    spec: str,
    product: str,
    sessions: NDArray[np.float64],
    days: NDArray[np.float64],
    strike: NDArray[np.float64],
    sign: NDArray[np.float64],
    *,
    smile: tuple[float, float, float] = ...,  # level, skew, curvature of the SPX surface
    factors: tuple[float, float, float] | None = None,  # x0, x1, x2; those of the start unless given
) -> list[NDArray[np.float64]]: ...
def market_smile_states(  # level, skew, curvature: paths x (sessions + 1), column j is session j
    spec: str, first_path: int, paths: int, sessions: int, *, seed: int
) -> list[NDArray[np.float64]]: ...
def market_filter(
    spec: str, erp: float
) -> NDArray[np.float64]: ...  # columns x0-2, z, g0-2, variances of g0-2
def market_openings(  # ln S, x0, x1, x2, special quotation: paths x sessions, column j is session j + 1
    spec: str,
    first_path: int,
    paths: int,
    sessions: int,
    *,
    seed: int,
    start: int = 0,  # row of session 0 in a replay
) -> list[NDArray[np.float64]]: ...
def market_vx_basis(  # one element per (row of a replay, session of expiry); None without recorded VX
    spec: str, row: Sequence[int], expiry: Sequence[int]
) -> NDArray[np.float64] | None: ...
def market_shocked(  # rows of (ln S, x0, x1, x2); moved: "vix" by points, "spot" by a change of ln S
    spec: str, moved: str, by: float, states: Sequence[Sequence[float]]
) -> NDArray[np.float64] | None: ...
def market_strategy_index(
    spec: str, schedule: str, roll: str, first_path: int, paths: int, sessions: int, *, seed: int
) -> NDArray[np.float64]: ...
def market_start(spec: str) -> list[float]: ...  # x0, x1, x2
def draws(
    seed: int, first_path: int, paths: int, step: int, purpose: str, block: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

# Rules and indicators
def check_rule(json: str, scope: str, *, number: bool = False, given: Sequence[str] = ...) -> list[str]: ...
def evaluate_rule(
    json: str, scope: str, columns: Mapping[str, NDArray[np.float64]]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]: ...
def evaluate_number(
    json: str, scope: str, columns: Mapping[str, NDArray[np.float64]]
) -> NDArray[np.float64]: ...
def indicator(
    name: str,
    spot: NDArray[np.float64],
    vix: NDArray[np.float64],
    week_ends: NDArray[np.bool_],
    broad: NDArray[np.float64] | None = ...,
) -> NDArray[np.float64]: ...
def rule_warm_up(json: str, scope: str, *, given: Sequence[str] = ...) -> int: ...
def rule_names() -> list[tuple[str, str, str, str, str, int, str]]: ...

# margin

def margin_risk(book: Any, choices: Any) -> NDArray[np.float64]: ...
def margin_pairing(book: Any, choices: Any) -> list[dict[str, Any]]: ...

# score

def score_columns() -> list[str]: ...

@final
class Condors:
    def __new__(
        cls,
        expiries: Sequence[Any],
        widths: Sequence[float] | None,
        between: tuple[float, float],
        sides_apart: bool,
    ) -> Condors: ...
    def counts(self, equal: bool) -> list[tuple[int, int, int]]: ...
    def best(
        self,
        rank: str,
        descending: bool,
        top: int,
        limits: Sequence[tuple[str, float, float]],
        equal: bool,
        searched: bool,
        threads: int | None,
    ) -> tuple[NDArray[np.float64], NDArray[np.uint32], list[int], list[int]]: ...
    def spreads(self, expiry: int) -> list[NDArray[np.uint32]]: ...
    def columns(
        self, expiry: int, names: Sequence[str], first: int, last: int
    ) -> list[NDArray[np.float64]]: ...
    def figures(self, condors: Sequence[Sequence[int]]) -> list[NDArray[np.float64]]: ...
