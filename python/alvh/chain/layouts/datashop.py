"""The exchange's end-of-day quotes: a line holds the quotes of 15:45 and of the close."""

from typing import Final

from alvh.chain.layouts.layout import Layout, Side
from alvh.chain.schema import CLOSE


def _side(quote_time: str, suffix: str) -> Side:
    names = {
        "bid": f"bid_{suffix}",
        "ask": f"ask_{suffix}",
        "bid_size": f"bid_size_{suffix}",
        "ask_size": f"ask_size_{suffix}",
        "vendor_iv": f"implied_volatility_{suffix}",
        "vendor_delta": f"delta_{suffix}",
    }
    underlying = (f"underlying_bid_{suffix}", f"underlying_ask_{suffix}")
    return Side(names | {"underlying_price": underlying}, {"quote_time": quote_time})


LAYOUT: Final = Layout(
    name="datashop",
    about="Cboe DataShop end-of-day quotes, CSV: 15:45 and close on one line",
    columns={
        "quote_date": "quote_date",
        "root": "root",
        "expiration": "expiration",
        "strike": "strike",
        "right": "option_type",
        "last": "close",
        "volume": "trade_volume",
        "open_interest": "open_interest",
    },
    sides=(_side("15:45", "1545"), _side(CLOSE, "eod")),
)
