"""What is claimed of sessions: calm, announcements, regimes, spikes in a row, downside beta, timing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from alvh import figures
from alvh.claims import table
from alvh.claims.claim import ABOVE_0, BELOW_0, Measured, Range
from alvh.claims.hedges import ALVH
from alvh.claims.rivals import PLACEBO, PLAIN, at_that_cost
from alvh.comparison import FORESIGHT_PATHS, Comparison
from alvh.figures.by_session import Series, earned
from alvh.figures.columns import SESSIONS_PER_YEAR
from alvh.figures.returns import sortino
from alvh.figures.windows import Mask
from alvh.statistics import Estimate, mean_interval, ratio_interval

__all__ = ["LOW_VIX", "UNAWARE", "session_rows", "timing_rows"]

LOW_VIX = 20.0
"""R5 names no level. Ours: a session is calm where VIX closed below this before it, not after."""

R5_GROSS = Range(0.15, 0.25, "15 to 25%")
R5_NET = Range(0.13, 0.23, "13 to 23%")

R74_LEAST = Range(0.95, 1.0, "95% or more")
"""R74 names no number: this share of the paths, ours."""

SEVERAL = 2
"""Spikes in a row that are several."""

UNAWARE = "announcements are days of the calendar, of which simulated prices know nothing"


def session_rows(doubled: Comparison, hedged: Comparison, share: float) -> Iterator[Measured]:
    """Measure what is claimed of sessions, at one margin share.

    Parameters
    ----------
    doubled
        Plain and the doubling arms, the first one plain.
    hedged
        The hedge among others, on the same paths.
    share
        The margin share of both.
    """
    series = doubled.series(share=share) | hedged.series([ALVH], share)
    plain, capital = doubled.arms[0], doubled.capital
    both = {PLAIN: series[plain], ALVH: series[ALVH]}
    yield from _low_volatility(both, capital)
    inside = doubled.announcements().get("announcements")
    for arm in doubled.arms[1:]:
        yield from _against_doubling(series[ALVH], series[arm], arm, capital, inside)
    yield from _beta(both, capital)
    yield from _spikes(series[ALVH], {PLAIN: (doubled, plain), ALVH: (hedged, ALVH)}, share)
    yield from _regimes(both, capital, inside)


def _low_volatility(both: Mapping[str, Series], capital: float) -> Iterator[Measured]:
    """R5: P&L above bills of calm sessions, of the condor's requirement before them and of NAV.

    Sessions are chosen by the close before: paths that stay calm are those on which SPX rose.
    """
    calm = both[PLAIN]["vix"][:, :-1] < LOW_VIX
    margin = (both[PLAIN]["requirement"][:, :-1] * calm).sum(axis=1)
    n = int(calm.any(axis=1).sum())
    note = f"{calm.mean():.0%} of sessions, on {n} of {len(calm)} paths, began with VIX below {LOW_VIX:g}"
    for arm, claimed in ((PLAIN, R5_GROSS), (ALVH, R5_NET)):
        gain = (earned(both[arm], capital) * calm).sum(axis=1) * SESSIONS_PER_YEAR
        estimate = ratio_interval(gain * capital, margin)
        on_nav = f"{gain.sum() / calm.sum():.2%} of NAV" if n else "no session"
        words = f"{note}; above bills, per 252 of them; {on_nav} (C5)"
        variant = f"{arm}: on condor margin, low volatility"
        yield Measured(table.LOW_VOLATILITY, variant, claimed, "a year", n, words, estimate)


def _against_doubling(
    ours: Series, theirs: Series, arm: str, capital: float, inside: Mask | None
) -> Iterator[Measured]:
    """R20: the difference of Sortino ratios path by path, everywhere and near announcements."""
    masks: dict[str, Mask | None] = {"all sessions": None}
    if inside is not None:
        masks["near announcements"] = inside
    for where, mask in masks.items():
        pair = []
        for series in (ours, theirs):
            y = earned(series, capital)
            pair.append(sortino(y if mask is None else y[:, mask[0]]))
        known = ~np.isnan(pair[0]) & ~np.isnan(pair[1])
        note = f"Sortino ratios above bills, {int(known.sum())} paths that have both"
        if mask is not None:
            note = f"{note}, {int(mask[0].sum())} sessions; {UNAWARE}"
        estimate = mean_interval((pair[0] - pair[1])[known])
        variant = f"{ALVH} less {arm}, {where}"
        yield Measured(table.BETTER, variant, ABOVE_0, "ratio", int(known.sum()), note, estimate)


def _beta(both: Mapping[str, Series], capital: float) -> Iterator[Measured]:
    """R71: downside beta cut, and the hedge's cost per unit of it."""
    found = figures.beta(both, capital, base=PLAIN)
    told = {(arm, name): rest for arm, name, *rest, _ in found.iter_rows()}
    n = len(both[PLAIN]["nav"])
    known = {arm: told[arm, "downside_beta"][0] for arm in both}
    slopes = ", ".join(f"{arm} {'-' if slope is None else f'{slope:.3f}'}" for arm, slope in known.items())
    for figure, claimed, words in (
        ("downside_beta_cut", ABOVE_0, "downside beta cut"),
        ("price_of_cut", "an acceptable price", "hedge cost a year per unit of it"),
    ):
        bounds = told[ALVH, figure]
        estimate = None if None in bounds else Estimate(*bounds)
        note = f"downside beta: {slopes}"
        yield Measured(
            table.DOWNSIDE, f"{ALVH}: {words}", claimed, figures.BETA[figure][0], n, note, estimate
        )


