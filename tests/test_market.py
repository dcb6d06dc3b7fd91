"""The market models against a NumPy twin, closed forms and the stylised facts they were fitted to."""

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from alvh import _core, market
from alvh.errors import SpecError

Floats = NDArray[np.float64]
SESSIONS_PER_YEAR = 252
MONTH = 30 / 365


class L3FTwin:
    """The model as its documentation writes it, a line a formula."""

    def __init__(self, spec: dict[str, Any]) -> None:
        curve, dynamics = spec["curve"], spec["dynamics"]
        self.spec = spec
        self.floor, self.level = curve["floor"], curve["level"]
        self.kq, self.s = np.array(curve["reversion"]), np.array(curve["vol"])
        self.kp, self.m = np.array(dynamics["reversion"]), np.array(dynamics["mean"])
        r01, r02, r12 = curve["correlation"]
        self.rho = np.array([[1, r01, r02], [r01, 1, r12], [r02, r12, 1]])
        self.covariance = np.outer(self.s, self.s) * self.rho

    def phi(self, years: float) -> Floats:
        return (1 - np.exp(-self.kq * years)) / (self.kq * years)

    def start(self) -> Floats:
        stationary = self.covariance / np.add.outer(self.kp, self.kp)
        direction = stationary.sum(axis=1) / stationary.sum()
        return self.m + direction * (np.log(self.spec["vix"] - self.floor) - self.level - self.m.sum())

    def vix(self, x: Floats) -> Floats:
        return self.floor + np.exp(self.level + x.sum(axis=-1))

    def future(self, x: Floats, years: float) -> Floats:
        k = np.add.outer(self.kq, self.kq)
        v = (self.covariance * (1 - np.exp(-k * years)) / k).sum()
        return self.floor + np.exp(self.level + v / 2 + x @ np.exp(-self.kq * years))

    def mixture(self, paths: int, step: int, seed: int) -> tuple[NDArray[np.bool_], float, float]:
        """Wild sessions; variances of wild and quiet ones."""
        p, wild = (self.spec["dynamics"][f"wild_{name}"] for name in ("probability", "variance"))
        chance = _core.draws(seed, 0, paths, step, "mixture", 0)[0][:, :1]
        return chance < p, wild, (1 - p * wild) / (1 - p)

    def correlation(self) -> Floats:
        """Of the shocks: SPX, then the factors."""
        correlation = np.eye(4)
        correlation[1:, 1:] = self.rho
        correlation[0, 1:] = correlation[1:, 0] = self.spec["dynamics"]["spot_correlation"]
        return correlation

    def central(self, power: int) -> float:
        """Central moment of the session's variance."""
        p = self.spec["dynamics"]["wild_probability"]
        _, wild, quiet = self.mixture(1, 1, 0)
        return p * (wild - 1) ** power + (1 - p) * (quiet - 1) ** power

    def lower(self) -> Floats:
        gamma = np.array(self.spec["dynamics"]["wild_shift"])
        return np.linalg.cholesky(self.correlation() - self.central(2) * np.outer(gamma, gamma))

    def spot_sd(self, x: Floats) -> Floats:
        """Of ln S over a session."""
        sigma = self.floor + np.exp(self.level + x @ (1 / self.phi(MONTH)))
        return self.spec["dynamics"]["realised_share"] * sigma / 100 / np.sqrt(SESSIONS_PER_YEAR)

    def opening(self, before: Floats, after: Floats, step: int, seed: int) -> Floats:
        """The rows (ln S, x) at an opening, between rows of closes."""
        paths, share = len(before), self.spec["dynamics"]["overnight_share"]
        n = np.hstack([_core.draws(seed, 0, paths, step, "opening", block)[1] for block in (0, 1)])
        overnight = _core.draws(seed, 0, paths, step, "opening", 2)[0][:, :1] < share
        wild, _, quiet = self.mixture(paths, step, seed)
        factor_sd = np.tile(self.s / np.sqrt(SESSIONS_PER_YEAR), (paths, 1))
        sd = np.column_stack([self.spot_sd(before[:, 1:]), factor_sd])
        noise = sd * np.sqrt(share * (1 - share) * quiet) * (n @ self.lower().T)
        jumped = np.where(overnight, after, before)
        return np.where(wild, jumped, before + share * (after - before) + noise)

    def simulate(self, paths: int, sessions: int, seed: int) -> tuple[Floats, Floats]:
        spec, dynamics = self.spec, self.spec["dynamics"]
        gamma = np.array(dynamics["wild_shift"])
        variance, third = self.central(2), self.central(3)
        lower = self.lower()
        skew = gamma[0] ** 3 * third + 3 * gamma[0] * variance * (1 - variance * gamma[0] ** 2)

        x = np.tile(self.start(), (paths, 1))
        ln_s = np.full(paths, np.log(spec["spot"]))
        states = [(ln_s, x)]
        for step in range(1, sessions + 1):
            n = np.hstack([_core.draws(seed, 0, paths, step, "dynamics", block)[1] for block in (0, 1)])
            w = np.where(*self.mixture(paths, step, seed))
            shocks = gamma * (w - 1) + np.sqrt(w) * (n @ lower.T)
            h = self.spot_sd(x) ** 2
            drift = (spec["rate"] - spec["dividend_yield"] + spec["erp"]) / SESSIONS_PER_YEAR
            ln_s = ln_s + drift - h / 2 - skew * h**1.5 / 6 + np.sqrt(h) * shocks[:, 0]
            keep = np.exp(-self.kp / SESSIONS_PER_YEAR)
            x = self.m + keep * (x - self.m) + self.s / np.sqrt(SESSIONS_PER_YEAR) * shocks[:, 1:]
            states.append((ln_s, x))
        return np.stack([s for s, _ in states], axis=1), np.stack([x for _, x in states], axis=1)


