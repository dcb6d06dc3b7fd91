"""Weights of playbooks: read, refused, written, told (R33, R34, R43, R67, R70)."""

import polars as pl
import pytest

import alvh as av
from alvh import _core, playbook
from alvh.advice.orders import orders
from alvh.errors import SpecError

MOMENTUM = "1 + 0.5 * score(1, macd.zscore(63), 1, vix.zscore(63))"
QUICK = "1 - 0.5 * financials_quick_ratio.zscore(252)"
FEW = {"paths": 16, "sessions": 42, "shares": [0.10], "surface_band": 0}


def arm(**sizes):
    """A condor and calls; sizes by layer, and what the sleeve has."""
    core = av.IronCondor(days=30, every="week").model_copy(
        update={"size": sizes.get("core", av.margin_share(0.1))}
    )
    calls = av.Layer("calls", buy=av.vix_call(), size=sizes.get("calls", av.offset("core.vega", 0.5)))
    return av.Arm("following", core, layers=[calls], sleeve=sizes.get("sleeve"))


def decisions(result, path):
    """What the engine decided, close by close."""
    return _core.Plan(result.task.text).trace(path, 0)["decisions"]


WEIGHED = arm(
    core=av.margin_share(0.10).weighted("return_on_margin / 0.15", low=0.25, high=1, unknown=0.75),
    calls=av.offset("core.vega", 0.5).capped("sleeve.budget", "layer.budget(.0050)").weighted(QUICK),
    sleeve=av.Sleeve(per_year=0.015, weight=playbook.weight("0.06 / (rate + 0.05 * min(margin_share, 1))")),
)


def test_what_is_written_is_read_again_and_is_part_of_the_hash():
    assert av.Arm.from_toml(WEIGHED.to_toml()) == WEIGHED
    assert "layer.budget(0.005)" in WEIGHED.to_toml()
    lighter = WEIGHED.replace(name="lighter", size=WEIGHED.core.size.weighted("0.5"))
    assert lighter.digest != WEIGHED.replace(name="same").digest
    assert hash(playbook.weight("vix / 20")) == hash(playbook.weight("vix / 20"))
    assert playbook.weight("vix / 20") != playbook.weight("vix / 21")


def test_an_arm_says_what_its_weights_read():
    assert {"return_on_margin", "financials_quick_ratio", "rate", "margin_share"} <= WEIGHED.names
    assert WEIGHED.warm_up == 251
    places = [place for place, _, _ in WEIGHED.rules]
    assert places == ["core.size.weight.by", "calls.size.weight.by", "ledgers.sleeve.budget_weight.by"]


REFUSED = {
    "a number, such as": lambda: playbook.weight("vix > 28"),
    "at most high": lambda: playbook.weight("vix", low=3),
    "unknown name": lambda: playbook.weight("core_challange"),
    "base = 'entry' follows it": lambda: av.playbook.Size(base="start").weighted("vix / 20"),
    "other lots do not follow NAV": lambda: av.Arm.from_toml(
        "schema = 1\nname = 'a'\n[[layer]]\nsize = { target = 'lots', value = 3, reinvest = 0.5 }"
    ),
    "no layer has a budget": lambda: arm(sleeve=av.Sleeve(per_year=0.01, weight=playbook.weight("vix / 20"))),
    "above 0 and at most 1": lambda: av.offset("core.vega", 0.5).capped("layer.budget(2)"),
    r"layer.budget\(0.005\)": lambda: av.offset("core.vega", 0.5).capped("layer.budget"),
}


@pytest.mark.parametrize("mend", REFUSED)
def test_a_mistake_is_refused_with_the_mend(mend):
    with pytest.raises((SpecError, ValueError), match=mend):
        REFUSED[mend]()


