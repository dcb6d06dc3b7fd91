"""The best condors: by a figure of the core, or by an expression over blocks of condors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh import _core
from alvh.chain.schema import EXPIRY
from alvh.scoring.figures import FIGURES
from alvh.scoring.scores import DIGITS, LEGS, OF_EXPIRY, Scores, described

if TYPE_CHECKING:
    from alvh.scoring.job import ScoreJob
    from alvh.scoring.legs import Prepared, Quoted

BLOCK: Final = 1 << 18
"""Condors that are looked at together where a ranking or condition is an expression."""

Legs = NDArray[np.uint32]
LEG_NUMBERS: Final = ("_expiry", "_put_short", "_put_long", "_call_short", "_call_long")


def ranked(prepared: Prepared, job: ScoreJob) -> Scores:
    """Return the best condors of prepared expiries."""
    listed, between = job.widths
    core = _core.Condors(prepared.quoted, listed, between, job.sides_apart)
    equal = job.wings == "equal"
    if isinstance(job.ranking, pl.Expr) or isinstance(job.where, pl.Expr):
        legs, visited, accepted = _streamed(core, prepared.quoted, job)
    else:
        searched = job.method == "search"
        _, legs, visited, accepted = core.best(
            job.ranking, job.descending, job.top, job.limits, equal, searched, job.threads
        )
    return Scores(
        frame=described(core, prepared.quoted, legs),
        expiries=_expiries(prepared, core.counts(equal), visited, accepted),
        refused=prepared.refused,
        job=job,
    )


def _expiries(
    prepared: Prepared, counts: list[tuple[int, int, int]], visited: list[int], accepted: list[int]
) -> pl.DataFrame:
    """Return every expiry with how many spreads and condors it has, and what became of it."""
    schema = {"put_spreads": pl.Int64, "call_spreads": pl.Int64, "candidates": pl.Int64}
    told = pl.DataFrame(counts, schema=schema, orient="row").with_columns(
        visited=pl.Series(visited, dtype=pl.Int64), accepted=pl.Series(accepted, dtype=pl.Int64)
    )
    keys = prepared.expiries.filter(pl.col("became") == "scored").select(EXPIRY)
    joined = prepared.expiries.join(
        pl.concat([keys, told], how="horizontal"),
        on=EXPIRY,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    puts, calls = pl.col("put_spreads") == 0, pl.col("call_spreads") == 0
    became = (
        pl.when(puts & calls)
        .then(pl.lit("no_spreads"))
        .when(puts)
        .then(pl.lit("no_puts"))
        .when(calls)
        .then(pl.lit("no_calls"))
        .otherwise("became")
    )
    counted = pl.col(*schema, "visited", "accepted").fill_null(0)
    return joined.with_columns(became=became).with_columns(counted)


def _streamed(core: _core.Condors, quoted: list[Quoted], job: ScoreJob) -> tuple[Legs, list[int], list[int]]:
    """Rank blocks of condors by an expression; the memory is that of a block."""
    rank = job.ranking if isinstance(job.ranking, pl.Expr) else pl.col(job.ranking)
    wanted = [pl.col(name).is_between(low, high) for name, low, high in job.limits]
    wanted += [job.where] if isinstance(job.where, pl.Expr) else []
    names = {name for each in (rank, *wanted) for name in each.meta.root_names()}
    figures = sorted(names & set(FIGURES))
    kept = pl.DataFrame(schema={"_rank": pl.Float64, **dict.fromkeys(LEG_NUMBERS, pl.UInt32)})
    visited, accepted = [0] * len(quoted), [0] * len(quoted)
    fits = pl.col("put_short") < pl.col("call_short")
    if job.wings == "equal":
        fits &= pl.col("put_width") == pl.col("call_width")
    for number, expiry in enumerate(quoted):
        puts, calls = core.spreads(number)
        if not len(puts) or not len(calls):
            continue
        step = max(1, BLOCK // len(calls))
        for first in range(0, len(puts), step):
            last = min(first + step, len(puts))
            columns = core.columns(number, figures, first, last)
            # A figure that is missing satisfies no condition; NaN would be above every number.
            block = _placed(expiry, number, puts[first:last], calls).with_columns(
                pl.Series(name, values).fill_nan(None) for name, values in zip(figures, columns, strict=True)
            )
            block = block.filter(fits)
            visited[number] += block.height
            block = block.filter(*wanted) if wanted else block
            block = block.select(rank.cast(pl.Float64).alias("_rank"), *LEG_NUMBERS)
            block = block.filter(pl.col("_rank").is_not_nan())
            accepted[number] += block.height
            kept = pl.concat([kept, block]).sort(
                "_rank", *LEG_NUMBERS, descending=[job.descending, *[False] * len(LEG_NUMBERS)]
            )
            kept = kept.head(job.top)
    return kept.select(LEG_NUMBERS).to_numpy().astype(np.uint32), visited, accepted


def _placed(expiry: Quoted, number: int, puts: Legs, calls: Legs) -> pl.DataFrame:
    """Return the condors of some put spreads with every call spread: legs, places, expected moves."""
    every = [np.repeat(puts, len(calls), axis=0), np.tile(calls, (len(puts), 1))]
    legs = np.column_stack([np.full(len(every[0]), number, np.uint32), *every])
    frame = pl.DataFrame(legs, schema=dict.fromkeys(LEG_NUMBERS, pl.UInt32), orient="row")
    columns = {}
    for name, side in LEGS:
        strikes = expiry.frames[side]["strike"].to_numpy()
        columns[name] = strikes[frame[f"_{name}"].to_numpy()]
    for side, source in (("put", "puts"), ("call", "calls")):
        delta = expiry.frames[source]["forward_delta"].to_numpy()
        columns[f"{side}_delta"] = delta[frame[f"_{side}_short"].to_numpy()]
        columns[f"{side}_width"] = np.abs(columns[f"{side}_short"] - columns[f"{side}_long"]).round(DIGITS)
    of_expiry = [pl.lit(expiry.keys[name]).alias(name) for name in OF_EXPIRY]
    placed = frame.with_columns(**{name: pl.Series(values) for name, values in columns.items()})
    move = pl.lit(expiry.expected_move, dtype=pl.Float64)
    return placed.with_columns(*of_expiry, expected_move=move).with_columns(
        put_moves=(pl.col("forward") - pl.col("put_short")) / pl.col("expected_move"),
        call_moves=(pl.col("call_short") - pl.col("forward")) / pl.col("expected_move"),
    )
