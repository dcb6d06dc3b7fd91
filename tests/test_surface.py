"""Surfaces of chains: known smiles found again, none with arbitrage, real ones met within the spread."""

import os
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy.integrate import quad
from scipy.optimize import least_squares

from alvh import _core, chain
from alvh.chain.term import RAW
from alvh.errors import ChainError

DATA = os.environ.get("ALVH_DATA")
EXACT = chain.enrich(chain.synthetic(ticks=False))
QUOTED = chain.enrich(chain.synthetic())
SURFACES = {form: chain.fit_surface(EXACT, form=form) for form in chain.PARAMETERS}
THIRD_FRIDAY = date(2024, 3, 15)
NO_TICK_LEFT = 1.0  # points: below it the synthetic quotes are not centred on the model's price

needs_data = pytest.mark.skipif(not DATA, reason="ALVH_DATA is not set")
both_forms = pytest.mark.parametrize("form", list(chain.PARAMETERS))


def liquid(surface, days=45):
    """The liquid quotes of the nearer expiries, with what they are missed by in volatility points."""
    greeks = pl.col("k") / (pl.col("vol") * pl.col("years").sqrt())
    d1 = -greeks + 0.5 * pl.col("vol") * pl.col("years").sqrt()
    sign = pl.when(pl.col("right") == "C").then(1.0).otherwise(-1.0)
    # 10 to 50 delta: d1 of an option's own sign from the normal quantile of .10 to that of .50
    used = surface.quotes.filter("used", (sign * d1).is_between(-1.2816, 0.0), pl.col("days") <= days)
    return used.with_columns(off=100 * (pl.col("model_vol") - pl.col("vol")).abs())


def assert_no_arbitrage(surface):
    found = surface.expiries.filter(status="ok")
    assert found["durrleman"].min() >= 0.0
    assert (found["calendar"].drop_nulls() >= 0.0).all()
    assert (found["b"] * (1.0 + found["rho"].abs())).max() < 2.0
    k = np.linspace(-1.5, 0.8, 116)
    for (_,), rows in found.sort("years").group_by("root", maintain_order=True):
        a, b, rho, m, sigma = (rows[name].to_numpy()[:, None] for name in RAW)
        w = a + b * (rho * (k - m) + np.hypot(k - m, sigma))
        assert (w > 0.0).all()
        assert (np.diff(w, axis=0) >= 0.0).all()


# Known smiles


def test_the_parameters_of_the_model_are_found_again():
    """The synthetic chain is made of eSSVI slices."""
    used = SURFACES["essvi"].quotes.filter("used", pl.col("mid") > NO_TICK_LEFT)
    assert (100 * (used["model_vol"] - used["vendor_iv"]).abs()).max() < 0.02
    assert SURFACES["essvi"].expiries["repaired"].unique().to_list() == ["none"]


def test_five_parameters_hold_what_three_do():
    used = SURFACES["svi"].quotes.filter("used", pl.col("mid") > NO_TICK_LEFT)
    off = 100 * (used["model_vol"] - used["vendor_iv"]).abs()
    assert off.median() < 0.01
    assert off.max() < 0.3


@both_forms
def test_quotes_on_ticks_are_met_within_the_spread(form):
    found = liquid(chain.fit_surface(QUOTED, form=form))
    assert found["inside"].mean() > 0.97
    assert found["off"].median() < 0.03


@both_forms
def test_no_slice_has_arbitrage(form):
    assert_no_arbitrage(SURFACES[form])
    assert_no_arbitrage(chain.fit_surface(QUOTED, form=form))


