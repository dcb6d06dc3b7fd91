"""Estimates with their intervals: proportions, means, quantiles, and paired differences.

Every interval is two-sided and assumes *independent* paths. Overlapping starts of a history are not:
`alvh.figures.history_summary` therefore reports counts and dates, and calls nothing from here.
A value or bound that does not exist is NaN; a bound that the data cannot give is infinite.
"""

from alvh.statistics.blocks import block_interval, block_rows
from alvh.statistics.estimate import LEVEL, Estimate
from alvh.statistics.proportions import (
    clopper_pearson,
    clustered_proportion,
    holm,
    mcnemar,
    paired_proportion,
    proportion,
    wilson,
)
from alvh.statistics.samples import (
    deviation_interval,
    mean_interval,
    paired_mean,
    quantile_interval,
    ratio_interval,
)

__all__ = [
    "LEVEL",
    "Estimate",
    "block_interval",
    "block_rows",
    "clopper_pearson",
    "clustered_proportion",
    "deviation_interval",
    "holm",
    "mcnemar",
    "mean_interval",
    "paired_mean",
    "paired_proportion",
    "proportion",
    "quantile_interval",
    "ratio_interval",
    "wilson",
]
