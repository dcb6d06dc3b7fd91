"""Arbitrage in a chain: bounds that quotes keep whatever the model, and what trading a broken one earns."""

from alvh.chain.bounds.finding import KINDS, arbitrage
from alvh.chain.bounds.parity import residuals

__all__ = ["KINDS", "arbitrage", "residuals"]
