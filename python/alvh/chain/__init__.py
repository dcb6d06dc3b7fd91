"""Option chains: quotes of many layouts in one schema, their quality, forwards, volatilities and greeks."""

from alvh.chain.counting import quality
from alvh.chain.enriching import enrich, forwards
from alvh.chain.fitting import fit_surface
from alvh.chain.generating import synthetic
from alvh.chain.layouts import LAYOUTS
from alvh.chain.parity import FITS
from alvh.chain.reading import read, scan
from alvh.chain.schema import SCHEMA, STATUSES
from alvh.chain.surface import PARAMETERS, SLICES, Surface

__all__ = [
    "FITS",
    "LAYOUTS",
    "PARAMETERS",
    "SCHEMA",
    "SLICES",
    "STATUSES",
    "Surface",
    "enrich",
    "fit_surface",
    "forwards",
    "quality",
    "read",
    "scan",
    "synthetic",
]
