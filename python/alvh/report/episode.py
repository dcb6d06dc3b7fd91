"""An episode of a history for the terminal, day by day, readable from 80 columns."""

from collections.abc import Iterator
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from alvh.episode import Episode
from alvh.figures.words import amount, percent, share_of_nav
from alvh.report.wrapping import plain_table

__all__ = ["episode_told"]

NOT_OPENED = ": not opened: "  # of a sentence about a skipped opening


def episode_told(episode: Episode) -> RenderableType:
    """Return what an episode did to a book: a table of its sessions, then what was done and why.

    Parameters
    ----------
    episode : Episode
        What `Comparison.episode` returns.
    """
    title = f"{episode.name}: {episode.arm} at {share_of_nav(episode.share)} of NAV"
    about = f"Path {episode.path}, started on {episode.start}. {episode.why}".rstrip()
    return Group(
        Text(title, style="bold"),
        Text(about),
        Text(_passages(episode)),
        Text(),
        _days(episode),
        Text(),
        *_actions(episode),
    )


def _passages(episode: Episode) -> str:
    """Say what the other starts made of the episode: the one that is told may be luck."""
    made = episode.passages
    words = f"All {made.height:,} starts that run through it: P&L {_range(made['pnl'])}"
    if not made["hedged"].any():
        return f"{words}."
    without = made.height - made["hedged"].sum()
    return f"{words}; of the hedge {_range(made['hedge_pnl'])}; {without:,} of them held no hedge."


def _range(dollars: pl.Series) -> str:
    lowest, median, highest = (dollars.quantile(q, "linear") for q in (0.0, 0.5, 1.0))
    return f"{amount(lowest, 'dollars')} to {amount(highest, 'dollars')}, median {amount(median, 'dollars')}"


def _days(episode: Episode) -> Table:
    own = episode.days["sleeve_cash"].is_not_null().any()
    caption = (
        "Dollars. Below the date VIX, below SPX its move, below NAV slips and fees so far, below each "
        "P&L the same so far, below each requirement the free funds of that ledger. So far: since the "
        "close before the first row; P&L is without interest."
    )
    table = plain_table("", caption)
    table.add_column("date\nVIX", no_wrap=True)
    headers = ("SPX\nmove", "NAV\ncost", "core\nso far", "hedge\nso far", "required\nfree")
    for header in (*headers, *(("sleeve\nfree",) if own else ())):
        table.add_column(header, justify="right")
    for row in episode.days.iter_rows(named=True):
        table.add_row(*_cells(row, own=own))
    return table


def _cells(row: dict[str, Any], *, own: bool) -> Iterator[Text]:
    call = "\nmargin call" if row["call"] else ""
    yield Text(f"{row['date']}\n{row['vix']:.2f}{call}")
    yield Text(f"{row['spx']:,.0f}\n{percent(row['move'])}")
    pairs = [("nav", "cost_so_far"), ("core_pnl", "core_so_far"), ("hedge_pnl", "hedge_so_far")]
    pairs += [("requirement", "free"), *([("sleeve_requirement", "sleeve_free")] if own else [])]
    yield from (Text("\n".join(amount(row[name], "dollars") for name in pair)) for pair in pairs)


def _actions(episode: Episode) -> Iterator[RenderableType]:
    """Yield what was done, by date; an opening that fails again for the same reason is told once."""
    yield Text("What was done, and why", style="bold")
    before: set[str] = set()
    left_out = False
    for day, sentences in episode.days.select("date", "actions").iter_rows():
        said = [each for each in sentences if each not in before]
        left_out |= len(said) < len(sentences)
        before = {each for each in sentences if NOT_OPENED in each}
        if said:
            yield Text(str(day))
            yield from (Padding(Text(each), (0, 0, 0, 2)) for each in said)
    if left_out:
        yield Text("Not opened for the same reason as on the session before: not said again.", style="dim")
