"""Black-76 against published tables, a high-precision twin, and what any option price must obey."""

import csv
import doctest
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mpmath import mp, mpf

from alvh import _core, pricing
from alvh.pricing import Greeks, Status

GOLDEN = Path(__file__).parent / "golden"
EPSILON = np.finfo(float).eps
RIGHTS = {"call": "C", "put": "P"}
AMOUNTS = st.floats(1e-2, 1e5)
RATIOS = st.floats(0.2, 5.0)
SDS = st.floats(1e-3, 4.0)
RIGHT = st.sampled_from("CP")


def table(name):
    """Rows of a golden table, numbers and fractions converted, the source dropped."""
    with (GOLDEN / name).open() as file:
        return [
            {key: number(cell) for key, cell in row.items() if key != "source"}
            for row in csv.DictReader(file)
        ]


def number(cell):
    try:
        return float(Fraction(cell))
    except ValueError:
        return cell


def forward_form(row, years):
    """Spot, rate r and yield q as the forward and the discount factor."""
    return row["spot"] * math.exp((row["r"] - row["q"]) * years), math.exp(-row["r"] * years)


def spot_greeks(row, years):
    """Greeks with respect to the spot, by the chain rule over F = S exp((r - q) T) and D = exp(-r T)."""
    forward, discount = forward_form(row, years)
    g = pricing.greeks(forward, row["strike"], years, row["vol"], RIGHTS[row["type"]], discount=discount)
    growth, carry = forward / row["spot"], row["r"] - row["q"]
    drift = carry * forward  # dF/dT
    by_time = -g.theta + g.delta * drift
    return {
        "price": g.price,
        "delta": growth * g.delta,
        "gamma": growth**2 * g.gamma,
        "vega": g.vega,
        "dV_dT": by_time,
        "theta": -by_time,
        "theta_per_day_365": -by_time / 365,
        "rho": g.rho + g.delta * forward * years,
        "dV_dq": -g.delta * forward * years,
        "dividend_rho": -g.delta * forward * years,
        "elasticity": growth * g.delta * row["spot"] / g.price if g.price else math.nan,
        "vanna": growth * g.vanna,
        "volga": g.volga,
        "dDelta_dT": growth * (carry * g.delta - g.charm + g.gamma * drift),
        "dGamma_dT": growth**2 * (2 * carry * g.gamma - g.color + g.speed * drift),
        "speed": growth**3 * g.speed,
        "zomma": growth**2 * g.zomma,
        "ultima": g.ultima,
        "dVega_dT": -g.veta + g.vanna * drift,
    }


@pytest.mark.parametrize("row", table("bs_european_published.csv"))
def test_published_prices(row):
    forward, discount = forward_form(row, row["t"])
    got = pricing.price(forward, row["strike"], row["t"], row["vol"], RIGHTS[row["type"]], discount=discount)
    assert got == pytest.approx(row["value_published"], abs=row["tol"])
    assert got == pytest.approx(row["value_highprec"], rel=1e-13)


@pytest.mark.parametrize("row", table("bs_greeks_haug_published.csv"))
def test_published_greeks(row):
    got = spot_greeks(row, row["t"])[row["greek"]]
    # The table prints the dividend's rho of a put by its size.
    assert abs(got) == pytest.approx(abs(row["value_published"]), abs=5.1e-5)
    assert got == pytest.approx(row["value_highprec"], rel=1e-12)