def _spikes(market: Series, books: Mapping[str, tuple[Comparison, str]], share: float) -> Iterator[Measured]:
    """R74: on paths with several spikes, how many arms came through them."""
    forced = {}
    for name, (result, arm) in books.items():
        rows = result.paths().filter(arm=arm, share=share).sort("path").head(len(market["vix"]))
        ticks = [pl.when(pl.col(tick) > 0).then(pl.col(tick)) for tick in ("forced_tick", "ruin_tick")]
        forced[name] = rows.select(pl.min_horizontal(ticks).fill_null(0.0)).collect().to_series().to_numpy()
    found = figures.spikes(market["vix"], forced).filter(spikes=SEVERAL)
    for row in found.iter_rows(named=True):
        estimate = Estimate(row["estimate"], row["low"], row["high"])
        note = f"{row['survived']} of {row['paths']} paths with {SEVERAL} spikes or more, to the second's end"
        variant = f"{row['arm']}: {SEVERAL} spikes survived"
        yield Measured(table.SPIKES, variant, R74_LEAST, "probability", row["paths"], note, estimate)


def _regimes(both: Mapping[str, Series], capital: float, inside: Mask | None) -> Iterator[Measured]:
    """R92: how much smaller the fall is with the hedge, part by part."""
    masks = figures.regimes(both[PLAIN])
    if inside is not None:
        masks |= {("announcements", "inside"): inside, ("announcements", "outside"): ~inside}
    found = figures.windows(both, capital, masks, base=PLAIN).filter(arm=ALVH)
    gains = {
        (row["by"], row["when"]): row["estimate"]
        for row in found.filter(figure="return_less_base").iter_rows(named=True)
    }
    for row in found.filter(figure="drawdown_less_base").iter_rows(named=True):
        part = row["by"], row["when"]
        bounds = (row["estimate"], row["low"], row["high"])
        estimate = None if None in bounds else Estimate(*bounds)
        note = f"{row['sessions']:.0f} of 252 sessions; return less plain's {gains[part]:.2%} per 252 of them"
        if row["by"] == "announcements":
            note = f"{note}; {UNAWARE}"
        variant = f"{ALVH} less {PLAIN}: drawdown, {' '.join(part)}"
        n = len(both[PLAIN]["nav"])
        yield Measured(table.REGIMES, variant, BELOW_0, "share", n, note, estimate)


def timing_rows(rivals: Comparison, costs: pl.DataFrame) -> Iterator[Measured]:
    """Say where the hedge lies between chance and hindsight at the same cost (C17).

    Parameters
    ----------
    rivals
        A comparison with the hedge and its placebo, at one share.
    costs
        What `Comparison.equal_cost` says of the placebo: where it is not solved, what the costs explain is
        not read. A placebo that costs less lies above the hedge for that alone.
    """
    found = rivals.foresight(ALVH, PLACEBO)
    told = {figure: rest for _, figure, *rest, _ in found.iter_rows()}
    levels = ", ".join(f"{name} {told[name][0]:.2%}" for name in ("arm", "chance", "attained", "bound"))
    n = min(rivals.task.paths, FORESIGHT_PATHS)
    cost = costs.filter(arm=PLACEBO).row(0, named=True)
    for figure, words in (
        ("position_attained", "one purchase in hindsight"),
        ("position", "the bound of hindsight"),
    ):
        bounds = told[figure]
        estimate = None if None in bounds else Estimate(*bounds)
        variant = f"{ALVH}: of the way from chance to {words}"
        note = f"{cost['words']}. A year and of capital: {levels}"
        reading = at_that_cost(ABOVE_0.reading(estimate), cost, cheaper="outside") if estimate else "-"
        yield Measured(table.TIMING, variant, ABOVE_0, "share", n, note, estimate, reading)
