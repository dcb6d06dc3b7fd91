"""A book of one-day condors with a stop, written a second time: plain Python, one path, a market of one vol.

``docs/one_day.md`` says what it must do. Instants are the opening, the ends of the bars and the entry; what
is decided at one is filled at the next. Nothing here is shared with the engine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import exp, expm1, floor, log, sqrt
from statistics import NormalDist
from typing import Any

NORMAL = NormalDist()
MINUTES, HALF_DAY = 390, 210
OVERNIGHT = 0.45  # of GBM
OPEN, CLOSE, DECAY = 2.0, 1.0, 45.0  # the profile of docs/intraday.md

Stop = Callable[[float, float], bool]


def share_before(minute: int, length: int) -> float:
    """Share of the day's variance before a minute, in a day of so many."""

    def integral(t: float) -> float:
        opening = OPEN * (1 - exp(-t / DECAY))
        closing = CLOSE * (exp(-(length - t) / DECAY) - exp(-length / DECAY))
        return t + DECAY * (opening + closing)

    return integral(minute) / integral(length)


def entry(minute: int, length: int) -> int:
    """A time of entry on a day of so many minutes: as far from its nearer end as on a whole day."""
    return minute if minute <= MINUTES - minute else length - (MINUTES - minute)


@dataclass
class Tranche:
    """A condor that is held: short put, long put, short call, long call."""

    expiry: int
    strikes: list[float]
    lots: float
    credit: float
    worst: float
    best: float
    worth: float = 0.0
    prices: list[float] = field(default_factory=list)
    leaving: bool = False


