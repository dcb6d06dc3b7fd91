"""Recorded markets: daily SPX and VIX, recorded option quotes, and their replay."""

from alvh.history.chains import CHAIN_LIMITS, ChainHistory
from alvh.history.data import HistoryData, read_history
from alvh.history.entry_quotes import EntryQuotes
from alvh.history.gaps import DroppedRow, GapReport
from alvh.history.quotes import QuoteRecord
from alvh.history.replay import LIMITS, History
from alvh.history.vx import RECONSTRUCTED, VxRecord

__all__ = [
    "CHAIN_LIMITS",
    "LIMITS",
    "RECONSTRUCTED",
    "ChainHistory",
    "DroppedRow",
    "EntryQuotes",
    "GapReport",
    "History",
    "HistoryData",
    "QuoteRecord",
    "VxRecord",
    "read_history",
]
