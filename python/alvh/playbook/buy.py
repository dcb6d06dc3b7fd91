"""What a hedge buys: calls, their spreads and diagonals, puts and put spreads, VIX futures, shares of funds.

Buying, and selling what is covered by it (C13). Options on the index and on VIX are European (C23), those on
shares of funds American: all are sold or rolled, and none is exercised early by a layer.
"""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict, ValidationError, field_validator, model_validator

from alvh.contracts import contract
from alvh.errors import SpecError, mistakes
from alvh.playbook.diagonal import LEAST_KEPT, Short
from alvh.playbook.frozen import Event, Every, Listed, Tenor, Window, compiled, spec_of
from alvh.rules import Condition

Kind = Literal["call", "put", "call_spread", "put_spread", "future", "share"]

Shares = Literal["VXX shares", "UVXY shares"]
"""Products that are shares of funds of VIX futures."""

OnShares = Literal["VXX", "UVXY"]
"""Products that are options on these shares."""

Range = Annotated[tuple[float, float], Strict(strict=False)]
Products = Annotated[tuple[str, ...], Strict(strict=False)]

SPREADS = ("call_spread", "put_spread")
OUTRIGHT = ("future", "share")


LEAST_LARGER = 2
"""Lots of a larger contract from which on it is traded rather than a smaller one (R42)."""


class Shift(Tenor):
    """A longer tenor that is bought instead while a rule holds and time takes less from it (R32).

    While ``when`` is true at the decision, what a calendar day takes from a unit over what a VIX point gives
    it is compared at the fill: the longer ``days`` are bought where that is less.
    """

    when: Condition
    days: int | Window

    @field_validator("when", mode="before")
    @classmethod
    def _when(cls, rule: object) -> object:
        return compiled(rule, "book")


