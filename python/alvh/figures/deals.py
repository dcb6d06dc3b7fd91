"""What an arm dealt in: tranches that overlap, turnover, and openings after rises and falls (R82, C15)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.errors import AlvhError
from alvh.figures.columns import SESSIONS_PER_YEAR, check_horizon, nullable
from alvh.statistics import mean_interval, ratio_interval

__all__ = ["MOVE_SESSIONS", "Deals", "openings", "tranches_of", "turnover"]

MOVE_SESSIONS = 14
"""Sessions over which SPX rose or fell before an opening was decided: those of its RSI (R27)."""

_CLOSED = ("settle", "close", "reduce", "monetise", "resize")

_ORDERED = ("close", "reduce")
"""Of these, what somebody closed."""

_TOLD = ("lane", "tick", "kind", "layer", "slot", "lots", "pnl", "by")

_SHORT = ("buy_back", "settle_short")
"""What ends the short leg of a diagonal; its place is that of the tranche which covers it."""

_BY = ("rule", "roll", "force")
"""Who closed what was closed before its expiry, by the column `by`."""

_TRANCHES: dict[str, Any] = {
    "path": pl.Int64,
    "layer": pl.Int64,
    "slot": pl.Int64,
    "opened": pl.Int64,
    "ended": pl.Int64,
    "lots": pl.Float64,
    "pnl": pl.Float64,
    "rolled": pl.Boolean,
    "how": pl.String,
}
_TURNOVER = {
    "layer": pl.String,
    "figure": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
}
_OPENINGS = {
    "layer": pl.String,
    "after": pl.String,
    "openings": pl.Int64,
    "ended": pl.Int64,
    "pnl": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "won": pl.Float64,
    "vix_change": pl.Float64,
}

Deals = Mapping[str, Any]
"""Columns with an element per deal, and `kinds`, as ``_core.Plan.deals`` gives them."""


def tranches_of(deals: Deals) -> pl.DataFrame:
    """Return a row per tranche: path, layer, slot, ticks of its opening and its end, lots, P&L.

    `ended` is null and the P&L what was realised of it where it is held at T. P&L is net of slips and fees,
    dollars, over all lots, of a diagonal with its short legs. `rolled`: its opening was a roll; `how` its
    last lots ended: "settle", "monetise", or closed by a "rule", a "roll" or "force".

    Examples
    --------
    >>> deals = {"kinds": ["open", "settle"], "lane": [0, 0], "tick": [1, 9], "kind": [0, 1]}
    >>> deals |= {"layer": [0, 0], "slot": [0, 0], "lots": [2.0, 2.0], "pnl": [np.nan, 50.0], "by": [0, 0]}
    >>> tranches_of(deals).select("opened", "ended", "pnl", "how").rows()
    [(1, 9, 50.0, 'settle')]
    """
    kinds: Sequence[str] = deals["kinds"]
    told = {name: np.asarray(deals[name], dtype=np.float64) for name in _TOLD}
    kind = told["kind"].astype(np.int64)
    opening = np.isin(kind, [index for index, name in enumerate(kinds) if name == "open"])
    closing = np.isin(kind, [index for index, name in enumerate(kinds) if name in _CLOSED])
    short = np.isin(kind, [index for index, name in enumerate(kinds) if name in _SHORT])
    # Place by place, each in its order: a tranche is an opening and what follows it there.
    order = np.lexsort((told["slot"], told["layer"], told["lane"]))
    order = order[(opening | closing | short)[order]]
    place = np.array([told[name][order] for name in ("lane", "layer", "slot")]).astype(np.int64)
    number = np.cumsum(np.any(np.diff(place, axis=1, prepend=-2) != 0, axis=0))
    tick, lots, pnl, by = (told[name][order] for name in ("tick", "lots", "pnl", "by"))
    opens, short, kind = opening[order], short[order], kind[order]
    starts = np.flatnonzero(opens)
    tranche = np.cumsum(opens) - 1
    opened = np.append(starts, -1)[tranche]
    sold = np.cumsum(np.where(opens | short, 0.0, lots))
    left = np.where(opened < 0, 0.0, lots[opened] - (sold - sold[opened]))
    stray = ~opens & ((opened < 0) | (number != number[opened]) | ~short & (left + lots <= 0.0))
    if stray.any():
        path, layer, slot = place[:, np.flatnonzero(stray)[0]].tolist()
        where = f"path {path} closes slot {slot} of layer {layer}"
        raise AlvhError(f"deals: {where}, never opened: give the deals of a whole path")
    last = np.flatnonzero(~opens & ~short & (left <= 0.0))
    ended, how = np.full((2, len(starts)), -1)
    ended[tranche[last]] = tick[last]
    by_whom = np.isin(kind[last], [index for index, name in enumerate(kinds) if name in _ORDERED])
    how[tranche[last]] = np.where(by_whom, len(kinds) + by[last], kind[last])
    words = pl.Series([*kinds, *_BY], dtype=pl.String)
    found = {
        **dict(zip(("path", "layer", "slot"), place[:, starts], strict=True)),
        "opened": tick[starts].astype(np.int64),
        "ended": pl.Series(ended).replace(-1, None),
        "lots": lots[starts],
        "pnl": np.bincount(tranche[~opens], weights=pnl[~opens], minlength=len(starts)),
        "rolled": by[starts] == _BY.index("roll"),
        "how": words.gather(pl.Series(how).replace(-1, None)),
    }
    return pl.DataFrame(found, schema=_TRANCHES)[np.argsort(order[starts])]


def turnover(
    deals: Deals, layers: Sequence[str], *, paths: int, sessions: int, capital: float
) -> pl.DataFrame:
    """Return how much an arm deals in, layer by layer (R82).

    Parameters
    ----------
    deals : Deals
        Of one book.
    layers : sequence of str
        Names of its layers, in order.
    paths, sessions : int
        How many paths of how many sessions they are.
    capital : float
        C, dollars.

    Returns
    -------
    DataFrame
        `layer`, `figure`, `estimate`, `low`, `high` (95%, over paths), `unit`. "deals": openings and closings
        before expiry, a year, short legs of diagonals for themselves; "lots": bought and sold by them, a
        year; "cash": dollars that they moved, of capital a year (a future moves its costs alone); "held":
        tranches held at a close, mean; "most_held": the most at once on any path; "overlap": share of the
        sessions with two or more.
    """
    check_horizon(capital, sessions)
    kinds: Sequence[str] = deals["kinds"]
    traded_by = {"open", "close", "reduce", "monetise", "resize", "write", "buy_back"}
    trades = [kinds.index(kind) for kind in kinds if kind in traded_by]
    traded = np.isin(np.asarray(deals["kind"]), trades)
    rows: list[tuple[object, ...]] = []
    a_year = SESSIONS_PER_YEAR / sessions
    tranches = tranches_of(deals)
    for index, layer in enumerate(layers):
        mine = traded & (np.asarray(deals["layer"]) == index)
        lane = np.asarray(deals["lane"])[mine].astype(np.int64)

        def per_path(values: NDArray[np.float64], lane: NDArray[np.int64] = lane) -> NDArray[np.float64]:
            return np.bincount(lane, weights=values, minlength=paths).astype(np.float64)

        held = _held(tranches.filter(pl.col("layer") == index), paths, sessions)
        told = {
            "deals": (mean_interval(per_path(np.ones(len(lane))) * a_year), "count"),
            "lots": (mean_interval(per_path(np.asarray(deals["lots"])[mine]) * a_year), "count"),
            "cash": (
                mean_interval(per_path(np.abs(np.asarray(deals["cash"])[mine])) * a_year / capital),
                "a year",
            ),
            "held": (mean_interval(held.mean(axis=1)), "count"),
            "overlap": (mean_interval((held >= 2).mean(axis=1)), "share"),
        }
        rows += [(layer, name, *nullable(value), unit) for name, (value, unit) in told.items()]
        rows.append((layer, "most_held", float(held.max(initial=0)), None, None, "count"))
    return pl.DataFrame(rows, schema=_TURNOVER, orient="row")


def _held(tranches: pl.DataFrame, paths: int, sessions: int) -> NDArray[np.float64]:
    """Return how many tranches are held at the close of each session 1 to T."""
    changes = np.zeros((paths, sessions + 2))
    np.add.at(changes, (tranches["path"].to_numpy(), tranches["opened"].to_numpy()), 1.0)
    ended = tranches.drop_nulls("ended")
    np.add.at(changes, (ended["path"].to_numpy(), ended["ended"].to_numpy()), -1.0)
    held: NDArray[np.float64] = np.cumsum(changes, axis=1)[:, 1 : sessions + 1]
    return held


def openings(
    tranches: pl.DataFrame,
    layers: Mapping[int, str],
    spot: NDArray[np.float64],
    vix: NDArray[np.float64],
) -> pl.DataFrame:
    """Return what layers opened after SPX had risen, and after it had fallen, apart (C15).

    Parameters
    ----------
    tranches : DataFrame
        What `tranches_of` says.
    layers : mapping of int to str
        Index to name of the layers that are told.
    spot, vix : ndarray, shape (paths, sessions + 1)
        Closes.

    Returns
    -------
    DataFrame
        `layer`; `after`: "rise" or "fall" of SPX over the `MOVE_SESSIONS` sessions up to the close at which
        the opening was decided, or as many as there are (a first decision, or no change: "neither");
        `openings`, over all paths; of these `ended` by T, and of these: mean P&L of a tranche, dollars, with
        its interval (over paths), the share that `won`, and the mean change of VIX from opening to end.

    Examples
    --------
    >>> one = {"path": 0, "layer": 1, "slot": 0, "opened": 2, "ended": 3, "lots": 1.0, "pnl": -90.0}
    >>> spot, vix = np.array([[100.0, 101.0, 102.0, 103.0]]), np.array([[14.0, 14.0, 15.0, 13.0]])
    >>> openings(pl.DataFrame(one), {1: "calls"}, spot, vix).select("after", "pnl", "vix_change").row(0)
    ('rise', -90.0, -2.0)
    """
    path, opened = tranches["path"].to_numpy(), tranches["opened"].to_numpy()
    decided = opened - 1
    before = np.maximum(decided - MOVE_SESSIONS, 0)
    move = np.sign(spot[path, decided] - spot[path, before])
    ended = tranches["ended"].fill_null(spot.shape[1] - 1).to_numpy()
    words = {1.0: "rise", -1.0: "fall", 0.0: "neither"}
    told = tranches.with_columns(
        pl.Series("after", [words[float(each)] for each in move], dtype=pl.String),
        pl.Series("vix_change", vix[path, ended] - vix[path, opened], dtype=pl.Float64),
    )
    rows: list[tuple[object, ...]] = []
    for index, layer in layers.items():
        for after in words.values():
            mine = told.filter(layer=index, after=after)
            done = mine.drop_nulls("ended")
            if mine.is_empty():
                continue
            by_path = done.group_by("path", maintain_order=True).agg(pl.col("pnl").sum(), n=pl.len())
            mean = nullable(ratio_interval(by_path["pnl"], by_path["n"])) if done.height else (None,) * 3
            share = float((done["pnl"] > 0).mean()) if done.height else None  # type: ignore[arg-type]
            change = done["vix_change"].mean() if done.height else None
            rows.append((layer, after, mine.height, done.height, *mean, share, change))
    return pl.DataFrame(rows, schema=_OPENINGS, orient="row")
