"""One rolling start of a history, day by day: VIX, NAV of every arm, and the tranches of one of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import altair as alt
import polars as pl

from alvh.errors import SpecError
from alvh.figures.words import amount
from alvh.report.page.model import Cell, Figure, Panel, Table
from alvh.report.page.palette import ArmStyle
from alvh.report.page.spec import data, panel_spec

if TYPE_CHECKING:
    from alvh.comparison import Comparison

__all__ = ["Told", "chosen", "figure", "tranches"]

TROUBLE = ("call", "refuse", "ruin")
"""Events that are marked on the line of NAV."""

_AXIS = 92  # pixels left of every panel: their days stand below each other
_SLOT = 15  # pixels of a row of tranches


class Told(NamedTuple):
    """The start that is told: its path, its day, and the arm whose tranches are shown."""

    path: int
    start: date
    arm: str


def chosen(result: Comparison, start: date | None = None) -> Told:
    """Return the given start, or the one with the lowest return of any arm, and the arm that has it.

    Raises
    ------
    SpecError
        No path begins on that day.
    """
    lowest = (
        result.paths()
        .filter(pl.col("share") == result.shares[0])
        .select("path", "start", "arm", "nav")
        .collect()
    )
    if start is not None:
        ours = lowest.filter(start=start)
        if ours.is_empty():
            known = sorted(set(lowest["start"]))
            raise SpecError(
                f"start = {start}: the rolling starts run from {known[0]} to {known[-1]}, on sessions"
            )
        lowest = ours
    row = lowest.sort("nav", maintain_order=True).row(0, named=True)
    return Told(row["path"], row["start"], row["arm"])


def tranches(events: pl.DataFrame, last: date) -> pl.DataFrame:
    """Return a row per tranche: `row` (layer and slot), `opened`, `ended`, `how`, `lots`, `pnl`, `strikes`.

    The P&L of a diagonal is that of both legs.

    Parameters
    ----------
    events : DataFrame
        Of `Comparison.trace`.
    last : date
        The horizon: until then stands what has not ended.
    """
    held: dict[tuple[str, int], dict[str, Any]] = {}
    ends: dict[tuple[str, int], dict[str, Any]] = {}
    sold: dict[tuple[str, int], float] = {}  # P&L of what was sold against a tranche
    rows = []
    told = events.filter(pl.col("layer").is_not_null()).to_dicts()
    for event, after in zip(told, [*told[1:], None], strict=True):
        key = event["layer"], event["slot"]
        if event["event"] == "open":
            held[key], sold[key] = event, 0.0
        elif event["event"] in {"buy_back", "settle_short"}:
            sold[key] = sold.get(key, 0.0) + event["pnl"]
        elif event["event"] in {"settle", "close"} and key in held:
            ends[key] = event
        # A short leg is bought back in the fill that closes its tranche, right behind it.
        bought_back = (
            after is not None and (after["layer"], after["slot"]) == key and after["event"] == "buy_back"
        )
        if key in ends and key in held and not bought_back:
            end = ends.pop(key)
            pnl = end["pnl"] + sold.pop(key)
            rows.append(_tranche(held.pop(key), end["date"], end["event"], end["reason"], pnl))
    rows += [_tranche(opened, last, "open", "at the horizon", None) for opened in held.values()]
    return pl.DataFrame(rows, schema=_TRANCHES, orient="row").sort("opened", "row", maintain_order=True)


_TRANCHES = {
    "row": pl.String,
    "opened": pl.Date,
    "ended": pl.Date,
    "how": pl.String,
    "lots": pl.Float64,
    "pnl": pl.Float64,
    "strikes": pl.String,
}


def _tranche(
    opened: dict[str, Any], ended: date, event: str, reason: str, pnl: float | None
) -> tuple[Any, ...]:
    how = f"{event}: {reason}" if reason else event
    strikes = " ".join(f"{strike:g}" for strike in opened["strikes"])
    return f"{opened['layer']} {opened['slot'] + 1}", opened["date"], ended, how, opened["lots"], pnl, strikes


def figure(result: Comparison, told: Told, name: str, style: ArmStyle) -> Figure:
    """Return the figure of one start: three panels on the same days.

    Parameters
    ----------
    result : Comparison
        On a history.
    told : Told
        What `chosen` returns.
    name : str
        Of the figure.
    style : ArmStyle
        Colours.
    """
    traces = {arm: result.trace(told.path, arm) for arm in result.arms}
    ledger, events = traces[told.arm]
    days = pl.concat(
        trace.ledger.select(
            pl.lit(result.label(arm)).alias("arm"), "date", "vix", "nav", "requirement", "call"
        )
        for arm, trace in traces.items()
    )
    troubles = pl.concat(
        trace.events.filter(pl.col("event").is_in(TROUBLE))
        .select(pl.lit(result.label(arm)).alias("arm"), "date", "event", "reason")
        .join(trace.ledger.select("date", "nav"), on="date")
        for arm, trace in traces.items()
    )
    last = ledger["date"][-1]
    held = tranches(events, last)
    span = [told.start, last]
    arm = result.label(told.arm)
    panels = (
        Panel(_vix(ledger, span), f"VIX from {told.start} to {last}", "VIX at the close"),
        Panel(
            _nav(days, troubles, result.capital, span, style),
            f"NAV of every arm from {told.start} to {last}, of capital",
            _marked(troubles),
        ),
        Panel(_held(held, span), f"Tranches of {arm}", f"Tranches of {arm}, by layer and slot"),
    )
    note = (
        f"The start of {told.start}, of {result.task.paths:,} starts. A tranche runs from its opening to its "
        "settlement or closing; the width of its bar grows with its lots. "
        "Blue: a gain; orange: a loss; grey: open at the horizon."
    )
    return Figure(
        name,
        f"One start, day by day: {told.start} to {last}",
        note,
        panels,
        _table(events, arm),
        (*style.legend([result.label(each) for each in result.arms]),),
    )


def _marked(troubles: pl.DataFrame) -> str:
    """Return the title over NAV: how many calls, refusals and ruins are marked."""
    met = troubles["event"].value_counts().rows()
    counts = ", ".join(f"{count} {event}" for event, count in sorted(met)) or "none met"
    return f"NAV, of capital; marks: margin call, refused order, ruin ({counts})"


def _days(span: list[date], *, labels: bool) -> dict[str, Any]:
    """Return the scale and axis of days."""
    axis = alt.Axis(title=None, labels=labels, ticks=labels, format="%b %Y", tickCount=6, labelOverlap=True)
    # Days are midnights of UTC: no time zone of a reader may move one.
    ends = [alt.DateTime(year=day.year, month=day.month, date=day.day, utc=True) for day in span]
    return {"scale": alt.Scale(type="utc", domain=ends), "axis": axis}


# A second layer takes scale and axis from the first: Vega-Lite warns of dates that are given twice.
_SAME_DAYS = alt.X("date_at:T", title=None)


def _left(**more: Any) -> alt.Axis:
    return alt.Axis(title=None, minExtent=_AXIS, maxExtent=_AXIS, **more)


def _dated(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Add the instants that are drawn; the days stay as words for tooltips."""
    return frame.with_columns(
        pl.col(day).cast(pl.Int64).mul(86_400_000).alias(f"{day}_at") for day in columns
    )


