"""Option chains: quotes of many layouts in one schema, their quality, forwards, volatilities and greeks."""

from alvh.chain.layouts import LAYOUTS
from alvh.chain.quality import quality
from alvh.chain.reading import read, scan
from alvh.chain.schema import SCHEMA, STATUSES
from alvh.chain.synthetic import synthetic

__all__ = ["LAYOUTS", "SCHEMA", "STATUSES", "quality", "read", "scan", "synthetic"]
