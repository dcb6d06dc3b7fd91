"""Forwards by parity, clock, volatilities and greeks of a chain: exact on exact quotes, robust on others."""

import os
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import markdown_pages
from alvh import chain, pricing, schedule
from alvh.chain.clock import clocked
from alvh.chain.parity import RATE
from alvh.chain.schema import SETTLEMENT
from alvh.errors import AlvhError, ChainError
from alvh.market import L3F

DATA = os.environ.get("ALVH_DATA")
MODEL = L3F()
EXACT = chain.synthetic(ticks=False)
QUOTED = chain.synthetic()

needs_data = pytest.mark.skipif(not DATA, reason="ALVH_DATA is not set")


def true_discount(rate=MODEL.rate):
    return (-rate * pl.col("days") / 365).exp()


def true_forward():
    return MODEL.spot * ((MODEL.rate - MODEL.dividend_yield) * pl.col("days") / 365).exp()


def errors(table):
    """Largest relative error of forward and discount."""
    return table.select(
        (pl.col("forward") / true_forward() - 1).abs().max(),
        (pl.col("discount") / true_discount() - 1).abs().max(),
    ).row(0)


def reread(quotes):
    """Quotes with their statuses found anew."""
    return chain.read(quotes.drop("status", "problem", "line"))


# Forward and discount


def test_exact_quotes_give_forward_and_discount_to_the_last_digits():
    table = chain.forwards(EXACT)
    assert table["fit"].unique().to_list() == ["parity"]
    assert table["trimmed"].sum() == 0
    assert max(errors(table)) < 1e-12


def test_quotes_on_ticks_give_them_closely():
    forward, discount = errors(chain.forwards(QUOTED))
    assert forward < 2e-6  # a hundredth of a point
    assert discount < 2e-4


@pytest.mark.parametrize("seed", range(5))
def test_outliers_have_no_say(seed):
    """A fifth of the calls is quoted 2 to 60 points too high, as tightly as the others."""
    random = np.random.default_rng(seed)
    hit = random.random(EXACT.height) < 0.2
    off = np.where(hit, random.uniform(2.0, 60.0, EXACT.height), 0.0)
    calls = (pl.col("right") == "C") & (pl.col("bid") > 0.0)
    spoiled = EXACT.with_columns(pl.col("bid", "ask") + pl.Series(off) * calls)
    table = chain.forwards(reread(spoiled))
    assert max(errors(table)) < 1e-9
    assert table["trimmed"].min() > 0


def test_wide_quotes_in_the_money_may_all_be_wrong():
    """As far expiries are quoted: in the money ten times as wide, the mid 40 points too high or low."""
    sign = pl.when(pl.col("right") == "C").then(1.0).otherwise(-1.0)
    inside = (sign * (4_900.0 - 200.0 * sign - pl.col("strike")) > 0.0) & (pl.col("bid") > 200.0)
    wide = pl.when(inside).then(96.0).otherwise(0.0)
    biased = pl.when(inside).then(40.0).otherwise(0.0)
    quotes = EXACT.filter(pl.col("expiration") == date(2025, 3, 21))
    quotes = reread(quotes.with_columns(bid=pl.col("bid") - wide + biased, ask=pl.col("ask") + wide + biased))
    assert max(errors(chain.forwards(quotes))) < 1e-9


def test_the_underlying_has_no_say():
    moved = EXACT.with_columns(underlying_price=pl.col("underlying_price") * 0.9)
    assert_frame_equal(chain.forwards(moved), chain.forwards(EXACT))