class Buy(Listed):
    """What is bought, and when.

    ``delta`` is the absolute forward delta of the bought option, a number or the range [low, high], whose
    middle is asked for (R31); ``spread_delta`` that of the option which a spread sells against it. A future
    and a share have neither. A share has no expiry: ``days`` is how long it is meant to be held, which its
    expected cost is made of. Of several products the largest contract of which two lots or more result is
    traded at each opening, else the smallest (R42). ``shift`` is a longer tenor for when its options lose
    less (R32). With ``after``, such as ``"fomc"``, the expiry is the first listed one that settles after the
    next such announcement, if it lies in the window (R23). ``short`` is a nearer VIX call that is sold
    against the bought one: a call diagonal.

    A put spread on the index is bought only where it has positive vega and negative delta at its entry; a
    long 0.80 and short 0.60 delta one has neither purpose nor vega (R41, R44, C18).
    """

    kind: Kind
    product: str | Products
    delta: float | Range | None = None
    spread_delta: float | None = Field(default=None, gt=0, lt=1)
    after: Event | None = None
    shift: Shift | None = None
    short: Short | None = None

    @field_validator("product")
    @classmethod
    def _listed(cls, product: str | tuple[str, ...]) -> str | tuple[str, ...]:
        names = (product,) if isinstance(product, str) else product
        if not names:
            raise ValueError("at least one product")
        rows = [contract(name) for name in names]
        if len({(row.underlying, row.kind, row.on) for row in rows}) > 1:
            raise ValueError("products that differ in size only, such as ['SPX', 'XSP'] or ['VX', 'VXM']")
        return product

    @field_validator("delta")
    @classmethod
    def _ascending(cls, delta: float | tuple[float, float] | None) -> float | tuple[float, float] | None:
        if delta is not None:
            low, high = delta if isinstance(delta, tuple) else (delta, delta)
            if not 0 < low <= high < 1:
                raise ValueError("an absolute delta above 0 and below 1, or [low, high] with low <= high")
        return delta

    @model_validator(mode="after")
    def _leg(self) -> Self:
        kind = contract(self.traded).kind
        if (self.kind if self.outright else "option") != kind:
            named = "an option" if kind == "option" else f"a {kind}"
            raise ValueError(f"kind = {self.kind!r}: {self.traded} is {named}")
        if self.outright != (self.delta is None):
            raise ValueError("delta: an option needs one, nothing else has one")
        if self.kind == "share" and (self.every != "flat" or self.after is not None):
            raise ValueError("every, after: a share has no expiry: every = 'flat', and no after")
        if (self.kind in SPREADS) != (self.spread_delta is not None):
            raise ValueError(
                "spread_delta: the delta of the option that a spread sells; nothing else has one"
            )
        if self.kind == "put_spread" and contract(self.traded).underlying != "SPX":
            raise ValueError("kind = 'put_spread': puts on the index (R41)")
        if self.spread_delta is not None and not self.spread_delta < self._target:
            raise ValueError("spread_delta: below delta, or more would be sold than bought (C13)")
        return self

    @model_validator(mode="after")
    def _longer(self) -> Self:
        if self.shift is None:
            return self
        if self.outright:
            raise ValueError(f"shift: a {self.kind} has no time value that a day takes")
        if len(self.products) > 1 or self.after is not None:
            raise ValueError("shift: of one product, and without after: one choice at an opening")
        if self.shift.window["target"] <= self.window["target"]:
            raise ValueError(
                f"shift.days: around {self.shift.window['target']} days: longer than {self.window['target']}"
            )
        return self

    @model_validator(mode="after")
    def _nearer(self) -> Self:
        if self.short is None:
            return self
        if self.kind != "call" or self.products != ("VIX",) or self.shift is not None:
            raise ValueError("short: against one VIX call: kind = 'call', product = 'VIX', no shift")
        nearer, target = self.short.window["target"], self.window["target"]
        if nearer >= target:
            raise ValueError(f"short.days: around {nearer} days: nearer than {target}, those that are bought")
        if self.short.delta is not None and self.short.delta >= self._target:
            raise ValueError(
                f"short.delta = {self.short.delta}: below {self._target}: a higher strike than the bought one"
            )
        return self

    @property
    def products(self) -> tuple[str, ...]:
        """What may be traded, the smallest contract first, then the others from the largest down."""
        names = (self.product,) if isinstance(self.product, str) else self.product
        smallest, *larger = sorted(set(names), key=lambda name: contract(name).dollars_per_point)
        return smallest, *reversed(larger)

    @property
    def outright(self) -> bool:
        """Whether one contract is bought, without legs."""
        return self.kind in OUTRIGHT

    @property
    def traded(self) -> str:
        """The product that is traded where nothing larger is: the one with the smallest contract."""
        return self.products[0]

    def others(self) -> list[dict[str, Any]]:
        """Return what may be bought in place of smallest contract and `days`, as the engine reads it."""
        larger = {"days": self.window, "prefer": {"by": "lots", "least": float(LEAST_LARGER)}}
        found: list[dict[str, Any]] = [{"product": name, **larger} for name in self.products[1:]]
        if self.shift is not None:
            prefer = {"by": "theta_per_vega", "when": spec_of(self.shift.when)}
            found.append({"product": self.traded, "days": self.shift.window, "prefer": prefer})
        return found

    def document(self) -> dict[str, Any]:
        """Return what is bought as a TOML table."""
        table = self.model_dump(exclude_none=True, exclude={"shift", "short"})
        if self.short is not None:
            table["short"] = self.short.document()
        if self.shift is None:
            return table
        return table | {"shift": {"when": str(self.shift.when), "days": self.shift.days}}

    @property
    def _target(self) -> float:
        """The delta asked for: the middle of a range; a future has none."""
        return math.fsum(self.delta) / 2 if isinstance(self.delta, tuple) else (self.delta or 0.0)

    def legs(self) -> list[dict[str, Any]]:
        """Return the legs of one bought unit; futures and shares have none: one contract is bought."""
        if self.outright:
            return []
        right = "P" if self.kind in {"put", "put_spread"} else "C"
        legs = [{"right": right, "ratio": 1, "strike": {"by": "delta", "value": self._target}}]
        if self.spread_delta is not None:
            sold = {"by": "delta", "value": self.spread_delta}
            legs.append({"right": right, "ratio": -1, "strike": sold})
        return legs


def vix_call(
    *,
    days: int | tuple[int, int] = (28, 63),
    delta: float | tuple[float, float] = 0.30,
    spread_delta: float | None = None,
    every: Every = "week",
    after: Event | None = None,
    short: Short | None = None,
) -> Buy:
    """Buy VIX calls, or call spreads where ``spread_delta`` says which call is sold against them (R22, R23).

    With ``short`` a call of a nearer expiry is sold against each: a call diagonal.

    The window is wide enough for some monthly expiry to lie in it on every day: they are up to 35 days apart.
    ``after="fomc"`` takes the first expiry that settles after the next announcement.

    Examples
    --------
    >>> vix_call(days=(20, 45), delta=(0.25, 0.35)).legs()
    [{'right': 'C', 'ratio': 1, 'strike': {'by': 'delta', 'value': 0.3}}]
    """
    kind = "call" if spread_delta is None else "call_spread"
    strikes = {"delta": delta, "spread_delta": spread_delta}
    return _buy(
        "vix_call", kind=kind, product="VIX", days=days, every=every, after=after, short=short, **strikes
    )


