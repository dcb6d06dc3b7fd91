"""The volatility index of an option chain by the exchange's published method."""

from alvh.vix.index import VixIndex, VixTerm, vix_index

__all__ = ["VixIndex", "VixTerm", "vix_index"]
