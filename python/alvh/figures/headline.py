"""The first line of every report: does it really avoid the margin blow-ups, and at what cost? (R91)."""

from typing import Any

import polars as pl

from alvh.errors import AlvhError
from alvh.figures.columns import SAME_SHARE, arms
from alvh.figures.distress import NO_TRADE, WITHIN
from alvh.figures.paired import BASE
from alvh.figures.rolling import HistorySummary
from alvh.figures.words import amount, number_of, percent, share_of_nav, span

__all__ = ["SIGNIFICANCE", "headline", "history_headline"]

SIGNIFICANCE = 0.05  # of McNemar's test, adjusted for the number of arms

_THE_MEND = (
    "its share of the capital does not buy one lot; take a larger capital or share, or XSP "
    "(or its entry rule was never true: `alvh trace` tells)."
)


def headline(
    ladder: pl.DataFrame,
    capacity: pl.DataFrame,
    differences: pl.DataFrame,
    *,
    base_share: float,
    base: str = BASE,
    within: int = WITHIN,
) -> str:
    """Answer R91 in words, from the frames of `ladder`, `capacity` and `against`.

    Parameters
    ----------
    ladder, capacity, differences : DataFrame
        What `alvh.figures.ladder`, `capacity` and `against` return, for the same paths.
    base_share : float
        Margin share of the comparison; `differences` are at this share.
    base : str
        The arm to compare with.
    within : int
        Sessions within which distress counted.

    Returns
    -------
    str
        Up to six sentences: who never traded, distress at this size, who avoids it and who adds to it, the
        difference in return, capacity. Of an arm that never traded nothing else is said. An arm is said to
        have fewer or more only where Holm-adjusted McNemar says so. It reports; it recommends nothing (R90).
    """
    rungs = ladder.filter(pl.col("figure") == "distress", (pl.col("share") - base_share).abs() < SAME_SHARE)
    rows = {row["arm"]: row for row in rungs.iter_rows(named=True)}
    if base not in rows:
        raise AlvhError(f"base = {base!r} at share {base_share}: the ladder has {', '.join(arms(ladder))}")
    idle = [arm for arm, row in rows.items() if not row["opened"]]
    traded = {arm: row for arm, row in rows.items() if row["opened"]}
    sentences = [*_never_opened(idle, base_share), *_seldom_opened(traded, base_share)]
    if base in traded:
        comparable = differences.filter(~pl.col("arm").is_in(idle))
        sentences += [
            _at_this_size(traded, base, base_share, within),
            *_verdicts(traded, comparable, base),
            *_cost(comparable, base),
        ]
    elif traded:
        each = ", ".join(f"{arm} {_chance(row)}" for arm, row in traded.items())
        sentences.append(f"In distress within {within} sessions: {each}. Nothing compares with {base}.")
    return " ".join([*sentences, *_capacity(capacity)])


def history_headline(history: HistorySummary, base: str = BASE) -> str:
    """Answer R91 for one history, in counts and dates: rolling starts overlap and give no probabilities.

    Parameters
    ----------
    history : HistorySummary
        What `alvh.figures.history_summary` returns.
    base : str
        The arm to compare with.
    """
    rows = {row["arm"]: row for row in history.counts.iter_rows(named=True)}
    if base not in rows:
        raise AlvhError(f"base = {base!r}: the history has {', '.join(rows)}")
    ours = rows[base]
    size = (
        f"At a margin share of {share_of_nav(ours['share'])}, over {ours['starts']:,} rolling starts from "
        f"{ours['first_start']} to {ours['last_start']}"
    )
    idle = [arm for arm, row in rows.items() if not row["opened"]]
    rows = {arm: row for arm, row in rows.items() if row["opened"]}
    never = "".join(f"{sentence} " for sentence in _never_opened(idle, ours["share"]))
    if not rows:
        return f"{never}{history.note}"
    if base in idle:
        verdict = f"in distress {_starts(history, rows)}."
    elif not any(row["distress"] for row in rows.values()):
        verdict = "there was nothing to avoid at this size: no arm was in distress."
    elif not ours["distress"]:
        verdict = f"there was nothing to avoid at this size for {base}; in distress {_starts(history, rows)}."
    else:
        verdict = f"in distress {_starts(history, rows)}."
    returns = ", ".join(f"{arm} {percent(row['return_median'])}" for arm, row in rows.items())
    return f"{never}{size}, {verdict} Median return above bills a year, of capital: {returns}. {history.note}"


