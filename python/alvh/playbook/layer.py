"""One layer of an arm: what it trades, when it opens and closes, and how much."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, Strict, ValidationError, field_validator, model_validator

from alvh.errors import SpecError, mistakes
from alvh.playbook import monetise, parts
from alvh.playbook.buy import Buy
from alvh.playbook.diagonal import LEG
from alvh.playbook.frozen import Frozen, compiled, spec_of, warm_up_of
from alvh.playbook.monetise import Rung
from alvh.playbook.parts import RollLimits, Tranche
from alvh.playbook.progression import Progression
from alvh.playbook.sell import Sell, Strikes
from alvh.playbook.size import CORE_TARGETS, HEDGE_TARGETS, Size
from alvh.rules import Condition, Expr

DEFAULT_WIDTH = 0.01


class Layer(Frozen):
    """One layer of an arm: what it trades, when it opens and closes, and how much.

    ``sell`` makes it part of the core, ``buy`` a hedge: exactly one of them, without either a condor is sold.
    ``enter`` is a rule on market and book, ``exit`` one on the tranche; without ``exit`` it is held to expiry
    (R7). A hedge may be rolled below ``roll_below`` calendar days (R35) and sold in parts (R36):
    ``monetise={2.0: 1/3, 4.0: 1/3}``; a roll that costs more than ``roll_limits`` is not done (R58).
    ``tranches`` are parts of its target that are bought one after the other (R28). ``ledger`` is the sleeve
    for a hedge of an arm that has one.

    Examples
    --------
    >>> import alvh as av
    >>> calls = av.Layer("vix_calls", buy=av.vix_call(), size=av.offset("core.vega", 0.50))
    >>> calls.role, calls.product
    ('hedge', 'VIX')
    """

    name: str = "core"
    sell: Sell | None = None
    strikes: Strikes | None = None
    buy: Buy | None = None
    size: Size = Size()
    enter: Condition | None = None
    exit: Condition | None = None
    roll_below: int | None = Field(default=None, ge=1)
    monetise: Annotated[tuple[Rung, ...], Strict(strict=False)] = ()
    progression: Progression | None = None
    ledger: Literal["core", "sleeve"] | None = None
    roll_limits: RollLimits | None = None
    tranches: Annotated[tuple[Tranche, ...], Strict(strict=False)] = ()

    def __init__(self, name: str = "core", /, **fields: Any) -> None:
        try:
            BaseModel.__init__(self, **{"name": name, **fields})
        except ValidationError as error:
            raise SpecError(f"layer {fields.get('name', name)!r}: {mistakes(error)}") from None

    # To pydantic this is no constructor of our own: parts of an arm are read in place, with their path.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def of(cls, table: dict[str, Any]) -> Self:
        """Read a layer from a table; mistakes stay pydantic's: the caller puts a place before them."""
        layer = cls.__new__(cls)
        BaseModel.__init__(layer, **table)
        return layer

    @model_validator(mode="before")
    @classmethod
    def _condor_by_default(cls, table: Any) -> Any:
        if not isinstance(table, dict) or table.get("buy") is not None:
            return table
        given = {key: value for key, value in table.items() if value is not None}
        return {"sell": Sell(), "strikes": Strikes(width=DEFAULT_WIDTH), **given}

    @field_validator("enter", mode="before")
    @classmethod
    def _enter(cls, rule: object) -> object:
        return compiled(rule, "book")

    @field_validator("exit", mode="before")
    @classmethod
    def _exit(cls, rule: object) -> object:
        return compiled(rule, "position")

    @field_validator("monetise", mode="before")
    @classmethod
    def _ladder(cls, rungs: object) -> object:
        return monetise.ladder(rungs)

    @field_validator("monetise")
    @classmethod
    def _checked(cls, rungs: tuple[Rung, ...]) -> tuple[Rung, ...]:
        return monetise.checked(rungs)

    @field_validator("tranches")
    @classmethod
    def _in_parts(cls, tranches: tuple[Tranche, ...]) -> tuple[Tranche, ...]:
        return parts.checked(tranches)

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if self.buy is None:
            return self._core()
        if self.sell is not None:
            raise ValueError("give sell (the core) or buy (a hedge), not both")
        return self._hedge(self.buy)

    def _core(self) -> Self:
        unused = {
            "roll_below": self.roll_below is not None,
            "roll_limits": self.roll_limits is not None,
            "tranches": bool(self.tranches),
            "monetise": bool(self.monetise),
            "ledger": self.ledger is not None,
            "size.caps": bool(self.size.caps),
            "size.reduced": self.size.reduced is not None,
            "size.gross_short_leg": self.size.gross_short_leg,
            "size.reductions": bool(self.size.reductions),
            "size.band": self.size.band > 0,
            "size.review": self.size.review,
        }
        if given := [key for key, is_given in unused.items() if is_given]:
            raise ValueError(f"{', '.join(given)}: of what is bought; this layer sells")
        if self.size.target not in CORE_TARGETS:
            raise ValueError(
                f"size.target = {self.size.target!r}: what is sold has {' or '.join(CORE_TARGETS)}"
            )
        return self

    def _hedge(self, buy: Buy) -> Self:
        unused = {
            "strikes": self.strikes is not None,
            "progression": self.progression is not None,
            "size.base": self.size.base != "entry",
            "size.buffer": self.size.buffer > 0,
            "size.gross_short_leg": self.size.gross_short_leg and self.size.target != "core.threatened_delta",
        }
        if given := [key for key, is_given in unused.items() if is_given]:
            raise ValueError(
                f"{', '.join(given)}: unused by a layer that buys {buy.kind}s by {self.size.target}"
            )
        if self.size.target not in HEDGE_TARGETS:
            raise ValueError(
                f"size.target = {self.size.target!r}: what is bought has {', '.join(HEDGE_TARGETS)}"
            )
        if self.size.band and buy.every == "flat" and not self.size.review:
            raise ValueError(
                "size.band: a flat layer opens when it holds nothing, so that all is lacking (R82): "
                "size.review = true sells it down"
            )
        nearest = buy.window["low"]
        if buy.kind == "share" and self.roll_below is not None:
            raise ValueError("roll_below: a share has no expiry: it rolls by itself")
        if self.roll_below is not None and self.roll_below >= nearest:
            raise ValueError(
                f"roll_below = {self.roll_below}: below {nearest}, the nearest expiry that is bought"
            )
        self._in_place_of_another(buy)
        return self._paid_for(buy)

    def _in_place_of_another(self, buy: Buy) -> None:
        """Refuse limits of what is bought in place of what is sold, and parts, where a cadence opens."""
        limits = self.roll_limits
        if limits is not None and (self.roll_below is None or buy.every != "flat"):
            raise ValueError(
                "roll_limits: of a layer with roll_below and every = 'flat': elsewhere a roll only sells"
            )
        if limits is not None and limits.extrinsic_per_day is None and limits.forward_variance is None:
            raise ValueError("roll_limits: give extrinsic_per_day, forward_variance or both")
        if limits is not None and limits.extrinsic_per_day is not None and buy.kind == "future":
            raise ValueError("roll_limits.extrinsic_per_day: a future has no time value: forward_variance")
        if self.tranches and buy.every != "flat":
            raise ValueError("tranches: of a layer with every = 'flat': a cadence opens one after the other")
        if self.tranches and self.size.target == "premium_share":
            raise ValueError("tranches: premium_share counts nothing that is held: another size.target")

    def _paid_for(self, buy: Buy) -> Self:
        """Refuse for a future what rests on the premium that was paid."""
        by_premium = self.size.target in {"core.notional", "premium_share"} or any(
            "equity" in cap for cap in self.size.caps
        )
        if buy.kind != "future" and self.size.target == "core.max_loss":
            raise ValueError("size.target = 'core.max_loss': of futures; premium has core.notional")
        if buy.kind == "future" and (by_premium or self.monetise):
            raise ValueError(
                "a future costs no premium: monetise, the targets core.notional and premium_share, and caps "
                "on equity are for options"
            )
        return self

    @property
    def role(self) -> Literal["core", "hedge"]:
        """Whether the arm lives from it or pays for it."""
        return "core" if self.buy is None else "hedge"

    @property
    def trade(self) -> Sell | Buy:
        """What is sold or bought."""
        return self.buy or self.sell or Sell()

    @property
    def product(self) -> str:
        """The product that is traded: of several the smallest contract."""
        return self.trade.traded

    @property
    def products(self) -> tuple[str, ...]:
        """The product of each package of the layer: its own, its others (R32, R42), its short leg."""
        if self.buy is None:
            return (self.product,)
        sold = () if self.buy.short is None else (self.buy.traded,)
        return self.product, *(other["product"] for other in self.buy.others()), *sold

    @property
    def windows(self) -> tuple[dict[str, int], ...]:
        """The expiry windows of these packages."""
        if self.buy is None:
            return (self.trade.window,)
        sold = () if self.buy.short is None else (self.buy.short.window,)
        return self.trade.window, *(other["days"] for other in self.buy.others()), *sold

    @property
    def minute(self) -> int | None:
        """Minutes from the opening at which the layer is opened; None: the close."""
        return self.sell.minute if self.sell else None

    @property
    def rules(self) -> tuple[tuple[Expr | None, str], ...]:
        """The rules of the layer and the scope of each."""
        reduced = self.size.reduced.when if self.size.reduced else None
        further: list[Condition | None] = [each.when for each in self.size.reductions]
        further += [each.when for each in self.tranches[1:]]
        if self.buy is not None and self.buy.shift is not None:
            further.append(self.buy.shift.when)
        if self.buy is not None and self.buy.short is not None:
            further.append(self.buy.short.when)
        weight = self.size.weight.by if self.size.weight else None
        own = (self.enter, "book"), (self.exit, "position"), (reduced, "book"), (weight, "book")
        return (*own, *((rule, "book") for rule in further))

    @property
    def warm_up(self) -> int:
        """Sessions of data before the first one that the layer's rules need."""
        return max(warm_up_of(rule, scope) for rule, scope in self.rules)

    def spec(self, *, sleeve: bool = False) -> dict[str, Any]:
        """Return the layer as the engine reads it; `sleeve`: a hedge of an arm that has one."""
        spec = {
            "name": self.name,
            "role": self.role,
            "ledger": self.ledger or ("sleeve" if sleeve and self.role == "hedge" else "core"),
            "product": self.product,
            "legs": self._legs(),
            "days": self.trade.window,
            "every": self.trade.every,
            "enter": spec_of(self.enter),
            "exit": spec_of(self.exit),
            "roll_below": self.roll_below,
            "monetise": [rung.model_dump() for rung in self.monetise],
            "size": self.size.spec(),
            "progression": self.progression.model_dump() if self.progression else None,
        }
        if self.buy is not None and self.buy.after is not None:
            spec["after"] = self.buy.after
        if self.buy is not None and (others := self.buy.others()):
            spec["others"] = others
        if self.buy is not None and self.buy.short is not None:
            spec["short"] = self.buy.short.spec()
        if self.roll_limits is not None:
            spec["roll_limits"] = self.roll_limits.model_dump()
        if self.tranches:
            spec["tranches"] = [{"share": each.share, "when": spec_of(each.when)} for each in self.tranches]
        return spec if self.minute is None else spec | {"at": self.minute}

    def legs_of(self, package: int) -> list[dict[str, Any]]:
        """Return the legs of one of the layer's packages, by its place in `products`; of a future none."""
        return [dict(LEG)] if self.sells(package) else self._legs()

    def sells(self, package: int) -> bool:
        """Whether one of its packages is sold against what it buys: the short leg of a diagonal."""
        return self.buy is not None and self.buy.short is not None and package == len(self.products) - 1

    def _legs(self) -> list[dict[str, Any]]:
        if self.sell is not None and self.strikes is not None:
            return self.strikes.legs(self.sell.structure)
        return self.buy.legs() if self.buy else []

    def document(self) -> dict[str, Any]:
        """Return the layer as TOML tables: what differs from nothing, rules as text."""
        tables: dict[str, Any] = {"name": self.name}
        if self.sell is not None:
            tables["sell"] = self.sell.model_dump(exclude_none=True)
        if self.strikes is not None:
            tables["strikes"] = self.strikes.document()
        if self.buy is not None:
            tables["buy"] = self.buy.document()
        tables["size"] = self.size.document()
        rules = {"enter": self.enter, "exit": self.exit}
        tables |= {key: str(rule) for key, rule in rules.items() if rule is not None}
        if self.roll_below is not None:
            tables["roll_below"] = self.roll_below
        several: dict[str, tuple[Tranche | Rung, ...]] = {
            "tranches": self.tranches,
            "monetise": self.monetise,
        }
        tables |= {key: [each.document() for each in parts] for key, parts in several.items() if parts}
        terms = {"roll_limits": self.roll_limits, "progression": self.progression}
        tables |= {key: each.model_dump(exclude_none=True) for key, each in terms.items() if each is not None}
        if self.ledger is not None:
            tables["ledger"] = self.ledger
        return tables
