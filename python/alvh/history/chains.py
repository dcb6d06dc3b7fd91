"""Recorded option quotes replayed as a market: real bids and asks, and closes of SPX and VIX around them."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from alvh.errors import HistoryError
from alvh.history import files
from alvh.history.data import Gaps, HistoryData, taken
from alvh.history.entry_quotes import EntryQuotes, entry_quotes
from alvh.history.gaps import listed
from alvh.history.quotes import QuoteRecord, record
from alvh.history.replay import LIMITS, OF_THE_TEMPLATE, History
from alvh.history.snapshots import QuoteSources, closes_of, read_quotes
from alvh.history.source import HistorySource
from alvh.schedule import Schedule, exchange
from alvh.schedule.announcements import Days
from alvh.schedule.clock import TAIL_SESSIONS, WEEKLY_SPXW
from alvh.schedule.expiries import Cadence

CHAIN_LIMITS: Final = (
    *(limit for limit in LIMITS if limit not in OF_THE_TEMPLATE),
    "Quotes are one snapshot a day: orders fill at those of the close after their decision, in any size.",
    "An order of several legs pays a share of its summed half-spreads (order_share), no more.",
    "Options are quoted until 16:15, the index closes at 16:00: forwards are implied from the quotes.",
    "Products other than the recorded root are priced by the model.",
)


class ChainHistory(History):
    """A recorded market whose options trade at recorded quotes, day by day.

    Parameters
    ----------
    chains : path, polars.DataFrame or sequence of them
        Quotes in any layout of `alvh.chain.read`; a folder gives all its files. Of several snapshots a day
        the last is replayed, and those at `times`.
    closes : path, polars.DataFrame or HistoryData, optional
        Daily closes as for `History`, over the days of the quotes and, for rules that look back, before them.
        Without it SPX is the price that the quotes of SPX, SPXW and SPXPM name, which must agree within 1%
        and lie within 2% of the parity forward of the nearest expiry, and VIX is computed from them.
    rate, dividend_yield, columns, allow_jumps, vx, vx_columns, listings, events, tail_sessions
        As for `History`; `listings` are of the other products. `rate` also discounts expiries whose quotes
        tell no discount.
    root : {"SPXW", "SPX"}
        Root of the quotes to replay, and the product whose layers trade at them.
    times : sequence of str
        Times of day, as "15:45" in New York, whose snapshots are kept beside the closes: layers may be opened
        at their quotes.
    gaps : {"error", "report"}
        What to do with sessions without closes, and with sessions between the first and the last snapshot
        that have none. ``report``: on such a day nothing opens, and what is held is priced on its last fitted
        slice, moved by the model.

    Raises
    ------
    HistoryError, ChainError
        The sources cannot be replayed as they are.

    Attributes
    ----------
    quotes : QuoteRecord
        What is replayed, with its slices.
    entries : tuple of EntryQuotes
        The same of the times of entry.

    Examples
    --------
    >>> from datetime import date
    >>> from alvh import chain
    >>> days = [chain.synthetic(date(2024, 3, day), longest=45) for day in (4, 5, 6)]
    >>> market = ChainHistory(days, rate=0.04, dividend_yield=0.013)
    >>> market.starts(2), len(market.quotes.expirations)
    ((0,), 14)
    """

    quotes: QuoteRecord
    entries: tuple[EntryQuotes, ...]

    def __init__(
        self,
        chains: QuoteSources,
        *,
        closes: HistorySource | HistoryData | None = None,
        rate: float | None = None,
        dividend_yield: float | None = None,
        root: str = "SPXW",
        times: Sequence[str] = (),
        columns: Mapping[str, str] | None = None,
        gaps: Gaps | None = None,
        allow_jumps: bool = False,
        vx: HistorySource | None = None,
        vx_columns: Mapping[str, str] | None = None,
        listings: Mapping[str, Cadence] = WEEKLY_SPXW,
        events: Mapping[str, Days] | None = None,
        tail_sessions: int = TAIL_SESSIONS,
    ) -> None:
        events = files.kept(events)
        read = read_quotes(chains)
        source, quotes = read.source, read.last
        data = taken(
            closes_of(source, quotes) if closes is None else closes,
            rate=rate,
            dividend_yield=dividend_yield,
            columns=columns,
            # Of closes that are already read, `gaps` is about the quotes alone.
            gaps=None if isinstance(closes, HistoryData) else gaps,
            allow_jumps=allow_jumps,
        )
        rates = dict(data.frame.select("date", "rate").iter_rows())
        days = quotes["quote_date"].unique().sort()
        if lacking := [day for day in days if day not in rates]:
            raise HistoryError(
                f"{data.source} has no closes on {listed(lacking)}, which {source} quotes. "
                "Mend: complete the closes, or leave these snapshots out",
                source=data.source,
            )
        kept = record(source, quotes, read.undated, root, rates)
        entries = entry_quotes(read, times, root, rates)
        missing = _missing(kept)
        if missing and gaps != "report":
            raise HistoryError(
                f"{source} has no snapshot on {listed(missing)}. Mend: complete the quotes, or pass "
                "gaps='report' to price these days on the slices before and have every result say so",
                source=source,
            )
        self._set(quotes=kept, entries=entries)
        super().__init__(
            data, vx=vx, vx_columns=vx_columns, listings=listings, events=events, tail_sessions=tail_sessions
        )
        notes = [*self.notes, *kept.sentences(), *(text for e in entries for text in e.sentences(kept.days))]
        if missing:
            notes.append(
                f"No snapshot on {listed(missing)}: priced on the slices before, moved by the model."
            )
        options = {"rate": rate, "dividend_yield": dividend_yield, "columns": dict(columns or {})}
        described = files.described_quotes(
            chains,
            closes,
            vx,
            root=root,
            times=[each.time for each in entries],
            closes=options | {"gaps": gaps or "error", "allow_jumps": allow_jumps},
            futures={"columns": dict(vx_columns or {})},
            clock={"tail_sessions": tail_sessions, "listings": dict(listings), "events": events},
        )
        self._set(notes=tuple(notes), files=described)

    def __repr__(self) -> str:
        days = self.quotes.days
        span = f"{days[0]} to {days[-1]}, {len(days)} sessions"
        return f"ChainHistory({self.source!r}, {self.quotes.root}, {span})"

    @property
    def source(self) -> str:
        """Name of the quotes and of the closes."""
        return f"{self.quotes.source} with {self.data.source}"

    @property
    def data_hash(self) -> str:
        """SHA-256 of closes and quotes."""
        return hashlib.sha256((self.data.data_hash + self.quotes_hash).encode()).hexdigest()

    @property
    def quotes_hash(self) -> str:
        """SHA-256 of the quotes and their slices, those of times of entry among them."""
        if not self.entries:
            return self.quotes.data_hash
        parts = (f"{each.time} {each.record.data_hash} {[*each.spots.values()]}" for each in self.entries)
        return hashlib.sha256("\n".join((self.quotes.data_hash, *parts)).encode()).hexdigest()

    @property
    def limits(self) -> tuple[str, ...]:
        """What every result of this replay has to say about itself, in sentences."""
        if not self.entries:
            return (*CHAIN_LIMITS, *self.notes)
        times = " and ".join(each.time for each in self.entries)
        also = f"Openings at {times} fill at the quotes then; VIX is as it is drawn between the closes."
        return (*CHAIN_LIMITS, also, *self.notes)

    def clock(
        self,
        *,
        tail_sessions: int,
        listings: Mapping[str, Cadence],
        events: Mapping[str, Days] | None,
    ) -> Schedule:
        """Return the sessions, the root's expiries exactly those that are quoted."""
        quoted = {self.quotes.root: self.quotes.expirations}
        return self.data.schedule(
            tail_sessions=tail_sessions, listings=listings, events=events, quoted=quoted
        )

    def spec(self, *, inside: bool = False) -> dict[str, Any]:
        """Return the market as JSON-able data for the core: closes, slices and quotes."""
        dates = [*self.data.dates, *self._days_after()]
        sessions = {day: i for i, day in enumerate(dates)}
        chain = self.quotes.spec(sessions)
        chain["slices"] += [slice_ for each in self.entries for slice_ in each.slices(sessions)]
        return super().spec(inside=inside) | {"chain": chain}

    def starts(self, sessions: int, *, every: int = 1, warm_up: int = 0) -> tuple[int, ...]:
        """Return the rolling starts: rows from which a run fits between the first and the last snapshot.

        Parameters
        ----------
        sessions, every, warm_up : int
            As for `History.starts`; the warm-up may lie before the first snapshot.

        Raises
        ------
        HistoryError
            The quotes or the closes before them are too short for one run, or a number is not allowed.
        """
        super().starts(sessions, every=every, warm_up=warm_up)  # refuses wrong numbers, and too few closes
        first, last = (self.data.dates.index(self.quotes.days[end]) for end in (0, -1))
        found = tuple(range(max(first, warm_up), last - sessions + 1, every))
        if found:
            return found
        raise HistoryError(
            f"{self.quotes.source} quotes {last - first + 1} sessions, {first} of {self.data.source} lie "
            f"before them: a run of {sessions} after a warm-up of {warm_up} does not fit. Mend: fewer "
            "sessions, more quotes, or closes from earlier on"
        )

    def _days_after(self) -> list[date]:
        """Sessions after the last close up to the last expiry."""
        last, end = self.data.dates[-1], self.quotes.expirations[-1]
        return exchange.sessions(last, end)[1:] if end > last else []


def _missing(quotes: QuoteRecord) -> list[date]:
    """Return the sessions between the first and the last snapshot that have none."""
    known = set(quotes.days)
    return [day for day in exchange.sessions(quotes.days[0], quotes.days[-1]) if day not in known]
