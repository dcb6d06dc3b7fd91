"""What the core sells: an iron condor or one of its spreads, and how its strikes are chosen."""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict, field_validator, model_validator

from alvh.contracts import Contract, contract, products
from alvh.playbook.frozen import Frozen, Listed

SHORT_DELTA = 0.16
"""Absolute forward delta of the shorts unless given."""

CAPM_ERP = 0.05
"""Equity risk premium a year in the drift of the expected move (R3)."""

SESSION_MINUTES = 390
"""Minutes from the opening of a session, 9:30 in New York, to its close."""

_OPENING = 9 * 60 + 30
_CLOCK = r"^\d\d:\d\d$"

Structure = Literal["iron_condor", "put_spread", "call_spread"]
Range = Annotated[tuple[float, float], Strict(strict=False)]


class Sell(Listed):
    """What is sold, and when: structure, product, expiry window in calendar days, cadence.

    ``every`` is when the layer decides whether to open: each session (``day``), on the first session of each
    ISO week (``week``) or month (``month``), or whenever it holds nothing (``flat``). ``at`` is the time in
    New York at which it is opened, such as ``"15:45"`` (R2); without it, the close.

    Examples
    --------
    >>> Sell(days=(1, 5), every="day", at="15:45").minute
    375
    """

    structure: Structure = "iron_condor"
    product: str = "SPXW"
    at: Annotated[str, Field(pattern=_CLOCK)] | None = None

    @field_validator("product")
    @classmethod
    def _listed(cls, product: str) -> str:
        if not _is_index_option(contract(product)):
            sold = ", ".join(name for name in products() if _is_index_option(contract(name)))
            raise ValueError(f"condors and spreads are sold on the index: {sold} (C13)")
        return product

    @field_validator("at")
    @classmethod
    def _inside(cls, at: str | None) -> str | None:
        if at is not None and not 0 < _minutes(at) < SESSION_MINUTES:
            raise ValueError("a time in New York after the opening and before the close: 09:31 to 15:59")
        return at

    @property
    def minute(self) -> int | None:
        """Minutes from the opening of the session to the time of entry; None: the close."""
        return None if self.at is None else _minutes(self.at)

    @property
    def traded(self) -> str:
        """The product that is traded."""
        return self.product


class Strikes(Frozen):
    """How strikes are chosen at the fill: by delta, by credit (R2, C1) or outside the expected move (R3).

    ``short`` is the absolute forward delta of the short strikes, or for ``expected_move`` the multiple of the
    expected move outside which they lie. ``credit``, only ``by = "credit"``, is what the package brings at
    mid, in product points: the shorts then lie at the delta, the same on both sides, at which listed strikes
    come nearest to it; of a range ``[low, high]`` nearest to its middle, and nothing is sold outside of it.
    ``width`` is the distance of the wings as a fraction of the spot, ``width_points`` in product points,
    ``wing_delta`` their absolute forward delta: exactly one of them. ``drift`` and ``erp`` place the expected
    move.

    Examples
    --------
    >>> Strikes(by="credit", credit=(0.40, 0.60), width_points=5).legs("put_spread")[0]["strike"]
    {'by': 'credit', 'value': 0.5, 'within': [0.4, 0.6]}
    >>> Strikes(short=0.20, wing_delta=0.05).legs("call_spread")[1]["strike"]
    {'by': 'delta', 'value': 0.05}
    """

    by: Literal["delta", "credit", "expected_move"] = "delta"
    short: float = Field(default=SHORT_DELTA, gt=0)
    credit: float | Range | None = None
    width: float | None = Field(default=None, gt=0, lt=1)
    width_points: float | None = Field(default=None, gt=0)
    wing_delta: float | None = Field(default=None, gt=0, lt=1)
    drift: Literal["capm", "forward"] = "capm"
    erp: float = CAPM_ERP

    @model_validator(mode="after")
    def _one_width(self) -> Self:
        if [self.width, self.width_points, self.wing_delta].count(None) != 2:
            raise ValueError(
                "give exactly one of width (fraction of the spot), width_points (product points) and "
                "wing_delta"
            )
        if self.wing_delta is not None and self.by == "delta" and not self.wing_delta < self.short:
            raise ValueError(
                f"wing_delta = {self.wing_delta}: below {self.short}, the delta of the shorts (R1)"
            )
        return self

    @field_validator("credit")
    @classmethod
    def _ascending(cls, credit: float | tuple[float, float] | None) -> float | tuple[float, float] | None:
        low, high = credit if isinstance(credit, tuple) else (credit, credit)
        if low is not None and high is not None and not 0 < low <= high:
            raise ValueError("product points above 0, or [low, high] with low <= high")
        return credit

    @model_validator(mode="after")
    def _by_credit(self) -> Self:
        if (self.by == "credit") != (self.credit is not None):
            raise ValueError('credit: the strikes by = "credit" need one, others have none (C1)')
        if self.by == "credit" and self.short != SHORT_DELTA:
            raise ValueError(f"short = {self.short}: by credit the delta of the shorts follows from it (C1)")
        return self

    @model_validator(mode="after")
    def _by_delta(self) -> Self:
        if self.by == "delta" and not self.short < 1:
            raise ValueError(f"short = {self.short}: an absolute delta lies between 0 and 1")
        if self.by != "expected_move" and (self.drift, self.erp) != ("capm", CAPM_ERP):
            raise ValueError(f"drift and erp place the expected move: by {self.by} they are unused")
        return self

    def _short(self) -> dict[str, Any]:
        if self.by == "delta":
            return {"by": "delta", "value": self.short}
        if isinstance(self.credit, tuple):
            return {"by": "credit", "value": math.fsum(self.credit) / 2, "within": list(self.credit)}
        if self.credit is not None:
            return {"by": "credit", "value": self.credit}
        return {"by": "expected_move", "multiple": self.short, "drift": self.drift, "erp": self.erp}

    def _width(self) -> dict[str, float]:
        if self.width is not None:
            return {"fraction": self.width}
        return {"points": float(self.width_points or 0)}

    def legs(self, structure: Structure) -> list[dict[str, Any]]:
        """Return the legs of one sold unit: per side a short and the wing that bounds its loss (R1)."""
        sides = {"iron_condor": "PC", "put_spread": "P", "call_spread": "C"}[structure]
        legs: list[dict[str, Any]] = []
        for right in sides:
            wing: dict[str, Any] = {"by": "delta", "value": self.wing_delta}
            if self.wing_delta is None:
                wing = {"by": "offset", "from": len(legs), "width": self._width()}
            legs.append({"right": right, "ratio": -1, "strike": self._short()})
            legs.append({"right": right, "ratio": 1, "strike": wing})
        return legs

    def document(self) -> dict[str, Any]:
        """Return the strikes as a TOML table, without what they do not use."""
        unused = {"delta": {"drift", "erp"}, "credit": {"short", "drift", "erp"}}.get(self.by)
        return self.model_dump(exclude_none=True, exclude=unused)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes) - _OPENING


def _is_index_option(row: Contract) -> bool:
    return (row.underlying, row.kind) == ("SPX", "option")
