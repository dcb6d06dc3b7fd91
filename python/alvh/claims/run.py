"""The audit: eight comparisons on the same paths of each voting market, and the rows measured on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import polars as pl

from alvh.claims.claim import SCHEMA, Measured
from alvh.claims.decay import decay_rows
from alvh.claims.dependence import dependence_rows
from alvh.claims.doubling import BASE_SHARE, CADENCES, LARGE_SHARE, doubling_arms, doubling_rows
from alvh.claims.hedges import hedge_rows, hedged_arms
from alvh.claims.ledgers import commingled_arm, ledger_rows
from alvh.claims.losses import CALLED_MARGIN, CALLED_SHARE, call_rows, called_arms, loss_rows
from alvh.claims.profiles import profile_arms, profile_rows, profile_signals
from alvh.claims.rivals import EXPOSED_SHARE, rival_arms, rival_rows
from alvh.claims.sessions import session_rows, timing_rows
from alvh.claims.stops import SESSIONS, stop_arms, stop_rows
from alvh.claims.table import CLAIMS
from alvh.claims.voting import VOTERS, voted
from alvh.claims.whipsaws import curve_arms, whipsaw_rows
from alvh.comparison import Comparison, compare
from alvh.equal_cost import pilot_paths
from alvh.errors import SpecError
from alvh.runner import Advance
from alvh.specification import BARS, Market
from alvh.workers import Runner

__all__ = ["audit", "audited_paths"]

Run = Callable[..., Comparison]


def audited_paths(paths: int) -> int:
    """Return how many paths `audit` reports as finished, its pilot among them."""
    return len(VOTERS) * (paths * (len(CADENCES) + 6) + pilot_paths(rival_arms(), paths))


def audit(
    *,
    paths: int = 2_048,
    seed: int = 7,
    threads: int = 0,
    runner: Runner = "local",
    advance: Advance | None = None,
) -> pl.DataFrame:
    """Measure what can be measured of the methodology's claims, and list the rest as not yet computable.

    Parameters
    ----------
    paths
        Simulated paths of 252 sessions from VIX 16 in each of the voting markets; of stops, whipsaws and the
        two profiles 126.
    seed
        Seed.
    threads
        Threads, 0 for one per core.
    runner
        Where paths are computed, as in `compare`.
    advance
        Called with the number of paths just finished.

    Returns
    -------
    polars.DataFrame
        A row per claim and variant: what is claimed, what was measured with its 95% interval, the p-value of
        the paired test where two arms are compared by one (exact McNemar, adjusted by Holm for the number of
        rivals), where the interval lies against the claim, the same in every voting market (`readings`), the
        verdict, and which market reads what. Figures are those of the first market, L3F.

    Examples
    --------
    >>> audit(paths=0)
    Traceback (most recent call last):
        ...
    alvh.SpecError: paths = 0: at least 1
    """
    if paths < 1:
        raise SpecError(f"paths = {paths}: at least 1")

    def measured(market: Market) -> list[Measured]:
        # No band beside: the surface a point off is a market of its own here.
        return list(
            _measured(
                partial(
                    compare,
                    market=market,
                    paths=paths,
                    seed=seed,
                    threads=threads,
                    runner=runner,
                    surface_band=0,
                    advance=advance,
                )
            )
        )

    rows = voted({name: measured(market) for name, market in VOTERS.items()})
    rows += [
        {"id": claim.id, "claim": claim.text, "verdict": "not yet computable", "why": f"needs {claim.needs}"}
        for claim in CLAIMS
        if claim.needs
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def _measured(run: Run) -> Iterator[Measured]:
    doubled = {every: run(doubling_arms(every), shares=(BASE_SHARE, LARGE_SHARE)) for every in CADENCES}
    for every, words in CADENCES.items():
        yield from doubling_rows(doubled[every], words)
    weekly = doubled["week"].paths().filter(share=BASE_SHARE).collect()
    doubling = {arm: weekly.filter(arm=arm) for arm in doubled["week"].arms[1:]}

    hedged = run([*hedged_arms(), commingled_arm()], shares=(BASE_SHARE,))
    own_size = hedged.paths().collect()
    yield from hedge_rows(own_size, doubling, hedged.capital, hedged.sessions)

    yield from stop_rows(run(stop_arms(), shares=(BASE_SHARE,), sessions=SESSIONS, bars=BARS))

    rivals = run([*rival_arms(), commingled_arm()], shares=(EXPOSED_SHARE,))
    exposed = rivals.paths().collect()
    costs = rivals.equal_cost()
    yield from rival_rows(exposed, costs, rivals.capital, rivals.sessions, EXPOSED_SHARE)
    for paths, share in ((own_size, BASE_SHARE), (exposed, EXPOSED_SHARE)):
        yield from ledger_rows(paths, hedged.capital, share)
    yield from session_rows(doubled["week"], hedged, BASE_SHARE)
    yield from timing_rows(rivals, costs)
    yield from dependence_rows(doubled["week"], BASE_SHARE)
    half_a_year = {"shares": (BASE_SHARE,), "sessions": SESSIONS}
    yield from whipsaw_rows(run(curve_arms(), **half_a_year))
    yield from profile_rows(run(profile_arms(), signals=profile_signals(), **half_a_year))
    yield from loss_rows(doubled["week"], BASE_SHARE)
    called = {"shares": (CALLED_SHARE,), "sessions": SESSIONS, "margin": CALLED_MARGIN}
    yield from call_rows(run(called_arms(), **called))
    yield from decay_rows(hedged)
