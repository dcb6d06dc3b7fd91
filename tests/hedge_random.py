"""Random plans of hedged books: targets, caps, cadences and rules in combinations that nobody would write."""

from random import Random
from typing import Any

from alvh.market import L3F
from hedge_plan import FORTNIGHT, MONTH, QUARTER, WEEK, commingled, core, hedge, separate, spec
from twin_plan import leg, rule

VALUES = {
    "core_vega": (0.3, 0.5, 1.0),
    "threatened_delta": (0.35, 1.0, 3.0),
    "core_notional": (0.3, 1.0),
    "core_index_notional": (0.1, 0.5),
    "premium_share": (0.01, 0.05),
    "lots": (1, 3, 8, 30),
    "core_max_loss": (0.1, 0.5),
}
OF_PREMIUM = {"core_notional", "premium_share"}  # targets that a future, which costs no premium, cannot have
CALL: tuple[str, list] = ("VIX", [leg("C", 1, by="delta", value=0.3)])
PACKAGES: tuple[tuple[str, list], ...] = (
    ("VX", []),
    ("VXM", []),
    CALL,
    ("VIX", [leg("P", 1, by="delta", value=0.4)]),
    (
        "VIX",
        [leg("C", 1, by="delta", value=0.4), leg("C", -1, by="offset", **{"from": 0}, width={"points": 10})],
    ),
    ("SPX", [leg("P", 1, by="delta", value=0.75)]),
    ("SPXW", [leg("P", 1, by="delta", value=0.2)]),
    (
        "SPXW",
        [leg("P", 1, by="delta", value=0.6), leg("P", -1, by="offset", **{"from": 0}, width={"points": 100})],
    ),
)
BOOK_RULES = (
    rule("gt", "vix", 30.0),
    rule("lt", "vix", 34.0),
    rule("gt", "vix_forward", 28.0),
    rule("lt", "chance", 0.5),
    rule("gt", "nav_share", 0.9),
    rule("gt", "core_challenge", 0.3),
    rule("gt", "core_loss_multiple", 0.5),
    rule("gt", "core_sd_move", 0.7),
)
POSITION_RULES = (
    rule("ge", "loss", 10.0),
    rule("ge", "profit", 1.0),
    rule("ge", "sessions_held", 4.0),
    rule("le", "days_to_expiry", 3.0),
)
RUNGS = (
    [{"at": 1.1, "sell": 0.34}, {"at": 1.5, "sell": 0.33}],
    [{"at": 1.05, "sell": 0.2}, {"at": 1.1, "sell": 0.2}, {"at": 2.0, "sell": 0.2}],
)


