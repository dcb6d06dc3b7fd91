"""The re-estimation of the dynamics: it finds parameters that are known."""

import numpy as np
import pytest

import markdown_pages
from alvh.errors import SpecError
from alvh.market import L3F, Dynamics, from_toml
from alvh.validation import Panel, known_misses, validate
from estimation import parameters
from estimation.moments import IMPOSSIBLE, MATCHED, Moments
from estimation.search import fit


def test_a_vector_is_a_market_and_back():
    dynamics = Dynamics(reversion=(15.0, 2.0, 0.3), wild_probability=0.02, wild_variance=6.0)
    again = parameters.market(parameters.vector(dynamics)).dynamics
    np.testing.assert_allclose(
        np.concatenate(np.atleast_1d(*again.model_dump().values()), axis=None),
        np.concatenate(np.atleast_1d(*dynamics.model_dump().values()), axis=None),
        rtol=1e-12,
    )


def test_what_is_no_market_is_far_from_every_fact():
    x = parameters.vector(Dynamics())
    x[parameters.NAMES.index("wild_probability")] = np.log(0.9)
    with pytest.raises(SpecError):
        L3F(dynamics=Dynamics(wild_probability=0.9))
    assert parameters.market(x) is None
    panel = Panel(*(L3F().simulate(1, 600, seed=1)[name] for name in ("spot", "vix")))
    assert (Moments(panel, 4, seed=2).deviations(None) == IMPOSSIBLE).all()


def test_the_search_finds_what_a_scan_finds():
    """Of the share of volatility, on a path of a market with another one; the rest stays."""
    truth = L3F(dynamics=Dynamics(realised_share=0.95))
    found = truth.simulate(1, 6 * 252, seed=5)
    moments = Moments(Panel(found["spot"], found["vix"]), 4, seed=6)
    fitted = fit(moments, ("realised_share",), evaluations=5)
    shares = np.linspace(0.75, 1.05, 9)
    markets = [L3F(dynamics=Dynamics(realised_share=share)) for share in shares]
    scanned = [(moments.deviations(each) ** 2).sum() for each in markets]
    assert 0.75 < shares[np.argmin(scanned)] < 1.05
    assert (moments.deviations(fitted) ** 2).sum() < 1.02 * min(scanned)
    assert abs(fitted.dynamics.realised_share - shares[np.argmin(scanned)]) < 0.05
    moved = parameters.vector(fitted.dynamics) - parameters.vector(Dynamics())
    assert [parameters.NAMES[i] for i in np.flatnonzero(np.abs(moved) > 1e-12)] == ["realised_share"]
    assert len(moments.recorded) == len(MATCHED)


def candidate():
    path = markdown_pages.ROOT / "scripts" / "estimation" / "candidate.toml"
    return from_toml(path.read_text(encoding="utf-8"))


def test_the_page_has_the_candidate_s_parameters():
    rows = markdown_pages.table("docs/validation.md", "parameter | default | candidate")
    for name, *cells in rows:
        for cell, model in zip(cells, (L3F(), candidate()), strict=True):
            shown = [float(number) for number in cell.split(", ")]
            np.testing.assert_array_equal(shown, np.atleast_1d(getattr(model.dynamics, name)), err_msg=name)
    changed = {name for name, *_ in rows}
    assert candidate().dynamics.model_dump(exclude=changed) == Dynamics().model_dump(exclude=changed)


@pytest.mark.slow
def test_the_candidate_misses_three_facts_less():
    found = validate(candidate())  # whose misses are plain ones: the known are those of the defaults
    missed = set(found.misses()["fact"])
    assert missed < set(known_misses("l3f"))
    gone = set(known_misses("l3f")) - missed
    assert gone == {"vix_jumps", "ln_vix_acf_21", "ln_vix_acf_63"}
    figures = dict(found.table().select("fact", "value").iter_rows())
    for name, _, shown, _ in markdown_pages.table("docs/validation.md", "fact | default | candidate"):
        assert float(shown) == pytest.approx(figures[name], rel=6e-3), name
