"""Arbitrage in chains: none where there is none, found where it was put, as a naive twin finds it (R80)."""

import math
import os
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twin_bounds
from alvh import Costs, chain, pricing, schedule
from alvh.chain.bounds.products import COMMISSION
from alvh.errors import ChainError

DATA = os.environ.get("ALVH_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="ALVH_DATA is not set")

QUOTED = chain.synthetic(longest=50)
EXACT = chain.synthetic(longest=50, ticks=False)
FEES = 1.15  # US dollars: .65 of the exchange, .50 of the broker
EXPIRY = date(2024, 4, 19)


def moved(quotes, by, *, strike, right, root="SPX", expiration=EXPIRY, sides=("bid", "ask")):
    """Quotes with one of them off by some points; its status is found anew."""
    this = (
        (pl.col("strike") == strike)
        & (pl.col("right") == right)
        & (pl.col("root") == root)
        & (pl.col("expiration") == expiration)
    )
    off = pl.when(this).then(by).otherwise(0.0)
    return reread(quotes.with_columns(pl.col(side) + off for side in sides))


def reread(quotes):
    return chain.read(quotes.drop("status", "problem", "line"))


def quote(quotes, strike, right, root="SPX", expiration=EXPIRY):
    return quotes.row(
        by_predicate=(pl.col("strike") == strike)
        & (pl.col("right") == right)
        & (pl.col("root") == root)
        & (pl.col("expiration") == expiration),
        named=True,
    )


def terms(quotes, root="SPX", expiration=EXPIRY):
    return chain.forwards(quotes).row(
        by_predicate=(pl.col("root") == root) & (pl.col("expiration") == expiration), named=True
    )


def made(rows, **constants):
    """A chain of (right, strike, bid, ask), all of one expiry unless told."""
    names = ("right", "strike", "bid", "ask", *(("expiration",) if len(rows[0]) == 5 else ()))
    given = {"quote_date": "2024-03-01", "root": "SPXW"} | constants
    if "expiration" not in names:
        given.setdefault("expiration", "2024-04-19")
    frame = pl.DataFrame(rows, schema=list(names), orient="row")
    return chain.read(frame, columns={name: name for name in names}, constants=given)


# None where there is none


@pytest.mark.parametrize("quotes", [QUOTED, EXACT], ids=["ticks", "exact"])
def test_a_chain_of_a_model_has_none_even_without_fees(quotes):
    assert chain.arbitrage(quotes, fees=0.0).is_empty()
    assert (chain.residuals(quotes)["net"] == 0.0).all()


def test_a_chain_without_a_live_quote_has_none():
    dead = made([("C", 5000.0, 0.0, 0.0), ("P", 5000.0, 5.0, 0.0)])
    found = chain.arbitrage(dead)
    assert found.is_empty()
    assert found.schema == chain.arbitrage(QUOTED).schema
    assert chain.residuals(dead).is_empty()


# Found where it was put


def test_a_call_too_dear_is_sold_against_put_and_forward():
    """The exact edge: what its bid is above the put's ask and the forward, carried."""
    quotes = moved(EXACT, 8.0, strike=5000.0, right="C")
    told = terms(quotes)
    call, put = quote(quotes, 5000.0, "C"), quote(quotes, 5000.0, "P")
    edge = call["bid"] - put["ask"] - told["discount"] * (told["forward"] - 5000.0)
    found = chain.arbitrage(quotes, kinds=["conversion", "reversal"])
    assert found.height == 1
    row = found.row(0, named=True)
    assert row["kind"] == "conversion"
    assert row["edge"] == pytest.approx(edge, abs=1e-9)
    assert row["mid_edge"] == pytest.approx(8.0, abs=1e-6)
    assert row["fees"] == pytest.approx(2 * FEES / 100)
    assert row["net"] == pytest.approx(edge - 2 * FEES / 100, abs=1e-9)
    assert row["dollars"] == pytest.approx(100 * row["net"])
    assert [(leg["right"], leg["quantity"], leg["price"]) for leg in row["legs"]] == [
        ("C", -1.0, call["bid"]),
        ("P", 1.0, put["ask"]),
        ("F", 1.0, told["forward"]),
    ]
    pair = chain.residuals(quotes).filter(strike=5000.0, expiration=EXPIRY, root="SPX").row(0, named=True)
    assert pair["residual"] == pytest.approx(8.0, abs=1e-6)
    assert pair["net"] == pair["low"] == pytest.approx(edge, abs=1e-9)


def test_a_put_too_dear_is_a_reversal():
    quotes = moved(EXACT, 8.0, strike=5000.0, right="P")
    found = chain.arbitrage(quotes, kinds=["conversion", "reversal"])
    assert found["kind"].to_list() == ["reversal"]
    pair = chain.residuals(quotes).filter(strike=5000.0, expiration=EXPIRY, root="SPX").row(0, named=True)
    assert found["edge"][0] == pytest.approx(-pair["net"], abs=1e-9)


def test_boxes_are_told_against_the_best_counterpart():
    """A synthetic forward sold too dear is bought at every other strike: each of them tells its box."""
    quotes = moved(EXACT, 8.0, strike=5000.0, right="C")
    found = chain.arbitrage(quotes, kinds=["box"])
    assert found.height > 10
    discount = terms(quotes)["discount"]
    for row in found.iter_rows(named=True):
        (bought, _, sold, _) = row["strikes"]
        assert sold == 5000.0
        legs = [quote(quotes, strike, right) for strike in (bought, sold) for right in "CP"]
        cost = legs[0]["ask"] - legs[1]["bid"] - legs[2]["bid"] + legs[3]["ask"]
        assert row["edge"] == pytest.approx(discount * (sold - bought) - cost, abs=1e-9)
        assert row["fees"] == pytest.approx(4 * FEES / 100)


@pytest.mark.parametrize("right", ["C", "P"])
def test_a_spread_below_nothing_and_one_above_its_width(right):
    """Two strikes whose prices come the wrong way round, and two that differ by more than their 10 points."""
    dear, cheap = (5100.0, 5110.0) if right == "C" else (5110.0, 5100.0)
    below = made([(right, dear, 50.0, 50.2), (right, cheap, 51.0, 51.2)])
    row = chain.arbitrage(below, kinds=["vertical"]).row(0, named=True)
    assert row["edge"] == pytest.approx(0.8)
    assert [(leg["strike"], leg["quantity"]) for leg in row["legs"]] == [(dear, 1.0), (cheap, -1.0)]
    above = made([(right, dear, 62.0, 62.2), (right, cheap, 50.0, 50.2)])
    assert chain.arbitrage(above, kinds=["vertical"]).is_empty()  # nothing tells a discount
    row = chain.arbitrage(above, kinds=["vertical"], rate=0.05).row(0, named=True)
    assert row["edge"] == pytest.approx(62.0 - 50.2 - 10.0 * math.exp(-0.05 * 49 / 365))
    assert [(leg["strike"], leg["quantity"]) for leg in row["legs"]] == [(cheap, 1.0), (dear, -1.0)]


def test_a_butterfly_of_unequal_wings():
    quotes = made([("C", 5000.0, 99.0, 100.0), ("C", 5025.0, 88.0, 89.0), ("C", 5100.0, 39.0, 40.0)])
    row = chain.arbitrage(quotes, kinds=["butterfly"]).row(0, named=True)
    assert row["edge"] == pytest.approx(88.0 - 0.75 * 100.0 - 0.25 * 40.0)
    assert row["mid_edge"] == pytest.approx(88.5 - 0.75 * 99.5 - 0.25 * 39.5)
    assert row["fees"] == pytest.approx(2 * FEES / 100)
    assert [(leg["strike"], leg["quantity"]) for leg in row["legs"]] == [
        (5025.0, -1.0),
        (5000.0, 0.75),
        (5100.0, 0.25),
    ]


def test_the_cheapest_wings_are_told():
    """The neighbours of 5010 cost too much; the wings farther out do not."""
    rows = [(5000.0, 60.0), (5005.0, 58.5), (5010.0, 57.0), (5015.0, 50.5), (5020.0, 40.0)]
    quotes = made([("C", strike, bid, bid + 0.5) for strike, bid in rows])
    sold = chain.arbitrage(quotes, kinds=["butterfly"]).filter(pl.col("strikes").list.first() == 5010.0)
    assert sold["strikes"].to_list() == [[5010.0, 5000.0, 5020.0]]
    assert sold["edge"][0] == pytest.approx(57.0 - 0.5 * 60.5 - 0.5 * 40.5)


def test_a_calendar_below_nothing():
    """At the same strike over forward, the next expiry costs less; the legs enclose the strike."""
    quotes = moved(EXACT, 80.0, strike=5000.0, right="C", expiration=date(2024, 3, 15))
    found = chain.arbitrage(quotes, kinds=["calendar"])
    row = found.row(0, named=True)
    assert found.height == 1
    assert row["expiration"] == date(2024, 3, 15)
    near, far = terms(quotes, expiration=date(2024, 3, 15)), terms(quotes)
    ratio = far["forward"] / near["forward"]
    sold, low, high = row["legs"]
    assert sold["quantity"] == -1.0
    assert low["expiration"] == high["expiration"] == EXPIRY
    assert low["strike"] < 5000.0 * ratio < high["strike"]
    many = low["quantity"] + high["quantity"]
    assert many == pytest.approx(near["discount"] / far["discount"] / ratio)
    assert low["quantity"] * low["strike"] + high["quantity"] * high["strike"] == pytest.approx(
        many * 5000.0 * ratio
    )
    for level in (4000.0, 5000.0, 5010.0, 6000.0):  # the far legs are worth no less when the near one expires
        worth = sum(
            leg["quantity"]
            * pricing.price(
                level * ratio, leg["strike"], 35 / 365, 0.2, "C", discount=far["discount"] / near["discount"]
            )
            for leg in (low, high)
        )
        assert worth >= max(level - 5000.0, 0.0)


def test_morning_and_close_of_one_day_are_kept_apart():
    """A SPX option that settles in the morning is not compared with SPXW of the same day or later."""
    quotes = moved(EXACT, 80.0, strike=5000.0, right="C", expiration=date(2024, 3, 15))
    found = chain.arbitrage(quotes, kinds=["calendar"])
    legs = found["legs"].explode().struct.unnest()
    assert set(legs["expiration"]) == {date(2024, 3, 15), EXPIRY}
    assert found["root"].to_list() == ["SPX"]


def test_a_crossed_quote_is_told_and_is_no_leg():
    quotes = moved(EXACT, 30.0, strike=5000.0, right="C", sides=("bid",))
    assert quote(quotes, 5000.0, "C")["status"] == "crossed"
    found = chain.arbitrage(quotes)
    assert found["kind"].to_list() == ["crossed"]
    crossed = quote(quotes, 5000.0, "C")
    assert found["edge"][0] == pytest.approx(crossed["bid"] - crossed["ask"])


@pytest.mark.parametrize("status", ["stale", "expired", "no_ask", "duplicate", "unparsable"])
def test_what_is_not_live_is_no_leg(status):
    quotes = moved(EXACT, 8.0, strike=5000.0, right="C")
    this = (pl.col("strike") == 5000.0) & (pl.col("right") == "C") & (pl.col("expiration") == EXPIRY)
    word = pl.lit(status, chain.SCHEMA["status"])
    quotes = quotes.with_columns(status=pl.when(this).then(word).otherwise("status"))
    assert chain.arbitrage(quotes).is_empty()


def test_sizes_are_the_smallest_of_the_legs_a_unit():
    quotes = made([("C", 5000.0, 99.0, 100.0), ("C", 5025.0, 88.0, 89.0), ("C", 5100.0, 39.0, 40.0)])
    sized = quotes.with_columns(bid_size=pl.lit(10, pl.Int64), ask_size=pl.Series([6, 1, 3]))
    row = chain.arbitrage(sized, kinds=["butterfly"]).row(0, named=True)
    assert row["size"] == 8  # 6 / .75 of the lower wing; 10 and 12 of the others
    assert row["total"] == pytest.approx(8 * row["dollars"])
    bare = chain.arbitrage(sized.with_columns(ask_size=pl.Series([None, 1, 3])), kinds=["butterfly"])
    assert bare.select("size", "total").row(0) == (None, None)
    assert chain.arbitrage(quotes.drop("bid_size", "ask_size"))["size"].to_list() == [None]


# American exercise and options on futures


def test_early_exercise_leaves_what_holds_for_it():
    rows = [
        (right, 100.0 + i, bid, bid + 0.1)
        for i, bid in enumerate((9.0, 8.4, 7.9, 7.5, 7.2, 7.0))
        for right in "CP"
    ]
    american = made(rows, root="SPY")
    assert set(chain.arbitrage(american, fees=0.0, min_edge=-1e9)["kind"]) == {"vertical", "butterfly"}
    wide = made([("C", 100.0, 11.05, 11.1), ("C", 110.0, 1.0, 1.04)], root="SPY")
    assert chain.arbitrage(wide, fees=0.0)["edge"].to_list() == [pytest.approx(0.01)]  # 10.01 for at most 10


def test_vix_options_have_no_calendar():
    rows = [
        (right, strike, price, price + 0.05, day)
        for day, base in (("2024-03-20", 5.0), ("2024-04-17", 2.0))
        for strike in (10.0, 11.0, 12.0, 13.0, 14.0, 15.0)
        for right, price in (("C", base + 15.0 - strike), ("P", base))
    ]
    found = chain.arbitrage(made(rows, root="VIX"), min_edge=-1e9, rate=0.05)
    assert "calendar" not in set(found["kind"])
    assert "calendar" in set(chain.arbitrage(made(rows, root="XSP"), min_edge=-1e9, rate=0.05)["kind"])


VIX_ROWS = [
    ("C", 15.0, 2.90, 3.00),
    ("P", 15.0, 0.80, 0.85),
    ("C", 17.0, 1.60, 1.75),
    ("P", 17.0, 1.60, 1.75),
]


def vix(**constants):
    return made(VIX_ROWS, root="VIX", **{"expiration": "2024-03-20"} | constants)


def test_vix_options_against_their_future():
    """2.90 - .85 for what the future at 17.00 makes worth 2.00: .05 less than that is left after fees."""
    futures = pl.DataFrame({"expiration": [date(2024, 3, 20)], "bid": [16.95], "ask": [17.0]})
    found = chain.arbitrage(vix(), futures=futures, rate=0.0, kinds=["future_conversion", "future_reversal"])
    assert found.height == 1
    row = found.row(0, named=True)
    assert row["kind"] == "future_conversion"
    assert row["edge"] == pytest.approx(2.90 - 0.85 - 2.00)
    assert row["fees"] == pytest.approx(2 * FEES / 100 + (1.51 + 0.50) / 1000)
    assert row["legs"][-1] == {
        "right": "F",
        "strike": None,
        "expiration": date(2024, 3, 20),
        "quantity": 1.0,
        "price": 17.0,
    }
    settled = pl.DataFrame({"expiration": ["2024-03-20"], "price": [17.2]}).with_columns(
        pl.col("expiration").str.to_date()
    )
    assert chain.arbitrage(vix(), futures=settled, rate=0.0).filter(pl.col("kind").str.starts_with("future"))[
        "kind"
    ].to_list() == ["future_reversal"]
    elsewhere = settled.with_columns(quote_date=date(2024, 3, 4))
    assert chain.arbitrage(vix(), futures=elsewhere, rate=0.0, kinds=["future_reversal"]).is_empty()


# Options of the call


def test_fees_by_root_and_all_told():
    quotes = moved(EXACT, 8.0, strike=5000.0, right="C")
    dear = chain.arbitrage(quotes, fees={"SPX": 1000.0})
    assert dear.is_empty()
    free = chain.arbitrage(quotes, fees=0.0, kinds=["conversion"])
    assert free["fees"].to_list() == [0.0]
    assert free["net"][0] == free["edge"][0]
    assert Costs().commission == COMMISSION


def test_min_edge_is_dollars_a_unit():
    quotes = moved(EXACT, 8.0, strike=5000.0, right="C")
    every = chain.arbitrage(quotes)
    middle = every["dollars"].median()
    assert chain.arbitrage(quotes, min_edge=middle).height == (every["dollars"] > middle + 1e-6).sum()
    assert every["dollars"].is_sorted(descending=True)
    assert chain.arbitrage(quotes, min_edge=-500.0).height > every.height


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"kinds": ["boxes"]}, "did you mean 'box'"),
        ({"kinds": []}, "kinds: none"),
        ({"fees": -1.0}, "fees: -1.0. Allowed"),
        ({"fees": {"SPX": math.nan}}, "fees: nan"),
        ({"min_edge": math.nan}, "min_edge = nan"),
        ({"min_edge": "1"}, "min_edge = '1'"),
        ({"rate": 5.0}, "if this is percent"),
        ({"futures": pl.DataFrame({"expiry": [], "price": []})}, "futures: no column 'expiration'"),
        ({"futures": pl.DataFrame({"expiration": [EXPIRY], "price": [17.0]})}, "no VIX options"),
        ({"futures": pl.DataFrame({"expiration": ["x"], "price": [17.0]})}, "Mend: cast it"),
        (
            {"futures": pl.DataFrame({"expiration": [EXPIRY] * 2, "price": [17.0] * 2})},
            "two prices of 2024-04-19",
        ),
    ],
)
def test_refusals(options, says):
    with pytest.raises(ChainError) as caught:
        chain.arbitrage(QUOTED, **options)
    assert says in str(caught.value)


