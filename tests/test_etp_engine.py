"""Shares of funds of VIX futures as a hedge: engine and twin agree, shares are those of `alvh.etp`."""

import json
from datetime import date
from typing import Any

import polars as pl
import pytest

import alvh as av
import engine_spec
import hedge_random
import recorded_market
from agreement import agree, exercised
from alvh import _core, etp, margin
from alvh.figures.foresight import hindsight
from alvh.market import GBM, L3F, History
from alvh.specification import WorstBar
from hedge_plan import FORTNIGHT, MONTH, commingled, core, hedge, separate, spec, vix_call
from recorded_market import needs_data
from twin_plan import rule

CORE = core(0.4, FORTNIGHT)
PORTFOLIO = {"portfolio": margin.grid("exchange").spec()}


def shares(product: str = "VXX shares", **more: Any) -> dict[str, Any]:
    return hedge(product, [], MONTH, **more)


def rolled(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan with what the index holds: futures of every fourth Wednesday of its calendar."""
    schedule = plan["schedule"]
    settlements = schedule["expiries"]["VX"][::4]
    held: dict[str, list[Any]] = {"first": [], "second": [], "weight": []}
    for session in range(schedule["tradable"]):
        first, second = [each for each in settlements if each > session + 1][:2]
        began = max((each for each in settlements if each <= session + 1), default=0)
        held["first"].append(first)
        held["second"].append(second)
        held["weight"].append((first - session - 1) / (first - began))
    return plan | {"roll": held}


CASES: dict[str, tuple[list[Any], Any, dict[str, Any], str]] = {
    "on vega": ([CORE, shares()], separate(0.2), {}, "hedge_opened coverage_wanted"),
    "one and a half times, in one ledger": (
        [CORE, shares("UVXY shares")],
        commingled(0.2),
        {},
        "hedge_opened premium_paid",
    ),
    "two funds of one index": (
        [CORE, shares(value=0.2), shares("UVXY shares", value=0.2)],
        separate(0.3),
        {},
        "layer_pnl_1 layer_pnl_2",
    ),
    "what is threatened": (
        [CORE, shares(target="threatened_delta", value=2.0)],
        separate(0.3),
        {},
        "hedge_opened",
    ),
    "a budget of the roll": (
        [CORE, shares(value=2.0, size={"caps": [{"kind": "budget"}]})],
        separate(0.3, per_year=0.002),
        {},
        "bound_budget expected_cost",
    ),
    "caps on premium and on the gain in a crash": (
        [
            CORE,
            shares(
                value=9.0,
                size={"caps": [{"kind": "premium", "share": 0.05}, {"kind": "crash_gain", "ln_move": -0.1}]},
            ),
        ],
        separate(0.3),
        {},
        "bound_cap",
    ),
    "funds": ([CORE, shares(target="lots", value=500)], separate(0.05), {}, "bound_funds"),
    "in and out by rules": (
        [CORE, shares(enter=rule("lt", "vix", 36.0), exit=rule("ge", "sessions_held", 4.0))],
        separate(0.2),
        {},
        "hedge_opened",
    ),
    "one position after the other, in and out by rules": (
        [CORE, shares(every="week", target="lots", value=9, exit=rule("ge", "sessions_held", 12.0))],
        separate(0.2),
        {},
        "hedge_opened",
    ),
    "partial sales": (
        [CORE, shares(target="premium_share", value=0.1, monetise=[{"at": 1.05, "sell": 0.5}])],
        separate(0.2),
        {},
        "monetised",
    ),
    "a share of the core's losses, beside calls": (
        [CORE, shares(target="core_notional", value=0.2), vix_call()],
        separate(0.3),
        {},
        "hedge_opened",
    ),
    "under portfolio margin, with a worst bar": (
        [CORE, shares("UVXY shares", value=1.0)],
        separate(0.2),
        {"margin": PORTFOLIO, "worst_bar": WorstBar().model_dump()},
        "hedge_opened",
    ),
    "with holidays and a negative rate": (
        [CORE, shares()],
        separate(0.2),
        {"holidays": (9, 19), "market": L3F(vix=26, erp=0.0, rate=-0.3)},
        "hedge_opened",
    ),
    "ruin": (
        [core(0.9, FORTNIGHT), shares()],
        separate(0.1),
        {"ruin_share": 0.85},
        "ruin_tick",
    ),
    "a market whose VIX stands still": (
        [CORE, shares(target="lots", value=50)],
        separate(0.2),
        {"market": GBM(vol=0.2)},
        "hedge_opened",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_rule(name: str) -> None:
    layers, ledgers, more, figures = CASES[name]
    plan = rolled(spec((layers, ledgers), **more))
    compiled, found = exercised(plan, figures.split())
    for path, book in found:
        agree(plan, path, book, compiled)


@pytest.mark.parametrize("seed", range(40, 48))
def test_random_books(seed: int) -> None:
    maker = hedge_random.Maker(seed)
    plan = rolled(maker.plan())
    target = maker.pick(("core_vega", "lots", "premium_share"))
    value = {"core_vega": 0.5, "lots": 40, "premium_share": 0.03}[target]
    more = maker.maybe(0.5, exit=maker.pick(hedge_random.BOOK_RULES)) | {"name": "shares"}
    book = plan["books"][0]
    ledger = "sleeve" if book["ledgers"] else "core"
    product = maker.pick(("VXX shares", "UVXY shares"))
    book["layers"].append(shares(product, target=target, value=value, ledger=ledger, **more))
    agree(plan, 0, 0)


ARM = av.preset("plain").replace(
    name="shares",
    layers=[av.Layer(name="etp", buy=av.etp_shares(), size=av.Size(target="lots", value=30))],
    sleeve=av.Sleeve(share=0.2),
)


def test_a_share_is_worth_what_etp_says() -> None:
    """Bought at the first fill and never sold: what it gained is what `etp.simulate` gained meanwhile."""
    document = engine_spec.spec([ARM], L3F(vix=18), sessions=40, seed=5)
    plan = _core.Plan(json.dumps(document))
    values = etp.simulate(L3F(vix=18), 3, 40, seed=5, price=20.0).value
    for path in range(3):
        trace = plan.trace(path, 0)
        opened = next(e for e in trace["events"] if e["event"] == "open" and e["layer"] == 1)
        assert opened["tick"] == 1
        assert opened["leg_prices"] == [pytest.approx(values[path, 1], rel=1e-12)]
        assert opened["expiry_day"] == 0
        gained = trace["ledger"]["hedge"][-1] - trace["ledger"]["hedge"][1]
        assert gained == pytest.approx(30 * 100 * (values[path, -1] - values[path, 1]), abs=1e-6)


def test_shares_change_nothing_for_other_arms() -> None:
    alone = av.compare([av.preset("plain")], L3F(), paths=300, sessions=60, shares=[0.1], seed=3)
    beside = av.compare([av.preset("plain"), ARM], L3F(), paths=300, sessions=60, shares=[0.1], seed=3)
    found = beside.paths().filter(pl.col("arm") == "plain").collect()
    assert found["nav"].to_list() == alone.paths().collect()["nav"].to_list()


def test_an_arm_is_written_and_read_back() -> None:
    assert av.Arm.from_toml(ARM.to_toml()) == ARM


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ({"buy": {"kind": "share", "product": "VXX shares"}}, "every = 'flat'"),
        ({"buy": {"kind": "share", "product": "VX", "every": "flat"}}, "VX is a future"),
        ({"buy": {"kind": "future", "product": "VXX shares", "every": "flat"}}, "VXX shares is a share"),
        ({"buy": {"kind": "share", "product": "VXX shares", "every": "flat", "delta": 0.3}}, "delta"),
        (
            {"buy": {"kind": "share", "product": "VXX shares", "every": "flat", "days": 45}, "roll_below": 9},
            "rolls by itself",
        ),
    ],
)
def test_layers_that_make_no_sense(layer: dict[str, Any], words: str) -> None:
    table = {"name": "etp", "size": {"target": "lots", "value": 1}} | layer
    with pytest.raises((av.AlvhError, ValueError), match=words):
        av.Layer.model_validate(table)


def test_plans_that_make_no_sense() -> None:
    plan = rolled(spec([CORE, shares(target="lots", value=1, ledger="core")]))
    for change, words in (
        ({"roll": None}, "roll: what the index holds"),
        ({"roll": plan["roll"] | {"weight": [2.0] * 41}}, r"roll\.weight\[0\] = 2"),
        ({"roll": plan["roll"] | {"first": plan["roll"]["first"][:3]}}, r"roll\.first: 3 elements"),
        ({"roll": plan["roll"] | {"first": [1] * 41}}, r"roll\.first\[0\] = 1: must settle behind"),
        ({"roll": plan["roll"] | {"second": plan["roll"]["first"]}}, r"roll\.second\[0\]"),
    ):
        with pytest.raises(av.AlvhError, match=words):
            _core.Plan(json.dumps(plan | change))
    wrong = rolled(spec([CORE, shares(target="lots", value=1, ledger="core", roll_below=5)]))
    with pytest.raises(av.AlvhError, match="no expiry"):
        _core.Plan(json.dumps(wrong))
    sold = shares(target="lots", value=1) | {"role": "core"}
    with pytest.raises(av.AlvhError, match="shares of funds are bought"):
        _core.Plan(json.dumps(rolled(spec([CORE, sold]))))


def test_a_history_without_futures_is_refused_with_the_mend() -> None:
    with pytest.raises(av.AlvhError, match=r"no VIX futures\. Mend: give it recorded settlements"):
        av.compare([ARM], History.bundled(), every=50, sessions=60)


def test_hindsight_bounds_shares_on_every_path() -> None:
    """A share bought at any session and sold at the best later one: no arm within its cost earns more."""
    layer = av.Layer(
        name="etp",
        buy=av.etp_shares(),
        size=av.Size(target="lots", value=30),
        enter="vix < 30",
        exit="profit >= 1",
    )
    arm = av.preset("plain").replace(name="shares", layers=[layer], sleeve=av.Sleeve(share=0.2))
    few = {"paths": 64, "sessions": 40, "shares": [0.1], "seed": 3, "surface_band": 0}
    found = av.compare([arm], L3F(vix=20), **few)
    paths = found.paths().sort("path").collect()
    tranches = found._offered("shares", 0.1, []).foresight(0, 64, 0)
    assert len(tranches["lane"]) == 64 * 40  # one at every fill
    bound, attained = hindsight(tranches, paths["expected_cost"].to_numpy(), 1e6)
    assert (bound >= paths["hedge_pnl"].to_numpy() - 1e-6).all()
    assert (bound >= attained).all()
    values = etp.simulate(L3F(vix=20), 2, 40, seed=3, price=20.0).value
    for path in range(2):
        first = (tranches["lane"] == path) & (tranches["tick"] == 1)
        gross = 100 * (values[path, 2:].max() - values[path, 1])
        assert 0 < gross - tranches["best"][first].item() < 10.0  # fees and half-spreads
    told = dict(found.foresight().select("figure", "estimate").iter_rows())
    assert told["bound"] >= told["attained"]


@needs_data
@pytest.mark.data
def test_a_replay_trades_the_recorded_futures() -> None:
    """The crash of August 2011: a share gained what the index of the recorded settlements gained."""
    first, last = date(2011, 1, 3), date(2011, 12, 30)
    history = recorded_market.history(first, last, futures_from=first)
    document = engine_spec.spec([ARM], history, sessions=60, every=1)
    start = history.data.dates.index(date(2011, 7, 1))
    path = document["starts"].index(start)
    plan = _core.Plan(json.dumps(document))
    agree(document, path, 0, plan)
    found = plan.trace(path, 0)
    days = history.data.dates[start : start + 61]
    index = etp.strategy_index(recorded_market.vx(first), days[0], days[-1])
    nights = index["date"].diff().dt.total_days()[1:].to_numpy()
    values = etp.Fund().values(index["change"][1:], days=nights, rate=0.0, start=20.0)
    opened = next(e for e in found["events"] if e["event"] == "open" and e["layer"] == 1)
    assert opened["leg_prices"] == [pytest.approx(values[1], rel=1e-9)]
    gained = found["ledger"]["hedge"][-1] - found["ledger"]["hedge"][1]
    assert gained == pytest.approx(3_000 * (values[-1] - values[1]), rel=1e-9)
    assert values.max() / values[0] > 1.8
