"""An arm: a defence of the condor book, made of layers; its first layer is the core (R1)."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Strict, ValidationError, field_validator, model_validator

from alvh.errors import SpecError, mistakes
from alvh.playbook import caps, document, permits
from alvh.playbook.calls import Liquidity, MarginCalls
from alvh.playbook.entries import Schedule
from alvh.playbook.frozen import Frozen, listed, warm_up_of
from alvh.playbook.governance import Check, Governance
from alvh.playbook.layer import Layer
from alvh.playbook.ledgers import Ledgers, Mode
from alvh.playbook.press import CashPress
from alvh.playbook.small import smaller
from alvh.rival import EqualCost, Vary
from alvh.rules import Condition, Expr
from alvh.rules.outside import names_in

LONGEST_NAME = 60
"""Characters in the name of an arm: it becomes a file name and the head of a column."""

MOST_LAYERS = 10
"""Layers of an arm, as in the engine."""

_ARM_NAME = re.compile(r"\w(?:[\w +.%-]*[\w+%])?")


class Arm(Frozen):
    """A defence of the condor book: a name and its layers, the core condor first.

    ``sleeve`` gives the hedge a ledger of its own (R60), see :func:`alvh.Sleeve`; it is kept as ``ledgers``.
    ``absent`` are the terms of the methodology that the arm has no data for: every report lists them, and
    nothing counts as passed because of them (C24). Where there are some, ``internals = "price_only"`` says
    that it is by choice. ``equal_cost`` makes it a rival at equal cost (R19): one parameter is solved before
    it runs. ``calls`` says what margin calls lead to; without it, to liquidation at the next session's fill.
    ``liquidity`` blocks openings that would leave a ledger too little liquid (R64); without it, none is.
    ``governance`` is what adding risk needs besides the rules of the layers (R87, R88), ``schedule`` on which
    days it is decided; without them, nothing and every day. ``press`` is what is done while the Big Top flags
    are up (R84); without it, nothing.

    Examples
    --------
    >>> import alvh as av
    >>> plain = av.Arm("plain", av.IronCondor(days=45, short_delta=0.16, width=0.01))
    >>> half = av.offset("core.vega", 0.50).capped("sleeve.budget")
    >>> calls = av.Layer("calls", buy=av.vix_call(), size=half)
    >>> hedged = plain.replace(name="hedged", layers=[calls], sleeve=av.Sleeve(share=0.10, per_year=0.015))
    >>> [layer.role for layer in hedged.layers], hedged.commingled().ledgers.mode
    (['core', 'hedge'], 'commingled')
    >>> [arm.name for arm in (plain.doubling(), plain.stop(loss_multiple=2), plain.fewer_lots())]
    ['martingale', 'stop_2x', 'fewer_lots']
    >>> Arm.from_toml(plain.to_toml()) == plain
    True
    """

    name: str
    layers: Annotated[tuple[Layer, ...], Strict(strict=False)]
    about: str = ""
    ledgers: Ledgers | None = None
    absent: Annotated[tuple[str, ...], Strict(strict=False)] = ()
    internals: Literal["price_only"] | None = None
    equal_cost: EqualCost | None = None
    calls: MarginCalls | None = None
    liquidity: Liquidity | None = None
    governance: Governance | None = None
    schedule: Schedule | None = None
    press: CashPress | None = None

    def __init__(
        self,
        name: str,
        core: Layer | None = None,
        *,
        layers: Sequence[Layer] = (),
        about: str = "",
        sleeve: Ledgers | None = None,
        absent: Sequence[str] = (),
        internals: Literal["price_only"] | None = None,
        equal_cost: EqualCost | None = None,
        calls: MarginCalls | None = None,
        liquidity: Liquidity | None = None,
        governance: Governance | None = None,
        schedule: Schedule | None = None,
        press: CashPress | None = None,
    ) -> None:
        fields = {
            "layers": (*((core,) if core is not None else ()), *listed(layers)),
            "about": about,
            "ledgers": sleeve,
            "absent": absent,
            "internals": internals,
            "equal_cost": equal_cost,
            "calls": calls,
            "liquidity": liquidity,
            "governance": governance,
            "schedule": schedule,
            "press": press,
        }
        try:
            BaseModel.__init__(self, **{"name": name, **fields})
        except ValidationError as error:
            raise SpecError(f"arm {name!r}: {mistakes(error)}") from None

    # To pydantic this is no constructor of our own: fields are read by their names, `ledgers` among them.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @field_validator("name")
    @classmethod
    def _name(cls, name: str) -> str:
        if len(name) > LONGEST_NAME or not _ARM_NAME.fullmatch(name):
            raise ValueError(
                f"letters, digits, spaces and _ - + . %, a letter or digit first, at most {LONGEST_NAME}: "
                "the name becomes a file name"
            )
        return name

    @field_validator("layers")
    @classmethod
    def _unique(cls, layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        if not layers:
            raise ValueError("write at least one [[layer]]")
        if len(layers) > MOST_LAYERS:
            raise ValueError(f"{len(layers)} layers: at most {MOST_LAYERS}")
        if layers[0].role == "hedge":
            raise ValueError(f"the first layer is the core: it sells, and {layers[0].name!r} buys")
        names = [layer.name for layer in layers]
        if len(set(names)) < len(names):
            raise ValueError(f"layer names must differ: {', '.join(names)}")
        return layers

    @model_validator(mode="after")
    def _funded(self) -> Self:
        budget = self.ledgers and self.ledgers.sleeve.budget_per_year
        for layer in self.layers:
            if layer.ledger == "sleeve" and self.ledgers is None:
                raise ValueError(f"layer {layer.name!r}: ledger = 'sleeve': the arm has none: give [ledgers]")
            if caps.BUDGET in layer.size.caps and not budget:
                raise ValueError(f"layer {layer.name!r}: cap {caps.BUDGET!r}: give sleeve.budget_per_year")
        budgets = any(caps.is_budget(cap) for layer in self.layers for cap in layer.size.caps)
        if self.ledgers and self.ledgers.sleeve.budget_weight and not budgets:
            raise ValueError(
                "ledgers.sleeve.budget_weight: no layer has a budget: give one the cap 'sleeve.budget' or "
                "'layer.budget(0.005)', or no weight"
            )
        return self

    @model_validator(mode="after")
    def _by_choice(self) -> Self:
        if bool(self.absent) != (self.internals is not None):
            raise ValueError(
                'absent, the terms without data, and internals = "price_only", that this is by choice: '
                "both or neither (C24)"
            )
        return self

    @model_validator(mode="after")
    def _can_be_varied(self) -> Self:
        if self.equal_cost is None:
            return self
        if self.equal_cost.to == self.name:
            raise ValueError(f"equal_cost.to = {self.name!r}: an arm cannot match its own cost")
        if self.equal_cost.vary == "overlay" and len(self.layers) == 1:
            raise ValueError("equal_cost.vary = 'overlay': there is no layer besides the core")
        for value in self.equal_cost.between:
            try:
                self.equal_cost.applied(self.layers, value)
            except ValidationError as error:
                what = f"equal_cost.vary = {self.equal_cost.vary!r} at {value:g}"
                raise ValueError(f"{what}: {mistakes(error)}") from None
        return self

    @model_validator(mode="after")
    def _governs_what_is_there(self) -> Self:
        permits.check(self.layers, self.governance, self.schedule)
        if self.press is not None:
            self.press.check(self.layers)
        return self

    @property
    def core(self) -> Layer:
        """The first layer."""
        return self.layers[0]

    def replace(self, *, name: str, about: str = "", **changes: Any) -> Arm:
        """Return this arm under another name with something changed.

        ``layers`` stand beside the core in place of those that do; ``sleeve``, ``absent``, ``internals``,
        ``equal_cost``, ``calls``, ``liquidity``, ``governance``, ``schedule`` and ``press`` are the arm's.
        Everything else is a field of its core: ``size=…``, ``exit=…``.
        """
        arm = {
            "layers": self.layers[1:],
            "sleeve": self.ledgers,
            "absent": self.absent,
            "internals": self.internals,
            "equal_cost": self.equal_cost,
            "calls": self.calls,
            "liquidity": self.liquidity,
            "governance": self.governance,
            "schedule": self.schedule,
            "press": self.press,
        }
        for key in arm.keys() & changes.keys():
            arm[key] = changes.pop(key)
        known = Layer.model_fields
        if unknown := sorted(changes.keys() - known.keys()):
            raise SpecError(
                f"replace: {', '.join(unknown)}: an arm has {', '.join(arm)}, its core {', '.join(known)}"
            )
        try:
            core = Layer.of({**dict(self.core), **changes})
        except ValidationError as error:
            raise SpecError(f"replace: {mistakes(error)}") from None
        return Arm(name, core, about=about, **arm)  # type: ignore[arg-type]  # checked by the model

    def commingled(self, *, name: str | None = None, offset: bool = False) -> Arm:
        """Return the arm whose hedge shares one ledger with the core, its budget as before (R62).

        Transfers between ledgers end with the second one. With `offset` the hedge also counts towards what
        the core requires: hypothetical, because no rule book that we know puts SPX and VIX products together.
        """
        if self.ledgers is None:
            raise SpecError(f"arm {self.name!r} has no sleeve to commingle: it is one ledger already")
        mode: Mode = "offset" if offset else "commingled"
        about = "One ledger for core and hedge instead of two" + (", the hedge offsets." if offset else ".")
        sleeve = Ledgers(mode=mode, sleeve=self.ledgers.sleeve)
        return self.replace(name=name or f"{self.name}_{mode}", about=about, sleeve=sleeve)

    def held(self, *, name: str | None = None) -> Arm:
        """Return the arm whose margin calls are counted and never acted on: the counterfactual of R17.

        Examples
        --------
        >>> from alvh.playbook import preset
        >>> preset("plain").held().calls.policy
        'hold'
        """
        terms = {**dict(self.calls or MarginCalls()), "policy": "hold", "outside": 0.0}
        about = "Calls are counted and never acted on."
        return self.replace(name=name or f"{self.name}_held", about=about, calls=MarginCalls(**terms))

    def doubling(
        self,
        *,
        mode: Literal["replace", "add", "recoup"] = "replace",
        max_doublings: int = 3,
        max_lots: int | None = None,
        max_margin_share: float | None = None,
        name: str = "martingale",
    ) -> Arm:
        """Return the arm that sells more after each loss (R10), base lots fixed at the start."""
        progression = {
            "mode": mode,
            "max_doublings": max_doublings,
            "max_lots": max_lots,
            "max_margin_share": max_margin_share,
        }
        size = self.core.size.model_copy(update={"base": "start"})
        about = f"Sells more after each loss ({mode}, at most {max_doublings} doublings)."
        return self.replace(name=name, about=about, progression=progression, size=size)

    def stop(
        self, *, loss_multiple: float | None = None, debit: float | None = None, name: str | None = None
    ) -> Arm:
        """Return the arm that closes a tranche when its mark says so (R13, C2).

        Either when the mark has lost a multiple of the credit, twice unless given, or when buying the tranche
        back costs ``debit`` points. An exit rule that the core already has stays: either closes. The trigger
        is seen at a mark and filled at the next one: at closes alone, or at every bar in a comparison with
        bars.

        Examples
        --------
        >>> from alvh.playbook import preset
        >>> str(preset("plain").stop(debit=1.0).core.exit)
        'mark >= 1.0'
        """
        if loss_multiple is not None and debit is not None:
            raise SpecError("stop: give loss_multiple or debit, not both (C2)")
        if debit is not None:
            if not 0 < debit < math.inf:
                raise SpecError(f"debit = {debit}: what buying back costs, in points above 0")
            rule, default = f"mark >= {float(debit)!r}", f"stop_debit_{debit:g}"
            about = f"Closes when buying back costs {debit:g} points."
        else:
            multiple = 2.0 if loss_multiple is None else loss_multiple
            if not 0 < multiple < math.inf:
                raise SpecError(f"loss_multiple = {multiple}: a finite multiple of the credit, above 0")
            rule, default = f"loss >= {multiple!r} * credit", f"stop_{multiple:g}x"
            about = f"Closes when the loss reaches {multiple:g} times the credit; close-only on daily data."
        if self.core.exit is not None:
            rule = f"({self.core.exit}) or {rule}"
        return self.replace(name=name or default, about=about, exit=rule)

    def in_small_contracts(self, *, name: str | None = None) -> Arm:
        """Return the arm in XSP and VXM, a tenth of the size, whole lots of which fit a small account (R42).

        Raises
        ------
        SpecError
            A layer writes its strikes in product points, which differ.

        Examples
        --------
        >>> from alvh.playbook import preset
        >>> small = preset("alvh_0").in_small_contracts()
        >>> small.name, [layer.product for layer in small.layers]
        ('alvh_0_small', ['XSP', 'VIX', 'VIX', 'VXM', 'XSP'])
        """
        core, *others = map(smaller, self.layers)
        name = name or f"{self.name}_small"
        return self.replace(name=name, about=self.about, sell=core.sell, layers=others)

    def fewer_lots(self, multiplier: float = 0.5, *, name: str = "fewer_lots") -> Arm:
        """Return the arm that simply sells a fraction of the lots (R19)."""
        size = {**dict(self.core.size), "multiplier": self.core.size.multiplier * multiplier}
        return self.replace(name=name, about=f"Sells {multiplier:g} times the lots.", size=size)

    def rival(
        self, vary: Vary, between: tuple[float, float], *, name: str, to: str = "alvh_0", about: str = ""
    ) -> Arm:
        """Return the arm whose one parameter is solved until it costs as much as the arm `to` (R19).

        Parameters
        ----------
        vary
            ``"lots"``, ``"width"``, ``"buffer"`` or ``"overlay"``, see `EqualCost`.
        between
            Values between which it is sought.
        name
            Name of the rival.
        to
            Name of the arm whose cost is matched.
        about
            A sentence; one is made unless given.

        Examples
        --------
        >>> from alvh.playbook import preset
        >>> rival = preset("plain").rival("lots", (0, 1), to="stop_2x", name="fewer")
        >>> rival.varied(0.4).core.size.multiplier
        0.4
        """
        try:
            equal_cost = EqualCost.model_validate({"to": to, "vary": vary, "between": between})
        except ValidationError as error:
            raise SpecError(f"rival: {mistakes(error)}") from None
        about = about or f"Costs as much as {to}, by {vary} alone."
        return self.replace(name=name, about=about, equal_cost=equal_cost)

    def varied(self, value: float) -> Arm:
        """Return the concrete arm of a rival: its parameter at `value`, and nothing left to solve."""
        if self.equal_cost is None:
            raise SpecError(f"arm {self.name!r} has no equal_cost: nothing to vary")
        try:
            layers = self.equal_cost.applied(self.layers, value)
        except ValidationError as error:
            what = f"{self.equal_cost.vary} = {value}"
            raise SpecError(f"arm {self.name!r}: {what}: {mistakes(error)}") from None
        return self.model_copy(update={"layers": layers, "equal_cost": None})

    def at_share(self, share: float) -> list[dict[str, Any]]:
        """Return the layers as the engine reads them, those sized by margin share at ``share`` of NAV.

        Several such layers have it together and keep their proportions; a hedge follows the core that it
        offsets.
        """
        specs = self._layers()
        sizes = [spec["size"] for spec in specs if spec["size"]["target"] == "margin_share"]
        total = math.fsum(size["value"] for size in sizes)
        if len(sizes) > 1 and not total:
            raise SpecError(f"arm {self.name!r}: size.value is 0 in every layer: no proportions to keep")
        for size in sizes:
            # Not by the division for a single layer: that would round, and its value may be 0.
            size["value"] = share if len(sizes) == 1 else size["value"] / total * share
        return specs

    def _layers(self) -> list[dict[str, Any]]:
        """Return the layers as the engine reads them, with what governance and schedule add."""
        specs = []
        for layer in self.layers:
            acting = layer
            if self._checked("budget") and layer.role == "hedge" and caps.BUDGET not in layer.size.caps:
                acting = layer.model_copy(update={"size": layer.size.capped(caps.BUDGET)})
            if self.press is not None and layer.role == "core":
                acting = acting.model_copy(update={"exit": self.press.exit(layer)})
            spec = acting.spec(sleeve=self.ledgers is not None)
            if self.press is not None and layer.buy is not None and layer.buy.short is not None:
                spec["short"] = layer.buy.short.unless(self.press.condition).spec()
            if self.press is not None and self.press.about(layer):
                spec["press"] = self.press.spec()
            if needed := self._permits(layer):
                spec["permits"] = needed
            specs.append(spec)
        return specs

    def _checked(self, check: Check) -> bool:
        """Say whether a hard check is asked and the arm has what it needs."""
        if self.governance is None or check not in self.governance.checks:
            return False
        return check != "budget" or bool(self.ledgers and self.ledgers.sleeve.budget_per_year)

    def _permits(self, layer: Layer) -> list[dict[str, Any]]:
        """Return what opening and rolling a layer need, as the engine reads it."""
        opening, rolling = (self.permits(layer, rolls=rolls) for rolls in (False, True))
        needed = opening if layer.roll_below is None else rolling
        found = [{"name": name, "when": rule.spec()} for name, rule in needed.items()]
        return [each if each["name"] in opening else each | {"rolls_only": True} for each in found]

    def permits(self, layer: Layer, *, rolls: bool = False) -> dict[str, Condition]:
        """Return what opening a layer needs besides its own rule, by name (R87, R88).

        Parameters
        ----------
        layer
            One of the arm's.
        rolls
            What rolling it needs instead: all of that, and the votes unless they are about named layers.

        Examples
        --------
        >>> import alvh as av
        >>> plain = av.preset("plain")
        >>> governed = plain.replace(name="governed", schedule=av.playbook.Schedule(weekdays=["monday"]))
        >>> {name: str(rule) for name, rule in governed.permits(governed.core).items()}
        {'schedule': '(weekday == 1)'}
        """
        found = permits.permits(layer, self.layers, self.governance, self.schedule, rolls=rolls)
        if self.press is not None and layer.role == "core":
            found["cash press"] = ~self.press.condition
        return found

    def book(self, share: float) -> dict[str, Any]:
        """Return the arm at a margin share as the engine reads it."""
        if self.equal_cost is not None:
            raise SpecError(
                f"arm {self.name!r}: equal_cost is not solved yet: `compare` solves it, "
                "or take arm.varied(value)"
            )
        ledgers = None if self.ledgers is None else self.ledgers.spec()
        book = {"arm": self.name, "share": share, "layers": self.at_share(share), "ledgers": ledgers}
        return book | self._terms()

    def _terms(self) -> dict[str, Any]:
        """Return what the arm says of calls and liquidity, as the engine reads it."""
        liquidity = self.liquidity or (Liquidity() if self._checked("liquidity") else None)
        terms = {"calls": self.calls, "liquidity": liquidity}
        return {key: each.spec() for key, each in terms.items() if each is not None}

    @property
    def rules(self) -> tuple[tuple[str, Expr, str], ...]:
        """Every rule of the arm: the layer and key where it stands, the rule, and its scope."""
        keys = ("enter", "exit", "size.reduced.when", "size.weight.by")
        found = [
            (f"{layer.name}.{key}", rule, scope)
            for layer in self.layers
            for key, (rule, scope) in zip(
                (
                    *keys,
                    *(f"size.reductions {n}.when" for n in range(1, len(layer.size.reductions) + 1)),
                    *(f"tranches {n}.when" for n in range(2, len(layer.tranches) + 1)),
                    *(["buy.shift.when"] if layer.buy is not None and layer.buy.shift is not None else []),
                    *(["buy.short.when"] if layer.buy is not None and layer.buy.short is not None else []),
                ),
                layer.rules,
                strict=True,
            )
            if rule is not None
        ]
        transfers = () if self.ledgers is None else self.ledgers.transfers
        found += [
            (f"ledgers.transfers {number}.when", transfer.when, "book")
            for number, transfer in enumerate(transfers, start=1)
        ]
        if self.ledgers is not None and self.ledgers.sleeve.budget_weight is not None:
            found.append(("ledgers.sleeve.budget_weight.by", self.ledgers.sleeve.budget_weight.by, "book"))
        if self.governance is not None:
            found += [(f"governance.{each.name}", each.when, "book") for each in self.governance.signals]
        if self.schedule is not None:
            found.append(("schedule", self.schedule.condition, "book"))
        if self.press is not None:
            found.append(("press", self.press.condition, "book"))
            if self.press.bought_back is not None:
                found.append(("press.buy_back", self.press.bought_back, "position"))
        return tuple(found)

    @property
    def names(self) -> frozenset[str]:
        """The names that the arm's rules read."""
        return frozenset(name for _, rule, _ in self.rules for name in names_in(rule.tree))

    @property
    def warm_up(self) -> int:
        """Sessions of data before the first one that the arm's rules need."""
        return max((warm_up_of(rule, scope) for _, rule, scope in self.rules), default=0)

    def to_toml(self) -> str:
        """Return the arm as a TOML document that :meth:`from_toml` reads back."""
        return "\n".join([f"schema = {document.SCHEMA}", *self.lines()]) + "\n"

    def lines(self, above: str = "") -> list[str]:
        """Return the lines of the document; `above` stands before the names of its tables."""
        given = {
            "about": self.about,
            "absent": list(self.absent),
            "internals": self.internals,
            "equal_cost": self.equal_cost and self.equal_cost.model_dump(),
        }
        fields = {"name": self.name, **{key: value for key, value in given.items() if value}}
        layers = [layer.document() for layer in self.layers]
        return document.lines_of(fields, layers, self._tables(), above)

    def _tables(self) -> dict[str, dict[str, Any]]:
        tables = {"ledgers": self.ledgers, "calls": self.calls, "liquidity": self.liquidity}
        terms = {"governance": self.governance, "schedule": self.schedule, "press": self.press}
        return {key: each.document() for key, each in {**tables, **terms}.items() if each is not None}

    @classmethod
    def from_toml(cls, text: str, *, source: str = "playbook") -> Arm:
        """Read an arm from a TOML document; ``source`` names it in errors.

        Raises
        ------
        SpecError
            Not TOML, an unknown key, or a value outside its domain: the message has the key's path and line.
        """
        tables, place = document.read(text, source)
        if "arm" in tables:
            raise SpecError(f"{place.at('arm')}: a playbook of several arms: read it with Playbook.read")
        return cls.of(tables, place)

    @classmethod
    def of(cls, tables: dict[str, Any], place: document.Place) -> Arm:
        """Make an arm of its tables; mistakes are named by the place of the key."""
        fields = document.fields_of(tables, place)
        arm = cls.__new__(cls)
        try:
            BaseModel.__init__(arm, **fields)
        except ValidationError as error:
            where = place.at(*document.key_of(error))
            raise SpecError(f"{where}: arm {fields['name']!r}: {mistakes(error)}") from None
        return arm

    @classmethod
    def read(cls, path: str | Path) -> Arm:
        """Read an arm from a TOML file."""
        return cls.from_toml(document.text_of(path), source=str(path))

    @property
    def digest(self) -> str:
        """Hash of what the engine acts on: not the arm's name, nor how its rules are written (R87).

        Of a rival, what is still to be solved belongs to it.
        """
        acted_on: list[Any] = [self._layers(), None if self.ledgers is None else self.ledgers.spec()]
        if self.equal_cost is not None:
            acted_on.append(self.equal_cost.model_dump())
        if terms := self._terms():
            acted_on.append(terms)
        if self.governance is not None:
            acted_on.append(self.governance.spec())
        canonical = json.dumps(_without_text(acted_on), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


def _without_text(value: Any) -> Any:
    """Leave out how rules are written: {"text": …, "tree": …} becomes its tree."""
    if isinstance(value, dict):
        return {key: _without_text(item) for key, item in value.items() if key != "text"}
    return [_without_text(item) for item in value] if isinstance(value, list) else value
