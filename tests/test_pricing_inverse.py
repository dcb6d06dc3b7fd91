"""Implied volatility: nothing impossible has one, and what the price determines is found."""

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alvh import pricing
from alvh.pricing import Status

HALF_UNIT = 2.0**-53
RIGHTS = st.sampled_from((1.0, -1.0))


def volatility(price, contract):
    """Volatility and status of one price of (right, forward, strike, years, discount)."""
    right, forward, strike, years, discount = contract
    vol, status = pricing.implied_vol(price, forward, strike, years, right, discount=discount, status=True)
    assert math.isnan(vol) == (status != Status.OK)
    return vol, status


AMOUNTS = st.one_of(st.floats(1e-2, 1e5), st.floats(1e-200, 1e200))
CONTRACTS = st.tuples(
    RIGHTS, AMOUNTS, AMOUNTS, st.floats(1e-4, 30), st.one_of(st.just(1.0), st.floats(0.2, 1.1))
)


def limits(contract):
    """The intrinsic value and the bound, discounted, exactly."""
    right, forward, strike, _, discount = map(Fraction, contract)
    return discount * max(right * (forward - strike), 0), discount * (forward if right > 0 else strike)


@given(CONTRACTS, st.integers(0, 3), st.floats(0, 1e3))
def test_prices_from_the_bound_on_are_above_the_maximum(contract, steps, more):
    bound = limits(contract)[1]
    price = float(bound)
    while Fraction(price) < bound:
        price = math.nextafter(price, math.inf)
    for _ in range(steps):
        price = math.nextafter(price, math.inf)
    for impossible in (price, price * (1 + more), math.inf):
        assert volatility(impossible, contract)[1] == Status.ABOVE_MAX


@given(CONTRACTS, st.floats(0, 1))
def test_prices_below_the_intrinsic_value_are_flagged(contract, part):
    least = limits(contract)[0]
    # Within a few roundings of the discounted value a price counts as equal to it.
    below = float(least) * (1 - 16 * HALF_UNIT) * part
    if below > 0:
        assert volatility(below, contract)[1] == Status.BELOW_INTRINSIC
    for negative in (-5e-324, -1e-200, -1.0, -math.inf):
        assert volatility(negative, contract)[1] == Status.BELOW_INTRINSIC


@given(CONTRACTS)
def test_the_intrinsic_value_has_zero_volatility(contract):
    right, forward, strike, years, discount = contract
    exact, bound = limits(contract)
    least = discount * max(right * (forward - strike), 0.0)
    assume(least * (1 + 16 * HALF_UNIT) < bound)
    vol, status = volatility(least, contract)
    assert status == Status.OK
    if Fraction(least) == exact:
        assert vol == 0
    # Discounting and its inverse may leave a unit of the price, and far in the money that is some volatility.
    again = pricing.price(forward, strike, years, vol, right, discount=discount)
    assert abs(again - least) <= 8 * HALF_UNIT * least


def test_no_time_value_has_zero_volatility():
    for price in (0.0, -0.0):
        for contract in (
            (1.0, 90.0, 100.0, 0.5, 0.97),
            (-1.0, 100.0, 90.0, 0.5, 0.97),
            (1.0, 5.0, 5.0, 1.0, 1.0),
        ):
            assert volatility(price, contract) == (0.0, Status.OK)
    for strike in (0.1, 99.99999999999999):
        assert volatility(100.0 - strike, (1.0, 100.0, strike, 0.5, 1.0)) == (0.0, Status.OK)
    # Rounded, this intrinsic value is the bound: no volatility is small or large enough to tell.
    assert volatility(100.0 - 1e-200, (1.0, 100.0, 1e-200, 0.5, 1.0))[1] == Status.ABOVE_MAX


@given(CONTRACTS, st.sampled_from([(k, v) for k in range(1, 5) for v in (0.0, -1.0, math.inf, math.nan)]))
def test_prices_of_no_contract_are_invalid(contract, change):
    term, value = change
    broken = [*contract]
    broken[term] = value
    assert volatility(1.0, broken)[1] == Status.INVALID
    assert volatility(math.nan, contract)[1] == Status.INVALID


@st.composite
def valued(draw):
    """A contract, its volatility and price, and by what part half a unit of the price moves that."""
    contract, vol = draw(DRAWN)
    price, attainable = value(contract, vol)
    # Elsewhere the price does not determine the volatility.
    assume(price > 1e-290 and attainable < 1e-4)
    return contract, vol, price, attainable


def value(contract, vol):
    right, forward, strike, years, discount = contract
    g = pricing.greeks(forward, strike, years, vol, right, discount=discount, which=("price", "vega"))
    return g.price, math.ulp(g.price) / 2 / (g.vega * vol) if g.vega * vol > 0 else math.inf


def contract_at(*, right, forward, d, vol, years, discount):
    """The contract whose strike lies d deviations from its forward, and its volatility."""
    return (right, forward, forward * math.exp(d * vol * math.sqrt(years)), years, discount), vol


DRAWN = st.builds(
    contract_at,
    right=RIGHTS,
    forward=st.floats(1e-2, 1e5),
    d=st.floats(-20, 20),
    vol=st.floats(0.01, 4),
    years=st.floats(1e-4, 30),
    discount=st.floats(0.5, 1.0),
)


@given(valued())
def test_implied_vol_undoes_price_to_what_the_price_determines(quote):
    contract, vol, price, attainable = quote
    got, status = volatility(price, contract)
    assert status == Status.OK
    # The time value lies some a² half units beside the formula's, which moves the volatility by 1/a² of that.
    assert abs(got / vol - 1) <= 16 * attainable + (16 + 8) * HALF_UNIT


@given(valued(), st.floats(1e-15, 1e-3))
def test_a_dearer_option_has_a_higher_volatility(quote, step):
    contract, _, price, attainable = quote
    low, _ = volatility(price, contract)
    high, status = volatility(price * (1 + step), contract)
    assume(status == Status.OK)
    assert high >= low * (1 - 16 * HALF_UNIT)
    if step > 64 * HALF_UNIT and step / HALF_UNIT * attainable > 64 * HALF_UNIT:
        assert high > low


@given(valued())
def test_call_and_put_agree_by_parity(quote):
    contract, vol, price, attainable = quote
    other = (-contract[0], *contract[1:])
    by_parity, other_attainable = value(other, vol)
    assume(by_parity > 1e-290 and other_attainable < 1e-4)
    one, two = volatility(price, contract)[0], volatility(by_parity, other)[0]
    assert abs(one / two - 1) <= 16 * (attainable + other_attainable) + 32 * HALF_UNIT


@given(valued(), st.integers(-800, 800))
def test_the_unit_of_money_does_not_matter(quote, power):
    (right, forward, strike, years, discount), _, price, _ = quote
    unit = 2.0**power
    scaled = right, unit * forward, unit * strike, years, discount
    assume(unit * price > 1e-290 and unit * max(forward, strike) < 1e300)
    vol, status = volatility(price, (right, forward, strike, years, discount))
    other_vol, other_status = volatility(unit * price, scaled)
    assert other_status == status
    # Amounts beyond 2**±250 go by the general formulas, which differ in the last places.
    assert other_vol == pytest.approx(vol, rel=4e-15, abs=0.0, nan_ok=True)
