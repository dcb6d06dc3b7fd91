"""The quotes of a chain as legs: which may be sold or bought, and what each brings to a condor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh import expr
from alvh.chain import fit_surface
from alvh.chain.expiries import TWO_SIDED
from alvh.chain.schema import EXPIRY, SNAPSHOT, STATUSES
from alvh.chain.term import RAW
from alvh.contracts import contract, products
from alvh.errors import ScoreError
from alvh.margin import Grid
from alvh.scoring.figures import TOLERANCE
from alvh.scoring.real_world import Outlook, outlook
from alvh.scoring.terms import Terms, grid_of, terms

if TYPE_CHECKING:
    from alvh.scoring.job import ScoreJob

Floats = NDArray[np.float64]

REASONS: Final = (
    *(status for status in STATUSES if status != "ok"),
    "no_vol",
    "wide_spread",
    "open_interest",
)
"""Why a quote is no leg: its status, no volatility at its mid, spread or open interest beyond limits."""

BECAME: Final = {
    "scored": "its condors were scored",
    "beyond_dte": "its days to expiry are outside the limits, or not known",
    "other_root": "another root was asked for",
    "no_time": "expired, or its settlement is not known",
    "no_forward": "no pair of quotes tells its forward",
    "no_puts": "no put spread satisfies the limits",
    "no_calls": "no call spread satisfies the limits",
    "no_spreads": "no spread of either side satisfies the limits",
}
"""What became of an expiry."""

SIDES: Final = {"puts": "P", "calls": "C"}
GREEKS: Final = ("delta", "gamma", "vega", "theta")
STANDARD_MULTIPLIER: Final = 100.0


class Side(NamedTuple):
    """One right of one expiry, as the core reads it."""

    strike: Floats
    sell: NDArray[np.bool_]
    buy: NDArray[np.bool_]
    sold: Floats
    bought: Floats
    terms: Terms | None


@dataclass(frozen=True, slots=True)
class Quoted:
    """One expiry, as the core reads it, and what a person reads of it."""

    puts: Side
    calls: Side
    forward: float
    raw: tuple[float, ...] | None
    sample: Floats | None
    hedge_cost: float
    hedge_drag: float
    keys: dict[str, object]
    frames: dict[str, pl.DataFrame]
    outlook: Outlook | None

    @property
    def expected_move(self) -> float | None:
        """Points to one standard deviation at the settlement; None where no slice is fitted (C19)."""
        if self.raw is None:
            return None
        a, b, rho, m, sigma = self.raw
        variance = a + b * (rho * -m + math.hypot(m, sigma))
        return self.forward * math.sqrt(variance)


@dataclass(frozen=True, slots=True)
class Prepared:
    """The expiries to be scored, every expiry with its status, and quotes by reason."""

    quoted: list[Quoted]
    expiries: pl.DataFrame
    refused: pl.DataFrame


def snapshots(quotes: pl.DataFrame, job: ScoreJob) -> Prepared:
    """Return the legs of every expiry of every snapshot."""
    parts = quotes.partition_by(SNAPSHOT, maintain_order=True) if quotes.height else [quotes]
    made = [_snapshot(part, job) for part in parts]
    return Prepared(
        quoted=[each for one in made for each in one.quoted],
        expiries=pl.concat([one.expiries for one in made]),
        refused=pl.concat([one.refused for one in made]).group_by("reason", maintain_order=True).sum(),
    )


def _snapshot(quotes: pl.DataFrame, job: ScoreJob) -> Prepared:
    surface = fit_surface(quotes, rate=job.rate, settlement=job.settlement)
    table = surface.expiries.with_columns(became=_became(job)).sort(*EXPIRY, nulls_last=True)
    rows = _legs(surface.quotes, job)
    counted = rows.group_by("reason").len("quotes").filter(pl.col("reason").is_not_null())
    every = pl.DataFrame({"reason": REASONS}).join(counted, on="reason", how="left", maintain_order="left")
    open_ = table.filter(pl.col("became") == "scored")
    future = outlook(quotes, open_, job)
    asked = grid_of(job.rules, quotes) if open_.height else None
    by_expiry = rows.filter(pl.col("reason").is_null()).partition_by(EXPIRY, as_dict=True)
    empty = rows.clear()
    quoted = []
    for number, row in enumerate(open_.iter_rows(named=True)):
        own = by_expiry.get(tuple(row[key] for key in EXPIRY), empty)
        quoted.append(_expiry(row, own, None if future is None else future[number], asked))
    keys = (*EXPIRY, "years", "days", "forward", "became")
    return Prepared(
        quoted=quoted, expiries=table.select(keys), refused=every.with_columns(pl.col("quotes").fill_null(0))
    )


def _became(job: ScoreJob) -> pl.Expr:
    root = pl.lit(value=False) if job.root is None else (pl.col("root") != job.root).fill_null(value=True)
    far = ~pl.col("days").is_between(*job.dte).fill_null(value=False)
    return (
        pl.when(root)
        .then(pl.lit("other_root"))
        .when(far)
        .then(pl.lit("beyond_dte"))
        .when(pl.col("status").is_in(["no_time", "no_forward"]))
        .then(pl.col("status").cast(pl.String))
        .otherwise(pl.lit("scored"))
    )


def _legs(rows: pl.DataFrame, job: ScoreJob) -> pl.DataFrame:
    """Return the quotes with why they are no leg, if they are none, and what a leg brings."""
    greeks = expr.greeks("forward", "strike", "years", "vol", "right", discount="discount", which=GREEKS)
    sound = (TWO_SIDED & pl.col("vol").is_finite() & (pl.col("vol") > 0.0)).fill_null(value=False)
    most = math.inf if job.spread is None else job.spread + TOLERANCE
    wide = pl.col("ask") - pl.col("bid") > most
    thin = pl.col("open_interest").fill_null(0) if "open_interest" in rows.columns else pl.lit(0)
    half = (pl.col("ask") - pl.col("bid")) / 2.0
    forward_delta = pl.col("delta") / pl.col("discount")
    # Reflection at the strike's own volatility: Φ(±d₂) + F/K Φ(±d₁), from price and delta.
    sign = pl.when(pl.col("right") == "C").then(-1.0).otherwise(1.0)
    reflected = (sign * pl.col("mid") + 2.0 * pl.col("forward") * pl.col("delta").abs()) / (
        pl.col("strike") * pl.col("discount")
    )
    return (
        rows.with_columns(_g=greeks)
        .with_columns(pl.col("_g").struct.unnest())
        .drop("_g")
        .with_columns(
            reason=pl.when(pl.col("status") != "ok")
            .then(pl.col("status").cast(pl.String))
            .when(~sound)
            .then(pl.lit("no_vol"))
            .when(wide)
            .then(pl.lit("wide_spread"))
            .when(thin < job.open_interest)
            .then(pl.lit("open_interest")),
            sale=pl.col("mid") - job.fill * half,
            purchase=pl.col("mid") + job.fill * half,
            touch=reflected.clip(0.0, 1.0),
            forward_delta=forward_delta,
            sell=forward_delta.abs().is_between(*job.short_delta) & (pl.col("mid") > 0.0),
        )
    )


def _expiry(row: dict[str, object], own: pl.DataFrame, future: Outlook | None, asked: Grid | None) -> Quoted:
    frames = {side: own.filter(pl.col("right") == right).sort("strike") for side, right in SIDES.items()}
    sides = {}
    for side, right in SIDES.items():
        margin = None if asked is None else terms(frames[side], right, asked, row)
        sides[side] = _side(frames[side], right, future, margin)
    raw = tuple(float(str(row[name])) for name in RAW) if row["status"] == "ok" else None
    root = str(row["root"])
    multiplier = contract(root).multiplier if root in products() else STANDARD_MULTIPLIER
    keys = {name: row[name] for name in (*EXPIRY, "years", "days", "forward", "discount")}
    return Quoted(
        **sides,
        forward=float(str(row["forward"])),
        raw=raw,
        sample=None if future is None else future.settlement,
        hedge_cost=float("nan") if future is None else future.hedge_cost,
        hedge_drag=float("nan") if future is None else future.hedge_drag,
        keys={**keys, "multiplier": multiplier},
        frames=frames,
        outlook=future,
    )


def _side(frame: pl.DataFrame, right: str, future: Outlook | None, margin: Terms | None) -> Side:
    """Return the legs of a right; the rows of `sold` and `bought` are the additive figures of the core."""
    duplicate = frame["strike"].is_duplicated()
    if duplicate.any():
        strike = frame.filter(duplicate)["strike"][0]
        raise ScoreError(
            f"strike {strike:g} {right} stands twice in an expiry. Mend: chain.read marks duplicates",
            column="strike",
            value=strike,
        )
    column = {
        name: frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        for name in ("mid", "bid", "ask", "sale", "purchase", "model_price", "touch", *GREEKS)
    }
    strike = frame["strike"].to_numpy()
    unknown = np.full(len(strike), np.nan)
    payoff, vix = (unknown, unknown) if future is None else future.legs(strike, right)
    greeks = [-column[name] for name in GREEKS]
    sold = [
        column["mid"],
        column["sale"],
        column["bid"],
        column["sale"] - column["model_price"],
        column["sale"] - payoff,
        *greeks,
        vix,
        column["touch"],
    ]
    bought = [
        column["mid"],
        column["purchase"],
        column["ask"],
        column["purchase"] - column["model_price"],
        column["purchase"] - payoff,
        *greeks,
        vix,
        np.zeros(len(strike)),
    ]
    return Side(
        strike=np.ascontiguousarray(strike),
        sell=frame["sell"].fill_null(value=False).to_numpy().copy(),
        buy=np.ones(len(strike), dtype=np.bool_),
        sold=np.ascontiguousarray(np.array(sold)),
        bought=np.ascontiguousarray(np.array(bought)),
        terms=margin,
    )
