"""Draws that shrink the error: the same law of paths, as `alvh.draws` and the models have it."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import qmc
from scipy.stats.distributions import norm

import alvh as av
from alvh.draws import Antithetic, Importance, Sobol, effective_sample_size, standard_error
from alvh.errors import AlvhError, SpecError
from alvh.market import GBM, L3F, History
from benches.draws import shortfall

RANDOMISATIONS = 16
POINTS = 1024


def payoff(normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a smooth figure of a standard normal with mean 1."""
    return np.exp(0.5 * normals - 0.125)


def one_session(seed: int) -> NDArray[np.float64]:
    """Return the normals of one session of GBM on Sobol points, recovered from its closes."""
    model = GBM(vol=0.16, rate=0.0, dividend_yield=0.0, erp=0.0)
    closes = model.simulate(RANDOMISATIONS * POINTS, 1, seed=seed, draws=Sobol(points=POINTS))["spot"][:, 1]
    sd = 0.16 / 252**0.5
    return (np.log(closes / 5000.0) + 0.5 * sd * sd) / sd


def test_scrambled_points_are_as_even_as_those_of_scipy() -> None:
    """One point in each cell of every randomisation, and the error of SciPy's Owen scramble."""
    normals = one_session(seed=3).reshape(RANDOMISATIONS, POINTS)
    cells = np.sort(np.floor(norm.cdf(normals) * POINTS).astype(int), axis=1)
    assert (cells == np.arange(POINTS)).all()
    assert len({tuple(row) for row in normals.round(9).tolist()}) == RANDOMISATIONS  # scrambles differ
    ours = payoff(normals).mean(axis=1)
    scipys = [qmc.Sobol(1, scramble=True, rng=np.random.default_rng(k)) for k in range(RANDOMISATIONS)]
    theirs = [payoff(norm.ppf(each.random(POINTS)[:, 0])).mean() for each in scipys]
    assert 1 / 4 < ours.std(ddof=1) / np.std(theirs, ddof=1) < 4
    assert abs(ours.mean() - 1) < 5 * standard_error(payoff(normals), POINTS)


def test_names_stand_for_defaults() -> None:
    """A name and its description draw the same bits."""
    for name, described in (("antithetic", Antithetic()), ("sobol", Sobol()), ("importance", Importance())):
        by_name, by_value = (L3F().simulate(8, 5, seed=1, draws=draws) for draws in (name, described))
        assert (by_name["spot"] == by_value["spot"]).all()
        assert ("weight" in by_name) == (name == "importance")
    plain = L3F().simulate(8, 5, seed=1)
    assert (plain["spot"] == L3F().simulate(8, 5, seed=1, draws="plain")["spot"]).all()
    assert not (plain["spot"] == L3F().simulate(8, 5, seed=1, draws="sobol")["spot"]).all()


def test_importance_says_how_many_paths_it_is_worth() -> None:
    """A crash is met by many more paths, and those are worth several times the plain ones."""
    found = L3F().simulate(8192, 21, seed=2, draws=Importance())
    weight = found["weight"]
    crash = found["spot"][:, -1] < 0.85 * found["spot"][:, 0]
    assert weight.shape == (8192,)
    assert abs(weight.mean() - 1) < 4 * weight.std() / 8192**0.5
    plain = L3F().simulate(8192, 21, seed=2)["spot"]
    met = (plain[:, -1] < 0.85 * plain[:, 0]).sum()
    assert 3 * met < effective_sample_size(weight[crash]) <= crash.sum()
    assert effective_sample_size(weight) <= 8192


def test_what_cannot_be_arranged_is_refused() -> None:
    """A wrong name, points that are no power of two, a history, a comparison."""
    with pytest.raises(SpecError, match=r"draws = 'halton': plain, antithetic"):
        L3F().simulate(2, 2, draws="halton")  # type: ignore[arg-type]
    with pytest.raises(AlvhError, match=r"draws.points = 1000: must be a power of two"):
        L3F().simulate(2, 2, draws=Sobol(points=1000))
    with pytest.raises(SpecError, match=r"defensive"):
        Importance(defensive=0.0)
    arm = av.Arm("plain", av.IronCondor(days=45, short_delta=0.16, width=0.01))
    with pytest.raises(SpecError, match=r"draws = 'sobol': a comparison counts independent paths"):
        av.compare([arm], L3F(), paths=16, draws="sobol")
    assert not hasattr(History, "simulate")


def test_expected_shortfall_splits_the_path_at_the_edge() -> None:
    """The estimate behind the table of gains: 1% of 150 paths is one and a half of them."""
    loss = np.arange(150.0)
    assert shortfall(loss, np.ones(150)) == pytest.approx((149 + 0.5 * 148) / 1.5)
    halves = np.concatenate([np.full(75, 1.5), np.full(75, 0.5)])
    assert shortfall(loss, halves) == pytest.approx((149 + 148 + 147) / 3)


def test_standard_errors_want_whole_groups() -> None:
    """Sixteen groups or more, each of them whole; weights that are none."""
    assert standard_error(np.repeat(np.arange(16.0), 4), 4) == pytest.approx(np.arange(16.0).std(ddof=1) / 4)
    with pytest.raises(SpecError, match="run a multiple of points = 4"):
        standard_error(np.zeros(66), 4)
    with pytest.raises(SpecError, match="figure has 15 groups of 4 paths: run 16 or more"):
        standard_error(np.zeros(60), 4)
    with pytest.raises(SpecError, match="weight has nan"):
        effective_sample_size([1.0, float("nan")])
    assert effective_sample_size([0.0, 0.0]) == 0.0
