"""Margin calls against the NumPy twin: every policy, deadline and order, to 1e-9 of C (R17, R63)."""

import json
from random import Random

import numpy as np
import pytest

import hedge_random
from agreement import agree
from alvh import _core
from alvh.market import L3F
from hedge_plan import CAPITAL, FORTNIGHT, core, separate, spec, vix_future
from twin_plan import rule

SEARCHED = 64  # paths
SPREADS = [[0.0, 1.0], [30.0, 2.5], [40.0, 6.0]]
POLICIES = {
    "as ever": {},
    "at once": {"deadline": 0},
    "in three sessions": {"deadline": 3},
    "reduce": {"policy": "reduce", "half_spreads": SPREADS},
    "reduce at once": {"policy": "reduce", "deadline": 0, "order": "largest_relief"},
    "a little cash": {"policy": "add_cash", "outside": 0.002, "deadline": 2},
    "much cash": {"policy": "add_cash", "outside": 0.5, "deadline": 0},
    "largest relief": {"order": "largest_relief", "contagion": 2, "ruin_on_debt": True},
    "hold": {"policy": "hold"},
}
NO_FUNDS = {"stress": 0.0}  # R64 keeps a sleeve from calls: here there are none


def futures():
    """A sleeve of futures that is too small for a bad day, beside condors."""
    layers = [core(0.4, FORTNIGHT), vix_future(FORTNIGHT, target="lots", value=4, every="week")]
    return layers, separate(0.085)


def one_ledger():
    """The same in one ledger, with condors to the last dollar."""
    hedge = vix_future(FORTNIGHT, target="lots", value=50, every="week", ledger="core")
    return [core(0.85, FORTNIGHT, every="week"), hedge], None


def condors():
    """Condors alone: stopped out at wide spreads while cash loses half its value a year."""
    stop = rule("ge", "loss", 8.0)
    once = core(0.9, FORTNIGHT, every="week", exit=stop, progression={"mode": "add", "max_doublings": 3})
    return [once], None


BOOKS = {
    "futures in a sleeve": (futures, {}, "calls forced cured repeat_calls deposited"),
    "one ledger": (one_ledger, {}, "calls forced contagion deposited"),
    "condors alone": (
        condors,
        {"market": L3F(vix=35, erp=0.0, rate=-0.5), "costs": {"commission": 20.0, "liquidation_share": 2.0}},
        "calls forced regret_forced deposited",
    ),
}


def planned(name):
    """The plan of one kind of book under every policy, and what must happen in it."""
    make, more, figures = BOOKS[name]
    plan = spec(*[make() for _ in POLICIES], **more)
    plan["contracts"] = {name: row | NO_FUNDS for name, row in plan["contracts"].items()}
    for book, calls in zip(plan["books"], POLICIES.values(), strict=True):
        book |= {"calls": calls}
    return plan, figures.split()


@pytest.mark.parametrize("name", BOOKS)
def test_every_policy_agrees_with_the_twin(name):
    plan, figures = planned(name)
    compiled, books = _core.Plan(json.dumps(plan)), len(POLICIES)
    found = compiled.run(0, SEARCHED)
    for figure in figures:
        assert found[figure].any(), f"{figure} is 0 everywhere: the case does not exercise what it is for"
    called = found["calls"].reshape(SEARCHED, books).sum(axis=1)
    for path in np.argsort(-called, kind="stable")[:3]:
        for book in range(books):
            agree(plan, int(path), book, compiled)


@pytest.mark.parametrize("name", BOOKS)
def test_the_identity_holds_under_every_policy(name):
    """|NAV − C − deposits − Σ buckets|: cash from outside raises C and is no profit."""
    plan, _ = planned(name)
    found = _core.Plan(json.dumps(plan)).run(0, 256)
    assert found["identity_error"].max() < 1e-12
    buckets = sum(
        found[each] for each in ("time", "spot", "level", "smile", "settlement", "fills", "fees", "interest")
    )
    np.testing.assert_allclose(
        found["nav"] - CAPITAL - found["deposited"], buckets, rtol=0, atol=1e-12 * CAPITAL
    )
    by_policy = {policy: found["deposited"][i :: len(POLICIES)] for i, policy in enumerate(POLICIES)}
    for policy, deposited in by_policy.items():
        assert deposited.max() <= POLICIES[policy].get("outside", 0.0) * CAPITAL + 1e-6, policy