def short_call(
    *,
    days: int | tuple[int, int] = 30,
    delta: float | None = None,
    width_points: float | None = None,
    share: float | str = 1.0,
    again: bool = True,
    least_kept: float = LEAST_KEPT,
    when: object = None,
) -> Short:
    """Sell a nearer VIX call at a higher strike against a bought one: the short leg of a diagonal.

    Parameters
    ----------
    days : int or tuple of int
        Calendar days to its expiry: [low, high], or a target ±7; nearer than the bought one's.
    delta, width_points : float, optional
        Its absolute forward delta, or its distance above the bought strike in product points: one of the two.
        It never lies at or below the bought strike: the next listed one above is taken there.
    share : float or str
        Lots sold for a lot held, above 0 up to 1.
    again : bool
        Whether another one is sold when it has settled, while the bought call is held and has more days left.
    least_kept : float
        Where the hedge is measured in dollars per VIX point (``core.vega``): part of those of the bought call
        that what is sold leaves at least, from 0 to below 1; while less is left, nothing is bought.
    when : str or Condition, optional
        Rule on market and book that must be true at the decision to sell.

    Raises
    ------
    SpecError
        A value is not allowed, or not exactly one of `delta` and `width_points` is given.

    Examples
    --------
    >>> diagonal = vix_call(days=(60, 100), delta=0.40, short=short_call(days=30, delta=0.20))
    >>> diagonal.short.window["target"]
    30
    """
    sold = {"days": days, "delta": delta, "width_points": width_points, "share": share, "again": again}
    try:
        return Short.model_validate({**sold, "least_kept": least_kept, "when": when})
    except ValidationError as error:
        raise SpecError(f"short_call: {mistakes(error)}") from None


def vx_future(
    *, days: int | tuple[int, int] = (75, 105), every: Every = "flat", product: Literal["VX", "VXM"] = "VXM"
) -> Buy:
    """Buy VIX futures, by default the mini of a tenth the size (R24).

    Examples
    --------
    >>> vx_future().legs(), vx_future().window["target"]
    ([], 90)
    """
    return _buy("vx_future", kind="future", product=product, days=days, every=every)


def etp_shares(*, product: Shares = "VXX shares", days: int = 30) -> Buy:
    """Buy shares of a fund of VIX futures, in lots of 100, and hold them until a rule sells them.

    ``days`` is how long they are meant to be held: their expected cost (R61) is the roll of so many days.

    Examples
    --------
    >>> etp_shares().legs(), etp_shares(product="UVXY shares").traded
    ([], 'UVXY shares')
    """
    return _buy("etp_shares", kind="share", product=product, days=days, every="flat")


def etp_call(
    *,
    product: OnShares = "VXX",
    days: int | tuple[int, int] = (20, 45),
    delta: float | tuple[float, float] = 0.30,
    spread_delta: float | None = None,
    every: Every = "week",
) -> Buy:
    """Buy calls on shares of a fund of VIX futures, or call spreads where ``spread_delta`` is given.

    They are American, on the share's own price; expiries are listed every Friday.

    Examples
    --------
    >>> etp_call(product="UVXY", days=30).legs()
    [{'right': 'C', 'ratio': 1, 'strike': {'by': 'delta', 'value': 0.3}}]
    """
    kind = "call" if spread_delta is None else "call_spread"
    strikes = {"delta": delta, "spread_delta": spread_delta}
    return _buy("etp_call", kind=kind, product=product, days=days, every=every, **strikes)


def put(
    *,
    days: int | tuple[int, int] = (60, 120),
    delta: float | tuple[float, float] = (0.65, 0.85),
    every: Every = "flat",
    product: str | tuple[str, ...] = ("SPX", "XSP"),
    spread_delta: float | None = None,
) -> Buy:
    """Buy index puts outright, by default in the money as the Second Engine does (R41, C18).

    With ``spread_delta`` a put of that delta is sold against them: such a spread is bought only where it has
    positive vega and negative delta (R44).

    Examples
    --------
    >>> put().traded, put().legs()[0]["strike"]
    ('XSP', {'by': 'delta', 'value': 0.75})
    """
    kind = "put" if spread_delta is None else "put_spread"
    strikes = {"delta": delta, "spread_delta": spread_delta}
    return _buy("put", kind=kind, product=product, days=days, every=every, **strikes)


def _buy(name: str, **fields: Any) -> Buy:
    try:
        return Buy.model_validate(fields)
    except ValidationError as error:
        raise SpecError(f"{name}: {mistakes(error)}") from None
