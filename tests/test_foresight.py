"""The hindsight bound: no hedge of the same instruments at the same cost earned more than that."""

import numpy as np
import polars as pl
import pytest

import alvh as av
from alvh import figures
from alvh.errors import AlvhError
from alvh.figures.foresight import FORESIGHT, hindsight
from alvh.market import L3F

FEW = {"sessions": 63, "shares": [0.35], "surface_band": 0}


@pytest.mark.parametrize("name", ["alvh_0", "always_on", "always_on_futures", "spx_put_overlay"])
def test_no_path_earned_more_than_its_bound(name):
    """At the expected cost that the arm committed, on every path: the claim of the bound itself."""
    result = av.compare([av.preset(name)], L3F(vix=28), paths=64, seed=3, **FEW)
    paths = result.paths().sort("path").collect()
    plan = result._offered(name, 0.35, [])
    bound, attained = hindsight(plan.foresight(0, 64, 0), paths["expected_cost"].to_numpy(), 1e6)
    assert (paths["expected_cost"] > 0).any()
    assert (bound >= paths["hedge_pnl"].to_numpy() - 1e-6).all()
    assert (bound >= attained).all()
    assert (bound > 1.5 * paths["hedge_pnl"].to_numpy()).any()


@pytest.mark.parametrize(
    "bought",
    [
        av.vix_call(days=(28, 63), every="flat", delta=0.30),
        av.vx_future(days=(25, 60)),
        av.put(days=(60, 120), delta=0.7),
    ],
    ids=["vix call", "vx future", "spx put"],
)
def test_the_best_is_the_best_of_every_closing(bought):
    """A tranche opened on the first session, closed by arms that differ in the day, and held by one."""
    sessions, plain = 12, av.preset("plain")
    one = {"buy": bought, "size": av.Size(target="lots", value=1), "name": "hedge"}
    exits = [f"days_to_expiry <= {days}" for days in range(20, 125)]
    closed = [av.Layer(**one, exit=rule) for rule in [None, *exits]]
    arms = [plain.replace(name=f"exit {i}", layers=[layer]) for i, layer in enumerate(closed)]
    few = {"paths": 6, "sessions": sessions, "shares": [0.10], "surface_band": 0}
    result = av.compare(arms, L3F(vix=24), **few)
    plan = result._offered("exit 0", 0.10, [])
    told = plan.foresight(0, 6, 0)
    first = told["tick"] == 1
    frame = result.paths().filter(arm="exit 0").sort("path").collect()
    best = frame["hedge_pnl"].to_numpy().copy()  # held, at its mark
    ends = set()
    for arm in result.arms[1:]:
        deals = result._alone(arm, 0.10, []).deals(0, 6, 0)
        tranches = figures.tranches_of(deals).filter(layer=1, opened=1).drop_nulls("ended")
        for row in tranches.iter_rows(named=True):
            best[row["path"]] = max(best[row["path"]], row["pnl"])
            ends.add(row["ended"])
    assert ends == set(range(2, sessions + 1))
    assert told["best"][first] == pytest.approx(best, abs=1e-6)
    assert (told["expected_cost"] > 0).all()


def test_the_bound_is_the_best_of_all_mixes():
    """No mix of lots within the budget earns more: tried at random."""
    draw = np.random.default_rng(1)
    tranches = {"lane": np.zeros(9), "outlay": draw.uniform(50, 200, 9)}
    tranches |= {"expected_cost": draw.uniform(1, 9, 9), "best": draw.normal(0, 40, 9)}
    (bound,), (once,) = hindsight(tranches, [100.0], 1e3)
    for _ in range(500):
        lots = draw.exponential(1.0, 9) * (draw.random(9) < 0.4)
        spent = lots @ tranches["expected_cost"]
        lots *= min(1.0, 100.0 / spent) if spent else 1.0
        assert lots @ tranches["best"] <= bound + 1e-9
    each = (
        np.floor(np.minimum(100.0 / tranches["expected_cost"], 1e3 / tranches["outlay"])) * tranches["best"]
    )
    assert once == pytest.approx(max(0.0, each.max()))


def test_a_path_without_a_gain_has_the_bound_0():
    tranches = {name: np.array([value]) for name, value in (("lane", 0.0), ("outlay", 9.0), ("best", -4.0))}
    bound, once = hindsight(tranches | {"expected_cost": np.array([1.0])}, [50.0, 50.0], 100.0)
    assert bound.tolist() == once.tolist() == [0.0, 0.0]
    with pytest.raises(AlvhError, match="expected_cost must be above 0"):
        hindsight(tranches | {"expected_cost": np.array([0.0])}, [50.0], 100.0)


@pytest.fixture(scope="module")
def result():
    arms = [av.preset(name) for name in ("plain", "alvh_0", "random_timing", "alvh_0_governed")]
    return av.compare(arms, L3F(vix=26), paths=32, **FEW)


