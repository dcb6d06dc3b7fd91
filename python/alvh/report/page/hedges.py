"""The figures of hedges: what they cost, how much they covered, which limit bound (R22, R61)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import altair as alt
import polars as pl

from alvh.figures.columns import arms
from alvh.figures.protection import LIMITS_OF_SIZE, MET, protection_words
from alvh.figures.words import amount, percent, span
from alvh.report.page import charts, tables
from alvh.report.page.model import Block, Figure, Key, Panel
from alvh.report.page.palette import ArmStyle
from alvh.report.page.spec import data, panel_spec

__all__ = ["blocks"]

_COVERAGES = ("coverage_wanted", "coverage_affordable", "coverage_achieved")


def blocks(
    protection: pl.DataFrame,
    layers: pl.DataFrame,
    budgets: Mapping[str, float],
    *,
    name: str,
    style: ArmStyle,
    size: str,
) -> Iterator[Block]:
    """Yield verdicts, cost, coverage, limits and layers of the arms with a hedge; nothing without any.

    Parameters
    ----------
    protection, layers : DataFrame
        What `Comparison.protection` and `Comparison.layer_pnl` return, arms as labelled.
    budgets : mapping
        Of the arms that have one: expected cost a year at most, of NAV.
    name, size : str
        Of the comparison, and its size in words.
    style : ArmStyle
        Colours.
    """
    if protection.is_empty():
        return
    yield tables.verdicts_table(protection_words(protection), f"The hedges in words, {size}")
    title = f"Expected cost of the hedge a year, {size}"
    spent = protection.filter(figure="expected_cost")
    panel = Panel(charts.intervals_chart(spent, style, "of capital a year", budgets), title)
    limits = ", ".join(f"{arm} {percent(budget)}" for arm, budget in budgets.items()) or "no arm has one"
    note = (
        f"Committed by hedge purchases, mean of the paths. Ticks: the budget a year, of NAV ({limits}; R61)."
    )
    yield Figure(f"{name}-hedge-cost", title, note, (panel,), tables.protection_table(protection))

    title = f"Coverage wanted, affordable and achieved, {size}"
    note = f"Of the core's dollars per VIX point. Below the dotted line, {MET:.0%}, R22 is not met."
    covered = protection.filter(pl.col("figure").is_in(_COVERAGES))
    panel = Panel(_coverage(covered), title)
    legend = tuple(
        Key(figure.removeprefix("coverage_"), f"var(--bucket-{i})") for i, figure in enumerate(_COVERAGES)
    )
    yield Figure(f"{name}-coverage", title, note, (panel,), tables.protection_table(covered), legend)

    title = f"Which limit bound the size of the hedge, {size}"
    bound = protection.filter(pl.col("figure").str.starts_with("bound_"))
    panel = Panel(_limits(bound), title)
    legend = tuple(Key(limit, f"var(--bucket-{i})") for i, limit in enumerate(LIMITS_OF_SIZE))
    yield Figure(
        f"{name}-limits",
        title,
        "Share of the sizing decisions.",
        (panel,),
        tables.protection_table(bound),
        legend,
    )
    yield tables.layers_table(layers)


def _told(frame: pl.DataFrame, prefix: str) -> list[dict[str, Any]]:
    return [
        {
            **row,
            "what": row["figure"].removeprefix(prefix),
            "value": amount(row["estimate"], row["unit"]),
            "interval": span(row["low"], row["high"], row["unit"]),
        }
        for row in frame.iter_rows(named=True)
    ]


def _colour(names: list[str]) -> alt.Color:
    scale = alt.Scale(domain=names, range=[f"var(--bucket-{i})" for i in range(len(names))])
    return alt.Color("what:N", scale=scale, legend=None)


_TOOLTIP = [alt.Tooltip(f"{field}:N") for field in ("arm", "what", "value", "interval")]


def _coverage(frame: pl.DataFrame) -> dict[str, Any]:
    names, kinds = arms(frame), [figure.removeprefix("coverage_") for figure in _COVERAGES]
    axis = alt.Axis(title="of the core's dollars per VIX point", format="~%", grid=True, tickCount=6)
    bars = (
        alt.Chart(data(_told(frame, "coverage_")))
        .mark_bar()
        .encode(
            x=alt.X("estimate:Q", axis=axis),
            y=charts.arm_rows(names),
            yOffset=alt.YOffset("what:N", sort=kinds),
            color=_colour(kinds),
            tooltip=_TOOLTIP,
        )
    )
    least = (
        alt.Chart(data([{"least": MET}]))
        .mark_rule(strokeDash=[3, 3], stroke="var(--ink)", aria=False)
        .encode(x="least:Q")
    )
    return panel_spec(bars, least, height=1.8 * charts.ROW * len(names))


def _limits(frame: pl.DataFrame) -> dict[str, Any]:
    names = arms(frame)
    rows = [{**row, "order": LIMITS_OF_SIZE.index(row["what"])} for row in _told(frame, "bound_")]
    axis = alt.Axis(title="of sizing decisions", format="~%", grid=True, tickCount=6)
    bars = (
        alt.Chart(data(rows))
        .mark_bar()
        .encode(
            x=alt.X("estimate:Q", axis=axis, stack="zero", scale=alt.Scale(domain=[0, 1])),
            y=charts.arm_rows(names),
            color=_colour(list(LIMITS_OF_SIZE)),
            order="order:Q",
            tooltip=_TOOLTIP,
        )
    )
    return panel_spec(bars, height=charts.ROW * len(names))