def test_a_root_whose_fee_nobody_says():
    quotes = made([("C", 100.0, 5.0, 5.1)], root="QQQ")
    with pytest.raises(ChainError, match="those of root 'QQQ'"):
        chain.arbitrage(quotes)
    assert chain.arbitrage(quotes, fees={"QQQ": 0.65}).is_empty()


# As a naive twin finds it


@st.composite
def chains(draw):
    """Two expiries of a few strikes, priced flat, each quote off by up to some points, some one-sided."""
    rows = []
    for day, days in (("2024-03-15", 14), ("2024-04-19", 49)):
        strikes = draw(st.lists(st.sampled_from(range(80, 125, 5)), min_size=2, max_size=6, unique=True))
        for strike in strikes:
            for right in "CP":
                mid = pricing.price(100.0, float(strike), days / 365, 0.25, right)
                mid += draw(st.sampled_from([0.0, 0.0, 0.0, -2.0, -0.5, 0.4, 3.0]))
                half = draw(st.sampled_from([0.0, 0.05, 0.3]))
                bid = 0.0 if draw(st.integers(0, 9)) == 0 else max(0.0, round(mid - half, 2))
                rows.append((right, float(strike), bid, round(max(mid + half, 0.05), 2), day))
    return made(rows, root="XSP")


