"""Specifications for tests of the engine: the public constructors, with every knob a keyword."""

from collections.abc import Sequence
from typing import Any

import alvh as av
from alvh.specification import Market, specification
from alvh.playbook import Arm


def spec(
    arms: Sequence[Arm],
    market: Market,
    *,
    sessions: int = 126,
    shares: Sequence[float] = (0.10,),
    seed: int = 11,
    **more: Any,
) -> dict[str, Any]:
    return specification(
        arms, market, sessions=sessions, capital=1_000_000, seed=seed, shares=shares, **more
    )


def arms(every: str = "week", days: int = 45, **core: Any) -> list[Arm]:
    """The arms of R9, R10, R13 and R19 on one core."""
    plain = av.Arm("plain", av.IronCondor(days=days, every=every, **core))  # type: ignore[arg-type]
    return [
        plain,
        plain.doubling(mode="replace", name="replace"),
        plain.doubling(mode="add", max_doublings=5, name="add"),
        plain.doubling(mode="recoup", name="recoup", max_margin_share=0.9),
        plain.stop(loss_multiple=1),
        plain.stop(loss_multiple=2),
        plain.fewer_lots(),
    ]
