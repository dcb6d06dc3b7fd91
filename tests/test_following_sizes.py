"""Sizes and budgets that follow a number, against the twin (R33, R34, R67, R69, R70)."""

import json
from random import Random

import numpy as np
import pytest

import alvh as av
import hedge_random
from agreement import agree
from alvh import _core
from alvh.errors import AlvhError
from hedge_plan import FORTNIGHT, MONTH, WEEK, commingled, core, separate, spec, spx_put, vix_call, vix_future
from twin_plan import rule

VIX = {"name": "vix"}
NUMBERS = (
    {"op": "div", "args": [VIX, {"const": 35.0}]},
    {"op": "add", "args": [{"const": 1.0}, {"op": "zscore", "args": [VIX], "n": 5}]},
    {"op": "sub", "args": [{"const": 2.0}, {"name": "nav_share"}]},
    {"op": "mul", "args": [{"const": 3.0}, {"name": "core_challenge"}]},
)


def weight(tree, low=0.25, high=2.0, unknown=1.0):
    return {"by": {"text": "", "tree": tree}, "low": low, "high": high, "unknown": unknown}


def compared(plan, *, path=0, book=0):
    return agree(plan, path, book, _core.Plan(json.dumps(plan)))


@pytest.mark.parametrize("number", range(len(NUMBERS)))
def test_what_is_sold_and_what_is_bought_count_so_many_times(number):
    by = weight(NUMBERS[number])
    layers = [core(0.4, FORTNIGHT, every="week", size={"weight": by}), vix_call(size={"weight": by})]
    weighted, plain = (
        spec((layers, separate(0.2))),
        spec(([core(0.4, FORTNIGHT, every="week"), vix_call()], separate(0.2))),
    )
    assert compared(weighted).nav.tolist() != compared(plain).nav.tolist()
    compared(weighted, path=1)


def test_bounds_hold_and_what_is_unknown_counts_as_stated():
    """Ten lots count at most twice, at least a quarter of a time, and three times where that is said."""
    for tree, lots in (
        ({"const": 100.0}, 20),
        ({"const": -1.0}, 2),
        ({"op": "div", "args": [VIX, {"const": 0.0}]}, 30),
    ):
        plan = spec(
            [core(10, FORTNIGHT, target="lots", size={"weight": weight(tree, unknown=3.0)})], sessions=3
        )
        opened = _core.Plan(json.dumps(plan)).trace(0, 0)["events"][0]
        assert (opened["event"], opened["lots"]) == ("open", lots)


def test_a_weight_of_one_changes_no_bit():
    layers = [core(0.4, FORTNIGHT), vix_call()]
    ones = [
        core(0.4, FORTNIGHT, size={"weight": weight({"const": 1.0}), "reinvest": 1.0}),
        vix_call(size={"weight": weight({"const": 1.0})}),
    ]
    runs = [_core.Plan(json.dumps(spec((each, separate(0.2))))).run(0, 8) for each in (layers, ones)]
    for name, column in runs[0].items():
        assert column.tobytes() == runs[1][name].tobytes(), name


def test_a_layer_keeps_to_a_budget_of_its_own():
    """R34: what one layer may commit in a year, beside what all may; a weight moves both (R67)."""
    own = [{"kind": "budget"}, {"kind": "layer_budget", "per_year": 0.002}]
    layers = [
        core(0.4, FORTNIGHT),
        vix_call(MONTH, every="week", value=1.0, size={"caps": own}),
        spx_put(value=5.0, size={"caps": [{"kind": "layer_budget", "per_year": 0.003}]}),
    ]
    for ledgers in (separate(0.3, per_year=0.02), commingled(0.3, per_year=0.02)):
        done = compared(spec((layers, ledgers)))
        assert done.summary["bound_budget"] > 0
        assert 0 < done.summary["expected_cost"] < 0.005 * 1.2e6
        moved = compared(spec((layers, ledgers | {"budget_weight": weight({"const": 0.5})})))
        assert moved.summary["expected_cost"] < 0.75 * done.summary["expected_cost"]


def test_a_part_of_the_gains_is_reinvested():
    """R70: losses count whole, gains in part; on a path that gains, less of it sells less."""
    runs = []
    for reinvest in (1.0, 0.5, 0.0):
        plan = spec([core(0.9, WEEK, every="day", width=25.0, size={"reinvest": reinvest})], sessions=40)
        runs.append([compared(plan, path=path) for path in range(4)])
    gained = [i for i, done in enumerate(runs[0]) if done.nav[20:].min() > 1.03e6]
    assert gained
    for i in gained:
        whole, half, none = (int(run[i].columns["requirement"].argmax()) for run in runs)
        assert runs[0][i].columns["requirement"][whole] > runs[1][i].columns["requirement"][half]
        assert runs[1][i].columns["requirement"][half] > runs[2][i].columns["requirement"][none]


