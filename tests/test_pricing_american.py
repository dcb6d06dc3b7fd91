"""American options: published values, a tree of its own, puts as calls, and what arguments may be."""

import doctest
import os
import subprocess
import sys
import threading
from typing import Final, NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import alvh as av
import recorded_market
from alvh import _core, pricing
from alvh.pricing import AmericanGreeks, Status
from markdown_pages import ROOT
from recorded_market import needs_data

Floats = NDArray[np.float64]
SATURDAY: Final = 6  # polars: Monday is 1
PUBLISHED = ROOT / "tests" / "golden" / "american_published.csv"
COMPUTED = ROOT / "tests" / "golden" / "american_computed.csv"


class Terms(NamedTuple):
    """One option."""

    spot: float
    strike: float
    years: float
    vol: float
    right: str
    rate: float
    dividend: float

    def price(self) -> float:
        return pricing.price_american(*self[:5], rate=self.rate, dividend=self.dividend)

    def european(self) -> float:
        forward = self.spot * np.exp((self.rate - self.dividend) * self.years)
        discount = np.exp(-self.rate * self.years)
        return pricing.price(forward, *self[1:5], discount=discount)


def tree(terms: Terms, steps: int) -> float:
    """Cox, Ross and Rubinstein's, its last step smoothed by the European price: the naive twin."""
    sign = 1 if terms.right == "C" else -1
    step = terms.years / steps
    up = np.exp(terms.vol * np.sqrt(step))
    growth, discount = np.exp((terms.rate - terms.dividend) * step), np.exp(-terms.rate * step)
    p = (growth - 1 / up) / (up - 1 / up)
    spots = terms.spot * up ** np.arange(1.0 - steps, steps, 2.0)
    held = pricing.price(spots * growth, terms.strike, step, terms.vol, terms.right, discount=discount)
    values = np.maximum(held, sign * (spots - terms.strike))
    while len(values) > 1:
        spots = spots[1:] / up
        held = discount * (p * values[1:] + (1 - p) * values[:-1])
        values = np.maximum(held, sign * (spots - terms.strike))
    return float(values[0])


@settings(max_examples=30, deadline=None)
@given(
    st.builds(
        lambda right, moneyness, years, vol, rate, dividend: Terms(
            100.0, 100 * np.exp(moneyness * vol * np.sqrt(years)), years, vol, right, rate, dividend
        ),
        st.sampled_from(["C", "P"]),
        st.floats(-1.0, 1.0),
        st.floats(0.02, 2.0),
        st.floats(0.1, 1.2),
        st.floats(0.0, 0.10),
        st.floats(0.0, 0.10),
    )
)
def test_a_tree_says_the_same(terms: Terms) -> None:
    # The tree of 300 steps is good to some 1e-4 of the strike; that of 4,800 agrees closer.
    found, coarse, fine = terms.price(), tree(terms, 100), tree(terms, 300)
    assert found == pytest.approx(fine, abs=2 * abs(fine - coarse) + 1e-4 * terms.strike)
    intrinsic = max(terms.spot - terms.strike if terms.right == "C" else terms.strike - terms.spot, 0.0)
    assert found >= max(terms.european(), intrinsic) - 1e-11


def test_published_values() -> None:
    rows = pl.read_csv(PUBLISHED, comment_prefix="#")
    found = pricing.price_american(
        rows["spot"], rows["strike"], rows["years"], rows["vol"], rows["right"],
        rate=rows["rate"], dividend=rows["dividend"],
    )  # fmt: skip
    off = np.abs(found - rows["value"].to_numpy()) - rows["tolerance"].to_numpy()
    assert off.max() <= 0, rows.row(int(off.argmax()))


