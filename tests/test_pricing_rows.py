"""A row of a pricing call knows neither its neighbours nor its unit of money, and its limits are exact."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh import pricing
from alvh.pricing import Greeks, Status
from pricing_tables import TERMS, table

QUOTED = ("price", "forward", "strike", "years", "sign")


def price(*terms, **keywords):
    return pricing.price(*terms, **keywords)


def last_greek(*terms, **keywords):
    return pricing.greeks(*terms, **keywords, which=Greeks._fields[-1])[-1]


def implied_vol(*terms, **keywords):
    return pricing.implied_vol(*terms, **keywords)


@pytest.mark.parametrize(
    ("function", "name", "order"),
    [(price, "price", TERMS), (last_greek, "greeks", TERMS), (implied_vol, "implied_vol", QUOTED)],
)
def test_every_lane_and_tail_gives_the_bits_of_a_scalar_call(function, name, order):
    columns = table(name)
    terms = np.stack([columns[key] for key in (*order, "discount")])
    for n in range(1, 41):
        # A stride through the table, so that neighbours lie in different regimes.
        good = terms[:, (71 * n + 97 * np.arange(n)) % terms.shape[1]]
        alone = np.array([function(*row[:-1], discount=row[-1]) for row in good.T.tolist()])
        for at in range(n):
            bad = good.copy()
            bad[at % len(bad), at] = np.nan
            got = function(*bad[:-1], discount=bad[-1])
            assert math.isnan(got[at])
            others = np.delete(np.arange(n), at)
            np.testing.assert_array_equal(got[others].view(np.uint64), alone[others].view(np.uint64))


@pytest.mark.parametrize("term", range(6))
def test_a_missing_term_makes_every_output_of_its_row_missing(term):
    good = {"forward": 100.0, "strike": 95.0, "years": 0.5, "vol": 0.2, "right": "P", "discount": 0.99}
    missing = None if list(good)[term] == "right" else math.nan
    rows = {name: [value] * 3 for name, value in good.items()}
    rows[list(good)[term]][1] = missing
    for name, column in pricing.greeks(**rows)._asdict().items():
        assert np.isnan(column).tolist() == [False, True, False], name
    rows["price"] = 8.0 + np.array(rows.pop("vol"))
    vol, status = pricing.implied_vol(**rows, status=True)
    assert np.isnan(vol).tolist() == [False, True, False]
    assert status.tolist() == [Status.OK, Status.INVALID, Status.OK]


POWERS = {  # of the unit of money
    "price": 1, "delta": 0, "gamma": -1, "vega": 1, "theta": 1, "rho": 1, "vanna": 0, "volga": 1,
    "charm": 0, "speed": -2, "zomma": -1, "color": -1, "veta": 1, "ultima": 1,
}  # fmt: skip


@given(
    st.integers(-150, 150), st.sampled_from("CP"), st.floats(-8, 8), st.floats(0.01, 2), st.floats(0.01, 10)
)
def test_the_unit_of_money_does_not_matter(power, right, d, vol, years):
    strike, unit = 100 * math.exp(d * vol * math.sqrt(years)), 2.0**power
    one = pricing.greeks(100.0, strike, years, vol, right, discount=0.97)
    other = pricing.greeks(100.0 * unit, strike * unit, years, vol, right, discount=0.97)
    for name in Greeks._fields:
        assert getattr(other, name) == getattr(one, name) * unit ** POWERS[name], name


LIMITS = {
    "zero_vol": ((5000.0, 4800.0, 0.5, 0.0), (200.0, 0.0), (1.0, 0.0)),
    "zero_vol_at_the_money": ((5000.0, 5000.0, 0.5, 0.0), (0.0, 0.0), (0.5, -0.5)),
    "zero_years": ((5000.0, 5200.0, 0.0, 0.2), (0.0, 200.0), (0.0, -1.0)),
    "zero_years_at_the_money": ((5000.0, 5000.0, 0.0, 0.2), (0.0, 0.0), (0.5, -0.5)),
    "infinite_vol": ((5000.0, 5200.0, 0.5, math.inf), (5000.0, 5200.0), (1.0, 0.0)),
    "infinite_years": ((5000.0, 5200.0, math.inf, 0.2), (5000.0, 5200.0), (1.0, 0.0)),
    "zero_strike": ((5000.0, 0.0, 0.5, 0.2), (5000.0, 0.0), (1.0, 0.0)),
    "zero_forward": ((0.0, 5200.0, 0.5, 0.2), (0.0, 5200.0), (0.0, -1.0)),
    "both_zero": ((0.0, 0.0, 0.5, 0.2), (0.0, 0.0), None),
    "smallest_vol": ((5000.0, 4800.0, 0.5, 5e-324), (200.0, 0.0), (1.0, 0.0)),
    "largest_vol": ((5000.0, 5200.0, 0.5, 1e308), (5000.0, 5200.0), (1.0, 0.0)),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits(name):
    terms, prices, deltas = LIMITS[name]
    # In every lane of a vector: the branches that a limit does not take compute infinities and NaNs.
    columns = [[value] * 18 for value in terms]
    rights = ["C", "P"] * 9
    assert pricing.price(*columns, rights).tolist() == list(prices) * 9
    g = pricing.greeks(*columns, rights)
    assert g.price.tolist() == list(prices) * 9
    if deltas is not None:
        assert g.delta.tolist() == list(deltas) * 9
    assert not any(np.isnan(column).any() for column in g)


@pytest.mark.parametrize("term", ["forward", "strike", "years", "vol"])
@pytest.mark.parametrize("strike", [4800.0, 5000.0, 5200.0])
def test_a_negative_zero_is_zero(term, strike):
    terms = {"forward": 5000.0, "strike": strike, "years": 0.5, "vol": 0.2, "discount": 0.99}
    for right in "CP":
        zero, negative = (pricing.greeks(**terms | {term: value}, right=right) for value in (0.0, -0.0))
        assert negative == zero
        assert pricing.price(**terms | {term: -0.0}, right=right) == zero.price