@both_forms
@pytest.mark.parametrize("seed", range(3))
def test_wild_quotes_change_little_and_bring_no_arbitrage(form, seed):
    """A tenth of the quotes is off by a factor of 0.5 to 2; statuses are those of the sound chain."""
    random = np.random.default_rng(seed)
    factor = np.where(random.random(EXACT.height) < 0.1, random.uniform(0.5, 2.0, EXACT.height), 1.0)
    spoiled = EXACT.with_columns(pl.col("vol") * pl.Series(factor))
    surface = chain.fit_surface(spoiled, form=form)
    assert_no_arbitrage(surface)
    used = surface.quotes.filter("used", pl.col("mid") > NO_TICK_LEFT)
    assert (100 * (used["model_vol"] - used["vendor_iv"]).abs()).median() < 0.05


# The naive twin


def naive_objective(parameters, k, deviation, precision, weight):
    left, right, m, sigma, least = parameters
    left, right, sigma, least = np.exp([left, right, sigma, least])
    b, c = (left + right) / 2, (right - left) / 2
    w = least - sigma * np.sqrt(left * right) + c * (k - m) + b * np.hypot(k - m, sigma)
    miss = (np.sqrt(w) - deviation) * precision
    return np.sqrt(weight * np.log1p(miss**2))