@pytest.mark.parametrize(
    "model",
    [
        market.L3F(),
        market.L3F(
            vix=35,
            erp=0.0,
            curve=market.Curve(floor=7.0, level=2.5, correlation=(0.1, 0.3, 0.0)),
            dynamics=market.Dynamics(wild_probability=0.02, wild_variance=6.0),
        ),
    ],
    ids=["defaults", "others"],
)
def test_l3f_equals_its_twin(model):
    twin = L3FTwin(model.spec())
    found = model.simulate(300, 40, seed=5, vx_days=[0, 30, 200])
    ln_s, x = twin.simulate(300, 40, seed=5)
    np.testing.assert_allclose(np.log(found["spot"]), ln_s, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["vix"], twin.vix(x), rtol=1e-12)
    for name, days in (("vx1", 0), ("vx2", 30), ("vx3", 200)):
        np.testing.assert_allclose(found[name], twin.future(x, days / 365), rtol=1e-12)


OTHERS = market.L3F(
    vix=35,
    dynamics=market.Dynamics(wild_probability=0.2, wild_variance=3.0, overnight_share=0.37, soq_sd=0.05),
)


@pytest.mark.parametrize("model", [market.L3F(), OTHERS], ids=["defaults", "others"])
def test_openings_equal_their_twin(model):
    twin = L3FTwin(model.spec())
    ln_s, x = twin.simulate(300, 20, seed=5)
    closes = np.concatenate([ln_s[..., None], x], axis=2)
    *found, quotation = _core.market_openings(model.model_dump_json(), 0, 300, 20, seed=5)
    for step in range(1, 21):
        expected = twin.opening(closes[:, step - 1], closes[:, step], step, seed=5)
        for column, values in enumerate(found):
            np.testing.assert_allclose(values[:, step - 1], expected[:, column], rtol=0, atol=1e-12)
        normal = _core.draws(5, 0, 300, step, "special_quotation", 0)[1][:, 0]
        soq = np.exp(model.dynamics.soq_sd * normal)
        np.testing.assert_allclose(quotation[:, step - 1], soq, rtol=1e-13)


