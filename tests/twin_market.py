"""What the twin sees of the market: the states of one path, and the quotes of every product from them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp, nan
from typing import Any

from twin_calendar import Calendar
from twin_funds import Funds, Share
from twin_shock import Shock
from twin_surface import Quotes, State, Surface, quotes
from twin_vix import VixCurve, VixQuotes

OVERNIGHT_SESSIONS = 0.55  # what a morning settlement lacks of its last session
CLOSES = ("ln_s", "x0", "x1", "x2", "r", "q")
SURFACE = ("surface_level", "surface_skew", "surface_curvature")  # 0 unless given

AnyQuotes = Quotes | VixQuotes | Share
Basis = Callable[[int, int], float]  # of a tick and the session on which the future settles


@dataclass(frozen=True)
class Product:
    """What quotes depend on: VIX or SPX, morning or close."""

    vix: bool
    morning: bool
    share: str | None = None  # of this fund
    on: str | None = None  # options on shares of this fund


class Market:
    """One path: closes, openings, special quotations and bases by tick."""

    def __init__(self, spec: dict[str, Any], state: dict[str, Any], start: int, basis: Basis | None) -> None:
        self.start, self.calendar = start, Calendar(spec["schedule"])
        self.surface, self.curve = Surface(spec["market"]), VixCurve(spec["market"])
        self.shock = None if spec["market"]["model"] == "gbm" else Shock(spec["market"])
        closes = states(*(state[name] for name in CLOSES))
        surface = zip(*(state.get(name, [0.0] * len(closes)) for name in SURFACE), strict=True)
        self.closes = [
            replace(close, surface=tuple(map(float, day))) for close, day in zip(closes, surface, strict=True)
        ]
        opening = (state.get(f"open_{name}", state[name]) for name in CLOSES[:4])
        self.mornings = states(*opening, state["r"], state["q"])
        ticks = len(self.closes)
        self.special = [float(x) for x in state.get("special", [1.0] * ticks)]
        self.chance = [float(x) for x in state.get("chance", [nan] * ticks)]
        self.indicators: dict[str, Any] = state.get("indicators", {})
        self.before: list[dict[str, Any]] = state.get("before", [])
        self.basis: Basis = basis or (lambda tick, expiry: 1.0)
        self.funds = Funds(spec, self) if spec.get("roll") else None

    def session(self, tick: int) -> int:
        """Session of the schedule."""
        return self.start + tick

    def days(self, tick: int, expiry: int) -> int:
        """Calendar days left."""
        return self.calendar.days(self.session(tick), expiry)

    def sessions(self, product: Product, tick: int, expiry: int) -> float:
        """Exchange sessions left, of variance."""
        n = self.calendar.sessions(self.session(tick), expiry)
        return n - OVERNIGHT_SESSIONS if product.morning else n

    def vix(self, state: State) -> float:
        """VIX, points."""
        return self.surface.vix(state.x)

    def later(self, product: Product, tick: int, expiry: int, n: float, days: float) -> AnyQuotes:
        """Quotes of an expiry at the close of a tick, were so much left of it and the curve as it is.

        A share does not stay where it is: it rolls down that curve until then.
        """
        if product.on is not None and self.funds is not None:
            gone = self.days(tick, expiry) - days
            times = self.funds.rolled(product.on, tick) ** gone
            return self.funds.option(product.on, tick, self.closes[tick], days, tick, times=times)
        return self.quotes(product, self.closes[tick], n, days, self.basis(tick, expiry))

    def quotes(self, product: Product, state: State, n: float, days: float, basis: float) -> AnyQuotes:
        """Quotes of an expiry with so much left in any state."""
        if product.vix:
            return self.curve.quotes(state, days, basis)
        return quotes(state, self.surface.smile(state, n), days)

    def at(
        self, product: Product, tick: int, expiry: int, state: State | None = None, since: int | None = None
    ) -> AnyQuotes:
        """Quotes of an expiry at the close of a tick, or in another state then.

        Of a fund, of what was a share at the tick `since`, today unless given.
        """
        since = tick if since is None else max(since, 0)
        if product.share is not None and self.funds is not None:
            return self.funds.at(product.share, tick, state or self.closes[tick], since)
        n, days = self.sessions(product, tick, expiry), self.days(tick, expiry)
        if product.on is not None and self.funds is not None:
            return self.funds.option(product.on, tick, state or self.closes[tick], days, since)
        return self.quotes(product, state or self.closes[tick], n, days, self.basis(tick, expiry))

    def steps(self, product: Product, tick: int, expiry: int, since: int) -> dict[str, AnyQuotes]:
        """From the close of the tick before, aged by the time, to now: the quotes after each bucket."""
        since = max(since, 0)
        if product.share is not None and self.funds is not None:
            return self.funds.steps(product.share, tick, since)
        before, now = self.closes[tick - 1], self.closes[tick]
        n, days = self.sessions(product, tick, expiry), self.days(tick, expiry)
        if product.morning and days == 0:
            now, n = self.mornings[tick], 0
        b0, b1 = self.basis(tick - 1, expiry), self.basis(tick, expiry)
        old = replace(now, x=before.x, surface=before.surface)  # but for the spot and the clock
        if product.on is not None and self.funds is not None:
            return self.funds.option_steps(product.on, tick, old, days, since)
        time = self.quotes(product, replace(old, spot=before.spot), n, days, b0)
        spot = self.quotes(product, old, n, days, b0)
        smile = self.quotes(product, now, n, days, b1)
        return {"time": time, "spot": spot, "level": spot.at_level_of(smile), "smile": smile}

    def shares(self, product: Product, tick: int) -> float:
        """Shares of session 0 that one is at a tick; 1 where the product has none."""
        name = product.on or product.share
        return self.funds.merged[name][max(tick, 0)] if name is not None and self.funds is not None else 1.0

    def settlement(self, product: Product, tick: int, expiry: int, since: int) -> float:
        """What an expiry settles to, of a fund what was a share at the tick `since`."""
        if product.on is not None and self.funds is not None:
            return self.funds.close[product.on][tick] * self.funds.merged[product.on][max(since, 0)]
        if product.vix:
            return self.vix(self.mornings[tick]) * self.basis(tick, expiry) * self.special[tick]
        return (self.mornings if product.morning else self.closes)[tick].spot


def states(*columns: Any) -> list[State]:
    """States by tick from columns of ln S, factors, rate and dividend yield."""
    rows = zip(*(map(float, column) for column in columns), strict=True)
    return [State(exp(s), (x0, x1, x2), r, q) for s, x0, x1, x2, r, q in rows]