def test_computed_values() -> None:
    """`scripts/golden_american.py`: another equation for the boundary, and finite differences."""
    rows = pl.read_csv(COMPUTED)
    found = pricing.price_american(
        rows["spot"], rows["strike"], rows["years"], rows["vol"], rows["right"],
        rate=rows["rate"], dividend=rows["dividend"],
    )  # fmt: skip
    off = np.abs(found - rows["value"].to_numpy()) / rows["strike"].to_numpy()
    assert off.max() < 1e-6, rows.row(int(off.argmax()))
    assert np.median(off) < 2e-7
    # A call is a put with everything exchanged: 23.0003, not the 22.9738 of the QD+ approximation.
    assert pricing.price_american(120.0, 100.0, 10.0, 0.25, "C", rate=0.03, dividend=0.10) == found[0]
    assert found[:2] == pytest.approx([23.000305, 8.865365], abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(
    strike=st.floats(50, 200),
    years=st.floats(0.01, 3.0),
    vol=st.floats(0.05, 1.5),
    rate=st.floats(0.0, 0.15),
    dividend=st.floats(0.0, 0.15),
)
def test_a_call_is_a_put_with_everything_exchanged(
    strike: float, years: float, vol: float, rate: float, dividend: float
) -> None:
    call = pricing.price_american(100.0, strike, years, vol, "C", rate=rate, dividend=dividend)
    put = pricing.price_american(strike, 100.0, years, vol, "P", rate=dividend, dividend=rate)
    assert call == put


def test_no_early_exercise_of_calls_without_dividends() -> None:
    strikes, vols = np.linspace(20, 300, 57), np.array([[0.1], [0.6], [2.0]])
    american = pricing.price_american(100.0, strikes, 0.5, vols, "C", rate=0.05)
    european = pricing.price(100 * np.exp(0.025), strikes, 0.5, vols, "C", discount=np.exp(-0.025))
    np.testing.assert_allclose(american, european, rtol=1e-13, atol=1e-300)


def test_examples_of_the_compiled_functions() -> None:
    for function in (pricing.price_american, pricing.implied_vol_american):
        name = function.__name__
        examples = doctest.DocTestParser().get_doctest(function.__doc__ or "", {}, name, None, 0)
        assert examples.examples
        assert doctest.DocTestRunner().run(examples).failed == 0


def test_limits_by_name() -> None:
    price = pricing.price_american
    assert price(90, 100, 0.0, 0.3, "P") == 10.0  # zero_years
    assert price(90, 100, 1.0, 0.0, "P", rate=0.05) == 10.0  # zero_vol
    assert price(110, 100, 1.0, 0.0, "C", rate=0.05) == pytest.approx(110 - 100 * np.exp(-0.05))
    assert price(0.0, 100, 1.0, 0.3, "P", rate=0.05) == 100.0  # no_underlying
    assert price(100, 0.0, 1.0, 0.3, "C", dividend=0.05) == 100.0  # no_strike
    assert price(100, 100, 1.0, 50.0, "P", rate=0.05) == pytest.approx(100.0, rel=0.01)  # massive_vol
    assert price(1e4, 100, 0.1, 0.2, "P", rate=0.05) < 1e-300  # deep_wing
    steps = [price(100, 100, 1.0, vol, "P", rate=0.05) for vol in (1e-9, 1e-6, 1e-4, 1e-2)]
    assert (np.diff(steps) > -1e-12).all()  # tiny_vol
    assert steps[-1] < 0.2


def test_rows_without_a_price_are_nan_in_their_place() -> None:
    found = pricing.price_american(
        [100.0, np.nan, -1.0, 100.0, 100.0, 100.0],
        100.0,
        [1.0, 1.0, 1.0, np.inf, 1.0, 1.0],
        0.3,
        "P",
        rate=[0.05, 0.05, 0.05, 0.05, -0.01, -0.01],
        dividend=[0.0, 0.0, 0.0, 0.0, -0.02, 0.0],
    )
    assert np.isnan(found).tolist() == [False, True, True, True, True, False]
    two = {"rate": -0.01, "dividend": -0.02}
    assert pricing.implied_vol_american(10.0, 100.0, 100.0, 1.0, "P", status=True, **two)[1] == Status.INVALID
    assert all(np.isnan(each) for each in pricing.greeks_american(100.0, 100.0, 1.0, 0.2, "P", **two))


def test_arguments_broadcast_and_name_themselves() -> None:
    strikes = np.array([[90.0], [110.0]])
    found = pricing.price_american(100, strikes, 0.5, np.float32([0.2, 0.3, 0.4]), pl.Series(["P", "C", "P"]))
    assert found.shape == (2, 3)
    assert found[1, 0] == pricing.price_american(100.0, 110.0, 0.5, float(np.float32(0.2)), "P")
    assert isinstance(pricing.price_american(100, 100, 0.5, 0.2, -1), float)
    with pytest.raises(av.AlvhError, match="vol"):
        pricing.price_american(100, [90.0, 110.0], 0.5, [0.2, 0.3, 0.4], "P")
    with pytest.raises(av.AlvhError, match="dividend"):
        pricing.price_american(100, 100, 0.5, 0.2, "P", dividend="none")
    with pytest.raises(av.AlvhError, match="right"):
        pricing.price_american(100, 100, 0.5, 0.2, "X")
    with pytest.raises(av.AlvhError, match="price delta gamma vega theta rho"):
        pricing.greeks_american(100, 100, 0.5, 0.2, "P", which=["delta", "vanna"])


def test_greeks_are_the_slopes_of_prices() -> None:
    terms = {"strike": np.linspace(70, 140, 15), "years": 0.4, "vol": 0.5, "rate": 0.06, "dividend": 0.02}
    for right in "CP":

        def at(spot: float = 100.0, right: str = right, **changed: float) -> Floats:
            return pricing.price_american(spot, right=right, **(terms | changed))

        greeks = pricing.greeks_american(100.0, right=right, **terms)
        # One strike lies so near the boundary that differences straddle it: they are looked at beside it.
        held = greeks.gamma > 0
        slopes = {
            "delta": (at(100.2) - at(99.8)) / 0.4,
            "vega": (at(vol=0.501) - at(vol=0.499)) / 0.002,
            "theta": -(at(years=0.401) - at(years=0.399)) / 0.002,
            "rho": (at(rate=0.0605) - at(rate=0.0595)) / 0.001,
        }
        for name, slope in slopes.items():
            found = getattr(greeks, name)
            assert np.abs(found - slope)[held].max() < 2e-3 * max(np.abs(slope).max(), 1), name
        assert (np.abs(greeks.delta[~held]) == 1).all()
        assert (greeks.theta[~held] == 0).all()
        np.testing.assert_array_equal(greeks.price, at())
    only = pricing.greeks_american(100.0, 100.0, 0.5, 0.2, "P", which="delta")
    assert only == AmericanGreeks(delta=only.delta)


@pytest.mark.parametrize("years", [0.0, 1e-12, 1e-9])
def test_theta_at_expiry_is_its_limit(years: float) -> None:
    """In the money: 0 where waiting would cost, else what waiting earns."""
    calls = pricing.greeks_american(100.0, 90.0, years, 0.2, "C", rate=0.05, dividend=[0.08, 0.0])
    puts = pricing.greeks_american(100.0, 110.0, years, 0.2, "P", rate=[0.05, 0.0], dividend=[0.0, 0.08])
    assert calls.theta == pytest.approx([0.0, -4.5], abs=1e-9)
    assert puts.theta == pytest.approx([0.0, -8.0], abs=1e-9)


def test_a_price_gives_its_volatility_back() -> None:
    strikes, vols = np.linspace(70, 140, 29), np.array([[0.15], [0.5], [1.2]])
    for right in "CP":
        prices = pricing.price_american(100.0, strikes, 0.3, vols, right, rate=0.05, dividend=0.01)
        vega = pricing.greeks_american(
            100.0, strikes, 0.3, vols, right, rate=0.05, dividend=0.01, which="vega"
        ).vega
        found, status = pricing.implied_vol_american(
            prices, 100.0, strikes, 0.3, right, rate=0.05, dividend=0.01, status=True
        )
        assert not status.any()
        again = pricing.price_american(100.0, strikes, 0.3, found, right, rate=0.05, dividend=0.01)
        np.testing.assert_allclose(again, prices, rtol=0, atol=1e-10)
        sure = vega > 0.01
        np.testing.assert_allclose(found[sure], np.broadcast_to(vols, found.shape)[sure], rtol=1e-8)


def test_why_a_price_has_no_volatility() -> None:
    found, status = pricing.implied_vol_american(
        [19.9, 20.0, 20.5, 99.999, np.nan], 80.0, 100.0, 0.5, "P", rate=0.05, status=True
    )
    assert status.tolist() == [1, 0, 0, 2, 3]
    assert found[1] == 0.0
    assert found[2] > 0.0
    assert np.isnan(found[[0, 3, 4]]).all()


def test_many_rows_are_the_same_bits_as_one() -> None:
    """More rows than a thread takes, asked from two threads at once."""
    strikes = np.linspace(60, 160, 400)
    found: list[Floats] = []

    def ask() -> None:
        found.append(pricing.price_american(100.0, strikes, 0.4, 0.6, "P", rate=0.05))

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    single = [pricing.price_american(100.0, strike, 0.4, 0.6, "P", rate=0.05) for strike in strikes[::37]]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0][::37], single)