@settings(max_examples=150, deadline=None)
@given(chains())
def test_the_twin_finds_the_same(quotes):
    table = chain.forwards(quotes, rate=0.03)
    found = chain.arbitrage(quotes, fees=0.0, rate=0.03)
    expected = twin_bounds.best(twin_bounds.every(quotes, table, rate=0.03), least=2e-8)
    assert told_by(found) == pytest.approx(expected, abs=1e-9)


def told_by(found):
    """The best edge of each side of each kind, as the twin tells them."""

    class Leg:
        def __init__(self, leg):
            self.name = leg["right"], leg["strike"], leg["expiration"]

    trades = []
    for row in found.iter_rows(named=True):
        options = [leg for leg in row["legs"] if leg["right"] != "F"]
        bought = [Leg(leg) for leg in options if leg["quantity"] > 0]
        sold = [Leg(leg) for leg in options if leg["quantity"] < 0]
        trades.append((row["kind"], bought, sold, row["edge"]))
    return twin_bounds.best(trades)


# Real quotes


@needs_data
def test_real_snapshots_have_few_and_small_ones():
    """Seven SPX snapshots, 85,688 two-sided quotes: pairs some tenths off parity, no strike off the next."""
    quotes = chain.read(f"{DATA}/chains/spx_cboe_snapshots.parquet")
    found = chain.arbitrage(quotes)
    assert found.height < 200
    assert set(found["kind"]) <= {"conversion", "reversal", "box"}
    assert found["dollars"].max() < 100.0
    assert found["size"].null_count() == found.height  # this vendor records no sizes
    assert chain.arbitrage(chain.read(f"{DATA}/chains/spxw_20180131_daily.parquet")).is_empty()


