"""How many lots: a target, what caps it, and when it is reduced."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict, ValidationError, field_validator, model_validator

from alvh.errors import SpecError, mistakes
from alvh.playbook import caps
from alvh.playbook.frozen import Frozen, compiled
from alvh.playbook.weight import Weight, weight
from alvh.rules import Condition, Number

Offset = Literal[
    "core.vega",
    "core.threatened_delta",
    "core.notional",
    "core.index_notional",
    "premium_share",
    "core.max_loss",
]
Target = Literal[
    "margin_share",
    "lots",
    "core.vega",
    "core.threatened_delta",
    "core.notional",
    "core.index_notional",
    "premium_share",
    "core.max_loss",
]

ENGINE_TARGETS = {
    "core.vega": "core_vega",
    "core.threatened_delta": "threatened_delta",
    "core.notional": "core_notional",
    "core.index_notional": "core_index_notional",
    "core.max_loss": "core_max_loss",
}
"""Targets that the engine writes otherwise."""

CORE_TARGETS = ("margin_share", "lots")
HEDGE_TARGETS = (
    "core.vega",
    "core.threatened_delta",
    "core.notional",
    "core.index_notional",
    "premium_share",
    "core.max_loss",
    "lots",
)

MOST_SHARE = 10.0
"""Every target but lots is a share: 50 for half is a slip, and would be fifty times."""

REVIEWED_TARGETS = ("core.vega", "core.notional", "core.index_notional", "core.max_loss", "lots")
"""Targets that what is held can be measured against at any close."""


class Reduced(Frozen):
    """While the rule ``when`` holds at the decision, the target counts ``to`` times (C3: above VIX 35)."""

    when: Condition
    to: float = Field(default=0.5, ge=0, lt=1)

    @field_validator("when", mode="before")
    @classmethod
    def _when(cls, rule: object) -> object:
        return compiled(rule, "book")


class Size(Frozen):
    """Lots of a tranche.

    What is sold has the targets ``margin_share``: the requirements of the layer sum to at most ``value`` of
    NAV, spread evenly over its tranches (R4); and ``lots``: that many.

    What is bought offsets the share ``value`` of the core's dollars per VIX point (``core.vega``, R22) or of
    the entry delta of its threatened spreads (``core.threatened_delta``, R24; C4: with ``gross_short_leg`` of
    the short legs alone); holds that share of its lots by index notional (``core.index_notional``) or, in
    premium, of its maximum loss (``core.notional``, R42), in value of futures of the same
    (``core.max_loss``, R29); pays that share of NAV at each opening (``premium_share``); or has so many
    ``lots``.

    ``multiplier`` scales the target. ``base = "start"`` keeps the lots of the first opening (R10).
    ``buffer`` is the share of NAV that what is sold leaves free in its ledger (R19). ``caps``
    are texts, see `alvh.playbook.caps`: the smallest limit counts, and which one it was is recorded. Of
    ``reductions`` that hold the smallest factor counts (R40). With a ``band`` nothing is bought while the
    layer lacks less than that share of its wanted lots (R82); with ``review`` what it holds beyond it is
    sold down to them, at every close (R40). ``basis = "wing_notional"`` makes
    ``margin_share`` count Σ width × multiplier × lots instead of what the margin rule requires (R4, C21).

    The target counts as many times as its ``weight`` says at the decision (R33), sold or bought. ``reinvest``
    is the part of the gains that a ``margin_share`` is also of: losses count whole (R70).
    """

    target: Target = "margin_share"
    value: float = Field(default=0.10, ge=0)
    multiplier: float = Field(default=1.0, ge=0)
    base: Literal["entry", "start"] = "entry"
    buffer: float = Field(default=0.0, ge=0, lt=1)
    caps: Annotated[tuple[str, ...], Strict(strict=False)] = ()
    reduced: Reduced | None = None
    gross_short_leg: bool = False
    reductions: Annotated[tuple[Reduced, ...], Strict(strict=False)] = ()
    band: float = Field(default=0.0, ge=0, le=0.99)
    basis: Literal["requirement", "wing_notional"] = "requirement"
    review: bool = False
    weight: Weight | None = None
    reinvest: float = Field(default=1.0, ge=0, le=1)

    @model_validator(mode="after")
    def _used(self) -> Self:
        if self.target != "lots" and self.value > MOST_SHARE:
            raise ValueError(
                f"value = {self.value:g}: a share, at most {MOST_SHARE:g} with {self.target}; 0.50 is half"
            )
        if self.reductions and self.reduced is not None:
            raise ValueError("reduced, one rule, or reductions, several: not both")
        if self.band and self.target == "premium_share":
            raise ValueError("band: with premium_share each opening is its own, and nothing held is counted")
        if self.review and self.target not in REVIEWED_TARGETS:
            raise ValueError(
                f"review: of {', '.join(REVIEWED_TARGETS)}; {self.target} is measured at openings alone"
            )
        if self.basis != "requirement" and self.target != "margin_share":
            raise ValueError(f"basis: of margin_share alone, not of {self.target}")
        if self.weight is not None and self.base == "start":
            raise ValueError(
                "weight: base = 'start' keeps the lots of the first opening; base = 'entry' follows it"
            )
        if self.reinvest < 1 and (self.target, self.base) != ("margin_share", "entry"):
            raise ValueError(
                "reinvest: of margin_share with base = 'entry'; other lots do not follow NAV (R70)"
            )
        return self

    @field_validator("caps")
    @classmethod
    def _caps(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(map(caps.canonical, texts))
        if len(set(found)) < len(found):
            raise ValueError("each cap once")
        return found

    def capped(self, *texts: str) -> Self:
        """Return the size with further caps.

        Examples
        --------
        >>> offset("core.notional", 0.30).capped("0.15*equity").caps
        ('0.15 * equity',)
        """
        return self._with(caps=(*self.caps, *texts))

    def reduced_when(
        self, rule: str | Condition | Sequence[tuple[str | Condition, float]], *, to: float = 0.5
    ) -> Self:
        """Return the size whose target counts ``to`` times while the rule holds at the decision.

        Of several pairs of a rule and a factor the smallest factor counts whose rule holds: bands of VIX
        (R40).

        Examples
        --------
        >>> bands = offset("core.vega", 0.50).reduced_when([("vix > 28", 0.75), ("vix > 35", 0.5)])
        >>> [(str(each.when), each.to) for each in bands.reductions]
        [('vix > 28', 0.75), ('vix > 35', 0.5)]
        """
        if isinstance(rule, str | Condition):
            return self._with(reduced={"when": rule, "to": to})
        return self._with(reductions=[{"when": when, "to": factor} for when, factor in rule])

    def reviewed(self, *, band: float = 0.0) -> Self:
        """Return the size that is reviewed at every close: sold down to it beyond the band (R40, R82).

        Examples
        --------
        >>> offset("core.vega", 0.50).reviewed(band=0.2).review
        True
        """
        return self._with(review=True, band=band)

    def weighted(
        self, by: str | Number, *, low: float = 0.5, high: float = 2.0, unknown: float = 1.0
    ) -> Self:
        """Return the size whose target counts so many times: a number of the rules between two bounds (R33).

        Parameters as of `alvh.playbook.weight`.

        Examples
        --------
        >>> margin_share(0.10).weighted("1 + return_on_margin", low=0.25, high=1).weight.low
        0.25
        """
        return self._with(weight=weight(by, low=low, high=high, unknown=unknown))

    def _with(self, **fields: Any) -> Self:
        try:
            return type(self).model_validate({**dict(self), **fields})
        except ValidationError as error:
            raise SpecError(f"size: {mistakes(error)}") from None

    def spec(self) -> dict[str, Any]:
        """Return the size as the engine reads it."""
        reduced = self.reduced and {"when": self.reduced.when.spec(), "to": self.reduced.to}
        further = {
            "reductions": [{"when": each.when.spec(), "to": each.to} for each in self.reductions],
            "band": self.band,
            "review": self.review,
            "basis": self.basis if self.basis != "requirement" else None,
            "weight": self.weight and self.weight.spec(),
        }
        part = {} if self.reinvest == 1 else {"reinvest": self.reinvest}
        return {
            "target": ENGINE_TARGETS.get(self.target, self.target),
            "value": self.value,
            "multiplier": self.multiplier,
            "base": self.base,
            "buffer": self.buffer,
            "caps": [caps.spec(text) for text in self.caps],
            "reduced": reduced,
            "gross_short_leg": self.gross_short_leg,
            **{key: value for key, value in further.items() if value},
            **part,
        }

    def document(self) -> dict[str, Any]:
        """Return the size as a TOML table: what is there beside target, value and multiplier, where it is."""
        table: dict[str, Any] = {"target": self.target, "value": self.value, "multiplier": self.multiplier}
        if self.target in CORE_TARGETS:
            table["base"] = self.base
        further = {
            "buffer": self.buffer,
            "caps": list(self.caps),
            "reduced": self.reduced and {"when": str(self.reduced.when), "to": self.reduced.to},
            "gross_short_leg": self.gross_short_leg,
            "reductions": [{"when": str(each.when), "to": each.to} for each in self.reductions],
            "band": self.band,
            "review": self.review,
            "basis": self.basis if self.basis != "requirement" else None,
            "weight": self.weight and self.weight.document(),
        }
        table |= {key: value for key, value in further.items() if value}
        return table if self.reinvest == 1 else table | {"reinvest": self.reinvest}


def margin_share(value: float) -> Size:
    """Size a layer so that the requirements of the layer sum to at most ``value`` of NAV (R4).

    Examples
    --------
    >>> margin_share(0.10).target
    'margin_share'
    """
    try:
        return Size.model_validate({"target": "margin_share", "value": value})
    except ValidationError as error:
        raise SpecError(f"margin_share: {mistakes(error)}") from None


def offset(target: Offset, value: float) -> Size:
    """Size a hedge by what it offsets of the core, such as half of its dollars per VIX point (R22).

    Parameters
    ----------
    target
        ``"core.vega"``, ``"core.threatened_delta"``, ``"core.notional"``, ``"core.index_notional"``,
        ``"core.max_loss"`` or ``"premium_share"``, see `Size`.
    value
        Share of it.

    Examples
    --------
    >>> offset("core.vega", 0.50).capped("sleeve.budget").spec()["caps"]
    [{'kind': 'budget'}]
    """
    try:
        return Size.model_validate({"target": target, "value": value})
    except ValidationError as error:
        raise SpecError(f"offset: {mistakes(error)}") from None
