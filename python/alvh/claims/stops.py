"""What is claimed of stops: that they whipsaw, and erode the edge (R14, R20)."""

from collections.abc import Iterator

from alvh import figures
from alvh.claims import table
from alvh.claims.claim import BELOW_0, Measured, Range
from alvh.comparison import Comparison
from alvh.playbook import Arm, preset
from alvh.specification import BARS
from alvh.statistics import Estimate

__all__ = ["R14_MANY", "SESSIONS", "STOPS", "stop_arms", "stop_rows"]

STOPS = ("stop_1x", "stop_2x")

SESSIONS = 126
"""Half a year: sessions with bars cost several times those without, and a stop has its say within weeks."""

R14_MANY = Range(0.5, 1.0, "above 50%")
"""R14 names no number: many is more than half, ours."""


def stop_arms() -> list[Arm]:
    """Return plain, and its stops at one and two credits."""
    return [preset("plain"), *map(preset, STOPS)]


def stop_rows(result: Comparison) -> Iterator[Measured]:
    """Measure what is claimed of stops on a comparison with bars, whose first arm is plain."""
    share, paths = result.shares[0], result.task.paths
    words = f"{BARS} bars a session, filled at the next; {result.sessions} sessions"
    whipsaws = figures.stops(result.paths(), result.capital, result.sessions, share)
    for arm in result.arms[1:]:
        found = {row["figure"]: row for row in whipsaws.filter(arm=arm).iter_rows(named=True)}
        profit = found.get("whipsawed_share", {}).get("estimate")
        note = words if profit is None else f"{words}; {profit:.0%} would have expired with a profit"
        estimate = _estimate(found.get("recovered_share", {}))
        yield Measured(table.WHIPSAW, f"{arm}: recovered", R14_MANY, "share", paths, note, estimate)
    tests = figures.against(
        result.paths(), result.capital, result.sessions, share, base=result.arms[0], within=result.within
    )
    for test in tests.filter(figure="return_on_nav").iter_rows(named=True):
        variant = f"{test['arm']} less {test['base']}: mean return"
        yield Measured(table.EROSION, variant, BELOW_0, test["unit"], paths, words, _estimate(test))


def _estimate(row: dict[str, float | None]) -> Estimate | None:
    value, low, high = (row.get(name) for name in ("estimate", "low", "high"))
    return None if value is None or low is None or high is None else Estimate(value, low, high)
