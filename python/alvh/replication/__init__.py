"""Strategy indices of the exchange computed from a history of closes, to test option prices by."""

from alvh.replication.aims import AIMS, Aim, misses
from alvh.replication.levels import recorded_levels
from alvh.replication.replicate import Agreement, agreement, replicate
from alvh.replication.rules import RULES

__all__ = ["AIMS", "RULES", "Agreement", "Aim", "agreement", "misses", "recorded_levels", "replicate"]
