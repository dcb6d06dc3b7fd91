"""R85: whether discipline pays, by the steward against the promoter, path by path."""

from __future__ import annotations

from collections.abc import Iterator

from alvh import figures
from alvh.claims import table
from alvh.claims.claim import ABOVE_0, BELOW_0, Measured
from alvh.comparison import Comparison
from alvh.playbook import Arm, preset
from alvh.signals import Macro
from alvh.statistics import Estimate

__all__ = ["PROMOTER", "STEWARD", "profile_arms", "profile_rows", "profile_signals"]

STEWARD, PROMOTER = "steward", "promoter"

_FIGURES = {
    "return_on_nav": ("mean return", ABOVE_0),
    "max_drawdown": ("mean drawdown", BELOW_0),
    "p_distress": ("P(distress)", BELOW_0),
}


def profile_arms() -> list[Arm]:
    """Return the promoter, against whom the other is paired, and the steward."""
    return [preset(PROMOTER), preset(STEWARD)]


def profile_signals() -> Macro:
    """Return signals from outside, made up: without them layers 2 and 3 stay closed, and none is levered."""
    return Macro()


def profile_rows(result: Comparison) -> Iterator[Measured]:
    """Measure what is claimed of the steward on a comparison of `profile_arms` at one share."""
    share, paths = result.shares[0], result.task.paths
    score = dict(result.discipline().filter(figure="discipline").select("arm", "estimate").iter_rows())
    note = (
        f"discipline {score[STEWARD]:.2f} against {score[PROMOTER]:.2f}; "
        "signals from outside are made up along the paths"
    )
    tests = figures.against(
        result.paths(), result.capital, result.sessions, share, base=PROMOTER, within=result.within
    )
    for test in tests.iter_rows(named=True):
        words, claimed = _FIGURES[test["figure"]]
        bounds = (test["estimate"], test["low"], test["high"])
        estimate = None if None in bounds else Estimate(*bounds)
        variant = f"{STEWARD} less {PROMOTER}: {words}"
        p_value = test["p_holm"]
        yield Measured(
            table.DISCIPLINE, variant, claimed, test["unit"], paths, note, estimate, p_value=p_value
        )
