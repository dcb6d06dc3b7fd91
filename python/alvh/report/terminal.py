"""The tables of a comparison for the terminal: functions of the frames of `alvh.figures`.

Everything returned is a renderable of rich, readable from 80 columns. Estimates stand above their intervals.
"""

from collections.abc import Iterable
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from alvh.bisection import TOLERANCE
from alvh.figures import FIGURES, HistorySummary
from alvh.figures.distress import NO_TRADE, commonest
from alvh.figures.words import amount, percent, share_of_nav, span
from alvh.report import DISCLAIMER, QUESTION
from alvh.report.wrapping import ArmColumns, plain_table

__all__ = [
    "against_table",
    "attribution_table",
    "bar_calls_table",
    "capacity_table",
    "disclaimer",
    "equal_cost_table",
    "figures_table",
    "headline_panel",
    "history_tables",
    "ladder_table",
    "limits_list",
    "summary_table",
    "surface_band_table",
]

MOST_EPISODES = 12

_KEYS = ("arm", "share")

_LETTERS = {"refused": "o", "call": "c", "forced": "f", "ruin": "r"}


def headline_panel(text: str) -> RenderableType:
    """Return the first panel of every report (R91).

    Parameters
    ----------
    text : str
        What `alvh.figures.headline` says.
    """
    return Panel(Text(text), title=QUESTION, title_align="left")


def ladder_table(ladder: pl.DataFrame) -> Table:
    """Return P(distress) of each arm on the ladder of sizes, with the kind met most often.

    Parameters
    ----------
    ladder : DataFrame
        What `alvh.figures.ladder` returns; where it has no intervals the table claims no probabilities.
    """
    caption = "most often: o order refused, c margin call, f forced closing, r ruin"
    sampled = ladder["high"].is_not_null().any()
    title = (
        "P(distress) by margin share"
        if sampled
        else "Share of the rolling starts in distress, by margin share"
    )
    table = plain_table(title, caption)
    table.add_column("arm", overflow="fold")
    shares = ladder["share"].unique().sort().to_list()
    for share in shares:
        table.add_column(share_of_nav(share), justify="right", no_wrap=True)
    for arm in ladder["arm"].unique(maintain_order=True):
        books = ladder.filter(arm=arm)
        table.add_row(Text(arm), *(_rung(books.filter(share=share)) for share in shares))
    return table


def _rung(book: pl.DataFrame) -> Text:
    rows = {row["figure"]: row for row in book.iter_rows(named=True)}
    if "distress" not in rows:
        return Text("-")
    if not rows["distress"]["opened"]:
        return Text(NO_TRADE)
    kind = commonest(rows)
    flag = f" {_LETTERS[kind]}" if kind else ""
    return Text(_two_lines(rows["distress"], "probability", flag))


def capacity_table(capacity: pl.DataFrame) -> Table:
    """Return how large each arm may be, by the estimate and by the upper bound of its interval.

    Parameters
    ----------
    capacity : DataFrame
        What `alvh.figures.capacity` returns.
    """
    caption = "shown: the upper bound of the 95% interval is within the level too"
    table = plain_table("Capacity: the largest margin share with P(distress) within a level", caption)
    table.add_column("arm", overflow="fold")
    levels = capacity["level"].unique(maintain_order=True).to_list()
    for level in levels:
        table.add_column(f"P ≤ {share_of_nav(level)}", justify="right")
        table.add_column("shown", justify="right")
    for arm in capacity["arm"].unique(maintain_order=True):
        words = capacity.filter(arm=arm).select("capacity_words", "shown_words").rows()
        table.add_row(Text(arm), *(Text(word) for pair in words for word in pair))
    return table


def bar_calls_table(calls: pl.DataFrame) -> Table:
    """Return P(call at the worst bar of a session) of each arm on the ladder of sizes.

    Parameters
    ----------
    calls : DataFrame
        What `alvh.figures.bar_calls` returns.
    """
    caption = "short there and not at the close; nothing is closed for it, and it is no distress"
    table = plain_table("P(call at the worst bar of a session) by margin share", caption)
    table.add_column("arm", overflow="fold")
    shares = calls["share"].unique().sort().to_list()
    for share in shares:
        table.add_column(share_of_nav(share), justify="right", no_wrap=True)
    for arm in calls["arm"].unique(maintain_order=True):
        books = {row["share"]: row for row in calls.filter(arm=arm).iter_rows(named=True)}
        table.add_row(Text(arm), *(Text(_two_lines(books[share], "probability")) for share in shares))
    return table


