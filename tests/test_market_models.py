"""PDV4, FHS and Bates: NumPy twins on the same draws, closed forms, and what parameters are refused."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm, poisson

import alvh
import markdown_pages
from alvh import _core, cli, market, market_file
from alvh.errors import AlvhError, SpecError
from alvh.schedule import sessions
from bates_prices import call_prices
from test_market import L3FTwin

DELTA = 1 / 252


def normals(seed, paths, step, purpose="dynamics"):
    return _core.draws(seed, 0, paths, step, purpose, 0)[1].T


def uniforms(seed, paths, step, purpose="dynamics"):
    return _core.draws(seed, 0, paths, step, purpose, 0)[0].T


def settled_gain(twin):
    """The Kalman gain of an exact VIX after 60 years, from the textbook's recursion."""
    keep = np.exp(-twin.kp * DELTA)
    p = twin.covariance / np.add.outer(twin.kp, twin.kp)
    one = np.ones(3)
    for _ in range(60 * 252):
        p = p - np.outer(p @ one, one @ p) / (one @ p @ one)
        p = np.outer(keep, keep) * p + twin.covariance * DELTA
    return p @ one / (one @ p @ one)


def followed(twin, x, vix, gain):
    """The factors a session later, VIX being seen."""
    predicted = twin.m + np.exp(-twin.kp * DELTA) * (x - twin.m)
    surprise = np.log(vix - twin.floor) - twin.level - predicted.sum(axis=1)
    return predicted + surprise[:, None] * gain


class Pdv4Twin(L3FTwin):
    """The model as its documentation writes it, a line a formula."""

    def simulate(self, paths, sessions, seed):
        spec, path, dynamics = self.spec, self.spec["path"], self.spec["dynamics"]
        mu = spec["rate"] - spec["dividend_yield"] + spec["erp"]
        decays = np.array([*path["trend_decay"], *path["activity_decay"]])
        keep = np.exp(-decays * DELTA)
        mix = np.array([1 - path["trend_slow"], path["trend_slow"]])
        mix2 = np.array([1 - path["activity_slow"], path["activity_slow"]])
        r1 = mu * DELTA * decays[:2] / (1 - keep[:2])
        r2 = ((spec["vix"] / 100 - path["level"] - path["trend"] * mix @ r1) / path["activity"]) ** 2
        r1, r2 = np.tile(r1, (paths, 1)), np.full((paths, 2), r2)
        u, vix = np.zeros(paths), np.full(paths, float(spec["vix"]))
        x, ln_s = np.tile(self.start(), (paths, 1)), np.full(paths, np.log(spec["spot"]))
        gain, gamma = settled_gain(self), dynamics["wild_shift"][0]
        rows = [(ln_s, vix, x)]
        for step in range(1, sessions + 1):
            n, e = normals(seed, paths, step)
            w = np.where(*self.mixture(paths, step, seed))[:, 0]
            z = gamma * (w - 1) + np.sqrt(w * (1 - self.central(2) * gamma**2)) * n
            rho = np.maximum(mu * DELTA + dynamics["realised_share"] * vix / 100 * DELTA**0.5 * z, -0.9)
            ln_s = ln_s + np.log(1 + rho)
            r1 = keep[:2] * r1 + decays[:2] * rho[:, None]
            r2 = keep[2:] * r2 + decays[2:] * rho[:, None] ** 2
            u = path["residual_keep"] * u + path["residual_sd"] * e
            v = path["level"] + path["trend"] * r1 @ mix + path["activity"] * np.sqrt(r2 @ mix2)
            vix = np.maximum(100 * np.minimum(v, path["cap"]) * np.exp(u), path["lowest_vix"])
            x = followed(self, x, vix, gain)
            rows.append((ln_s, vix, x))
        return [np.stack(column, axis=1) for column in zip(*rows, strict=True)]


WILD = market.PDV4(
    vix=40,
    erp=0.0,
    path=market.PathVolatility(cap=0.5, lowest_vix=30, residual_sd=0.1, trend=-0.1, activity_slow=0.6),
    dynamics=market.Dynamics(realised_share=0.9, wild_probability=0.1, wild_variance=3.0),
)