def test_night_and_day_share_the_session():
    """.45 of every variance and covariance overnight, .55 by day, nothing between them, jumps included."""
    model, paths = market.L3F(vix=18), 120_000
    twin = L3FTwin(model.spec())
    ln_s, x = twin.simulate(paths, 1, seed=9)
    closes = np.concatenate([ln_s[..., None], x], axis=2)
    *found, quotation = _core.market_openings(model.model_dump_json(), 0, paths, 1, seed=9)
    opening = np.column_stack([values[:, 0] for values in found])
    start = closes[:, 0]
    sd = np.append(twin.spot_sd(start[:1, 1:]), twin.s / np.sqrt(SESSIONS_PER_YEAR))
    moves = np.hstack([(opening - start) / sd, (closes[:, 1] - opening) / sd])
    correlation = twin.correlation()
    zero = np.zeros((4, 4))
    expected = np.block([[0.45 * correlation, zero], [zero, 0.55 * correlation]])
    np.testing.assert_allclose(np.cov(moves.T), expected, atol=0.012)
    wild, *_ = twin.mixture(paths, 1, seed=9)
    whole = np.abs(opening[:, 0] - closes[:, 1, 0]) < 1e-12
    still = np.abs(opening[:, 0] - start[:, 0]) < 1e-12
    np.testing.assert_array_equal(whole | still, wild[:, 0])
    assert not (whole & still).any()
    assert abs(whole.sum() / wild.sum() - 0.45) < 4 * (0.45 * 0.55 / wild.sum()) ** 0.5
    ln_quotation = np.log(quotation)
    assert abs(ln_quotation.std() / 0.02 - 1) < 4 / (2 * paths) ** 0.5
    assert abs(ln_quotation.mean()) < 4 * 0.02 / paths**0.5


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**64 - 1), st.integers(0, 2**40), st.integers(1, 400), st.integers(0, 400))
def test_any_split_gives_the_same_openings(seed, first_path, paths, split):
    for spec in (market.L3F().model_dump_json(), market.GBM().model_dump_json()):
        whole = _core.market_openings(spec, first_path, paths, 3, seed=seed)
        split = min(split, paths)
        head = _core.market_openings(spec, first_path, split, 3, seed=seed)
        tail = _core.market_openings(spec, first_path + split, paths - split, 3, seed=seed)
        for parts in zip(whole, head, tail, strict=True):
            np.testing.assert_array_equal(parts[0], np.concatenate(parts[1:]))


@pytest.mark.parametrize("model", [market.L3F(), OTHERS], ids=["defaults", "others"])
def test_shocks_equal_their_twin(model):
    """The regressions on VIX and on SPX of one session's covariance (R22)."""
    twin, text = L3FTwin(model.spec()), model.model_dump_json()
    ln_s, x = twin.simulate(300, 5, seed=8)
    states = np.column_stack([ln_s[:, -1], x[:, -1]])
    x = states[:, 1:]
    after = _core.market_shocked(text, "vix", 2.5, states)
    direction = twin.covariance.sum(axis=1) / twin.covariance.sum()
    moved = np.log((twin.vix(x) + 2.5 - twin.floor) / (twin.vix(x) - twin.floor))
    np.testing.assert_allclose(after[:, 1:], x + np.outer(moved, direction), rtol=0, atol=1e-13)
    np.testing.assert_allclose(twin.vix(after[:, 1:]), twin.vix(x) + 2.5, rtol=1e-13)
    np.testing.assert_array_equal(after[:, 0], states[:, 0])

    after = _core.market_shocked(text, "spot", -0.03, states)
    slope = twin.correlation()[0, 1:] * twin.s / np.sqrt(SESSIONS_PER_YEAR) / twin.spot_sd(x)[:, None]
    np.testing.assert_allclose(after[:, 1:], x - 0.03 * slope, rtol=0, atol=1e-13)
    np.testing.assert_allclose(after[:, 0], states[:, 0] - 0.03, rtol=1e-15)


def test_the_spot_shock_is_the_regression_of_simulated_sessions():
    """Ordinary least squares over a session of many paths, without a formula of the model's."""
    model, paths = market.L3F(vix=18), 200_000
    ln_s, x = L3FTwin(model.spec()).simulate(paths, 1, seed=10)
    returns = ln_s[:, 1] - ln_s[:, 0]
    start = np.array([[ln_s[0, 0], *x[0, 0]]])
    shocked = _core.market_shocked(model.model_dump_json(), "spot", 0.01, start)
    for factor in range(3):
        slope = np.cov(x[:, 1, factor], returns)[0, 1] / returns.var()
        assert (shocked[0, 1 + factor] - start[0, 1 + factor]) / 0.01 == pytest.approx(slope, rel=0.02)


def test_a_vix_point_moves_a_45_day_future_as_measured():
    """0.50 points at VIX 13 to 17, 0.38 at 25 to 35 (R22)."""
    for levels, expected in (((13, 15, 17), 0.50), ((25, 30, 35), 0.38)):
        moves = []
        for vix in levels:
            twin = L3FTwin(market.L3F(vix=vix).spec())
            start = np.array([[8.5, *twin.start()]])
            after = _core.market_shocked(market.L3F(vix=vix).model_dump_json(), "vix", 1.0, start)
            futures = [twin.future(state[:, 1:], 45 / 365)[0] for state in (start, after)]
            moves.append(futures[1] - futures[0])
        assert np.mean(moves) == pytest.approx(expected, abs=0.01)


