"""In which states of market and indicators margin calls open (R12)."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.figures.columns import nullable
from alvh.statistics import ratio_interval

__all__ = ["STATES", "call_log", "call_rates"]

STATES: dict[str, tuple[float, ...]] = {
    "vix": (15.0, 20.0, 25.0, 30.0, 40.0),
    "session_return": (-0.03, -0.01, 0.01, 0.03),
    "rsi_14": (30.0, 50.0, 70.0),
    "macd_histogram": (0.0,),
    "realised_vol_21": (0.10, 0.15, 0.20, 0.30),
    "drawdown": (0.02, 0.05, 0.10, 0.20),
}
"""What is told of the market at a call, and the edges of its states; an edge belongs to the state above."""

LEDGERS = ("core", "sleeve")

UNKNOWN = "unknown"
"""State of sessions on which an indicator has no value."""

_LOG = {
    "path": pl.Int64,
    "ledger": pl.String,
    "tick": pl.Int64,
    "cause": pl.String,
    "short": pl.Float64,
    "equity": pl.Float64,
    "nav": pl.Float64,
    "spot": pl.Float64,
    **dict.fromkeys(STATES, pl.Float64),
}
_RATES = {
    "indicator": pl.String,
    "state": pl.String,
    "sessions": pl.Int64,
    "calls": pl.Int64,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}

Ticks = Mapping[str, NDArray[np.float64]]


def call_log(ticks: Ticks) -> pl.DataFrame:
    """Return a row per margin call of one book, in the order of paths and sessions.

    Parameters
    ----------
    ticks : mapping of str to ndarray
        Rows of paths, columns of the ticks 0 to T, as ``_core.Plan.calls`` gives them.

    Returns
    -------
    DataFrame
        `path`, `ledger`, `tick`; `cause`: "available" where what counts against the requirement of the ledger
        fell since the tick before by more than the requirement rose, else "requirement"; dollars: `short`,
        what meets the call, `equity`, what counted then (cash, with an offset and a share of the hedge's
        worth; under portfolio or house margin cash and marks), `nav`; `spot`, `vix`, `session_return`
        (ln of SPX over the last session), `rsi_14`, `macd_histogram` (MACD less its signal line, points),
        `realised_vol_21`, `drawdown`, null where there is no such number yet: on a history where the record
        holds fewer sessions before this one than a rule over the indicator would ask for.
    """
    market = _states(ticks)
    rows = []
    for path, tick in np.argwhere((ticks["short_core"] > 0) | (ticks["short_sleeve"] > 0)).tolist():
        for ledger in LEDGERS:
            short = float(ticks[f"short_{ledger}"][path, tick])
            if short <= 0:
                continue
            equity = float(ticks[f"equity_{ledger}"][path, tick])
            fell = float(ticks[f"available_{ledger}"][path, tick - 1]) - equity
            rose = equity + short - float(ticks[f"requirement_{ledger}"][path, tick - 1])
            told = [float(column[path, tick]) for column in market.values()]
            cause = "available" if fell > rose else "requirement"
            at = (float(ticks[name][path, tick]) for name in ("nav", "spot"))
            rows.append((path, ledger, tick, cause, short, equity, *at, *told))
    return pl.DataFrame(rows, schema=_LOG, orient="row").with_columns(pl.col(*STATES).fill_nan(None))


def call_rates(ticks: Ticks) -> pl.DataFrame:
    """Return how often a margin call opens in each state of each indicator.

    Parameters
    ----------
    ticks : mapping of str to ndarray
        As in `call_log`.

    Returns
    -------
    DataFrame
        `indicator`, `state`, `sessions` in that state, `calls` that opened on them, and the rate with its
        95% interval: a ratio over paths, whose sessions are not independent. Sessions on which the indicator
        has no value are of the state "unknown": on a history those too near to its beginning.
    """
    opened = (ticks["short_core"] > 0).astype(float) + (ticks["short_sleeve"] > 0)
    rows = []
    for indicator, values in _states(ticks).items():
        state = np.where(np.isnan(values), -1, np.searchsorted(STATES[indicator], values, side="right"))
        state[:, 0] = -2  # nothing is held on session 0
        for index, words in enumerate([*_words(STATES[indicator]), UNKNOWN]):
            inside = state == (-1 if words == UNKNOWN else index)
            calls, sessions = (inside * opened).sum(axis=1), inside.sum(axis=1).astype(float)
            if not sessions.sum():
                continue
            rate = nullable(ratio_interval(calls, sessions))
            rows.append((indicator, words, int(sessions.sum()), int(calls.sum()), *rate))
    return pl.DataFrame(rows, schema=_RATES, orient="row")


def _states(ticks: Ticks) -> dict[str, NDArray[np.float64]]:
    moves = np.diff(np.log(ticks["spot"]), axis=1, prepend=np.nan)
    made = {"session_return": moves, "macd_histogram": ticks["macd"] - ticks["macd_signal"]}
    return {name: made[name] if name in made else ticks[name] for name in STATES}


def _words(edges: tuple[float, ...]) -> list[str]:
    inner = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    return [f"below {edges[0]:g}", *inner, f"from {edges[-1]:g}"]