def test_instruction_sets_agree() -> None:
    variants = ("baseline", "avx2", "avx512")
    program = (
        "import numpy as np; from alvh import pricing;"
        "found = pricing.price_american(100.0, np.linspace(60, 160, 41), 0.4, 0.6, 'P', rate=0.05);"
        "print(found.tobytes().hex())"
    )

    def bits(variant: str) -> Floats:
        environment = os.environ | {"ALVH_SIMD": variant}
        ran = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        return np.frombuffer(bytes.fromhex(ran.stdout.strip()))

    found = [bits(variant) for variant in variants[: variants.index(_core.simd_variant()) + 1]]
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-11)
    if len(found) == len(variants):
        np.testing.assert_array_equal(found[1], found[2])


@needs_data
@pytest.mark.data
def test_the_volatilities_of_vxx_are_those_of_the_record() -> None:
    """December 2016 near the money: the vendor's American model, to a point."""
    quotes = pl.read_parquet(recorded_market.folder() / "chains" / "vxx_201612_first_half.parquet")
    ends = pl.col("expiration")
    friday = pl.when(ends.dt.weekday() == SATURDAY).then(ends.dt.offset_by("-1d")).otherwise(ends)
    width, both = pl.col("ask") - pl.col("bid"), pl.col("ask") + pl.col("bid")
    near = quotes.with_columns(
        mid=both / 2,
        days=(friday - pl.col("quote_date")).dt.total_days(),
        moneyness=(pl.col("strike") / pl.col("underlying_price")).log().abs(),
    ).filter(
        pl.col("days").is_between(14, 120), pl.col("moneyness") < 0.15, width / both < 0.05, pl.col("iv") > 0
    )
    assert len(near) > 1_000
    near = near.gather_every(10)
    found, status = pricing.implied_vol_american(
        near["mid"], near["underlying_price"], near["strike"], near["days"] / 365, near["right"],
        rate=0.005, status=True,
    )  # fmt: skip
    # Some mids are below what is paid on exercise: the share had moved since.
    assert (status == Status.OK).mean() > 0.99
    off = found - near["iv"].to_numpy()
    assert abs(np.nanmedian(off)) < 0.012
