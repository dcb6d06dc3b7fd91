"""Hedged books in the engine: bits, identities, ledgers, budgets, calls; their figures have a twin beside."""

from typing import Any

import numpy as np
import pytest

import alvh as av
import engine_spec
from alvh import market
from alvh.playbook import Arm, Buy, Layer, Ledgers, Sleeve
from test_engine import bits, columns, plan

PLAIN = av.preset("plain")
HEDGED = [av.preset(name) for name in ("alvh_0", "alvh_0_commingled", "always_on", "random_timing")]
STORMY = market.L3F(vix=32, erp=0.0)


def futures(
    lots: float, *, name: str = "futures", sleeve: float = 0.02, product: str = "VX", **more: Any
) -> Arm:
    """The plain condor and so many VX at all times."""
    layer = Layer(
        name="futures",
        buy=Buy(kind="future", product=product, days=(28, 63), every="flat"),
        size={"target": "lots", "value": lots},
        **more,
    )
    return PLAIN.replace(name=name, layers=[layer], sleeve=Sleeve(share=sleeve))


def figures(arms: list[Arm], model: Any = STORMY, paths: int = 256, **options: Any) -> dict[str, np.ndarray]:
    return columns(engine_spec.spec(arms, model, **{"sessions": 84, **options}), paths)


def test_threads_cuts_and_neighbours_do_not_change_a_bit() -> None:
    spec = engine_spec.spec([PLAIN, *HEDGED], STORMY, sessions=63, shares=(0.1, 0.5))
    compiled = plan(spec)
    whole = compiled.run(0, 520, threads=1)
    assert bits(compiled.run(0, 520, threads=2)) == bits(whole)
    books = len(compiled.books)
    parts = [compiled.run(first, count) for first, count in ((0, 100), (100, 420))]
    for name, values in whole.items():
        assert np.concatenate([part[name] for part in parts]).tobytes() == values.tobytes(), name
    for index, arm in enumerate(HEDGED, start=1):
        alone = plan(engine_spec.spec([arm], STORMY, sessions=63, shares=(0.1, 0.5))).run(0, 520)
        for name, values in whole.items():
            beside = values.reshape(520, books)[:, [index, index + 1 + len(HEDGED)]]
            assert np.ascontiguousarray(beside).tobytes() == alone[name].tobytes(), (arm.name, name)


def test_every_dollar_is_in_a_bucket_and_in_a_layer() -> None:
    found = figures([PLAIN, *HEDGED, futures(3)])
    assert found["identity_error"].max() < 1e-12
    earned = found["nav"] - 1e6 - found["interest"]
    layers = sum(found[f"layer_pnl_{k}"] for k in range(10))
    assert np.abs(found["core_pnl"] + found["hedge_pnl"] - earned).max() < 1e-4
    assert np.abs(layers - earned).max() < 1e-4
    assert np.abs(found["layer_pnl_0"] - found["core_pnl"]).max() < 1e-4
    assert not found["hedge_pnl"][:, 0].any()
    assert np.isnan(found["coverage_achieved"][:, 0]).all()
    assert (found["hedge_trading"] <= 0).all()


def test_a_market_without_vol_of_vol_has_nothing_to_offset() -> None:
    found = figures([HEDGED[0], HEDGED[2]], market.GBM(vol=0.2))
    assert not found["layer_pnl_1"].any()
    assert np.isnan(found["coverage_wanted"]).all()


def test_a_ring_fence_changes_nothing_where_nobody_touches_it() -> None:
    """R62: with funds for everything the two modes are one book."""
    found = figures([HEDGED[0], HEDGED[1]], market.L3F(vix=16))
    quiet = (found["bound_funds"].sum(axis=1) + found["calls"].sum(axis=1)) == 0
    assert quiet.mean() > 0.9
    same = set(found) - {"sleeve_nav", "sleeve_calls", "identity_error"}
    for name in same:
        separate, commingled = found[name][quiet].T
        np.testing.assert_allclose(separate, commingled, rtol=1e-9, atol=1e-6, err_msg=name)
    assert np.isfinite(found["sleeve_nav"][:, 0]).all()
    assert np.isnan(found["sleeve_nav"][:, 1]).all()


def test_a_small_sleeve_binds_and_one_ledger_does_not() -> None:
    poor = HEDGED[2].replace(
        name="poor", layers=HEDGED[2].layers[1:], sleeve=Ledgers(mode="separate", sleeve={"share": 0.002})
    )
    found = figures([poor, poor.commingled()], market.L3F(vix=16))
    assert found["bound_funds"][:, 0].mean() > 1
    assert not found["bound_funds"][:, 1].any()
    assert found["coverage_achieved"][:, 0].mean() < 0.5 * found["coverage_achieved"][:, 1].mean()