@settings(max_examples=60, deadline=None)
@given(
    forward=st.floats(10.0, 20_000.0),
    rate=st.floats(-0.02, 0.15),
    vol=st.floats(0.05, 1.0),
    strikes=st.lists(st.integers(70, 130), min_size=5, max_size=40, unique=True),
)
def test_any_line_is_found(forward, rate, vol, strikes):
    strikes = np.array(sorted(strikes)) / 100.0 * forward
    discount, half = np.exp(-rate * 49 / 365), 1e-3 * forward
    sides = []
    for right in "CP":
        mid = pricing.price(forward, strikes, 34 / 252, vol, right, discount=discount)
        sides.append(
            pl.DataFrame({"strike": strikes, "bid": mid - half, "ask": mid + half}).with_columns(
                right=pl.lit(right)
            )
        )
    # a quote without a bid says nothing: enough must have one
    constants = {"quote_date": "2024-03-01", "expiration": "2024-04-19", "root": "SPXW"}
    quotes = chain.read(
        pl.concat(sides), columns={n: n for n in ("strike", "bid", "ask", "right")}, constants=constants
    )
    table = chain.forwards(quotes).row(0, named=True)
    usable = quotes.filter(pl.col("bid") > 0).group_by("strike").len().filter(pl.col("len") == 2).height
    assert table["pairs"] == usable
    if table["fit"] == "parity":
        assert table["forward"] == pytest.approx(forward, rel=1e-9)
        assert table["discount"] == pytest.approx(discount, rel=1e-8)
    else:
        assert table["discount"] == pytest.approx(np.exp(-RATE * 49 / 365), rel=1e-12) or usable == 0


def one_expiry(strikes):
    return EXACT.filter((pl.col("expiration") == date(2024, 4, 12)) & pl.col("strike").is_in(strikes))


def test_few_pairs_take_the_rate():
    quotes = one_expiry([5000.0, 5010.0, 5020.0])
    for rate in (0.04, 0.02):
        table = chain.forwards(quotes, rate=rate)
        assert table["fit"].to_list() == ["rate"]
        assert table.select((pl.col("discount") - true_discount(rate)).abs() < 1e-15).item()
        assert abs(table.select(pl.col("forward") - true_forward()).item()) < 0.02
    table = chain.forwards(quotes.filter((pl.col("right") == "C") | (pl.col("strike") > 5010.0)))
    assert table.select("fit", "pairs").row(0) == ("rate", 1)


def test_no_pairs_give_none_and_the_rows_stay():
    quotes = chain.enrich(
        one_expiry([4800.0, 5200.0]).filter((pl.col("right") == "P") == (pl.col("strike") < 5000))
    )
    assert quotes.height == 2
    assert quotes["fit"].to_list() == ["none"] * 2
    added = ["forward", "discount", "vol", "delta", "spread_vol"]
    assert quotes.select(added).null_count().sum_horizontal().item() == 2 * len(added)
    assert quotes["mid"].null_count() == 0


# The clock


def years(quote_date, expiration, settlement, quote_time="close"):
    frame = pl.DataFrame(
        {
            "quote_date": [quote_date],
            "quote_time": [quote_time],
            "expiration": [expiration],
            "settlement": pl.Series([settlement], dtype=SETTLEMENT),
        }
    )
    return clocked(frame).select(pl.col("years") * 252.0, "days").row(0)