def test_where_an_arm_lies(result):
    table = result.foresight()
    assert table["arm"].unique().to_list() == ["alvh_0"]
    told = dict(table.select("figure", "estimate").iter_rows())
    assert list(told) == list(FORESIGHT)
    means = {
        arm: result.paths().filter(arm=arm).select("hedge_pnl").collect()["hedge_pnl"].mean() / 1e6 * 4
        for arm in ("alvh_0", "random_timing")
    }
    assert told["arm"] == pytest.approx(means["alvh_0"])
    assert told["chance"] == pytest.approx(means["random_timing"])
    assert told["arm"] < told["attained"] < told["bound"]
    gap = told["bound"] - told["chance"]
    assert told["position"] == pytest.approx((told["arm"] - told["chance"]) / gap)
    assert told["tightness"] == pytest.approx(told["attained"] / told["bound"])


def test_without_a_placebo_there_is_no_position(result):
    alone = av.compare([av.preset("alvh_0")], L3F(vix=26), paths=8, **FEW).foresight()
    assert alone.filter(figure="position")["estimate"].item() is None
    assert alone.filter(figure="bound")["estimate"].item() > 0


def calls(name, days, enter):
    """Plain and a layer of VIX calls, paid from a sleeve with a budget."""
    bought = av.vix_call(days=days, every="flat", delta=0.30)
    layer = av.Layer(buy=bought, size=av.Size(target="lots", value=1), name="hedge", enter=enter)
    return av.preset("plain").replace(name=name, layers=[layer], sleeve=av.Sleeve(per_year=0.015))


def test_a_budget_is_one_a_year():
    """252 sessions are a year and some days: what is allowed is not that of two years."""
    few = FEW | {"sessions": 252}
    result = av.compare([calls("quiet", (28, 63), "vix > 1000")], L3F(vix=26), paths=4, **few)
    assert (result.paths().collect()["expected_cost"] == 0).all()
    days = (result._days[result._first(0) + 252] - result._days[result._first(0)]).days
    budget = np.full(4, 0.015 * 1e6 * days / 365)
    tranches = result._offered("quiet", 0.35, []).foresight(0, 4, 0)
    bound, attained = hindsight(tranches, budget, 0.1 * 1e6)
    told = dict(result.foresight().select("figure", "estimate").iter_rows())
    assert 365 < days < 380
    assert told["bound"] == pytest.approx(bound.mean() / 1e6)
    assert told["attained"] == pytest.approx(attained.mean() / 1e6)


def test_a_budget_counts_the_days_of_each_start():
    """On a history sessions span other days from start to start."""
    few = {"sessions": 21, "every": 30, "shares": [0.10], "surface_band": 0, "paths": 4}
    result = av.compare([calls("quiet", (28, 63), "vix > 1000")], av.market.History.bundled(), **few)
    starts = result.task.spec["starts"]
    days = np.array([(result._days[start + 21] - result._days[start]).days for start in starts])
    tranches = result._offered("quiet", 0.10, starts).foresight(0, len(starts), 0)
    bound, _ = hindsight(tranches, 0.015 * 1e6 * days / 365, 0.1 * 1e6)
    assert len(set(days)) > 1
    told = dict(result.foresight().select("figure", "estimate").iter_rows())
    assert told["bound"] == pytest.approx(bound.mean() / 1e6 * 12)


def test_chance_has_the_same_instruments():
    """An arm of chance that buys something else neither is the reference nor sets the budget."""
    rules = calls("rules", (28, 63), "vix > 20")
    other = calls("other", (64, 120), "chance < 0.2")
    same = calls("same", (28, 63), "chance < 0.2")
    result = av.compare([rules, other, same], L3F(vix=26), paths=4, **FEW)
    paid = dict(result.paths().group_by("arm").agg(pl.col("hedge_pnl").mean()).collect().iter_rows())
    chance = result.foresight("rules").filter(figure="chance")["estimate"].item()
    assert chance == pytest.approx(paid["same"] / 1e6 * 4)
    assert result.foresight("other").filter(figure="chance")["estimate"].item() is None
    with pytest.raises(AlvhError, match=r"chance = 'other' against arm = 'rules': .*; here same"):
        result.foresight("rules", "other")
    with pytest.raises(AlvhError, match="here there is none"):
        result.foresight("other", "rules")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"chance": "alvh_0"}, "chance = 'alvh_0' against arm = 'alvh_0': give another arm"),
        ({"arm": "plain"}, "arm = 'plain': give one with a hedge"),
        ({"arm": "alvh_0_governed"}, "'alvh_0_governed' is governed"),
        ({"chance": "x"}, "chance = 'x'"),
    ],
)
def test_what_has_no_bound_is_refused(result, asked, message):
    with pytest.raises(AlvhError, match=message):
        result.foresight(**asked)
