"""Hedged books against the NumPy twin, rule by rule: every figure, to 1e-9 of the capital."""

import json

import numpy as np
import pytest

import hedge_random
from agreement import agree, exercised
from alvh import _core
from alvh.market import L3F
from hedge_plan import (
    CAPITAL,
    FORTNIGHT,
    MONTH,
    QUARTER,
    WEEK,
    commingled,
    core,
    hedge,
    separate,
    spec,
    spx_put,
    vix_call,
    vix_future,
)
from twin_plan import leg, rule

CORE = core(0.4, FORTNIGHT)
BUDGET = {"caps": [{"kind": "budget"}]}
CALM, EARLY = rule("lt", "vix", 35.0), rule("lt", "session", 3.0)


def between(when, source, to, share=0.3):
    return {"when": when, "from": source, "to": to, "share": share}


def larger(product, days=QUARTER, least=2.0):
    """Another contract, from so many lots of it on."""
    return {"product": product, "days": days, "prefer": {"by": "lots", "least": least}}


def longer(days, op="gt", vix=30.0):
    """Another tenor of VIX or SPX options, while VIX is so high."""
    product = "SPX" if op == "lt" else "VIX"
    return {
        "product": product,
        "days": days,
        "prefer": {"by": "theta_per_vega", "when": rule(op, "vix", vix)},
    }


TARGETS = {
    "calls on vega": vix_call(),
    "futures on vega": vix_future(MONTH, target="core_vega"),
    "futures on what is threatened": vix_future(product="VXM", value=1.0),
    "calls on what is threatened": vix_call(target="threatened_delta", value=3.0),
    "futures on the short leg alone": vix_future(MONTH, value=0.35, size={"gross_short_leg": True}),
    "morning puts on notional": spx_put(value=1.0),
    "evening puts on index notional": spx_put(product="SPXW", target="core_index_notional"),
    "calls for a share of NAV": vix_call(target="premium_share", value=0.01, every="week"),
    "so many futures": vix_future(WEEK, product="VXM", target="lots", value=5, every="week"),
}


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_in_one_ledger_and_in_two(name):
    plan = spec(([CORE, TARGETS[name]], separate(0.2)), ([CORE, TARGETS[name]], commingled(0.2)))
    happened(plan, "hedge_opened", "bound_target", "hedge_pnl")


