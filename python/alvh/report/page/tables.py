"""The tables of a page: functions of the frames of `alvh.figures`, in the words of `alvh.figures.words`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from alvh.claims.voting import readings_in_words
from alvh.figures import FIGURES, PRICES, PROTECTION
from alvh.figures.columns import arms
from alvh.figures.distress import EVENTS, NO_TRADE, commonest
from alvh.figures.fans import QUANTILES
from alvh.figures.words import amount, percent, share_of_nav, span
from alvh.report.page.model import Cell, Table

__all__ = [
    "against_table",
    "by_arm",
    "capacity_table",
    "claims_table",
    "episodes_table",
    "estimate",
    "fan_table",
    "history_table",
    "kinds_table",
    "ladder_table",
    "layers_table",
    "peaks_table",
    "premium_table",
    "prices_table",
    "protection_table",
    "rivals_table",
    "rungs",
    "summary_table",
    "surface_band_table",
    "verdicts_table",
]

_LEVELS = {"q05": "5%", "q25": "25%", "q50": "median", "q75": "75%", "q95": "95%"}


def estimate(row: Mapping[str, Any], unit: str | None = None, kind: str = "") -> Cell:
    """Return an estimate above its interval, and above the kind of distress met most often."""
    unit = unit or row["unit"]
    below = span(row["low"], row["high"], unit)
    return Cell(amount(row["estimate"], unit), " · ".join(filter(None, (below, kind))))


def rungs(ladder: pl.DataFrame) -> pl.DataFrame:
    """Return the rows "distress" of a ladder with `kind`, the kind met most often or an empty text."""
    books = ladder.partition_by("arm", "share", maintain_order=True)
    found = [commonest({row["figure"]: row for row in book.iter_rows(named=True)}) or "" for book in books]
    return ladder.filter(figure="distress").with_columns(kind=pl.Series(found, dtype=pl.String))


def ladder_table(ladder: pl.DataFrame, title: str) -> Table:
    """Return P(distress), its interval and its commonest kind: arms down, margin shares across."""
    books = rungs(ladder)
    shares = books["share"].unique().sort().to_list()
    found = {(row["arm"], row["share"]): row for row in books.iter_rows(named=True)}
    rows = tuple((Cell(arm), *(_rung(found[arm, share]) for share in shares)) for arm in arms(books))
    return Table(title, ("arm", *map(share_of_nav, shares)), rows)


def _rung(row: Mapping[str, Any]) -> Cell:
    return estimate(row, "probability", row["kind"]) if row["opened"] else Cell(NO_TRADE)


def kinds_table(ladder: pl.DataFrame) -> Table:
    """Return every kind of distress of every book."""
    header = ("arm", "margin share", *(event.replace("distress", "any of them") for event in EVENTS))
    rows = []
    for book in ladder.partition_by("arm", "share", maintain_order=True):
        found = {row["figure"]: row for row in book.iter_rows(named=True)}
        first = found["distress"]
        rows.append(
            (
                Cell(first["arm"]),
                Cell(share_of_nav(first["share"])),
                *(estimate(found[event], "probability") for event in EVENTS),
                Cell(f"{first['n']:,}"),
                Cell(amount(first["opened"], "count")),
            )
        )
    return Table("Every kind of distress", (*header, "paths", "tranches a path"), tuple(rows))


def capacity_table(capacity: pl.DataFrame) -> Table:
    """Return how large each arm may be, by the estimate and by the upper bound of its interval."""
    levels = capacity["level"].unique(maintain_order=True).to_list()
    header = [words for level in levels for words in (f"P ≤ {share_of_nav(level)}", "shown")]
    rows = tuple(
        (
            Cell(arm),
            *(Cell(words) for pair in capacity.filter(arm=arm).select(_WORDS).rows() for words in pair),
        )
        for arm in arms(capacity)
    )
    note = "Shown: the upper bound of the 95% interval is within the level too."
    return Table(
        "Capacity: the largest margin share with P(distress) within a level", ("arm", *header), rows, note
    )


_WORDS = ("capacity_words", "shown_words")


def against_table(differences: pl.DataFrame) -> Table:
    """Return the paired differences against the base arm."""
    base = ", ".join(differences["base"].unique(maintain_order=True))
    header = ("arm", "P(distress)", "only here", f"only {base}", "p", "return on NAV a year", "mean drawdown")
    rows = []
    for arm in arms(differences):
        found = {row["figure"]: row for row in differences.filter(arm=arm).iter_rows(named=True)}
        test = found["p_distress"]
        counts = Cell(f"{test['n01']:,}"), Cell(f"{test['n10']:,}"), Cell(_p(test["p_holm"]))
        rows.append(
            (
                Cell(arm),
                estimate(test),
                *counts,
                estimate(found["return_on_nav"]),
                estimate(found["max_drawdown"]),
            )
        )
    note = (
        f"Less {base}, path by path. Only here, only {base}: paths with distress in one of the two alone. "
        "p: exact McNemar test of those counts, adjusted for the number of arms (Holm)."
    )
    return Table(f"Each arm less {base}", header, tuple(rows), note)


def _p(p: float | None) -> str:
    return "-" if p is None else f"{p:.2g}"


def premium_table(premium: pl.DataFrame) -> Table:
    """Return the mean return of each arm at several equity risk premia."""
    premia = premium["erp"].unique(maintain_order=True).to_list()
    shown = premium.filter(figure="return_on_nav")
    rows = tuple(
        (Cell(arm), *(estimate(row) for row in shown.filter(arm=arm).iter_rows(named=True)))
        for arm in arms(shown)
    )
    title = "Return on NAV a year above bills, by equity risk premium"
    return Table(title, ("arm", *map(share_of_nav, premia)), rows)


def surface_band_table(band: pl.DataFrame) -> Table:
    """Return what each arm earns with the surface a vol point lower and higher, and the change."""
    shifts = list(filter(None, band["shift"].unique().sort().to_list()))
    header = [words for shift in shifts for words in (f"{shift:+g} points", "change")]
    rows = []
    for arm in arms(band):
        found = {row["shift"]: row for row in band.filter(arm=arm).iter_rows(named=True)}
        cells = [estimate(found[0.0])]
        for shift in shifts:
            row = found[shift]
            change = {name: row[f"difference_{name}"] for name in ("low", "high")}
            cells += [estimate(row), estimate({"estimate": row["difference"], **change}, row["unit"])]
        rows.append((Cell(arm), *cells))
    note = (
        f"On {band['paths'][0]:,} of the paths: SPX options a vol point cheaper or dearer, SPX, VIX and its "
        "futures as they are. Change: path by path."
    )
    title = "Return on NAV a year above bills, with the SPX surface a vol point lower and higher"
    return Table(title, ("arm", "as it is", *header), tuple(rows), note)


def by_arm(title: str, frame: pl.DataFrame, column: str, names: Mapping[str, str], note: str = "") -> Table:
    """Return a long frame of estimates with a column per arm, and rows named in words."""
    found = {(row["arm"], row[column]): row for row in frame.iter_rows(named=True)}
    shown = arms(frame)
    rows = tuple(
        (Cell(label, names[label]), *(estimate(found[arm, label]) for arm in shown))
        for label in frame[column].unique(maintain_order=True)
    )
    return Table(title, ("", *shown), rows, note)


def summary_table(summary: pl.DataFrame, title: str) -> Table:
    """Return every figure of every arm."""
    return by_arm(title, summary, "figure", {figure.name: figure.meaning for figure in FIGURES})


def protection_table(protection: pl.DataFrame) -> Table:
    """Return cost, coverage and binding limits of the hedges."""
    meanings = {name: meaning for name, (_, meaning) in PROTECTION.items()}
    return by_arm("Cost and coverage of the hedges", protection, "figure", meanings)


def verdicts_table(words: pl.DataFrame, title: str) -> Table:
    """Return the verdicts on each hedge: coverage, cost, the limit that bound most often."""
    rows = tuple((Cell(row[0]), *(Cell(word or "-") for word in row[1:])) for row in words.rows())
    return Table(title, ("arm", "coverage", "cost", "bound most often"), rows, words=frozenset(range(4)))


def layers_table(layers: pl.DataFrame) -> Table:
    """Return what each layer of the hedged arms earned."""
    rows = []
    for row in layers.iter_rows(named=True):
        dollars = Cell(
            amount(row["dollars"], "dollars"), span(row["dollars_low"], row["dollars_high"], "dollars")
        )
        rows.append((Cell(row["arm"]), Cell(row["layer"]), dollars, estimate(row, "a year")))
    header = ("arm", "layer", "dollars", "of capital")
    return Table("Mean P&L a year by layer, without interest", header, tuple(rows), words=frozenset({0, 1}))


def prices_table(prices: pl.DataFrame) -> Table:
    """Return how many leg prices of a replay were recorded quotes."""
    rows = tuple(
        (
            Cell(row["arm"]),
            Cell(f"{row['prices']}: {PRICES[row['prices']]}"),
            Cell(f"{row['recorded']:,}"),
            Cell(f"{row['modelled']:,}"),
            Cell(amount(row["modelled_share"], "share")),
        )
        for row in prices.iter_rows(named=True)
    )
    header = ("arm", "prices", "recorded", "modelled", "share of the model")
    title = "Leg prices from recorded quotes, and from the model"
    return Table(title, header, rows, words=frozenset({0, 1}))


def rivals_table(rivals: pl.DataFrame, base: str, pilot: str) -> Table:
    """Return what was varied in each rival until it cost as much as another arm, and what both cost (R19)."""
    header = ("arm", "matches", "varied", "value", "on the pilot", "here", "status", "in words")
    rows = tuple(
        (
            Cell(row["arm"]),
            Cell(row["to"]),
            Cell(row["vary"]),
            Cell(f"{row['value']:.4g}"),
            Cell(percent(row["drag"]), percent(row["target"])),
            Cell(percent(row["drag_here"]), percent(row["target_here"])),
            Cell("equal" if row["status"] == "solved" else f"not equal: {row['status']}"),
            Cell(row["words"]),
        )
        for row in rivals.iter_rows(named=True)
    )
    note = (
        f"Cost: P&L a year above bills that {base} earned more, of capital; below 0 it earned less. "
        f"The rival's, and below it that of the arm it matches. Pilot: {pilot}."
    )
    return Table("Rivals at equal cost", header, rows, note, words=frozenset({0, 1, 2, 6, 7}))


def peaks_table(peaks: pl.DataFrame) -> Table:
    """Return the quantiles of peak over first requirement."""
    columns = (*QUANTILES, "largest")
    rows = tuple(
        (Cell(row["arm"]), *(Cell(amount(row[name], "multiple")) for name in columns), Cell(f"{row['n']:,}"))
        for row in peaks.iter_rows(named=True)
    )
    return Table("Peak / first requirement", ("arm", *_LEVELS.values(), "largest", "paths"), rows)


def fan_table(fans: pl.DataFrame, title: str) -> Table:
    """Return the quantiles of one measure at every session that is drawn."""
    rows = tuple(
        (
            Cell(row["arm"]),
            Cell(str(row["session"])),
            *(Cell(amount(row[name], "share")) for name in QUANTILES),
        )
        for row in fans.iter_rows(named=True)
    )
    return Table(title, ("arm", "session", *_LEVELS.values()), rows)


def history_table(counts: pl.DataFrame) -> Table:
    """Return the counts of the rolling starts, an arm a column."""
    labels = [name for name in counts.columns if name not in {"arm", "share"}]
    rows = tuple(
        (Cell(label.replace("_", " ")), *(Cell(_counted(label, value)) for value in counts[label]))
        for label in labels
    )
    return Table("Rolling starts of one history", ("", *counts["arm"]), rows)


def _counted(column: str, value: Any) -> str:
    if column.startswith(("return", "drawdown")):
        return percent(value)
    return amount(value, "count") if column == "opened" else str(value)


def episodes_table(episodes: pl.DataFrame, title: str) -> Table:
    """Return the runs of consecutive starts that met an event."""
    rows = tuple(
        (
            Cell(row["arm"]),
            Cell(row["event"]),
            Cell(str(row["first_start"])),
            Cell(str(row["last_start"])),
            Cell(f"{row['starts']:,}"),
        )
        for row in episodes.iter_rows(named=True)
    )
    return Table(
        title, ("arm", "event", "first start", "last start", "starts"), rows, words=frozenset(range(4))
    )


def claims_table(rows: Iterable[Mapping[str, Any]], title: str) -> Table:
    """Return one claim of the methodology with what was measured for each variant."""
    shown = tuple(
        (
            Cell(row["variant"]),
            Cell(row["claimed"], row["unit"]),
            Cell(
                amount(row["measured"], row["unit"]),
                span(row["low"], row["high"], row["unit"]) if row["measured"] is not None else "",
            ),
            Cell(f"{row['n']:,}"),
            Cell(readings_in_words(row["readings"])),
            Cell(row["verdict"]),
        )
        for row in rows
    )
    header = ("variant", "claimed", "measured", "n", "reading", "verdict")
    return Table(title, header, shown, words=frozenset({0, 1, 4, 5}))
