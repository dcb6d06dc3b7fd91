"""Market models: joint paths of SPX and VIX, and what options and futures cost on them.

A model is a frozen description with every parameter and its default; its paths and quotes come from the
compiled core. Conventions: index points; rates and volatilities decimal, a year, continuously compounded; VIX
and VX in points. SPX variance runs in trading sessions (252 a year), carry in calendar days (365 a year).

The defaults were estimated on data of 1990 to 2026 and are starting values, not truths.
"""

from alvh.bars import Bars, Profile
from alvh.filtering import filter  # noqa: A004 -- read as alvh.market.filter
from alvh.history import ChainHistory, History
from alvh.history.files import Closes, Futures, QuotedReplay, Replay, Snapshots
from alvh.market.bates import Bates
from alvh.market.drawn import Quotes
from alvh.market.fhs import FHS
from alvh.market.gbm import GBM
from alvh.market.groups import Curve, Dynamics, Smile, SmileState, VixSmile
from alvh.market.l3f import L3F
from alvh.market.models import MODELS, Simulated, from_toml
from alvh.market.pdv4 import PDV4, PathVolatility
from alvh.replication import replicate
from alvh.scenario import Scenario, scenario, scenarios
from alvh.validation import Validation, validate

__all__ = [
    "FHS",
    "GBM",
    "L3F",
    "MODELS",
    "PDV4",
    "Bars",
    "Bates",
    "ChainHistory",
    "Closes",
    "Curve",
    "Dynamics",
    "Futures",
    "History",
    "PathVolatility",
    "Profile",
    "QuotedReplay",
    "Quotes",
    "Replay",
    "Scenario",
    "Simulated",
    "Smile",
    "SmileState",
    "Snapshots",
    "Validation",
    "VixSmile",
    "filter",
    "from_toml",
    "replicate",
    "scenario",
    "scenarios",
    "validate",
]
