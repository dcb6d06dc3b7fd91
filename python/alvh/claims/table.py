"""Every claim of the methodology, in our own words (C17)."""

from alvh.claims.claim import Claim

__all__ = [
    "BETTER",
    "CALLED",
    "CASH",
    "CLAIMS",
    "COMMINGLING",
    "COST",
    "COVERAGE",
    "CURVE",
    "DEEPENING",
    "DEPENDENCE",
    "DISCIPLINE",
    "DOWNSIDE",
    "EROSION",
    "HARVEST",
    "INVERSE",
    "LIQUIDATION",
    "LOSSES",
    "LOW_VOLATILITY",
    "PEAK",
    "PEAK_OF_ALVH",
    "REGIMES",
    "RING_FENCE",
    "RIVALS",
    "SECOND_ENGINE",
    "SPIKES",
    "TEMPORAL",
    "TIMING",
    "WHIPSAW",
]

PEAK = Claim("R15", "Doubling peaks at 4-6 times the first margin requirement.")
DEEPENING = Claim("R16", "Doubling turns a 5% drawdown into one of 50% or more.")
LIQUIDATION = Claim(
    "R17", "The broker liquidates before the market reverts: forced closing costs more than holding."
)
PEAK_OF_ALVH = Claim("R15", "ALVH peaks at 1.5-2.0 times the first requirement, with less variability.")
COVERAGE = Claim("R22", "Short-dated VIX calls offset 40-60% of the condor's dollars per VIX point.")
COST = Claim("R61", "The hedge costs 1-2% a year.")
INVERSE = Claim("R39", "The hedge moves against the condor.")
SECOND_ENGINE = Claim("R44", "Second Engine entries add positive vega and negative delta.")
CASH = Claim("R66", "The hedge raises cash exactly when the wings are pressed.")
RIVALS = Claim("R19", "Wider wings or a bigger buffer cannot replace the hedge.")
TIMING = Claim("C17", "The rules time the hedge: its layers opened by chance do worse at equal cost.")
COMMINGLING = Claim("R62", "Commingling inflates margin and distorts break-evens.")
RING_FENCE = Claim("R63", "Ring-fencing stops calls from cascading.")
WHIPSAW = Claim("R14", "Intraday stops whipsaw: many stopped trades would have recovered.")
EROSION = Claim("R20", "Stops erode the statistical edge.")
LOW_VOLATILITY = Claim(
    "R5", "15-25% a year on condor margin gross in low volatility, 13-23% net of the hedge."
)
BETTER = Claim("R20", "A better risk-adjusted return than doubling, above all near announcements.")
DOWNSIDE = Claim("R71", "The hedge cuts downside beta at an acceptable price.")
SPIKES = Claim("R74", "Several volatility spikes in a row are survived without forced liquidation.")
REGIMES = Claim("R92", "It holds across economic regimes and around announcements.")
DEPENDENCE = Claim("R18", "Losses cluster with volatility; trades are not independent.")
CURVE = Claim("R37", "The VIX term structure is used without whipsaw.")
DISCIPLINE = Claim("R85", "A steward does better than a promoter.")
LOSSES = Claim("R6", "Losses come from sharp moves or from implied volatility that expands.")
CALLED = Claim("R12", "Margin calls come when RSI and MACD show persistent momentum.")
TEMPORAL = Claim("C22", "The hedge harvests time decay, temporal theta.")
HARVEST = Claim("R83", "Rolling the hedge forward harvests forward variance.")

CLAIMS = (
    PEAK,
    DEEPENING,
    LIQUIDATION,
    PEAK_OF_ALVH,
    COVERAGE,
    COST,
    INVERSE,
    SECOND_ENGINE,
    CASH,
    RIVALS,
    TIMING,
    COMMINGLING,
    RING_FENCE,
    WHIPSAW,
    EROSION,
    LOW_VOLATILITY,
    BETTER,
    DOWNSIDE,
    SPIKES,
    REGIMES,
    DEPENDENCE,
    CURVE,
    DISCIPLINE,
    LOSSES,
    CALLED,
    TEMPORAL,
    HARVEST,
)
"""Every claim, measured or not yet computable."""