@pytest.mark.parametrize("model", [market.PDV4(vix=20), WILD], ids=["defaults", "bounds bind"])
def test_pdv4_equals_its_twin(model):
    twin = Pdv4Twin(model.spec())
    found = model.simulate(300, 60, seed=5, vx_days=[45])
    ln_s, vix, x = twin.simulate(300, 60, seed=5)
    np.testing.assert_allclose(np.log(found["spot"]), ln_s, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["vix"], vix, rtol=1e-12)
    np.testing.assert_allclose(found["vx1"], twin.future(x, 45 / 365), rtol=1e-12)
    if model is WILD:
        assert (vix == 30).any()


def test_pdv4_has_the_vix_of_the_history():
    """Wide versions of the ranges of MODELS; the paper's own simulation parameters miss them by far."""
    found = market.PDV4(vix=18).simulate(64, 10 * 252, seed=3)
    vix = found["vix"][:, 252:]
    assert 17.5 < vix.mean() < 21.5
    assert 16 < np.median(vix) < 19.5
    assert (vix <= 9.0).mean() < 0.02
    returns = np.diff(np.log(found["spot"][:, 252:]))
    assert 0.15 < returns.std() * 252**0.5 < 0.2
    assert np.corrcoef(returns.ravel(), np.diff(np.log(vix)).ravel())[0, 1] < -0.68


def innovations(sessions=400, seed=2):
    """Heavy-tailed rows that are not centred."""
    rng = np.random.default_rng(seed)
    common = rng.standard_t(5, (sessions, 1))
    return (common * [-0.9, 0.6, 0.5, 0.5] + 0.2 * rng.standard_normal((sessions, 4)) + 0.05).tolist()


def test_fhs_equals_its_twin():
    model = market.FHS(vix=24, block=6, innovations=innovations(), smile_state=market.SmileState.none())
    paths, steps, seed = 300, 50, 9
    twin = L3FTwin(model.spec())
    shocks = np.array(model.innovations)
    shocks[:, 0] -= shocks[:, 0].mean()
    variance, third = (shocks[:, 0] ** 2).mean(), (shocks[:, 0] ** 3).mean()
    row = np.floor(uniforms(seed, paths, 0, "bootstrap")[1] * len(shocks)).astype(int)
    x, ln_s = np.tile(twin.start(), (paths, 1)), np.full(paths, np.log(5000.0))
    drift = (0.04 - 0.013 + 0.05) * DELTA
    spot, vix, fresh = [ln_s], [twin.vix(x)], 0
    for step in range(1, steps + 1):
        restart, anywhere = uniforms(seed, paths, step, "bootstrap")
        starts = restart < 1 / 6
        row = np.where(starts, np.floor(anywhere * len(shocks)), (row + 1) % len(shocks)).astype(int)
        fresh += starts.sum()
        sd = twin.spot_sd(x)
        ln_s = ln_s + drift - variance * sd**2 / 2 - third * sd**3 / 6 + sd * shocks[row, 0]
        x = twin.m + np.exp(-twin.kp * DELTA) * (x - twin.m) + twin.s * DELTA**0.5 * shocks[row, 1:]
        spot.append(ln_s)
        vix.append(twin.vix(x))
    assert abs(fresh / (paths * steps) - 1 / 6) < 0.01
    found = model.simulate(paths, steps, seed=seed)
    np.testing.assert_allclose(np.log(found["spot"]), np.stack(spot, axis=1), rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["vix"], np.stack(vix, axis=1), rtol=1e-12)


