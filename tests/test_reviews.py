"""Hedges that are reviewed at every close, against the twin (R40, R82)."""

import json
from random import Random

import numpy as np
import pytest

import hedge_random
from agreement import agree
from alvh import _core
from alvh.errors import AlvhError
from hedge_plan import (
    FORTNIGHT,
    MONTH,
    QUARTER,
    commingled,
    core,
    separate,
    spec,
    spx_put,
    vix_call,
    vix_future,
)
from twin_plan import rule

CORE = core(0.4, FORTNIGHT, every="week")
BANDS = [{"when": rule("gt", "vix", 33.0), "to": 0.5}, {"when": rule("gt", "vix", 37.0), "to": 0.25}]
REVIEW = {"review": True, "band": 0.1}
RUNGS = [{"at": 1.1, "sell": 0.34}, {"at": 1.4, "sell": 0.33}]

HEDGES = {
    "calls on vega, smaller by bands": vix_call(value=1.0, size=REVIEW | {"reductions": BANDS}),
    "calls each day": vix_call(FORTNIGHT, every="day", value=1.0, size=REVIEW | {"reductions": BANDS}),
    "calls that are sold in parts": vix_call(
        every="week", monetise=RUNGS, size=REVIEW | {"reductions": BANDS}
    ),
    "calls that are rolled": vix_call(MONTH, roll_below=21, value=1.0, size=REVIEW | {"reductions": BANDS}),
    "puts on notional": spx_put(value=1.0, size=REVIEW),
    "puts on index notional": spx_put(
        product="SPXW", target="core_index_notional", value=0.1, size=REVIEW | {"reductions": BANDS}
    ),
    "futures on the loss": vix_future(
        MONTH, product="VXM", target="core_max_loss", value=0.1, size=REVIEW | {"reductions": BANDS}
    ),
    "so many futures": vix_future(
        MONTH, product="VXM", target="lots", value=40, every="week", size=REVIEW | {"reductions": BANDS}
    ),
}


def resized(compiled, paths=range(12)):
    """Sales of reviews, path by path."""
    found = compiled.deals(0, len(paths), 0)
    kind = found["kinds"].index("resize")
    return np.bincount(found["lane"][found["kind"] == kind].astype(int), minlength=len(paths))


@pytest.mark.parametrize("name", HEDGES)
@pytest.mark.parametrize("ledgers", [separate(0.3), commingled(0.3)], ids=["separate", "commingled"])
def test_every_target_that_is_reviewed(name, ledgers):
    plan = spec(([CORE, HEDGES[name]], ledgers))
    compiled = _core.Plan(json.dumps(plan))
    hits = np.flatnonzero(resized(compiled))
    assert len(hits), "nothing is sold down on any path: the case does not exercise what it is for"
    for path in {0, *hits[:2].tolist()}:
        agree(plan, path, 0, compiled)


def test_what_is_beyond_the_band_is_sold_down_to_what_is_wanted():
    """Ten futures, of which half are wanted from some close on: five are sold the session after, once."""
    half = {"reductions": [{"when": rule("gt", "session", 4.0), "to": 0.5}]}
    layer = vix_future(QUARTER, product="VXM", target="lots", value=10, size=REVIEW | half)
    told = _core.Plan(json.dumps(spec(([CORE, layer], separate(0.3)), sessions=20))).trace(0, 0)
    sold = [event for event in told["events"] if event["event"] == "resize"]
    assert [(each["tick"], each["lots"], each["reason"]) for each in sold] == [(6, 5, "beyond its band")]
    ordered = [layer["held"][0]["resize"] for layer in (each["layers"][1] for each in told["decisions"][1:])]
    assert ordered == [0] * 4 + [5] + [0] * 14
    held = told["decisions"][-1]["layers"][1]["held"][0]
    assert (held["lots"], held["entry_lots"]) == (5, 5)


@pytest.mark.parametrize(("band", "sold"), [(0.2, [2]), (0.3, [])])
def test_within_the_band_nothing_is_sold(band, sold):
    """Ten held and eight wanted are a quarter too many."""
    fewer = {"reductions": [{"when": rule("gt", "session", 4.0), "to": 0.8}], "review": True, "band": band}
    layer = vix_future(QUARTER, product="VXM", target="lots", value=10, size=fewer)
    told = _core.Plan(json.dumps(spec(([CORE, layer], separate(0.3)), sessions=20))).trace(0, 0)
    assert [event["lots"] for event in told["events"] if event["event"] == "resize"] == sold


def test_a_core_that_holds_nothing_sells_nothing():
    """Between two condors there is nothing to measure against."""
    once = core(0.4, FORTNIGHT, enter=rule("lt", "session", 1.0))
    plan = spec(([once, vix_call(MONTH, size=REVIEW)], separate(0.3)))
    told = _core.Plan(json.dumps(plan)).trace(0, 0)
    gone = min(event["tick"] for event in told["events"] if (event["event"], event["layer"]) == ("settle", 0))
    held = [layer["held"] for layer in (each["layers"][1] for each in told["decisions"][gone:])]
    assert held[0]
    assert all(each["resize"] == 0 for tick in held for each in tick)
    agree(plan, 0, 0)


REFUSED = {
    "measured by what is on offer": vix_future(size={"review": True}),
    "each opening is its own": vix_call(target="premium_share", value=0.01, size={"review": True}),
    "a layer with role = hedge": core(0.4, FORTNIGHT, size={"review": True}),
}


@pytest.mark.parametrize("mend", REFUSED)
def test_what_cannot_be_reviewed_is_refused_with_the_mend(mend):
    with pytest.raises(AlvhError, match=mend):
        _core.Plan(json.dumps(spec([CORE | {"name": "first"}, REFUSED[mend]])))


def reviewed(plan, draw):
    """Let hedges of a random plan be reviewed where they can be."""
    for layer in plan["books"][0]["layers"]:
        size = layer["size"]
        measured = size["target"] not in {"threatened_delta", "premium_share"}
        if layer.get("role") == "hedge" and measured and not (layer.get("tranches") or layer.get("others")):
            size |= {"review": True, "band": draw.choice((0.0, 0.2))}
            size["reductions"] = [
                {"when": draw.choice(hedge_random.BOOK_RULES), "to": draw.choice((0.0, 0.5))}
            ]
    return plan


@pytest.mark.parametrize("seed", range(8))
def test_random_books_that_are_reviewed(seed):
    agree(reviewed(hedge_random.Maker(seed).plan(), Random(seed)), 0, 0)  # noqa: S311 (no secret)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(400, 404))
def test_many_random_books_that_are_reviewed(seed):
    maker, draw = hedge_random.Maker(seed), Random(seed)  # noqa: S311 (no secret)
    for _ in range(25):
        agree(reviewed(maker.plan(), draw), 0, 0)
