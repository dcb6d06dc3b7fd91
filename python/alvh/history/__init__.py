"""Recorded markets: reading a daily SPX and VIX history, and replaying it."""

from alvh.history.data import HistoryData, read_history
from alvh.history.gaps import DroppedRow, GapReport
from alvh.history.replay import LIMITS, History

__all__ = ["LIMITS", "DroppedRow", "GapReport", "History", "HistoryData", "read_history"]
