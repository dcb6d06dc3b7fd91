"""Recorded markets: reading a daily SPX and VIX history, and replaying it."""

from alvh.history.data import HistoryData, read_history
from alvh.history.gaps import DroppedRow, GapReport
from alvh.history.replay import LIMITS, History
from alvh.history.vx import RECONSTRUCTED, VxRecord

__all__ = [
    "LIMITS",
    "RECONSTRUCTED",
    "DroppedRow",
    "GapReport",
    "History",
    "HistoryData",
    "VxRecord",
    "read_history",
]