@pytest.mark.parametrize("days", [7, 21, 49, 111])
def test_the_fit_is_as_good_as_that_of_a_general_optimiser(days):
    """SciPy minimises the same objective, written a second time, from many starts."""
    surface = chain.fit_surface(QUOTED)
    expiry = surface.expiries.filter(status="ok").sort((pl.col("days") - days).abs()).row(0, named=True)
    keys = {name: expiry[name] for name in ("root", "expiration", "settlement")}
    used = surface.quotes.filter("used", **keys).sort("k", "right")
    k, vol = used["k"].to_numpy(), used["vol"].to_numpy()
    root = np.sqrt(expiry["years"])
    near = np.argsort(np.abs(k), kind="stable")[:5]
    money = np.median(vol[near]) * root
    precision = 1.0 / (used["spread_vol"].to_numpy() / 200 * root + 0.002 * money)
    apart = np.concatenate([[k[1] - k[0]], k[2:] - k[:-2], [k[-1] - k[-2]]]) / 2
    apart = np.clip(apart / np.sort(apart[apart > 0])[(apart > 0).sum() // 2], 0.25, 3.0)
    weight = apart * np.maximum(np.exp(-((k / (vol * root)) ** 2)), 0.05)
    rest = (k, vol * root, precision, weight)
    best = min(
        np.sum(least_squares(naive_objective, start, args=rest, max_nfev=400).fun ** 2)
        for shift in (-0.5, 0.0, 0.5)
        for width in (0.3, 1.0, 3.0)
        for start in [
            [
                np.log(0.6 * money),
                np.log(0.2 * money),
                shift * money,
                np.log(width * money),
                2 * np.log(0.8 * money),
            ]
        ]
    )
    a, b, rho, m, sigma = (expiry[name] for name in RAW)
    left, right = b * (1 - rho), b * (1 + rho)
    least = a + b * sigma * np.sqrt(1 - rho**2)
    ours = np.sum(naive_objective([*np.log([left, right]), m, *np.log([sigma, least])], *rest) ** 2)
    assert ours <= 1.1 * best + 0.1


def test_threads_do_not_matter():
    used = EXACT.filter(pl.col("status") == "ok", pl.col("right") == "P", pl.col("strike") < 5_000)
    used = used.filter(pl.col("vol").is_finite()).sort("years", "strike")
    ends = np.cumsum(used.group_by("years", maintain_order=True).len()["len"].to_numpy()).tolist()
    years = used["years"].unique(maintain_order=True).to_numpy()
    k = np.log(used["strike"].to_numpy() / used["forward"].to_numpy())
    arguments = (years, ends, k, used["vol"].to_numpy(), used["spread_vol"].to_numpy() / 200)
    one, two = (_core.fit_surface("svi", [0] * len(years), *arguments, threads=threads) for threads in (1, 2))
    assert one[1] == two[1]
    assert all(np.array_equal(x, y, equal_nan=True) for x, y in zip(one[0], two[0], strict=True))


# Between the expiries


@both_forms
@settings(max_examples=60, deadline=None)
@given(
    k=st.floats(-1.0, 0.6),
    years=st.lists(st.floats(0.0, 3.0), min_size=2, max_size=8),
    root=st.sampled_from(["SPX", "SPXW"]),
)
def test_total_variance_never_falls_with_time(form, k, years, root):
    w = SURFACES[form].total_variance(k, sorted(years), root=root)
    assert (np.diff(w) >= -1e-12).all()


@both_forms
def test_at_an_expiry_the_surface_is_its_slice(form):
    surface = SURFACES[form]
    for row in surface.expiries.filter(status="ok").iter_rows(named=True):
        keys = {"expiration": row["expiration"], "root": row["root"]}
        used = surface.quotes.filter("used", **keys)
        strikes, rights = used["strike"].to_numpy(), used["right"].to_list()
        np.testing.assert_allclose(surface.vol(strikes, **keys), used["model_vol"], rtol=1e-12)
        np.testing.assert_allclose(surface.price(strikes, rights, **keys), used["model_price"], rtol=1e-9)
        by_years = surface.vol(strikes, years=row["years"], root=row["root"])
        np.testing.assert_allclose(by_years, used["model_vol"], rtol=1e-9)


def test_before_the_first_and_after_the_last_expiry():
    surface = SURFACES["svi"]
    rows = surface.expiries.filter(root="SPX").sort("years")
    first, last = rows["years"][0], rows["years"][-1]
    total = surface.total_variance
    assert total(-0.1, first / 3, root="SPX") == pytest.approx(total(-0.1, first, root="SPX") / 3)
    grown = total(-0.1, last, root="SPX") + 0.5 * total(0.0, last, root="SPX")
    assert total(-0.1, 1.5 * last, root="SPX") == pytest.approx(grown)
    assert total(-0.1, 0.0, root="SPX") == 0.0
    assert surface.price([4_000.0, 6_000.0], "C", years=0.0, root="SPX")[1] == 0.0


@both_forms
def test_the_density_is_one(form):
    surface = SURFACES[form]
    forward = surface.expiries.filter(root="SPX", expiration=THIRD_FRIDAY)["forward"][0]

    def density(strike):
        return surface.density(strike, THIRD_FRIDAY, root="SPX")

    edges = forward * np.exp([-3.0, -0.3, -0.1, 0.0, 0.1, 0.3, 2.0])
    parts = list(pairwise(edges))
    mass = sum(quad(density, *part, epsabs=1e-9)[0] for part in parts)
    mean = sum(quad(lambda x: x * density(x), *part, epsabs=1e-6)[0] for part in parts)
    assert mass == pytest.approx(1.0, abs=1e-6)
    assert mean == pytest.approx(forward, rel=1e-6)
    strikes = np.linspace(0.3, 2.0, 500) * forward
    assert (density(strikes) >= 0.0).all()
    # and it is the second derivative of the prices
    step, rate = 1.0, {"expiration": THIRD_FRIDAY, "root": "SPX"}
    down, here, up = (surface.price(5_000.0 + move, "P", **rate) for move in (-step, 0.0, step))
    discount = surface.expiries.filter(root="SPX", expiration=THIRD_FRIDAY)["discount"][0]
    assert (up - 2 * here + down) / step**2 / discount == pytest.approx(density(5_000.0), rel=1e-3)


# Too little, too much, too wild


def few(quotes, strikes):
    """A chain of whose one expiry so many out-of-the-money strikes are left."""
    day = quotes.filter(pl.col("root") == "SPX", pl.col("expiration") == THIRD_FRIDAY)
    far = day.filter(pl.col("strike").is_in(sorted(strikes)))
    rest = quotes.filter(pl.col("root") == "SPX", pl.col("expiration") != THIRD_FRIDAY)
    return pl.concat([far, rest])


def test_few_strikes_are_no_slice():
    surface = chain.fit_surface(few(EXACT, [4_800.0, 4_900.0, 5_000.0]))
    assert surface.expiries["status"].to_list()[0] == "too_few"
    assert (surface.expiries["status"][1:] == "ok").all()
    with pytest.raises(ChainError, match="2024-03-15 has no slice: too_few"):
        surface.vol(5_000.0, THIRD_FRIDAY)
    assert 0.1 < surface.vol(5_000.0, years=9 / 252) < 0.3
    surface = chain.fit_surface(few(EXACT, [4_800.0, 4_900.0, 5_000.0]), form="essvi")
    assert (surface.expiries["status"] == "ok").all()


def test_every_expiry_and_quote_is_kept():
    quotes = chain.synthetic(longest=30)
    # one without settlement, one whose quotes have no bid, one that is over
    broken = quotes.with_columns(
        settlement=pl.when(pl.col("expiration") != date(2024, 3, 4)).then("settlement"),
        bid=pl.when(pl.col("expiration") == date(2024, 3, 5)).then(0.0).otherwise("bid"),
    ).drop("status", "problem", "line")
    broken = broken.with_columns(
        pl.when(pl.col("expiration") == date(2024, 3, 6))
        .then(date(2024, 2, 29))
        .otherwise("expiration")
        .alias("expiration"),
        root=pl.when(pl.col("expiration") == date(2024, 3, 4)).then(pl.lit("OWN")).otherwise("root"),
    )
    broken = chain.read(broken)
    surface = chain.fit_surface(broken)
    status = dict(surface.expiries.select("expiration", pl.col("status").cast(pl.String)).iter_rows())
    assert surface.quotes.height == broken.height
    assert status[date(2024, 3, 4)] == "no_time"
    assert status[date(2024, 3, 5)] == "no_forward"
    assert status[date(2024, 2, 29)] == "no_time"
    assert set(status) == set(broken["expiration"])
    assert surface.quotes.filter(~pl.col("used"), pl.col("expiration") == date(2024, 3, 5)).height > 0
    assert_no_arbitrage(surface)


def test_crossed_and_one_sided_quotes_are_not_used():
    day = chain.synthetic(longest=20)
    spoiled = day.with_columns(
        bid=pl.when(pl.col("strike") % 20 == 0).then(pl.col("ask") + 1).otherwise("bid"),
        ask=pl.when(pl.col("strike") % 50 == 5).then(0.0).otherwise("ask"),
    )
    surface = chain.fit_surface(chain.read(spoiled.drop("status", "problem", "line")))
    used = surface.quotes.filter("used")
    assert (used["status"] == "ok").all()
    assert not used.filter(pl.col("strike") % 20 == 0).height
    assert liquid(surface)["off"].median() < 0.05


def test_enriched_or_not_is_the_same():
    quotes = chain.synthetic(longest=20)
    assert_frame_equal(chain.fit_surface(quotes).expiries, chain.fit_surface(chain.enrich(quotes)).expiries)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: chain.fit_surface(EXACT, form="sabr"), "form = 'sabr': 'svi' or 'essvi'"),
        (lambda s: chain.fit_surface(EXACT.clear()), "has no rows"),
        (lambda s: chain.fit_surface(EXACT.drop("bid", "vol")), "no column 'bid'"),
        (lambda s: s.vol(5_000.0), "give one of the two"),
        (lambda s: s.vol(5_000.0, THIRD_FRIDAY, years=1.0), "give one of the two"),
        (lambda s: s.vol(-1.0, THIRD_FRIDAY, root="SPX"), "strike = -1.0: points, above 0"),
        (lambda s: s.vol(5_000.0, years=-1.0, root="SPX"), "years = -1.0: 0 or more"),
        (lambda s: s.vol(5_000.0, years=0.1), "root = None: the surface has slices of 'SPX', 'SPXW'"),
        (lambda s: s.vol(5_000.0, years=0.1, root="VIX"), "root = 'VIX'.*Mend: name one"),
        (lambda s: s.density(5_000.0, THIRD_FRIDAY), "root = None: .* of 2024-03-15 of 'SPX', 'SPXW'"),
        (lambda s: s.density(5_000.0, date(2031, 1, 1)), "expiration = 2031-01-01: the surface has"),
    ],
)
def test_refusals_name_the_mend(call, words):
    with pytest.raises(ChainError, match=words):
        call(SURFACES["svi"])