def _vix(ledger: pl.DataFrame, span: list[date]) -> dict[str, Any]:
    base = alt.Chart(data(_dated(ledger.select("date", "vix"), "date")))
    told = [alt.Tooltip("date:N", title="date"), alt.Tooltip("vix:Q", title="VIX", format=".2f")]
    line = base.mark_line(stroke="var(--ink)", strokeWidth=1.3).encode(
        x=alt.X("date_at:T", **_days(span, labels=False)),
        y=alt.Y("vix:Q", axis=_left(tickCount=3), scale=alt.Scale(zero=False)),
    )
    stripes = base.mark_rule(stroke="var(--ink)", strokeWidth=4, opacity=0, aria=False)
    return panel_spec(line, stripes.encode(x=_SAME_DAYS, tooltip=told), height=80)


def _nav(
    days: pl.DataFrame, troubles: pl.DataFrame, capital: float, span: list[date], style: ArmStyle
) -> dict[str, Any]:
    names = days["arm"].unique(maintain_order=True).to_list()
    of_capital = (pl.col("nav") / capital).alias("share")
    rows = _dated(days.select("arm", "date", of_capital), "date").with_columns(
        written=pl.col("share").map_elements(lambda x: amount(x, "share"), pl.String)
    )
    colour = alt.Color(
        "arm:N", scale=alt.Scale(domain=names, range=[style.colour(arm) for arm in names]), legend=None
    )
    x = alt.X("date_at:T", **_days(span, labels=False))
    y = alt.Y("share:Q", axis=_left(format="~%", tickCount=5), scale=alt.Scale(zero=False))
    told = [alt.Tooltip("date:N", title="date"), alt.Tooltip("arm:N"), alt.Tooltip("written:N", title="NAV")]
    lines = alt.Chart(data(rows)).mark_line(strokeWidth=1.6).encode(x=x, y=y, color=colour, tooltip=told)
    if troubles.is_empty():
        return panel_spec(lines, height=190)
    met = _dated(troubles.select("arm", "date", "event", "reason", of_capital), "date")
    marks = (
        alt.Chart(data(met))
        .mark_point(shape="triangle-down", size=70, filled=True, yOffset=-7, opacity=1)
        .encode(
            x=_SAME_DAYS,
            y=y,
            color=colour,
            tooltip=[*told[:2], alt.Tooltip("event:N"), alt.Tooltip("reason:N")],
        )
    )
    return panel_spec(lines, marks, height=190)


