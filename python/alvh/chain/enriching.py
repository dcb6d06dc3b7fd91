"""Forward, discount, time, mid, implied volatility and greeks of every quote of a chain."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from alvh import expr
from alvh.chain.expiries import MID, TWO_SIDED, expiries, forwards_of, indexed
from alvh.chain.parity import RATE
from alvh.chain.schema import CONTRACT, SCHEMA, SETTLEMENT
from alvh.errors import ChainError, nearest_names
from alvh.pricing import Greeks, Status

GREEKS: Final = ("delta", "gamma", "vega", "theta")
WORDS: Final = {int(status): status.name.lower() for status in Status}
VOL_STATUS: Final = pl.Enum(list(WORDS.values()))
FIT_FOR_A_FORWARD: Final = ("ok", "below_intrinsic", "not_monotone")  # the fit finds outliers by itself
OF_EXPIRY: Final = ("years", "days", "forward", "discount", "fit")
RATES: Final = (-0.05, 0.5)
ADDED: Final = {*OF_EXPIRY, *Greeks._fields, "mid", "vol", "vol_status", "spread_vol"}


def forwards(quotes: pl.DataFrame, *, rate: float = RATE, settlement: str | None = None) -> pl.DataFrame:
    """Imply forward and discount of each expiry of each snapshot by put–call parity.

    Call mid less put mid is a line in the strike, D (F - K). It is fitted robustly with weights by spread;
    the underlying's price is not used.

    Parameters
    ----------
    quotes : DataFrame
        From `read`.
    rate : float, default 0.04
        A year, decimal, continuously compounded: discounts the expiries whose pairs tell no discount,
        `fit` = ``"rate"``.
    settlement : {"AM", "PM"}, optional
        Of the rows that have none. Without it their years and volatilities stay missing.

    Returns
    -------
    DataFrame
        One row for each expiry: `quote_date`, `quote_time`, `root`, `expiration`, `settlement`; `years`,
        sessions of the one clock / 252; `days`, calendar; `forward`, points; `discount`; `fit`, where
        they come from; `pairs` found and `trimmed`; `parity_error`, root mean square of what the
        other pairs miss the line by, points.

    Raises
    ------
    ChainError
        The frame is no chain, or an option is out of range.

    Examples
    --------
    >>> from alvh import chain
    >>> table = chain.forwards(chain.synthetic(longest=30))
    >>> table.filter(pl.col("root") == "SPX").select("fit", pl.col("forward").round(1)).row(0)
    ('parity', 5005.2)
    """
    rows, table = _indexed(prepared(quotes, rate, settlement))
    return _fitted(rows, table, rate)


def enrich(
    quotes: pl.DataFrame,
    *,
    rate: float = RATE,
    settlement: str | None = None,
    greeks: Sequence[str] = GREEKS,
) -> pl.DataFrame:
    """Add forward, discount, time, mid, implied volatility and greeks to the quotes of a chain.

    Parameters
    ----------
    quotes : DataFrame
        From `read`.
    rate, settlement
        As in `forwards`.
    greeks : sequence of str
        Fields of `alvh.pricing.Greeks`.

    Returns
    -------
    DataFrame
        `quotes`, every row in its place, with `years`, `days`, `forward`, `discount` and `fit` of
        `forwards`; `mid`, points, missing unless the quote is two-sided; `vol`, decimal, a root year of the
        one clock, and `vol_status`, why it is NaN; `greeks` at that volatility, in the units of
        `alvh.pricing`; `spread_vol`, ask less bid in volatility points by vega. What cannot be told is
        missing.

    Raises
    ------
    ChainError
        The frame is no chain, or an option is out of range.

    Examples
    --------
    >>> from alvh import chain
    >>> quotes = chain.enrich(chain.synthetic(longest=30))
    >>> put = quotes.filter(root="SPX", strike=4800, right="P")
    >>> put.select("fit", pl.col("vol", "delta").round(3)).row(0)
    ('parity', 0.181, -0.112)
    """
    given = prepared(quotes, rate, settlement)
    rows, table = _indexed(given)
    told = _fitted(rows, table, rate).select(OF_EXPIRY).with_row_index("expiry")
    rows = rows.join(told, on="expiry", how="left", maintain_order="left").with_columns(
        mid=pl.when(TWO_SIDED).then(MID), _years=pl.when(pl.col("years") > 0.0).then("years")
    )
    terms = {
        "forward": "forward",
        "strike": "strike",
        "years": "_years",
        "right": "right",
        "discount": "discount",
    }
    rows = rows.with_columns(_vol=expr.implied_vol("mid", **terms, status=True))
    rows = rows.with_columns(
        vol=pl.col("_vol").struct.field("vol"),
        vol_status=pl.col("_vol").struct.field("status").replace_strict(WORDS, return_dtype=VOL_STATUS),
    )
    which = tuple(dict.fromkeys((*greeks, "vega")))
    rows = rows.with_columns(_greeks=expr.greeks(**terms, vol="vol", which=which))
    vega = pl.col("_greeks").struct.field("vega")
    return rows.select(
        *given.columns,
        *OF_EXPIRY,
        "mid",
        "vol",
        "vol_status",
        *(pl.col("_greeks").struct.field(name) for name in greeks),
        spread_vol=100.0 * (pl.col("ask") - pl.col("bid")) / vega,
    )


def require_frame(quotes: object) -> None:
    """Raise where quotes are no frame, or one that is not collected."""
    if isinstance(quotes, pl.DataFrame):
        return
    mend = "collect() first" if isinstance(quotes, pl.LazyFrame) else "chain.read gives one"
    raise ChainError(f"quotes are a DataFrame, not {type(quotes).__name__}. Mend: {mend}", source="frame")


def prepared(quotes: pl.DataFrame, rate: float, settlement: str | None) -> pl.DataFrame:
    """Return the columns that a chain came with, settlements filled; raise where it is none."""
    require_frame(quotes)
    for name in (*CONTRACT, "bid", "ask", "status"):
        if name not in quotes.columns:
            raise ChainError(
                f"the frame has no column {name!r}: {nearest_names(name, quotes.columns)}. "
                "Mend: chain.read gives every column of the schema",
                source="frame",
                column=name,
            )
        if quotes.schema[name] != SCHEMA[name]:
            raise ChainError(
                f"column {name!r} holds {quotes.schema[name]}. Allowed: {SCHEMA[name]}. "
                "Mend: chain.read gives it",
                source="frame",
                column=name,
            )
    if not (isinstance(rate, int | float) and RATES[0] <= rate <= RATES[1]):
        raise ChainError(
            f"rate = {rate!r}: {RATES[0]} to {RATES[1]} a year, decimal, continuously compounded. "
            "Mend: if this is percent, divide by 100",
            column="rate",
            value=rate,
        )
    if settlement not in {None, "AM", "PM"}:
        raise ChainError(f"settlement = {settlement!r}: 'AM' or 'PM'", column="settlement", value=settlement)
    kept = [name for name in quotes.columns if name in SCHEMA or name not in ADDED]
    given = pl.lit(settlement, SETTLEMENT)
    return quotes.select(kept).with_columns(pl.col("settlement").fill_null(given) if settlement else [])


def _indexed(quotes: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the quotes with the index of their `expiry`, and the table of expiries."""
    table = expiries(quotes)
    return quotes.with_columns(indexed(quotes, table)), table


def _fitted(rows: pl.DataFrame, table: pl.DataFrame, rate: float) -> pl.DataFrame:
    told = rows.filter(TWO_SIDED & pl.col("status").is_in(FIT_FOR_A_FORWARD))
    return forwards_of(told, table, rate)