def test_fhs_of_a_history_repeats_it():
    """One block from the first row on is the history: filter and recursion are inverses."""
    dates = sessions(date(2023, 1, 3), date(2024, 2, 28))
    days = np.arange(len(dates))
    closes = pl.DataFrame(
        {
            "date": dates,
            "spx": 4000 * np.exp(0.01 * np.sin(days) + 0.0005 * days),
            "vix": 18 + 6 * np.cos(days / 9),
        }
    )
    history = market.History(closes, rate=0.04, dividend_yield=0.013)
    state = market.filter(history)
    vix = closes["vix"].to_numpy()
    twin = L3FTwin(market.L3F(vix=float(vix[0])).spec())
    x = state.select("x0", "x1", "x2").to_numpy()
    np.testing.assert_allclose(twin.vix(x), vix, rtol=1e-12)
    np.testing.assert_allclose(x[0], twin.start(), atol=1e-12)
    g = state.select("g0", "g1", "g2").to_numpy()
    again = twin.m + np.exp(-twin.kp * DELTA) * (x[:-1] - twin.m) + twin.s * DELTA**0.5 * g[1:]
    np.testing.assert_allclose(again, x[1:], atol=1e-12)
    moved = np.diff(np.log(closes["spx"].to_numpy()))
    sd = twin.spot_sd(x[:-1])
    z = (moved - (0.04 - 0.013 + 0.05) * DELTA + sd**2 / 2 - 0.484277 * sd**3 / 6) / sd
    np.testing.assert_allclose(state["z"][1:].to_numpy(), z, atol=1e-6)
    assert market.FHS.of(history).innovations == tuple(state.select("z", "g0", "g1", "g2")[1:].rows())


def test_bates_equals_its_twin():
    model = market.Bates(variance=0.01, vol_of_variance=0.9, jump_rate=20.0)
    twin = L3FTwin({**model.spec(), "vix": 1.0})
    paths, steps, seed = 300, 40, 4
    s, gain = model.spec(), settled_gain(twin)
    kappa, theta, sigma, rho = (
        s[name] for name in ("reversion", "mean_variance", "vol_of_variance", "correlation")
    )
    jump = np.expm1(s["jump_mean"] + s["jump_sd"] ** 2 / 2)
    tau = 21 / 252
    slope = (1 - np.exp(-kappa * tau)) / (kappa * tau)

    def index(v):
        jumps = 2 * s["jump_rate"] * (jump - s["jump_mean"])
        return 100 * np.sqrt(theta + (v - theta) * slope + jumps)

    v, ln_s = np.full(paths, s["variance"]), np.full(paths, np.log(s["spot"]))
    twin.spec["vix"] = index(v)[0]
    x = np.tile(twin.start(), (paths, 1))
    spot, vix, curve, low = [ln_s], [index(v)], [twin.future(x, 0.1)], 0
    e = np.exp(-kappa * DELTA)
    lam = s["jump_rate"] * DELTA
    for step in range(1, steps + 1):
        (u, _), (n, n2) = uniforms(seed, paths, step), normals(seed, paths, step)
        m = theta + (v - theta) * e
        s2 = v * sigma**2 * e * (1 - e) / kappa + theta * sigma**2 * (1 - e) ** 2 / (2 * kappa)
        psi = s2 / m**2
        b2 = np.maximum(2 / psi - 1, 0)
        b2 = b2 + np.sqrt(2 / psi * b2)
        p = (psi - 1) / (psi + 1)
        with np.errstate(all="ignore"):
            tail = np.where(u <= p, 0.0, np.log((1 - p) / (1 - u)) * m / (1 - p))
        after = np.where(psi <= 1.5, m / (1 + b2) * (np.sqrt(b2) + n) ** 2, tail)
        low += (psi > 1.5).sum()
        k = kappa * rho / sigma - 0.5
        drift = (s["rate"] - s["dividend_yield"] + s["erp"] - s["jump_rate"] * jump) * DELTA
        ln_s = ln_s + drift - rho * kappa * theta * DELTA / sigma
        ln_s = ln_s + (DELTA / 2 * k - rho / sigma) * v + (DELTA / 2 * k + rho / sigma) * after
        ln_s = ln_s + np.sqrt((1 - rho**2) * DELTA / 2 * (v + after)) * n2
        chance, size = uniforms(seed, paths, step, "mixture")[0], normals(seed, paths, step, "mixture")[1]
        count = poisson.ppf(chance, lam)
        ln_s = ln_s + count * s["jump_mean"] + np.sqrt(count) * s["jump_sd"] * size
        v = after
        x = followed(twin, x, index(v), gain)
        spot.append(ln_s)
        vix.append(index(v))
        curve.append(twin.future(x, 0.1))
    assert low > 100  # both branches are drawn
    found = model.simulate(paths, steps, seed=seed, vx_days=[36.5])
    np.testing.assert_allclose(np.log(found["spot"]), np.stack(spot, axis=1), rtol=0, atol=1e-11)
    np.testing.assert_allclose(found["vix"], np.stack(vix, axis=1), rtol=1e-11)
    np.testing.assert_allclose(found["vx1"], np.stack(curve, axis=1), rtol=1e-10)


