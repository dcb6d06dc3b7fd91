"""From the figures recorded per path to the answer: distress, capacity, cost, and what history says.

Everything here is a pure function of a frame `paths` with one row per path, arm and margin share: `path`,
`start`, `arm`, `share` and the columns that the engine records (docs/engine.md). Intervals take the paths as
independent; for the overlapping starts of a history there is `history_summary`, which has none.
"""

from alvh.figures.beta import BETA, beta
from alvh.figures.buckets import attribution
from alvh.figures.call_states import STATES, call_log, call_rates
from alvh.figures.closed import closed, closed_words
from alvh.figures.conversions import conversions
from alvh.figures.cycles import FALL, cycles, turns
from alvh.figures.deals import MOVE_SESSIONS, openings, tranches_of, turnover
from alvh.figures.dependence import BLOCK, DEPENDENCE, ONE_HISTORY, dependence, one_history
from alvh.figures.discipline import DISCIPLINE, discipline
from alvh.figures.distress import WITHIN, capacity, distress, ladder
from alvh.figures.dry_powder import DRY_POWDER, dry_powder
from alvh.figures.economy import gdp_regimes
from alvh.figures.entries import ENTRIES, entries
from alvh.figures.equal_cost import equal_cost
from alvh.figures.fans import fan
from alvh.figures.foresight import FORESIGHT, foresight, hindsight
from alvh.figures.governed import CHECKS, governed, governed_words
from alvh.figures.greek_view import GREEK_TERMS, greek_view
from alvh.figures.headline import headline, history_headline
from alvh.figures.layers import layer_pnl
from alvh.figures.margin_calls import MARGIN_CALLS, forced_cost, margin_calls
from alvh.figures.one_day import ONE_DAY, one_day
from alvh.figures.paired import against
from alvh.figures.peaks import peaks
from alvh.figures.pins import PIN_POINTS, PINS, pin_risk
from alvh.figures.prices import PRICES, prices
from alvh.figures.protection import LIMITS_OF_SIZE, PROTECTION, protection, protection_words
from alvh.figures.returns import RETURNS, returns
from alvh.figures.roll import MONTH_DAYS, roll_costs
from alvh.figures.rolling import HistorySummary, history_summary
from alvh.figures.rolls import ROLLS, rolls
from alvh.figures.rounding import ROUNDING, rounding
from alvh.figures.sizing import LARGEST_DRAWDOWN, LARGEST_PROBABILITY, sizing
from alvh.figures.spikes import spikes
from alvh.figures.stops import STOPS, stops
from alvh.figures.stress import break_even, fall_frequency, hedge_failures, outcomes
from alvh.figures.summary import FIGURES, Figure, summary
from alvh.figures.surface_band import surface_band
from alvh.figures.vices import vices
from alvh.figures.whipsaw import WHIPSAW, WHIPSAW_SESSIONS, whipsaw
from alvh.figures.windows import WINDOW, around, regimes, windows
from alvh.figures.worst_bar import bar_calls

__all__ = [
    "BETA",
    "BLOCK",
    "CHECKS",
    "DEPENDENCE",
    "DISCIPLINE",
    "DRY_POWDER",
    "ENTRIES",
    "FALL",
    "FIGURES",
    "FORESIGHT",
    "GREEK_TERMS",
    "LARGEST_DRAWDOWN",
    "LARGEST_PROBABILITY",
    "LIMITS_OF_SIZE",
    "MARGIN_CALLS",
    "MONTH_DAYS",
    "MOVE_SESSIONS",
    "ONE_DAY",
    "ONE_HISTORY",
    "PINS",
    "PIN_POINTS",
    "PRICES",
    "PROTECTION",
    "RETURNS",
    "ROLLS",
    "ROUNDING",
    "STATES",
    "STOPS",
    "WHIPSAW",
    "WHIPSAW_SESSIONS",
    "WINDOW",
    "WITHIN",
    "Figure",
    "HistorySummary",
    "against",
    "around",
    "attribution",
    "bar_calls",
    "beta",
    "break_even",
    "call_log",
    "call_rates",
    "capacity",
    "closed",
    "closed_words",
    "conversions",
    "cycles",
    "dependence",
    "discipline",
    "distress",
    "dry_powder",
    "entries",
    "equal_cost",
    "fall_frequency",
    "fan",
    "forced_cost",
    "foresight",
    "gdp_regimes",
    "governed",
    "governed_words",
    "greek_view",
    "headline",
    "hedge_failures",
    "hindsight",
    "history_headline",
    "history_summary",
    "ladder",
    "layer_pnl",
    "margin_calls",
    "one_day",
    "one_history",
    "openings",
    "outcomes",
    "peaks",
    "pin_risk",
    "prices",
    "protection",
    "protection_words",
    "regimes",
    "returns",
    "roll_costs",
    "rolls",
    "rounding",
    "sizing",
    "spikes",
    "stops",
    "summary",
    "surface_band",
    "tranches_of",
    "turnover",
    "turns",
    "vices",
    "whipsaw",
    "windows",
]