def _held(held: pl.DataFrame, span: list[date]) -> dict[str, Any]:
    most = max(held["lots"].max() or 1.0, 1.0)
    rows = _dated(held, "opened", "ended").with_columns(
        width=2.0 + (_SLOT - 5.0) * pl.col("lots") / most,
        outcome=pl.when(pl.col("pnl").is_null())
        .then(pl.lit("open"))
        .when(pl.col("pnl") < 0)
        .then(pl.lit("loss"))
        .otherwise(pl.lit("gain")),
        written=pl.col("pnl").map_elements(lambda x: amount(x, "dollars"), pl.String, skip_nulls=True),
    )
    slots = held["row"].unique(maintain_order=True).to_list()
    outcomes = alt.Scale(
        domain=["gain", "loss", "open"], range=["var(--gain)", "var(--loss)", "var(--muted)"]
    )
    fields = {
        "row": "slot",
        "opened": "opened",
        "ended": "ended",
        "how": "how",
        "lots": "lots",
        "written": "P&L",
    }
    told = [
        *(alt.Tooltip(f"{field}:N", title=title) for field, title in fields.items()),
        alt.Tooltip("strikes:N"),
    ]
    # Vega-Lite 6 misreads a domain of dates beside x2: an invisible layer spans the days instead.
    ends = pl.DataFrame({"date": span}, schema={"date": pl.Date})
    days = _days(span, labels=True) | {"scale": alt.Scale(type="utc", nice=False)}
    frame = (
        alt.Chart(data(_dated(ends, "date")))
        .mark_rule(opacity=0, aria=False)
        .encode(x=alt.X("date_at:T", **days))
    )
    bars = (
        alt.Chart(data(rows))
        .mark_bar()
        .encode(
            x=alt.X("opened_at:T", title=None, scale=alt.Scale(type="utc", nice=False)),
            x2="ended_at:T",
            y=alt.Y("row:N", sort=slots, axis=_left(labelLimit=_AXIS, labelFontSize=10)),
            size=alt.Size("width:Q", scale=None),
            color=alt.Color("outcome:N", scale=outcomes, legend=None),
            tooltip=told,
        )
    )
    return panel_spec(frame, bars, height=_SLOT * max(len(slots), 1))


def _table(events: pl.DataFrame, arm: str) -> Table:
    header = ("date", "event", "reason", "layer", "slot", "lots", "price", "P&L", "expiry", "strikes")
    rows = tuple(
        (
            Cell(str(row["date"])),
            Cell(row["event"]),
            Cell(row["reason"]),
            Cell(row["layer"] or ""),
            Cell("" if row["slot"] is None else str(row["slot"] + 1)),
            Cell(f"{row['lots']:g}" if row["lots"] else ""),
            Cell(_if_known(row["price"], "{:,.2f}")),
            Cell(_if_known(row["pnl"], "{:,.0f}")),
            Cell(str(row["expiry"] or "")),
            Cell(" ".join(f"{strike:g}" for strike in row["strikes"])),
        )
        for row in events.iter_rows(named=True)
    )
    return Table(f"Events of {arm}", header, rows, words=frozenset({0, 1, 2, 3, 8, 9}))


def _if_known(value: float | None, form: str) -> str:
    return "" if value is None or value != value else form.format(value)  # noqa: PLR0124 -- NaN
