"""Arms and playbooks as data: layers, sizes, governance, validated, frozen, and written as TOML.

An arm is one defence of the same condor book. Its first layer is the core condor (R1); what is done about
losses is a rule, a progression or another layer that buys a hedge. Nothing here computes:
:mod:`alvh.comparison` sends arms to the engine.
"""

from alvh.playbook.arm import Arm
from alvh.playbook.buy import Buy, Shift, etp_call, etp_shares, put, short_call, vix_call, vx_future
from alvh.playbook.calls import STRESSED_SPREADS, Liquidity, MarginCalls
from alvh.playbook.condor import IronCondor
from alvh.playbook.diagonal import Short
from alvh.playbook.document import SCHEMA
from alvh.playbook.entries import Apart, Schedule
from alvh.playbook.frozen import Every
from alvh.playbook.governance import DEFAULT_SIGNALS, Governance, Override, Signal
from alvh.playbook.layer import Layer
from alvh.playbook.ledgers import Ledgers, Sleeve, SleeveTable, Transfer, transfer
from alvh.playbook.monetise import Rung
from alvh.playbook.parts import RollLimits, Tranche
from alvh.playbook.playbook import Playbook, arms_of
from alvh.playbook.press import BIG_TOP, CashPress
from alvh.playbook.progression import Progression
from alvh.playbook.schema import schema
from alvh.playbook.second_engine import SecondEngine
from alvh.playbook.sell import Sell, Strikes, Structure
from alvh.playbook.shipped import preset, preset_text, presets
from alvh.playbook.size import Reduced, Size, margin_share, offset
from alvh.playbook.weight import Weight, weight
from alvh.rival import EqualCost, Vary
from alvh.rules import Condition as Rule

__all__ = [
    "BIG_TOP",
    "DEFAULT_SIGNALS",
    "SCHEMA",
    "STRESSED_SPREADS",
    "Apart",
    "Arm",
    "Buy",
    "CashPress",
    "EqualCost",
    "Every",
    "Governance",
    "IronCondor",
    "Layer",
    "Ledgers",
    "Liquidity",
    "MarginCalls",
    "Override",
    "Playbook",
    "Progression",
    "Reduced",
    "RollLimits",
    "Rule",
    "Rung",
    "Schedule",
    "SecondEngine",
    "Sell",
    "Shift",
    "Short",
    "Signal",
    "Size",
    "Sleeve",
    "SleeveTable",
    "Strikes",
    "Structure",
    "Tranche",
    "Transfer",
    "Vary",
    "Weight",
    "arms_of",
    "etp_call",
    "etp_shares",
    "margin_share",
    "offset",
    "preset",
    "preset_text",
    "presets",
    "put",
    "schema",
    "short_call",
    "transfer",
    "vix_call",
    "vx_future",
    "weight",
]