def test_the_oracle_of_bates_has_the_published_prices():
    """Heston: 40-digit prices of Lewis; the closed form is then trusted with jumps."""
    rows = pl.read_csv("tests/golden/heston_lewis.csv")
    assert len(rows) >= 7
    for row in rows.iter_rows(named=True):
        found = call_prices(
            [row["strike"]],
            row["t"],
            spot=row["spot"],
            rate=row["r"],
            dividend_yield=row["q"],
            variance=row["v0"],
            mean_variance=row["theta"],
            reversion=row["kappa"],
            vol_of_variance=row["vol_of_variance"],
            correlation=row["rho"],
        )[0]
        if row["type"] == "put":
            found += row["strike"] * np.exp(-row["r"] * row["t"]) - row["spot"] * np.exp(-row["q"] * row["t"])
        assert found == pytest.approx(row["value"], rel=1e-10, abs=1e-12)


LEWIS = {
    "spot": 100.0,
    "rate": 0.01,
    "dividend_yield": 0.02,
    "variance": 0.04,
    "mean_variance": 0.25,
    "reversion": 4.0,
    "vol_of_variance": 1.0,
    "correlation": -0.5,
    "jump_rate": 0.0,
}
JUMPS = {
    "spot": 100.0,
    "rate": 0.03,
    "dividend_yield": 0.01,
    "variance": 0.02,
    "mean_variance": 0.03,
    "reversion": 4.0,
    "vol_of_variance": 0.4,
    "correlation": -0.7,
    "jump_rate": 2.0,
    "jump_mean": -0.08,
    "jump_sd": 0.08,
}


@pytest.mark.parametrize("parameters", [LEWIS, JUMPS], ids=["Lewis", "Bates"])
def test_simulated_bates_prices_are_the_closed_form(parameters):
    """Calls over strikes and tenors: every z-score below 4, and together no bias."""
    paths, tenors = 25_000, (21, 126, 252)
    found = market.Bates(erp=0.0, **parameters).simulate(paths, max(tenors), seed=11)
    scores = []
    for tenor in tenors:
        years = tenor / 252
        strikes = np.array([80.0, 90.0, 100.0, 110.0, 120.0])
        expected = call_prices(strikes, years, **parameters)
        discount = np.exp(-parameters["rate"] * years)
        payoffs = discount * np.maximum(found["spot"][:, tenor, None] - strikes, 0.0)
        error = payoffs.std(axis=0) / paths**0.5
        scores.extend((payoffs.mean(axis=0) - expected) / np.maximum(error, 1e-6))
    assert np.abs(scores).max() < 4, np.round(scores, 1)
    assert np.abs(np.mean(scores)) < 2


def test_simulated_gbm_prices_are_black_scholes():
    """The other oracle, over the same grid: every z-score below 4."""
    paths, vol, rate = 25_000, 0.25, 0.03
    model = market.GBM(vol=vol, erp=0.0, spot=100.0, rate=rate, dividend_yield=0.01)
    found = model.simulate(paths, 252, seed=12)["spot"]
    strikes, scores = np.array([80.0, 90.0, 100.0, 110.0, 120.0]), []
    for tenor in (21, 126, 252):
        years = tenor / 252
        forward, sd = 100 * np.exp(0.02 * years), vol * years**0.5
        d = np.log(forward / strikes) / sd + sd / 2
        expected = np.exp(-rate * years) * (forward * norm.cdf(d) - strikes * norm.cdf(d - sd))
        payoffs = np.exp(-rate * years) * np.maximum(found[:, tenor, None] - strikes, 0.0)
        scores.extend((payoffs.mean(axis=0) - expected) / (payoffs.std(axis=0) / paths**0.5))
    assert np.abs(scores).max() < 4, np.round(scores, 1)


ALL = {
    "pdv4": market.PDV4(vix=22),
    "fhs": market.FHS(vix=22, innovations=innovations()),
    "bates": market.Bates(jump_rate=10.0),
}


