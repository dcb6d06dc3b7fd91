"""The strip of one term: the options that count and what each contributes to the variance.

Source: Cboe, "VIX Index methodology" (2022), steps 1 and 2; a zero ask excludes like a zero bid (amended
2025-02-10).
"""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.errors import VixError
from alvh.vix.forward import Level

EXCLUDED: Final = ("no_bid", "no_ask", "beyond_two_zero_bids")
REASONS: Final = (None, *EXCLUDED)


def strip_of(quotes: pl.DataFrame, money: Level, name: str) -> pl.DataFrame:
    """Return the out-of-the-money options by strike: which count, with ΔK and contribution, and why not.

    Columns: strike, option ("put", "call"; at K0 "both", their average), bid, ask, mid, delta_k, contribution
    (ΔK / K² · e^{RT} · mid) and excluded, null for what counts.
    """
    ordered = quotes.sort("strike")
    strike, bid, ask = (ordered[each].to_numpy(writable=True) for each in ("strike", "bid", "ask"))
    is_call = (ordered["right"] == "C").to_numpy()
    puts, calls = (
        np.flatnonzero(~is_call & (strike < money.k0)),
        np.flatnonzero(is_call & (strike > money.k0)),
    )
    both = np.flatnonzero(strike == money.k0)  # a call and a put, both quoted: `level` saw to that
    for quote in (bid, ask):
        quote[both] = quote[both].mean()

    why = np.zeros(strike.size, dtype=np.intp)
    why[puts] = _why_not(bid[puts][::-1], ask[puts][::-1])[::-1]
    why[calls] = _why_not(bid[calls], ask[calls])
    for option, wing in (("put", puts), ("call", calls)):
        if why[wing].all():
            raise VixError(
                f"{name} term: no {option} out of the money has a bid, so the index cannot be calculated. "
                "Mend: give a snapshot in which one does"
            )

    rows = np.concatenate([puts, both[:1], calls])
    strike, bid, ask, why = strike[rows], bid[rows], ask[rows], why[rows]
    counts = why == 0
    mid = np.where(counts, (bid + ask) / 2, np.nan)
    delta_k = np.full(rows.size, np.nan)
    delta_k[counts] = _delta_k(strike[counts])
    columns = {
        "strike": strike,
        "option": np.repeat(["put", "both", "call"], [puts.size, 1, calls.size]),
        "bid": bid,
        "ask": ask,
        "mid": mid,
        "delta_k": delta_k,
        "contribution": delta_k / strike**2 * money.growth * mid,
        "excluded": pl.Series([REASONS[each] for each in why], dtype=pl.String),
    }
    return pl.DataFrame(columns, nan_to_null=True)


def _why_not(bid: NDArray[np.float64], ask: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return an index of REASONS for options from the money outwards; NaN is no quote."""
    no_bid, no_ask = ~(bid > 0), ~(ask > 0)
    zero = no_bid | no_ask
    two_in_a_row = zero[1:] & zero[:-1]
    beyond = np.logical_or.accumulate(np.concatenate([[False], two_in_a_row]))[: zero.size]
    return np.select([no_bid, no_ask, beyond], range(1, len(REASONS)), 0)


def _delta_k(strike: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return half the distance between the neighbours; at the ends, the distance to the one."""
    below = np.concatenate([[2 * strike[0] - strike[1]], strike[:-1]])  # the missing neighbour mirrored
    above = np.concatenate([strike[1:], [2 * strike[-1] - strike[-2]]])
    half: NDArray[np.float64] = (above - below) / 2
    return half