REFUSED = {
    "low": core(0.4, FORTNIGHT, size={"weight": weight(VIX, low=3.0)}),
    "a number is wanted here": core(0.4, FORTNIGHT, size={"weight": weight(rule("gt", "vix", 1.0)["tree"])}),
    "base = entry follows it": core(0.4, FORTNIGHT, size={"weight": weight(VIX), "base": "start"}),
    "other lots do not follow NAV": core(5, FORTNIGHT, target="lots", size={"reinvest": 0.5}),
    "per_year": [core(0.4, FORTNIGHT), vix_call(size={"caps": [{"kind": "layer_budget", "per_year": 0.0}]})],
    "a layer with a budget among its caps": (
        [core(0.4, FORTNIGHT), vix_call()],
        separate(0.2, per_year=0.01) | {"budget_weight": weight(VIX)},
    ),
}


@pytest.mark.parametrize("mend", REFUSED)
def test_what_cannot_be_sized_is_refused_with_the_mend(mend):
    book = REFUSED[mend]
    with pytest.raises(AlvhError, match=mend):
        _core.Plan(json.dumps(spec([book] if isinstance(book, dict) else book)))


def follow(plan, draw):
    """Add weights, budgets and part of the gains to a random plan."""
    for book in plan["books"]:
        for layer in book["layers"]:
            size, hedges = layer["size"], layer.get("role") == "hedge"
            if draw.random() < 0.6:
                size["weight"] = weight(draw.choice(NUMBERS), unknown=draw.choice((0.0, 1.0)))
            if hedges and draw.random() < 0.4:
                cap = {"kind": "layer_budget", "per_year": draw.choice((0.003, 0.03))}
                size["caps"] = [*size["caps"], cap]
            if not hedges and size["target"] == "margin_share" and draw.random() < 0.5:
                size["reinvest"] = draw.choice((0.0, 0.5))
        caps = [cap["kind"] for layer in book["layers"] for cap in layer["size"].get("caps", ())]
        if book["ledgers"] and any("budget" in kind for kind in caps):
            book["ledgers"]["budget_weight"] = weight(draw.choice(NUMBERS))
    return plan


@pytest.mark.parametrize("seed", range(8))
def test_random_books_that_follow_numbers(seed):
    agree(follow(hedge_random.Maker(seed).plan(), Random(seed)), 0, 0)  # noqa: S311 (no secret)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300, 304))
def test_many_random_books_that_follow_numbers(seed):
    maker, draw = hedge_random.Maker(seed), Random(seed)  # noqa: S311 (no secret)
    for _ in range(25):
        agree(follow(maker.plan(), draw), 0, 0)


def test_futures_follow_too():
    by = weight(NUMBERS[0])
    compared(
        spec(
            (
                [core(0.4, FORTNIGHT), vix_future(MONTH, target="core_vega", size={"weight": by})],
                separate(0.2),
            )
        )
    )


def test_the_core_is_smaller_as_its_capital_earns_less():
    """R69: unknown for a year, then the weight is the return on margin between its bounds."""
    by = weight({"op": "mul", "args": [{"const": 4.0}, {"name": "return_on_margin"}]}, low=0.2, high=1.0)
    layers = [core(0.4, FORTNIGHT, every="week", size={"weight": by}), vix_call(size={"weight": by})]
    plan = spec((layers, separate(0.2)), sessions=270)
    compiled = _core.Plan(json.dumps(plan))
    read = compiled.readings(0, 0, 0, weight=True)
    after = read["tick"] >= 252
    assert (read["answer"][~after] != read["answer"][~after]).all()
    for path in range(3):
        agree(plan, path, 0, compiled)
        factors = [told["layers"][0]["factor"] for told in compiled.trace(path, 0)["decisions"]]
        assert set(factors[:252]) == {1.0}
        assert min(factors[252:]) < 1.0


def test_the_preset_is_plain_for_a_year_and_then_as_large_as_it_earns():
    """R69: a quarter of the share is tied up where it earned nothing, all of it where it earned enough."""
    arms = [av.preset("plain"), av.preset("sized_by_efficiency")]
    few = {"paths": 24, "sessions": 340, "shares": [0.35], "surface_band": 0, "seed": 5}
    series = av.compare(arms, av.market.L3F(vix=18), **few).series()
    plain, sized = series["plain"], series["sized_by_efficiency"]
    assert np.array_equal(plain["nav"][:, :253], sized["nav"][:, :253])
    earned = sized["core"][:, 252:] - sized["core"][:, :-252]
    mean = np.array([sized["requirement"][:, t - 251 : t + 1].mean(axis=1) for t in range(252, 341)]).T
    weight = np.clip(earned / mean / 0.15, 0.25, 1.0)
    least, most = (weight == 0.25).all(axis=1), (weight == 1.0).all(axis=1)
    assert least.any()
    assert most.any()
    tied, free = (each["requirement"][:, 300:] / each["nav"][:, 300:] for each in (sized, plain))
    # NAV moves between an opening and its end, and whole lots leave something out.
    assert (tied[least].mean(axis=1) < 0.25 * 0.35 * 1.1).all()
    assert (free[least].mean(axis=1) > 0.2).all()
    assert np.array_equal(plain["nav"][most], sized["nav"][most])