def summary_table(summary: pl.DataFrame) -> RenderableType:
    """Return every figure of every arm.

    Parameters
    ----------
    summary : DataFrame
        What `alvh.figures.summary` returns.
    """
    return _by_arm("Figures at the size of the comparison", summary, "figure")


def figures_table() -> Table:
    """Return what each name of the summary means."""
    table = plain_table("What the figures mean")
    table.add_column("figure", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("meaning")
    for figure in FIGURES:
        table.add_row(figure.name, figure.unit, Text(figure.meaning))
    return table


def attribution_table(attribution: pl.DataFrame) -> RenderableType:
    """Return where the P&L came from, in per cent of capital a year.

    Parameters
    ----------
    attribution : DataFrame
        What `alvh.figures.attribution` returns.
    """
    frame = attribution.with_columns(unit=pl.lit("a year"))
    return _by_arm("Mean P&L a year, of capital", frame, "bucket")


def prices_table(prices: pl.DataFrame) -> Table:
    """Return how many prices were recorded quotes.

    Parameters
    ----------
    prices : DataFrame
        What `alvh.figures.prices` returns.
    """
    caption = "marks: legs held, once each session; fills: legs opened or closed before expiry"
    table = plain_table("Leg prices from recorded quotes, and from the model", caption)
    table.add_column("arm", overflow="fold")
    for header in ("prices", "recorded", "modelled", "share of the model"):
        table.add_column(header, justify="right")
    for row in prices.iter_rows(named=True):
        counts = (f"{row['recorded']:,}", f"{row['modelled']:,}")
        table.add_row(Text(row["arm"]), row["prices"], *counts, amount(row["modelled_share"], "share"))
    return table


def against_table(differences: pl.DataFrame) -> Table:
    """Return the paired differences against the base arm.

    Parameters
    ----------
    differences : DataFrame
        What `alvh.figures.against` returns.
    """
    base = ", ".join(differences["base"].unique(maintain_order=True))
    caption = (
        "only here / only base: paths in distress in one of the two; p: exact McNemar test, "
        "adjusted for the number of arms (Holm)"
    )
    table = plain_table(f"Each arm less {base}, path by path", caption)
    table.add_column("arm", overflow="fold")
    for header in ("P(distress)", "only here\nonly base", "p", "return\non NAV a year", "mean drawdown"):
        table.add_column(header, justify="right")
    for arm in differences["arm"].unique(maintain_order=True):
        rows = {row["figure"]: row for row in differences.filter(arm=arm).iter_rows(named=True)}
        test = rows["p_distress"]
        cells = {figure: Text(_two_lines(row, row["unit"])) for figure, row in rows.items()}
        counts = Text(f"{test['n01']:,}\n{test['n10']:,}")
        p = Text(f"{test['p_holm']:.2g}")
        table.add_row(
            Text(arm), cells["p_distress"], counts, p, cells["return_on_nav"], cells["max_drawdown"]
        )
    return table


def surface_band_table(band: pl.DataFrame) -> Table:
    """Return what each arm earns with the surface a vol point lower and higher, and by how much that differs.

    Parameters
    ----------
    band : DataFrame
        What `alvh.figures.surface_band` returns.
    """
    paths = band["paths"][0]
    caption = (
        f"on {paths:,} of the paths: SPX options a vol point cheaper or dearer, SPX and VIX as they are; "
        "change: path by path"
    )
    table = plain_table("Return on NAV a year above bills, SPX surface ±1 vol point", caption)
    table.add_column("arm", overflow="fold")
    shifts = band["shift"].unique().sort().to_list()
    for shift in (0.0, *filter(None, shifts)):
        table.add_column(f"{shift:+g} points" if shift else "as it is", justify="right")
        if shift:
            table.add_column("change", justify="right")
    for arm in band["arm"].unique(maintain_order=True):
        rows = {row["shift"]: row for row in band.filter(arm=arm).iter_rows(named=True)}
        cells = [_two_lines(rows[0.0], "a year")]
        for shift in filter(None, shifts):
            change = {
                "estimate": rows[shift]["difference"],
                "low": rows[shift]["difference_low"],
                "high": rows[shift]["difference_high"],
            }
            cells += [_two_lines(rows[shift], "a year"), _two_lines(change, "a year")]
        table.add_row(Text(arm), *map(Text, cells))
    return table


def equal_cost_table(rivals: pl.DataFrame, base: str, pilot: str) -> Table:
    """Return what was varied in each rival until it cost as much as another arm, and what both cost (R19).

    Parameters
    ----------
    rivals : DataFrame
        What `alvh.figures.equal_cost` returns.
    base : str
        The arm against which costs are measured.
    pilot : str
        What the pilot was, in words.
    """
    caption = (
        f"cost: P&L a year above bills that {base} earned more, of capital; below 0 it earned less. "
        f"Above the rival's, below that of the arm it matches. Pilot: {pilot}; solved: within {TOLERANCE:.0%}"
    )
    table = plain_table("Rivals at equal cost", caption)
    table.add_column("arm\nmatches", overflow="fold")
    table.add_column("varied", overflow="fold")
    for header in ("pilot", "here"):
        table.add_column(header, justify="right")
    table.add_column("status")
    for row in rivals.iter_rows(named=True):
        table.add_row(
            Text(f"{row['arm']}\n{row['to']}"),
            f"{row['vary']}\n{row['value']:.4g}",
            f"{percent(row['drag'])}\n{percent(row['target'])}",
            f"{percent(row['drag_here'])}\n{percent(row['target_here'])}",
            "equal" if row["status"] == "solved" else f"not equal\n{row['status']}",
        )
    return table


def history_tables(history: HistorySummary, event: str = "distress") -> RenderableType:
    """Return the counts of a history and the longest of its episodes, under the warning that goes with them.

    Parameters
    ----------
    history : HistorySummary
        What `alvh.figures.history_summary` returns.
    event : str
        Whose episodes are dated.
    """
    labels = [column.replace("_", " ") for column in history.counts.columns if column not in _KEYS]
    cells = {
        row["arm"]: [_counted(column, value) for column, value in row.items() if column not in _KEYS]
        for row in history.counts.iter_rows(named=True)
    }
    return Group(
        Text(history.note),
        Text(),
        ArmColumns("Rolling starts of one history", labels, cells),
        _episodes(history.episodes.filter(event=event), event),
    )


def _counted(column: str, value: Any) -> str:
    if column.startswith(("return", "drawdown")):
        return percent(value)
    return amount(value, "count") if column == "opened" else str(value)


def _episodes(episodes: pl.DataFrame, event: str) -> Table:
    left_out = max(0, episodes.height - MOST_EPISODES)
    caption = f"the longest of {episodes.height}: {left_out} shorter ones are left out" if left_out else None
    table = plain_table(f"Consecutive starts with {event}", caption)
    for header in ("arm", "first start", "last start"):
        table.add_column(header)
    table.add_column("starts", justify="right")
    longest = (
        episodes.with_row_index().sort("starts", descending=True, maintain_order=True).head(MOST_EPISODES)
    )
    for row in longest.sort("index").iter_rows(named=True):
        table.add_row(Text(row["arm"]), str(row["first_start"]), str(row["last_start"]), str(row["starts"]))
    return table


def limits_list(limits: Iterable[str]) -> RenderableType:
    """Return the limits of a run, one a line: what its figures cannot say.

    Parameters
    ----------
    limits : iterable of str
        Sentences.
    """
    items = (Padding(Text(f"- {limit}"), (0, 0, 0, 2)) for limit in limits)
    return Group(Text("Limits", style="bold"), *items)


def disclaimer() -> RenderableType:
    """Return the disclaimer that ends every report (R90)."""
    return Text(DISCLAIMER, style="dim")


def _by_arm(title: str, frame: pl.DataFrame, row: str) -> ArmColumns:
    """Lay out a long frame of estimates with an arm a column; the `row` labels are those of the first arm."""
    arms = frame.partition_by("arm", maintain_order=True)
    cells = {
        arm["arm"][0]: [_two_lines(each, each["unit"]) for each in arm.iter_rows(named=True)] for arm in arms
    }
    return ArmColumns(title, arms[0][row].to_list() if arms else [], cells)


def _two_lines(row: dict[str, Any], unit: str, flag: str = "") -> str:
    """Write an estimate, and below it its interval where there is one."""
    interval = span(row["low"], row["high"], unit)
    return f"{amount(row['estimate'], unit)}{flag}" + (f"\n{interval}" if interval else "")