def _starts(history: HistorySummary, rows: dict[str, dict[str, Any]]) -> str:
    episodes = history.episodes.filter(event="distress")
    runs = {arm: episodes.filter(arm=arm).height for arm in rows}
    each = [
        f"{arm} {row['distress']:,} in {runs[arm]} episode{'s' * (runs[arm] != 1)}"
        for arm, row in rows.items()
        if row["distress"]
    ]
    none = [arm for arm, row in rows.items() if not row["distress"]]
    return ", ".join(each) + (f"; none with {', '.join(none)}" if none else "")


def _never_opened(idle: list[str], share: float) -> list[str]:
    """Name the arms that never traded: they avoided nothing, they took no part."""
    if not idle:
        return []
    return [f"{', '.join(idle)} never opened a tranche at {share_of_nav(share)}: {_THE_MEND}"]


def _seldom_opened(traded: dict[str, dict[str, float]], share: float) -> list[str]:
    """Say which arms hold nothing on most paths: little distress is then no merit of theirs."""
    seldom = [f"{arm} {row['opened']:.2g}" for arm, row in traded.items() if row["opened"] < 1]
    if not seldom:
        return []
    return [f"Fewer than one tranche opened a path at {share_of_nav(share)}: {', '.join(seldom)}."]


def _at_this_size(rows: dict[str, dict[str, float]], base: str, base_share: float, within: int) -> str:
    hits, paths = rows[base]["hits"], number_of(int(rows[base]["n"]), "path")
    size, horizon = f"At a margin share of {share_of_nav(base_share)}", f"within {within} sessions"
    if not any(row["hits"] for row in rows.values()):
        return (
            f"{size} there is nothing to avoid at this size: no arm had an order refused, a margin call, "
            f"a forced closing or ruin {horizon} on {paths} (each up to {percent(rows[base]['high'])})."
        )
    if not hits:
        return (
            f"{size} there is nothing to avoid at this size for {base}: no distress {horizon} on {paths} "
            f"(up to {percent(rows[base]['high'])})."
        )
    return f"{size} {base} is in distress {horizon} on {_chance(rows[base])} of {paths}."


def _verdicts(rows: dict[str, dict[str, float]], differences: pl.DataFrame, base: str) -> list[str]:
    """Sort the other arms into fewer, more, and no difference shown; silent where no arm has distress."""
    if not any(row["hits"] for row in rows.values()):
        return []
    groups: dict[str, list[str]] = {
        "Less often than": [],
        "More often than": [],
        "No difference shown from": [],
    }
    fewer, more, alike = groups.values()
    for test in differences.filter(figure="p_distress").iter_rows(named=True):
        group = alike if test["p_holm"] >= SIGNIFICANCE else fewer if test["estimate"] < 0.0 else more
        group.append(f"{test['arm']} {_chance(rows[test['arm']])}")
    return [f"{label} {base}: {', '.join(group)}." for label, group in groups.items() if group]


def _cost(differences: pl.DataFrame, base: str) -> list[str]:
    rows = differences.filter(figure="return_on_nav").iter_rows(named=True)
    each = [
        f"{row['arm']} {amount(row['estimate'], row['unit'])} ({span(row['low'], row['high'], row['unit'])})"
        for row in rows
    ]
    return [f"Mean return on NAV a year, less that of {base}: {', '.join(each)}."] if each else []


def _capacity(capacity: pl.DataFrame) -> list[str]:
    level: float = min(capacity["level"])
    rows = capacity.filter(pl.col("capacity_words") != NO_TRADE, level=level).iter_rows(named=True)
    each = ", ".join(f"{row['arm']} {_qualified(row)}" for row in rows)
    size = f"Capacity, the largest margin share with P(distress) of at most {share_of_nav(level)}"
    return [f"{size}: {each}."] if each else []


def _qualified(row: dict[str, str]) -> str:
    """Write a capacity with what the paths show of it, where that is less."""
    suggested, shown = row["capacity_words"], row["shown_words"]
    return suggested if suggested == shown else f"{suggested} (by the interval's upper bound {shown})"


def _chance(row: dict[str, float]) -> str:
    return f"{percent(row['estimate'])} ({span(row['low'], row['high'], 'probability')})"