@pytest.mark.parametrize("model", ALL.values(), ids=ALL)
def test_paths_do_not_depend_on_threads_chunks_or_warm_up(model):
    whole = model.simulate(600, 12, seed=3, warm_up=6, threads=1)
    other = model.simulate(600, 12, seed=3, warm_up=6, threads=2)
    tail = model.simulate(300, 12, seed=3, first_path=300)
    for name in ("spot", "vix"):
        np.testing.assert_array_equal(whole[name], other[name])
        np.testing.assert_array_equal(whole[name][300:, 6:], tail[name])
        assert np.isfinite(whole[name]).all()
        # The warm-up ends where the path begins, and is as rough.
        assert (whole[name][:, 0] == whole[name][:, 6]).all()
        assert np.diff(np.log(whole[name][:, :7])).std() > 0.003


@pytest.mark.parametrize("model", ALL.values(), ids=ALL)
def test_openings_split_the_session(model):
    """Night .45 and day .55 of the variance of ln S, next to nothing between them."""
    paths = 40_000
    text = model._json()
    ln_s, x0, *_, quotation = _core.market_openings(text, 0, paths, 1, seed=6)
    closes = model.simulate(paths, 1, seed=6)
    start, end = np.log(closes["spot"]).T
    night, day = ln_s[:, 0] - start, end - ln_s[:, 0]
    total = (end - start).var()
    assert night.var() / total == pytest.approx(0.45, abs=0.05)
    assert day.var() / total == pytest.approx(0.55, abs=0.05)
    assert abs(np.corrcoef(night, day)[0, 1]) < 0.05
    assert np.corrcoef(night, x0[:, 0])[0, 1] < -0.3
    assert np.log(quotation).std() == pytest.approx(0.02, rel=0.03)
    late = _core.market_openings(text, 1000, 50, 1, seed=6)
    np.testing.assert_array_equal(late[0], ln_s[1000:1050])


@pytest.mark.parametrize("model", ALL.values(), ids=ALL)
def test_a_discounted_index_is_a_martingale_without_a_premium(model):
    """Of FHS with rows on their own: in blocks, returns depend on the volatility before as the rows did."""
    fair = model.model_copy(update={"erp": 0.0, "block": 1.0} if model.model == "fhs" else {"erp": 0.0})
    found = fair.simulate(40_000, 63, seed=8)
    growth = found["spot"][:, -1] / found["spot"][:, 0] * np.exp(-(0.04 - 0.013) * 63 / 252)
    assert abs(growth.mean() - 1) < 4 * growth.std() / 200


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: market.PDV4(vix=8.9), "vix = 8.9: must lie between 9.00 and 150"),
        (lambda: market.PDV4(path=market.PathVolatility(trend=0.1)), "path.trend = 0.1: must lie between -1"),
        (
            lambda: market.PDV4(path=market.PathVolatility(trend_decay=(1, 0))),
            "path.trend_decay[1] = 0: must be above 0",
        ),
        (
            lambda: market.PDV4(path=market.PathVolatility(lowest_vix=6)),
            "path.lowest_vix = 6: must be above 6",
        ),
        (lambda: market.PDV4(path=market.PathVolatility(residual_keep=1)), "path.residual_keep = 1"),
        (lambda: market.FHS(innovations=[(0, 0, 0, 0)] * 3), "innovations: 3 rows: at least 20 sessions"),
        (
            lambda: market.FHS(innovations=[(0, 0, 0, 0)] * 20 + [(0, 99, 0, 0)]),
            "innovations[20][1] = 99: must lie between -50 and 50",
        ),
        (lambda: market.FHS(innovations=innovations(), block=0.5), "block = 0.5: must be at least 1"),
        (lambda: market.Bates(correlation=-1), "correlation = -1: must lie between"),
        (lambda: market.Bates(jump_rate=99), "jump_rate = 99: must lie between 0 and 50"),
        (lambda: market.Bates(mean_variance=0.001, jump_rate=0), "VIX reaches 1.22 where variance is 0"),
    ],
)
def test_parameters_are_refused_by_name(build, words):
    with pytest.raises(AlvhError, match=r"=|:") as caught:
        build()
    assert words in str(caught.value)