@pytest.mark.parametrize(
    ("arguments", "sessions", "days"),
    [
        ((date(2024, 3, 1), date(2024, 3, 15), "PM"), 10.0, 14),
        ((date(2024, 3, 1), date(2024, 3, 15), "AM"), 9.45, 14),
        ((date(2024, 3, 14), date(2024, 3, 15), "AM"), 0.45, 1),  # the night alone
        ((date(2024, 3, 15), date(2024, 3, 15), "PM"), 0.0, 0),
        ((date(2024, 3, 15), date(2024, 3, 15), "AM"), 0.0, 0),
        ((date(2024, 3, 15), date(2024, 3, 15), "PM", "09:30"), 0.55, 0),
        ((date(2024, 3, 15), date(2024, 3, 15), "PM", "12:45"), 0.275, 0),
        ((date(2024, 3, 15), date(2024, 3, 15), "PM", "15:45"), 0.55 * 0.25 / 6.5, 0),
        ((date(2024, 3, 15), date(2024, 3, 15), "PM", "16:10"), 0.0, 0),
        ((date(2024, 3, 15), date(2024, 3, 15), "AM", "00:45"), 0.45 * 0.5, 0),
        ((date(2024, 3, 14), date(2024, 3, 15), "PM", "12:45"), 1.275, 1),
        ((date(2024, 7, 3), date(2024, 7, 3), "PM", "11:15"), 0.275, 0),  # a half day closes at 13:00
        ((date(2024, 7, 3), date(2024, 7, 5), "PM"), 1.0, 2),
        ((date(2016, 12, 1), date(2016, 12, 17), "PM"), 11.0, 15),  # a Saturday: its Friday
        ((date(2024, 3, 2), date(2024, 3, 4), "PM"), 1.0, 2),  # quoted on a Saturday
        ((date(2024, 3, 15), date(2024, 3, 8), "PM"), 0.0, 0),
        ((date(2024, 3, 1), date(2024, 3, 15), None), None, 14),
        ((date(2024, 3, 1), date(2036, 1, 18), "PM"), None, None),
    ],
)
def test_the_one_clock(arguments, sessions, days):
    found = years(*arguments)
    assert found[0] == (None if sessions is None else pytest.approx(sessions, abs=1e-12))
    assert found[1] == days


def test_the_clock_of_the_market_model_is_this_one():
    """An AM and a PM expiry of one day differ by a trading day's share of the variance."""
    table = chain.forwards(EXACT)
    for expiration in (date(2024, 3, 15), date(2024, 4, 19)):
        am, pm = table.filter(pl.col("expiration") == expiration).sort("settlement")["years"]
        n = len(schedule.sessions(date(2024, 3, 1), expiration)) - 1
        assert (am, pm) == pytest.approx(((n - 0.55) / 252, n / 252), rel=1e-14)


# Volatilities and greeks


def test_exact_quotes_give_the_volatilities_of_the_model():
    quotes = chain.enrich(EXACT)
    told = quotes.filter((pl.col("status") == "ok") & (pl.col("delta").abs().is_between(0.01, 0.5)))
    assert told.height > 4_000
    assert (told["vol"] - told["vendor_iv"]).abs().max() < 1e-10
    assert told["vol_status"].unique().to_list() == ["ok"]


def test_greeks_are_those_of_pricing():
    quotes = chain.enrich(QUOTED, greeks=["delta", "vanna"]).filter(pl.col("vol").is_finite())
    names = ("forward", "strike", "years", "vol")
    terms = [quotes[name].to_numpy() for name in names]
    twin = pricing.greeks(
        *terms, quotes["right"].cast(pl.String).to_list(), discount=quotes["discount"].to_numpy()
    )
    for name in ("delta", "vanna"):
        np.testing.assert_array_equal(quotes[name].to_numpy(), getattr(twin, name))
    np.testing.assert_allclose(twin.price, quotes["mid"].to_numpy(), rtol=1e-9)
    spread = 100.0 * (quotes["ask"] - quotes["bid"]).to_numpy()
    np.testing.assert_allclose(quotes["spread_vol"].to_numpy(), spread / twin.vega, rtol=1e-12)


def test_every_row_stays_in_its_place():
    spoiled = QUOTED.drop("status", "problem", "line").with_columns(
        bid=pl.when(pl.int_range(pl.len()) % 7 == 0).then(pl.col("ask") + 1.0).otherwise("bid"),
        strike=pl.when(pl.int_range(pl.len()) % 11 == 0).then(-1.0).otherwise("strike"),
    )
    quotes = chain.read(spoiled)
    enriched = chain.enrich(quotes)
    assert_frame_equal(enriched.select(quotes.columns), quotes)
    assert_frame_equal(chain.enrich(enriched), enriched)
    without = enriched.filter(pl.col("status").is_in(["unparsable", "no_ask", "zero_bid", "crossed"]))
    assert without.height > 2_000
    assert without.filter(pl.col("status") != "unparsable")["mid"].is_null().all()
    assert without["vol"].is_null().all()


