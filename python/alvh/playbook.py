"""Arms as data: layers, sizes and progressions, validated, frozen, and written as TOML.

An arm is one defence of the same condor book. Its first layer is the core condor (R1); what is done about
losses is a rule, a progression or, later, another layer. Nothing here computes: :mod:`alvh.comparison` sends
arms to the engine.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, field_validator, model_validator

from alvh.contracts import Contract, contract, products
from alvh.errors import SpecError, mistakes, nearest_names
from alvh.rival import EqualCost, Vary
from alvh.rules import Condition, parse

__all__ = [
    "Arm",
    "EqualCost",
    "Every",
    "IronCondor",
    "Layer",
    "Progression",
    "Sell",
    "Size",
    "Strikes",
    "Structure",
    "margin_share",
    "preset",
    "preset_text",
    "presets",
]

SCHEMA = 1
"""Version of the TOML format."""

HALF_WINDOW = 7
"""``days=45`` accepts expiries from 45 - 7 to 45 + 7 calendar days and prefers 45."""

CAPM_ERP = 0.05
"""Equity risk premium a year in the drift of the expected move (R3)."""

LONGEST_DAYS = 730
"""Calendar days to expiry: farther than any condor is listed."""

LONGEST_NAME = 60
"""Characters in the name of an arm: it becomes a file name and the head of a column."""

_ARM_NAME = re.compile(r"\w(?:[\w +.%-]*[\w+%])?")

Structure = Literal["iron_condor", "put_spread", "call_spread"]
Every = Literal["day", "week", "month", "flat"]


Window = Annotated[tuple[int, int], Strict(strict=False)]
"""Two numbers; TOML has lists where Python has tuples."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Sell(_Frozen):
    """What is sold, and when: structure, product, expiry window in calendar days, cadence.

    ``every`` is when the layer decides whether to open: each session (``day``), on the first session of each
    ISO week (``week``) or month (``month``), or whenever it holds nothing (``flat``).
    """

    structure: Structure = "iron_condor"
    product: str = "SPXW"
    days: int | Window = 45
    every: Every = "week"

    @field_validator("product")
    @classmethod
    def _listed(cls, product: str) -> str:
        if not _is_index_option(contract(product)):
            sold = ", ".join(name for name in products() if _is_index_option(contract(name)))
            raise ValueError(f"condors and spreads are sold on the index: {sold} (C13)")
        return product

    @field_validator("days")
    @classmethod
    def _window(cls, days: int | tuple[int, int]) -> int | tuple[int, int]:
        low, high = (days, days) if isinstance(days, int) else days
        if not 1 <= low <= high <= LONGEST_DAYS:
            raise ValueError(
                f"calendar days to expiry: 1 to {LONGEST_DAYS}, and [low, high] with low <= high"
            )
        return days

    @property
    def window(self) -> dict[str, int]:
        """Lowest, highest and preferred calendar days to expiry."""
        if isinstance(self.days, int):
            low = max(1, self.days - HALF_WINDOW)
            return {"low": low, "high": self.days + HALF_WINDOW, "target": self.days}
        low, high = self.days
        return {"low": low, "high": high, "target": (low + high) // 2}


class Strikes(_Frozen):
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


class Size(_Frozen):
    """Lots of a tranche.

    ``margin_share``: the requirements of the layer sum to at most ``value`` of NAV, spread evenly over its
    tranches (R4); ``lots``: that many. ``multiplier`` scales the target. ``base = "start"`` keeps the lots of
    the first opening (R10).
    """

    target: Literal["margin_share", "lots"] = "margin_share"
    value: float = Field(default=0.10, ge=0)
    multiplier: float = Field(default=1.0, ge=0)
    base: Literal["entry", "start"] = "entry"


class Progression(_Frozen):
    """What a losing tranche does to the next one of its chain (R10).

    ``replace``: 1, 2, 4, 8 … times the base; ``add``: 1, 3, 7, 15 …; ``recoup``: the base and what would earn
    the open deficit back, at most as much as ``replace`` allows. A win resets the chain. Caps in doublings,
    lots, and the book's requirement as a share of NAV.
    """

    mode: Literal["replace", "add", "recoup"] = "replace"
    max_doublings: int = Field(default=3, ge=0, le=40)
    max_lots: int | None = Field(default=None, ge=1)
    max_margin_share: float | None = Field(default=None, gt=0)


class Layer(_Frozen):
    """One layer of an arm: what it trades, when it opens and closes, and how much.

    ``enter`` is a rule on market and book, ``exit`` one on the tranche; without ``exit`` it is held to expiry
    (R7).
    """

    name: str = "core"
    sell: Sell = Sell()
    strikes: Strikes = Strikes(width=0.01)
    size: Size = Size()
    enter: Condition | None = None
    exit: Condition | None = None
    progression: Progression | None = None

    @field_validator("enter", mode="before")
    @classmethod
    def _enter(cls, rule: object) -> object:
        return _compiled(rule, "book")

    @field_validator("exit", mode="before")
    @classmethod
    def _exit(cls, rule: object) -> object:
        return _compiled(rule, "position")

    @property
    def warm_up(self) -> int:
        """Sessions of data before the first one that the layer's rules need."""
        scopes = ((self.enter, "book"), (self.exit, "position"))
        return max(rule.warm_up(scope) if rule is not None else 0 for rule, scope in scopes)

    def spec(self) -> dict[str, Any]:
        """Return the layer as the engine reads it."""
        return {
            "name": self.name,
            "product": self.sell.product,
            "legs": self.strikes.legs(self.sell.structure),
            "days": self.sell.window,
            "every": self.sell.every,
            "enter": None if self.enter is None else self.enter.spec(),
            "exit": None if self.exit is None else self.exit.spec(),
            "size": self.size.model_dump(),
            "progression": self.progression.model_dump() if self.progression else None,
        }

    def document(self) -> dict[str, Any]:
        """Return the layer as TOML tables: what differs from nothing, rules as text."""
        tables: dict[str, Any] = {"name": self.name}
        for key in ("sell", "strikes", "size", "progression"):
            part = getattr(self, key)
            if part is not None:
                tables[key] = part.model_dump(exclude_none=True)
        if self.strikes.by == "delta":
            del tables["strikes"]["drift"], tables["strikes"]["erp"]
        for key in ("enter", "exit"):
            rule = getattr(self, key)
            if rule is not None:
                tables[key] = str(rule)
        return tables


class Arm(_Frozen):
    """A defence of the condor book: a name and its layers, the core condor first.

    Examples
    --------
    >>> import alvh as av
    >>> plain = av.Arm("plain", av.IronCondor(days=45, short_delta=0.16, width=0.01))
    >>> [arm.name for arm in (plain.doubling(), plain.stop(loss_multiple=2), plain.fewer_lots())]
    ['martingale', 'stop_2x', 'fewer_lots']
    >>> Arm.from_toml(plain.to_toml()) == plain
    True
    """

    name: str
    layers: tuple[Layer, ...]
    about: str = ""
    equal_cost: EqualCost | None = None

    def __init__(
        self,
        name: str,
        core: Layer | None = None,
        *,
        layers: tuple[Layer, ...] | list[Layer] = (),
        about: str = "",
        equal_cost: EqualCost | None = None,
    ) -> None:
        layers = (*((core,) if core is not None else ()), *layers)
        try:
            BaseModel.__init__(self, name=name, layers=layers, about=about, equal_cost=equal_cost)
        except ValidationError as error:
            raise SpecError(f"arm {name!r}: {mistakes(error)}") from None

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
        names = [layer.name for layer in layers]
        if len(set(names)) < len(names):
            raise ValueError(f"layer names must differ: {', '.join(names)}")
        return layers

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

    @property
    def core(self) -> Layer:
        """The first layer."""
        return self.layers[0]

    def replace(self, *, name: str, about: str = "", **core: Any) -> Arm:
        """Return this arm under another name, with fields of its core replaced (``size=…``, ``exit=…``).

        ``equal_cost`` is the arm's own.
        """
        equal_cost = core.pop("equal_cost", self.equal_cost)
        known = Layer.model_fields
        if unknown := sorted(set(core) - set(known)):
            raise SpecError(f"replace: {', '.join(unknown)}: a layer has the fields {', '.join(known)}")
        try:
            layer = Layer.model_validate({**dict(self.core), **core})
        except ValidationError as error:
            raise SpecError(f"replace: {mistakes(error)}") from None
        return Arm(name, layer, layers=self.layers[1:], about=about, equal_cost=equal_cost)

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

    def stop(self, *, loss_multiple: float = 2.0, name: str | None = None) -> Arm:
        """Return the arm that closes a tranche when its mark has lost a multiple of the credit (R13, C2).

        An exit rule that the core already has stays: either closes. On daily closes the stop is close-only:
        the trigger is seen at a close and filled at the next one.
        """
        about = f"Closes when the loss reaches {loss_multiple:g} times the credit; close-only on daily data."
        if not 0 < loss_multiple < math.inf:
            raise SpecError(f"loss_multiple = {loss_multiple}: a finite multiple of the credit, above 0")
        rule = f"loss >= {loss_multiple!r} * credit"
        if self.core.exit is not None:
            rule = f"({self.core.exit}) or {rule}"
        return self.replace(name=name or f"stop_{loss_multiple:g}x", about=about, exit=rule)

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
        >>> rival = preset("plain").rival("lots", (0, 1), to="stop_2x", name="fewer")
        >>> rival.varied(0.4).core.size.multiplier
        0.4
        """
        try:
            equal_cost = EqualCost(to=to, vary=vary, between=between)
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

        Several such layers have it together and keep their proportions.
        """
        specs = [layer.spec() for layer in self.layers]
        sizes = [spec["size"] for spec in specs if spec["size"]["target"] == "margin_share"]
        total = math.fsum(size["value"] for size in sizes)
        if len(sizes) > 1 and not total:
            raise SpecError(f"arm {self.name!r}: size.value is 0 in every layer: no proportions to keep")
        for size in sizes:
            # Not by the division for a single layer: that would round, and its value may be 0.
            size["value"] = share if len(sizes) == 1 else size["value"] / total * share
        return specs

    def to_toml(self) -> str:
        """Return the arm as a TOML document that :meth:`from_toml` reads back."""
        lines = [f"schema = {SCHEMA}", f"name   = {_toml(self.name)}"]
        if self.about:
            lines.append(f"about  = {_toml(self.about)}")
        if self.equal_cost is not None:
            lines.append(f"equal_cost = {_toml(self.equal_cost.model_dump())}")
        for layer in self.layers:
            lines += ["", "[[layer]]"]
            lines += [f"{key} = {_toml(value)}" for key, value in layer.document().items()]
        return "\n".join(lines) + "\n"

    @classmethod
    def from_toml(cls, text: str, *, source: str = "playbook") -> Arm:
        """Read an arm from a TOML document; ``source`` names it in errors.

        Raises
        ------
        SpecError
            Not TOML, an unknown key, or a value outside its domain: the message has the key's path.
        """
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SpecError(f"{source}: not TOML: {error}") from None
        schema = document.pop("schema", None)
        if schema != SCHEMA:
            raise SpecError(f"{source}: schema = {schema!r}: this version reads schema = {SCHEMA}")
        layers = document.pop("layer", [])
        if not isinstance(layers, list) or not all(isinstance(layer, dict) for layer in layers):
            raise SpecError(f"{source}: layer: write each layer as a table [[layer]]")
        name, about = document.pop("name", None), document.pop("about", "")
        equal_cost = document.pop("equal_cost", None)
        if document:
            known = "schema, name, about, [equal_cost], [[layer]]"
            raise SpecError(f"{source}: unknown key {', '.join(sorted(document))}: known are {known}")
        if not isinstance(name, str):
            raise SpecError(f"{source}: name: every playbook needs one, as text")
        found = [_layer(layer, f"{source}: layer {index}") for index, layer in enumerate(layers, start=1)]
        try:
            return cls(name, layers=found, about=about, equal_cost=equal_cost)
        except SpecError as error:
            raise SpecError(f"{source}: {error}") from None

    @classmethod
    def read(cls, path: str | Path) -> Arm:
        """Read an arm from a TOML file."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise SpecError(f"{path}: not text in UTF-8: {error}") from None
        return cls.from_toml(text, source=str(path))

    @property
    def digest(self) -> str:
        """Hash of what the engine acts on: not the arm's name, nor how its rules are written (R87).

        Of a rival, what is still to be solved belongs to it.
        """
        specs: list[dict[str, Any]] = [layer.spec() for layer in self.layers]
        for spec in specs:
            for rule in (spec["enter"], spec["exit"]):
                if rule:
                    del rule["text"]
        acted_on = specs if self.equal_cost is None else [specs, self.equal_cost.model_dump()]
        canonical = json.dumps(acted_on, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


def margin_share(value: float) -> Size:
    """Size a layer so that the requirements of the layer sum to at most ``value`` of NAV (R4).

    Examples
    --------
    >>> margin_share(0.10).target
    'margin_share'
    """
    try:
        return Size(target="margin_share", value=value)
    except ValidationError as error:
        raise SpecError(f"margin_share: {mistakes(error)}") from None


def IronCondor(  # noqa: N802 -- reads as the constructor that it is
    *,
    days: int | tuple[int, int] = 45,
    every: Every = "week",
    short_delta: float | None = None,
    expected_move: float | None = None,
    width: float | None = None,
    width_points: float | None = None,
    size: Size | None = None,
    product: str = "SPXW",
    enter: str | Condition | None = None,
    exit: str | Condition | None = None,  # noqa: A002 -- the rule's name everywhere else
) -> Layer:
    """Build the core layer: sell an out-of-the-money put spread and call spread of one expiry (R1).

    Parameters
    ----------
    days
        Calendar days to expiry: a target (±7 accepted) or ``(low, high)``.
    every
        Cadence of the decisions: ``"day"``, ``"week"``, ``"month"`` or ``"flat"``.
    short_delta
        Absolute forward delta of the short strikes; 0.16 unless ``expected_move`` is given.
    expected_move
        Instead: multiples of the expected move outside which the short strikes lie (R3).
    width, width_points
        Distance of the wings: fraction of the spot (0.01 unless given) or product points.
    size
        Lots, see :func:`margin_share`.
    product
        Key of :mod:`alvh.contracts`.
    enter, exit
        Rules, as text or as objects of :mod:`alvh.rules`.

    Examples
    --------
    >>> IronCondor(days=45, short_delta=0.16, width=0.01).sell.window
    {'low': 38, 'high': 52, 'target': 45}
    """
    if short_delta is not None and expected_move is not None:
        raise SpecError("IronCondor: give short_delta or expected_move, not both")
    by: Literal["delta", "expected_move"] = "delta" if expected_move is None else "expected_move"
    short = expected_move if expected_move is not None else (0.16 if short_delta is None else short_delta)
    if width is None and width_points is None:
        width = 0.01
    try:
        return Layer(
            name="core",
            sell=Sell(structure="iron_condor", product=product, days=days, every=every),
            strikes=Strikes(by=by, short=short, width=width, width_points=width_points),
            size=size or Size(),
            enter=enter,  # type: ignore[arg-type]  # the field reads text too
            exit=exit,  # type: ignore[arg-type]
        )
    except ValidationError as error:
        raise SpecError(f"IronCondor: {mistakes(error)}") from None


def presets() -> tuple[str, ...]:
    """Return the names of the arms that ship with the package.

    Examples
    --------
    >>> "plain" in presets()
    True
    """
    folder = resources.files("alvh") / "presets"
    names = (item.name for item in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def preset_text(name: str) -> str:
    """Return a preset's TOML, comments included.

    Raises
    ------
    SpecError
        No preset has that name.
    """
    if name not in presets():
        raise SpecError(f"preset {name!r}: {nearest_names(name, presets())}")
    return (resources.files("alvh") / "presets" / f"{name}.toml").read_text(encoding="utf-8")


def preset(name: str) -> Arm:
    """Return a preset.

    Examples
    --------
    >>> preset("martingale_replace").core.progression.mode
    'replace'
    """
    return Arm.from_toml(preset_text(name), source=f"preset {name}")


def _is_index_option(row: Contract) -> bool:
    return (row.underlying, row.kind) == ("SPX", "option")


def _compiled(rule: object, scope: str) -> object:
    """Take a rule from text or an object and compile it once, so that its mistakes are found here."""
    condition = parse(rule) if isinstance(rule, str) else rule
    if condition is None:
        return None
    if not isinstance(condition, Condition):
        raise ValueError("a condition, such as 'loss >= 2 * credit'")  # noqa: TRY004 -- pydantic reads ValueError
    condition.check(scope)
    return condition


def _layer(table: dict[str, Any], place: str) -> Layer:
    """Read one table [[layer]]; `place` stands before each key path in errors."""
    name = table.get("name")
    place = f"{place} ({name})" if isinstance(name, str) else place
    try:
        return Layer.model_validate(table)
    except ValidationError as error:
        raise SpecError(f"{place}: {mistakes(error)}") from None


def _toml(value: object) -> str:
    """Write one value as TOML: JSON's notation agrees with it for numbers, lists and texts but for U+007F."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    notation = json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
    return notation.replace("\x7f", "\\u007f")
