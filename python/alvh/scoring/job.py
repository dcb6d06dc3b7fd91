"""What is sought, as one small description that can be sent anywhere, and the call that answers it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import polars as pl

from alvh.chain import read
from alvh.chain.enriching import RATES, prepared, require_frame
from alvh.chain.parity import RATE
from alvh.errors import ScoreError, nearest_names
from alvh.margin import Grid, House, rule_book, rule_books
from alvh.market import Simulated
from alvh.scoring.figures import FIGURES, MOVES, OF_A_MODEL, TOLERANCE
from alvh.scoring.legs import snapshots
from alvh.scoring.probing import require_row_by_row
from alvh.scoring.ranking import ranked
from alvh.scoring.real_world import require_vix
from alvh.scoring.scores import OF_EXPIRY, PLACES, Scores
from alvh.scoring.terms import PORTFOLIO, require_class

COLUMNS: Final = tuple(FIGURES)
"""The figures of a condor that a ranking by name and a limit can take."""

OF_CONDOR: Final = {**dict.fromkeys((*PLACES, *MOVES, *FIGURES), pl.Float64()), **OF_EXPIRY}
"""What an expression can use."""

Bound: TypeAlias = tuple[float | None, float | None]
Wings: TypeAlias = Literal["any", "equal"]
Method: TypeAlias = Literal["search", "exhaustive"]
FROM_CHAIN: Final = "l3f"
WHOLE: Final = {
    "top": (1, 1_000_000),
    "paths": (100, 10_000_000),
    "seed": (0, 2**64 - 1),
    "threads": (1, 1024),
}
"""Options that are whole numbers: least and most."""


@dataclass(frozen=True, kw_only=True)
class ScoreJob:
    """What `score` seeks: limits, figures and ranking. Parameters are those of `score`.

    A job is small and can be pickled: one file is one call of `score`.

    Examples
    --------
    >>> from alvh import chain
    >>> from alvh.scoring import ScoreJob
    >>> job = ScoreJob(dte=(7, 14), width=25.0, top=1)
    >>> job.score(chain.synthetic(longest=14)).frame["put_width"].to_list()
    [25.0]
    """

    dte: tuple[int, int] = (1, 60)
    short_delta: tuple[float, float] = (0.05, 0.30)
    width: float | Sequence[float] | tuple[float, float] = (5.0, 100.0)
    wings: Wings = "any"
    credit: Bound | None = None
    where: Mapping[str, Bound] | pl.Expr | None = None
    open_interest: int = 0
    spread: float | None = None
    root: str | None = None
    fill: float = 0.5
    rules: str | Grid | House = "exchange"
    model: Simulated | Literal["l3f"] | None = None
    hedge_share: float = 0.5
    paths: int = 20_000
    seed: int = 0
    rank_by: str | pl.Expr = "return_on_margin"
    descending: bool = True
    top: int = 50
    method: Method = "search"
    rate: float = RATE
    settlement: str | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        for name, (least, most) in {"dte": (0, 5000), "short_delta": (0.0, 1.0)}.items():
            pair = getattr(self, name)
            if not (_numbers(pair, 2) and least <= pair[0] <= pair[1] <= most):
                raise _refused(name, pair, f"(low, high) with {least} <= low <= high <= {most}")
        listed, (low, high) = self.widths
        if not (low > 0.0 and all(0.0 < each < math.inf for each in listed or (low, high)) and low <= high):
            raise _refused("width", self.width, "a width, a list of widths, or a tuple (low, high), points")
        numbers = {
            "fill": (self.fill, 0.0, 1.0),
            "hedge_share": (self.hedge_share, 0.0, 10.0),
            "open_interest": (self.open_interest, 0, math.inf),
            "spread": (math.inf if self.spread is None else self.spread, 0.0, math.inf),
        }
        for name, (value, least, most) in numbers.items():
            if not (isinstance(value, int | float) and least <= value <= most):
                raise _refused(name, value, f"a number from {least:g} to {most:g}")
        self._check_chain()
        self._check_whole()
        for name, known in {"wings": get_args(Wings), "method": get_args(Method)}.items():
            if getattr(self, name) not in known:
                raise _refused(name, getattr(self, name), " or ".join(map(repr, known)))
        self._check_rules()
        if not (self.model is None or self.model == FROM_CHAIN or isinstance(self.model, Simulated)):
            raise _refused(
                "model", self.model, "None, 'l3f' (at the chain's own VIX) or a model of alvh.market"
            )
        self._check_names()
        if isinstance(self.model, Simulated):
            require_vix(self.model, self.used)

    def _check_chain(self) -> None:
        if not (isinstance(self.rate, int | float) and RATES[0] <= self.rate <= RATES[1]):
            allowed = f"{RATES[0]} to {RATES[1]} a year, decimal. Mend: if this is percent, divide by 100"
            raise _refused("rate", self.rate, allowed)
        if self.settlement not in {None, "AM", "PM"}:
            raise _refused("settlement", self.settlement, "'AM' or 'PM'")

    def _check_rules(self) -> None:
        known = (*rule_books(), *PORTFOLIO)
        if isinstance(self.rules, str) and self.rules not in known:
            raise _refused("rules", self.rules, nearest_names(self.rules, known))
        if not isinstance(self.rules, str | Grid | House):
            raise _refused("rules", self.rules, "a name, a margin.Grid or a margin.House")
        grid = self.rules.calm if isinstance(self.rules, House) else self.rules
        if isinstance(grid, Grid) and grid.minimum == 0.0:
            raise _refused("rules.minimum", grid.minimum, "above 0, so that every condor asks for something")
        require_class(self.rules, self.root)

    def _check_whole(self) -> None:
        for name, (first, last) in WHOLE.items():
            value = getattr(self, name)
            fits = isinstance(value, int) and not isinstance(value, bool) and first <= value <= last
            if not (fits or (name == "threads" and value is None)):
                raise _refused(name, value, f"a whole number from {first} to {last}")

    def _check_names(self) -> None:
        if not isinstance(self.where, pl.Expr | Mapping | None):
            raise _refused("where", self.where, "{column: (least, most)}, or a Polars expression")
        if not isinstance(self.rank_by, pl.Expr | str):
            raise _refused("rank_by", self.rank_by, "a column, or a Polars expression")
        limited = {column for column, *_ in self.limits}
        for column in sorted(self.used):
            if column in limited:
                _check_name("where", column, self.model)
            else:
                named = isinstance(self.rank_by, str) and column == self.rank_by
                name = "rank_by" if named else "expression"
                _check_name(name, column, self.model, more=(*PLACES, *MOVES))
        for name, value in (("rank_by", self.ranking), ("where", self.where)):
            if isinstance(value, pl.Expr):
                require_row_by_row(name, value, OF_CONDOR)

    @property
    def widths(self) -> tuple[list[float] | None, tuple[float, float]]:
        """Listed widths, if they are, and the range of widths, points."""
        if isinstance(self.width, int | float):
            return [float(self.width)], (float(self.width), float(self.width))
        if (
            not isinstance(self.width, Sequence)
            or not _numbers(self.width, len(self.width))
            or not self.width
        ):
            return None, (math.nan, math.nan)
        if isinstance(self.width, tuple):
            return None, (float(self.width[0]), float(self.width[-1])) if len(self.width) == 2 else (0.0, 0.0)
        return [float(each) for each in self.width], (float(min(self.width)), float(max(self.width)))

    @property
    def limits(self) -> list[tuple[str, float, float]]:
        """What a figure of the core is limited to: name, least, most, both with the tolerance of limits."""
        bounds: dict[str, Bound] = dict(self.where) if isinstance(self.where, Mapping) else {}
        found = [(name, *_bound(f"where[{name!r}]", pair)) for name, pair in bounds.items()]
        return found if self.credit is None else [*found, ("credit", *_bound("credit", self.credit))]

    @property
    def ranking(self) -> str | pl.Expr:
        """What condors are ranked by: a figure of the core, or an expression."""
        if isinstance(self.rank_by, pl.Expr) or self.rank_by in COLUMNS:
            return self.rank_by
        return pl.col(self.rank_by)

    @property
    def used(self) -> frozenset[str]:
        """The columns that it ranks by or limits."""
        named = [name for name, *_ in self.limits]
        for value in (self.rank_by, self.where):
            if isinstance(value, pl.Expr):
                named += value.meta.root_names()
        return frozenset([*named, *([self.rank_by] if isinstance(self.rank_by, str) else [])])

    @property
    def sides_apart(self) -> bool:
        """Whether margin counts unequal wings each for itself."""
        return self.rules in rule_books() and rule_book(str(self.rules)).sides_apart

    def score(self, chain: pl.DataFrame | str | Path) -> Scores:
        """Score the condors of a chain; see `score`."""
        quotes = chain if isinstance(chain, pl.DataFrame | pl.LazyFrame) else read(chain)
        require_frame(quotes)
        return ranked(snapshots(prepared(quotes, self.rate, self.settlement), self), self)


def score(chain: pl.DataFrame | str | Path, **options: Any) -> Scores:
    """Score every iron condor of a chain that satisfies limits, and return the best.

    A condor is a put spread and a call spread of one expiry that are sold, the short put below the short
    call (R1). Every leg has a two-sided quote of status ``ok``. Money is in points of the underlying: times
    `multiplier` it is US dollars of one condor.

    Parameters
    ----------
    chain : DataFrame or path
        Quotes from `chain.read`, any number of snapshots; or a file for it.
    dte : (int, int), default (1, 60)
        Calendar days to expiry.
    short_delta : (float, float), default (0.05, 0.30)
        Absolute forward delta of the short strikes.
    width : float, list of float or (float, float), default (5, 100)
        Wings, points: one width, a list of widths, or a tuple: from and to.
    wings : {"any", "equal"}
        Whether put and call wing may differ.
    credit : (float or None, float or None), optional
        Least and most credit of the package fill, points (C1).
    where : mapping of str to (float or None, float or None), or Polars expression, optional
        Least and most of any figure, such as ``{"p_profit": (0.7, None)}``; or a condition on columns of the
        result, which scores all condors in blocks and is slower.
    open_interest : int, default 0
        Least open interest of every leg.
    spread : float, optional
        Most that ask less bid of a leg may be, points.
    root : str, optional
        Of the options, such as "SPXW"; all unless given.
    fill : float, default 0.5
        Share of the half-spreads that a package pays: 0 is filled at mid, 1 at natural prices.
    rules : str, margin.Grid or margin.House, default "exchange"
        Of `requirement`: a rule book, see `margin.rule_books`; or portfolio margin: "portfolio", "house" at
        the VIX that the chain itself implies, or moves of your own.
    model : model of alvh.market or "l3f", optional
        Gives the real-world figures. "l3f": `market.L3F` at the VIX that the chain itself implies.
    hedge_share : float, default 0.5
        Share of a condor's loss per VIX point that VIX calls make up for (R22).
    paths, seed : int
        Of the simulation of the model.
    rank_by : str or Polars expression, default "return_on_margin"
        A figure, see `scoring.COLUMNS`; or another column of the result or an expression of some, slower.
    descending : bool, default True
        Whether the largest are best.
    top : int, default 50
        How many are kept.
    method : {"search", "exhaustive"}
        How: by branch and bound, or all of them. Both find the same.
    rate, settlement
        As in `chain.enrich`.
    threads : int, optional
        Of an exhaustive scan; one per core unless given. Results do not depend on it.

    Returns
    -------
    Scores
        The best condors, a row each, and what became of every expiry and quote.

    Raises
    ------
    ScoreError
        An option that cannot be used.
    ChainError
        What is given is no chain.
    VixError
        ``model="l3f"`` or ``rules="house"``, and the chain does not determine a VIX.

    Examples
    --------
    >>> import alvh as av
    >>> from alvh import chain
    >>> found = av.score(chain.synthetic(longest=50), dte=(30, 50), width=[25.0, 50.0], wings="equal", top=3)
    >>> found.frame.select("expiration", "put_short", "call_short", "put_width").height
    3
    >>> found.candidates > 4 * found.visited
    True
    """
    known = [each.name for each in fields(ScoreJob)]
    for name, value in options.items():
        if name not in known:
            raise _refused(name, value, f"no option of score: {nearest_names(name, known)}")
    return ScoreJob(**options).score(chain)


def _numbers(pair: object, length: int) -> bool:
    return (
        isinstance(pair, Sequence)
        and len(pair) == length
        and all(isinstance(each, int | float) and not math.isnan(each) for each in pair)
    )


def _check_name(name: str, column: str, model: object, *, more: Sequence[str] = ()) -> None:
    known = (*COLUMNS, *more)
    if column not in known and column in OF_CONDOR:
        raise _refused(name, column, f"no figure of the core. Mend: an expression of pl.col({column!r})")
    if column not in known:
        raise _refused(name, column, nearest_names(column, known))
    if column in OF_A_MODEL and model is None:
        raise _refused(name, column, "that is a figure of a market model. Mend: give model=")


def _bound(name: str, pair: object) -> tuple[float, float]:
    if isinstance(pair, Sequence) and len(pair) == 2:
        low, high = (
            default if each is None else each
            for each, default in zip(pair, (-math.inf, math.inf), strict=True)
        )
        if _numbers((low, high), 2) and low <= high:
            return float(low) - TOLERANCE, float(high) + TOLERANCE
    raise _refused(name, pair, "(least, most), None where there is no bound")


def _refused(name: str, value: object, allowed: str) -> ScoreError:
    return ScoreError(f"{name} = {value!r}: {allowed}", column=name, value=value)
