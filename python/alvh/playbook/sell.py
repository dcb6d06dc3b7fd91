"""What the core sells: an iron condor or one of its spreads, and how its strikes are chosen."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from alvh.contracts import Contract, contract, products
from alvh.playbook.frozen import Frozen, Listed

CAPM_ERP = 0.05
"""Equity risk premium a year in the drift of the expected move (R3)."""

SESSION_MINUTES = 390
"""Minutes from the opening of a session, 9:30 in New York, to its close."""

_OPENING = 9 * 60 + 30
_CLOCK = r"^\d\d:\d\d$"

Structure = Literal["iron_condor", "put_spread", "call_spread"]


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
    """How strikes are chosen at the fill: by delta (R2, C19) or outside the expected move (R3).

    ``short`` is the absolute forward delta of the short strikes, or for ``expected_move`` the multiple of the
    expected move outside which they lie. ``width`` is the distance of the wings as a fraction of the spot,
    ``width_points`` in product points: exactly one of them. ``drift`` and ``erp`` place the expected move.
    """

    by: Literal["delta", "expected_move"] = "delta"
    short: float = Field(default=0.16, gt=0)
    width: float | None = Field(default=None, gt=0, lt=1)
    width_points: float | None = Field(default=None, gt=0)
    drift: Literal["capm", "forward"] = "capm"
    erp: float = CAPM_ERP

    @model_validator(mode="after")
    def _one_width(self) -> Self:
        if (self.width is None) == (self.width_points is None):
            raise ValueError(
                "give exactly one of width (fraction of the spot) and width_points (product points)"
            )
        return self

    @model_validator(mode="after")
    def _by_delta(self) -> Self:
        if self.by == "delta" and not self.short < 1:
            raise ValueError(f"short = {self.short}: an absolute delta lies between 0 and 1")
        if self.by == "delta" and (self.drift, self.erp) != ("capm", CAPM_ERP):
            raise ValueError("drift and erp place the expected move: by delta they are unused")
        return self

    def _short(self) -> dict[str, Any]:
        if self.by == "delta":
            return {"by": "delta", "value": self.short}
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
            wing = {"by": "offset", "from": len(legs), "width": self._width()}
            legs.append({"right": right, "ratio": -1, "strike": self._short()})
            legs.append({"right": right, "ratio": 1, "strike": wing})
        return legs

    def document(self) -> dict[str, Any]:
        """Return the strikes as a TOML table, without what they do not use."""
        unused = {"drift", "erp"} if self.by == "delta" else None
        return self.model_dump(exclude_none=True, exclude=unused)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes) - _OPENING


def _is_index_option(row: Contract) -> bool:
    return (row.underlying, row.kind) == ("SPX", "option")
