"""R18: whether the trades of a condor book are independent: its sessions against the same in any order."""

from __future__ import annotations

from collections.abc import Iterator

from alvh import figures
from alvh.claims import table
from alvh.claims.claim import ABOVE_0, BELOW_0, Measured
from alvh.comparison import Comparison
from alvh.statistics import Estimate

__all__ = ["dependence_rows"]

_CLAIMED = {
    "clustering": ("size of a session's P&L with that of the one before", ABOVE_0),
    "worst_month_less_iid": ("worst 21 sessions, less those of the same sessions in any order", BELOW_0),
    "drawdown_less_iid": ("drawdown, less that of the same sessions in any order", ABOVE_0),
}


def dependence_rows(result: Comparison, share: float) -> Iterator[Measured]:
    """Measure whether the first arm's losses cluster, at one margin share."""
    arm = result.arms[0]
    series = result.series([arm], share)
    paths = len(series[arm]["nav"])
    told = {row["figure"]: row for row in figures.dependence(series, result.capital).iter_rows(named=True)}
    for figure, (words, claimed) in _CLAIMED.items():
        row = told[figure]
        bounds = (row["estimate"], row["low"], row["high"])
        estimate = None if None in bounds else Estimate(*bounds)
        control = figure.removesuffix("_less_iid")
        note = "independent sessions would have none"
        if control != figure:
            here, iid = told[control]["estimate"], told[f"{control}_iid"]["estimate"]
            note = f"{here:.2%} of capital as they came, {iid:.2%} in any order"
        yield Measured(table.DEPENDENCE, f"{arm}: {words}", claimed, row["unit"], paths, note, estimate)