@pytest.mark.parametrize("row", table("bs_greeks_highprec.csv"))
def test_high_precision_greeks(row):
    years = row["t_years"]
    forward, _ = forward_form(row, years)
    sd = row["vol"] * math.sqrt(years)
    a = abs(math.log(forward / row["strike"])) / sd
    # The forward is rounded: its last place moves d1 by 1e-16/s, and a greek by up to a³ times that.
    tolerance = 1e-13 + 1e-15 * (1 + a**3) / sd
    got = spot_greeks(row, years)
    # Sums that cancel are exact to the size of their terms.
    terms = {
        "rho": abs(row["delta"]) * forward * years,
        "vanna": row["vega"] / (forward * row["vol"]),
        "volga": row["vega"] / row["vol"],
        "ultima": row["vega"] / row["vol"] ** 2,
        "speed": row["gamma"] / (forward * sd),
        "zomma": row["gamma"] / row["vol"],
        "dDelta_dT": row["vega"] / (forward * years),
        "dGamma_dT": row["gamma"] / years,
        "dVega_dT": row["vega"] / years,
    }
    for name in got.keys() & row.keys():
        size = max(abs(row[name]), terms.get(name, 0.0))
        assert got[name] == pytest.approx(row[name], rel=0, abs=tolerance * size), name


@pytest.mark.parametrize("row", table("strike_from_delta.csv"))
def test_delta_at_published_strikes(row):
    forward = row["spot"] * row["df_foreign"] / row["df_domestic"]
    g = pricing.greeks(forward, row["strike"], 1.0, row["total_stdev"], RIGHTS[row["type"]])
    delta = g.delta
    if row["delta_convention"].startswith("pa_"):
        delta -= g.price / forward  # the premium is paid in the underlying
    if row["delta_convention"].endswith("spot"):
        delta *= row["df_foreign"]
    assert delta == pytest.approx(row["delta"], abs=row["tol_delta"])


@pytest.mark.parametrize("row", table("iv_normalised_black_extremes.csv"))
def test_normalised_extremes(row):
    x, sd = row["x_ln_F_over_K"], row["s_total_vol"]
    got = pricing.price(math.exp(x), 1.0, 1.0, sd, "C") / math.exp(x / 2)
    a = abs(x) / sd
    # x is rounded with the forward; see above.
    assert got == pytest.approx(row["beta_otm_call"], rel=1e-14 + 4e-16 * (a**2 + (1 + a) / sd))


def twin(forward, strike, sd, right):
    """Black's formula as it is written, in 60 digits."""
    with mp.workdps(60 + int(mp.log(forward / strike) ** 2 / mpf(sd) ** 2 / 2)):
        sign = 1 if right == "C" else -1
        f, k, s = map(mpf, (forward, strike, sd))
        d1 = mp.log(f / k) / s + s / 2
        return sign * (f * mp.ncdf(sign * d1) - k * mp.ncdf(sign * (d1 - s)))


@given(AMOUNTS, st.floats(-6, 6), SDS, RIGHT)
def test_price_equals_its_twin(forward, d, sd, right):
    strike = forward * math.exp(d * sd)
    want = twin(forward, strike, sd, right)
    got = pricing.price(forward, strike, 1.0, sd, right)
    assert abs(got / want - 1) <= 4e-15 + 4e-16 * d**2


@given(AMOUNTS, RATIOS, SDS, st.floats(0.3, 1.0))
def test_parity_and_bounds(forward, ratio, sd, discount):
    strike = forward * ratio
    call, put = pricing.price(forward, strike, 4.0, sd / 2, ["C", "P"], discount=discount)
    slack = 4 * EPSILON * max(forward, strike)
    assert abs(call - put - discount * (forward - strike)) <= slack
    assert max(discount * (forward - strike), 0) - slack <= call <= discount * forward + slack
    assert max(discount * (strike - forward), 0) - slack <= put <= discount * strike + slack


@given(AMOUNTS, RATIOS, SDS, st.floats(1e-6, 1.0), RIGHT)
def test_price_increases_with_volatility(forward, ratio, vol, step, right):
    low, high = pricing.price(forward, forward * ratio, 1.0, [vol, vol * (1 + step)], right)
    assert high >= low * (1 - 4e-15)


