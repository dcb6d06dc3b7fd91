"""Funds of short-term VIX futures: what their index holds, what a share is worth, on records and on paths."""

from alvh.etp.fund import Fund
from alvh.etp.index import strategy_index
from alvh.etp.roll import roll
from alvh.etp.simulated import Shares, simulate

__all__ = ["Fund", "Shares", "roll", "simulate", "strategy_index"]
