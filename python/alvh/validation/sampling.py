"""Panels: simulated by a model, or recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
import polars as pl

from alvh.history import History
from alvh.history.columns import CONSTANTS, find_names
from alvh.history.source import HistorySource, open_source
from alvh.validation.panel import SESSIONS_PER_YEAR, TENORS, Floats, Futures, Panel

__all__ = ["Simulated", "closes", "history_panel", "simulated_panel"]

CYCLE: Final = 21  # sessions between two settlements
DAYS_PER_SESSION: Final = 30 / CYCLE
RECORDED_TENORS: Final = {18: (15, 21), 38: (31, 45), 75: (61, 90), 165: (151, 180)}
"""Calendar days to settlement whose daily changes are taken together, by what they are called."""
LONGEST_GAP: Final = 4  # calendar days between two prices of a contract that make one daily change


class Simulated(Protocol):
    """A market model that draws closes, such as `alvh.market.L3F`."""

    def simulate(
        self, paths: int, sessions: int, *, seed: int, vx_days: Sequence[float]
    ) -> dict[str, Floats]:
        """Return "spot", "vix" and "vx1" … of shape (paths, 1 + sessions)."""


def simulated_panel(model: Simulated, paths: int, years: int, seed: int) -> Panel:
    """Simulate closes and VIX futures; a first year is left out, so that the start does not matter.

    The nearest contract has 21 to 1 sessions of 30/21 days to settlement, in turn; the second has 30 days
    more.

    Parameters
    ----------
    model : Simulated
        A market.
    paths, years : int
        How many paths, and how long each is.
    seed : int
        Of the draws.

    Examples
    --------
    >>> from alvh.market import L3F
    >>> panel = simulated_panel(L3F(), 3, 2, seed=1)
    >>> panel.vix.shape, panel.futures.moves[18].shape
    ((3, 504), (3, 503))
    """
    sessions = (years + 1) * SESSIONS_PER_YEAR

    def simulated(vx_days: Sequence[float]) -> list[Floats]:
        """Return spot, vix and the futures asked for: the same paths on every call."""
        columns = model.simulate(paths, sessions - 1, seed=seed, vx_days=vx_days)
        return [columns[name][:, SESSIONS_PER_YEAR:] for name in ("spot", "vix", *_vx(len(vx_days)))]

    def listed(later: int) -> Floats:
        """Return the contract that settles after the next `later` ones."""
        left = later * CYCLE + CYCLE - np.arange(CYCLE)  # sessions to settlement, as a cycle passes
        _, vix, *held = simulated((left * DAYS_PER_SESSION).tolist())
        contract = np.empty_like(vix)
        for session, future in enumerate(held):
            contract[:, session::CYCLE] = future[:, session::CYCLE]
        return contract

    spot, vix, *ends = simulated([end for days in TENORS for end in (days, days - DAYS_PER_SESSION)])
    moves = {
        days: np.log(after[:, 1:] / before[:, :-1])
        for days, before, after in zip(TENORS, ends[::2], ends[1::2], strict=True)
    }
    return Panel(spot, vix, Futures(vix, listed(0), listed(1), moves))


def _vx(number: int) -> list[str]:
    return [f"vx{k}" for k in range(1, number + 1)]


def closes(source: HistorySource) -> History:
    """Return a history of closes; rate and yield, which no fact reads, are 0 if the source lacks them.

    Parameters
    ----------
    source : str, path or polars.DataFrame
        ``date``, ``spx``, ``vix``, see `alvh.history.read_history`; days without a session are left out.
    """
    found = find_names(open_source(source), {}, CONSTANTS)
    lacking = {name: 0.0 for name in CONSTANTS if name not in found}
    return History(
        source, rate=lacking.get("rate"), dividend_yield=lacking.get("dividend_yield"), gaps="report"
    )


def history_panel(history: History) -> Panel:
    """Return the closes of a history, and its recorded VIX futures if it has any.

    Parameters
    ----------
    history : History
        A replay; with ``vx=`` also the facts of futures are known.
    """
    frame = history.data.frame
    spot, vix = (frame[name].to_numpy()[None, :] for name in ("spx", "vix"))
    return Panel(spot, vix, None if history.vx is None else _recorded(frame, history.vx.frame))


def _recorded(closes: pl.DataFrame, recorded: pl.DataFrame) -> Futures:
    days = closes.select("date", "vix").with_row_index("session")
    marks = (
        recorded.filter(pl.col("settle").is_not_null() & (pl.col("session") < pl.col("expiry")))
        .with_columns(pl.col("session").cast(pl.UInt32))
        .join(days, on="session")
    )
    nearest = (
        marks.sort("session", "expiry")
        .group_by("session", maintain_order=True)
        .agg(
            vix=pl.col("vix").first(),
            front=pl.col("settle").get(0),
            second=pl.col("settle").get(1, null_on_oob=True),
        )
        .drop_nulls()
    )
    changes = (
        marks.sort("expiry", "session")
        .with_columns(
            change=pl.col("settle").log().diff().over("expiry"),
            gap=pl.col("date").diff().dt.total_days().over("expiry"),
        )
        .filter(pl.col("gap") <= LONGEST_GAP)
    )
    moves = {
        tenor: changes.filter(pl.col("days").is_between(*window))["change"].to_numpy()[None, :]
        for tenor, window in RECORDED_TENORS.items()
    }
    vix, front, second = (nearest[name].to_numpy()[None, :] for name in ("vix", "front", "second"))
    return Futures(vix, front, second, moves)
