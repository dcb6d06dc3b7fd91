"""Arms as data: layers, sizes and progressions, validated, frozen, and written as TOML.

An arm is one defence of the same condor book. Its first layer is the core condor (R1); what is done about
losses is a rule, a progression or another layer that buys a hedge. Nothing here computes:
:mod:`alvh.comparison` sends arms to the engine.
"""

from alvh.playbook.arm import Arm
from alvh.playbook.buy import Buy, put, vix_call, vx_future
from alvh.playbook.calls import STRESSED_SPREADS, Liquidity, MarginCalls
from alvh.playbook.condor import IronCondor
from alvh.playbook.document import SCHEMA
from alvh.playbook.frozen import Every
from alvh.playbook.layer import Layer
from alvh.playbook.ledgers import Ledgers, Sleeve, SleeveTable, Transfer, transfer
from alvh.playbook.monetise import Rung
from alvh.playbook.progression import Progression
from alvh.playbook.schema import schema
from alvh.playbook.second_engine import SecondEngine
from alvh.playbook.sell import Sell, Strikes, Structure
from alvh.playbook.shipped import preset, preset_text, presets
from alvh.playbook.size import Reduced, Size, margin_share, offset
from alvh.rival import EqualCost, Vary

__all__ = [
    "SCHEMA",
    "STRESSED_SPREADS",
    "Arm",
    "Buy",
    "EqualCost",
    "Every",
    "IronCondor",
    "Layer",
    "Ledgers",
    "Liquidity",
    "MarginCalls",
    "Progression",
    "Reduced",
    "Rung",
    "SecondEngine",
    "Sell",
    "Size",
    "Sleeve",
    "SleeveTable",
    "Strikes",
    "Structure",
    "Transfer",
    "Vary",
    "margin_share",
    "offset",
    "preset",
    "preset_text",
    "presets",
    "put",
    "schema",
    "transfer",
    "vix_call",
    "vx_future",
]
