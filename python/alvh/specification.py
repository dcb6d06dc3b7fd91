"""What the engine reads: arms at every share of the ladder, market, calendar, contracts and costs in one document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from alvh.contracts import contract
from alvh.errors import SpecError
from alvh.history import History
from alvh.market import GBM, L3F
from alvh.playbook import Arm
from alvh.runner import Task
from alvh.schedule import Schedule

SHARES = (0.10, 0.20, 0.35, 0.50, 0.70)
"""The size ladder: margin shares of NAV (R4, R91)."""

PATHS = 20_000
"""Paths of a simulated comparison."""

SCHEMA = 1
"""Version of the specification that the engine reads."""

Market = L3F | GBM | History


class Costs(BaseModel):
    """Spreads and fees (MODELS, fills): half-spread = max(tick/2, scale · mid^power) · (max(VIX, knee)/knee)^vix_power.

    ``order_share`` is the share of the summed half-spreads that a package order pays, ``liquidation_share`` that of
    forced closings; ``commission`` is in dollars per contract and trade, on top of the exchange's fee.

    Examples
    --------
    >>> Costs().order_share
    0.35
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    order_share: float = Field(default=0.35, ge=0, le=2)
    liquidation_share: float = Field(default=1.0, ge=0, le=10)
    half_spread_scale: float = Field(default=0.071, ge=0)
    half_spread_power: float = Field(default=0.43, ge=0)
    vix_knee: float = Field(default=20.0, gt=0)
    vix_power: float = Field(default=1.25, ge=0)
    commission: float = Field(default=0.50, ge=0)


def specification(
    arms: Sequence[Arm],
    market: Market,
    *,
    sessions: int,
    capital: float,
    seed: int,
    shares: Sequence[float],
    every: int = 1,
    margin: Literal["strategy"] = "strategy",
    costs: Costs | None = None,
    ruin_share: float = 0.20,
) -> dict[str, Any]:
    """Build what the engine reads: arms at every share of the ladder, market, calendar, contracts, costs.

    `every` is the distance of rolling starts in sessions; it is used with a `History` only.
    """
    names = [arm.name for arm in arms]
    if not names or len(set(names)) < len(names):
        raise SpecError(f"arms: at least one, and names must differ: got {names}")
    if not shares or any(not share > 0 for share in shares):
        raise SpecError(f"shares = {list(shares)}: margin shares of NAV above 0, such as 0.10")
    products = sorted({layer.sell.product for arm in arms for layer in arm.layers})
    listings: dict[str, Any] = dict.fromkeys(products, "weekly")
    if isinstance(market, History):
        warm_up = max(layer.warm_up for arm in arms for layer in arm.layers)
        starts = list(market.starts(sessions, every=every, warm_up=warm_up))
        schedule = Schedule.from_history(market.data.dates, listings=listings, events=market.schedule.events)
    else:
        starts = []
        schedule = Schedule.synthetic(sessions, listings=listings)
    return {
        "schema": SCHEMA,
        "capital": float(capital),
        "sessions": sessions,
        "seed": seed,
        "market": market.spec(),
        "schedule": schedule.spec(),
        "starts": starts,
        "costs": (costs or Costs()).model_dump(),
        "contracts": {product: contract(product).spec() for product in products},
        "ruin_share": ruin_share,
        "margin": margin,
        "books": [
            {"arm": arm.name, "share": share, "layers": arm.at_share(share)} for share in shares for arm in arms
        ],
    }


def task_of(
    arms: Iterable[Arm], market: Market, *, paths: int | None = None, **options: Any
) -> Task:
    """Build the task of a comparison without running it; options as in `compare`."""
    arms = tuple(arms)
    spec = specification(arms, market, **options)
    starts = spec["starts"]
    if isinstance(market, History):
        count = len(starts) if paths is None else paths
        if not 0 < count <= len(starts):
            raise SpecError(f"paths = {count}: this history has {len(starts)} rolling starts")
        spec["starts"] = starts[:count]
    else:
        count = PATHS if paths is None else paths
        if count < 1:
            raise SpecError(f"paths = {count}: at least 1")
    facts = {
        "market": market.spec()["model"],
        "history": market.data.data_hash if isinstance(market, History) else None,
        "limits": list(market.limits) if isinstance(market, History) else [],
        "source": str(market.data.source) if isinstance(market, History) else None,
        "arms": {arm.name: {"about": arm.about, "digest": arm.digest, "toml": arm.to_toml()} for arm in arms},
        "close_only": sorted(arm.name for arm in arms if any(layer.exit is not None for layer in arm.layers)),
    }
    return Task(spec, count, facts)


def count_paths(market: Market, paths: int | None, sessions: int, every: int) -> int:
    """Return how many paths a comparison has: those asked for, `PATHS`, or all rolling starts."""
    if paths is not None:
        return paths
    return len(market.starts(sessions, every=every)) if isinstance(market, History) else PATHS