def test_a_mid_below_the_intrinsic_value_says_so():
    deep = (pl.col("strike") == 4000.0) & (pl.col("right") == "C")
    quotes = chain.enrich(
        QUOTED.with_columns(pl.when(deep).then(pl.col("bid", "ask") - 9.0).otherwise(pl.col("bid", "ask")))
    )
    told = quotes.filter(deep & (pl.col("days") < 30))
    assert told.height > 5
    assert told["vol_status"].unique().to_list() == ["below_intrinsic"]
    assert told["vol"].is_nan().all()


def test_an_unknown_root_needs_a_settlement():
    quotes = reread(
        one_expiry([4900.0 + 10 * i for i in range(20)]).with_columns(root=pl.lit("NEW"), settlement=None)
    )
    assert chain.enrich(quotes)["vol"].is_null().all()
    assert chain.forwards(quotes)["forward"].is_not_null().all()
    am, pm = (chain.enrich(quotes, settlement=at)["years"][0] for at in ("AM", "PM"))
    assert (pm - am) * 252 == pytest.approx(0.55)


@pytest.mark.parametrize(
    ("frame", "options", "says"),
    [
        (QUOTED.drop("bid"), {}, "no column 'bid'"),
        (QUOTED.drop("status"), {}, "chain.read gives every column"),
        (QUOTED.cast({"strike": pl.Float32}), {}, "'strike' holds Float32. Allowed: Float64"),
        (QUOTED, {"rate": 4.0}, "divide by 100"),
        (QUOTED, {"settlement": "noon"}, "'AM' or 'PM'"),
    ],
)
def test_what_is_no_chain_is_refused(frame, options, says):
    for function in (chain.enrich, chain.forwards):
        with pytest.raises(ChainError) as caught:
            function(frame, **options)
        assert says in str(caught.value)


def test_an_unknown_greek_is_refused():
    with pytest.raises(AlvhError, match="delte"):
        chain.enrich(QUOTED, greeks=["delte"])


# Real quotes


@pytest.mark.data
@needs_data
def test_forwards_of_january_2018_beside_the_index_close():
    """The largest daily gap is 0.22% (data README); quiet days lie within 0.1%."""
    quotes = chain.read(Path(DATA) / "chains/spxw_20180131_daily.parquet")
    close = quotes.group_by("quote_date").agg(pl.col("underlying_price").first())
    table = chain.forwards(quotes).join(close, on="quote_date").filter(pl.col("forward").is_not_null())
    gap = (table["forward"] / table["underlying_price"] - 1.0).abs()
    assert table.height == 20
    assert gap.max() < 0.0023
    assert gap.median() < 0.001


@pytest.mark.data
@needs_data
def test_vix_options_price_off_the_future():
    quotes = chain.read(Path(DATA) / "raw/chains/vix_20160601_cboe_eod.csv.gz")
    spot = quotes.group_by("quote_time").agg(pl.col("underlying_price").first())
    table = chain.forwards(quotes).join(spot, on="quote_time").filter(pl.col("days").is_between(1, 60))
    table = table.filter(pl.col("root") == "VIX")
    premium = table.select((pl.col("forward") / pl.col("underlying_price") - 1.0).median()).item()
    assert premium == pytest.approx(0.06, abs=0.01)


@pytest.mark.data
@needs_data
def test_implied_rates_of_a_real_day_are_those_of_the_market():
    """Bills paid 5.3 to 5.5% in September 2023; the spread of parity rates about them was below a point."""
    table = chain.forwards(chain.read(Path(DATA) / "raw/cboe_quotedata/spx_20230914_quotedata.csv.gz"))
    far = table.filter(pl.col("days").is_between(30, 500) & (pl.col("fit") == "parity"))
    rate = far.select(-pl.col("discount").log() / pl.col("days") * 365).to_series()
    assert rate.is_between(0.05, 0.062).all()
    assert len(rate) > 25


def test_fits_of_a_page():
    documented = dict(markdown_pages.table("docs/chains.md", "fit"))
    assert documented == chain.FITS
