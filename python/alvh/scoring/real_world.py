"""What a model says of each expiry: its settlement, what legs pay on it, VIX calls against them (R22)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh import _core, pricing
from alvh.contracts import contract
from alvh.errors import ScoreError
from alvh.market import L3F, Simulated
from alvh.scoring.figures import OF_VIX
from alvh.vix import vix_index

if TYPE_CHECKING:
    from alvh.scoring.job import ScoreJob

Floats = NDArray[np.float64]
Triple = tuple[float, float, float]
Factors = tuple[Triple, Triple]

SESSIONS_A_YEAR: Final = 252.0
DAYS_A_YEAR: Final = 365.0
HEDGE_DELTA: Final = 0.30
"""Forward delta of the VIX call that hedges, by Black's formula at its own volatility."""

FARTHEST_CALL: Final = 4.0  # strikes of VIX calls that are looked at, in futures


@dataclass(frozen=True, slots=True)
class Outlook:
    """One expiry under a model: a sample of its settlement, and the hedge of what is sold on it."""

    model: Simulated
    sessions: float
    days: float
    forward: float
    discount: float
    settlement: Floats  # ascending, points of the chain
    lowest: Floats  # of each path until expiry: daily closes, and the settlement itself
    highest: Floats
    factors: Factors | None
    call_price: float  # of the VIX call, VIX points
    hedge_cost: float
    hedge_drag: float

    def legs(self, strike: Floats, right: str) -> tuple[Floats, Floats]:
        """Return of each strike the discounted mean payoff, and what a VIX point adds to its price."""
        ordered, n = self.settlement, len(self.settlement)
        total = np.concatenate([[0.0], np.cumsum(ordered)])
        below = np.searchsorted(ordered, strike)
        put = (strike * below - total[below]) / n
        mean = put if right == "P" else put + total[-1] / n - strike
        return self.discount * mean, self._vix_point(strike, right)

    def touched(self, low: float, high: float) -> float:
        """Return the share of paths with a close or settlement at or beyond either strike."""
        return float(np.mean((self.lowest <= low) | (self.highest >= high)))

    def _vix_point(self, strike: Floats, right: str) -> Floats:
        if self.factors is None or not len(strike):
            return np.full(len(strike), np.nan)
        own = self.model.quotes(1.0, self.sessions, days=self.days)
        scale = self.forward / float(own.forward)
        before, after = (
            self.model.quotes(strike / scale, self.sessions, right, days=self.days, factors=factors)
            for factors in self.factors
        )
        moved: Floats = (
            (after.price / after.discount - before.price / before.discount) * scale * self.discount
        )
        return moved


class _Paths(NamedTuple):
    """What is simulated until an expiry: ln S since the start, the last VIX; and the curve's two states."""

    growth: Floats
    vix: Floats
    factors: Factors | None


def outlook(quotes: pl.DataFrame, expiries: pl.DataFrame, job: ScoreJob) -> list[Outlook] | None:
    """Return the outlook of each expiry of one snapshot; None without a model."""
    if job.model is None or not expiries.height:
        return None
    model = L3F(vix=vix_index(quotes).value) if isinstance(job.model, str) else job.model
    sessions = expiries["years"].to_numpy() * SESSIONS_A_YEAR
    last = np.maximum(np.ceil(sessions - 1e-9).astype(int), 1)
    paths = model.simulate(job.paths, int(last.max()), seed=job.seed, threads=job.threads)
    growth = np.log(paths["spot"] / paths["spot"][:, :1])
    factors = _factors(model)
    rows = zip(expiries.iter_rows(named=True), last, strict=True)
    return [
        _expiry(model, row, _Paths(growth[:, : n + 1], paths["vix"][:, n], factors), job) for row, n in rows
    ]


def require_vix(model: Simulated, used: frozenset[str]) -> None:
    """Refuse figures about VIX under a model in which nothing moves it.

    Raises
    ------
    ScoreError
        One of those used is.
    """
    if (asked := sorted(used & OF_VIX)) and _factors(model) is None:
        raise ScoreError(
            f"{asked[0]!r}: nothing moves VIX in {type(model).__name__}. Mend: model=market.L3F(...)",
            column=asked[0],
        )


def _factors(model: Simulated) -> Factors | None:
    """Return the state of the curve at the start and with VIX a point higher; None where nothing moves it."""
    spec = model._json()  # noqa: SLF001 -- what the core reads
    x0, x1, x2 = _core.market_start(spec)
    moved = _core.market_shocked(spec, "vix", 1.0, [[0.0, x0, x1, x2]])
    if moved is None:
        return None
    _, y0, y1, y2 = (float(each) for each in moved[0])
    return (x0, x1, x2), (y0, y1, y2)


def _expiry(model: Simulated, row: dict[str, float], paths: _Paths, job: ScoreJob) -> Outlook:
    growth = paths.growth
    sessions, whole = row["years"] * SESSIONS_A_YEAR, growth.shape[1] - 1
    start = model.quotes(1.0, 0, days=0).forward
    carry = np.log(model.quotes(1.0, whole).forward / start)
    # What a path gains beyond the model's forward; one within a session is so much nearer than its close.
    gained = growth[:, -1] - carry
    share = sessions / whole
    mean = gained.mean()
    gained = mean * share + (gained - mean) * np.sqrt(share)
    spot, settled = row["forward"] * np.exp(-carry * share), row["forward"] * np.exp(gained)
    closes = growth[:, : int(sessions + 1e-9) + 1]  # those before the settlement
    paid, cost, drag = (float("nan"),) * 3
    if paths.factors is not None:
        paid, cost, drag = _hedge(model, row, paths.vix, paths.factors, job)
    return Outlook(
        model=model,
        sessions=sessions,
        days=float(row["days"]),
        forward=row["forward"],
        discount=row["discount"],
        settlement=np.sort(settled),
        lowest=np.minimum(spot * np.exp(closes.min(axis=1)), settled),
        highest=np.maximum(spot * np.exp(closes.max(axis=1)), settled),
        factors=paths.factors,
        call_price=paid,
        hedge_cost=cost,
        hedge_drag=drag,
    )


def _hedge(
    model: Simulated, row: dict[str, float], vix: Floats, factors: Factors, job: ScoreJob
) -> tuple[float, float, float]:
    """Return the price of a VIX call; premium and expected cost of them per point lost a VIX point.

    The call is the listed strike nearest to 30 delta, of the days of the condor, held to its settlement.
    """
    traded, days = contract("VIX"), max(float(row["days"]), 1.0)
    future = float(model.futures(days))
    step = traded.strike_step(future)
    strikes = np.arange(np.ceil(future / step) * step, FARTHEST_CALL * future, step)
    quotes = model.vix_quotes(strikes, days)
    years = days / DAYS_A_YEAR
    vol = pricing.implied_vol(quotes.price, future, strikes, years, "C", discount=quotes.discount)
    delta = np.asarray(pricing.greeks(future, strikes, years, vol, "C", which=["delta"]).delta)
    nearest = int(np.nanargmin(np.abs(delta - HEDGE_DELTA)))
    strike, price = strikes[nearest], float(quotes.price[nearest])
    half = max(traded.half_spread.scale * price**traded.half_spread.power, traded.tick(price) / 2.0)
    paid = price + job.fill * half
    gain = float(model.vix_quotes(strike, days, factors=factors[1]).price) - price
    payoff = row["discount"] * float(np.maximum(vix - strike, 0.0).mean())
    return paid, job.hedge_share * paid / gain, job.hedge_share * (paid - payoff) / gain
