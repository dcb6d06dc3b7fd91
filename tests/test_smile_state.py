"""The daily state of the SPX surface and its shift: what moves, what does not, and the engine's twin."""

import numpy as np
import pytest
from scipy import stats

import alvh as av
import engine_spec
from agreement import agree
from alvh import _core
from alvh.errors import SpecError
from alvh.market import GBM, L3F, SmileState
from twin_surface import State, Surface

STRONG = SmileState(
    level_sd=0.1,
    level_half_life=3,
    skew_sd=0.15,
    skew_half_life=8,
    curvature_sd=0.3,
    curvature_half_life=5,
    correlation=(-0.3, 0.2, 0.4),
)


def test_paths_are_the_same_bits_with_and_without():
    asked = {"paths": 300, "sessions": 20, "seed": 3, "warm_up": 12, "vx_days": [30, 120]}
    plain = L3F(smile_state=SmileState.none()).simulate(**asked)
    for model in (L3F(), L3F(smile_state=STRONG, surface_shift=2.0)):
        for name, values in model.simulate(**asked).items():
            np.testing.assert_array_equal(values, plain[name])


def test_no_state_is_the_template():
    """Standard deviations of 0 give what the quotes of the start say, bit by bit, in the engine too."""
    states = L3F(smile_state=SmileState.none()).smile_states(300, 5, seed=1)
    assert all(not values.any() for values in states.values())
    tiny = SmileState(level_sd=1e-13, skew_sd=1e-13, curvature_sd=1e-13)
    figures = [
        av.compare(
            [av.preset("plain")], L3F(smile_state=state), paths=64, sessions=63, shares=[0.1], surface_band=0
        )
        .paths()
        .collect()
        for state in (SmileState.none(), tiny)
    ]
    np.testing.assert_allclose(figures[0]["nav"], figures[1]["nav"], rtol=1e-9)


def test_the_states_have_the_described_law():
    found = L3F(smile_state=STRONG).smile_states(40_000, 8, seed=2)
    table = np.stack([found[name] for name in ("level", "skew", "curvature")])
    error = 4 * (2 / 40_000) ** 0.5
    for session in (0, 8):
        np.testing.assert_allclose(table[:, :, session].std(axis=1), (0.1, 0.15, 0.3), rtol=error)
        correlation = np.corrcoef(table[:, :, session])
        np.testing.assert_allclose(correlation[np.triu_indices(3, 1)], STRONG.correlation, atol=error)
    kept = [np.corrcoef(each[:, 0], each[:, 8])[0, 1] for each in table]
    np.testing.assert_allclose(kept, [0.5 ** (8 / life) for life in (3, 8, 5)], atol=error)


def test_states_are_functions_of_seed_and_path():
    model = L3F()
    whole = model.smile_states(600, 3, seed=5, first_path=10)
    late = model.smile_states(500, 3, seed=5, first_path=110)
    for name, values in late.items():
        np.testing.assert_array_equal(whole[name][100:], values)
        assert not np.array_equal(model.smile_states(500, 3, seed=6, first_path=110)[name], values)


@pytest.mark.parametrize("state", [(0.0, 0.0, 0.0), (0.08, 0.0, 0.0), (0.0, 0.2, 0.0), (-0.05, -0.3, 0.4)])
@pytest.mark.parametrize("shift", [0.0, 1.5, -5.0])
def test_quotes_equal_their_twin(state, shift):
    model = L3F(vix=19, surface_shift=shift)
    strikes, tenors = np.array([4300.0, 4900.0, 5000.0, 5300.0]), (0.45, 5.0, 32.0, 126.0)
    level, skew, curvature = state
    twin = Surface(model.spec())
    x = tuple(start_factors(19.0))
    for n in tenors:
        found = model.quotes(strikes, n, "P", level=level, skew=skew, curvature=curvature)
        smile = twin.smile(State(5000.0, x, 0.04, 0.013, state), n)
        k = np.log(strikes / found.forward)
        z = k / np.sqrt(smile.theta)
        inner = np.sqrt((smile.zeta * z + smile.rho) ** 2 + 1 - smile.rho**2)
        vol = np.sqrt(smile.theta / 2 * (1 + smile.rho * smile.zeta * z + inner) * 252 / n)
        np.testing.assert_allclose(found.implied_vol, vol, rtol=1e-10)


