"""Market models against history: facts, what is accepted, known misses, verdicts."""

from alvh.validation.facts import FACTS, Fact
from alvh.validation.panel import Futures, Panel
from alvh.validation.sampling import closes, history_panel, simulated_panel
from alvh.validation.targets import Target, known_misses, targets
from alvh.validation.validation import INSIDE, KNOWN, MISS, UNKNOWN, Validation, facts_of, validate

__all__ = [
    "FACTS",
    "INSIDE",
    "KNOWN",
    "MISS",
    "UNKNOWN",
    "Fact",
    "Futures",
    "Panel",
    "Target",
    "Validation",
    "closes",
    "facts_of",
    "history_panel",
    "known_misses",
    "simulated_panel",
    "targets",
    "validate",
]