def test_what_it_fitted_is_fitted_again():
    again = chain.fit_surface(SURFACES["svi"].quotes)
    assert_frame_equal(again.expiries, SURFACES["svi"].expiries)
    assert_frame_equal(again.quotes, SURFACES["svi"].quotes)


def test_a_row_without_a_day_is_no_snapshot():
    quotes = chain.synthetic(longest=30)
    dayless = quotes.head(1).with_columns(quote_date=pl.lit(None, pl.Date))
    surface = chain.fit_surface(pl.concat([quotes, dayless]))
    assert surface.expiries.filter(status="no_time").height == 1
    alone = chain.fit_surface(quotes).expiries
    assert_frame_equal(surface.expiries.filter(status="ok"), alone, check_row_order=False)


def test_several_snapshots_are_named():
    later = chain.synthetic(date(2024, 3, 4), longest=20)
    with pytest.raises(ChainError, match=r"holds 2: 2024-03-01 close, 2024-03-04 close\. Mend"):
        chain.fit_surface(pl.concat([chain.synthetic(longest=20), later]))


# Recorded chains

FILES = (
    "spx_cboe_snapshots.parquet",
    "spxw_20180131_daily.parquet",
    "spx_ivolatility_201101.parquet",
)


@pytest.fixture(scope="module")
def recorded():
    """The SVI surface of every recorded SPX snapshot."""
    found = []
    for name in FILES:
        quotes = chain.read(Path(DATA) / "chains" / name)
        for _, snapshot in quotes.group_by("quote_date", "quote_time", maintain_order=True):
            found.append(chain.fit_surface(snapshot))
    return [surface for surface in found if (surface.expiries["status"] == "ok").any()]


