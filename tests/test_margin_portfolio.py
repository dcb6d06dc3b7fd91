"""Portfolio margin: the computed example, and what its worst scenario must satisfy."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from alvh import margin, pricing
from alvh.errors import BookError

GOLDEN = pl.read_csv(Path(__file__).parent / "golden" / "portfolio_margin.csv")
TODAY = date(2025, 1, 2)
EXPIRY = TODAY + timedelta(30)
SPOT, RATE, YIELD, YEARS = 5000.0, 0.045, 0.013, 30 / 365
STRIKES, RIGHTS = [4600.0, 4750.0, 5200.0, 5350.0], ["P", "P", "C", "C"]
VOLS, QUANTITY = [0.215, 0.185, 0.125, 0.118], [1, -1, -1, 1]


def condor() -> pl.DataFrame:
    """The condor of the example at the prices of its volatilities."""
    forward, discount = SPOT * np.exp((RATE - YIELD) * YEARS), np.exp(-RATE * YEARS)
    prices = pricing.price(forward, np.array(STRIKES), YEARS, np.array(VOLS), RIGHTS, discount=discount)
    return pl.DataFrame(
        {
            "product": "SPX",
            "right": RIGHTS,
            "strike": STRIKES,
            "expiration": EXPIRY,
            "quantity": QUANTITY,
            "price": prices,
        }
    )


def ask(book: pl.DataFrame, **options):
    terms = {"spot": SPOT, "as_of": TODAY, "rate": RATE, "dividend_yield": YIELD}
    return margin.portfolio(book, **(terms | options))


def test_computed_example() -> None:
    told = ask(condor())
    points = GOLDEN.filter(pl.col("position") != "REQUIREMENT")
    found = told.scenarios.sort("move")
    np.testing.assert_allclose(found["move"], points["move"], atol=1e-15)
    np.testing.assert_allclose(found["pnl"], points["pnl"], rtol=1e-9, atol=1e-6)
    wanted = GOLDEN.filter(position="REQUIREMENT")["pnl"].item()
    assert told.initial == told.maintenance == pytest.approx(wanted, rel=1e-9)
    assert told.worst.select("group", "move").row(0) == ("broad", 0.06)
    assert told.positions["pnl"].sum() == pytest.approx(-wanted, rel=1e-9)
    np.testing.assert_allclose(told.positions["vol"], VOLS, rtol=1e-11)


def test_it_scales_and_forgets_the_order() -> None:
    once = ask(condor())
    assert ask(condor().with_columns(quantity=pl.col("quantity") * 7)).initial == pytest.approx(
        7 * once.initial, rel=1e-12
    )
    assert ask(condor().reverse()).initial == pytest.approx(once.initial, rel=1e-12)


def test_books_together_need_no_more() -> None:
    one, other = condor().head(2), condor().tail(2)
    assert ask(condor()).initial <= ask(one).initial + ask(other).initial + 1e-9


def test_the_minimum_of_contracts_and_what_a_long_is_worth() -> None:
    """Far longs lose nearly nothing: 37.50 each, but not more than they are worth."""
    told = ask(condor().head(1).with_columns(strike=pl.lit(3500.0), price=pl.lit(0.10), quantity=pl.lit(2)))
    assert told.initial == pytest.approx(20.0)
    short = ask(condor().head(1).with_columns(strike=pl.lit(3000.0), price=pl.lit(1e-6), quantity=pl.lit(-1)))
    assert short.initial >= 37.5


def test_vix_options_move_with_their_own_future() -> None:
    """Longs of VIX calls gain in the rise of their future; nothing offsets the index group."""
    calls = pl.DataFrame(
        {
            "product": ["VIX", "VX"],
            "right": ["C", None],
            "strike": [22.0, None],
            "expiration": [EXPIRY, EXPIRY],
            "quantity": [-1, 1],
            "price": [1.2, 18.0],
        }
    )
    told = ask(calls, spot={"VIX": 16.0}, futures={EXPIRY: 18.0})
    moved = told.scenarios.filter(scenario=5)
    assert moved["move"].item() == pytest.approx(0.30)
    vol = told.positions["vol"][0]
    after = pricing.price(18.0 * 1.3, 22.0, YEARS, vol, "C", discount=np.exp(-RATE * YEARS))
    assert moved["pnl"].item() == pytest.approx(-100 * (after - 1.2) + 1000 * 0.3 * 18.0, rel=1e-9)
    both = ask(pl.concat([condor(), calls.select(condor().columns)], how="vertical_relaxed"),
               spot={"SPX": SPOT, "VIX": 16.0}, futures={EXPIRY: 18.0})  # fmt: skip
    assert both.initial == pytest.approx(ask(condor()).initial + told.initial, rel=1e-9)


def test_gains_offset_other_underlyings_of_the_group_by_nine_tenths() -> None:
    """SPX and SPY are two underlyings of the broad group."""
    stock = pl.DataFrame({"product": ["SPY"], "kind": ["stock"], "quantity": [100], "price": [500.0]})
    short = pl.DataFrame({"product": ["XYZ"], "kind": ["stock"], "quantity": [-100], "price": [500.0]})
    book = pl.concat([stock, short])
    told = ask(book, spot={"SPY": 500.0, "XYZ": 500.0}, product_class={"XYZ": "broad_index"})
    assert told.initial == pytest.approx(0.1 * 0.08 * 50_000.0)
    assert told.worst["move"].item() == pytest.approx(-0.08)


def test_house_grids_ask_more() -> None:
    short_put = condor().slice(1, 1)
    asked = [ask(short_put, rules=name).initial for name in margin.grids()]
    assert asked == sorted(asked)
    wider = replace(
        margin.grid("exchange"), ranges={**margin.grid("exchange").ranges, "broad_index": (-0.12, 0.1)}
    )
    assert asked[0] < ask(short_put, rules=wider).initial < asked[1]


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"price": pl.lit(9000.0)}, {}, r"row 1: price = 9000\.0 implies no volatility \(above_max\)"),
        (
            {"product": pl.lit("VIX"), "strike": pl.lit(20.0)},
            {"spot": 16.0},
            "row 1: no VIX future for the expiry",
        ),
        ({}, {"rules": "house_clam"}, "did you mean 'house_calm'"),
    ],
)
def test_what_cannot_be_priced_is_named(change, options, message) -> None:
    with pytest.raises(BookError, match=message):
        ask(condor().head(1).with_columns(**change), **options)


def test_shares_of_two_companies_offset_nothing_and_a_fund_its_index_wholly() -> None:
    long = pl.DataFrame({"product": ["AAA"], "kind": ["stock"], "quantity": [1000], "price": [200.0]})
    short = long.with_columns(product=pl.lit("BBB"), quantity=-pl.col("quantity"))
    told = ask(pl.concat([long, short]), spot={"AAA": 200.0, "BBB": 200.0}, product_class="equity")
    assert told.initial == pytest.approx(2 * 0.15 * 200_000.0)
    fund = pl.DataFrame({"product": ["SPY"], "kind": ["stock"], "quantity": [-1000], "price": [500.0]})
    forward = SPOT * np.exp((RATE - YIELD) * YEARS)
    synthetic = pl.DataFrame(
        {"product": "SPX", "right": ["C", "P"], "strike": 5000.0, "expiration": EXPIRY, "quantity": [1, -1]}
    )
    prices = pricing.price(forward, 5000.0, YEARS, 0.16, ["C", "P"], discount=np.exp(-RATE * YEARS))
    both = pl.concat([synthetic.with_columns(price=pl.Series(prices)), fund], how="diagonal_relaxed")
    assert ask(both, spot={"SPX": SPOT, "SPY": 500.0}).initial == pytest.approx(75.0, abs=700.0)
    assert ask(both, spot={"SPX": SPOT, "SPY": 500.0}).worst["group"].to_list() == ["broad"]


def test_positions_can_be_asked_again() -> None:
    """XSP: forwards come back in its own points."""
    book = condor().with_columns(
        product=pl.lit("XSP"), strike=pl.col("strike") / 10, price=pl.col("price") / 10
    )
    told = ask(book, spot={"XSP": 500.0})
    again = ask(told.positions.drop("pnl", "vol"), spot={"XSP": 500.0})
    assert again.initial == pytest.approx(told.initial, rel=1e-12)
    assert told.initial == pytest.approx(ask(condor()).initial / 10, rel=1e-9)


def test_an_unknown_future_is_refused() -> None:
    book = pl.DataFrame(
        {"product": ["ES"], "kind": ["future"], "expiration": [EXPIRY], "quantity": [1], "price": [5000.0],
         "multiplier": [50.0]}
    )  # fmt: skip
    with pytest.raises(BookError, match="row 1: product = ES is no future that alvh knows"):
        ask(book)


@pytest.mark.parametrize("name", ["rate", "dividend_yield"])
@pytest.mark.parametrize("value", [4.0, -1.5, float("nan")])
def test_rates_in_percent_are_refused(name, value):
    with pytest.raises(
        BookError, match=rf"{name} = .*: -1 to 1 a year, decimal.*percent, divide by 100"
    ) as caught:
        ask(condor(), **{name: value})
    assert caught.value.column == name


@pytest.mark.parametrize("name", ["rate", "dividend_yield"])
@pytest.mark.parametrize("value", [None, "4", "0.04", True, [0.04], 0.04j, np.bool_(True)])
def test_rates_are_numbers(name, value):
    with pytest.raises(BookError, match=rf"{name} = .*: -1 to 1 a year, .*a number, such as 0\.04") as caught:
        ask(condor(), **{name: value})
    assert caught.value.column == name
    assert ask(condor(), **{name: np.float32(0.0625)}).initial == ask(condor(), **{name: 0.0625}).initial


EXCHANGE = margin.grid("exchange")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ranges": {"broad_indx": (-0.1, 0.1)}}, "did you mean 'broad_index'"),
        ({"ranges": {}}, "at least one of the classes"),
        (
            {"ranges": {"broad_index": (-1.5, 0.1)}},
            r"broad_index = \(-1\.5, 0\.1\): shares, the fall above -1",
        ),
        ({"ranges": {"broad_index": (0.1, 0.2)}}, "the fall above -1 and at most 0"),
        ({"ranges": {"broad_index": (-0.1, float("nan"))}}, "the rise 0 or more"),
        ({"groups": {"vix": "all"}}, "groups of class 'vix'"),
        ({"offset": 1.1}, r"offset = 1\.1: a share of gains from 0 to 1"),
        ({"minimum": -1.0}, r"minimum = -1\.0: dollars a contract"),
    ],
)
def test_what_is_no_grid_is_refused(changed, message):
    with pytest.raises(BookError, match=message):
        replace(EXCHANGE, **changed)


def test_the_ends_of_a_house_have_the_same_classes():
    index = replace(EXCHANGE, ranges={"broad_index": (-0.1, 0.1)})
    with pytest.raises(BookError, match=r"ranges of calm are of .* the same classes in both"):
        margin.House(calm=EXCHANGE, wild=index)
    with pytest.raises(BookError, match="ranges of volatility: the book holds broad_index, too"):
        ask(condor(), rules=replace(EXCHANGE, ranges={"volatility": (-0.1, 0.1)}))