def test_a_market_without_vix_moves_has_no_shock():
    assert _core.market_shocked(market.GBM().model_dump_json(), "vix", 1.0, [[8.5, 0.0, 0.0, 0.0]]) is None


def test_stylised_facts_of_l3f():
    """Wide versions of the ranges that the history of 1990-2023 gives for 33 years."""
    found = market.L3F(vix=18).simulate(48, 33 * SESSIONS_PER_YEAR, seed=1, vx_days=[30, 60])
    returns, vix = np.diff(np.log(found["spot"])), found["vix"]
    ln_vix = np.log(vix)
    moves = np.diff(ln_vix)

    def median(figure):
        return np.median([figure(i) for i in range(len(vix))])

    assert 0.155 < median(lambda i: returns[i].std() * SESSIONS_PER_YEAR**0.5) < 0.215
    assert 5 < median(lambda i: stats.kurtosis(returns[i])) < 16
    assert -0.86 < median(lambda i: np.corrcoef(returns[i], moves[i])[0, 1]) < -0.66
    assert 17.5 < median(lambda i: vix[i].mean()) < 21.5
    assert 16 < median(lambda i: np.median(vix[i])) < 19.5
    assert 55 < median(lambda i: vix[i].max()) < 115
    assert 0.28 < median(lambda i: ln_vix[i].std()) < 0.42
    assert 0.055 < median(lambda i: moves[i].std()) < 0.085
    contango = (found["vx2"] > found["vx1"]).mean()
    assert 0.70 < contango < 0.90
    realised = (returns.var() * SESSIONS_PER_YEAR) / ((vix / 100) ** 2).mean()
    assert 0.62 < realised < 0.88


def test_mean_return_is_the_one_described():
    """The convexity terms leave E[S] = S0 exp(mu t), premium or not."""
    found = market.L3F(vix=16, erp=0.03).simulate(40_000, 63, seed=2)
    growth = found["spot"][:, -1] / found["spot"][:, 0]
    z = (growth.mean() - np.exp((0.04 - 0.013 + 0.03) * 63 / 252)) / (growth.std() / 200)
    assert abs(z) < 4


def test_gbm_options_are_worth_their_black_price():
    model = market.GBM(vol=0.25, spot=100.0, rate=0.03, dividend_yield=0.01, erp=0.0)
    paths = model.simulate(50_000, 126, seed=3)
    years, strike = 0.5, np.array([80.0, 100.0, 120.0])
    quotes = model.quotes(strike, 126, "P", days=years * 365)
    sd = 0.25 * years**0.5
    d = np.log(quotes.forward / strike) / sd + sd / 2
    black = quotes.discount * (strike * stats.norm.cdf(sd - d) - quotes.forward * stats.norm.cdf(-d))
    np.testing.assert_allclose(quotes.price, black, rtol=1e-12)
    np.testing.assert_allclose(quotes.implied_vol, 0.25, rtol=1e-13)
    payoff = np.exp(-0.03 * years) * np.maximum(strike - paths["spot"][:, -1:], 0)
    z = (payoff.mean(axis=0) - black) / (payoff.std(axis=0) / len(payoff) ** 0.5)
    assert np.all(np.abs(z) < 4)


def test_vx_futures_are_martingales_of_the_curve():
    """A month under the pricing measure leaves E[F] unchanged: v carries the rest."""
    twin = L3FTwin(market.L3F(vix=25).spec())
    rng = np.random.default_rng(4)
    t, horizon = 30 / 365, 120 / 365
    k = np.add.outer(twin.kq, twin.kq)
    covariance = twin.covariance * (1 - np.exp(-k * t)) / k
    noise = rng.standard_normal((200_000, 3)) @ np.linalg.cholesky(covariance).T
    later = twin.future(twin.start() * np.exp(-twin.kq * t) + noise, horizon - t)
    now = market.L3F(vix=25).futures(horizon * 365)
    assert abs(later.mean() - now) < 4 * later.std() / len(later) ** 0.5


