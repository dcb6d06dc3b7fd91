"""The charts that compare arms: distress by size, fans, peaks, attribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import polars as pl

from alvh.figures.buckets import TOTAL
from alvh.figures.columns import BUCKETS, arms
from alvh.figures.distress import CAPACITY_LEVELS
from alvh.figures.fans import QUANTILES
from alvh.figures.words import amount, percent, share_of_nav, span
from alvh.report.page.palette import ArmStyle
from alvh.report.page.spec import data, panel_spec

__all__ = [
    "ROW",
    "arm_rows",
    "attribution_chart",
    "bucket_colour",
    "fan_charts",
    "intervals_chart",
    "ladder_chart",
    "peaks_chart",
]

ROW = 30  # pixels of an arm where arms are rows
LABEL = 180  # pixels of its name at most
LEAST_SPAN = 0.01  # of the axis of a fan: books that never traded have none

_PROBABILITIES = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1)


def _coloured(style: ArmStyle, names: Sequence[str]) -> dict[str, Any]:
    """Return the encodings that tell arms apart."""
    colour = alt.Scale(domain=list(names), range=[style.colour(arm) for arm in names])
    shape = alt.Scale(domain=list(names), range=[style.shape(arm) for arm in names])
    return {
        "color": alt.Color("arm:N", scale=colour, legend=None),
        "shape": alt.Shape("arm:N", scale=shape, legend=None),
    }


def arm_rows(names: Sequence[str]) -> alt.Y:
    """Return the encoding of arms as rows, in their order."""
    axis = alt.Axis(title=None, labelLimit=LABEL, labelColor="var(--ink)", labelFontSize=11.5)
    return alt.Y("arm:N", sort=list(names), axis=axis, scale=alt.Scale(paddingInner=0.3, paddingOuter=0.15))


def _tooltip(**titles: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(field, type="nominal", title=title) for field, title in titles.items()]


def ladder_chart(rungs: pl.DataFrame, style: ArmStyle) -> dict[str, Any]:
    """Return P(distress) with its interval by margin share, the arms of a share side by side.

    Parameters
    ----------
    rungs : DataFrame
        Rows "distress" of `Comparison.ladder`, arms as labelled, with the column `kind`.
    style : ArmStyle
        Colours.
    """
    names = arms(rungs)
    rows = [
        {
            **row,
            "size": share_of_nav(row["share"]),
            "probability": percent(row["estimate"]),
            "interval": span(row["low"], row["high"], "probability") or "none",
            "count": f"{row['hits']:,} of {row['n']:,}",
        }
        for row in rungs.filter(pl.col("opened") > 0).iter_rows(named=True)
    ]
    shares = [share_of_nav(share) for share in rungs["share"].unique().sort()]
    base = alt.Chart(data(rows))
    x = alt.X("size:N", sort=shares, title="margin share of NAV", axis=alt.Axis(labelAngle=0, ticks=False))
    side = alt.XOffset("arm:N", sort=names, scale=alt.Scale(paddingOuter=0.25))
    scale = alt.Scale(type="sqrt", domain=[0, 1])
    axis = alt.Axis(values=list(_PROBABILITIES), format="~%", title=None)
    coloured = _coloured(style, names)
    told = _tooltip(
        arm="arm",
        size="margin share",
        probability="distress",
        interval="95% interval",
        count="paths",
        kind="mostly",
    )
    levels = (
        alt.Chart(data([{"level": level} for level in CAPACITY_LEVELS]))
        .mark_rule(strokeDash=[3, 3], stroke="var(--muted)", strokeWidth=1, aria=False)
        .encode(y=alt.Y("level:Q", scale=scale))
    )
    bars = base.mark_rule(strokeWidth=2).encode(
        x=x, xOffset=side, y=alt.Y("low:Q", scale=scale), y2="high:Q", color=coloured["color"]
    )
    points = base.mark_point(filled=True, size=75, opacity=1).encode(
        x=x, xOffset=side, y=alt.Y("estimate:Q", scale=scale, axis=axis), tooltip=told, **coloured
    )
    # Vega warns of a layer without a number: a history has no intervals.
    intervals = [bars] if rungs["low"].is_not_null().any() else []
    return panel_spec(levels, *intervals, points, height=300)


def fan_charts(fans: pl.DataFrame, style: ArmStyle) -> dict[str, dict[str, Any]]:
    """Return a fan per arm, all on the same axes.

    Parameters
    ----------
    fans : DataFrame
        Rows of one measure of `Comparison.fans`, arms as labelled.
    style : ArmStyle
        Colours.
    """
    levels = fans.select(*QUANTILES).to_numpy()
    finite = levels[np.isfinite(levels)]  # margin usage of a book without NAV is not
    low, high = float(finite.min()), max(float(finite.max()), float(finite.min()) + LEAST_SPAN)
    scale = alt.Scale(domain=[0.0 if 0.0 <= low < high / 2 else low, high], nice=True)
    return {arm: _fan(fans.filter(arm=arm), style.colour(arm), scale) for arm in arms(fans)}


def _fan(fan: pl.DataFrame, colour: str, scale: alt.Scale) -> dict[str, Any]:
    rows = [
        {
            **row,
            "median": amount(row["q50"], "share"),
            "half": span(row["q25"], row["q75"], "share"),
            "most": span(row["q05"], row["q95"], "share"),
        }
        for row in fan.drop("arm", "measure").iter_rows(named=True)
    ]
    base = alt.Chart(data(rows)).encode(
        x=alt.X("session:Q", title=None, axis=alt.Axis(tickCount=4, format="d"), scale=alt.Scale(nice=False))
    )
    axis = alt.Axis(format="~%", title=None, tickCount=4)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=scale, axis=axis)

    most, half = (base.mark_area(fill=colour, fillOpacity=opacity, clip=True) for opacity in (0.16, 0.3))
    median = base.mark_line(stroke=colour, strokeWidth=1.8, clip=True)
    # Invisible stripes: wherever the pointer is, the session there tells its quantiles.
    told = _tooltip(session="session", median="median", half="half of the paths", most="nine tenths")
    stripes = base.mark_rule(stroke="var(--ink)", strokeWidth=5, opacity=0, aria=False).encode(tooltip=told)
    bands = most.encode(y=y("q05"), y2="q95:Q"), half.encode(y=y("q25"), y2="q75:Q")
    return panel_spec(*bands, median.encode(y=y("q50")), stripes, height=130)


def peaks_chart(peaks: pl.DataFrame, style: ArmStyle) -> dict[str, Any]:
    """Return the distribution of peak over first requirement, an arm a row.

    Parameters
    ----------
    peaks : DataFrame
        What `Comparison.peaks` returns, arms as labelled.
    style : ArmStyle
        Colours.
    """
    names = arms(peaks)
    written = {name: pl.col(name).map_elements(_multiple, pl.String) for name in (*QUANTILES, "largest")}
    rows = peaks.drop_nulls("q50").with_columns(expr.alias(f"{name}_x") for name, expr in written.items())
    base = alt.Chart(data(rows)).encode(y=arm_rows(names))
    coloured = _coloured(style, names)

    def x(field: str) -> alt.X:
        axis = alt.Axis(title="peak / first requirement", grid=True, format="~r", tickCount=6)
        return alt.X(f"{field}:Q", scale=alt.Scale(type="sqrt", zero=True), axis=axis)

    told = _tooltip(
        arm="arm",
        q05_x="5%",
        q25_x="25%",
        q50_x="median",
        q75_x="75%",
        q95_x="95%",
        largest_x="largest",
        n="paths",
    )
    most = base.mark_rule(strokeWidth=1.5).encode(x=x("q05"), x2="q95:Q", color=coloured["color"])
    half = base.mark_rule(strokeWidth=6, opacity=0.55).encode(x=x("q25"), x2="q75:Q", color=coloured["color"])
    median = base.mark_point(filled=True, size=75, opacity=1).encode(x=x("q50"), tooltip=told, **coloured)
    largest = base.mark_tick(thickness=2, size=12).encode(
        x=x("largest"), color=coloured["color"], tooltip=told
    )
    return panel_spec(most, half, largest, median, height=ROW * len(names))


def _multiple(x: float) -> str:
    return amount(x, "multiple")


def bucket_colour(bucket: str) -> str:
    """Return the CSS colour of a cause of P&L."""
    return f"var(--bucket-{BUCKETS.index(bucket)})"


def attribution_chart(attribution: pl.DataFrame) -> dict[str, Any]:
    """Return mean P&L a year by cause, stacked to both sides of zero, and the total as a mark.

    Parameters
    ----------
    attribution : DataFrame
        What `Comparison.attribution` returns, arms as labelled.
    """
    names = arms(attribution)
    rows = [
        {**row, "value": amount(row["estimate"], "a year"), "order": [*BUCKETS, TOTAL].index(row["bucket"])}
        for row in attribution.iter_rows(named=True)
    ]
    base = alt.Chart(data(rows)).encode(y=arm_rows(names))
    colour = alt.Scale(domain=list(BUCKETS), range=[bucket_colour(bucket) for bucket in BUCKETS])
    axis = alt.Axis(title="of capital, a year", format="~%", grid=True, tickCount=6)
    told = _tooltip(arm="arm", bucket="cause", value="a year")
    bars = (
        base.mark_bar()
        .transform_filter(alt.datum.bucket != TOTAL)
        .encode(
            x=alt.X("estimate:Q", axis=axis, stack="zero"),
            color=alt.Color("bucket:N", scale=colour, legend=None),
            order="order:Q",
            tooltip=told,
        )
    )
    total = (
        base.mark_point(
            filled=True, shape="diamond", size=90, fill="var(--ink)", stroke="var(--paper)", opacity=1
        )
        .transform_filter(alt.datum.bucket == TOTAL)
        .encode(x=alt.X("estimate:Q"), tooltip=told)
    )
    return panel_spec(bars, total, height=ROW * len(names))


def intervals_chart(
    rows: pl.DataFrame, style: ArmStyle, title: str, marks: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Return estimates with their intervals, an arm a row.

    Parameters
    ----------
    rows : DataFrame
        `arm`, `estimate`, `low`, `high`, `unit`.
    style : ArmStyle
        Colours.
    title : str
        Of the axis.
    marks : mapping, optional
        Arm to a number that is marked beside its estimate.
    """
    names = arms(rows)
    told = [
        {
            **row,
            "value": amount(row["estimate"], row["unit"]),
            "interval": span(row["low"], row["high"], row["unit"]),
        }
        for row in rows.iter_rows(named=True)
    ]
    coloured = _coloured(style, names)
    base = alt.Chart(data(told)).encode(y=arm_rows(names))
    axis = alt.Axis(title=title, format="~%", grid=True, tickCount=6)
    zero = alt.Chart(data([{"zero": 0}])).mark_rule(stroke="var(--muted)", aria=False).encode(x="zero:Q")
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", axis=axis), x2="high:Q", color=coloured["color"]
    )
    points = base.mark_point(filled=True, size=75, opacity=1).encode(
        x=alt.X("estimate:Q", axis=axis),
        tooltip=_tooltip(arm="arm", value="estimate", interval="95% interval"),
        **coloured,
    )
    marked = [{"arm": arm, "mark": mark} for arm, mark in (marks or {}).items() if arm in names]
    ticks = (
        alt.Chart(data(marked))
        .mark_tick(thickness=2, size=18, color="var(--ink)", aria=False)
        .encode(x="mark:Q", y=arm_rows(names))
    )
    # Vega warns of layers without a number: a history has no intervals.
    layers = [
        zero,
        *([bars] if rows["low"].is_not_null().any() else []),
        points,
        *([ticks] if marked else []),
    ]
    return panel_spec(*layers, height=ROW * len(names))
