"""One small chain, written in every layout that `alvh.chain` reads."""

import gzip
import io
from datetime import date

import polars as pl
import pytest

from alvh import chain
from alvh.errors import ChainError

DAY = date(2023, 9, 14)
SPOT = 4505.1
ROWS = [
    # root, expiration, strike, right, bid, ask, last, volume, open interest, vendor iv, vendor delta
    ("SPXW", date(2023, 9, 29), 4450.0, "C", 84.1, 84.9, 83.0, 12, 340, 0.1312, 0.7101),
    ("SPXW", date(2023, 9, 29), 4450.0, "P", 21.7, 22.1, 22.0, 105, 2340, 0.1312, -0.2899),
    ("SPXW", date(2023, 9, 29), 4600.0, "C", 8.3, 8.6, 8.4, 1204, 5000, 0.1084, 0.1705),
    ("SPXW", date(2023, 9, 29), 4600.0, "P", 95.2, 96.3, 0.0, 0, 77, 0.1084, -0.8295),
    ("SPX", date(2023, 10, 20), 4500.0, "C", 80.5, 81.3, 80.0, 7, 90, 0.1261, 0.5604),
    ("SPX", date(2023, 10, 20), 4500.0, "P", 57.0, 57.8, 57.2, 9, 110, 0.1261, -0.4396),
]
NAMES = (
    *("root", "expiration", "strike", "right", "bid", "ask", "last", "volume", "open_interest"),
    *("vendor_iv", "vendor_delta"),
)
PAIRS = [dict(zip(("C", "P"), pair, strict=True)) for pair in zip(ROWS[::2], ROWS[1::2], strict=True)]


def expected() -> pl.DataFrame:
    """What every layout should give for the columns that all of them have."""
    return pl.DataFrame(ROWS, schema=list(NAMES), orient="row").with_columns(
        quote_date=pl.lit(DAY), underlying_price=pl.lit(SPOT)
    )


def symbol(root, expiration, strike, right, pad=""):
    return f"{root}{pad}{expiration:%y%m%d}{right}{round(strike * 1000):08d}"


DATE_LINES = {
    "english": '"Date: September 14, 2023 at 4:31 PM EDT",Bid: 4483.25,Ask: 4526.27,Size: 1*1,Volume: 0',
    "comma": '"Date: September 14, 2023, 4:31 PM EDT",Bid: 4483.25',
    "spanish": '"Date: 14 de septiembre de 2023, 16:31 GMT-4",Bid: 4483.25',
    "french": "Date: 14 septembre 2023 à 22:31 CEST,Bid: 4483.25",
    "german": "Date: 14. September 2023 um 22:31 CEST,Bid: 4483.25",
    "italian": '"Date: 14 settembre 2023, 20:31 UTC",Bid: 4483.25',
    "iso": "Date: 2023-09-14 15:31 CDT,Bid: 4483.25",
    "night after": "Date: Sep 15, 2023 at 4:31 AM GMT+8,Bid: 4483.25",
}
CBOE_SIDE = "Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"


def cboe(date_line=DATE_LINES["english"]):
    lines = ["", f"S&P 500 INDEX,Last: {SPOT},Change:  37.66", date_line]
    lines.append(f"Expiration Date,Calls,{CBOE_SIDE},Strike,Puts,{CBOE_SIDE}")
    for pair in PAIRS:
        cells = [f"{pair['C'][1]:%a %b %d %Y}"]
        for right in "CP":
            *key, bid, ask, last, volume, interest, iv, delta = pair[right]
            cells += [symbol(*key), last, 0, bid, ask, volume, iv, delta, 0.001, interest]
            cells += [f"{key[2]:.2f}"] if right == "C" else []
        lines.append(",".join(map(str, cells)))
    return "\n".join(lines) + "\n"


def datashop():
    lines = [
        (
            "underlying_symbol,quote_date,root,expiration,strike,option_type,open,high,low,close,trade_volume,"
            "bid_size_1545,bid_1545,ask_size_1545,ask_1545,underlying_bid_1545,underlying_ask_1545,"
            "implied_volatility_1545,delta_1545,"
            "bid_size_eod,bid_eod,ask_size_eod,ask_eod,underlying_bid_eod,underlying_ask_eod,vwap,open_interest,"
            "delivery_code"
        )
    ]
    for root, expiration, strike, right, bid, ask, last, volume, interest, iv, delta in ROWS:
        lines.append(
            f"^SPX,{DAY},{root},{expiration},{strike:.3f},{right},0,0,0,{last},{volume},"
            f"11,{bid},12,{ask},{SPOT - 1},{SPOT + 1},{iv},{delta},"
            f"21,{bid},22,{ask},{SPOT},{SPOT},0,{interest},"
        )
    return "\r\n".join(lines) + "\r\n"


