"""What a margin call leads to, and how liquid a ledger must stay (R12, R17, R63, R64)."""

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict, field_validator, model_validator

from alvh.playbook.frozen import Frozen

CallPolicy = Literal["liquidate", "reduce", "add_cash", "hold"]
CallOrder = Literal["nearest_expiry", "largest_relief"]

Rungs = Annotated[tuple[Annotated[tuple[float, float], Strict(strict=False)], ...], Strict(strict=False)]

STRESSED_SPREADS = ((0.0, 1.0), (30.0, 1.8), (37.0, 5.0))
"""Half-spreads of forced closings in a crash, on top of the power of VIX that every half-spread has.

MODELS (crash of February 2018): three times the quiet spread at a VIX of 30, six to sixteen times on the day
(VIX 37). The power gives 1.66 and 2.16 of it; 1.8 and 5, the middle of the range, are what is left.
"""


class MarginCalls(Frozen):
    """What a margin call of an arm leads to.

    Parameters
    ----------
    deadline
        Sessions from the one on which a call opens to the fill that meets it; 0 meets it at once, within the
        session (a house rule). The call goes away where the market cures it first.
    policy
        ``"liquidate"`` closes tranches whole until the call is met, ``"reduce"`` only as many lots as it
        takes, all legs together. ``"add_cash"`` brings in cash from outside and liquidates what that does not
        reach. ``"hold"`` does nothing: the counterfactual of R17.
    order
        Which tranche goes first: the ``"nearest_expiry"``, or that with the ``"largest_relief"``, which
        frees most when it is closed whole. Ties: the earlier layer, then the lower slot.
    outside
        Cash from outside that all calls of a path may draw on, of the capital; with ``"add_cash"`` alone.
    half_spreads
        Pairs of a VIX and what multiplies the half-spreads of forced closings from there on, ascending from
        a VIX of 0; none: 1. See `STRESSED_SPREADS`.
    contagion
        Sessions within which a forced closing or a call counts as brought on by the other side's (R63).
    ruin_on_debt
        Whether a ledger that is empty and still short when its call is due ruins the book.

    Examples
    --------
    >>> MarginCalls(deadline=3, policy="add_cash", outside=0.25).outside
    0.25
    >>> MarginCalls(policy="reduce", outside=0.25)
    Traceback (most recent call last):
    alvh.SpecError: MarginCalls: outside = 0.25: cash from outside goes with policy = 'add_cash', no other
    """

    deadline: int = Field(default=1, ge=0, le=252)
    policy: CallPolicy = "liquidate"
    order: CallOrder = "nearest_expiry"
    outside: float = Field(default=0.0, ge=0, le=1_000)
    half_spreads: Rungs = ()
    contagion: int = Field(default=10, ge=0, le=252)
    ruin_on_debt: bool = False

    @field_validator("half_spreads")
    @classmethod
    def _ascending(cls, rungs: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        starts = [vix for vix, _ in rungs]
        if rungs and (starts[0] != 0.0 or any(a >= b for a, b in pairwise(starts))):
            raise ValueError("pairs (VIX, factor) that ascend from a VIX of 0, such as ((0, 1), (30, 1.8))")
        if any(not 0.0 <= factor <= 100.0 for _, factor in rungs):
            raise ValueError("factors between 0 and 100")
        return rungs

    @model_validator(mode="after")
    def _cash_where_it_is_added(self) -> Self:
        if self.policy == "add_cash" and not self.outside:
            raise ValueError("outside = 0: policy = 'add_cash' needs a share of the capital above 0")
        if self.policy != "add_cash" and self.outside:
            raise ValueError(
                f"outside = {self.outside:g}: cash from outside goes with policy = 'add_cash', no other"
            )
        return self

    def spec(self) -> dict[str, Any]:
        """Return the policy as the engine reads it."""
        return self.model_dump(mode="json")

    def document(self) -> dict[str, Any]:
        """Return the policy as the TOML table ``[calls]``."""
        return self.model_dump(mode="json", exclude_defaults=True)


class Liquidity(Frozen):
    """How liquid a ledger must be after an opening (R64).

    ratio = (cash + (1 - haircut) · longs) / (requirement + one-day stress), by ledger, in dollars. Idle cash
    earns the bill rate, so that cash is cash and bills; longs are bought options at their worth. The stress
    is what each sold package loses when ln S moves by ``ln_move`` and the volatility factors follow by their
    mean, and what each future loses by the ``stress`` of its contract row; nothing is offset.

    Parameters
    ----------
    haircut
        Share of the worth of longs that does not count. Ours: half of it may be gone to spreads in a crash.
    ln_move
        Move of ln S, the same for all arms of a comparison. Ours: -5%, the size of the worst days of an
        ordinary decade.
    warn, block
        An opening after which the ratio would be below `block` is not made; one below `warn` is counted.

    Examples
    --------
    >>> Liquidity().block
    1.0
    """

    haircut: float = Field(default=0.5, ge=0, le=1)
    ln_move: float = Field(default=-0.05, ge=-1, le=1)
    warn: float = Field(default=1.25, ge=0, le=1_000)
    block: float = Field(default=1.0, ge=0, le=1_000)

    @model_validator(mode="after")
    def _warned_first(self) -> Self:
        if self.warn < self.block:
            raise ValueError(f"warn = {self.warn:g}: not below block = {self.block:g}")
        return self

    def spec(self) -> dict[str, Any]:
        """Return the rule as the engine reads it."""
        return self.model_dump(mode="json")

    def document(self) -> dict[str, Any]:
        """Return the rule as the TOML table ``[liquidity]``."""
        return self.model_dump(mode="json", exclude_defaults=True)
