"""The one chain schema: a row is one contract at one moment; every column, its type and its unit."""

from dataclasses import dataclass
from typing import Final

import polars as pl

CLOSE: Final = "close"
"""`quote_time` of end-of-day quotes: those of SPX options stand near 16:15 New York, the index at 16:00."""

STATUSES: Final = {
    "ok": "two-sided, and nothing below applies",
    "unparsable": "a cell or the whole line could not be read; `problem` says which and why",
    "duplicate": "the contract and moment stood on an earlier row",
    "expired": "the contract has stopped trading or settled when it is quoted",
    "no_ask": "no ask: nobody sells",
    "crossed": "bid above ask",
    "zero_bid": "no bid: nobody buys",
    "stale": "in the money, bid and ask as in its quote before though the underlying moved beyond the spread",
    "below_intrinsic": "ask below the discounted intrinsic value on the parity forward",
    "not_monotone": "mid on the wrong side of the bid or ask at the next listed strike",
}
"""What can be wrong with a quote; a row has the first that applies, in this order, else ``ok``."""

SETTLEMENTS: Final = {
    "SPX": "AM",
    "SPXW": "PM",
    "SPXPM": "PM",
    "XSP": "PM",
    "VIX": "AM",
    "VIXW": "AM",
    "SPY": "PM",
    "VXX": "PM",
}
"""Settlement by root; that of other roots is missing until it is given."""

RIGHT: Final = pl.Enum(["C", "P"])
SETTLEMENT: Final = pl.Enum(["AM", "PM"])
STATUS: Final = pl.Enum(list(STATUSES))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the schema: type, unit or values, meaning."""

    name: str
    dtype: pl.DataType
    unit: str
    meaning: str


COLUMNS: Final = {
    column.name: column
    for column in (
        Column("quote_date", pl.Date(), "day", "session of the quote, New York"),
        Column("quote_time", pl.String(), '"close" or "HH:MM"', "moment of the quote, New York"),
        Column("root", pl.String(), "symbol", "option root: SPX, SPXW, XSP, VIX …"),
        Column("expiration", pl.Date(), "day", "as the source dates it, a Saturday too"),
        Column("settlement", SETTLEMENT, "AM, PM", "opening quotation or close"),
        Column("strike", pl.Float64(), "points", "strike"),
        Column("right", RIGHT, "C, P", "call or put"),
        Column("bid", pl.Float64(), "points", "best bid; 0 or missing: none"),
        Column("ask", pl.Float64(), "points", "best ask; 0 or missing: none"),
        Column("bid_size", pl.Int64(), "contracts", "at the bid"),
        Column("ask_size", pl.Int64(), "contracts", "at the ask"),
        Column("last", pl.Float64(), "points", "last trade; 0: none that day"),
        Column("volume", pl.Int64(), "contracts", "traded that day"),
        Column("open_interest", pl.Int64(), "contracts", "open contracts"),
        Column("vendor_iv", pl.Float64(), "decimal", "the vendor's implied volatility, its own model"),
        Column("vendor_delta", pl.Float64(), "1", "the vendor's delta"),
        Column("underlying_price", pl.Float64(), "points", "index or share, as the source gives it"),
        Column("status", STATUS, "see below", "what is wrong with the quote"),
        Column("problem", pl.String(), "text", "of an unparsable row: column, cell and why"),
        Column("line", pl.Int64(), "1 …", "line of the text file, row of a table"),
    )
}
"""Every column of the schema by name, in order."""

SCHEMA: Final = pl.Schema({name: column.dtype for name, column in COLUMNS.items()})
REQUIRED: Final = ("quote_date", "expiration", "strike", "right", "bid", "ask")
"""What a source must have, as columns or constants."""

DERIVED: Final = ("status", "problem", "line")
"""What reading adds; no source is asked for it."""

SNAPSHOT: Final = ("quote_date", "quote_time")
EXPIRY: Final = (*SNAPSHOT, "root", "expiration", "settlement")
"""Columns that name one expiry of one snapshot: what shares a forward."""

CONTRACT: Final = (*EXPIRY, "strike", "right")