def test_cash_from_outside_keeps_nobody_from_ruin():
    """Ruin is where NAV less what came in first is at most 85% of C: by the deposits of the trace."""
    plan, _ = planned("one ledger")
    plan["ruin_share"] = 0.85
    compiled, books = _core.Plan(json.dumps(plan)), list(POLICIES)
    book = books.index("much cash")
    found = {name: column[book :: len(books)] for name, column in compiled.run(0, 256).items()}
    rescued = np.flatnonzero((found["deposited"] > 0) & (found["ruin_tick"] > 0))[:5]
    late = 0
    for path in rescued:
        trace = compiled.trace(int(path), book)
        nav, deposited = trace["ledger"]["nav"], np.zeros(plan["sessions"] + 1)
        for event in trace["events"]:
            if event["event"] == "deposit":
                deposited[event["tick"] :] += event["cash"]
        ruined = np.flatnonzero(nav - deposited <= 0.85 * CAPITAL)
        assert found["ruin_tick"][path] == ruined[0]
        late += nav[ruined[0]] > 0.85 * (CAPITAL + deposited[ruined[0]])
        agree(plan, int(path), book, compiled)
    assert late, "no deposit has hidden a loss: the case does not exercise what it is for"


def test_hold_never_closes_and_sees_the_same_first_call():
    """The counterfactual differs from its arm only from the first call on."""
    plan, _ = planned("futures in a sleeve")
    found = _core.Plan(json.dumps(plan)).run(0, 256)
    of = {name: {k: v[i :: len(POLICIES)] for k, v in found.items()} for i, name in enumerate(POLICIES)}
    assert not of["hold"]["forced"].any()
    np.testing.assert_array_equal(of["hold"]["call_tick"], of["as ever"]["call_tick"])
    quiet = of["as ever"]["calls"] == 0
    assert quiet.any()
    assert not quiet.all()
    np.testing.assert_array_equal(of["hold"]["nav"][quiet], of["as ever"]["nav"][quiet])


def test_a_longer_deadline_lets_more_calls_be_cured():
    plan, _ = planned("futures in a sleeve")
    found = _core.Plan(json.dumps(plan)).run(0, 256)
    cured = {name: found["cured"][i :: len(POLICIES)].sum() for i, name in enumerate(POLICIES)}
    assert cured["at once"] == 0  # nothing is left to the market
    assert 0 < cured["as ever"] <= cured["in three sessions"]


def test_reduce_closes_no_more_lots_than_it_takes():
    """After a reduction the ledger is not short, and one lot less would have left it so."""
    plan, _ = planned("condors alone")
    compiled, names = _core.Plan(json.dumps(plan)), list(POLICIES)
    book = names.index("reduce")
    found = compiled.run(0, 128)["forced"].reshape(128, -1)[:, book]
    seen = 0
    for path in np.flatnonzero(found)[:10]:
        trace = compiled.trace(int(path), book)
        ledger, events = trace["ledger"], trace["events"]
        for tick in {event["tick"] for event in events if event["event"] == "reduce"}:
            closed = [event for event in events if event["tick"] == tick and event["event"] == "reduce"]
            opened = [e for e in events if e["tick"] == tick and e["event"] in {"open", "settle"}]
            assert len(closed) == 1, "one tranche at most is closed in part"
            if opened:
                continue
            free = ledger["cash"][tick] - ledger["requirement"][tick]
            relief = 50.0 * 100.0 + closed[0]["cash"] / closed[0]["lots"]
            assert -1e-6 <= free < relief
            seen += 1
    assert seen


def test_calls_of_one_ledger_follow_those_of_the_other():
    """Both ledgers hold futures; absurd spreads leave a sleeve in debt, ruin where the terms say so."""
    both = [
        core(0.85, FORTNIGHT, every="week"),
        vix_future(FORTNIGHT, target="lots", value=50, every="week", ledger="core"),
        vix_future(FORTNIGHT, target="lots", value=4, every="week"),
    ]
    absurd = {"half_spreads": [[0.0, 100.0]]}
    terms = ({}, {"contagion": 0}, absurd, absurd | {"ruin_on_debt": True})
    books = [(both, separate(0.085)), (both, separate(0.085)), futures(), futures()]
    plan = spec(*books, costs={"liquidation_share": 10.0})
    plan["contracts"] = {name: row | NO_FUNDS for name, row in plan["contracts"].items()}
    for book, calls in zip(plan["books"], terms, strict=True):
        book |= {"calls": calls}
    compiled = _core.Plan(json.dumps(plan))
    found = {name: column.reshape(-1, len(terms)) for name, column in compiled.run(0, SEARCHED).items()}
    ten, none = found["cascades"][:, 0], found["cascades"][:, 1]
    assert none.sum() < ten.sum()
    stranded = (found["ruin_tick"][:, 3] > 0) & (found["ruin_tick"][:, 2] == 0)
    assert stranded.any(), "no ledger is left empty and short: the case does not exercise what it is for"
    for path in {int(ten.argmax()), int(none.argmax()), int(stranded.argmax())}:
        for book in range(len(terms)):
            agree(plan, path, book, compiled)


@pytest.mark.parametrize("seed", range(300, 312))
def test_random_books_under_random_policies(seed):
    maker, draw = hedge_random.Maker(seed), Random(seed)  # noqa: S311 (no secret)
    plan = maker.plan()
    plan["contracts"] = {name: row | NO_FUNDS for name, row in plan["contracts"].items()}
    plan["books"][0]["calls"] = draw.choice(list(POLICIES.values()))
    agree(plan, 0, 0)