def test_limits_of_the_vx_curve():
    for vix in (8.0, 12.0, 20.0, 40.0, 80.0):
        curve = market.L3F(vix=vix).futures([0.0, 1e-6, 5.0])
        assert curve[0] == pytest.approx(vix, rel=1e-13)
        assert curve[1] == pytest.approx(vix, rel=1e-7)
    calm, wild = (market.L3F(vix=vix).futures(np.arange(0, 200, 5.0)) for vix in (11.0, 60.0))
    assert np.all(np.diff(calm) > 0)
    assert np.all(np.diff(wild) < 0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**64 - 1), st.integers(0, 2**40), st.integers(1, 600), st.integers(0, 600))
def test_any_split_gives_the_same_bits(seed, first_path, paths, split):
    model = market.L3F()
    whole = model.simulate(paths, 3, seed=seed, first_path=first_path, threads=1)
    split = min(split, paths - 1)
    parts = [(first_path, split), (first_path + split, paths - split)]
    for figure in ("spot", "vix"):
        chunks = [
            model.simulate(n, 3, seed=seed, first_path=first, threads=2)[figure] for first, n in parts if n
        ]
        np.testing.assert_array_equal(np.concatenate(chunks), whole[figure])


def test_warm_up_ends_at_the_start():
    model = market.L3F(vix=22)
    found = model.simulate(500, 4, seed=6, warm_up=60)
    plain = model.simulate(500, 4, seed=6)
    assert found["spot"].shape == (500, 65)
    np.testing.assert_array_equal(found["vix"][:, 60:], plain["vix"])
    returns = np.diff(np.log(found["spot"][:, :61]))
    assert abs(returns.sum(axis=1)).max() < 1e-12
    # The last warm-up session joins the start as any other would: same scale.
    assert 0.8 < returns[:, -1].std() / returns[:, :-1].std() < 1.25


def test_quotes_broadcast_and_bad_terms_are_nan():
    model = market.L3F(vix=20)
    quotes = model.quotes([[4800.0], [5000.0]], [1, 21, 63], ["P", "C", "C"])
    assert quotes.price.shape == (2, 3)
    one = model.quotes(5000.0, 21)
    assert one.price == quotes.price[1, 1]
    bad = model.quotes([-1.0, np.nan, 5000.0, 5000.0], [21, 21, -1, np.nan])
    assert np.isnan(bad.price).all()
    expired = model.quotes(4900.0, 0.0)
    assert expired.price == pytest.approx(100.0)
    assert np.isnan(expired.implied_vol)


@pytest.mark.parametrize("vix", [13.0, 16.0, 20.0, 23.0])
@pytest.mark.parametrize(
    ("sessions", "width", "delta", "paid"),
    [
        (1, 5, 0.05, (0.22, 0.45)),
        (1, 5, 0.10, (0.65, 0.98)),
        (1, 5, 0.16, (1.2, 1.6)),
        (1, 5, 0.20, (1.3, 2.0)),
        (32, 50, 0.16, (10.5, 13.2)),
        (32, 50, 0.10, (6.2, 7.6)),
    ],
)
def test_condors_pay_what_real_ones_paid(vix, sessions, width, delta, paid):
    """Mid credits of SPX chains 2018-2023 at VIX 13-23 (C1); the template is within a tenth of them."""
    model = market.L3F(vix=vix)
    strikes = np.arange(3500.0, 6500.0, 5.0)
    wing = width // 5
    quotes = {right: model.quotes(strikes, sessions, right) for right in "CP"}
    sd = quotes["P"].implied_vol * (sessions / SESSIONS_PER_YEAR) ** 0.5
    call_delta = stats.norm.cdf(np.log(quotes["P"].forward / strikes) / sd + sd / 2)
    put, call = np.abs(1 - call_delta - delta).argmin(), np.abs(call_delta - delta).argmin()
    puts, calls = quotes["P"].price, quotes["C"].price
    credit = puts[put] - puts[put - wing] + calls[call] - calls[call + wing]
    assert 0.9 * paid[0] < credit < 1.1 * paid[1]


def test_a_tenor_in_the_past_has_no_forward():
    model = market.L3F(vix=20)
    assert np.isnan(model.futures([-1.0, np.nan])).all()
    for quotes in (model.vix_quotes(20.0, -1.0), model.quotes(5000.0, 21, days=-1.0)):
        assert np.isnan([quotes.forward, quotes.discount, quotes.price]).all()
    assert np.isnan(model.quotes(5000.0, -1.0).price)


