"""The strip of one term: forward, K0, the options that count, and their contributions to its variance.

Source: Cboe, "VIX Index methodology" (2022), steps 1 and 2; a zero ask excludes like a zero bid (amended
2025-02-10).
"""

from math import exp
from typing import Final, NamedTuple

import polars as pl

from alvh.errors import VixError

NEAR_THE_MONEY: Final = 0.10  # of the strike where call and put cost most nearly the same
LEAST_PAIRS: Final = 3  # strikes, for the discount that parity implies
NARROWEST: Final = 0.05  # points: a locked market weighs no more than one a tick wide
LIKELY_RATES: Final = (-0.05, 0.25)

QUOTED: Final = (pl.col("bid") > 0) & (pl.col("ask") > 0)
EXCLUDED: Final = ("no_bid", "no_ask", "beyond_two_zero_bids")


class Level(NamedTuple):
    """Where a term's money is: growth e^{RT}, forward, and the listed strike equal to or below it."""

    growth: float
    forward: float
    k0: float


def level(quotes: pl.DataFrame, growth: float | None, years: float, name: str) -> Level:
    """Return the forward and K0 of a term; without a growth, the one that put–call parity implies.

    Parameters
    ----------
    quotes : DataFrame
        One term: strike, right, bid, ask.
    growth : float or None
        e^{RT}.
    years : float
        To settlement, of 365 days.
    name : str
        Of the term, for messages.
    """
    mids = quotes.filter(QUOTED).with_columns(
        mid=(pl.col("bid") + pl.col("ask")) / 2, width=pl.col("ask") - pl.col("bid")
    )
    pairs = mids.filter(right="C").join(mids.filter(right="P"), on="strike", suffix="_put").sort("strike")
    if pairs.is_empty():
        raise VixError(
            f"{name} term: no strike at which both call and put have a bid and an ask, so no forward. "
            "Mend: give quotes near the money"
        )
    pairs = pairs.select(
        "strike", gap=pl.col("mid") - pl.col("mid_put"), width=pl.col("width") + pl.col("width_put")
    )
    at = pairs.row(int(pairs["gap"].abs().arg_min() or 0), named=True)  # the lowest of equals
    if growth is None:
        growth = _parity_growth(pairs, at["strike"], years, name)
    forward = at["strike"] + growth * at["gap"]
    k0 = quotes.filter(pl.col("strike") <= forward)["strike"].max()
    if k0 is None:
        raise VixError(
            f"{name} term: no strike at or below the forward {forward:.2f}. Mend: give the lower strikes"
        )
    return Level(growth, forward, float(k0))  # type: ignore[arg-type]


def _parity_growth(pairs: pl.DataFrame, money: float, years: float, name: str) -> float:
    """Return 1 / discount from the slope of call less put over strikes, weighted by quoted widths."""
    near = pairs.filter((pl.col("strike") / money - 1).abs() <= NEAR_THE_MONEY)
    if near.height < LEAST_PAIRS:
        raise VixError(
            f"{name} term: {near.height} strikes within {NEAR_THE_MONEY:.0%} of {money:g} quote call and "
            f"put: parity needs {LEAST_PAIRS} to imply the discount. Mend: give rate"
        )
    weight = pl.col("width").clip(NARROWEST).pow(-2)
    strike, gap = (pl.col(each) - (weight * pl.col(each)).sum() / weight.sum() for each in ("strike", "gap"))
    discount: float = -near.select((weight * strike * gap).sum() / (weight * strike * strike).sum()).item()
    low, high = (exp(-rate * years) for rate in reversed(LIKELY_RATES))
    if not low <= discount <= high:
        raise VixError(
            f"{name} term: put–call parity implies a discount of {discount:.5f} over {years:.4f} years; "
            f"allowed is {low:.5f} to {high:.5f}. Mend: give rate, or quotes of one moment"
        )
    return 1 / discount


def strip_of(quotes: pl.DataFrame, money: Level, name: str) -> pl.DataFrame:
    """Return the out-of-the-money options by strike: which count, with ΔK and contribution, and why not.

    Columns: strike, option ("put", "call"; at K0 "both", their average), bid, ask, mid, delta_k, contribution
    (ΔK / K² · e^{RT} · mid) and excluded, null for what counts.
    """
    k0 = pl.lit(money.k0)
    at_money = quotes.filter(pl.col("strike") == k0)
    if at_money.filter(QUOTED)["right"].n_unique() < 2:
        raise VixError(
            f"{name} term: put and call at K0 = {money.k0:g} do not both have a bid and an ask, so the "
            "index cannot be calculated. Mend: give a snapshot in which they do"
        )
    puts = quotes.filter(pl.col("strike") < k0, right="P").sort("strike", descending=True)
    calls = quotes.filter(pl.col("strike") > k0, right="C").sort("strike")
    both = at_money.group_by("strike").agg(pl.col("bid", "ask").mean())
    wings = [
        _judged(puts).with_columns(option=pl.lit("put")).reverse(),
        both.with_columns(option=pl.lit("both"), excluded=pl.lit(None, pl.String)),
        _judged(calls).with_columns(option=pl.lit("call")),
    ]
    strip = pl.concat([wing.select("strike", "option", "bid", "ask", "excluded") for wing in wings])
    counts = strip.filter(pl.col("excluded").is_null())
    for option in ("put", "call"):
        if option not in counts["option"]:
            raise VixError(
                f"{name} term: no {option} out of the money has a bid, so the index cannot be calculated. "
                "Mend: give a snapshot in which one does"
            )
    strike = pl.col("strike")
    strike, below, above = pl.col("strike"), pl.col("strike").shift(1), pl.col("strike").shift(-1)
    # At the ends the missing neighbour is the other one mirrored: ΔK is then the whole distance to that one.
    below, above = below.fill_null(2 * strike - above), above.fill_null(2 * strike - below)
    mid = (pl.col("bid") + pl.col("ask")) / 2
    counts = counts.select("strike", mid=mid, delta_k=(above - below) / 2).with_columns(
        contribution=pl.col("delta_k") / strike**2 * money.growth * pl.col("mid")
    )
    return strip.join(counts, on="strike", how="left", maintain_order="left").select(
        pl.exclude("excluded"), "excluded"
    )


def _judged(wing: pl.DataFrame) -> pl.DataFrame:
    """Say why options, from the money outwards, do not count; after two zero bids in a row none does."""
    quoted = QUOTED.fill_null(value=False)
    stop = (~quoted & ~quoted.shift(1, fill_value=True)).cast(pl.Int8).cum_max().cast(pl.Boolean)
    why = (
        pl.when(~(pl.col("bid").fill_null(0) > 0))
        .then(pl.lit("no_bid"))
        .when(~(pl.col("ask").fill_null(0) > 0))
        .then(pl.lit("no_ask"))
        .when(stop)
        .then(pl.lit("beyond_two_zero_bids"))
        .otherwise(pl.lit(None, pl.String))
    )
    return wing.with_columns(excluded=why)