def test_unknown_parameters_are_refused():
    with pytest.raises(SpecError, match="blok"):
        market.FHS(innovations=innovations(), blok=3)
    with pytest.raises(SpecError, match="path"):
        market.PDV4(path={"caps": 1.0})


@pytest.mark.parametrize(
    "wrong",
    [
        {"curve": {"flor": 5}},
        {"curve": {"floor": "5"}},
        {"curve": 3},
        {"dynamics": {"overnight_share": True}},
        {"dynamics": None, "curve": {"flor": 5}},
    ],
)
def test_the_parameters_of_a_filter_are_named_as_those_of_a_market(wrong):
    """What the history is filtered with is read before there is a market."""
    with pytest.raises(SpecError) as ours:
        market.FHS.of(market.History.bundled(), **wrong)
    with pytest.raises(SpecError) as theirs:
        market.L3F(**wrong)
    assert str(ours.value).removeprefix("FHS: ") == str(theirs.value).removeprefix("L3F: ")


def test_a_filter_takes_tables_of_parameters():
    ours, theirs = (market.FHS.of(market.History.bundled(), curve=given) for given in ({}, market.Curve()))
    assert ours == theirs


def test_the_page_lists_every_parameter_of_their_own():
    spec = {name: model.spec() for name, model in ALL.items()}
    common = set(market.L3F().spec())
    own = {f"path.{name}": value for name, value in market.PDV4().spec()["path"].items()}
    own["dynamics.realised_share"] = market.PDV4().dynamics.realised_share
    own["fhs.block"] = spec["fhs"]["block"]
    own |= {f"bates.{name}": value for name, value in market.Bates().spec().items() if name not in common}
    printed = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in own.items()
    }
    pages = [f"docs/models/{name}.md" for name in ("pdv4", "fhs", "bates")]
    rows = [row for page in pages for row in markdown_pages.table(page, "parameter")]
    documented = {name: default for name, default, _ in rows}
    assert documented == printed


def test_any_text_is_written_as_toml_reads_it():
    texts = {"path": "indices \U0001f4c8 é \x7f\n.csv", "table": {"each": ["\x7f", "\U0001f4c8"]}}
    assert market_file.parse(market_file.write("replay", texts), "here") == ("replay", texts)


@pytest.mark.parametrize("model", [market.L3F(vix=20), WILD, ALL["bates"], market.GBM()], ids=repr)
def test_toml_round_trip(model):
    assert market.from_toml(model.to_toml()) == model


