"""The replay of a recorded market: one path, with the limits that every figure from it carries."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import polars as pl

from alvh.bars import Bars, Profile, drawn
from alvh.errors import HistoryError, SpecError
from alvh.history import bundled, files
from alvh.history.checks import ROUNDING
from alvh.history.data import Gaps, HistoryData, taken
from alvh.history.files import Replay
from alvh.history.gaps import counted, listed
from alvh.history.source import HistorySource
from alvh.history.vx import RECONSTRUCTED, VxRecord, read_vx
from alvh.schedule import Schedule, half_days
from alvh.schedule.announcements import Days, sentences
from alvh.schedule.clock import TAIL_SESSIONS, WEEKLY_SPXW
from alvh.schedule.expiries import Cadence
from alvh.whole import MOST_SESSIONS, whole

# What is not known of options without their quotes.
OF_THE_TEMPLATE: Final = (
    "The skew of the option surface is a template fitted to other days, not that day's quotes.",
    "One-day volatility is extrapolated from VIX; daily expiries are listed only since May 2022.",
    "Expiries on every Friday are assumed throughout; weekly options are listed only since 2005.",
)

# What closes do not tell of the hours before them.
AT_CLOSES: Final = (
    "Intraday spikes are invisible at closes (2024-08-05: VIX high 65.7, close 38.6).",
    "Margin figures from closes are therefore lower bounds and need an intraday stress on top.",
)

# What no file of closes can tell; printed with every historical result.
LIMITS: Final = (
    "History is one path and not a sample: overlapping starts are not independent.",
    "The pricing state of each session is filtered from closes up to it: VIX, and VIX3M and VIX6M if given.",
    *OF_THE_TEMPLATE,
    "No VIX futures traded before 2004: earlier ones are model prices.",
    "VIX futures and options settle to a morning auction; where it is not recorded, opening VIX stands in.",
    *AT_CLOSES,
)


IN_STATE: Final = "The pricing state is filtered from the recorded VIX futures, too."
LONGER: Final = ("vix3m", "vix6m")  # columns that the pricing state is filtered from, beside vix


@dataclass(frozen=True, init=False, eq=False)
class History:
    """A recorded market to be replayed: daily closes of SPX and VIX with a rate and a dividend yield.

    Parameters
    ----------
    source : str, path, polars.DataFrame or HistoryData
        What `read_history` reads, or its result.
    rate, dividend_yield, columns, gaps, allow_jumps
        As in `read_history`; not with a HistoryData.
    vx : str, path or polars.DataFrame, optional
        Recorded VIX futures, one row a session and contract: ``date``, ``expiry`` (day on which the contract
        settles), ``settle`` (points; on the day of expiry the final settlement). VIX futures without a
        recorded price are the model's.
    vx_columns : mapping of str to str, optional
        The names that `vx` uses, for example ``{"date": "trade_date"}``.
    vx_in_state : bool
        Filter the pricing state from the recorded VIX futures, too, not from volatility indices alone.
    listings : mapping of str to str
        Cadence of listed expiries by product, see `alvh.schedule.listed_expiries`.
    events : mapping of str to iterable of datetime.date, "scheduled" or "by_rule", optional
        Announcement days ``fomc``, ``cpi``, ``ppi`` (`alvh.schedule.read_events` reads a file of them), or a
        word: ``{"fomc": "scheduled"}`` takes the published meetings, ``{"cpi": "by_rule"}`` an assumption,
        which every result says. Without them no rule on announcements opens (C24).
    tail_sessions : int
        Sessions after the last row, so that expiries beyond it exist.

    Raises
    ------
    HistoryError
        The source cannot be replayed as it is.

    Attributes
    ----------
    data : HistoryData
        The checked sessions.
    schedule : alvh.schedule.Schedule
        Their clock.
    vx : VxRecord or None
        The recorded VIX futures on that clock.
    vx_in_state : bool
        Whether the pricing state knows them.
    notes : tuple of str
        What is particular to this source; part of `limits`.
    files : Replay or None
        The files that it was read from, and how; None where one was a frame.

    Examples
    --------
    >>> import polars as pl
    >>> closes = {"date": ["2018-02-02", "2018-02-05"], "spx": [2762.13, 2648.94], "vix": [17.31, 37.32]}
    >>> market = History(pl.DataFrame(closes), rate=0.015, dividend_yield=0.019)
    >>> market.spec()["vix"], market.schedule.tradable
    ([17.31, 37.32], 2)
    """

    data: HistoryData
    schedule: Schedule
    vx: VxRecord | None
    vx_in_state: bool
    notes: tuple[str, ...]
    files: Replay | None

    def __init__(
        self,
        source: HistorySource | HistoryData,
        *,
        rate: float | None = None,
        dividend_yield: float | None = None,
        columns: Mapping[str, str] | None = None,
        gaps: Gaps | None = None,
        allow_jumps: bool = False,
        vx: HistorySource | None = None,
        vx_columns: Mapping[str, str] | None = None,
        vx_in_state: bool = False,
        listings: Mapping[str, Cadence] = WEEKLY_SPXW,
        events: Mapping[str, Days] | None = None,
        tail_sessions: int = TAIL_SESSIONS,
    ) -> None:
        data = taken(
            source,
            rate=rate,
            dividend_yield=dividend_yield,
            columns=columns,
            gaps=gaps,
            allow_jumps=allow_jumps,
        )
        events = files.kept(events)
        if vx is None and vx_columns is not None:
            raise HistoryError("vx_columns names the columns of vx, which is not given")
        if vx is None and vx_in_state:
            raise HistoryError("vx_in_state is about recorded VIX futures. Mend: give vx as well")
        self._set(data=data, files=None)
        clock = self.clock(tail_sessions=tail_sessions, listings=listings, events=events)
        record = None if vx is None else read_vx(vx, data, clock, vx_columns)
        notes = (*_notes(data, clock, record), *sentences(events))
        self._set(schedule=clock, vx=record, vx_in_state=vx_in_state, notes=notes)
        closes = {"rate": rate, "dividend_yield": dividend_yield, "columns": dict(columns or {})}
        described = files.described(
            source,
            vx,
            closes=closes | {"gaps": gaps or "error", "allow_jumps": allow_jumps},
            futures={"columns": dict(vx_columns or {}), "in_state": vx_in_state},
            clock={"tail_sessions": tail_sessions, "listings": dict(listings), "events": events},
        )
        self._set(files=described)

    def _set(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @classmethod
    def bundled(
        cls,
        *,
        rate: float | None = None,
        dividend_yield: float | None = None,
        listings: Mapping[str, Cadence] = WEEKLY_SPXW,
        events: Mapping[str, Days] | None = None,
        tail_sessions: int = TAIL_SESSIONS,
    ) -> Self:
        """Return the history that the package `arch` ships: 2014-01-03 to 2018-12-31, 1,257 sessions.

        Parameters
        ----------
        rate, dividend_yield : float, optional
            Constants, decimals a year, continuously compounded. By default 0.007 and 0.020, rounded
            averages of the span.
        listings, events, tail_sessions
            As for `History`.

        Raises
        ------
        HistoryError
            `arch` is not installed: ``pip install 'alvh[history]'``.
        """
        events = files.kept(events)
        market = cls(
            bundled.read(rate, dividend_yield), listings=listings, events=events, tail_sessions=tail_sessions
        )
        described = files.described(
            files.BUNDLED,
            None,
            closes={"rate": rate, "dividend_yield": dividend_yield},
            futures={},
            clock={"tail_sessions": tail_sessions, "listings": dict(listings), "events": events},
        )
        market._set(files=described)
        if rate is None or dividend_yield is None:
            market._set(notes=(*market.notes, bundled.NOTE))
        return market

    def __repr__(self) -> str:
        dates = self.data.dates
        return f"History({self.data.source!r}, {dates[0]} to {dates[-1]}, {len(dates)} sessions)"

    def clock(
        self,
        *,
        tail_sessions: int,
        listings: Mapping[str, Cadence],
        events: Mapping[str, Days] | None,
    ) -> Schedule:
        """Return the sessions with the expiries that a comparison needs, see `Schedule.from_history`."""
        return self.data.schedule(tail_sessions=tail_sessions, listings=listings, events=events)

    @property
    def source(self) -> str:
        """Name of the closes."""
        return self.data.source

    @property
    def data_hash(self) -> str:
        """SHA-256 of what is replayed."""
        return self.data.data_hash

    @property
    def limits(self) -> tuple[str, ...]:
        """What every result of this replay has to say about itself, in sentences."""
        known = (IN_STATE,) if self.vx_in_state else ()
        return (*LIMITS, *known, *self.notes)

    def to_toml(self) -> str:
        """Return the replay as TOML: its files by path and hash; `alvh.market.from_toml` reads it back.

        Raises
        ------
        SpecError
            A source was a frame, which has no path.

        Examples
        --------
        >>> History.bundled(rate=0.01).to_toml().splitlines()[:3]
        ['schema = 1', 'model = "history"', 'tail_sessions = 90']
        """
        if self.files is None:
            raise SpecError(
                "history: TOML names the files of a replay, and these are frames. Mend: give their paths"
            )
        return self.files.to_toml(self)

    def spec(self, *, inside: bool = False) -> dict[str, Any]:
        """Return the market as JSON-able data for the core: a number a session, and recorded VIX futures.

        With `inside` the highs and lows of the days are among them, for what happens within sessions.
        """
        frame = self.data.frame
        optional: dict[str, Any] = {}
        for name in ("open", *LONGER):
            if name in frame.columns:
                optional[name] = frame[name].to_list()
        if self.vx is not None:
            optional["vx"] = self.vx.spec()
        if self.vx_in_state:
            optional["vx_in_state"] = True
        return {
            "model": "replay",
            "spot": frame["spx"].to_list(),
            "vix": frame["vix"].to_list(),
            "rate": frame["rate"].to_list(),
            "dividend_yield": frame["dividend_yield"].to_list(),
            **optional,
            **(self._ranges() if inside else {}),
        }

    def bars(
        self,
        paths: int,
        sessions: int,
        *,
        start: int = 0,
        bars: int = 13,
        profile: Profile | None = None,
        seed: int = 0,
        first_path: int = 0,
        threads: int | None = None,
    ) -> Bars:
        """Draw what may have happened inside recorded sessions; every path has the same days.

        Days with an opening, a high and a low reproduce them with the close: one bar is the high, one is the
        low, their order drawn by its likelihood, and all others lie between. Other days are bridged like
        simulated ones, as are days whose high is their low. Half days have 210 minutes.

        Parameters
        ----------
        paths : int
            How often to draw them.
        sessions : int
            How many of them, after the row `start`.
        start : int, default 0
            Row of the close before the first of them.
        bars : int, default 13
            Bars of a session, 1 to 390, of equal length to the minute; 3 or more where a range is recorded.
        profile : Profile, optional
            How variance is spread over the day.
        seed : int, default 0
            Seed of the draws, below 2**64.
        first_path : int, default 0
            Number of the first path.
        threads : int, optional
            How many threads to use; by default one per core.

        Returns
        -------
        Bars
            Arrays of paths x sessions x (bars + 1): 17 bytes a cell. No hedge may be filled where `extreme`
            is true; ``recorded.sum()`` sessions are reproduced.

        Raises
        ------
        AlvhError
            If an argument is out of its domain.

        Examples
        --------
        >>> import polars as pl
        >>> closes = {"date": ["2018-02-02", "2018-02-05"], "spx": [2762.13, 2648.94], "vix": [17.31, 37.32]}
        >>> range_ = {"open": [None, 2740.0], "high": [None, 2760.0], "low": [None, 2640.0]}
        >>> market = History(pl.DataFrame(closes | range_), rate=0.015, dividend_yield=0.019)
        >>> found = market.bars(100, 1)
        >>> found.spot.shape, round(float(found.spot.max()), 2), round(float(found.spot.min()), 2)
        ((100, 1, 14), 2760.0, 2640.0)
        """
        begin = whole("start", start, MOST_SESSIONS) + 1
        days = self.data.dates[begin : begin + whole("sessions", sessions, MOST_SESSIONS)]
        short = set(half_days(days[0], days[-1])) if days else set()
        return drawn(
            self.spec(inside=True),
            paths,
            sessions,
            bars=bars,
            profile=profile,
            seed=seed,
            first_path=first_path,
            threads=threads,
            start=start,
            half_days=[day in short for day in days] if len(days) == sessions else (),
        )

    def _ranges(self) -> dict[str, Any]:
        """Return highs and lows for the core; they enclose open and close to a cent, and here exactly."""
        frame = self.data.frame
        if not {"open", "high", "low"} <= set(frame.columns):
            return {}
        known = pl.col("high") > pl.col("low")
        widened = frame.select(
            high=pl.when(known).then(pl.max_horizontal("high", "open", "spx")),
            low=pl.when(known).then(pl.min_horizontal("low", "open", "spx")),
        )
        return widened.to_dict(as_series=False)

    def starts(self, sessions: int, *, every: int = 1, warm_up: int = 0) -> tuple[int, ...]:
        """Return the rolling starts: indices of rows from which a whole run with its warm-up fits.

        Parameters
        ----------
        sessions : int
            Length of a run: start + sessions is at most the last row.
        every : int
            Rows between starts; runs overlap where it is less than `sessions`.
        warm_up : int
            Rows that a run needs before its start.

        Raises
        ------
        HistoryError
            The history is too short for one run, or a number is not allowed.

        Examples
        --------
        >>> import polars as pl
        >>> closes = {"date": ["2024-01-02", "2024-01-03", "2024-01-04"], "spx": [4742.8, 4704.8, 4688.7]}
        >>> frame = pl.DataFrame(closes).with_columns(vix=pl.Series([13.2, 14.0, 14.1]))
        >>> History(frame, rate=0.05, dividend_yield=0.014).starts(1)
        (0, 1)
        """
        for name, count, least in (("sessions", sessions, 1), ("every", every, 1), ("warm_up", warm_up, 0)):
            if count < least:
                raise HistoryError(f"{name} is {count}: at least {least} is allowed")
        rows = len(self.data)
        found = tuple(range(warm_up, rows - sessions, every))
        if not found:
            raise HistoryError(
                f"{self.data.source} has {rows} sessions: a run of {sessions} after a warm-up of {warm_up} "
                f"needs {warm_up + sessions + 1}. Mend: a longer history or a shorter run"
            )
        return found


def _notes(data: HistoryData, clock: Schedule, vx: VxRecord | None) -> tuple[str, ...]:
    """Return what is particular to a source: constants, gaps, lost expiries, announcements, openings, VX."""
    notes = []
    if data.constants:
        given = " and ".join(
            f"{name.replace('_', ' ')} {value:.2%}" for name, value in data.constants.items()
        )
        notes.append(f"Constant over the whole history: {given}.")
    notes.extend(data.gaps.sentences())
    for product, days in clock.unlisted.items():
        if days:
            lost = counted(days, f"{product} expiry falls", f"{product} expiries fall")
            notes.append(f"{lost} on missing sessions, not listed ({listed(days)}).")
    if silent := [name.upper() for name, days in clock.events.items() if not days]:
        notes.append(f"No announcement dates for {', '.join(silent)}: rules on them stay closed.")
    notes.extend(_of_openings(data.frame))
    notes.extend(vx.sentences() if vx else ())
    if vx is None or vx.marks.reconstructed:
        notes.append(RECONSTRUCTED)
    return tuple(notes)


def _of_openings(frame: pl.DataFrame) -> Iterator[str]:
    if "open" not in frame.columns:
        yield "Openings are not recorded: they are taken from the line between the closes."
        return
    if lacking := frame["open"].null_count():
        yield f"{lacking} of {len(frame)} openings are not recorded: taken from the line between the closes."
    repeated = (frame["open"] - frame["spx"].shift(1)).abs() < ROUNDING
    if count := repeated.sum():
        yield (
            f"{count} of {len(frame)} recorded openings repeat the close before, as index files do that "
            "have no opening; settlement to the opening is then settlement to that close."
        )