def test_weights_without_data_are_told_among_the_limits():
    """C24: the layer trades, at the size that the weight states."""
    result = av.compare([WEIGHED], av.market.L3F(vix=24), signals="absent", **FEW)
    told = result.closed().filter(pl.col("of") != "enter")
    assert told.select("layer", "of").rows() == [("core", "weight"), ("calls", "weight"), (None, "budget")]
    assert (told["unknown"] > 0).to_list() == [False, True, False]
    assert told["withheld"].sum() == 0
    assert "the weight of layer 'calls' unknown for lack of data in 100.0% of sessions" in result.limits[-1]
    factors = {layer["factor"] for told in decisions(result, 0) for layer in told["layers"]}
    assert factors == {0.75, 1.0}


def test_scores_of_weights_are_logged_beside_those_that_open():
    """R33: contributions add up to the total, the weight is what the engine made of it."""
    size = av.offset("core.vega", 0.5).weighted(MOMENTUM, low=0.5, high=1.5)
    result = av.compare([arm(calls=size)], av.market.L3F(vix=24), **FEW)
    log = result.scores(2)
    assert log.select("layer", "of").unique().rows() == [("calls", "weight")]
    by_tick = log.group_by("tick", maintain_order=True).agg(
        pl.col("contribution").sum(), pl.col("total").first()
    )
    assert by_tick["contribution"].to_list() == pytest.approx(by_tick["total"].to_list())
    factors = [told["layers"][1]["factor"] for told in decisions(result, 2)]
    wanted = (1 + 0.5 * by_tick["total"]).clip(0.5, 1.5)
    assert factors == pytest.approx(wanted.to_list(), abs=1e-12)
    assert len(set(factors)) > 20


def test_hindsight_buys_one_lot_whatever_weights_say():
    """Its core sells a lot a month: a weight would make none of it."""
    heavy = arm(
        core=av.margin_share(0.1).weighted("0", low=0), calls=av.offset("core.vega", 0.5).reviewed(band=0.1)
    )
    result = av.compare([av.preset("plain"), heavy], av.market.L3F(vix=24), **FEW)
    bound = result.foresight("following")
    assert bound.height


def test_a_weight_is_explained_node_by_node():
    """R33: its terms and what they contribute, as the log has them; before its bounds."""
    size = av.offset("core.vega", 0.5).weighted(MOMENTUM, low=0.9, high=1.1)
    result = av.compare([arm(calls=size)], av.market.L3F(vix=24), **FEW)
    (told,) = result.explain(2, layer="calls", at=20)
    assert str(told).startswith("weight, tick 20:\n")
    contributions = told.explanation.nodes.drop_nulls("contribution")["contribution"].to_list()
    log = result.scores(2).filter(tick=20)
    assert contributions == pytest.approx(log["contribution"].to_list())
    assert told.explanation.outcome == pytest.approx(1 + 0.5 * log["total"][0])
    factor = decisions(result, 2)[20]["layers"][1]["factor"]
    assert factor == pytest.approx(min(max(told.explanation.outcome, 0.9), 1.1))
    opened = result.trace(2).events.filter(event="open", layer="calls")
    assert all("; the target counts" in reason for reason in opened["reason"])


def test_a_review_orders_its_sale_in_lots_and_says_why():
    """R40: in advice a sale of its own, with its reason; the lots are those of the engine's decision."""
    bands = av.offset("core.vega", 0.5).reduced_when("vix > 25", to=0.5).reviewed(band=0.1)
    reviewed = arm(calls=bands)
    result = av.compare([reviewed], av.market.L3F(vix=24), **FEW)
    seen = 0
    for path in range(4):
        trace = _core.Plan(result.task.text).trace(path, 0)
        for told in trace["decisions"]:
            lots = sum(held["resize"] for held in told["layers"][1]["held"])
            events = [event for event in trace["events"] if event["tick"] == told["tick"] + 1]
            found = orders(reviewed, told, events).filter(action="resize")
            assert found["lots"].sum() == lots
            assert set(found["reason"]) <= {"beyond its band"}
            assert set(found["side"]) <= {"sell"}
            seen += lots > 0
    assert seen
