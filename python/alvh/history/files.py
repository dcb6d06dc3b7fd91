"""Replays as TOML: the files of a recorded market, by path and hash, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from pydantic import Field

from alvh import market_file
from alvh.described import Described
from alvh.errors import SpecError
from alvh.history import bundled
from alvh.history.data import HistoryData, read_history
from alvh.schedule.announcements import Days, Word
from alvh.schedule.clock import TAIL_SESSIONS, WEEKLY_SPXW
from alvh.schedule.expiries import Cadence

if TYPE_CHECKING:
    from alvh.history.chains import ChainHistory
    from alvh.history.replay import History

__all__ = ["Closes", "Futures", "QuotedReplay", "Replay", "Snapshots"]

BUNDLED: Final = "bundled"
"""Path of the history that the package `arch` ships."""
OF_CHAINS: Final = "chains"
"""Path of closes that the quotes themselves tell."""


class Closes(Described):
    """The file of a market's daily closes, and how it is read.

    Parameters
    ----------
    path : str
        CSV or Parquet file, see `alvh.history.read_history`; "bundled" is what the package `arch` ships.
    rate, dividend_yield, columns, gaps, allow_jumps
        As in `read_history`.
    sha256 : str
        Hash of its content, `HistoryData.data_hash`; another content is refused.

    Examples
    --------
    >>> Closes(path="closes.csv", rate=0.02, dividend_yield=0.02).gaps
    'error'
    """

    path: str
    rate: float | None = None
    dividend_yield: float | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    gaps: Literal["error", "report"] = "error"
    allow_jumps: bool = False
    sha256: str | None = None

    def read(self) -> HistoryData:
        """Return the checked history."""
        if self.path == BUNDLED:
            data = bundled.read(self.rate, self.dividend_yield)
        else:
            data = read_history(self.path, **self.options())
        _refuse_changed("history", self.path, self.sha256, data.data_hash)
        return data

    def options(self) -> dict[str, Any]:
        """Return how the file is read."""
        return self.model_dump(exclude={"path", "sha256"})


class Futures(Described):
    """The file of a replay's recorded VIX futures, and how it is read.

    Parameters
    ----------
    path : str
        CSV or Parquet file with a row a session and contract, see `History`.
    columns, in_state
        `vx_columns` and `vx_in_state` of `History`.
    sha256 : str
        Hash of what is used of it, `VxRecord.data_hash`; another content is refused.

    Examples
    --------
    >>> Futures(path="vx.csv", columns={"date": "trade_date"}).in_state
    False
    """

    path: str
    columns: dict[str, str] = Field(default_factory=dict)
    in_state: bool = False
    sha256: str | None = None

    def options(self) -> dict[str, Any]:
        """Return the arguments of `History` that are about futures."""
        return {"vx": self.path, "vx_columns": self.columns or None, "vx_in_state": self.in_state}


class Snapshots(Described):
    """The files of a replay's option quotes.

    Parameters
    ----------
    paths : tuple of str
        Files in any layout of `alvh.chain.read`, or folders of them.
    root : str
        Root of the quotes that are replayed.
    times : tuple of str
        Times of day whose snapshots are kept beside the closes, for openings at them.
    sha256 : str
        Hash of the quotes and their slices, `ChainHistory.quotes_hash`; another content is refused.

    Examples
    --------
    >>> Snapshots(paths=["quotes"]).root
    'SPXW'
    """

    paths: tuple[str, ...] = Field(min_length=1)
    root: str = "SPXW"
    times: tuple[str, ...] = ()
    sha256: str | None = None


class Replay(Described):
    """A `History` of files.

    Parameters
    ----------
    tail_sessions, listings, events
        As in `History`.
    history : Closes
        SPX, VIX, rate and dividend yield.
    vx : Futures, optional
        Recorded VIX futures.

    Examples
    --------
    >>> Replay(history={"path": "bundled"}).read()
    History('arch.data sp500 and vix', 2014-01-03 to 2018-12-31, 1257 sessions)
    """

    NAME: ClassVar[str] = "history"
    """What a TOML document calls the model."""

    tail_sessions: int = TAIL_SESSIONS
    history: Closes
    vx: Futures | None = None
    listings: dict[str, Cadence] = Field(default_factory=lambda: dict(WEEKLY_SPXW))
    events: dict[str, tuple[date, ...] | Word] | None = None

    def read(self) -> History:
        """Return the replay; its files must have the content they had."""
        from alvh.history.replay import History

        if self.history.path == BUNDLED:
            if self.vx is not None:
                raise SpecError("vx: the bundled history has none. Mend: leave the table out")
            rate, dividend_yield = self.history.rate, self.history.dividend_yield
            market = History.bundled(rate=rate, dividend_yield=dividend_yield, **self._clock())
        else:
            market = History(self.history.path, **self.history.options(), **self._futures(), **self._clock())
        self._refuse_changed(market)
        return market

    def to_toml(self, market: History) -> str:
        """Return the description with the hashes of what was read."""
        parameters = self.model_dump(mode="json", exclude_none=True)
        parameters["history"]["sha256"] = market.data.data_hash
        if market.vx is not None:
            parameters["vx"]["sha256"] = market.vx.data_hash
        return market_file.write(self.NAME, parameters)

    def _clock(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("tail_sessions", "listings", "events")}

    def _futures(self) -> dict[str, Any]:
        return {} if self.vx is None else self.vx.options()

    def _refuse_changed(self, market: History) -> None:
        _refuse_changed("history", self.history.path, self.history.sha256, market.data.data_hash)
        if self.vx is not None and market.vx is not None:
            _refuse_changed("vx", self.vx.path, self.vx.sha256, market.vx.data_hash)


class QuotedReplay(Replay):
    """A `ChainHistory` of files.

    Parameters
    ----------
    tail_sessions, listings, events, history, vx
        As in `Replay`; with the path "chains" closes are what the quotes tell.
    chains : Snapshots
        Option quotes.

    Examples
    --------
    >>> QuotedReplay(chains={"paths": ["quotes"]}, history={"path": "chains", "rate": 0.04}).history.rate
    0.04
    """

    NAME: ClassVar[str] = "chain_history"

    chains: Snapshots

    def read(self) -> ChainHistory:
        """Return the replay; its files must have the content they had."""
        from alvh.history.chains import ChainHistory

        path = self.history.path
        if path == BUNDLED:
            raise SpecError(
                f"history.path = {BUNDLED!r}: quotes need closes of their own days, or {OF_CHAINS!r}"
            )
        market = ChainHistory(
            self.chains.paths if len(self.chains.paths) > 1 else self.chains.paths[0],
            closes=None if path == OF_CHAINS else path,
            root=self.chains.root,
            times=self.chains.times,
            **self.history.options(),
            **{name: each for name, each in self._futures().items() if name != "vx_in_state"},
            **self._clock(),
        )
        self._refuse_changed(market)
        name = ", ".join(self.chains.paths)
        _refuse_changed("chains", name, self.chains.sha256, market.quotes_hash)
        return market

    def to_toml(self, market: History) -> str:
        """Return the description with the hashes of what was read."""
        quotes: Any = market
        chains = self.chains.model_copy(update={"sha256": quotes.quotes_hash})
        return Replay.to_toml(self.model_copy(update={"chains": chains}), market)


REPLAYS: Final[Mapping[str, type[Replay]]] = {each.NAME: each for each in (Replay, QuotedReplay)}
"""Replays by the name in their TOML."""


def kept(events: Mapping[str, Days] | None) -> dict[str, Days] | None:
    """Return announcement days that can be read more than once, and words as they are."""
    if events is None:
        return None
    return {name: days if isinstance(days, str) else tuple(days) for name, days in events.items()}


def described(
    source: object,
    vx: object,
    *,
    closes: Mapping[str, Any],
    futures: Mapping[str, Any],
    clock: Mapping[str, Any],
) -> Replay | None:
    """Return the description of a replay; None where a source is no file."""
    parts = _tables(source, vx, closes, futures)
    return None if parts is None else Replay(**parts, **clock)


def described_quotes(
    chains: object,
    source: object,
    vx: object,
    *,
    root: str,
    times: Sequence[str],
    closes: Mapping[str, Any],
    futures: Mapping[str, Any],
    clock: Mapping[str, Any],
) -> QuotedReplay | None:
    """Return the description of a replay of quotes; None where a source is no file."""
    each = [_path(part) for part in chains] if isinstance(chains, list | tuple) else [_path(chains)]
    parts = _tables(OF_CHAINS if source is None else source, vx, closes, futures)
    if parts is None or None in each:
        return None
    return QuotedReplay(chains={"paths": each, "root": root, "times": times}, **parts, **clock)


def _tables(
    source: object, vx: object, closes: Mapping[str, Any], futures: Mapping[str, Any]
) -> dict[str, Any] | None:
    path, of_futures = _path(source), _path(vx)
    if path is None or (of_futures is None and vx is not None):
        return None
    recorded = None if of_futures is None else {"path": of_futures, **futures}
    return {"history": {"path": path, **closes}, "vx": recorded}


def _path(source: object) -> str | None:
    return str(fspath(source)) if isinstance(source, str | PathLike) else None


def _refuse_changed(table: str, path: str, known: str | None, found: str) -> None:
    if known not in {None, found}:
        raise SpecError(
            f"{table}: {path!r}: its content has changed (SHA-256 {found}, not {known}). Mend: restore the "
            f"file, or leave {table}.sha256 out"
        )