@given(AMOUNTS, RATIOS, SDS, RIGHT, st.integers(-100, 100))
def test_homogeneity(forward, ratio, sd, right, power):
    strike, unit = forward * ratio, 2.0**power
    assert pricing.price(unit * forward, unit * strike, 1, sd, right) == unit * pricing.price(
        forward, strike, 1, sd, right
    )


@given(AMOUNTS, st.floats(-4, 4), st.floats(1e-3, 3.0), st.floats(1e-3, 4.0), RIGHT, st.floats(0.5, 1.0))
def test_implied_vol_undoes_price(forward, d, vol, years, right, discount):  # noqa: PLR0917 (drawn values)
    strike = forward * math.exp(d * vol * math.sqrt(years))
    g = pricing.greeks(forward, strike, years, vol, right, discount=discount, which=["price", "vega"])
    # What the rounding of the price and of its discounting leave.
    attainable = 2e-15 + 8 * EPSILON * g.price / (g.vega * vol)
    assume(attainable < 1e-2)
    got, status = pricing.implied_vol(g.price, forward, strike, years, right, discount=discount, status=True)
    assert status == Status.OK
    assert abs(got / vol - 1) <= attainable


def test_status_names_what_is_wrong():
    price = [12.0, 4.0, 100.0, math.nan, 5.0]
    vol, status = pricing.implied_vol(price, 100.0, 95.0, 0.5, "C", status=True)
    assert [Status(code).name.lower() for code in status] == [
        "ok",
        "below_intrinsic",
        "above_max",
        "invalid",
        "ok",
    ]
    assert np.isnan(vol).tolist() == [False, True, True, True, False]
    assert vol[4] == 0.0
    assert pricing.implied_vol(4.0, 100.0, 95.0, 0.5, "C", status=True)[1] == Status.BELOW_INTRINSIC


@pytest.mark.parametrize(
    ("name", "terms", "want"),
    [
        ("zero_vol", (110.0, 100.0, 1.0, 0.0, "C"), (10.0, 1.0, 0.0)),
        ("zero_expiry", (90.0, 100.0, 0.0, 0.2, "P"), (10.0, -1.0, 0.0)),
        ("tiny_vol", (100.0, 101.0, 1.0, 1e-9, "C"), (0.0, 0.0, 0.0)),
        ("deep_wing", (100.0, 1e9, 0.1, 0.2, "C"), (0.0, 0.0, 0.0)),
        ("massive_vol", (100.0, 120.0, 1.0, 1e3, "P"), (120.0, 0.0, 0.0)),
        ("zero_strike", (100.0, 0.0, 1.0, 0.2, "C"), (100.0, 1.0, 0.0)),
        ("nan_in_nan_out", (100.0, math.nan, 1.0, 0.2, "C"), (math.nan,) * 3),
    ],
)
def test_limits(name, terms, want):
    g = pricing.greeks(*terms)
    np.testing.assert_array_equal([g.price, g.delta, g.gamma], want, err_msg=name)
    assert all(math.isnan(x) == (name == "nan_in_nan_out") for x in g)


def test_names_and_order_agree_with_the_core():
    # Each field of the tuple is the one the core computes under that name.
    everything = pricing.greeks(100.0, 95.0, 0.5, 0.2, "P")
    for name in Greeks._fields:
        alone = pricing.greeks(100.0, 95.0, 0.5, 0.2, "P", which=name)
        assert getattr(alone, name) == getattr(everything, name)
        assert sum(value is not None for value in alone) == 1


def test_the_public_functions_are_the_compiled_ones():
    assert pricing.price is _core.price
    assert pricing.implied_vol is _core.implied_vol


@pytest.mark.parametrize("item", [pricing.price, pricing.implied_vol, pricing.greeks, Status])
def test_examples_in_docstrings(item):
    namespace = {"Status": Status, "greeks": pricing.greeks}
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder(recurse=False).find(item, item.__name__, globs=namespace):
        assert test.examples
        assert runner.run(test).failed == 0
