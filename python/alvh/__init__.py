"""Say whether a layered VIX hedge keeps an SPX iron-condor book from blowing up, and what it costs.

Everything at the top level is loaded on first use (PEP 562), the compiled core too: where it refuses to load
(``ALVH_SIMD``), the command can still say so in one line.

Examples
--------
>>> import alvh as av
>>> av.IronCondor(days=45, short_delta=0.16, width=0.01).name
'core'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alvh import (
        advice,
        chain,
        contracts,
        errors,
        etp,
        expr,
        margin,
        market,
        playbook,
        pricing,
        rules,
        schedule,
        scoring,
        signals,
        workers,
    )
    from alvh.advice import advise
    from alvh.claims import audit
    from alvh.comparison import Comparison, compare
    from alvh.difference import diff
    from alvh.errors import AlvhError
    from alvh.playbook import (
        Arm,
        Governance,
        IronCondor,
        Layer,
        Liquidity,
        MarginCalls,
        Override,
        Playbook,
        Progression,
        Rule,
        Schedule,
        SecondEngine,
        Size,
        Sleeve,
        etp_call,
        etp_shares,
        margin_share,
        offset,
        preset,
        presets,
        put,
        transfer,
        vix_call,
        vx_future,
    )
    from alvh.scoring import ScoreJob, Scores, score
    from alvh.specification import Costs, WorstBar
    from alvh.stress_set import stress
    from alvh.vix import VixIndex, vix_index

    __version__: str

_HOME = {
    "Arm": "playbook",
    "Comparison": "comparison",
    "Costs": "specification",
    "Governance": "playbook",
    "IronCondor": "playbook",
    "Layer": "playbook",
    "Liquidity": "playbook",
    "MarginCalls": "playbook",
    "Override": "playbook",
    "Playbook": "playbook",
    "Progression": "playbook",
    "Rule": "playbook",
    "Schedule": "playbook",
    "ScoreJob": "scoring",
    "Scores": "scoring",
    "SecondEngine": "playbook",
    "Size": "playbook",
    "Sleeve": "playbook",
    "VixIndex": "vix",
    "WorstBar": "specification",
    "AlvhError": "errors",
    "advise": "advice",
    "audit": "claims",
    "compare": "comparison",
    "diff": "difference",
    "etp_call": "playbook",
    "etp_shares": "playbook",
    "margin_share": "playbook",
    "offset": "playbook",
    "preset": "playbook",
    "presets": "playbook",
    "score": "scoring",
    "stress": "stress_set",
    "put": "playbook",
    "transfer": "playbook",
    "vix_call": "playbook",
    "vix_index": "vix",
    "vx_future": "playbook",
    "__version__": "_core",
}
"""Names at the top level and the module each lives in; function names are not module names."""

_MODULES = (
    "advice",
    "chain",
    "contracts",
    "errors",
    "etp",
    "expr",
    "margin",
    "market",
    "playbook",
    "pricing",
    "rules",
    "schedule",
    "scoring",
    "signals",
    "workers",
)

__all__ = [
    "AlvhError",
    "Arm",
    "Comparison",
    "Costs",
    "Governance",
    "IronCondor",
    "Layer",
    "Liquidity",
    "MarginCalls",
    "Override",
    "Playbook",
    "Progression",
    "Rule",
    "Schedule",
    "ScoreJob",
    "Scores",
    "SecondEngine",
    "Size",
    "Sleeve",
    "VixIndex",
    "WorstBar",
    "__version__",
    "advice",
    "advise",
    "audit",
    "chain",
    "compare",
    "contracts",
    "diff",
    "errors",
    "etp",
    "etp_call",
    "etp_shares",
    "expr",
    "margin",
    "margin_share",
    "market",
    "offset",
    "playbook",
    "preset",
    "presets",
    "pricing",
    "put",
    "rules",
    "schedule",
    "score",
    "scoring",
    "signals",
    "stress",
    "transfer",
    "vix_call",
    "vix_index",
    "vx_future",
    "workers",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"alvh.{_HOME[name]}"), name)
    if name in _MODULES:
        return import_module(f"alvh.{name}")
    raise AttributeError(f"module 'alvh' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