def test_fhs_names_its_file_and_knows_its_content(tmp_path):
    rng = np.random.default_rng(3)
    dates = sessions(date(2023, 1, 3), date(2023, 6, 30))
    frame = pl.DataFrame({"day": dates}).with_columns(
        spx=pl.Series(4000 * np.exp(np.cumsum(0.01 * rng.standard_normal(len(dates))))),
        vix=pl.Series(18 + 3 * rng.random(len(dates))),
    )
    path = tmp_path / "closes.csv"
    frame.write_csv(path)
    closes = market.Closes(path=str(path), rate=0.03, dividend_yield=0.015, columns={"date": "day"})
    model = market.FHS.of(closes, vix=20, curve=market.Curve(floor=5.0))
    text = model.to_toml()
    assert "innovations" not in text
    assert market.from_toml(text) == model
    # Curve and dynamics take part in the filter, whether they are given as objects or as tables.
    assert model.innovations != market.FHS.of(closes, vix=20).innovations
    with pytest.raises(SpecError, match="history: TOML names the file"):
        ALL["fhs"].to_toml()
    # A comparison says which file that is, and what it cannot say; also where there is none.
    options = {"paths": 8, "sessions": 5, "shares": [0.10], "surface_band": 0}
    ran = alvh.compare([alvh.preset("plain")], model, **options)
    facts = ran.manifest["facts"]
    assert (facts["history"], facts["source"]) == (closes.read().data_hash, f"FHS of {path}")
    assert "one path and not a sample" in ran.limits[0]
    assert not ran.replayed
    assert not any("No file is known" in each for each in ran.limits)
    nameless = alvh.compare([alvh.preset("plain")], ALL["fhs"], **options)
    assert nameless.manifest["facts"]["history"] is None
    assert any("No file is known of the innovations" in each for each in nameless.limits)
    frame.with_columns(vix=pl.col("vix") + 1).write_csv(path)
    with pytest.raises(SpecError, match="its content has changed"):
        market.from_toml(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("schema = 2", "schema = 2: this version reads schema = 1"),
        ("schema = 1", "model: name one"),
        ('schema = 1\nmodel = "pdv5"', "model = 'pdv5'"),
        ('schema = 1\nmodel = "pdv4"\n[path]\ncaps = 1.0', "mine.toml, line 4: PDV4: path.caps: unknown key"),
        ('schema = 1\nmodel = "fhs"', "history: name the file"),
        (
            'schema = 1\nmodel = "fhs"\ncurve = 5\n[history]\npath = "x.csv"',
            "mine.toml, line 3: FHS: curve = 5: Input should be a valid dictionary",
        ),
        (
            'schema = 1\nmodel = "fhs"\ninnovations = []\n[history]\npath = "x.csv"',
            "innovations are those of",
        ),
        ("schema = ", "not TOML"),
        ("# mine\nschema = 2", "mine.toml, line 2: schema = 2"),
        ('schema = 1\nmodel = "pdv5"', "mine.toml, line 2: model"),
        ('schema = 1\nmodel = "gbm"\n\nvol = -1', "mine.toml, line 4: GBM: vol = -1"),
        ('schema = 1\nmodel = "pdv4"\n[path]\nlevel = 0.1\ncaps = 1.0', "mine.toml, line 5: PDV4: path"),
        ('schema = 1\nmodel = "pdv4"\n[path]\n\ncap = -1.0', "mine.toml, line 5: PDV4: path.cap = -1"),
        ('schema = 1\nmodel = "fhs"\n[history]\npth = "x.csv"', "mine.toml, line 4: Closes: pth"),
    ],
)
def test_mistakes_in_toml_are_named(text, words):
    with pytest.raises(SpecError) as caught:
        market.from_toml(text, "mine.toml")
    assert words in str(caught.value)


def test_a_vix_that_bates_cannot_have_is_named():
    for vix in (5.0, 300.0, float("nan")):
        with pytest.raises(SpecError, match=rf"vix = {vix}: 8\.92 to 184\.65 with these parameters"):
            market.Bates.at_vix(vix)
    with pytest.raises(SpecError, match="variance: follows from vix"):
        market.Bates.at_vix(20.0, variance=0.04)


@pytest.mark.parametrize("model", ALL.values(), ids=ALL)
def test_a_comparison_runs_on_every_model(model):
    """The same figures for any cut into chunks: what a model remembers is drawn with its path."""
    arms = [alvh.preset("plain"), alvh.preset("alvh_0")]
    options = {"paths": 300, "sessions": 42, "shares": [0.10], "surface_band": 0}
    whole = alvh.compare(arms, model, **options)
    parts = alvh.compare(arms, model, **options, chunk=128, threads=2)
    assert whole.summary().equals(parts.summary())


def compare(*options):
    quick = ("--arm=plain", "--paths=32", "--sessions=21", "--shares=0.1", "--surface-band=0", "--json")
    return cli.app(["compare", *quick, *options], prog_name="alvh", standalone_mode=False)


def test_the_command_compares_on_every_model(tmp_path, capsys):
    file = tmp_path / "mine.toml"
    file.write_text(market.PDV4(vix=25).to_toml(), encoding="utf-8")
    seen = set()
    for options in (("pdv4",), ("fhs", "--bundled"), (str(file),)):
        compare("--model", *options)
        seen.add(capsys.readouterr().out)
    assert len(seen) == 3
    for options, words in (
        (("fhs",), "give --history FILE or --bundled"),
        (("heston",), "l3f, pdv4, fhs, bates, gbm or a TOML file"),
        ((str(file), "--vix=20"), "--vix changes nothing here: the file of --model says it"),
        (("pdv4", "--bundled"), "--model changes nothing here: a history is replayed"),
        ((str(tmp_path / "none.toml"),), "cannot be read"),
    ):
        with pytest.raises(SpecError, match=words):
            compare("--model", *options)
