"""What `score` found: the best condors as a frame, what became of the rest, and the way to a playbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh import _core
from alvh.chain.schema import SETTLEMENT
from alvh.contracts import contract, products
from alvh.errors import ScoreError
from alvh.playbook import Arm, IronCondor
from alvh.scoring.figures import ADDED, FIGURES

if TYPE_CHECKING:
    from alvh.scoring.job import ScoreJob
    from alvh.scoring.legs import Quoted

LEGS: Final = (("put_long", "puts"), ("put_short", "puts"), ("call_short", "calls"), ("call_long", "calls"))
OF_EXPIRY: Final = {
    "quote_date": pl.Date(),
    "quote_time": pl.String(),
    "root": pl.String(),
    "expiration": pl.Date(),
    "settlement": SETTLEMENT,
    "years": pl.Float64(),
    "days": pl.Int32(),
    "forward": pl.Float64(),
    "multiplier": pl.Float64(),
}
PLACES: Final = (
    *OF_EXPIRY,
    *(name for name, _ in LEGS),
    "put_width",
    "call_width",
    "put_delta",
    "call_delta",
)
"""Columns of a condor besides its figures that an expression can use."""

DIGITS: Final = 6
"""Of a width, as in the core: what decimal strikes are apart is no binary number."""

LEG_COLUMN: Final = {
    "put_long": 2,
    "put_short": 1,
    "call_short": 3,
    "call_long": 4,
}  # in what the core returns


@dataclass(frozen=True, eq=False)
class Scores:
    """The best condors of a chain, from `score`.

    Parameters
    ----------
    frame : DataFrame
        The best condors, best first: `rank`, from 1; keys, `years`, `days`, `forward` and `multiplier` of the
        expiry; strikes `put_long` to `call_long`, `put_width` and `call_width`, points; `put_delta` and
        `call_delta` of the shorts, forward deltas; every figure of `COLUMNS`; `expected_move`, points, to one
        standard deviation, `put_moves` and `call_moves`, how many of them the shorts are from the forward
        (C19); `p_touch_model`, the share of the model's paths with a close at or beyond a short strike.
    expiries : DataFrame
        Every expiry: `became`, a key of `legs.BECAME`; `put_spreads`, `call_spreads`; `candidates`, pairs
        with the short put below the short call; `visited`, those that were scored; `accepted`, those of them
        within the limits.
    refused : DataFrame
        How many `quotes` are no leg, by `reason`.
    job : ScoreJob
        What was asked.
    """

    frame: pl.DataFrame
    expiries: pl.DataFrame
    refused: pl.DataFrame
    job: ScoreJob

    @property
    def candidates(self) -> int:
        """Condors of the chain within the limits of their legs and widths."""
        return int(self.expiries["candidates"].sum())

    @property
    def visited(self) -> int:
        """Condors that were scored; a search rules the others out by bounds."""
        return int(self.expiries["visited"].sum())

    def to_arm(self, i: int = 0, *, name: str | None = None, **core: Any) -> Arm:
        """Return an arm that keeps selling condors like row `i`.

        An arm sells by rule, not by strike. It takes the days to expiry of the row, within a week; for
        both shorts the mean of their two deltas; for both wings the wider of the two, points.

        Parameters
        ----------
        i : int
            Row of `frame`, from 0.
        name : str, optional
            Of the arm.
        **core
            `every`, `size`, `enter` and `exit` of `alvh.IronCondor`.

        Raises
        ------
        ScoreError
            There is no such row, or its root is none that arms sell.

        Examples
        --------
        >>> import alvh as av
        >>> from alvh import chain
        >>> found = av.score(chain.synthetic(longest=50), dte=(40, 50), width=50.0, top=2)
        >>> found.to_arm(0).core.strikes.width_points
        50.0
        """
        if not -self.frame.height <= i < self.frame.height:
            raise ScoreError(f"i = {i}: the frame has {self.frame.height} rows", column="i", value=i)
        row = self.frame.row(i, named=True)
        root = row["root"]
        if root not in products() or contract(root).underlying != "SPX":
            raise ScoreError(
                f"root = {root!r}: arms sell condors on SPX, SPXW or XSP", column="root", value=root
            )
        delta = (abs(row["put_delta"]) + abs(row["call_delta"])) / 2.0
        width = max(row["put_width"], row["call_width"])
        layer = IronCondor(
            days=max(int(row["days"]), 1), short_delta=delta, width_points=width, product=root, **core
        )
        strikes = "/".join(f"{row[leg]:g}" for leg, _ in LEGS)
        about = f"Sells condors like {root} {row['expiration']} {strikes}: both shorts at the mean delta."
        return Arm(name or f"scored_{i + 1 if i >= 0 else self.frame.height + i + 1}", layer, about=about)

    def __repr__(self) -> str:
        """Return how many condors there were, and the best."""
        scored = (self.expiries["became"] == "scored").sum()
        return (
            f"Scores: {self.frame.height} best of {self.candidates:,} condors, {self.visited:,} scored, "
            f"of {scored} of {self.expiries.height} expiries\n{self.frame}"
        )


def described(core: _core.Condors, quoted: list[Quoted], legs: NDArray[np.uint32]) -> pl.DataFrame:
    """Return condors, given by expiry and legs, with all that is told of them."""
    figures = dict(zip(FIGURES, core.figures(legs.tolist()), strict=True))
    rows = [_row(quoted[int(each[0])], each) for each in legs]
    schema = {
        **OF_EXPIRY,
        **{name: pl.Float64() for name in (*PLACES[len(OF_EXPIRY) :], *ADDED)},
    }
    told = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        **{name: pl.Series(values, dtype=pl.Float64).fill_nan(None) for name, values in figures.items()}
    )
    calls = (pl.col("hedge_cost") / pl.col("hedge_calls")).fill_nan(None)  # so far the price of one
    return (
        told.with_columns(hedge_calls=calls)
        .select(*PLACES, *FIGURES, *ADDED)
        .with_row_index("rank", offset=1)
    )


def _row(expiry: Quoted, legs: NDArray[np.uint32]) -> dict[str, Any]:
    at = {name: expiry.frames[side].row(int(legs[LEG_COLUMN[name]]), named=True) for name, side in LEGS}
    strike = {name: leg["strike"] for name, leg in at.items()}
    forward, move = expiry.forward, expiry.expected_move
    return {
        **{name: expiry.keys[name] for name in OF_EXPIRY},
        **strike,
        "put_width": round(strike["put_short"] - strike["put_long"], DIGITS),
        "call_width": round(strike["call_long"] - strike["call_short"], DIGITS),
        "put_delta": at["put_short"]["forward_delta"],
        "call_delta": at["call_short"]["forward_delta"],
        "expected_move": move,
        "put_moves": None if move is None else (forward - strike["put_short"]) / move,
        "call_moves": None if move is None else (strike["call_short"] - forward) / move,
        "hedge_calls": None if expiry.outlook is None else expiry.outlook.call_price,
        "p_touch_model": None
        if expiry.outlook is None
        else expiry.outlook.touched(strike["put_short"], strike["call_short"]),
    }
