"""Layouts of vendors that write one contract, or one strike, on a line."""

from typing import Final

from alvh.chain.layouts.layout import AMERICAN, ISO, Layout, Side
from alvh.chain.schema import CLOSE, COLUMNS, DERIVED

IVOLATILITY: Final = Layout(
    name="ivolatility",
    about="iVolatility end-of-day options, CSV",
    columns={
        "quote_date": "date",
        "root": "option_symbol",
        "expiration": "option_expiration",
        "strike": "strike",
        "right": "call/put",
        "bid": "bid",
        "ask": "ask",
        "volume": "volume",
        "open_interest": "open_interest",
        "vendor_iv": "iv",
        "vendor_delta": "delta",
        "underlying_price": "stock_price_close",
    },
    days=(AMERICAN, ISO),
    constants={"quote_time": CLOSE},
)

HISTORICALOPTIONDATA: Final = Layout(
    name="historicaloptiondata",
    about="historicaloptiondata.com end-of-day options, CSV",
    columns={
        "quote_date": "quotedate",
        "root": "optionroot",
        "expiration": "expiration",
        "strike": "strike",
        "right": "type",
        "bid": "bid",
        "ask": "ask",
        "last": "last",
        "volume": "volume",
        "open_interest": "openinterest",
        "vendor_iv": "impliedvol",
        "vendor_delta": "delta",
        "underlying_price": "underlying_last",
    },
    days=(AMERICAN, ISO),
    constants={"quote_time": CLOSE},
)


def _optionsdx_side(right: str) -> Side:
    start = right.casefold()
    names = {"bid": "bid", "ask": "ask", "last": "last", "volume": "volume"}
    names |= {"vendor_iv": "iv", "vendor_delta": "delta", "bid_size": "size", "ask_size": "size"}
    return Side({column: f"{start}_{name}" for column, name in names.items()}, {"right": right})


OPTIONSDX: Final = Layout(
    name="optionsdx",
    about="OptionsDX chains, CSV: call and put on one line, no root (give it), from its documented columns",
    columns={
        "quote_date": "quote_date",
        "quote_time": "quote_time_hours",
        "expiration": "expire_date",
        "strike": "strike",
        "underlying_price": "underlying_last",
    },
    sides=(_optionsdx_side("C"), _optionsdx_side("P")),
    verified=False,
)

LEAN: Final = Layout(
    name="lean",
    about="minute quote bars of Lean, collected in a table: the close of each bar",
    columns={
        "quote_date": "bar_start",
        "quote_time": "bar_start",
        **{
            name: name
            for name in ("root", "expiration", "strike", "right", "bid", "ask", "bid_size", "ask_size")
        },
    },
)

COMMON: Final = Layout(
    name="common",
    about="this schema itself, CSV or Parquet; also with `iv` and `delta` for the vendor's figures",
    columns={name: name for name in COLUMNS if name not in DERIVED},
)

COMMON_IV: Final = Layout(
    name="common",
    about=COMMON.about,
    columns={**COMMON.columns, "vendor_iv": "iv", "vendor_delta": "delta"},
)