def ivolatility():
    lines = [
        (
            "symbol,exchange,company_name,date,stock_price_close,option_symbol,option_expiration,strike,call/put,"
            "style,ask,bid,mean_price,settlement,iv,volume,open_interest,stock_price_for_iv,forward_price,isinterpolated,"
            "delta,vega,gamma,theta,rho"
        )
    ]
    for root, expiration, strike, right, bid, ask, _, volume, interest, iv, delta in ROWS:
        name = symbol(root, expiration, strike, right, pad=" " * (6 - len(root)))
        lines.append(
            f'SPX,CBOE,"S&P 500 Index, (SPX)",{DAY:%m/%d/%Y},{SPOT},{name},{expiration:%m/%d/%Y},{strike},'
            f"{right},E,{ask},{bid},{(bid + ask) / 2},0.0,"
            f"{iv},{volume},{interest},{SPOT},{SPOT},*,{delta},0,0,0,0"
        )
    return "\n".join(lines) + "\n"


def historicaloptiondata():
    lines = [
        (
            "\ufeffunderlying,underlying_last, exchange,optionroot,optionext,type,expiration,quotedate,"
            "strike,last,bid,ask,volume,openinterest,impliedvol,delta,gamma,theta,vega,optionalias"
        )
    ]
    for root, expiration, strike, right, bid, ask, last, volume, interest, iv, delta in ROWS:
        name, kind = symbol(root, expiration, strike, right), {"C": "call", "P": "put"}[right]
        lines.append(
            f"{root},{SPOT},W,{name},,{kind},{expiration:%m/%d/%Y},{DAY:%m/%d/%Y},{strike:g},{last},{bid},{ask},"
            f"{volume},{interest},{iv},{delta},0,0,0,{name}"
        )
    return "\n".join(lines) + "\n"


def optionsdx():
    lines = [
        (
            "[QUOTE_UNIXTIME], [QUOTE_READTIME], [QUOTE_DATE], [QUOTE_TIME_HOURS], [UNDERLYING_LAST],"
            " [EXPIRE_DATE], [EXPIRE_UNIX], [DTE], [C_DELTA], [C_GAMMA], [C_VEGA], [C_THETA], [C_RHO],"
            " [C_IV], [C_VOLUME], [C_LAST], [C_SIZE], [C_BID], [C_ASK], [STRIKE], [P_BID], [P_ASK],"
            " [P_SIZE], [P_LAST], [P_DELTA], [P_GAMMA], [P_VEGA], [P_THETA], [P_RHO],"
            " [P_IV], [P_VOLUME], [STRIKE_DISTANCE], [STRIKE_DISTANCE_PCT]"
        )
    ]
    for pair in PAIRS:
        _, expiration, strike, *c = pair["C"]
        _, _, _, *p = pair["P"]
        lines.append(
            f"1694721600, {DAY} 16:00, {DAY}, 16.000000, {SPOT}, {expiration}, 1, 15, {c[7]}, 0, 0, 0, 0,"
            f" {c[6]}, {c[4]}, {c[3]}, 1 x 2, {c[1]}, {c[2]}, {strike}, {p[1]}, {p[2]}, 3 x 4, {p[3]},"
            f" {p[7]}, 0, 0, 0, 0, {p[6]}, {p[4]}, 0, 0"
        )
    return "\n".join(lines) + "\n"


def common():
    return expected().with_columns(quote_time=pl.lit("close")).write_csv()


LAYOUTS = {
    "cboe": cboe,
    "datashop": datashop,
    "ivolatility": ivolatility,
    "historicaloptiondata": historicaloptiondata,
    "optionsdx": optionsdx,
    "common": common,
}
ROWS_A_LINE = {"cboe": 2, "datashop": 2, "optionsdx": 2}


def written(folder, layout, *, packed=False):
    """The sample as a file of that layout."""
    content = LAYOUTS[layout]().encode()
    path = folder / f"{layout}.csv{'.gz' * packed}"
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def refusal(source, layout="auto", **options) -> ChainError:
    with pytest.raises(ChainError) as caught:
        chain.read(source, layout, **options)
    return caught.value