@needs_data
def test_real_minute_bars_cross_and_nothing_else():
    quotes = chain.read(f"{DATA}/chains/spx_minute_quotes_lean.parquet")
    found = chain.arbitrage(quotes)
    assert set(found["kind"]) == {"crossed"}
    assert found.height == (quotes["status"] == "crossed").sum() == 56
    assert found["size"].null_count() == 0


@needs_data
def test_vix_options_of_a_real_day_price_off_their_futures():
    """2016-06-01: at the close the pairs imply the settlements of VX to .05; spreads eat every conversion."""
    quotes = chain.read(f"{DATA}/chains/vix_20160601.parquet").filter(pl.col("root") == "VIX")
    close = quotes.filter(pl.col("quote_time") == "close")
    recorded = pl.read_parquet(f"{DATA}/vx/vx_continuous_daily.parquet").filter(date=date(2016, 6, 1))
    listed = schedule.listed_expiries("VX", date(2016, 6, 1), date(2017, 1, 31), cadence="monthly")
    futures = pl.DataFrame(
        {"expiration": listed, "price": [recorded[f"vx{i + 1}"][0] for i in range(len(listed))]}
    )
    implied = chain.forwards(close).join(futures, on="expiration")
    assert implied.height == 6
    assert (implied["forward"] - implied["price"]).abs().max() < 0.05
    of_futures = ["future_conversion", "future_reversal"]
    assert chain.arbitrage(close, futures=futures, rate=0.004, kinds=of_futures).is_empty()
    near = chain.arbitrage(close, futures=futures, rate=0.004, kinds=of_futures, min_edge=-30.0)
    assert set(near["expiration"]) == set(implied["expiration"])