@pytest.mark.parametrize("name", ["level", "skew", "curvature"])
def test_a_state_of_the_surface_is_a_number(name):
    """NaN would be taken for the lowest bound, and quoted."""
    for value in (np.nan, np.inf):
        with pytest.raises(_core.AlvhError, match=f"{name} = .*: must be finite"):
            market.L3F().quotes(5000.0, 21, **{name: value})


def described(parameter, value):
    """The builders that take that parameter, with the value."""
    group, _, key = parameter.rpartition(".")
    table = {group: {key: value}} if group else {key: value}
    models = (market.L3F, market.PDV4, market.Bates, market.GBM)
    return [lambda model=model: model(**table) for model in models if (group or key) in model.model_fields]


@pytest.mark.parametrize("value", ["20", b"20", True, None, [1.0], {}, 1j, pytest.param(10**400, id="huge")])
@pytest.mark.parametrize("parameter", ["rate", "curve.floor", "dynamics.overnight_share", "smile.short_dip"])
def test_numbers_are_numbers(parameter, value):
    """Text and truth values are not converted, as a description in JSON does not."""
    builders = described(parameter, value)
    assert builders
    for build in builders:
        with pytest.raises(SpecError, match=rf"{parameter.rpartition('.')[2]} = ") as caught:
            build()
        assert ("without quotes" in str(caught.value)) == isinstance(value, str | bytes)


@pytest.mark.parametrize("value", [["1", 1, 1], [True, 1, 1], "1, 1, 1", [1, 1], [1, 1, 1, 1], [1, None, 1]])
def test_triples_are_three_numbers(value):
    for build in described("curve.reversion", value) + described("dynamics.mean", value):
        with pytest.raises(SpecError, match=r"reversion|mean"):
            build()


@pytest.mark.parametrize("wrong", [-1, 1.5, "2", None, True, 2**64])
@pytest.mark.parametrize("name", ["paths", "sessions", "seed", "first_path", "warm_up"])
def test_whole_numbers_are_whole(name, wrong):
    words = rf"{name} = .*: must be a whole number from 0 to"
    given = {"paths": 2, "sessions": 2, name: wrong}
    model = market.L3F()
    with pytest.raises(SpecError, match=words):
        model.simulate(**given)
    if name != "warm_up":
        for called in (model.bars, model.smile_states):
            with pytest.raises(SpecError, match=words):
                called(**given)
    assert model.simulate(np.int64(1), np.uint8(1), seed=2**64 - 1)["vix"].shape == (1, 2)


def test_more_than_memory_holds_is_refused():
    """An array that cannot be made would end the process."""
    model = market.L3F()
    for called in (model.simulate, model.bars, model.smile_states):
        for paths, sessions in ((2**40, 2**20), (2**48, 2**31)):
            with pytest.raises(
                _core.AlvhError, match=rf"paths = {paths}: .* GB, more than there is memory for"
            ):
                called(paths, sessions)


@pytest.mark.parametrize("wrong", [30, "30", b"30", ["a"], ["30"], [b"30"], [True], [None], [[30]]])
def test_tenors_of_futures_are_days(wrong):
    with pytest.raises(SpecError, match=r"vx_days = .*: must be calendar days, such as \[30, 60\]"):
        market.L3F().simulate(1, 1, vx_days=wrong)
    assert "vx1" in market.L3F().simulate(1, 1, vx_days=np.array([30]))


def test_percent_is_refused_for_decimals():
    for build, words in (
        (lambda: market.L3F(rate=4), "rate = 4: must lie between -1 and 1, a decimal a year: 0.04 is 4%"),
        (lambda: market.PDV4(dividend_yield=1.3), "dividend_yield = 1.3: must lie"),
        (lambda: market.FHS(innovations=[(0, 0, 0, 0)] * 20, erp=5), "erp = 5: must lie"),
        (lambda: market.Bates(rate=4), "rate = 4: must lie"),
        (lambda: market.GBM(vol=16), "vol = 16: must lie between 0 and 5, a decimal a year"),
        (lambda: market.GBM(erp=5), "erp = 5: must lie"),
    ):
        with pytest.raises(SpecError) as caught:
            build()
        assert words in str(caught.value)
    assert market.L3F(dynamics=market.Dynamics(wild_probability=-0.0)).simulate(1, 1)["vix"][0, 1] > 6