@dataclass
class Twin:
    """One path of one book: `minutes` and `spots` have the opening and the instants of every session."""

    spec: dict[str, Any]
    stop: Stop | None
    minutes: Sequence[Sequence[int]]
    spots: Sequence[Sequence[float]]

    def __post_init__(self) -> None:
        (self.layer,) = self.spec["books"][0]["layers"]
        self.row = self.spec["contracts"][self.layer["product"]]
        self.costs = self.spec["costs"]
        self.days, self.origin = self.spec["schedule"]["days"], self.spec["schedule"]["origin"]
        market = self.spec["market"]
        self.vol, self.rate, self.yields = market["vol"], market["rate"], market["dividend_yield"]
        self.dpp = self.row["multiplier"] * self.row["index_fraction"]
        self.fees = 4 * (self.row["exchange_fee"] + self.costs["commission"])
        self.cash = self.spec["capital"]
        self.held: list[Tranche] = []
        self.followed: list[tuple[Tranche, float]] = []
        counts = "opened closed_early recovered whipsawed lost unresolved"
        dollars = "lots regret_rule given_up adverse favourable"
        self.sum = dict.fromkeys(f"{counts} {dollars}".split(), 0.0)

    def run(self) -> dict[str, float]:
        """Run all sessions; the figures of the path."""
        for tick in range(1, self.spec["sessions"] + 1):
            session = self.origin + tick
            night = self.days[session] - self.days[session - 1]
            self.cash += self.cash * expm1(self.rate * night / 365)
            for minute, spot in zip(self.minutes[tick - 1], self.spots[tick - 1], strict=True):
                self.instant(session, minute, spot)
        for each in self.held:
            self.note(each)
        self.sum["nav"] = self.cash + sum(each.worth * each.lots * self.dpp for each in self.held)
        return self.sum

    def length(self, session: int) -> int:
        return HALF_DAY if self.spec["schedule"]["half_days"][session] else MINUTES

    def instant(self, session: int, minute: int, spot: float) -> None:
        for each in self.held:
            each.prices = self.prices(each.strikes, session, minute, spot, each.expiry)
            each.worth = -each.prices[0] + each.prices[1] - each.prices[2] + each.prices[3]
            each.worst = min(each.worst, each.credit + each.worth)
            each.best = max(each.best, each.credit + each.worth)
        if minute == self.length(session):
            self.settle(session, spot)
        for each in [each for each in self.held if each.leaving]:
            self.close(each, spot)
        if minute == entry(self.layer["at"], self.length(session)):
            self.open(session, minute, spot)
        for each in self.held:
            each.leaving = self.stop is not None and self.stop(each.credit, -each.worth)

    def open(self, session: int, minute: int, spot: float) -> None:
        expiry = session + 1
        forward, _, sd = self.quote(session, minute, spot, expiry)
        delta = self.layer["legs"][0]["strike"]["value"]
        put, call = (
            5 * floor(forward * exp(sd * sd / 2 - sd * NORMAL.inv_cdf(at)) / 5 + 0.5)
            for at in (1 - delta, delta)
        )
        strikes = [put, put - 5.0, call, call + 5.0]
        prices = self.prices(strikes, session, minute, spot, expiry)
        worth = -prices[0] + prices[1] - prices[2] + prices[3]
        slip = self.slip(prices)
        lots = floor(self.layer["size"]["value"])
        tranche = Tranche(expiry, strikes, lots, -worth - slip, -slip, -slip, worth, prices)
        if tranche.credit <= 0:
            return
        self.cash += lots * (self.dpp * tranche.credit - self.fees)
        self.held.append(tranche)
        self.sum["opened"] += 1
        self.sum["lots"] += lots

    def close(self, tranche: Tranche, spot: float) -> None:
        received = tranche.worth - self.slip(tranche.prices)
        self.cash += tranche.lots * (self.dpp * received - self.fees)
        self.sum["closed_early"] += 1
        self.sum["unresolved"] += 1
        self.sum["given_up"] += tranche.lots * self.dpp * (self.payoff(tranche, spot) - tranche.worth)
        self.followed.append((tranche, received))
        self.end(tranche, tranche.lots * (self.dpp * (tranche.credit + received) - 2 * self.fees))

    def settle(self, session: int, spot: float) -> None:
        for each in [each for each in self.held if each.expiry == session]:
            paid = self.payoff(each, spot)
            self.cash += each.lots * self.dpp * paid
            self.end(each, each.lots * (self.dpp * (each.credit + paid) - self.fees))
        for each, received in [pair for pair in self.followed if pair[0].expiry == session]:
            paid = self.payoff(each, spot)
            self.sum["unresolved"] -= 1
            self.sum["regret_rule"] += (paid - received) * each.lots * self.dpp
            self.sum["recovered"] += paid > received
            self.sum["whipsawed"] += self.dpp * (each.credit + paid) > self.fees

    def end(self, tranche: Tranche, pnl: float) -> None:
        self.held.remove(tranche)
        self.sum["lost"] += pnl < 0
        self.note(tranche)

    def note(self, tranche: Tranche) -> None:
        self.sum["adverse"] += tranche.lots * self.dpp * tranche.worst
        self.sum["favourable"] += tranche.lots * self.dpp * tranche.best

    def payoff(self, tranche: Tranche, spot: float) -> float:
        short_put, long_put, short_call, long_call = tranche.strikes
        puts = max(long_put - spot, 0) - max(short_put - spot, 0)
        return puts + max(spot - long_call, 0) - max(spot - short_call, 0)

    def quote(self, session: int, minute: int, spot: float, expiry: int) -> tuple[float, float, float]:
        """Forward, discount factor and deviation of an expiry."""
        length = self.length(session)
        left = (1 - OVERNIGHT) * (1 - share_before(minute, length))
        years = (self.days[expiry] - self.days[session] + (length - minute) / 1440) / 365
        deviation = self.vol * sqrt((expiry - session + left) / 252)
        return spot * exp((self.rate - self.yields) * years), exp(-self.rate * years), deviation

    def prices(
        self, strikes: list[float], session: int, minute: int, spot: float, expiry: int
    ) -> list[float]:
        forward, discount, sd = self.quote(session, minute, spot, expiry)
        return [
            discount * black(forward, strike, sd, -1 if leg < 2 else 1) for leg, strike in enumerate(strikes)
        ]

    def slip(self, prices: list[float]) -> float:
        spread, knee = self.row["half_spread"], self.costs["vix_knee"]
        stress = (max(100 * self.vol, knee) / knee) ** self.costs["vix_power"]
        halves = (
            max(0.5 * rung(self.row["ticks"], price), spread["scale"] * price ** spread["power"])
            for price in prices
        )
        return self.costs["order_share"] * self.costs["half_spread_factor"] * stress * sum(halves)


def rung(rungs: list[list[float]], at: float) -> float:
    return next((value for start, value in reversed(rungs) if at >= start), rungs[0][1])


def black(forward: float, strike: float, sd: float, sign: int) -> float:
    if sd == 0:
        return max(sign * (forward - strike), 0.0)
    d1 = log(forward / strike) / sd + sd / 2
    return max(sign * (forward * NORMAL.cdf(sign * d1) - strike * NORMAL.cdf(sign * (d1 - sd))), 0.0)