@needs_data
def test_recorded_surfaces_have_no_arbitrage(recorded):
    assert len(recorded) > 25
    for surface in recorded:
        assert_no_arbitrage(surface)


@needs_data
def test_liquid_quotes_up_to_45_days_are_met(recorded):
    """The targets are .15 volatility points in the median and 85% inside the spread."""
    found = pl.concat([liquid(surface).select("quote_date", "off", "inside") for surface in recorded])
    assert found["off"].median() <= 0.05
    assert found["inside"].mean() >= 0.93
    by_date = found.group_by("quote_date").agg(pl.col("off").median(), pl.col("inside").mean(), n=pl.len())
    by_date = by_date.filter(pl.col("n") >= 100)  # in 2011 quotes are few and a point wide
    assert by_date["off"].max() <= 0.05
    assert by_date["inside"].min() >= 0.85


@needs_data
def test_wings_do_not_explode(recorded):
    """Twice as far as the last quoted strike, in log-moneyness, no volatility is more than doubled."""
    for surface in recorded:
        last = (
            surface.quotes.filter("used")
            .group_by("root", "expiration", "settlement")
            .agg(pl.col("k").min().alias("low"), pl.col("k").max().alias("high"))
            .join(surface.expiries, on=["root", "expiration", "settlement"], nulls_equal=True)
            .filter(status="ok")
        )
        a, b, rho, m, sigma = (last[name].to_numpy() for name in RAW)
        for end in ("low", "high"):
            k = last[end].to_numpy()
            w = [a + b * (rho * (x - m) + np.hypot(x - m, sigma)) for x in (k, 2 * k)]
            assert (np.sqrt(w[1] / w[0])).max() < 2.0