def test_vix_options_lie_on_their_future():
    quotes = market.L3F(vix=18).vix_quotes([10.0, 18.0, 30.0], 45, [["C"], ["P"]])
    forward, discount = quotes.forward[0], quotes.discount[0]
    parity = discount * (forward - np.array([10.0, 18.0, 30.0]))
    np.testing.assert_allclose(quotes.price[0] - quotes.price[1], parity, atol=1e-12)


def test_mistakes_are_named():
    for call, words in (
        (lambda: market.L3F(vix=5), "vix = 5: must be above 6"),
        (lambda: market.L3F(dynamics=market.Dynamics(wild_probability=0.9)), "dynamics.wild_probability"),
        (lambda: market.L3F(dynamics=market.Dynamics(overnight_share=1.1)), "dynamics.overnight_share = 1.1"),
        (lambda: market.L3F(dynamics=market.Dynamics(soq_sd=-0.1)), "dynamics.soq_sd = -0.1"),
        (lambda: market.GBM(vol=-1), "vol = -1"),
        (lambda: market.L3F(vixx=20), "vixx"),
    ):
        with pytest.raises(SpecError, match=words):
            call()
    for call, words in (
        (lambda: market.L3F().simulate(0, 5), "paths = 0"),
        (lambda: market.L3F().simulate(1, 5, vx_days=[-1]), "vx_days = -1"),
        (lambda: market.L3F().quotes(5000, 21, "X"), "right = 'X'"),
        (lambda: market.L3F().quotes(5000, 21, 2), "right = 2"),
        (lambda: _core.draws(1, 0, 1, 1, "weather", 0), "purpose = weather"),
        (lambda: _core.market_spec('{"model": "l3f", "Vix": 3}'), "Vix"),
        (
            lambda: _core.market_shocked('{"model": "l3f"}', "rate", 1.0, []),
            "moved = rate: must be vix or spot",
        ),
        (lambda: _core.market_openings('{"model": "l3f"}', 2**48, 1, 1, seed=0), "first_path"),
    ):
        with pytest.raises(_core.AlvhError, match=words):
            call()


def test_spec_is_what_the_core_reads():
    for model in (market.L3F(vix=31), market.GBM(vol=0.3)):
        text = model.model_dump_json()
        assert type(model).model_validate_json(_core.market_spec(text)) == model


def replay(vix: Floats, **more: Any) -> str:
    """The description of a replay of these VIX closes."""
    ones = np.ones(len(vix))
    columns = {"spot": 4000 * ones, "vix": vix, "rate": 0.03 * ones, "dividend_yield": 0.01 * ones}
    rows = {name: list(column) for name, column in columns.items()}
    return json.dumps({"model": "replay"} | rows | more)


def test_replay_reads_rows_back():
    text = replay(np.arange(15.0, 27.0), spot=[4000.0 + row for row in range(12)])
    spot, vix, *_ = _core.market_paths(text, 3, 5, seed=0, warm_up=2, vx_days=[], first_path=0)
    np.testing.assert_allclose(spot[2], np.arange(4002.0, 4010.0), rtol=1e-13)
    np.testing.assert_allclose(vix[0], np.arange(15.0, 23.0), rtol=1e-13)
    with pytest.raises(_core.AlvhError, match="there are 12"):
        _core.market_paths(text, 3, 9, seed=0, warm_up=2, vx_days=[], first_path=0)


def replayed_factors(vix: Floats, **more: Any) -> Floats:
    """x of each row but the first: openings with the whole session's variance overnight are closes."""
    text = replay(vix, dynamics={"overnight_share": 1.0}, **more)
    _, *x, _ = _core.market_openings(text, 0, 1, len(vix) - 1, seed=0)
    return np.stack([factor[0] for factor in x], axis=1)


