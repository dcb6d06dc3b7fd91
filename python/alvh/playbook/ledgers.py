"""The hedge's own ledger: its share of the capital, its budget, and transfers by rule (R59, R60, R61)."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict, ValidationError, field_validator, model_validator

from alvh.errors import SpecError, mistakes
from alvh.playbook.frozen import Frozen, compiled
from alvh.playbook.weight import Weight
from alvh.rules import Condition

Mode = Literal["separate", "commingled", "offset"]
Side = Literal["core", "sleeve"]


class SleeveTable(Frozen):
    """Share of the capital that the sleeve starts with, and the expected cost a year that it may commit.

    ``budget_per_year`` is of NAV and caps the expected cost of what is bought over 365 days, not the premium
    outlay (R61); it counts where a layer has the cap ``sleeve.budget``. It, and the budgets of layers, count
    as many times as ``budget_weight`` says (R67).
    """

    share: float = Field(default=0.10, gt=0, lt=1)
    budget_per_year: float | None = Field(default=None, gt=0, le=1)
    budget_weight: Weight | None = None

    def document(self) -> dict[str, Any]:
        """Return the sleeve as a TOML table."""
        weight = {} if self.budget_weight is None else {"budget_weight": self.budget_weight.document()}
        return self.model_dump(exclude_none=True, exclude={"budget_weight"}) | weight


class Transfer(Frozen):
    """While the rule ``when`` holds, move ``share`` of the free funds of one ledger to the other (R60)."""

    when: Condition
    source: Side = Field(alias="from")
    to: Side
    share: float = Field(gt=0, le=1)

    @field_validator("when", mode="before")
    @classmethod
    def _when(cls, rule: object) -> object:
        return compiled(rule, "book")

    @model_validator(mode="after")
    def _two(self) -> Self:
        if self.source == self.to:
            raise ValueError("from and to: two different ledgers")
        return self

    def document(self) -> dict[str, Any]:
        """Return the transfer as a TOML table."""
        return {"when": str(self.when), "from": self.source, "to": self.to, "share": self.share}


class Ledgers(Frozen):
    """How core and hedge are funded (R62).

    ``separate`` ledgers; ``commingled`` in one; or ``offset``, one in which the hedge counts towards what the
    core requires.
    """

    mode: Mode = "separate"
    sleeve: SleeveTable = SleeveTable()
    transfers: Annotated[tuple[Transfer, ...], Strict(strict=False)] = ()

    @model_validator(mode="after")
    def _two_ledgers(self) -> Self:
        if self.mode != "separate" and self.transfers:
            raise ValueError(f"transfers: {self.mode} is one ledger, there is nothing to move between")
        return self

    def spec(self) -> dict[str, Any]:
        """Return the ledgers as the engine reads them."""
        weight = self.sleeve.budget_weight
        return {
            "mode": self.mode,
            "sleeve_share": self.sleeve.share,
            "budget_per_year": self.sleeve.budget_per_year,
            "transfers": [{**each.document(), "when": each.when.spec()} for each in self.transfers],
            **({} if weight is None else {"budget_weight": weight.spec()}),
        }

    def document(self) -> dict[str, Any]:
        """Return the ledgers as the TOML table ``[ledgers]``."""
        table: dict[str, Any] = {"mode": self.mode, "sleeve": self.sleeve.document()}
        if self.transfers:
            table["transfers"] = [each.document() for each in self.transfers]
        return table


def Sleeve(  # noqa: N802 -- reads as the constructor that it is
    share: float = 0.10,
    per_year: float | None = None,
    *,
    weight: Weight | None = None,
    mode: Mode = "separate",
    transfers: tuple[Transfer, ...] | list[Transfer] = (),
) -> Ledgers:
    """Fund the hedge from a sleeve of its own (R60).

    Parameters
    ----------
    share
        Of the capital at the start.
    per_year
        Expected cost a year that layers with the cap ``"sleeve.budget"`` may commit, of NAV (R61).
    weight
        How many times it counts, see :func:`alvh.playbook.weight` (R67); once unless given.
    mode
        ``"commingled"`` keeps the budget and has one ledger with all the capital (R62). ``"offset"`` is
        the same ledger, in which the hedge counts towards what the core requires: hypothetical.
    transfers
        Between the two ledgers, see :func:`transfer`.

    Examples
    --------
    >>> Sleeve(share=0.10, per_year=0.015).sleeve.budget_per_year
    0.015
    """
    try:
        table = {"share": share, "budget_per_year": per_year, "budget_weight": weight}
        sleeve = SleeveTable.model_validate(table)
        return Ledgers.model_validate({"mode": mode, "sleeve": sleeve, "transfers": transfers})
    except ValidationError as error:
        raise SpecError(f"Sleeve: {mistakes(error)}") from None


def transfer(when: str | Condition, *, source: Side, to: Side, share: float) -> Transfer:
    """Move a share of the free funds of one ledger to the other while a rule holds (R60).

    Examples
    --------
    >>> transfer("nav_share < 0.9", source="sleeve", to="core", share=0.5).to
    'core'
    """
    try:
        return Transfer.model_validate({"when": when, "from": source, "to": to, "share": share})
    except ValidationError as error:
        raise SpecError(f"transfer: {mistakes(error)}") from None