def start_factors(vix: float) -> np.ndarray:
    """Mean of the factors given VIX under their stationary law."""
    s, k = np.array([1.03, 0.83, 0.33]), np.array([20, 2.5, 0.6])
    rho = np.array([[1, 0.19, 0.43], [0.19, 1, 0.04], [0.43, 0.04, 1]])
    stationary = np.outer(s, s) * rho / np.add.outer(k, k)
    m = np.array([-0.03, -0.24, 0.10])
    return m + stationary.sum(axis=1) / stationary.sum() * (np.log(vix - 6) - 2.635 - m.sum())


def test_engine_and_twin_agree_on_a_strong_state_and_a_shift():
    """Every ledger figure to 1e-9, attribution by buckets included, on surfaces that move by themselves."""
    for market in (
        L3F(vix=22, smile_state=STRONG, surface_shift=1.0),
        GBM(vol=0.2, surface_shift=-1.0),
    ):
        spec = engine_spec.spec(
            [av.preset("alvh_0"), av.preset("plain")], market, sessions=60, shares=(0.35,)
        )
        for path in (0, 7):
            for book in (0, 1):
                agree(spec, path, book)


def test_the_state_is_found_in_the_buckets_of_level_and_smile():
    def spread(state: SmileState) -> list[float]:
        result = av.compare(
            [av.preset("plain")], L3F(smile_state=state), paths=256, sessions=63, shares=[0.1], surface_band=0
        )
        frame = result.paths().collect()
        return [float(frame[bucket].std()) for bucket in ("level", "smile")]

    (level, smile), (level_of_vix, smile_of_template) = spread(STRONG), spread(SmileState.none())
    assert level > 1.2 * level_of_vix  # which moves by itself
    assert smile > 5 * smile_of_template


@pytest.mark.parametrize(("sessions", "width"), [(5, 25), (32, 50)])
def test_mean_credits_stay(sessions, width):
    """The states average out: the mean 16-delta condor credit is that of the template within 2% (C1)."""
    model = L3F(vix=17)
    states = model.smile_states(200, 0, seed=8)
    strikes = np.arange(4000.0, 5800.0, 5.0)

    def credit(**state: float) -> float:
        puts, calls = (model.quotes(strikes, sessions, right, **state) for right in "PC")
        sd = puts.implied_vol * (sessions / 252) ** 0.5
        delta = stats.norm.cdf(np.log(puts.forward / strikes) / sd + sd / 2)
        put, call = np.abs(1 - delta - 0.16).argmin(), np.abs(delta - 0.16).argmin()
        wing = width // 5
        return float(puts.price[put] - puts.price[put - wing] + calls.price[call] - calls.price[call + wing])

    days = zip(*(states[name][:, 0] for name in ("level", "skew", "curvature")), strict=True)
    paid = [credit(level=level, skew=skew, curvature=curvature) for level, skew, curvature in days]
    assert np.mean(paid) == pytest.approx(credit(), rel=0.02)
    assert np.std(paid) / np.mean(paid) > 0.01


def test_mistakes_are_named():
    for wrong, words in (
        (lambda: L3F(smile_state=SmileState(level_sd=-0.1)), r"smile_state\.level_sd = -0\.1"),
        (lambda: L3F(smile_state=SmileState(skew_half_life=0)), r"smile_state\.skew_half_life = 0"),
        (lambda: SmileState(slope_sd=0.1), "slope_sd"),
        (lambda: L3F(surface_shift=-6), r"surface_shift = -6: must lie between -5 and 5"),
        (lambda: GBM(surface_shift=float("nan")), "surface_shift"),
    ):
        with pytest.raises(SpecError, match=words):
            wrong()
    with pytest.raises(_core.AlvhError, match="a flat surface has no level"):
        GBM().quotes(5000, 21, skew=0.1)
    with pytest.raises(_core.AlvhError, match="first_path"):
        L3F().smile_states(1, 1, first_path=2**48)
    with pytest.raises(_core.AlvhError, match=r"smile_state\.correlation"):
        _core.market_spec('{"model": "l3f", "smile_state": {"correlation": [0.9, 0.9, -0.9]}}')


def test_descriptions_round_trip():
    model = L3F(smile_state=STRONG, surface_shift=-0.5)
    assert L3F.model_validate_json(_core.market_spec(model.model_dump_json())) == model
