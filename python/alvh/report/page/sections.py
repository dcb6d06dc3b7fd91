"""From a comparison to the sections of its page; every number is one of its tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from alvh.figures.columns import BUCKETS
from alvh.figures.fans import MEASURES
from alvh.figures.words import share_of_nav
from alvh.report.page import behaviour, calls, charts, hedges, one_day, tables, timeline
from alvh.report.page.model import Block, Figure, Key, Panel, Section
from alvh.report.page.palette import ArmStyle

if TYPE_CHECKING:
    from alvh.comparison import Comparison

__all__ = ["comparison_section"]


def comparison_section(result: Comparison, name: str, style: ArmStyle, start: date | None) -> Section:
    """Return the section of one comparison.

    Parameters
    ----------
    result : Comparison
        Simulated or replayed.
    name : str
        Unique on the page.
    style : ArmStyle
        Colours.
    start : date, optional
        On a history: the start whose days are told.
    """
    size = f"at a margin share of {share_of_nav(result.shares[0])}"
    return Section(
        name, title_of(result), what_was_run(result), tuple(_blocks(result, name, style, size, start))
    )


def title_of(result: Comparison) -> str:
    """Return what was simulated or replayed."""
    facts = result.task.facts
    return f"History: {facts['source']}" if result.replayed else f"Simulation: {facts['market'].upper()}"


def what_was_run(result: Comparison) -> str:
    """Return paths, horizon, capital and seed in a sentence."""
    kind = "rolling starts" if result.replayed else "paths"
    return (
        f"{result.task.paths:,} {kind} of {result.sessions} sessions, capital ${result.capital:,.0f}, "
        f"seed {result.manifest['seed']}. Figures below the ladder are at a margin share of "
        f"{share_of_nav(result.shares[0])}."
    )


def _blocks(result: Comparison, name: str, style: ArmStyle, size: str, start: date | None) -> Iterator[Block]:
    named = result.labelled
    band = named(result.surface_band())
    if not band.is_empty():
        yield tables.surface_band_table(band)
    yield from one_day.tables_of(result)
    yield from _ladder(result, name, style)
    if result.replayed:
        told = result.history()
        yield tables.history_table(named(told.counts))
        episodes = named(told.episodes).filter(event="distress")
        if not episodes.is_empty():
            yield tables.episodes_table(episodes, "Runs of consecutive starts in distress")
    else:
        yield tables.capacity_table(named(result.capacity()))
        yield calls.sizing_table(named(result.sizing()))
        if len(result.arms) > 1:
            yield from _against(named(result.against()), name, style, size)
        yield tables.premium_table(named(result.premium()))
    if result.quoted:
        yield tables.prices_table(named(result.prices()))
    rivals = named(result.equal_cost())
    if not rivals.is_empty():
        yield tables.rivals_table(rivals, result.label(result.arms[0]), result.pilot)
    fans = named(result.fans())
    for measure in fans["measure"].unique(maintain_order=True):
        yield _fans(fans.filter(measure=measure), measure, name, style, size)
    yield _peaks(named(result.peaks()), name, style, size)
    if result.hedged:
        budgets = {result.label(arm): budget for arm, budget in result.budgets.items()}
        layers = named(result.layer_pnl())
        yield from hedges.blocks(
            named(result.protection()), layers, budgets, name=name, style=style, size=size
        )
    yield from calls.blocks(result, size)
    yield _attribution(named(result.attribution()), name, size)
    yield from behaviour.blocks(result)
    if result.replayed:
        yield timeline.figure(result, timeline.chosen(result, start), f"{name}-timeline", style)
    yield tables.summary_table(named(result.summary()), f"Every figure {size}")


def _ladder(result: Comparison, name: str, style: ArmStyle) -> Iterator[Block]:
    ladder = result.labelled(result.ladder())
    books = tables.rungs(ladder)
    if result.replayed:
        title = "Share of the rolling starts in distress, by margin share"
        note = "Starts overlap and are not independent: there is no interval. A square-root scale."
    else:
        title = f"P(distress within {result.within} sessions), by margin share"
        note = "With 95% intervals, on a square-root scale."
    note += " The dotted lines are the levels of capacity, 1% and 5%. A book that never traded is left out."
    described = f"{title}: " + "; ".join(
        f"{row['arm']} at {share_of_nav(row['share'])} {tables.estimate(row, 'probability').text}"
        for row in books.iter_rows(named=True)
    )
    panel = Panel(charts.ladder_chart(books, style), described)
    yield Figure(
        f"{name}-ladder",
        title,
        note,
        (panel,),
        tables.kinds_table(ladder),
        style.legend(books["arm"].unique(maintain_order=True).to_list()),
    )
    yield tables.ladder_table(ladder, "The same in figures, with the kind of distress met most often")


def _against(differences: pl.DataFrame, name: str, style: ArmStyle, size: str) -> Iterator[Block]:
    returns = differences.filter(figure="return_on_nav")
    base = returns["base"][0]
    title = f"Cost: return on NAV a year less that of {base}, {size}"
    panel = Panel(charts.intervals_chart(returns, style, f"less {base}, of capital a year"), title)
    note = "Paired on the same paths, with 95% intervals. Left of zero the defence costs."
    yield Figure(f"{name}-cost", title, note, (panel,), tables.against_table(differences))


def _fans(fans: pl.DataFrame, measure: str, name: str, style: ArmStyle, size: str) -> Figure:
    title = f"{MEASURES[measure][0].upper()}{MEASURES[measure][1:]}, by session, {size}"
    panels = tuple(
        Panel(spec, f"{title}: {arm}", arm) for arm, spec in charts.fan_charts(fans, style).items()
    )
    note = (
        "Median, half and nine tenths of the paths: quantiles session by session, not paths. "
        "One scale for all arms."
    )
    table = tables.fan_table(fans, MEASURES[measure])
    return Figure(f"{name}-{measure}", title, note, panels, table, grid=True)


def _peaks(peaks: pl.DataFrame, name: str, style: ArmStyle, size: str) -> Figure:
    title = f"Peak margin requirement as a multiple of the first, {size}"
    note = "Point: median. Thick: half of the paths. Thin: nine tenths. Tick: the largest. Square-root scale."
    panel = Panel(charts.peaks_chart(peaks, style), title)
    return Figure(f"{name}-peaks", title, note, (panel,), tables.peaks_table(peaks))


def _attribution(attribution: pl.DataFrame, name: str, size: str) -> Figure:
    title = f"Where the money came from and went to, {size}"
    note = "Mean P&L a year by cause, of capital; the diamond is their sum, NAV less capital."
    panel = Panel(charts.attribution_chart(attribution), title)
    meanings = dict.fromkeys(attribution["bucket"], "")
    frame = attribution.with_columns(unit=pl.lit("a year"))
    table = tables.by_arm("Mean P&L a year, of capital", frame, "bucket", meanings)
    legend = tuple(Key(bucket, charts.bucket_colour(bucket)) for bucket in BUCKETS)
    return Figure(f"{name}-attribution", title, note, (panel,), table, legend)
