"""Sessions, listed expiries, announcements, and the clock that a run is made of."""

from alvh.schedule.announcements import read_events
from alvh.schedule.clock import Schedule
from alvh.schedule.events import synthetic_events
from alvh.schedule.exchange import (
    half_days,
    is_session,
    next_session,
    ordinal,
    previous_session,
    sessions,
    span,
)
from alvh.schedule.expiries import Cadence, listed_expiries, monthly_expiration, third_friday, vix_expiration

__all__ = [
    "Cadence",
    "Schedule",
    "half_days",
    "is_session",
    "listed_expiries",
    "monthly_expiration",
    "next_session",
    "ordinal",
    "previous_session",
    "read_events",
    "sessions",
    "span",
    "synthetic_events",
    "third_friday",
    "vix_expiration",
]