class Maker:
    """Makes plans, the same for the same seed."""

    def __init__(self, seed: int, *, diagonals: bool = False) -> None:
        self.random = Random(seed)  # noqa: S311 (no secret)
        self.pick = self.random.choice
        self.diagonals = diagonals

    def maybe(self, share: float, **given: Any) -> dict[str, Any]:
        return given if self.random.random() < share else {}

    def window(self, every: str) -> dict[str, int]:
        return WEEK if every == "day" else self.pick((WEEK, FORTNIGHT, MONTH))

    def core(self) -> dict[str, Any]:
        every = self.pick(("flat", "week", "day"))
        progression = {"mode": self.pick(("replace", "add", "recoup")), "max_doublings": 3}
        more = self.maybe(0.4, exit=self.pick(POSITION_RULES)) | self.maybe(0.2, enter=self.pick(BOOK_RULES))
        more |= self.maybe(0.3, progression=progression) | self.maybe(
            0.3, size={"buffer": self.pick((0.05, 0.3))}
        )
        more |= {"product": self.pick(("SPXW", "SPX")), "width": self.pick((25.0, 50.0, 100.0))}
        return core(self.pick((0.1, 0.3, 0.6, 0.9)), self.window(every), every=every, **more)

    def hedge(self, ledgers: dict[str, Any] | None) -> dict[str, Any]:
        product, legs = CALL if self.diagonals else self.pick(PACKAGES)
        every, target = self.pick(("flat", "week", "day")), self.pick(sorted(VALUES))
        if (not legs and target in OF_PREMIUM) or (legs and target == "core_max_loss"):
            target = "lots"
        days = self.window(every)
        more = self.maybe(0.4, enter=self.pick(BOOK_RULES)) | self.maybe(
            0.4, roll_below=self.pick((2, days["low"] - 1))
        )
        more |= self.maybe(0.3, exit=self.pick(BOOK_RULES + POSITION_RULES))
        more |= self.maybe(0.5, monetise=self.pick(RUNGS)) if legs else {}
        more |= self.maybe(0.3, press=self.press()) if legs else {}
        if every == "flat":
            more |= self.maybe(0.3, tranches=self.tranches())
            more |= self.maybe(0.5, roll_limits=self.limits(bool(legs))) if "roll_below" in more else {}
        if self.diagonals and days is not WEEK:
            more["short"] = self.short()
        else:
            more |= self.maybe(0.4, others=self.others(product, more.get("roll_below", 0)))
        if target == "premium_share":  # it counts nothing that is held
            more.pop("tranches", None)
        more |= {
            "size": self.size(ledgers, target, bool(legs)),
            "ledger": self.pick(("core", "sleeve")) if ledgers else "core",
        }
        return hedge(product, legs, days, every=every, target=target, value=self.pick(VALUES[target]), **more)

    def others(self, product: str, roll_below: int) -> list[dict[str, Any]]:
        """A larger contract of a future, a longer tenor of an option."""
        if product in {"VX", "VXM"}:
            lots = {"by": "lots", "least": self.pick((1.0, 2.0))}
            days = QUARTER if roll_below > MONTH["low"] else MONTH
            return [{"product": "VX", "days": days, "prefer": lots}] if roll_below < days["low"] else []
        longer = {"by": "theta_per_vega", "when": self.pick(BOOK_RULES)}
        return [{"product": product, "days": QUARTER, "prefer": longer}]

    def short(self) -> dict[str, Any]:
        """What is sold against a call."""
        width = {"by": "offset", "from": 0, "width": {"points": self.pick((1.0, 6.0))}}
        strike = self.pick(({"by": "delta", "value": 0.15}, width))
        return {
            "days": WEEK,
            "strike": strike,
            "share": self.pick((0.5, 1.0)),
            "again": self.pick((True, False)),
            "least_kept": self.pick((0.0, 0.5)),
            "when": self.pick((None, None, *BOOK_RULES)),
        }

    def press(self) -> dict[str, Any]:
        return {"when": self.pick(BOOK_RULES), "at": self.pick((0.7, 1.1)), "sell": self.pick((0.2, 0.3))}

    def tranches(self) -> list[dict[str, Any]]:
        further = [{"share": 0.2, "when": self.pick(BOOK_RULES)} for _ in range(self.pick((1, 2, 3)))]
        return [{"share": 0.4}, *further]

    def limits(self, options: bool) -> dict[str, float]:
        variance = {"forward_variance": self.pick((0.8, 1.0, 1.2))}
        value = {"extrinsic_per_day": self.pick((0.6, 1.0, 3.0))}
        return self.pick((variance, value, variance | value)) if options else variance

    def size(self, ledgers: dict[str, Any] | None, target: str, premium: bool) -> dict[str, Any]:
        caps = [{"kind": "crash_gain", "ln_move": self.pick((-0.1, -0.2))}]
        if ledgers and ledgers["budget_per_year"] is not None:
            caps.append({"kind": "budget"})
        if premium:
            caps.append({"kind": "premium", "share": self.pick((0.01, 0.05, 0.15))})
        size = {"caps": [cap for cap in caps if self.random.random() < 0.4]}
        size |= self.maybe(0.3, reduced={"when": self.pick(BOOK_RULES), "to": 0.5}) | self.maybe(
            0.2, multiplier=2.0
        )
        size |= self.maybe(0.2, band=0.3) if target != "premium_share" else {}
        size |= self.maybe(
            0.2, reductions=[{"when": self.pick(BOOK_RULES), "to": share} for share in (0.75, 0.25)]
        )
        return size | (self.maybe(0.4, gross_short_leg=True) if target == "threatened_delta" else {})

    def ledgers(self) -> dict[str, Any] | None:
        mode = self.pick((None, separate, separate, commingled))
        if mode is None:
            return None
        ledgers = mode(self.pick((0.02, 0.1, 0.3)), per_year=self.pick((None, 0.01, 0.05, 0.3)))
        ways = ({"from": "core", "to": "sleeve"}, {"from": "sleeve", "to": "core"})
        when = (*BOOK_RULES, rule("gt", "sleeve_nav_share", 0.12), rule("lt", "sleeve_nav_share", 0.08))
        if mode is separate:
            count = self.pick((0, 0, 1, 2))
            ledgers["transfers"] = [
                {"when": self.pick(when), "share": 0.3} | self.pick(ways) for _ in range(count)
            ]
        return ledgers

    def plan(self) -> dict[str, Any]:
        ledgers = self.ledgers()
        layers = [self.core() for _ in range(self.pick((1, 1, 2)))]
        layers += [self.hedge(ledgers) for _ in range(self.pick((1, 2, 3)))]
        self.random.shuffle(layers)
        costs = {
            "commission": self.pick((0.5, 20.0)),
            "half_spread_factor": self.pick((1.0, 2.0)),
            "liquidation_share": self.pick((1.0, 1.7)),
            "single_share": self.pick((1.0, 0.6)),
        }
        return spec(
            ([layer | {"name": f"layer {i}"} for i, layer in enumerate(layers)], ledgers),
            sessions=30,
            seed=self.random.randrange(1000),
            market=L3F(vix=self.pick((18.5, 26, 35.5, 50.5)), erp=0.0, rate=self.pick((0.04, -0.3))),
            costs=costs,
            holidays=self.pick(((), (9, 19))),
            ruin_share=self.pick((0.2, 0.2, 0.85)),
        )