def likeliest_factors(vix: Floats, **longer: list[float | None]) -> Floats:
    """Mean of the factors at the last row given all indices: one joint normal law, no recursion."""
    twin = L3FTwin(market.L3F().spec())
    keep = np.exp(-twin.kp / SESSIONS_PER_YEAR)
    variance = [twin.covariance / np.add.outer(twin.kp, twin.kp)]
    while len(variance) < len(vix):
        variance.append(np.outer(keep, keep) * variance[-1] + twin.covariance / SESSIONS_PER_YEAR)

    def covariance(t: int, s: int) -> Floats:
        early, ahead = variance[min(t, s)], keep ** abs(t - s)
        return ahead[:, None] * early if t >= s else early * ahead

    # (row, loading, ln(index - floor) less what is expected of it, variance of its error)
    seen = [(row, np.ones(3), np.log(close - twin.floor) - twin.level, 0.0) for row, close in enumerate(vix)]
    for name, months in (("vix3m", 3), ("vix6m", 6)):
        loading = twin.phi(months * MONTH) / twin.phi(MONTH)
        level = twin.level + twin.spec["curve"]["slope_long"] * np.log(months)
        seen += [
            (row, loading, np.log(close - twin.floor) - level, (0.03 * close / (close - twin.floor)) ** 2)
            for row, close in enumerate(longer.get(name, []))
            if close is not None
        ]
    of_seen = np.array([[one @ covariance(t, s) @ other for s, other, *_ in seen] for t, one, *_ in seen])
    of_seen += np.diag([error for *_, error in seen])
    of_last = np.stack([covariance(len(vix) - 1, s) @ loading for s, loading, *_ in seen], axis=1)
    surprise = [value - loading @ twin.m for _, loading, value, _ in seen]
    return twin.m + of_last @ np.linalg.solve(of_seen, surprise)


VIX_CLOSES = st.lists(st.floats(6.5, 150), min_size=2, max_size=25).map(np.array)


def longer_closes(data: st.DataObject, rows: int) -> dict[str, list[float | None]]:
    """VIX3M and VIX6M, or one of them, or none; with holes."""
    close = st.none() | st.floats(6.5, 150)
    names = data.draw(st.sets(st.sampled_from(["vix3m", "vix6m"])))
    return {name: data.draw(st.lists(close, min_size=rows, max_size=rows)) for name in sorted(names)}


@settings(max_examples=50, deadline=None)
@given(VIX_CLOSES, st.data())
def test_replayed_factors_are_the_likeliest_given_the_indices_so_far(vix, data):
    longer = longer_closes(data, len(vix))
    found, expected = replayed_factors(vix, **longer)[-1], likeliest_factors(vix, **longer)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(VIX_CLOSES, st.data())
def test_replayed_factors_have_the_rows_vix_and_know_no_future(vix, data):
    longer = longer_closes(data, len(vix))
    found = replayed_factors(vix, **longer)
    np.testing.assert_allclose(L3FTwin(market.L3F().spec()).vix(found), vix[1:], rtol=1e-12)
    kept = data.draw(st.integers(2, len(vix)))
    cut = {name: closes[:kept] for name, closes in longer.items()}
    np.testing.assert_array_equal(replayed_factors(vix[:kept], **cut), found[: kept - 1])


@settings(max_examples=20, deadline=None)
@given(VIX_CLOSES, VIX_CLOSES)
def test_the_filter_starts_where_it_is_told(before, vix):
    late = replayed_factors(np.concatenate([before, vix]), filter_from=len(before))
    np.testing.assert_array_equal(late[len(before) :], replayed_factors(vix))
    for found, close in zip(late[: len(before)], [*before[1:], vix[0]], strict=True):
        np.testing.assert_allclose(found, L3FTwin(market.L3F(vix=close).spec()).start(), atol=1e-13)


DIGEST = """
import hashlib
from alvh import _core, market
paths = market.L3F().simulate(300, 30, seed=1, warm_up=10, vx_days=[30])
bits = b"".join(paths[name].tobytes() for name in sorted(paths))
print(_core.simd_variant(), hashlib.sha256(bits).hexdigest()[:16])
"""


@pytest.mark.parametrize(
    ("variant", "digest"),
    [("baseline", "966de52d26529f0f"), ("avx2", "7bc8668caf6d035d"), ("avx512", "7bc8668caf6d035d")],
)
def test_bits_are_pinned(variant, digest):
    """One set of bits with fused multiply-add, one without; a change to any kernel shows here."""
    if variant not in _core.simd_variants():
        pytest.skip(f"this processor has no {variant}")
    ran = subprocess.run(
        [sys.executable, "-c", DIGEST],
        env=os.environ | {"ALVH_SIMD": variant},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == [variant, digest]


def test_mistakes_in_a_description_name_the_key():
    for wrong, words in (
        (lambda: market.L3F(vix=1), "L3F: vix = 1: must be above 6"),
        (lambda: market.L3F(vixx=1), "L3F: vixx: unknown key"),
        (lambda: market.Curve(floor="low"), "Curve: floor = 'low': "),
    ):
        with pytest.raises(SpecError, match=words):
            wrong()