# name: layers, ledgers, other terms of the plan, figures that must not be 0 on every path
CASES = {
    "condors that settle in the morning": (
        [core(0.4, FORTNIGHT, product="SPX")],
        None,
        {},
        "lost",
    ),
    "morning condors stopped and followed": (
        [core(0.3, FORTNIGHT, product="SPX", exit=rule("ge", "loss", 5.0))],
        None,
        {},
        "regret_rule closed_early",
    ),
    "a buffer": ([core(0.9, FORTNIGHT, every="week", size={"buffer": 0.4})], None, {}, "opened"),
    "a budget is used up": (
        [CORE, vix_call(every="week", value=1.0, size=BUDGET)],
        separate(0.3, per_year=0.004),
        {},
        "bound_budget expected_cost",
    ),
    "lots are rounded away": (
        [CORE, vix_future(MONTH, target="core_vega", value=0.01)],
        separate(0.2),
        {},
        "bound_rounding",
    ),
    "a sleeve too small": (
        [CORE, vix_future(target="lots", value=20)],
        separate(0.1),
        {},
        "bound_funds hedge_opened",
    ),
    "a premium cap": (
        [CORE, spx_put(value=5.0, size={"caps": [{"kind": "premium", "share": 0.05}]})],
        separate(0.3),
        {},
        "bound_cap premium_paid",
    ),
    "a cap on the gain in a crash": (
        [CORE, vix_call(value=3.0, size={"caps": [{"kind": "crash_gain", "ln_move": -0.10}]})],
        separate(0.3),
        {},
        "bound_cap",
    ),
    "a reduced size": (
        [CORE, vix_call(FORTNIGHT, size={"reduced": {"when": rule("gt", "vix", 33.0), "to": 0.5}})],
        separate(0.2),
        {},
        "coverage_wanted",
    ),
    "flat rolls": ([CORE, vix_call(MONTH, roll_below=21)], separate(0.2), {}, "rolled"),
    "weekly rolls": (
        [CORE, vix_call(FORTNIGHT, every="week", roll_below=7, value=0.2)],
        separate(0.2),
        {},
        "rolled",
    ),
    "calls that are worth less than their spread": (
        [CORE, vix_call(FORTNIGHT, delta=0.05, every="week", target="lots", value=50, roll_below=7)],
        separate(0.2),
        {"costs": {"half_spread_factor": 3.0, "single_share": 2.0}},
        "rolled",
    ),
    "rolls that cost too much by their time value": (
        [CORE, vix_call(MONTH, roll_below=21, roll_limits={"extrinsic_per_day": 0.8})],
        separate(0.2),
        {},
        "rolls_kept rolled",
    ),
    "rolls that cost too much by forward variance": (
        [
            CORE,
            vix_future(MONTH, target="lots", value=1, roll_below=21, roll_limits={"forward_variance": 1.0}),
        ],
        separate(0.2),
        {"market": L3F(vix=20, erp=0.0)},
        "rolls_kept rolled",
    ),
    "puts in parts, rolled together": (
        [
            CORE,
            spx_put(
                roll_below=20,
                roll_limits={"extrinsic_per_day": 1.0, "forward_variance": 1.1},
                tranches=[{"share": 0.5}, *({"share": 0.25, "when": rule("lt", "chance", 0.2)},) * 2],
                value=1.5,
            ),
        ],
        separate(0.3),
        {},
        "rolled rolls_kept hedge_opened",
    ),
    "parts of a target": (
        [
            CORE,
            vix_call(
                MONTH,
                enter=rule("gt", "core_sd_move", 0.3),
                exit=rule("lt", "core_sd_move", 0.1),
                tranches=[
                    {"share": 0.4},
                    {"share": 0.3, "when": rule("gt", "vix", 32.0)},
                    {"share": 0.3, "when": rule("gt", "core_sd_move", 0.6)},
                ],
            ),
        ],
        separate(0.2),
        {},
        "hedge_opened",
    ),
    "the larger contract": (
        [
            CORE,
            vix_future(product="VXM", value=3.0, roll_below=70, others=[larger("VX")]),
            vix_future(WEEK, product="VXM", target="core_vega", every="day", others=[larger("VX", WEEK)]),
        ],
        separate(0.3),
        {},
        "hedge_opened rolled",
    ),
    "the tenor that decays less": (
        [
            CORE,
            vix_call(FORTNIGHT, roll_below=9, others=[longer(MONTH)], roll_limits={"extrinsic_per_day": 1.2}),
            spx_put(FORTNIGHT, delta=0.4, every="week", others=[longer(QUARTER, "lt", 36.0)]),
        ],
        separate(0.3),
        {},
        "hedge_opened rolled rolls_kept",
    ),
    "parts of either tenor": (
        [
            CORE,
            vix_call(
                FORTNIGHT,
                others=[longer(MONTH)],
                tranches=[{"share": 0.5}, {"share": 0.5, "when": rule("lt", "chance", 0.3)}],
                press={"when": rule("lt", "chance", 0.3), "at": 1.02, "sell": 0.5},
            ),
        ],
        separate(0.3),
        {},
        "hedge_opened pressed",
    ),
    "a cash press": (
        [
            CORE,
            vix_call(
                MONTH,
                every="week",
                monetise=[{"at": 1.4, "sell": 0.3}],
                press={"when": rule("lt", "chance", 0.3), "at": 1.05, "sell": 0.5},
            ),
        ],
        separate(0.2),
        {},
        "monetised pressed",
    ),
    "an exit instead of a roll": (
        [CORE, vix_future(QUARTER, target="lots", value=1, roll_below=70, exit=rule("lt", "vix", 25.0))],
        separate(0.2),
        {},
        "hedge_opened rolled",
    ),
    "partial sales": (
        [
            CORE,
            vix_call(MONTH, monetise=[{"at": 1.1, "sell": 0.34}, {"at": 1.4, "sell": 0.33}], every="week"),
        ],
        separate(0.2),
        {},
        "monetised",
    ),
    "a call spread": (
        [
            CORE,
            hedge(
                "VIX",
                [
                    leg("C", 1, by="delta", value=0.4),
                    leg("C", -1, by="offset", **{"from": 0}, width={"points": 10.0}),
                ],
                FORTNIGHT,
            ),
        ],
        separate(0.2),
        {},
        "hedge_opened",
    ),
    "a put spread with the wrong signs": (
        [
            CORE,
            hedge(
                "SPX",
                [leg("P", 1, by="delta", value=0.8), leg("P", -1, by="delta", value=0.6)],
                FORTNIGHT,
                target="lots",
                value=2,
            ),
        ],
        separate(0.2),
        {},
        "r44_refused",
    ),
    "transfers both ways": (
        [CORE, vix_call(FORTNIGHT)],
        separate(
            0.1,
            transfers=[
                between(rule("gt", "vix", 33.0), "core", "sleeve"),
                between(rule("gt", "sleeve_nav_share", 0.2), "sleeve", "core"),
            ],
        ),
        {},
        "transferred",
    ),
    "futures and margin calls": (
        [CORE, vix_future(FORTNIGHT, target="lots", value=4, every="week")],
        separate(0.085),
        {},
        "sleeve_calls forced stress_cash settlement",
    ),
    "calls spread in one ledger": (
        [
            core(0.85, FORTNIGHT, every="week"),
            vix_future(FORTNIGHT, target="lots", value=50, every="week", ledger="core"),
        ],
        None,
        {},
        "calls forced contagion",
    ),
    "ruin with hedges": (
        [core(0.9, WEEK), vix_call(), vix_future(target="lots", value=1)],
        separate(0.1, transfers=[between(CALM, "sleeve", "core")]),
        {"ruin_share": 0.85},
        "ruin_tick",
    ),
    "maximum losses": ([core(0.5, WEEK, width=25.0), vix_call()], separate(0.2), {}, "max_losses"),
    "a placebo": (
        [CORE, vix_call(WEEK, every="day", target="lots", value=3, enter=rule("lt", "chance", 0.3))],
        separate(0.2),
        {},
        "hedge_opened",
    ),
    "rules on the core": (
        [
            CORE,
            vix_call(enter=rule("gt", "core_sd_move", 0.5), exit=rule("lt", "core_challenge", 0.3)),
            spx_put(enter=rule("gt", "core_loss_multiple", 0.5), ledger="core"),
        ],
        separate(0.2),
        {},
        "hedge_opened",
    ),
    "debt at a negative rate, wide markets": (
        [core(40, WEEK, target="lots", every="day"), vix_call(WEEK, every="day")],
        separate(0.05),
        {
            "market": L3F(vix=35, erp=0.0, rate=-0.5),
            "costs": {"commission": 20.0, "half_spread_factor": 2.0, "liquidation_share": 2.0},
        },
        "refused",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_rule(name):
    layers, ledgers, more, figures = CASES[name]
    plan = spec((layers, ledgers), **more)
    if "calls" in figures:
        # Funds for a bad day (R64) keep a sleeve from calls: here there are none.
        plan["contracts"] = {name: row | {"stress": 0.0} for name, row in plan["contracts"].items()}
    happened(plan, *figures.split())


def happened(plan, *figures):
    """Engine and twin agree on the first path, and on the first two on which each of the figures is not 0."""
    compiled, found = exercised(plan, figures)
    for path, book in found:
        agree(plan, path, book, compiled)


def test_series_are_those_of_the_twin():
    plan = spec(([CORE, vix_call(), vix_future(target="lots", value=1)], separate(0.2)))
    compiled = _core.Plan(json.dumps(plan))
    series, other = compiled.series(0, 2, 0), agree(plan, 1, 0, compiled)
    columns = other.columns | {"hedge": other.columns["hedge_pnl"]}
    for name in ("nav", "requirement", "hedge"):
        np.testing.assert_allclose(series[name][1], columns[name], rtol=0, atol=1e-9 * CAPITAL, err_msg=name)


@pytest.mark.parametrize("seed", range(12))
def test_random_books(seed):
    agree(hedge_random.Maker(seed).plan(), 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200, 208))
def test_many_random_books(seed):
    maker = hedge_random.Maker(seed)
    for _ in range(25):
        agree(maker.plan(), 0, 0)