def test_the_sleeve_is_called_and_the_core_goes_on() -> None:
    """R63: losses of the futures call the sleeve alone, and the core trades as if there were none."""
    size = av.Size(target="lots", value=1)
    fixed, hedged = (arm.replace(name=arm.name, size=size) for arm in (PLAIN, futures(2)))
    spec = engine_spec.spec([fixed, hedged], market.L3F(vix=45, erp=0.05), sessions=84)
    reserved = columns(spec, 256)
    assert reserved["sleeve_calls"].sum() < 0.05 * 256  # R64: funds for a bad day are kept
    spec["contracts"]["VX"]["stress"] = 0.0
    found = columns(spec, 256)
    called = found["sleeve_calls"][:, 1] > 0
    assert 0.02 < called.mean() < 0.98
    np.testing.assert_array_equal(found["calls"][:, 1], found["sleeve_calls"][:, 1])
    assert found["forced"][:, 1].sum() > 0
    assert not found["contagion"].any()
    np.testing.assert_array_equal(found["opened"][:, 0], found["opened"][:, 1])
    np.testing.assert_allclose(found["core_pnl"][:, 0], found["core_pnl"][:, 1], rtol=1e-9)


def test_futures_cost_their_roll_and_tie_up_margin() -> None:
    """A long VX in a calm market: no premium, margin while it is held, a loss on average (C22)."""
    found = figures([futures(1, sleeve=0.10, name="vx")], market.L3F(vix=14), paths=2048)
    assert not found["premium_paid"].any()
    assert (found["peak_requirement"] > 0.5 * 14 * 1000).all()
    mean, error = found["hedge_pnl"].mean(), found["hedge_pnl"].std() / np.sqrt(2048)
    assert mean + 3 * error < 0


def test_minis_are_a_tenth() -> None:
    found = figures(
        [futures(1, name="vx"), futures(10, name="vxm", product="VXM")], av.market.L3F(vix=16), sessions=21
    )
    vx, minis = (found["hedge_pnl"] - found["hedge_trading"]).T
    np.testing.assert_allclose(vx, minis, rtol=1e-9, atol=1e-6)


def test_the_budget_is_a_cap() -> None:
    """R61: committed within a year never exceeds the budget of the NAV at that moment."""
    spec = engine_spec.spec([HEDGED[0]], STORMY, sessions=126)
    compiled = plan(spec)
    found = compiled.run(0, 256)
    peak = compiled.series(0, 256, 0)["nav"].max(axis=1)
    # A NAV of the series is after the fills of its tick, the one that counts before them.
    paid = -(found["fills"] + found["fees"])
    assert (found["expected_cost"] <= 0.015 * (peak + paid) + 1e-6).all()
    assert found["bound_budget"].sum() > 0


def test_series_end_where_the_row_does() -> None:
    compiled = plan(engine_spec.spec([PLAIN, HEDGED[0]], STORMY, sessions=42))
    rows, series = compiled.run(0, 300), compiled.series(0, 300, 1)
    assert series["nav"].shape == (300, 43)
    assert series["nav"][:, -1].tobytes() == rows["nav"].reshape(300, 2)[:, 1].copy().tobytes()
    np.testing.assert_allclose(series["hedge"][:, -1], rows["hedge_pnl"].reshape(300, 2)[:, 1], atol=1e-6)
    assert (series["nav"][:, 0] == 1e6).all()
    burnt, committed = rows["expected_cost"].reshape(300, 2)[:, 1], series["committed"]
    assert committed[:, -1].tobytes() == burnt.copy().tobytes()
    assert (np.diff(committed) >= 0).all()


def test_calls_for_half_of_the_core() -> None:
    """VIX options as docs/calibration.md finds them: 135 calls for 20 condors, some 7% of NAV a year."""
    found = figures([HEDGED[2]], market.L3F(vix=16), paths=1024, sessions=252)
    assert found["max_lots"].max() <= 25
    yearly = -found["hedge_pnl"].mean() / 1e6
    assert 0.05 < yearly < 0.09
    assert 0.4 < np.median(found["coverage_achieved"]) < 1.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"role": "core"}, "role = hedge"),
        ({"roll_below": 400}, "roll_below = 400"),
        ({"monetise": [{"at": 4.0, "sell": 0.5}, {"at": 2.0, "sell": 0.5}]}, "above the rung before it"),
        ({"legs": [{"right": "C", "ratio": -1, "strike": {"by": "delta", "value": 0.3}}]}, "C13"),
        ({"product": "VX"}, "a future has none"),
    ],
)
def test_refusals(change: dict[str, Any], words: str) -> None:
    spec = engine_spec.spec([HEDGED[2], futures(1)], STORMY)
    spec["books"][0]["layers"][1] |= change
    with pytest.raises(av.AlvhError, match=words):
        plan(spec)


def test_a_sleeve_of_options_is_never_called() -> None:
    """What is bought is paid for: nothing can bring its ledger into debt, not even a fee."""
    size = {"target": "premium_share", "value": 0.05}
    calls = HEDGED[2].layers[1].model_copy(update={"size": av.Size.model_validate(size)})
    found = figures([PLAIN.replace(name="spent", layers=[calls], sleeve=Sleeve(share=0.01))], sessions=126)
    assert found["bound_funds"].sum() > 0
    assert not found["sleeve_calls"].any()
    assert (found["sleeve_nav"] >= -1e-9).all()
